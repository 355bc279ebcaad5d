"""A service brought back from a backup: nobody knows what of it has left since, so that nothing leaves before a person says so.

What waited comes back held, what was on its way is unknown; the claim itself takes nothing. On release a person either gives up
what waited, which can only be too little, or lets it go, which may be twice.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from messaging.broadcasts import locked_installation, wake
from messaging.errors import RestoreUnfinished
from messaging.exchange import Exchange
from messaging.guards import UNASKED
from messaging.models import (
    Attempt,
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Message,
    MessageState,
)
from messaging.settling import STAFF
from messaging.states import move, move_all
from runtime import audit
from runtime.installation import installation

RESTORED = "restored"
HELD: ColumnElement[bool] = Message.state == MessageState.HELD
NOT_KNOWN = {CallState.DIALLING: CallState.UNKNOWN, CallState.RINGING: CallState.NO_ANSWER, CallState.ANSWERED: CallState.DROPPED}


@dataclass(frozen=True)
class Held:
    """How much waits for a person: SMS held, calls queued, and what was on its way when the backup was made."""

    messages: int
    calls: int
    unknown: int


def hold(session: Session, made_at: datetime, now: datetime) -> Held:
    """Hold everything that a backup of `made_at` brought back; twice does no more than once."""
    place = locked_installation(session)
    place.restored_at, place.restored_from, place.released_at = now, made_at, None
    session.flush()
    # A wired message keeps its state, a delivery report may still come for it.
    waiting = Message.state.in_((MessageState.SCHEDULED, MessageState.QUEUED, MessageState.ERRORED))
    move_all(session, Message, MessageState.HELD, now, RESTORED, waiting)
    # Whatever it waited for before, now it waits for this decision; but what staff keep back stays theirs to let go.
    others = (HELD, func.coalesce(Message.reason, "") != STAFF)
    session.execute(update(Message).where(*others).values(reason=RESTORED))
    unknown = _under_way(session, now)
    for broadcast in session.scalars(select(Broadcast).where(Broadcast.cursor >= 0, _lives())):
        move(broadcast, BroadcastState.PAUSED, now, RESTORED)  # half written: the other half may have been written, and have left
    session.flush()
    found = waits(session)
    return Held(found.messages, found.calls, unknown)


def holds(session: Session) -> bool:
    """Whether a restored service waits for a person."""
    return installation(session).holds


def decidable(session: Session) -> bool:
    """Whether there is something to release; RestoreUnfinished where the restore broke off before it was settled."""
    place = installation(session)
    if place.holds and place.restored_from is None:
        raise RestoreUnfinished
    return place.holds


def waits(session: Session) -> Held:
    """What a release decides about."""
    messages = session.scalar(select(func.count()).where(HELD))
    calls = session.scalar(select(func.count()).select_from(Call).where(_waiting_calls()))
    unknown = (Message.state == MessageState.UNKNOWN, Message.reason == RESTORED)
    return Held(messages or 0, calls or 0, session.scalar(select(func.count()).select_from(Message).where(*unknown)) or 0)


def release(session: Session, exchange: Exchange, staff_id: int | None, now: datetime, *, send: bool) -> int:
    """Let a restored service send again, with what waited (it may arrive twice) or without; how many SMS and calls that concerns.

    0, and nothing is done, where nothing was restored. Answers to people who wrote since the restore leave in any case, what
    staff keep back by hand in none. RestoreUnfinished where the restore broke off before it was settled.
    """
    place = locked_installation(session)
    if not decidable(session):
        return 0
    if send:
        count = move_all(session, Message, MessageState.QUEUED, now, None, HELD, Message.reason == RESTORED)
        count += waits(session).calls
    else:
        count = move_all(session, Message, MessageState.CANCELLED, now, RESTORED, HELD)
        # Reminders and monthly words: this database does not know that they were written before.
        anew = (Message.state == MessageState.QUEUED, Message.kind.in_(UNASKED), Message.broadcast_id.is_(None))
        count += move_all(session, Message, MessageState.CANCELLED, now, RESTORED, *anew)
        count += move_all(session, Call, CallState.CANCELLED, now, RESTORED, _waiting_calls())
    place.released_at = now
    session.flush()
    audit.record(
        session, now, "release_restored", "installation", 1, staff_id=staff_id, actor_kind=_actor(staff_id), sent=send, rows=count
    )
    wake(session, exchange)
    return count


def _actor(staff_id: int | None) -> str:
    return "command" if staff_id is None else "staff"


def _waiting_calls() -> ColumnElement[bool]:
    return (Call.state == CallState.QUEUED) | Call.retry


def _lives() -> ColumnElement[bool]:
    return Broadcast.state.in_((BroadcastState.PLANNED, BroadcastState.RUNNING))


def _under_way(session: Session, now: datetime) -> int:
    messages = list(session.scalars(select(Message).where(Message.state == MessageState.SENDING)))
    for message in messages:
        move(message, MessageState.UNKNOWN, now, RESTORED)
    calls = list(session.scalars(select(Call).where(Call.state.in_(NOT_KNOWN))))
    for call in calls:
        move(call, NOT_KNOWN[call.state], now, RESTORED)
        call.retry = False  # what became of it nobody knows: it is not tried again by itself
    open_ = Attempt.ended_at.is_(None)
    session.execute(update(Attempt).where(open_).values(ended_at=now, outcome="unknown", error_code=RESTORED))
    return len(messages) + len(calls)
