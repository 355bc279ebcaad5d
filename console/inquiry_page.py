"""What stands around one question on its page: its voice, ready answers, the answer on its way, what may be shared."""

from dataclasses import dataclass
from typing import Any

from campaigns import answers
from clubs import inbox
from clubs.inbox import Piece
from clubs.records import Inquiry, InquiryKind, InquiryState
from console import content_words, phone_words
from console import contents as shared
from console.access import R, who
from console.answering import eyes, stock, unanswerable, uncallable
from console.edge import exchange, now
from console.staff import Staff
from console.words import _
from messaging import moderation
from messaging.models import Call, Message, Moderation, Recording
from messaging.recordings import path_of
from runtime.database import Session
from translations import library
from translations.models import Content, Language, VariantState


@dataclass(frozen=True)
class Voice:
    """A recorded voice as a page shows it: `words` hold length and size; `on_disk` False while it is fetched or once it went."""

    words: str
    on_disk: bool
    state: str
    colour: str
    agreed: bool
    cleared: bool
    row: Recording


STATES = {Moderation.APPROVED: "good", Moderation.REFUSED: "bad", Moderation.QUARANTINED: "bad", Moderation.NEW: "warn"}


def state_words(moderation_: Moderation) -> str:
    """What was decided about a recording."""
    words = {
        Moderation.NEW: _("à modérer"),
        Moderation.APPROVED: _("approuvé"),
        Moderation.REFUSED: _("refusé"),
        Moderation.QUARANTINED: _("mis à part"),
    }
    return words[moderation_]


def voice(session: Session, row: Recording | None) -> Voice | None:
    """The recording of an inquiry."""
    if row is None:
        return None
    path = path_of(exchange().settings.var, row.sha256) if row.sha256 else None
    there = path is not None and path.is_file()
    size = max(round(row.bytes / 1000), 1)
    told = _("Écouter (%(length)s, %(size)s Ko)", length=content_words.length(row.seconds), size=size)
    state, colour = state_words(row.moderation), STATES[row.moderation]
    return Voice(told, there, state, colour, moderation.agreed(session, row), row.cleared_at is not None, row)


def around(session: Session, piece: Piece) -> dict[str, Any]:
    """Everything the page of an inquiry needs besides the inquiry itself."""
    row = piece.inquiry
    assert row is not None
    heard = voice(session, piece.recording)
    answerer = session.get(Staff, row.answered_by) if row.answered_by else None
    return {
        "thread": inbox.thread(session, piece.sender.contact_id) if piece.sender.contact_id else [],
        "stock": [(each.id, each.words) for each in stock(session, piece)],
        "answerer": answerer,
        "refusal": unanswerable(piece),
        "no_call": uncallable(session, piece),
        "voice": heard,
        "mine": row.answered_by == who().id,
        "at": now(session),
        "sharing": _sharing(row, heard),
        "most": 120,
        **_on_its_way(session, row),
    }


def question_of(session: Session, content: Content) -> int | None:
    """The question that a recorded answer is for, where this person may read it."""
    if answers.for_all(content):
        return None
    asked = session.query(Inquiry.id).filter_by(answer_content_id=content.id).order_by(Inquiry.id.desc()).first()
    piece = inbox.inquiry(session, eyes(session), asked[0]) if asked else None
    return None if piece is None or piece.inquiry is None else piece.inquiry.id


def _on_its_way(session: Session, row: Inquiry) -> dict[str, Any]:
    """The recorded answer, and how far the SMS or the call with it has come."""
    content = session.get(Content, row.answer_content_id) if row.answer_content_id else None
    variants = library.newest_variants(session, [content.id]) if content is not None else []
    own = content is not None and not answers.for_all(content)
    sent = session.get(Message, row.answer_message_id) if row.answer_message_id else None
    call = session.get(Call, row.answer_call_id) if row.answer_call_id else None
    on_way = phone_words.MESSAGES[sent.state] if sent else phone_words.CALLS[call.state] if call else None
    variant = variants[0] if own and variants else None
    language = session.get(Language, variant.language) if variant else None
    return {
        "recorded": variant,
        "recorded_in": language.name if language else "",
        "returned": variant.returned_reason if variant and variant.state is VariantState.DRAFT else None,
        "sounds": shared.sounds(variant) if who().may(R.COMMUNICATION, R.TERRAIN, R.VALIDATION, R.LANGUE) else [],
        "on_way": on_way,
        "by_call": call is not None,
    }


def _sharing(row: Inquiry, heard: Voice | None) -> list[tuple[str, bool]]:
    """What may be done with it beyond its sender, and whether it is done: share (the answer), radio, neighbour."""
    if row.kind not in answers.ALOUD or not who().may(R.COMMUNICATION, R.VALIDATION):
        return []
    leaves = heard is None or (heard.cleared and heard.agreed)
    ways = [("share", row.shared_at is not None)] if row.state is InquiryState.ANSWERED and row.answer_content_id else []
    ways += [("radio", row.radio_at is not None)] if leaves and row.state is not InquiryState.CLOSED else []
    told = heard is not None and leaves and row.club_id is not None and row.kind is InquiryKind.TESTIMONY
    return [*ways, *([("neighbour", row.neighbour_at is not None)] if told else [])]
