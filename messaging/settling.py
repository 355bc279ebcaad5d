"""What the clock and people do with messages and calls that did not get through at once.

`requeue_stale` makes a lost nudge cost a minute and a killed sender an `unknown`; only a person sends an unknown again, knowing
that it may arrive twice.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from messaging import failover, windows
from messaging.call_ends import end_call, settle_prices
from messaging.errors import NotSettled
from messaging.exchange import DIAL, DISPATCH, Exchange
from messaging.models import (
    Attempt,
    Call,
    CallState,
    Channel,
    ChannelState,
    Contact,
    ContactState,
    Direction,
    Message,
    MessageState,
)
from messaging.states import RETRIED_CALLS, UNCLAIMED, allowed, move, move_all
from messaging.windows import Windows
from runtime import audit
from runtime.clock import jumped
from runtime.database import LeaseTime, lease_time

OVERDUE = timedelta(seconds=60)
SILENT_DIALLING = timedelta(minutes=3)
SILENT_ANSWERED = timedelta(minutes=15)
AT_ONCE = 500
STAFF = "staff"  # why a row waits that a person keeps back
NO_RECORD = "no_record"  # the code of an attempt whose sender died before it wrote any answer down


def requeue_stale(exchange: Exchange, now: datetime) -> int:
    """The sweep, every 30 s: leases that ran out, retries and expiries that are due, nudges that were lost. Rows moved."""
    with exchange.database.writing() as session:
        hours = windows.of(exchange.settings)
        calls = _lost_calls(session, now, hours)
        moved = _lost_leases(session, now) + len(calls) + failover.shift_waiting(session, exchange, now) + _retries(session, now)
        moved += 0 if jumped(session) else _expired(session, now)  # by a clock that jumped, anything may look expired
        _nudge(session, exchange, now)
        settle_prices(session, calls, hours)
    return moved


def resend(session: Session, message: Message, staff_id: int, now: datetime, reason: str) -> None:
    """Staff send an unknown again: it may arrive twice. NotSettled "stopped", "expired", "not_unknown"."""
    contact = session.get_one(Contact, message.contact_id, with_for_update={"key_share": True})
    _refresh(session, message)
    if message.state is not MessageState.UNKNOWN:
        raise NotSettled(message.id, "not_unknown")
    if contact.state in (ContactState.STOPPED, ContactState.ERASED):
        raise NotSettled(message.id, "stopped")
    if message.expires_at is not None and message.expires_at <= now:
        raise NotSettled(message.id, "expired")
    move(message, MessageState.QUEUED, now, "resent")
    message.not_before = now
    audit.record(session, now, "message.resend", "message", message.id, staff_id=staff_id, reason=reason)


def give_up(session: Session, message: Message, staff_id: int, now: datetime, reason: str) -> None:
    """Staff settle an unknown as failed. Its price stays reserved: nobody knows whether it was charged."""
    _refresh(session, message)
    if message.state is not MessageState.UNKNOWN:
        raise NotSettled(message.id, "not_unknown")
    move(message, MessageState.FAILED, now, "given_up")
    audit.record(session, now, "message.give_up", "message", message.id, staff_id=staff_id, reason=reason)


def hold(session: Session, message: Message, staff_id: int, now: datetime, reason: str) -> None:
    """Staff keep one message back; ForbiddenMove once it is sending."""
    _refresh(session, message)
    move(message, MessageState.HELD, now, STAFF)
    audit.record(session, now, "message.hold", "message", message.id, staff_id=staff_id, reason=reason)


def unhold(session: Session, message: Message, staff_id: int, now: datetime) -> None:
    """Staff let a message go back to the queue that one of them kept back; NotSettled "not_held"."""
    _refresh(session, message)
    if not kept_back(message):  # what a budget or a restore holds is not one person's to let go
        raise NotSettled(message.id, "not_held")
    move(message, MessageState.QUEUED, now)
    audit.record(session, now, "message.unhold", "message", message.id, staff_id=staff_id)


def may_wait(message: Message) -> bool:
    """Whether `hold` can still keep it back."""
    return message.direction is Direction.OUT and message.state is not MessageState.HELD and allowed(message, MessageState.HELD)


def kept_back(message: Message) -> bool:
    """Whether `unhold` may let it go."""
    return message.state is MessageState.HELD and message.reason == STAFF


def _refresh(session: Session, message: Message) -> None:
    session.refresh(message, with_for_update={"key_share": True})


def _lost_leases(session: Session, now: datetime) -> int:
    lease = lease_time(session)
    lost = select(Message).where(Message.state == MessageState.SENDING, _over(Message, lease))
    messages = session.scalars(lost.limit(AT_ONCE).with_for_update(skip_locked=True, key_share=True)).all()
    for message in messages:
        move(message, MessageState.UNKNOWN, now, "lease")
    _end_attempts(session, [Attempt.message_id.in_([message.id for message in messages])] if messages else [], now)
    return len(messages)


def _lost_calls(session: Session, now: datetime, hours: Windows) -> list[Call]:
    lease = lease_time(session)
    dialling = and_(Call.state == CallState.DIALLING, or_(_over(Call, lease), Call.dialling_at < now - SILENT_DIALLING))
    ringing = and_(Call.state == CallState.RINGING, Call.ringing_at < now - SILENT_DIALLING)
    answered = and_(Call.state == CallState.ANSWERED, func.coalesce(Call.heard_at, Call.answered_at) < now - SILENT_ANSWERED)
    lost = select(Call).where(or_(dialling, ringing, answered)).limit(AT_ONCE)
    calls = list(session.scalars(lost.with_for_update(skip_locked=True, key_share=True)))
    ends = {CallState.DIALLING: CallState.UNKNOWN, CallState.RINGING: CallState.NO_ANSWER, CallState.ANSWERED: CallState.DROPPED}
    for call in calls:
        end_call(session, call, ends[call.state], now, "silent", hours)
    _end_attempts(session, [Attempt.call_id.in_([call.id for call in calls])] if calls else [], now)
    return calls


def _over(model: type[Message] | type[Call], lease: LeaseTime) -> ColumnElement[bool]:
    # A lease of another boot is over whatever its number: that clock began again.
    return and_(model.lease_until.is_not(None), or_(model.lease_boot != lease.boot, model.lease_until < lease.seconds))


def _end_attempts(session: Session, mine: list[ColumnElement[bool]], now: datetime) -> None:
    if mine:
        session.execute(
            update(Attempt).where(*mine, Attempt.ended_at.is_(None)).values(ended_at=now, outcome="unknown", error_code=NO_RECORD)
        )


def _retries(session: Session, now: datetime) -> int:
    due = (Message.state == MessageState.ERRORED, Message.not_before <= now)
    calls = (Call.retry.is_(True), Call.state.in_(RETRIED_CALLS), Call.not_before <= now)
    moved = move_all(session, Message, MessageState.QUEUED, now, None, *due)
    moved += move_all(session, Call, CallState.QUEUED, now, None, *calls)
    return moved


def _expired(session: Session, now: datetime) -> int:
    messages = (Message.state.in_(UNCLAIMED), Message.expires_at <= now)
    calls = ((Call.state == CallState.QUEUED) | Call.retry, Call.expires_at <= now)
    moved = move_all(session, Message, MessageState.EXPIRED, now, "expired", *messages)
    return moved + move_all(session, Call, CallState.EXPIRED, now, "expired", *calls)


def _nudge(session: Session, exchange: Exchange, now: datetime) -> None:
    active = select(Channel.id).where(Channel.state == ChannelState.ACTIVE)
    # What waited for its moment has it now; what could leave at once had its own nudge, which may still be on its way.
    waited = and_(Message.not_before > Message.created_at, Message.not_before <= now)
    overdue = select(Message.channel_id).where(
        Message.channel_id.in_(active), Message.state == MessageState.QUEUED, or_(waited, Message.not_before <= now - OVERDUE)
    )
    for channel_id in session.scalars(overdue.distinct()).all():
        exchange.work.nudge(session, DISPATCH, channel_id)
    waiting = select(Call.channel_id).where(Call.channel_id.in_(active), Call.state == CallState.QUEUED, Call.not_before <= now)
    for channel_id in session.scalars(waiting.distinct()).all():
        exchange.work.nudge(session, DIAL, channel_id)
