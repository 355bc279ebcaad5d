"""À approuver: four eyes on every text and sound; a second speaker hears or reads it, then Validation approves or returns it.

Each page carries the fingerprint of what it showed: words or sound changed since are refused, unseen by anybody.
"""

from typing import Any

from flask import abort, request, url_for

from console import content_words, inquiry_page, reviewing
from console import contents as shared
from console.access import Answer, Pages, R, who
from console.edge import now, reading, writing
from console.forms import Page, Typed, done, draft, render
from console.reviewing import REVIEWS
from console.words import _
from runtime.database import Session
from translations import contents, overview, review
from translations.languages import SOURCE
from translations.models import Content, Variant, VariantState
from translations.overview import Task, Waiting
from translations.review import Fault, ReviewError

pages = Pages("approval")


@pages.page("/a-approuver", roles=REVIEWS)
def index() -> Answer:
    """What waits, oldest first, by whom it waits for."""
    form = Typed(request.args.to_dict())
    with reading() as session:
        rows = overview.pending(session, who().id)
        sendings = reviewing.sendings(session)
        languages = {one.code: one.name for one in contents.languages(session)}
        names = shared.staff_names(session)
        titles = {row.variant.id: row.variant.content.title for row in rows}
    language = form.one_of("langue", languages)
    task = form.one_of("etape", [one.value for one in Task])
    found = [row for row in rows if language in ("", row.variant.language) and task in ("", row.task.value)]
    page = Page.asked(len(found))
    values: dict[str, Any] = {"form": form, "page": page, "names": names, "languages_": languages, "titles": titles}
    values |= {
        "to_confirm": sendings,
        "any": bool(rows),
        "words": content_words,
        "mine": {row.variant.id: reviewing.may(row.task, row.variant.language) for row in found},
    }
    return render("approval/index.html", rows=found[page.offset : page.offset + page.limit], **values)


@pages.page("/a-approuver/<int:number>", roles=REVIEWS, form=True)
def show(number: int) -> Answer:
    """One text to hear, approve or return."""
    form = Typed.sent_or(draft(f"approval-{number}"))
    with reading() as session:
        if session.get(Variant, number) is None:
            abort(404)
    if form.sent:
        said = _act(number, form)
        if said is not None:
            return done(url_for("approval.index"), said)
    with reading() as session:
        variant = session.get_one(Variant, number)
        waiting = next((row for row in overview.pending(session, who().id) if row.variant.id == number), None)
        values = _shown(session, variant, waiting)
    return render("approval/show.html", form=form, variant=variant, waiting=waiting, **values), 422 if form.errors else 200


def _act(number: int, form: Typed) -> str | None:
    """Do what the button says: what to tell, or None, the errors being on the form."""
    act, seen, me = form.value("action"), form.value("seen"), who().id
    meaning, heard = form.text("back_translation"), form.ticked("heard")
    reason = form.text("reason", needed=str(content_words.FAULTS[Fault.NO_REASON])) if act == "return" else ""
    if form.errors:
        return None
    try:
        with writing() as session:
            _refuse_role(session, number, act)
            at = now(session)
            match act:
                case "check":
                    review.check_language(session, number, me, meaning or None, at, seen=seen, heard=heard)
                    return _("Merci. Le texte attend maintenant la Validation.")
                case "approve":
                    kept = form.ticked("meaning_kept")
                    review.approve(session, number, me, at, seen=seen, heard=heard, meaning_kept=kept)
                    return _("Approuvé. Il peut partir.")
                case "return":
                    review.send_back(session, number, me, reason, at, seen=seen)
                    return _("Renvoyé à son auteur, avec votre raison.")
                case _:
                    abort(400)
    except ReviewError as error:
        fields = {Fault.NOT_HEARD: "heard", Fault.NO_BACK_TRANSLATION: "back_translation", Fault.NO_REASON: "reason"}
        form.wrong(fields.get(error.fault, ""), shared.sentence(error))
        return None


def _refuse_role(session: Session, number: int, act: str) -> None:
    variant = session.get_one(Variant, number)
    if act == "approve" and not who().may(R.VALIDATION):
        abort(403)
    if act == "check" and not who().may(R.LANGUE) and variant.language != SOURCE:
        abort(403)


def _shown(session: Session, variant: Variant, waiting: Waiting | None) -> dict[str, Any]:
    content = session.get_one(Content, variant.content_id)
    french = next(iter(contents.versions(session, content.id, SOURCE)), None) if variant.language != SOURCE else None
    values: dict[str, Any] = {"content": content, "french": french, "sounds": shared.sounds(variant)}
    if french is not None:
        values["source_sounds"] = shared.sounds(french)
    values |= {
        "count": shared.count(session, content, variant.language, variant.text or "", variant.options),
        "names": shared.staff_names(session),
    }
    values |= {"languages_": {one.code: one.name for one in contents.languages(session)}, "words": content_words}
    values |= {"before": overview.last_approved_text(session, variant), "stale": review.stale(variant, french)}
    values |= {"seen": review.fingerprint(variant), "may": waiting is not None and reviewing.may(waiting.task, variant.language)}
    values["behind"] = len(review.behind(session, variant)) if variant.state is not VariantState.APPROVED else 0
    values["question"] = inquiry_page.question_of(session, content)
    own = waiting is not None and waiting.mine
    values["stage"], values["sound"] = review.stage(variant), (sound := review.waiting_sound(variant))
    sent = own and sound is not None and sound.uploaded_by == who().id and variant.author_id != who().id
    values["own"] = content_words.FAULTS[Fault.OWN_SOUND if sent else Fault.OWN_WORK] if own else None
    return values
