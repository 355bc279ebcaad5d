"""Éditeur: one text in one language, beside its French source, counted as the SMS it will be, with its sound and its history.

One form holds words, sound and the offers to replace dear letters, so that no button loses what another part of it holds. Saved
words carry the fingerprint of what their author had opened: if a colleague saved meanwhile, both versions are shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for

from campaigns import quizzes
from console import content_words
from console import contents as shared
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, draft, render
from console.words import _
from runtime import audit
from runtime.database import Session
from translations import clips, contents, overview, recordings, review, sms
from translations.clips import ClipError, Sound
from translations.languages import SOURCE
from translations.models import Content, ContentKind, Language, Variant, VariantState
from translations.review import Fault, ReviewError

pages = Pages("editor")
READS = {R.COMMUNICATION, R.LANGUE, R.VALIDATION, R.TERRAIN}
EDITS = {R.COMMUNICATION, R.LANGUE}
WRITTEN = set(ContentKind) - {ContentKind.PROMPT}
SPOKEN = set(ContentKind) - {ContentKind.REPLY}
OPTIONS = ("option1", "option2", "option3")
LONGEST = 2000


@dataclass(frozen=True)
class Desk:
    """What lies open: a content in one language. `options`: the fields of a question's answers."""

    content: Content
    language: Language
    variant: Variant | None
    french: Variant | None
    options: tuple[str, ...]
    draft: str

    @property
    def seen(self) -> str:
        """The fingerprint of what is open, "" of nothing."""
        return review.fingerprint(self.variant) if self.variant else ""

    @property
    def address(self) -> str:
        """The address of this page."""
        return url_for("editor.edit", number=self.content.id, code=self.language.code)


@pages.page("/messages/<int:number>/<code>", roles=READS, form=True)
def edit(number: int, code: str) -> Answer:
    """Read, write, count, replace dear letters, send a sound, propose: by the name of the button."""
    desk, mine = _desk(number, code), bool(who().roles & EDITS)
    if request.method == "POST" and not mine:
        abort(403)
    form = Typed.sent_or((draft(desk.draft) if mine else None) or _as_form(desk))
    if not form.sent:
        return _page(desk, form)
    acts: dict[str, Callable[[Desk, Typed], Answer]] = {"count": _page, "fold": _fold, "propose": _propose}
    return acts.get(form.value("action"), _save)(desk, form)


@pages.page("/messages/<int:number>/<code>/compter", roles=EDITS, post=True, again=True)
def count(number: int, code: str) -> Answer:
    """The count of what is being typed, for the corner of the page that shows it."""
    desk, form = _desk(number, code), Typed.sent_or()
    with reading() as session:
        counted = shared.count(session, form.value("text")[:LONGEST], _options(desk, form))
    return render("messages/count.html", count=counted, desk=desk)


def _desk(number: int, code: str) -> Desk:
    with reading() as session:
        content, language = session.get(Content, number), session.get(Language, code)
        if content is None or language is None:
            abort(404)
        versions = contents.versions(session, number, code)
        sources = versions if code == SOURCE else contents.versions(session, number, SOURCE)
        options = OPTIONS[: _option_count(session, content, sources[0] if sources else None, code)]
    variant, french = next(iter(versions), None), next(iter(sources), None)
    return Desk(content, language, variant, french, options, f"editor-{number}-{code}")


def _option_count(session: Session, content: Content, french: Variant | None, code: str) -> int:
    if content.kind is not ContentKind.QUESTION:
        return 0
    row = quizzes.question_of(session, content.id)
    if row is not None:
        return row.options
    return len(french.options) if french and code != SOURCE else len(OPTIONS)


def _as_form(desk: Desk) -> dict[str, Any]:
    variant = desk.variant
    if variant is None:
        return {"seen": ""}
    options = dict(zip(OPTIONS, variant.options, strict=False))
    return {"text": variant.text, "spoken": variant.spoken, "seen": desk.seen, **options}


def _options(desk: Desk, form: Typed) -> list[str]:
    return [form.value(name).strip()[:LONGEST] for name in desk.options]


def _again(form: Typed, **changed: str) -> Typed:
    """The form as it was sent, with some fields changed, and its errors."""
    fields = {name: values for name, values in request.form.lists() if not name.startswith("_")}
    made = Typed({**fields, **changed}, sent=True)
    made.errors = form.errors
    return made


def _fold(desk: Desk, form: Typed) -> Answer:
    """Write the accepted letters in their cheap spelling; nothing is saved yet."""
    accepted = form.many("accept")
    changed = {name: sms.fold(form.value(name), accepted) for name in ("text", *desk.options)}
    return _page(desk, _again(form, **changed))


def _save(desk: Desk, form: Typed) -> Answer:
    saved = _write(desk, form)
    if saved is None:
        return _refused(desk, form)
    return done(desk.address, _(saved.warning) if saved.warning else _("Brouillon enregistré."))


def _propose(desk: Desk, form: Typed) -> Answer:
    """Save, then ask for review; refused, what was saved stays saved."""
    saved = _write(desk, form)
    if saved is None:
        return _refused(desk, form)
    try:
        with writing() as session:
            variant = review.propose(session, saved.variant_id, who().id, now(session), seen=saved.seen)
            state = variant.state
    except ReviewError as error:
        form.wrong("text" if desk.content.kind in WRITTEN else "spoken", shared.sentence(error))
        return _refused(desk, _again(form, seen=saved.seen))
    heard = _("Proposé. Une deuxième personne doit maintenant le relire ou l'écouter.")
    return done(
        desk.address, heard if state is VariantState.TO_HEAR else _("Proposé. La Validation doit maintenant l'approuver.")
    )


@dataclass(frozen=True)
class _Saved:
    variant_id: int
    seen: str
    warning: str | None


def _write(desk: Desk, form: Typed) -> _Saved | None:
    """Keep words and sound, or None, the errors being on the form."""
    text = form.text("text", most=LONGEST) if desk.content.kind in WRITTEN else None
    spoken = form.text("spoken", most=LONGEST) if desk.content.kind in SPOKEN else None
    options = _options(desk, form)
    sound = None if form.errors else _accepted(desk, form)
    if not form.errors and not sound and not desk.variant and not text and not spoken:
        form.wrong("text" if desk.content.kind in WRITTEN else "spoken", str(content_words.FAULTS[Fault.EMPTY]))
    if form.errors:
        return None
    try:
        with writing() as session:
            at, content = now(session), session.get_one(Content, desk.content.id)
            seen = form.value("seen")
            variant = review.write(session, content, desk.language.code, text, spoken, options, who().id, at, seen=seen)
            if sound is not None:
                clips.attach(session, variant, sound, who().id, at, licence=form.text("licence", most=80))
            audit.record(
                session, at, "write_variant", "variant", variant.id, staff_id=who().id, version=variant.version, sound=bool(sound)
            )
            return _Saved(variant.id, review.fingerprint(variant), sound.warning if sound else None)
    except ReviewError as error:
        form.wrong("text" if desk.content.kind in WRITTEN else "spoken", shared.sentence(error))
    except ClipError as error:
        form.wrong("sound", _(str(error)))
    return None


def _accepted(desk: Desk, form: Typed) -> Sound | None:
    """The sound that was sent, brought to telephones' form: seconds of work, so before any transaction."""
    file = form.file("sound")
    if file is None:
        return None
    try:
        most = recordings.most_seconds(desk.content)
        return clips.accept(file.read(clips.MOST_BYTES + 1), exchange().settings.var, most_seconds=most)
    except ClipError as error:
        form.wrong("sound", _(str(error)))
        return None


def _refused(desk: Desk, form: Typed) -> Answer:
    """The page again, with what stands saved now beside what was typed; saving once more then replaces it knowingly."""
    newest = _desk(desk.content.id, desk.language.code)
    opened = form.value("seen")
    theirs = newest.variant if newest.variant and newest.seen != opened and desk.seen != opened else None
    return _page(newest, _again(form, seen=newest.seen) if theirs else form, theirs=theirs), 422


def _page(desk: Desk, form: Typed, theirs: Variant | None = None) -> str:
    """The desk as a page."""
    with reading() as session:
        versions = contents.versions(session, desk.content.id, desk.language.code)
        values: dict[str, Any] = {"versions": versions, "names": shared.staff_names(session)}
        values |= {"count": shared.count(session, form.value("text")[:LONGEST], _options(desk, form))}
        values |= {"sounds": shared.sounds(desk.variant), "source_sounds": shared.sounds(desk.french)}
        values |= {"languages_": contents.languages(session), "difference": _source_difference(session, desk)}
        values |= {"stale": shared.stale(desk.variant, desk.french), "at": now(session)}
    values |= {"edits": bool(who().roles & EDITS), "reviews": bool(who().roles & {R.LANGUE, R.VALIDATION})}
    values |= {"written": desk.content.kind in WRITTEN, "spoken": desk.content.kind in SPOKEN, "theirs": theirs}
    values["most_seconds"] = recordings.most_seconds(desk.content)
    values |= {"proposable": desk.variant is None or desk.variant.state in (VariantState.DRAFT, VariantState.APPROVED)}
    return render("messages/editor.html", desk=desk, form=form, words=content_words, **values)


def _source_difference(session: Session, desk: Desk) -> tuple[overview.Piece, ...]:
    """What changed in the French since this was translated."""
    if not shared.stale(desk.variant, desk.french) or desk.variant is None or desk.french is None:
        return ()
    sources = contents.versions(session, desk.content.id, SOURCE)
    before = next((one for one in sources if one.version == desk.variant.source_version), None)
    said = (before.text or before.spoken or "") if before else ""
    return overview.difference(said, desk.french.text or desk.french.spoken or "")
