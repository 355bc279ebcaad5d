"""Settle by evidence the attempts whose sender died before it wrote down any answer.

Some gateways commit what they took together with the answer that we record: there an attempt without an answer was provably
never taken, and may be tried again at once. Nowhere else does absence prove anything.
"""

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from messaging import windows
from messaging.exchange import DIAL, DISPATCH, Exchange
from messaging.leasing import NOT_TAKEN
from messaging.models import Attempt, Call, CallState, Channel, Message, MessageState
from messaging.money import Outgoing, release
from messaging.settling import NO_RECORD
from messaging.states import move

log = structlog.get_logger(__name__)

AT_ONCE = 500


def look_up(exchange: Exchange, now: datetime) -> int:
    """Put the unknown messages and calls that provably nobody took back to the queue; how many."""
    names = [name for name, gateway in exchange.gateways.items() if gateway.capabilities.takes_with_our_record]
    if not names:
        return 0
    with exchange.database.writing() as session:
        messages = list(session.scalars(_silent_messages(names)))
        calls = list(session.scalars(_silent_calls(names)))
        owed: list[tuple[Outgoing, datetime | None]] = [(message, message.sending_at) for message in messages]
        owed += [(call, call.dialling_at) for call in calls]
        for message in messages:
            move(message, MessageState.ERRORED, now, NOT_TAKEN)
            move(message, MessageState.QUEUED, now, NOT_TAKEN)
            _again(session, message, now)
            exchange.work.nudge(session, DISPATCH, message.channel_id)
        for call in calls:
            move(call, CallState.QUEUED, now, NOT_TAKEN)
            _again(session, call, now)
            exchange.work.nudge(session, DIAL, call.channel_id)
        session.flush()
        release(session, owed, windows.of(exchange.settings))
    if owed:
        log.warning("lookup.not_taken", count=len(owed))
    return len(owed)


def _silent_messages(gateways: list[str]) -> Select[Message]:
    mine = and_(Attempt.message_id == Message.id, Attempt.number == Message.attempts)
    rows = select(Message).join(Attempt, mine).join(Channel, Channel.id == Message.channel_id)
    rows = rows.where(Message.state == MessageState.UNKNOWN, *_unanswered(gateways)).order_by(Message.id).limit(AT_ONCE)
    return rows.with_for_update(of=Message, skip_locked=True, key_share=True)


def _silent_calls(gateways: list[str]) -> Select[Call]:
    mine = and_(Attempt.call_id == Call.id, Attempt.number == Call.attempts)
    rows = select(Call).join(Attempt, mine).join(Channel, Channel.id == Call.channel_id)
    rows = rows.where(Call.state == CallState.UNKNOWN, *_unanswered(gateways)).order_by(Call.id).limit(AT_ONCE)
    return rows.with_for_update(of=Call, skip_locked=True, key_share=True)


def _unanswered(gateways: list[str]) -> list[ColumnElement[bool]]:
    # A receipt would have raised the rank.
    return [Channel.gateway.in_(gateways), Attempt.outcome == "unknown", Attempt.error_code == NO_RECORD, Attempt.rank == 0]


def _again(session: Session, row: Outgoing, now: datetime) -> None:
    row.not_before = now
    row.uncounted += 1
    mine = Attempt.message_id == row.id if isinstance(row, Message) else Attempt.call_id == row.id
    attempt = session.scalars(select(Attempt).where(mine, Attempt.number == row.attempts)).one()
    attempt.outcome = NOT_TAKEN
