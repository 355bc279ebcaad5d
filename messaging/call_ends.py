"""The end of one try of a call: its state, what its hour taught, and when it is tried again by its cause.

Each end leaves an event of its own, by which the next one knows how often the same happened before.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import hours, retry
from messaging.models import Call, CallEvent, CallState, Direction
from messaging.retry import Ending
from messaging.states import move
from messaging.windows import Windows

ENDED = "ended_"
"""Before an ending's name, the kind of its event."""
_ANSWERED = (CallState.COMPLETED, CallState.DROPPED)
_TOLD = (*_ANSWERED, CallState.BUSY, CallState.NO_ANSWER, CallState.MACHINE)


def end_call(session: Session, call: Call, to: CallState, now: datetime, reason: str | None, windows: Windows) -> None:
    """Move a call to one of its ends and plan its next try; inbound calls have none."""
    move(call, to, now, reason)
    if call.direction is Direction.IN:
        return
    why = retry.ending(call, to)
    if to in _TOLD and call.dialling_at is not None:
        hours.count(session, call.contact_id, call.dialling_at, windows, answered=to in _ANSWERED and why is not Ending.REFUSED)
    following = retry.next_call(
        call,
        why,
        _before(session, call, why),
        now,
        lambda: hours.next_day(hours.of(session, call.contact_id), now, windows),
    )
    if why is not None:
        session.add(CallEvent(call_id=call.id, at=now, kind=f"{ENDED}{why}", turn=None, details={}))
    call.retry = following is not None
    if following is None and to is CallState.ERRORED:
        move(call, CallState.FAILED, now, reason)
    if following is not None:
        call.not_before = following.at
        call.uncounted += 0 if following.counts else 1


def _before(session: Session, call: Call, why: Ending | None) -> int:
    if why is None:
        return 0
    same = (CallEvent.call_id == call.id, CallEvent.kind == f"{ENDED}{why}")
    return session.scalar(select(func.count()).select_from(CallEvent).where(*same)) or 0
