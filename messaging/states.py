"""The states of messages, calls and broadcasts, and the only ways from one to another (promises.md 1).

Every writer goes through `move` or `move_all`: both read the same tables, so that no path can invent a transition.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import cast, overload

from sqlalchemy import ColumnElement, CursorResult, update
from sqlalchemy.orm import Session

from messaging.errors import ForbiddenMove
from messaging.models import Broadcast, BroadcastState, Call, CallState, Message, MessageState

M, C, B = MessageState, CallState, BroadcastState

MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    M.SCHEDULED: frozenset({M.QUEUED, M.HELD, M.SUPPRESSED, M.CANCELLED, M.EXPIRED}),
    # A late `delivered` cancels a retry nobody has claimed: from queued, held and errored.
    M.QUEUED: frozenset({M.SENDING, M.HELD, M.SUPPRESSED, M.CANCELLED, M.EXPIRED, M.DELIVERED}),
    M.HELD: frozenset({M.QUEUED, M.SUPPRESSED, M.CANCELLED, M.EXPIRED, M.DELIVERED}),
    M.SENDING: frozenset({M.WIRED, M.SENT, M.DELIVERED, M.ERRORED, M.FAILED, M.UNKNOWN, M.QUEUED}),
    M.UNKNOWN: frozenset({M.WIRED, M.SENT, M.DELIVERED, M.ERRORED, M.FAILED, M.QUEUED}),
    M.ERRORED: frozenset({M.QUEUED, M.FAILED, M.HELD, M.SUPPRESSED, M.CANCELLED, M.EXPIRED, M.DELIVERED}),
    M.WIRED: frozenset({M.SENT, M.DELIVERED, M.ERRORED, M.FAILED}),
    M.SENT: frozenset({M.DELIVERED, M.ERRORED, M.FAILED}),
    M.FAILED: frozenset({M.DELIVERED}),
    M.DELIVERED: frozenset(),
    M.SUPPRESSED: frozenset(),
    M.CANCELLED: frozenset(),
    M.EXPIRED: frozenset(),
    M.RECEIVED: frozenset({M.HANDLED}),
    M.HANDLED: frozenset(),
}

_GIVEN_UP = frozenset({C.QUEUED, C.SUPPRESSED, C.CANCELLED, C.EXPIRED})
CALL_MOVES: Mapping[CallState, frozenset[CallState]] = {
    C.QUEUED: frozenset({C.DIALLING, C.SUPPRESSED, C.CANCELLED, C.EXPIRED}),
    C.DIALLING: frozenset({C.ERRORED, C.FAILED, C.UNKNOWN, C.RINGING, C.ANSWERED, C.BUSY, C.NO_ANSWER, C.QUEUED}),
    C.UNKNOWN: frozenset({C.RINGING, C.ANSWERED, C.BUSY, C.NO_ANSWER, C.FAILED, C.QUEUED}),
    C.RINGING: frozenset({C.ANSWERED, C.BUSY, C.NO_ANSWER, C.FAILED}),
    C.ANSWERED: frozenset({C.COMPLETED, C.DROPPED, C.MACHINE}),
    C.BUSY: _GIVEN_UP,
    C.NO_ANSWER: _GIVEN_UP,
    C.MACHINE: _GIVEN_UP,
    C.DROPPED: _GIVEN_UP,
    C.ERRORED: _GIVEN_UP | {C.FAILED},
    C.COMPLETED: frozenset(),
    C.FAILED: frozenset(),
    C.SUPPRESSED: frozenset(),
    C.CANCELLED: frozenset(),
    C.EXPIRED: frozenset(),
}

BROADCAST_MOVES: Mapping[BroadcastState, frozenset[BroadcastState]] = {
    B.PLANNED: frozenset({B.RUNNING, B.PAUSED, B.CANCELLED}),
    B.RUNNING: frozenset({B.PAUSED, B.CANCELLED, B.FINISHED}),
    B.PAUSED: frozenset({B.RUNNING, B.CANCELLED}),
    B.CANCELLED: frozenset(),
    # A row of it may still come back to be tried again: whoever pauses or cancels the campaign must reach that one too.
    B.FINISHED: frozenset({B.PAUSED, B.CANCELLED}),
}

LIVE_CALLS = (C.DIALLING, C.RINGING, C.ANSWERED)
UNCLAIMED = (M.SCHEDULED, M.QUEUED, M.HELD, M.ERRORED)
"""A message that STOP, staff or expiry can still keep back."""
RETRIED_CALLS = (C.BUSY, C.NO_ANSWER, C.MACHINE, C.ERRORED, C.DROPPED)
"""A call in one of these waits for its next try while `retry` is set."""

_STAMPS: Mapping[str, str] = {
    "sending": "sending_at",
    "wired": "wired_at",
    "sent": "sent_at",
    "delivered": "delivered_at",
    "handled": "handled_at",
    "dialling": "dialling_at",
    "ringing": "ringing_at",
    "answered": "answered_at",
}
_ENDS = frozenset(
    {M.DELIVERED, M.FAILED, M.SUPPRESSED, M.CANCELLED, M.EXPIRED, C.COMPLETED, C.DROPPED, C.MACHINE, C.BUSY, C.NO_ANSWER}
    | {B.CANCELLED, B.FINISHED}
)

_NO_RETRY = (C.QUEUED, C.SUPPRESSED, C.CANCELLED, C.EXPIRED)  # a call in one of these waits for no next try

Row = Message | Call | Broadcast


@overload
def sources(to: MessageState) -> tuple[MessageState, ...]: ...
@overload
def sources(to: CallState) -> tuple[CallState, ...]: ...
@overload
def sources(to: BroadcastState) -> tuple[BroadcastState, ...]: ...
def sources(to: MessageState | CallState | BroadcastState) -> tuple[MessageState | CallState | BroadcastState, ...]:
    """The states from which `to` may be reached, for the WHERE of a set-based UPDATE."""
    return tuple(cast("MessageState", source) for source, targets in _table(to).items() if to in targets)


def allowed(row: Row, to: MessageState | CallState | BroadcastState) -> bool:
    """Whether `move` would succeed."""
    return to in _table(to).get(row.state, frozenset())


def move(row: Row, to: MessageState | CallState | BroadcastState, now: datetime, reason: str | None = None) -> None:
    """Change the state of one loaded row, with its time stamp and reason; ForbiddenMove outside the tables.

    Leaving `sending` or `dialling` ends the lease.
    """
    if not allowed(row, to):
        raise ForbiddenMove(type(row).__name__.lower(), row.id, row.state, to)
    row.state = to
    row.reason = reason
    if stamp := _STAMPS.get(to):
        setattr(row, stamp, now)
    if hasattr(type(row), "ended_at"):  # asked of the row itself it would be read
        row.ended_at = now if to in _ENDS else None
    if isinstance(row, Call) and to in _NO_RETRY:
        row.retry = False
    if not isinstance(row, Broadcast) and to not in (M.SENDING, C.DIALLING):
        row.lease_until = row.lease_boot = row.lease_holder = None


def move_all(
    session: Session,
    model: type[Message] | type[Call],
    to: MessageState | CallState,
    now: datetime,
    reason: str | None,
    *where: ColumnElement[bool],
) -> int:
    """Move every row that `where` names and the tables allow, in one UPDATE; returns how many moved.

    Only for states that no sender holds a lease in: suppressed, cancelled, expired, held, queued.
    """
    values: dict[str, object] = {"state": to, "reason": reason, "ended_at": now if to in _ENDS else None}
    if to in _NO_RETRY and model is Call:
        values["retry"] = False
    statement = update(model).where(model.state.in_(sources(to)), *where).values(**values)
    return cast("CursorResult[object]", session.execute(statement)).rowcount


def _table(to: MessageState | CallState | BroadcastState) -> Mapping[object, frozenset[object]]:
    table = MESSAGE_MOVES if isinstance(to, MessageState) else CALL_MOVES if isinstance(to, CallState) else BROADCAST_MOVES
    return cast("Mapping[object, frozenset[object]]", table)
