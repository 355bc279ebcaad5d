"""What the machine room watches: how much waits on each channel and since when, what stands where, what came in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging.models import Call, CallState, Channel, Direction, Message, MessageState


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
