"""What waits to leave: SMS and calls that are made and that nobody has begun to send, with why, and until when.

The one definition: whoever counts what waits, on whatever page, asks here. What is being sent at this moment waits no more.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from messaging.models import Broadcast, BroadcastState, Call, CallState, Message, MessageState
from messaging.money import BUDGET
from messaging.states import UNCLAIMED

TEXTS: ColumnElement[bool] = Message.state.in_(UNCLAIMED)
CALLS: ColumnElement[bool] = (Call.state == CallState.QUEUED) | Call.retry


class Why(StrEnum):
    """What a row waits for."""

    TURN = "turn"
    CANCELLABLE = "cancellable"
    PAUSED = "paused"
    BUDGET = "budget"
    PERSON = "person"
    RETRY = "retry"
    HOUR = "hour"
    LATER = "later"


TIMED = {Why.CANCELLABLE, Why.BUDGET, Why.RETRY, Why.HOUR, Why.LATER}
"""Those that end by themselves."""


@dataclass(frozen=True)
class Wait:
    """So many SMS and calls that wait for the same; `until` is when the first of them may leave, None where nothing says it."""

    why: Why
    count: int
    until: datetime | None


def waits(session: Session, now: datetime, broadcast_id: int | None = None) -> list[Wait]:
    """What waits of one sending, or of everything, the most first."""
    many: Counter[Why] = Counter()
    until: dict[Why, datetime] = {}
    for row, waiting in ((Message, TEXTS), (Call, CALLS)):
        late = row.not_before > now
        query = (
            select(row.state, row.reason, Broadcast.state, late, func.count(), func.min(row.not_before))
            .outerjoin(Broadcast, Broadcast.id == row.broadcast_id)
            .where(waiting, *(() if broadcast_id is None else (row.broadcast_id == broadcast_id,)))
            .group_by(row.state, row.reason, Broadcast.state, late)
        )
        for state, reason, sending, ahead, count, first in session.execute(query):
            why = _why(state, reason, sending, bool(ahead))
            many[why] += count
            if why in TIMED and ahead:
                until[why] = min(first, until.get(why, first))
    return [Wait(why, count, until.get(why)) for why, count in many.most_common()]


def count(session: Session, *, of_sendings: bool = False) -> int:
    """How many SMS and calls wait in all, or (`of_sendings`) of those that belong to a sending."""
    total = 0
    for row, waiting in ((Message, TEXTS), (Call, CALLS)):
        mine = and_(waiting, row.broadcast_id.is_not(None)) if of_sendings else waiting
        total += session.scalar(select(func.count()).select_from(row).where(mine)) or 0
    return total


def _why(state: StrEnum, reason: str | None, sending: BroadcastState | None, ahead: bool) -> Why:
    if sending is BroadcastState.PAUSED:
        return Why.PAUSED
    if reason == BUDGET:
        return Why.BUDGET
    if sending is BroadcastState.PLANNED:
        return Why.CANCELLABLE
    if state is MessageState.HELD:
        return Why.PERSON
    if state not in (MessageState.SCHEDULED, MessageState.QUEUED, CallState.QUEUED):
        return Why.RETRY
    if not ahead:
        return Why.TURN
    return Why.HOUR if reason == "window" else Why.LATER
