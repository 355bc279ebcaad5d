"""What the machine room watches: how much waits on each channel and since when, what stands where, which channel rests."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from messaging import pace, probing
from messaging.models import Attempt, Call, CallState, Channel, ChannelState, Contact, Direction, Message, MessageState

SLOW_AFTER = timedelta(minutes=5)
SLOW_WITHIN = timedelta(minutes=30)
SLOW_SHARE, SLOW_LEAST = 0.15, 20
UNSETTLED_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Queue:
    """What is due on a channel and not yet sent; `oldest` is the seconds the longest-waiting row has been due."""

    channel: str
    kind: str
    length: int
    oldest: float


def queues(session: Session, now: datetime) -> list[Queue]:
    """One entry for each channel and kind ("sms", "voice"), empty queues included; `now` is business time."""
    names = dict(session.execute(select(Channel.id, Channel.name).order_by(Channel.id)).all())
    found = []
    for kind, row, state in (("sms", Message, MessageState.QUEUED), ("voice", Call, CallState.QUEUED)):
        counted = (
            select(row.channel_id, func.count(), func.min(row.not_before))
            .where(row.state == state, row.not_before <= now)
            .group_by(row.channel_id)
        )
        due = {channel: (count, oldest) for channel, count, oldest in session.execute(counted)}
        for channel, name in names.items():
            count, oldest = due.get(channel, (0, now))
            found.append(Queue(name, kind, count, max(0.0, (now - oldest).total_seconds())))
    return found


def states(session: Session) -> dict[tuple[str, str], int]:
    """How many SMS stand where, by (direction, state)."""
    counted = select(Message.direction, Message.state, func.count()).group_by(Message.direction, Message.state)
    return {(direction.value, state.value): count for direction, state, count in session.execute(counted)}


def inbound(session: Session) -> int:
    """How many SMS ever came in."""
    return session.scalar(select(func.count()).select_from(Message).where(Message.direction == Direction.IN)) or 0


@dataclass(frozen=True)
class Trouble:
    """Why a channel sends less than it could.

    `kind`: "breaker" (rests after failures), "throttled" (its provider asks for fewer), "paused", "slow" (a warning only), "low"
    (credit). `why` is a cause, or for "low" what is left in the provider's words.
    """

    channel_id: int
    channel: str
    kind: str
    since: datetime | None = None
    until: datetime | None = None
    why: str = ""


def troubles(session: Session, now: datetime) -> list[Trouble]:
    """What staff should know of the channels, by channel; empty on a good day."""
    rows = session.scalars(select(Channel).where(Channel.state != ChannelState.REMOVED).order_by(Channel.id)).all()
    slow = _slow(session, [row.id for row in rows], now)
    return [trouble for row in rows for trouble in _of(row, row.id in slow, now)]


def unsettled(session: Session, now: datetime) -> int:
    """How many SMS nobody knows the end of a quarter of an hour later: only a person can settle them."""
    return session.scalar(select(func.count()).select_from(Message).where(*_unsettled(now))) or 0


def unsettled_messages(session: Session, now: datetime, offset: int, limit: int) -> list[tuple[Message, Contact, str]]:
    """Those SMS, the oldest first, each with whose number it is and its channel's name."""
    rows = select(Message, Contact, Channel.name).join(Contact, Contact.id == Message.contact_id)
    rows = rows.join(Channel, Channel.id == Message.channel_id).where(*_unsettled(now)).order_by(Message.sending_at, Message.id)
    return [(message, contact, name) for message, contact, name in session.execute(rows.offset(offset).limit(limit))]


def _unsettled(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Message.state == MessageState.UNKNOWN, Message.sending_at <= now - UNSETTLED_AFTER)


def _of(row: Channel, slow: bool, now: datetime) -> Iterable[Trouble]:
    if row.state is ChannelState.PAUSED:
        yield Trouble(row.id, row.name, "paused", why=row.paused_reason or "")
    elif pace.is_open(row, now):
        yield Trouble(row.id, row.name, "breaker", row.breaker_since, row.breaker_until, row.breaker_reason or "")
    elif pace.rests(row, now):
        yield Trouble(row.id, row.name, "throttled", row.rest_since, row.rest_until, "throttled")
    if slow and row.state is ChannelState.ACTIVE:
        yield Trouble(row.id, row.name, "slow", why="slow")
    if probing.is_low(row):
        yield Trouble(row.id, row.name, "low", row.checked_at, None, row.balance or str(row.units))


def _slow(session: Session, ids: list[int], now: datetime) -> set[int]:
    """Channels of which more than 15 in 100 SMS of the last half hour took over five minutes, or have not arrived since."""
    span = (Attempt.started_at > now - SLOW_WITHIN, Attempt.started_at <= now - SLOW_AFTER, Attempt.channel_id.in_(ids))
    newest = and_(Message.id == Attempt.message_id, Message.attempts == Attempt.number)
    arrived = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)
    rows = select(Attempt.channel_id, Attempt.started_at, Message.delivered_at).join(Message, newest)
    counts: dict[int, list[int]] = {}
    for channel_id, started, delivered in session.execute(rows.where(*span, Message.state.in_(arrived))):
        count = counts.setdefault(channel_id, [0, 0, 0])
        count[0] += 1
        count[1] += delivered is None or delivered - started > SLOW_AFTER
        count[2] += delivered is not None
    # A channel that never reports is not slow, it is silent.
    return {id_ for id_, (all_, late, reported) in counts.items() if reported and all_ >= SLOW_LEAST and late > SLOW_SHARE * all_}
