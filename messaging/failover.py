"""Move to a channel's second one what the first provably did not take: never what may have left, never a number's own fault.

A message goes on as long as every try of it on the first channel ended in a refusal or in nothing sent. A try of unknown end, or
one that the provider took, keeps it where it is for good: another channel would not know what the first one did.
"""

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, update
from sqlalchemy.orm import Session

from messaging import pace, retry
from messaging.channels import SIMULATOR, SMS
from messaging.exchange import DISPATCH, Exchange
from messaging.gateways.protocol import Cause, Outcome, Sent
from messaging.leasing import NOT_TAKEN, SENT_AGAIN
from messaging.models import Attempt, Channel, ChannelState, Direction, Message, MessageState
from messaging.states import move, move_all
from translations.sms import price

log = structlog.get_logger(__name__)

CHANNELS_OWN = frozenset({Cause.NO_CONNECTION, Cause.BUSY_GATEWAY, Cause.CREDENTIALS, Cause.CREDIT, Cause.SENDER})
"""Causes that say something of the channel; after the others a second one would fare no better."""
MOVABLE = CHANNELS_OWN | {Cause.THROTTLED, Cause.PHONE_LIMIT}
"""What earlier tries may have ended with; of any other cause the number, or the text, may be at fault."""
PAUSED_FOR = frozenset({Cause.CREDENTIALS.value, Cause.CREDIT.value, Cause.SENDER.value, "bundle"})
AT_ONCE = 500


def candidates(session: Session, channel: Channel) -> list[Channel]:
    """The channels that may be the second one of this: they carry SMS, and both or none are a simulator's."""
    others = select(Channel).where(Channel.id != channel.id, Channel.state != ChannelState.REMOVED).order_by(Channel.id)
    return [other for other in session.scalars(others) if _alike(channel, other)]


def second_of(session: Session, channel: Channel, now: datetime) -> Channel | None:
    """Its second channel, if that one may send now."""
    other = None if channel.failover_id is None else session.get(Channel, channel.failover_id)
    if other is None or other.state is not ChannelState.ACTIVE or pace.is_open(other, now) or not _alike(channel, other):
        return None
    return other


class Second:
    """The second channel as one group of answers meets it; looked up only once something was refused."""

    def __init__(self, session: Session, channel_id: int) -> None:
        self._session, self._channel_id = session, channel_id

    def after(self, message: Message, sent: Sent, now: datetime) -> Channel | None:
        """Where a message goes whose last try here was just answered so; None: it stays, to be tried again or to fail."""
        if sent.outcome not in (Outcome.ERRORED, Outcome.FAILED) or sent.cause not in CHANNELS_OWN:
            return None
        if message.state is not MessageState.SENDING:
            return None
        if sent.outcome is Outcome.ERRORED and retry.next_sms(message, sent.cause, now) is not None:
            return None
        first = self._session.get_one(Channel, self._channel_id)
        other = second_of(self._session, first, now)
        if other is None or not _alive(message, now):
            return None
        self._session.flush()
        spared = select(Message.id).where(Message.id == message.id, *_never_left(other.id))
        return other if self._session.scalar(spared) is not None else None


def shift(message: Message, other: Channel, now: datetime) -> None:
    """Queue an errored message on another channel: a new price, a new count of tries, no id of the first one's provider."""
    move(message, MessageState.QUEUED, now, "failover")
    message.channel_id, message.external_id = other.id, None
    message.price = price(message.parts, 1, other.price_per_part)
    message.uncounted, message.not_before = message.attempts, now
    log.info("failover.shifted", message=message.id, channel=other.id)


def shift_waiting(session: Session, exchange: Exchange, now: datetime) -> int:
    """Move what waits on channels that rest or need a person to their second ones; how many messages."""
    moved = 0
    for first in session.scalars(select(Channel).where(Channel.failover_id.is_not(None)).order_by(Channel.id)):
        if not _is_down(first, now):
            continue
        other = second_of(session, first, now)
        if other is not None and (count := _shift_all(session, first, other, now)):
            exchange.work.nudge(session, DISPATCH, other.id)
            log.warning("failover.shifted", channel=first.id, to=other.id, count=count)
            moved += count
    return moved


def _shift_all(session: Session, first: Channel, other: Channel, now: datetime) -> int:
    waits = (MessageState.QUEUED, MessageState.ERRORED)
    mine = (Message.channel_id == first.id, Message.direction == Direction.OUT, Message.state.in_(waits))
    alive = or_(Message.expires_at.is_(None), Message.expires_at > now)
    rows = (
        select(Message.id).where(*mine, alive, *_never_left(other.id)).order_by(Message.priority, Message.not_before, Message.id)
    )
    found = list(session.scalars(rows.limit(AT_ONCE).with_for_update(skip_locked=True, key_share=True)))
    if not found:
        return 0
    these = Message.id.in_(found)
    errored = (these, Message.state == MessageState.ERRORED)
    session.execute(update(Message).where(*errored).values(not_before=now))
    move_all(session, Message, MessageState.QUEUED, now, "failover", *errored)
    values = {"channel_id": other.id, "external_id": None, "uncounted": Message.attempts}
    session.execute(update(Message).where(these).values(price=Message.parts * other.price_per_part, **values))
    return len(found)


def _never_left(other_id: int) -> list[ColumnElement[bool]]:
    """No try of it may have left or been refused for the number's sake, and none was made on the other channel."""
    mine = Attempt.message_id == Message.id
    outcome, cause = func.coalesce(Attempt.outcome, ""), func.coalesce(Attempt.cause, "")
    nothing_asked = outcome.in_((Outcome.NOT_BEGUN.value, NOT_TAKEN))
    refused = and_(outcome.in_((Outcome.ERRORED.value, Outcome.FAILED.value)), cause.in_([one.value for one in MOVABLE]))
    # A try made again under its reference was unknown once, whatever came of it since.
    again = func.coalesce(Attempt.error_code, "") == SENT_AGAIN
    return [
        ~exists().where(mine, or_(Attempt.rank > 0, again, not_(or_(nothing_asked, refused)))),
        ~exists().where(mine, Attempt.channel_id == other_id),
    ]


def _is_down(channel: Channel, now: datetime) -> bool:
    if channel.state is ChannelState.PAUSED:
        return channel.paused_reason in PAUSED_FOR
    return channel.state is ChannelState.ACTIVE and pace.is_open(channel, now)


def _alike(first: Channel, other: Channel) -> bool:
    return SMS in other.kinds and (first.gateway == SIMULATOR) == (other.gateway == SIMULATOR)


def _alive(message: Message, now: datetime) -> bool:
    return message.expires_at is None or message.expires_at > now
