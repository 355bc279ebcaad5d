"""Answering from the inbox: which words or sounds leave at once, which wait for other eyes, and to whom nothing can be sent."""

from dataclasses import dataclass
from datetime import datetime

from flask import abort

from campaigns import answers
from campaigns.replies import languages_of
from clubs import inbox, inquiries, replay
from clubs.inbox import Eyes, Piece
from clubs.inquiries import VALIDATION, InboxError
from clubs.records import Inquiry, InquiryKind, Report
from console.access import R, scope, who
from console.content_words import length
from console.edge import exchange, now, reading, writing
from console.forms import Typed
from console.words import _
from messaging import channels
from messaging.models import Contact, ContactState, Message
from messaging.queue import queue_reply
from runtime import audit
from runtime.database import Session
from translations import clips, library, recordings
from translations.clips import ClipError, Sound
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
    """An approved message that can serve as an answer, by SMS (`text`), by call (`seconds`) or both; `id` is a variant's."""

    id: int
    content_id: int
    title: str
    text: str | None
    seconds: float | None

    @property
    def words(self) -> str:
        """Its title, and how it can go."""
        ways = [_("SMS")] if self.text else []
        ways += [_("appel de %(length)s", length=length(self.seconds))] if self.seconds else []
        return f"{self.title} ({', '.join(ways)})"


def stock(session: Session, piece: Piece) -> list[Stock]:
    """The approved messages in the sender's language, or the one it falls back on; those on the question's own theme first."""
    contact = session.get(Contact, piece.sender.contact_id) if piece.sender.contact_id else None
    if contact is None:
        return []
    languages, at = languages_of(session, contact), now(session)
    kinds = (ContentKind.ANSWER, ContentKind.MESSAGE)
    contents = session.query(Content).filter(Content.kind.in_(kinds), Content.archived.is_(False)).all()
    theme = piece.inquiry.theme_code if piece.inquiry else None
    found: list[Stock] = []
    usable = sorted(filter(answers.for_all, contents), key=lambda one: _rank(one, theme))
    newest: dict[int, list[Variant]] = {content.id: [] for content in usable}
    for variant in library.newest_variants(session, list(newest)):
        newest[variant.content_id].append(variant)
    for content in usable:
        written = library.among(newest[content.id], languages, library.Way.SMS, now=at)
        said = library.among(newest[content.id], languages, library.Way.VOICE, now=at)
        clip = library.clip_of(said) if said else None
        if one := written or said:
            text = written.text if written else None
            found.append(Stock(one.id, content.id, content.title, text, clip.seconds if clip else None))
    return found


def _rank(content: Content, theme: int | None) -> tuple[bool, bool, int, str]:
    near = theme is not None and (content.theme_code or 0) // 10 == theme // 10
    return content.theme_code != theme, not near, content.theme_code or 0, content.title


def unanswerable(piece: Piece) -> str | None:
    """Why nothing can go to this sender, with what to do; None when an SMS can."""
    sender, row = piece.sender, piece.inquiry
    if sender.contact_id is None or not (sender.number or "").startswith("+"):
        return _("Ce message n'a pas de numéro à qui répondre. Classez-le.")
    if sender.state is ContactState.STOPPED and row is not None and sender.stopped_at and sender.stopped_at >= row.received_at:
        return _("Cette personne s'est désinscrite après son message. Rien ne peut lui être envoyé : répondez par le club.")
    return None


def uncallable(session: Session, piece: Piece) -> str | None:
    """Why no call can bring an answer to this sender, with what to do; None when one can."""
    contact = session.get(Contact, piece.sender.contact_id) if piece.sender.contact_id else None
    why = answers.why_no_call(session, contact)
    words = {
        "number": _("Ce message n'a pas de numéro à rappeler."),
        "stopped": _("Ce numéro ne reçoit pas d'appel de notre part. Répondez par SMS."),
        "no_consent": _("Cette personne n'a pas donné son accord pour des appels. Répondez par SMS."),
        "no_channel": _("Aucun canal n'appelle dans cette langue. Répondez par SMS."),
    }
    return None if why is None else words[why]


def answer(form: Typed, piece: Piece) -> str | None:
    """Queue the answer, or keep it until somebody else has read or heard it; None with the errors on the form."""
    assert piece.inquiry is not None
    if refusal := unanswerable(piece):
        form.wrong("", refusal)
        return None
    if piece.inquiry.kind is InquiryKind.UNSORTED:
        form.wrong("kind", _("Ce message n'est pas encore trié. Triez-le d'abord."))
        return None
    sound = _sound(form, piece)
    if form.errors:
        return None
    with writing() as session:
        row = open_to_me(session, piece.inquiry.id)
        try:
            return _spoken(session, form, row, sound) if sound else _chosen(session, form, piece, row)
        except InboxError:
            form.wrong("", _("Un collègue a déjà répondu. Rien n'est parti."))
        except ClipError as error:
            form.wrong("sound", _(str(error)))
        return None


def tell_receipt(session: Session, piece: Piece, row: Inquiry) -> bool:
    """Tell somebody who complained the number of their receipt by SMS, in words that say nothing of a complaint."""
    if unanswerable(piece) or row.contact_id is None:
        return False
    contact, at = session.get_one(Contact, row.contact_id), now(session)
    words = library.reply_text(session, "receipt", languages_of(session, contact), now=at, numero=row.receipt_number)
    return _queue(session, row, contact, words.text, at, words.variant_id) is not None


def _sound(form: Typed, piece: Piece) -> Sound | None:
    """The recorded answer, brought to telephones' form: seconds of work, so before any transaction."""
    file = form.file("sound")
    if file is None:
        return None
    assert piece.inquiry is not None
    with reading() as session:
        refusal = uncallable(session, piece)
    if piece.inquiry.kind is InquiryKind.PROTECTION:
        refusal = _("Un enregistrement est écouté par d'autres avant de partir. Répondez à un signalement par SMS.")
    if refusal:
        form.wrong("sound", refusal)
        return None
    try:
        return clips.accept(file.read(clips.MOST_BYTES + 1), exchange().settings.var)
    except ClipError as error:
        form.wrong("sound", _(str(error)))
        return None


def _spoken(session: Session, form: Typed, row: Inquiry, sound: Sound) -> str:
    """Keep a recorded answer for those who hear and approve sounds; the call leaves by itself once they did."""
    at, contact = now(session), session.get_one(Contact, row.contact_id)
    inquiries.still_open(session, row)
    content, language = answers.content_of(session, row), languages_of(session, contact)[0]
    clip = recordings.receive(session, content.id, language, sound, who().id, at)
    clip.core_end_s = min(answers.CORE_S, sound.seconds)
    recordings.propose(session, content.id, language, who().id, at)
    inquiries.propose(session, row, form.text("text") or None, who().id, content.id)
    audit.record(session, at, "record_answer", "inquiry", row.id, staff_id=who().id)
    return _("Réponse gardée. Une autre personne l'écoute et l'approuve, puis l'appel part tout seul.")


def _chosen(session: Session, form: Typed, piece: Piece, row: Inquiry) -> str | None:
    """Words typed here, or an approved message by SMS or by call."""
    chosen, by_call = form.text("stock"), form.value("way") == "voice"
    ready = next((each for each in stock(session, piece) if str(each.id) == chosen), None) if chosen else None
    if ready is not None and (by_call or not ready.text):
        return _called(session, form, piece, row, ready)
    text = ready.text if ready else form.text("text", needed=_("Écrivez la réponse, ou choisissez-en une toute prête."))
    if by_call and ready is None:
        form.wrong(
            "sound", _("Pour un appel, enregistrez la réponse ou choisissez-en une toute prête. Sinon, choisissez « Par SMS ».")
        )
    if text and measure(prepare(text)).parts > MOST_PARTS:
        form.wrong("text", _("Cette réponse fait plus de %(n)s SMS. Raccourcissez-la.", n=MOST_PARTS))
    return None if form.errors or not text else _written(session, form, row, text, ready)


def _called(session: Session, form: Typed, piece: Piece, row: Inquiry, ready: Stock) -> str | None:
    at = now(session)
    if refusal := uncallable(session, piece):
        form.wrong("way", refusal)
        return None
    inquiries.still_open(session, row)
    if answers.call(session, exchange(), row, session.get_one(Content, ready.content_id), at) is None:
        form.wrong("stock", _("Cette réponse n'a pas de son approuvé dans cette langue. Choisissez-en une autre."))
        return None
    inquiries.answered(session, row, ready.text, who().id, at)
    audit.record(session, at, "answer_inquiry", "inquiry", row.id, staff_id=who().id, way="voice")
    return _("Appel en attente : il part aux heures permises.")


def _written(session: Session, form: Typed, row: Inquiry, text: str, stock: Stock | None) -> str | None:
    at = now(session)
    if row.kind is InquiryKind.NUTRITION and stock is None and not _reviews(row):
        inquiries.propose(session, row, text, who().id)
        audit.record(session, at, "propose_answer", "inquiry", row.id, staff_id=who().id)
        return _("Réponse proposée. Elle part quand la Validation l'a lue.")
    contact = session.get_one(Contact, row.contact_id)
    inquiries.still_open(session, row)
    sent = _queue(session, row, contact, text, at, stock.id if stock else None)
    if sent is None:
        form.wrong("", _("Ce numéro a déjà reçu beaucoup de réponses aujourd'hui. Réessayez demain."))
        return None
    row.answer_message_id, row.answer_content_id = sent.id, stock.content_id if stock else None
    session.flush()
    inquiries.answered(session, row, text, who().id, at)
    audit.record(session, at, "answer_inquiry", "inquiry", row.id, staff_id=who().id, way="sms")
    return _("Réponse en attente d'envoi.")


def _reviews(row: Inquiry) -> bool:
    """Whether this person may let a health answer go: Validation, and not whoever proposed it."""
    proposed = row.role == VALIDATION and row.answered_by is not None
    return proposed and row.answered_by != who().id and who().may(R.VALIDATION)


def _queue(session: Session, row: Inquiry, contact: Contact, text: str, at: datetime, variant_id: int | None) -> Message | None:
    message = session.get(Message, row.message_id) if row.message_id else None
    found = None if message else channels.choose(session, channels.SMS, contact.language, contact.number or "")
    channel = message.channel_id if message else found.id if found else None
    variant = session.get(Variant, variant_id) if variant_id else None
    cap = exchange().settings.facilitator_replies_per_day
    if channel is None:
        return None
    return queue_reply(session, exchange(), contact, text, at, channel_id=channel, answers=message, variant=variant, cap=cap)


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
            inquiries.still_open(session, session.get_one(Inquiry, inquiry.id))
        row = session.get_one(Message, message.id)
        verdict = replay.reread(session, row, text, at, exchange().settings.timezone)
        if not replay.settles(verdict):
            form.wrong("text", verdict.reply or _("Ce texte n'est pas un rapport. Commencez par CR, QZ ou RAS."))
            return None
        replay.carry_out(session, verdict, row, at, instead_of=session.get(Report, old.id) if old else None)
        if inquiry is not None:
            inquiries.close(session, session.get_one(Inquiry, inquiry.id))
        contact = session.get_one(Contact, row.contact_id)
        cap = exchange().settings.facilitator_replies_per_day
        queue_reply(session, exchange(), contact, verdict.reply, at, channel_id=row.channel_id, answers=row, cap=cap)
        audit.record(session, at, "replay_report", "message", row.id, staff_id=who().id)
    return _("Rapport relu : %(reply)s", reply=verdict.reply)
