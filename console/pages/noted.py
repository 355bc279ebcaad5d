"""A question, complaint or testimony that came by word of mouth or on paper: written down, sorted, given its receipt at once."""

from datetime import timedelta
from typing import Any

from flask import url_for

from clubs import inbox, inquiries
from clubs.models import Club
from clubs.people import club_by_code, phones_of
from clubs.records import InquiryKind
from console import club_words
from console.access import Answer, Pages, R, scope, who
from console.answering import ANSWERS, eyes, tell_receipt
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, draft, render
from console.words import _
from messaging import contacts
from messaging.models import Contact
from messaging.numbers import normalise
from runtime import audit
from runtime.database import Session

pages = Pages("noted")
KINDS = [kind for kind in InquiryKind if kind is not InquiryKind.UNSORTED]
MOST = 1600


@pages.page("/reception/noter", roles=ANSWERS, form=True)
def index() -> Answer:
    """Write one down; the page that follows says the receipt's number, to be told and written on the paper."""
    form = Typed.sent_or(draft("noted") or {"kind": InquiryKind.NUTRITION.value})
    if form.sent:
        text = form.text("text", needed=_("Écrivez ce que la personne a dit."), most=MOST)
        kind = form.one_of("kind", [kind.value for kind in KINDS], needed=_("Dites de quoi il s'agit."))
        with reading() as session:
            club, contact = _club(session, form), _contact(session, form)
        if not form.errors:
            return _written(text, InquiryKind(kind), contact, club)
    kinds = [(kind.value, club_words.INQUIRY_KINDS[kind]) for kind in KINDS]
    return render("inbox/noted.html", form=form, kinds=kinds), 422 if form.errors else 200


def _written(text: str, kind: InquiryKind, contact: Contact | None, club: Club | None) -> Answer:
    within = timedelta(days=exchange().settings.answer_days)
    with writing() as session:
        at = now(session)
        near: dict[str, Any] = {"contact_id": contact.id if contact else None, "club_id": club.id if club else None}
        row = inquiries.write_down(session, text, at, **near)
        inquiries.sort(session, row, kind, at, who().id, within=within)
        audit.record(session, at, "write_inquiry", "inquiry", row.id, staff_id=who().id, kind=kind.value)
        piece = inbox.inquiry(session, eyes(session), row.id) if kind is InquiryKind.COMPLAINT else None
        told = piece is not None and tell_receipt(session, piece, row)
        number, receipt, id_ = row.number, row.receipt_number, row.id
    if kind is InquiryKind.PROTECTION and not who().may(R.PROTECTION):
        return done(url_for("inbox.index"), _("Message mis à part. Seule la Protection le voit maintenant."))
    said = _("Noté sous le n° %(n)s. Dites ce numéro à la personne.", n=number)
    if receipt is not None:
        said = _("Plainte notée sous le reçu %(n)s. Dites ce numéro à la personne.", n=receipt)
        if told:
            said = _("Plainte notée sous le reçu %(n)s. La personne le reçoit par SMS.", n=receipt)
    return done(url_for("inbox.question", number=id_), said)


def _club(session: Session, form: Typed) -> Club | None:
    code = form.text("club")
    found = club_by_code(session, code) if code else None
    allowed = scope(session)
    if code and (found is None or (allowed is not None and found.village_id not in allowed)):
        form.wrong("club", _("Ce code n'est celui d'aucun de vos clubs."))
    elif not code and allowed is not None:
        form.wrong("club", _("Écrivez le code du club."))  # what belongs to no village could not be found again
    return found


def _contact(session: Session, form: Typed) -> Contact | None:
    """A number that we know; a new one gives its consent by itself, and is not written to for a paper's sake."""
    said = form.text("phone")
    number = normalise(said) if said else None
    found = contacts.find(session, number) if number is not None else None
    allowed = scope(session)
    if found is not None and allowed is not None:
        found = found if found.id in set(session.scalars(phones_of(allowed))) else None
    if said and found is None:
        form.wrong("phone", _("Ce numéro n'est pas encore connu. Laissez la case vide : vous direz la réponse de vive voix."))
    return found
