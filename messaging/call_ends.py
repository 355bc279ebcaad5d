"""The end of one try of a call: its state, what its hour taught, and when it is tried again by its cause.

Each end leaves an event of its own, by which the next one knows how often the same happened before.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import hours, retry
from messaging.models import Call, CallEvent, CallState, Channel, Direction
from messaging.money import Scopes, call_price, locked
from messaging.retry import Ending
from messaging.states import move
from messaging.windows import Windows, dated

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
        # Ramadan's dates are asked for here alone: most ends of a call plan no other day.
        lambda: hours.next_day(
            hours.of(session, call.contact_id),
            now,
            dated(session, windows).within(call.hours),
            call.expires_at,
            hours.of_place(session, call.place),
        ),
    )
    if why is not None:
        session.add(CallEvent(call_id=call.id, at=now, kind=f"{ENDED}{why}", turn=None, details={}))
    call.retry = following is not None
    if following is None and to is CallState.ERRORED:
        move(call, CallState.FAILED, now, reason)
    if following is not None:
        call.not_before = following.at
        call.uncounted += 0 if following.counts else 1


def settle_price(session: Session, call: Call, windows: Windows, paid: int | None = None) -> None:
    """The reserved price becomes the real one: what the provider says it is, else by the channel's tariff.

    Said again with more seconds, it is put right; an unanswered call costs nothing.
    """
    if call.direction is not Direction.OUT or call.dialling_at is None:
        return
    channel = session.get_one(Channel, call.channel_id)
    real = paid if paid is not None else call_price(channel, _spoken(call))
    change = real - (call.price if call.settled is None else call.settled)
    for budget in locked(session, set(Scopes(session, [call], windows).of(call, call.dialling_at))):
        budget.reserved = max(0, budget.reserved + change)
    call.settled = real
    call.price = call.expected if call.retry else real


def settle_prices(session: Session, calls: Iterable[Call], windows: Windows) -> None:
    """The same of many; of unknown ones nothing is known. Every budget is locked first, in the order of all who lock them."""
    known = [call for call in calls if call.state is not CallState.UNKNOWN and call.direction is Direction.OUT]
    scopes = Scopes(session, known, windows)
    locked(session, {scope for call in known if call.dialling_at is not None for scope in scopes.of(call, call.dialling_at)})
    for call in known:
        settle_price(session, call, windows)


def _spoken(call: Call) -> float:
    """Seconds of the call; of one that fell silent, until it was last heard of. A machine is told of before its seconds are."""
    if call.seconds is not None:
        return call.seconds
    if call.answered_at is None:
        return 0
    return max(1.0, ((call.heard_at or call.answered_at) - call.answered_at).total_seconds())


def _before(session: Session, call: Call, why: Ending | None) -> int:
    if why is None:
        return 0
    same = (CallEvent.call_id == call.id, CallEvent.kind == f"{ENDED}{why}")
    return session.scalar(select(func.count()).select_from(CallEvent).where(*same)) or 0
