"""Transaction A of an inbound SMS: stored raw, once, and STOP honoured before any other rule reads the text.

What is stored as `received` waits for its conversation; what needs none (a machine, a loop, a STOP, something a week old) is
`handled` at once, with the reason.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import contacts, limits
from messaging.gateways.protocol import IncomingSms
from messaging.keywords import is_stop, stop_stem_elsewhere
from messaging.models import (
    Channel,
    Contact,
    Direction,
    InboundKey,
    Kind,
    Message,
    MessageState,
    WebhookBody,
)
from messaging.numbers import normalise
from messaging.queue import REPLY_LIFE, outgoing
from messaging.rows import insert_once
from messaging.states import move
from translations.languages import SOURCE
from translations.library import reply_text
from translations.sms import prepare

log = structlog.get_logger(__name__)

TOO_OLD = timedelta(days=7)
SAME_WITHIN = timedelta(seconds=5)
LONGEST_KEY = 96
STOP_DONE = "stop_done"


def receive(session: Session, channel: Channel, incoming: IncomingSms, now: datetime) -> Message | None:
    """Store one SMS; None for one we have already. The caller nudges its conversation when its state is `received`.

    Within the same transaction a STOP stops the number and queues its one confirmation.
    """
    person = normalise(incoming.sender)
    own = person is not None and person == normalise(channel.number)
    contact = contacts.find_or_create(session, person or incoming.sender.strip() or "?", now)
    if not _first_time(session, channel, contact, incoming, now):
        return None
    session.add(WebhookBody(channel_id=channel.id, kind="sms", received_at=now, body=incoming.raw))
    message = _stored(channel, contact, incoming, now)
    session.add(message)
    session.flush()
    contact.last_heard_at = now
    if reason := _unanswered(session, message, contact, incoming, now, machine=person is None or own):
        _close(message, now, reason)
        if reason == "loop" and _says_stop(incoming):
            contacts.stop(session, contact, now, "sms")
    elif _says_stop(incoming):
        _stop(session, channel, contact, message, now)
    elif stop_stem_elsewhere(incoming.text):
        contacts.raise_doubt(contact, now, "stop")
    session.flush()
    return message


def _first_time(session: Session, channel: Channel, contact: Contact, incoming: IncomingSms, now: datetime) -> bool:
    if incoming.key:
        return insert_once(session, InboundKey, channel_id=channel.id, key=incoming.key[:LONGEST_KEY], seen_at=now)
    mine = (Message.contact_id == contact.id, Message.channel_id == channel.id, Message.created_at > now - SAME_WITHIN)
    recent = session.scalars(select(Message).where(*mine).order_by(Message.id.desc()).limit(10))
    for message in recent:
        if message.direction is Direction.OUT:
            return True  # we wrote in between: the same word again is a new answer
        if message.text == cleaned(incoming.text):
            return False
    return True


def cleaned(text: str) -> str:
    """The received text as stored: without NUL and lone surrogates, which PostgreSQL and UTF-8 refuse; else as sent."""
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff")


def _stored(channel: Channel, contact: Contact, incoming: IncomingSms, now: datetime) -> Message:
    return Message(
        direction=Direction.IN,
        channel_id=channel.id,
        contact_id=contact.id,
        kind=Kind.REPLY,
        text=cleaned(incoming.text),
        state=MessageState.RECEIVED,
        external_id=None if incoming.key is None else incoming.key[:LONGEST_KEY],
        not_before=now,
        created_at=now,
        provider_at=incoming.provider_at,
        handling_failures=0,
        attempts=0,
        uncounted=0,
    )


def _unanswered(
    session: Session, message: Message, contact: Contact, incoming: IncomingSms, now: datetime, *, machine: bool
) -> str | None:
    if machine:
        return "machine"
    if incoming.binary:
        return "binary"
    if incoming.provider_at is not None and incoming.provider_at < now - TOO_OLD:
        return "too_old"
    if limits.loops(session, contact.id, now):
        contacts.raise_doubt(contact, now, "loop")
        log.warning("inbox.loop", contact=contact.id, message=message.id)
        return "loop"
    return None


def _says_stop(incoming: IncomingSms) -> bool:
    return incoming.opts_out or is_stop(incoming.text)


def _stop(session: Session, channel: Channel, contact: Contact, message: Message, now: datetime) -> None:
    language = contact.language
    fresh = contacts.stop(session, contact, now, "sms")
    message.parse = {"kind": "STOP"}
    message.reply_kind = "INFO" if fresh else "NONE"
    _close(message, now, "stop")
    if fresh:
        said = reply_text(session, STOP_DONE, [language or SOURCE, SOURCE], now=now)
        confirmation = outgoing(channel, contact, prepare(said.text), now, Kind.CONFIRMATION)
        confirmation.answers_id, confirmation.variant_id = message.id, said.variant_id
        confirmation.expires_at = now + REPLY_LIFE
        session.add(confirmation)


def _close(message: Message, now: datetime, reason: str) -> None:
    move(message, MessageState.HANDLED, now, reason)
    message.reply_kind = message.reply_kind or "NONE"
