"""Éditeur: one text in one language, beside its French source, counted as the SMS it will be, with its sound and its history.

One form holds words, sound and the offers to replace dear letters, so that no button loses what another part of it holds. Saved
words carry the fingerprint of what their author had opened: if a colleague saved meanwhile, both versions are shown.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for

from campaigns import quizzes
from console import content_words
from console import contents as shared
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, draft, forget_draft, render
from console.words import _
from runtime import audit
from runtime.database import Session
from translations import clips, contents, drafts, glossary, overview, packs, placeholders, recordings, review, sms, spellings
from translations.clips import ClipError, Sound
from translations.languages import SOURCE
from translations.library import prompt_key, slots
from translations.models import Content, ContentKind, GlossaryTerm, Language, Variant, VariantState
from translations.review import Fault, ReviewError

pages = Pages("editor")
READS = {R.COMMUNICATION, R.LANGUE, R.VALIDATION, R.TERRAIN}
EDITS = {R.COMMUNICATION, R.LANGUE}
WRITTEN = set(ContentKind) - {ContentKind.PROMPT}
SPOKEN = set(ContentKind) - {ContentKind.REPLY}
OPTIONS = ("option1", "option2", "option3")
LONGEST = 2000
WAITING = (VariantState.TO_HEAR, VariantState.TO_REVIEW)
SIMPLIFIED = re.compile(r".→.{1,4}")


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
        counted = _counted(session, desk, form)
    return render("messages/count.html", count=counted, desk=desk)


def _counted(session: Session, desk: Desk, form: Typed) -> shared.Count:
    return shared.count(session, desk.content, desk.language.code, form.value("text")[:LONGEST], _options(desk, form))


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


def _again(form: Typed, **changed: str | list[str]) -> Typed:
    """The form as it was sent, with some fields changed, and its errors."""
    fields = {name: values for name, values in request.form.lists() if not name.startswith("_")}
    made = Typed({**fields, **changed}, sent=True)
    made.errors = form.errors
    return made


def _fold(desk: Desk, form: Typed) -> Answer:
    """Write the accepted letters in their cheap spelling; nothing is saved yet. Who saves answers for them."""
    accepted = form.many("accept")
    with reading() as session:
        agreed = spellings.agreed(session, desk.language.code)
    fields = ("text", *desk.options)
    changed = {name: placeholders.fold_around(form.value(name), accepted, agreed) for name in fields}
    offers = placeholders.offers("".join(form.value(name) for name in fields), agreed)
    taken = [f"{one.character}→{one.replacement}" for one in offers if one.character in accepted and one.replacement.strip()]
    return _page(desk, _again(form, simplified=[*form.many("simplified"), *taken], **changed))


def _simplified(form: Typed) -> list[str]:
    """The letters whose cheap spelling was accepted on this form."""
    return [one for one in form.many("simplified") if SIMPLIFIED.fullmatch(one)]


def _save(desk: Desk, form: Typed) -> Answer:
    saved = _write(desk, form)
    if saved is None:
        return _refused(desk, form)
    withdrawn = desk.variant is not None and desk.variant.state in WAITING and saved.variant_id != desk.variant.id
    said = [_("Brouillon enregistré."), _("Il n'est plus proposé. Proposez-le pour qu'il soit relu.") if withdrawn else ""]
    return done(desk.address, _(saved.warning) if saved.warning else " ".join(filter(None, said)))


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
        # What was being typed is saved: a draft of it, restored later, would only speak of an older version.
        forget_draft(desk.draft)
        said = (shared.sentence(error), _("Ce que vous avez écrit est enregistré comme brouillon."))
        form.wrong("text" if desk.content.kind in WRITTEN else "spoken", " ".join(said))
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
            words = (text, spoken, options, who().id, at)
            variant = drafts.write(session, content, desk.language.code, *words, seen=seen, simplified=_simplified(form))
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
    code = desk.language.code
    with reading() as session:
        versions = contents.versions(session, desk.content.id, code)
        values: dict[str, Any] = {"versions": versions, "names": shared.staff_names(session), "at": now(session)}
        values |= {"count": _counted(session, desk, form), "part_price": shared.part_price(session)}
        values |= {"sounds": shared.sounds(desk.variant), "source_sounds": shared.sounds(desk.french)}
        values |= {"languages_": contents.languages(session), "difference": _source_difference(session, desk)}
        values |= {"changed": overview.since_approval(session, desk.variant), "terms": _terms(session, desk)}
        values |= {"instead": _instead(session, desk), "stale": review.stale(desk.variant, desk.french)}
    values |= {"edits": bool(who().roles & EDITS), "reviews": bool(who().roles & {R.LANGUE, R.VALIDATION})}
    values |= {"written": desk.content.kind in WRITTEN, "spoken": desk.content.kind in SPOKEN, "theirs": theirs}
    values |= {"most_seconds": recordings.most_seconds(desk.content), "simplified_": _simplified(form)}
    french = desk.french.text if desk.french and code != SOURCE else None
    held = placeholders.longest(desk.content) if code == SOURCE else sorted(slots(french or ""))
    values["fills"] = ", ".join(f"{{{name}}}" for name in held)
    values["prompt"] = packs.prompts().get(desk.content.key.removeprefix(prompt_key("")))
    values["live"] = _live(desk, values["part_price"])
    return render("messages/editor.html", desk=desk, form=form, words=content_words, **values)


def _live(desk: Desk, price: int | None) -> str:
    """What count.js counts with, so that alphabets, names and words stand in one place."""
    told = _("{parts} SMS par numéro, {signs} signes, {price} FCFA.") if price else _("{parts} SMS par numéro, {signs} signes.")
    alphabets = {"cheap": "".join(sorted(sms.CHEAP)), "double": "".join(sorted(sms.DOUBLE))}
    words = {"words": told, "wide": _("Alphabet large (UCS-2) : 70 signes par SMS.")}
    words["narrow"] = _("Alphabet des SMS (GSM-7) : 160 signes par SMS.")
    return json.dumps({**alphabets, **words, "longest": dict(placeholders.longest(desk.content)), "price": price or 0})


def _terms(session: Session, desk: Desk) -> list[GlossaryTerm]:
    """The agreed words for what the French says."""
    if desk.language.code == SOURCE or desk.french is None:
        return []
    return glossary.within(
        glossary.terms(session, desk.language.code), desk.french.text, desk.french.spoken, *desk.french.options
    )


def _instead(session: Session, desk: Desk) -> str:
    """What listeners of this language get today, where it is not these words."""
    given = overview.in_force(session, desk.content, desk.language.code, now(session))
    mine = desk.variant is not None and given.variant_id == desk.variant.id
    return (
        ""
        if mine
        else content_words.in_force(given, desk.language.code, {one.code: one.name for one in contents.languages(session)})
    )


def _source_difference(session: Session, desk: Desk) -> tuple[overview.Piece, ...]:
    """What changed in the French since this was translated."""
    if not review.stale(desk.variant, desk.french) or desk.variant is None or desk.french is None:
        return ()
    sources = contents.versions(session, desk.content.id, SOURCE)
    before = next((one for one in sources if one.version == desk.variant.source_version), None)
    said = (before.text or before.spoken or "") if before else ""
    return overview.difference(said, desk.french.text or desk.french.spoken or "")
