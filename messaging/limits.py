"""How many replies and pushes one number gets: against loops, costs and annoyance (field.md 2.3).

A day's cap and identical replies mean silence; more than three a minute only wait, because each answers something that was sent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from messaging.models import Broadcast, BroadcastState, Call, CallState, Direction, Kind, Message, MessageState
from messaging.windows import Windows

REPLIES_PER_DAY = 10
REPLIES_PER_MINUTE = 3
IDENTICAL_REPLIES = 5
IDENTICAL_WITHIN = timedelta(minutes=30)
AT_ONCE = 5000  # numbers in one question
LOOP_MESSAGES = 20
LOOP_WITHIN = timedelta(minutes=10)
_GONE = (MessageState.SENDING, MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
_HEARD = (CallState.DIALLING, CallState.RINGING, CallState.ANSWERED, CallState.COMPLETED, CallState.DROPPED, CallState.UNKNOWN)
LEAVES = (BroadcastState.PLANNED, BroadcastState.RUNNING)
MINUTE = timedelta(minutes=1)
_NOT_REPLIED = (MessageState.SUPPRESSED, MessageState.CANCELLED, MessageState.EXPIRED)


def why_no_reply(session: Session, contact_id: int, text: str, now: datetime, cap: int) -> str | None:
    """The limit this reply would pass ("day", "identical"), or None. `cap` is the replies allowed in 24 hours."""
    mine = _replies(contact_id)
    count = select(func.count()).select_from(Message)
    if (session.scalar(count.where(*mine, Message.created_at > now - timedelta(days=1))) or 0) >= cap:
        return "day"
    recent = session.scalars(select(Message.text).where(*mine, Message.created_at > now - IDENTICAL_WITHIN))
    return "identical" if sum(one == text for one in recent) >= IDENTICAL_REPLIES else None


def reply_at(session: Session, contact_id: int, now: datetime) -> datetime:
    """When the next reply to this number may leave: `now`, or a minute after the third-last one where that is later."""
    # One that the network refused leaves later than it was meant to: nobody waits for it.
    mine = (*_replies(contact_id), Message.state != MessageState.ERRORED, Message.not_before > now - MINUTE)
    latest = select(Message.not_before).where(*mine).order_by(Message.not_before.desc(), Message.id.desc())
    third = session.scalar(latest.offset(REPLIES_PER_MINUTE - 1).limit(1))
    return now if third is None else max(now, third + MINUTE)


def _replies(contact_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Message.contact_id == contact_id,
        Message.direction == Direction.OUT,
        Message.kind == Kind.REPLY,
        Message.state.not_in(_NOT_REPLIED),
    )


def loops(session: Session, contact_id: int, now: datetime) -> bool:
    """Whether this number wrote so often that a machine must be answering us."""
    mine = (Message.contact_id == contact_id, Message.direction == Direction.IN, Message.created_at > now - LOOP_WITHIN)
    return (session.scalar(select(func.count()).select_from(Message).where(*mine)) or 0) > LOOP_MESSAGES


def pushes_since(session: Session, contact_ids: Sequence[int], since: datetime) -> dict[int, list[datetime]]:
    """When each of these numbers was last pushed to, by SMS or call, oldest first; retries of one push count once."""
    found: dict[int, list[datetime]] = {}
    sent = (Message.contact_id.in_(contact_ids), Message.kind == Kind.PUSH, Message.state.in_(_GONE))
    called = (Call.contact_id.in_(contact_ids), Call.kind == Kind.PUSH, Call.state.in_(_HEARD))
    rows = [
        *session.execute(select(Message.contact_id, Message.sending_at).where(*sent, Message.sending_at >= since)),
        *session.execute(select(Call.contact_id, Call.dialling_at).where(*called, Call.dialling_at >= since)),
    ]
    for contact_id, at in rows:
        if at is not None:
            found.setdefault(contact_id, []).append(at)
    return {contact_id: sorted(times) for contact_id, times in found.items()}


def free_again(
    session: Session, contact_ids: Sequence[int], at: datetime, hours: Windows, per_day: int, per_week: int
) -> dict[int, datetime | None]:
    """Those of these numbers that will, by what left so far, have had their day's or week's pushes at `at`, each with the open
    hour from which it may get another, None for never: what is pushed to them meanwhile is not known yet."""
    today, week = hours.local_day(at), timedelta(days=7)
    free: dict[int, datetime | None] = {}
    for first in range(0, len(contact_ids), AT_ONCE):
        for id_, times in pushes_since(session, contact_ids[first : first + AT_ONCE], at - week).items():
            if len(times) >= per_week:
                free[id_] = times[-per_week] + week if per_week else None
            elif sum(one >= today for one in times) >= per_day:
                free[id_] = today + timedelta(days=1) if per_day else None
    return {id_: None if one is None else hours.next_open(one.astimezone(at.tzinfo)) for id_, one in free.items()}


def waiting(session: Session, contact_ids: Sequence[int], now: datetime, until: datetime) -> dict[int, int]:
    """The most important push that waits to leave to each of these numbers before `until`: the lowest `priority`."""
    found: dict[int, int] = {}
    for kind, states in ((Message, (MessageState.QUEUED,)), (Call, (CallState.QUEUED,))):
        mine = (kind.contact_id.in_(contact_ids), kind.kind == Kind.PUSH, kind.state.in_(states), kind.not_before < until)
        alive = (
            kind.expires_at.is_(None) | (kind.expires_at > now),
            kind.broadcast_id == Broadcast.id,
            Broadcast.state.in_(LEAVES),
        )
        for contact_id, least in session.execute(
            select(kind.contact_id, func.min(kind.priority)).where(*mine, *alive).group_by(kind.contact_id)
        ):
            found[contact_id] = min(least, found.get(contact_id, least))
    return found
