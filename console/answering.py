"""Answering from the inbox: which words may leave at once, which wait for Validation, and to whom nothing can be sent."""

from dataclasses import dataclass

from flask import abort

from campaigns.replies import languages_of
from clubs import inbox, replay
from clubs.inbox import Eyes, InboxError, Piece
from clubs.records import Inquiry, InquiryKind, Report
from console.access import R, scope, who
from console.edge import exchange, now, writing
from console.forms import Typed
from console.words import _
from messaging import channels
from messaging.models import Contact, ContactState, Message
from messaging.queue import queue_reply
from runtime import audit
from runtime.database import Session
from translations import library
from translations.models import Content, ContentKind, Variant
from translations.sms import measure, prepare

ANSWERS = {R.COMMUNICATION, R.TERRAIN}
MOST_PARTS = 3


def eyes(session: Session) -> Eyes:
    """What the person signed in may see of the inbox."""
    someone = who()
    return Eyes(someone.may(*ANSWERS), someone.may(R.VALIDATION), someone.may(R.PROTECTION), scope(session))


def open_to_me(session: Session, number: int) -> Inquiry:
    """The inquiry, or 404 when it is not for this person."""
    piece = inbox.inquiry(session, eyes(session), number)
    if piece is None or piece.inquiry is None:
        abort(404)
    return piece.inquiry


@dataclass(frozen=True)
class Stock:
    """An approved message that can serve as an answer."""

    id: int
    title: str
    text: str


def stock(session: Session, piece: Piece) -> list[Stock]:
    """The approved messages in the sender's language, or the one it falls back on."""
    contact = session.get(Contact, piece.sender.contact_id) if piece.sender.contact_id else None
    if contact is None:
        return []
    languages, at = languages_of(session, contact), now(session)
    kinds = (ContentKind.ANSWER, ContentKind.MESSAGE)
    contents = session.query(Content).filter(Content.kind.in_(kinds)).order_by(Content.theme_code, Content.title)
    found: list[Stock] = []
    for content in contents:
        variant = library.choose(session, content, languages, library.Way.SMS, now=at, allow_french_drafts=False)
        if variant is not None and variant.text:
            found.append(Stock(variant.id, content.title, variant.text))
    return found


def unanswerable(piece: Piece) -> str | None:
    """Why no SMS can go to this sender, with what to do; None when one can."""
    sender, row = piece.sender, piece.inquiry
    if sender.contact_id is None or not (sender.number or "").startswith("+"):
        return _("Ce message n'a pas de numéro à qui répondre. Classez-le.")
    if sender.state is ContactState.STOPPED and row is not None and sender.stopped_at and sender.stopped_at >= row.received_at:
        return _("Cette personne s'est désinscrite après son message. Aucun SMS ne peut partir : répondez par le club.")
    return None


def answer(form: Typed, piece: Piece) -> str | None:
    """Queue the answer, or propose it to Validation; None with the errors on the form."""
    assert piece.inquiry is not None
    if refusal := unanswerable(piece):
        form.wrong("", refusal)
        return None
    with writing() as session:
        chosen = form.text("stock")
        ready = next((each for each in stock(session, piece) if str(each.id) == chosen), None) if chosen else None
        text = ready.text if ready else form.text("text", needed=_("Écrivez la réponse, ou choisissez-en une toute prête."))
        if measure(prepare(text)).parts > MOST_PARTS:
            form.wrong("text", _("Cette réponse fait plus de %(n)s SMS. Raccourcissez-la.", n=MOST_PARTS))
        if form.errors:
            return None
        row = open_to_me(session, piece.inquiry.id)
        try:
            return _send(session, form, row, text, ready)
        except InboxError:
            form.wrong("", _("Un collègue a déjà répondu. Rien n'est parti."))
            return None


def _send(session: Session, form: Typed, row: Inquiry, text: str, stock: Stock | None) -> str | None:
    at = now(session)
    health = row.kind is InquiryKind.NUTRITION
    if row.kind is InquiryKind.UNSORTED:
        form.wrong("kind", _("Ce message n'est pas encore trié. Triez-le d'abord."))
        return None
    if health and stock is None and not who().may(R.VALIDATION):
        inbox.propose(session, row, text, who().id)
        audit.record(session, at, "propose_answer", "inquiry", row.id, staff_id=who().id)
        return _("Réponse proposée. Elle part quand la Validation l'a lue.")
    message = session.get(Message, row.message_id) if row.message_id else None
    contact = session.get_one(Contact, row.contact_id)
    channel = message.channel_id if message else _channel(session, contact)
    variant = session.get(Variant, stock.id) if stock else None
    inbox.still_open(session, row)
    cap = exchange().settings.facilitator_replies_per_day
    if not channel or not queue_reply(
        session, exchange(), contact, text, at, channel_id=channel, answers=message, variant=variant, cap=cap
    ):
        form.wrong("", _("Ce numéro a déjà reçu beaucoup de réponses aujourd'hui. Réessayez demain."))
        return None
    inbox.answered(session, row, text, who().id, at)
    audit.record(session, at, "answer_inquiry", "inquiry", row.id, staff_id=who().id)
    return _("Réponse en attente d'envoi.")


def _channel(session: Session, contact: Contact) -> int | None:
    found = channels.choose(session, channels.SMS, contact.language, contact.number or "")
    return None if found is None else found.id


def read_again(form: Typed, message: Message | None, old: Report | None, inquiry: Inquiry | None = None) -> str | None:
    """Read the mended text as its sender's; None with the grammar's own question on the form."""
    text = form.text("text", needed=_("Écrivez le texte corrigé."))
    if message is None or form.errors:
        return None
    try:
        return _reread(form, text, message, old, inquiry)
    except InboxError:
        form.wrong("", _("Un collègue a déjà traité ce message."))
        return None


def _reread(form: Typed, text: str, message: Message, old: Report | None, inquiry: Inquiry | None) -> str | None:
    with writing() as session:
        at = now(session)
        if inquiry is not None:
            inbox.still_open(session, session.get_one(Inquiry, inquiry.id))
        row = session.get_one(Message, message.id)
        verdict = replay.reread(session, row, text, at, exchange().settings.timezone)
        if not replay.settles(verdict):
            form.wrong("text", verdict.reply or _("Ce texte n'est pas un rapport. Commencez par CR, QZ ou RAS."))
            return None
        replay.carry_out(session, verdict, row, at, instead_of=session.get(Report, old.id) if old else None)
        if inquiry is not None:
            inbox.close(session, session.get_one(Inquiry, inquiry.id))
        contact = session.get_one(Contact, row.contact_id)
        cap = exchange().settings.facilitator_replies_per_day
        queue_reply(session, exchange(), contact, verdict.reply, at, channel_id=row.channel_id, answers=row, cap=cap)
        audit.record(session, at, "replay_report", "message", row.id, staff_id=who().id)
    return _("Rapport relu : %(reply)s", reply=verdict.reply)
