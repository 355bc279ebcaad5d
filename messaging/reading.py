"""Numbers, messages and calls as other systems read them: flat values in pages, numbers masked unless asked for whole."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import costs
from messaging.models import (
    Call,
    CallState,
    Consent,
    Contact,
    ContactState,
    Direction,
    Kind,
    Listener,
    Message,
    MessageState,
    Moderation,
    Purpose,
    Recording,
)
from messaging.numbers import mask
from runtime.crypto import blind
from runtime.paging import Slice, matching
from translations.models import Variant
from translations.placeholders import FIRST_NAME


@dataclass(frozen=True)
class ContactLine:
    """A phone number, not a person; `consents` are the purposes agreed to and not withdrawn."""

    id: int
    number: str | None
    operator: str | None
    language: str | None
    state: ContactState
    shared: bool
    consents: list[Purpose]
    created_at: datetime
    last_heard_at: datetime | None


@dataclass(frozen=True)
class MessageLine:
    """An SMS; `text` is null once deleted by age, for what only the Protection role may read, and, without `read:people`, where
    it may say a first name. `price` in whole FCFA."""

    id: int
    direction: Direction
    channel_id: int
    contact_id: int
    broadcast_id: int | None
    answers_id: int | None
    kind: Kind
    state: MessageState
    reason: str | None
    text: str | None
    encoding: str | None
    parts: int
    price: int
    external_id: str | None
    attempts: int
    error_code: str | None
    not_before: datetime
    expires_at: datetime | None
    created_at: datetime
    wired_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    handled_at: datetime | None


@dataclass(frozen=True)
class RecordingLine:
    """What a caller recorded, without its sound: is it here, why it never will be (`refused`), its moderation."""

    id: int
    seconds: float
    kept: bool
    refused: str | None
    moderation: Moderation
    recorded_at: datetime


@dataclass(frozen=True)
class CallLine:
    """A call over all its attempts; `seconds` of connection, `seconds_heard` of its message. `price` in whole FCFA."""

    id: int
    direction: Direction
    channel_id: int
    contact_id: int
    broadcast_id: int | None
    kind: Kind
    state: CallState
    reason: str | None
    external_id: str | None
    attempts: int
    error_code: str | None
    language: str | None
    listener: Listener | None
    seconds: int | None
    seconds_heard: float | None
    price: int
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    recordings: tuple[RecordingLine, ...]


def contacts(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    number: str | None = None,
    state: ContactState | None = None,
    whole_numbers: bool = False,
) -> list[ContactLine]:
    """Contacts by id; `number` in E.164. Whoever asks for whole numbers writes the audit entry."""
    query = part.theirs(part.of(select(Contact), Contact.id), Contact.id)
    index = None if number is None else blind(number)
    query = matching(query, (Contact.id, id), (Contact.number_index, index), (Contact.state, state))
    found = list(session.scalars(query))
    given: dict[int, set[Purpose]] = {}
    consents = select(Consent.contact_id, Consent.purpose).where(
        Consent.contact_id.in_([contact.id for contact in found]), Consent.withdrawn_at.is_(None)
    )
    for contact_id, purpose in session.execute(consents):
        given.setdefault(contact_id, set()).add(purpose)
    return [_contact(contact, sorted(given.get(contact.id, ())), whole_numbers) for contact in found]


def _contact(contact: Contact, consents: list[Purpose], whole_numbers: bool) -> ContactLine:
    number = contact.number
    return ContactLine(
        id=contact.id,
        number=number if whole_numbers or number is None else mask(number),
        operator=contact.operator,
        language=contact.language,
        state=contact.state,
        shared=contact.shared,
        consents=consents,
        created_at=contact.created_at,
        last_heard_at=contact.last_heard_at,
    )


def naming(session: Session, message_ids: Collection[int]) -> frozenset[int]:
    """Those among these messages whose words have a place for a first name."""
    names = (Message.id.in_(message_ids), Variant.text.contains(f"{{{FIRST_NAME}}}"))
    return frozenset(session.scalars(select(Message.id).join(Variant, Variant.id == Message.variant_id).where(*names)))


def messages(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    external_id: str | None = None,
    contact: int | None = None,
    direction: Direction | None = None,
    state: MessageState | None = None,
    broadcast: int | None = None,
    answers: int | None = None,
    since: datetime | None = None,
) -> list[MessageLine]:
    """SMS by id; `answers` finds what was replied to a received one, `since` is a moment of creation."""
    query = part.theirs(part.of(select(Message), Message.id), Message.contact_id)
    query = matching(
        query,
        (Message.id, id),
        (Message.external_id, external_id),
        (Message.contact_id, contact),
        (Message.direction, direction),
        (Message.state, state),
        (Message.broadcast_id, broadcast),
        (Message.answers_id, answers),
    )
    if since is not None:
        query = query.where(Message.created_at >= since)
    return [_message(row) for row in session.scalars(query)]


def _message(row: Message) -> MessageLine:
    return MessageLine(
        id=row.id,
        direction=row.direction,
        channel_id=row.channel_id,
        contact_id=row.contact_id,
        broadcast_id=row.broadcast_id,
        answers_id=row.answers_id,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        text=row.text,
        encoding=row.encoding,
        parts=row.parts,
        price=row.price,
        external_id=row.external_id,
        attempts=row.attempts,
        error_code=row.error_code,
        not_before=row.not_before,
        expires_at=row.expires_at,
        created_at=row.created_at,
        wired_at=row.wired_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        ended_at=row.ended_at,
        handled_at=row.handled_at,
    )


def calls(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    external_id: str | None = None,
    contact: int | None = None,
    direction: Direction | None = None,
    state: CallState | None = None,
    broadcast: int | None = None,
    since: datetime | None = None,
) -> list[CallLine]:
    """Calls by id; `since` is a moment of creation."""
    query = part.theirs(part.of(select(Call), Call.id), Call.contact_id)
    query = matching(
        query,
        (Call.id, id),
        (Call.external_id, external_id),
        (Call.contact_id, contact),
        (Call.direction, direction),
        (Call.state, state),
        (Call.broadcast_id, broadcast),
    )
    if since is not None:
        query = query.where(Call.created_at >= since)
    rows = session.scalars(query).all()
    recorded: dict[int, list[RecordingLine]] = {row.id: [] for row in rows}
    # Not even that there is one is said of what was put apart: beside a contact it would tell who spoke in confidence.
    shown = (Recording.call_id.in_(recorded), Recording.moderation != Moderation.QUARANTINED)
    for one in session.scalars(select(Recording).where(*shown).order_by(Recording.id)):
        recorded[one.call_id].append(
            RecordingLine(one.id, one.seconds, bool(one.sha256), one.refused, one.moderation, one.recorded_at)
        )
    return [_call(row, recorded[row.id]) for row in rows]


def _call(row: Call, recorded: list[RecordingLine]) -> CallLine:
    return CallLine(
        id=row.id,
        direction=row.direction,
        channel_id=row.channel_id,
        contact_id=row.contact_id,
        broadcast_id=row.broadcast_id,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        external_id=row.external_id,
        attempts=row.attempts,
        error_code=row.error_code,
        language=row.language,
        listener=row.listener,
        seconds=row.seconds,
        seconds_heard=row.seconds_heard,
        price=costs.of_call(row),
        created_at=row.created_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        recordings=tuple(recorded),
    )


def operators(session: Session) -> list[str]:
    """The operators that known numbers suggest."""
    known = select(Contact.operator).where(Contact.operator.is_not(None)).distinct().order_by(Contact.operator)
    return [operator for operator in session.scalars(known) if operator]
