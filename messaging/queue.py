"""Put replies, pushes and calls into the outbox; nothing is sent here.

A queued row commits together with whatever asked for it, and a nudge follows the commit: so a crash between the two delays a
message by a minute and never loses it.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from messaging import limits
from messaging.exchange import DISPATCH, Exchange
from messaging.models import (
    Broadcast,
    Call,
    CallState,
    Channel,
    Contact,
    ContactState,
    Direction,
    Kind,
    Message,
    MessageState,
)
from messaging.money import RESERVED_SECONDS, call_price
from runtime.work import WorkEngine
from translations.models import Variant
from translations.sms import measure, prepare, price

log = structlog.get_logger(__name__)

PRIORITY = {Kind.CONFIRMATION: 0, Kind.REPLY: 0, Kind.ANSWER: 5, Kind.REMINDER: 10, Kind.PUSH: 20}
"""Lower leaves first: somebody who wrote waits for no broadcast."""
REPLY_LIFE = timedelta(hours=24)
REMINDER_LIFE = timedelta(hours=24)


def queue_reply(
    session: Session,
    exchange_or_work: Exchange | WorkEngine,
    contact: Contact,
    text: str,
    now: datetime,
    *,
    channel_id: int,
    answers: Message | None,
    kind: Kind = Kind.REPLY,
    variant: Variant | None = None,
    cap: int = limits.REPLIES_PER_DAY,
) -> Message | None:
    """Queue an SMS to somebody who wrote to us (or a reminder, by `kind`); None, and a log line, when a limit says silence.

    A fourth reply within a minute waits for that minute's end. `cap` is the replies allowed a day: 10, for facilitators 40.
    Machines and erased numbers are never answered.
    """
    if not _answerable(contact):
        log.info("reply.unanswerable", contact=contact.id)
        return None
    text = prepare(text)
    if kind is Kind.REPLY and (why := limits.why_no_reply(session, contact.id, text, now, cap)):
        log.warning("reply.limited", contact=contact.id, limit=why)
        return None
    channel = session.get_one(Channel, channel_id)
    message = outgoing(channel, contact, text, now, kind)
    if kind is Kind.REPLY:
        message.not_before = limits.reply_at(session, contact.id, now)
    message.answers_id = None if answers is None else answers.id
    message.variant_id = None if variant is None else variant.id
    message.expires_at = now + (REMINDER_LIFE if kind is Kind.REMINDER else REPLY_LIFE)
    session.add(message)
    session.flush()
    _work(exchange_or_work).nudge(session, DISPATCH, channel_id)
    return message


def queue_push(
    session: Session,
    broadcast: Broadcast,
    contact: Contact,
    variant: Variant,
    text: str,
    now: datetime,
    channel: Channel,
) -> Message:
    """Add the SMS of a broadcast to one number: queued, or scheduled while the broadcast is not yet due. Not flushed.

    Unique by (broadcast, contact): the caller makes sure it is the first.
    """
    message = outgoing(channel, contact, prepare(text), now, Kind.PUSH)
    message.broadcast_id, message.variant_id = broadcast.id, variant.id
    message.expires_at = broadcast.expires_at
    message.not_before = max(now, broadcast.not_before)
    message.priority += broadcast.priority
    session.add(message)
    return message


def queue_call(
    session: Session,
    broadcast: Broadcast | None,
    contact: Contact,
    variant: Variant | None,
    now: datetime,
    channel: Channel,
    kind: Kind,
    seconds: float = RESERVED_SECONDS,
) -> Call:
    """Add an outgoing call: a broadcast's, or with none the call back after a bip. Not flushed.

    `seconds` is how long it is thought to last: the price of that is set aside for each try.
    """
    expected = call_price(channel, seconds)
    call = Call(
        direction=Direction.OUT,
        channel_id=channel.id,
        contact_id=contact.id,
        broadcast_id=None if broadcast is None else broadcast.id,
        variant_id=None if variant is None else variant.id,
        kind=kind,
        priority=PRIORITY[kind] + (0 if broadcast is None else broadcast.priority),
        state=CallState.QUEUED,
        language=contact.language if variant is None else variant.language,
        not_before=now if broadcast is None else max(now, broadcast.not_before),
        expires_at=None if broadcast is None else broadcast.expires_at,
        price=expected,
        expected=expected,
        spent=0,
        created_at=now,
        attempts=0,
        uncounted=0,
        retry=False,
        turn=0,
    )
    session.add(call)
    return call


def outgoing(channel: Channel, contact: Contact, text: str, now: datetime, kind: Kind) -> Message:
    """The row of an SMS that may leave at once, not yet added to a session; `text` as `prepare` made it."""
    size = measure(text)
    return Message(
        direction=Direction.OUT,
        channel_id=channel.id,
        contact_id=contact.id,
        kind=kind,
        priority=PRIORITY[kind],
        text=text,
        state=MessageState.QUEUED,
        encoding=size.encoding.value,
        parts=size.parts,
        price=price(size.parts, 1, channel.price_per_part),
        not_before=now,
        created_at=now,
        attempts=0,
        uncounted=0,
        handling_failures=0,
    )


def _answerable(contact: Contact) -> bool:
    return contact.state is not ContactState.ERASED and (contact.number or "").startswith("+")


def _work(exchange_or_work: Exchange | WorkEngine) -> WorkEngine:
    return exchange_or_work.work if isinstance(exchange_or_work, Exchange) else exchange_or_work
