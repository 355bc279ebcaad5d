"""What the home page says about today: what left, what arrived, what failed, what came in, what it cost, what leaves next."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, func, select, true
from sqlalchemy.orm import Session

from messaging import costs
from messaging.models import (
    Broadcast,
    BroadcastState,
    Budget,
    Call,
    CallState,
    Channel,
    ChannelState,
    Direction,
    Message,
    MessageState,
)

Phones = CompoundSelect[int | None]
LEFT = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)
NOT_TAKEN = (CallState.BUSY, CallState.NO_ANSWER, CallState.MACHINE, CallState.FAILED)


@dataclass(frozen=True)
class Day:
    """SMS and calls out since the day began, SMS in, whole FCFA; `sent` is all that left, `delivered` is part of it."""

    sent: int
    delivered: int
    failed: int
    unknown: int
    received: int
    calls: int
    calls_heard: int
    calls_missed: int
    spent: int
    budget: int | None


def day(session: Session, since: datetime, phones: Phones | None = None) -> Day:
    """Count what was made from `since` (the local midnight, UTC) on, of all numbers or of these; money is the programme's."""
    sms = _by_state(session, Message, since, phones)
    calls = _by_state(session, Call, since, phones)
    received = select(func.count()).select_from(Message).where(Message.direction == Direction.IN, Message.created_at >= since)
    received = received.where(true() if phones is None else Message.contact_id.in_(phones))
    return Day(
        sent=sum(sms.get(state, 0) for state in LEFT),
        delivered=sms.get(MessageState.DELIVERED, 0),
        failed=sms.get(MessageState.FAILED, 0),
        unknown=sms.get(MessageState.UNKNOWN, 0),
        received=session.scalar(received) or 0,
        calls=sum(calls.values()),
        calls_heard=calls.get(CallState.COMPLETED, 0) + calls.get(CallState.DROPPED, 0),
        calls_missed=sum(calls.get(state, 0) for state in NOT_TAKEN),
        spent=_cost(session, Message, since) + _cost(session, Call, since),
        budget=session.scalar(select(Budget.cap).where(Budget.scope == f"day:{since:%Y-%m-%d}")),
    )


def cancellable(session: Session, limit: int = 5) -> list[Broadcast]:
    """Sendings still within their cancel window, the next first."""
    query = select(Broadcast).where(Broadcast.state == BroadcastState.PLANNED)
    return list(session.scalars(query.order_by(Broadcast.not_before, Broadcast.id).limit(limit)))


def unread(session: Session) -> int:
    """Inbound SMS not handled by the service yet, or handled in vain."""
    query = select(func.count()).select_from(Message).where(Message.state == MessageState.RECEIVED)
    return session.scalar(query) or 0


def any_channel(session: Session, but: Collection[str] = ()) -> bool:
    """Whether a channel exists on another gateway than `but`."""
    query = select(Channel.id).where(Channel.state != ChannelState.REMOVED, Channel.gateway.not_in(but or ("",)))
    return session.scalar(query.limit(1)) is not None


def _by_state(session: Session, row: type[Message] | type[Call], since: datetime, phones: Phones | None) -> dict[Any, int]:
    counted = select(row.state, func.count()).where(row.direction == Direction.OUT, row.created_at >= since).group_by(row.state)
    return dict(session.execute(counted.where(true() if phones is None else row.contact_id.in_(phones))).all())


def _cost(session: Session, row: type[Message] | type[Call], since: datetime) -> int:
    total = select(func.sum(costs.OF_CALL if row is Call else costs.OF_TEXT)).where(
        row.direction == Direction.OUT, row.created_at >= since
    )
    return int(session.scalar(total) or 0)
