"""Settle by evidence what nobody knows the end of: by what a provider tells when asked, or proves by its silence.

Some gateways commit what they took together with the answer that we record: there an attempt without an answer was provably
never taken, and may be tried again at once. Nowhere else does absence prove anything: what is not found stays unknown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from messaging import channels, outcomes, receipts, windows
from messaging.exchange import DIAL, DISPATCH, LOOK_UP, Exchange
from messaging.gateways.protocol import TOTAL_SECONDS, Account, Asked, Gateway, Line, StatusReport
from messaging.leasing import NOT_TAKEN
from messaging.models import Attempt, Call, CallState, Channel, ChannelState, Contact, Message, MessageState
from messaging.money import Outgoing, release
from messaging.settling import NO_RECORD
from messaging.states import move

log = structlog.get_logger(__name__)

AT_ONCE = 500
ASK_AFTER = (timedelta(minutes=2), timedelta(minutes=10))
ASK_WITHIN = timedelta(days=1)
ASKED_AT_ONCE = 8

Told = tuple[Asked, StatusReport | None]


def look_up(exchange: Exchange, now: datetime) -> int:
    """Put the unknown messages and calls that provably nobody took back to the queue; how many. What can be asked is nudged."""
    _nudge(exchange, now)
    return _requeue_silent(exchange, now)


def ask(exchange: Exchange, channel_id: int, now: datetime, total_seconds: float = TOTAL_SECONDS) -> int:
    """Ask a channel's provider what became of its unknown messages, at 2 and at 10 minutes; how many it could tell."""
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, channel_id)
        gateway = exchange.gateways.get(channel.gateway)
        if gateway is None or not gateway.capabilities.looks_up:
            return 0
        account = channels.account(channel, exchange.settings.base_url)
        rows = session.execute(_askable(now).where(Message.channel_id == channel_id).order_by(Message.id).limit(AT_ONCE))
        asked = [Asked(row.id, row.external_id, row.number, row.started_at, row.text or "") for row in rows if row.number]
    told = asyncio.run(_ask_all(gateway, account, asked, total_seconds)) if asked else []
    return _apply(exchange, channel_id, told, now)


def _nudge(exchange: Exchange, now: datetime) -> None:
    names = [name for name, gateway in exchange.gateways.items() if gateway.capabilities.looks_up]
    if not names:
        return
    usable = (Channel.gateway.in_(names), Channel.state != ChannelState.REMOVED)
    with exchange.database.writing() as session:
        due = _askable(now).with_only_columns(Message.channel_id).join(Channel, Channel.id == Message.channel_id)
        for channel_id in session.scalars(due.where(*usable).distinct()).all():
            exchange.work.nudge(session, LOOK_UP, channel_id)


def _askable(now: datetime) -> Select[str, str | None, str | None, datetime, str | None]:
    newest = and_(Attempt.message_id == Message.id, Attempt.number == Message.attempts)
    due = [and_(Attempt.looked == times, Attempt.started_at <= now - wait) for times, wait in enumerate(ASK_AFTER)]
    rows = select(Attempt.id, Attempt.external_id, Contact.number, Attempt.started_at, Message.text).select_from(Message)
    rows = rows.join(Attempt, newest).join(Contact, Contact.id == Message.contact_id)
    return rows.where(Message.state == MessageState.UNKNOWN, Attempt.started_at > now - ASK_WITHIN, or_(*due))


async def _ask_all(gateway: Gateway, account: Account, asked: Sequence[Asked], total_seconds: float) -> list[Told]:
    """What was answered, None included. Where one question fails the rest waits: a provider that is away is asked again later."""
    told: list[Told] = []
    try:
        async with gateway.line(account) as line:
            for begin in range(0, len(asked), ASKED_AT_ONCE):
                some = asked[begin : begin + ASKED_AT_ONCE]
                answers = await asyncio.gather(*(_ask(line, one, total_seconds) for one in some), return_exceptions=True)
                told += [(one, said) for one, said in zip(some, answers, strict=True) if not isinstance(said, BaseException)]
                if any(isinstance(said, BaseException) for said in answers):
                    log.warning("lookup.unanswered", channel=account.channel_id)
                    break
    except Exception:  # the line itself: whatever a gateway file forgot to catch
        log.exception("lookup.raised", channel=account.channel_id)
    return told


async def _ask(line: Line, asked: Asked, total_seconds: float) -> StatusReport | None:
    return await asyncio.wait_for(line.look_up(asked), total_seconds)


def _apply(exchange: Exchange, channel_id: int, told: Sequence[Told], now: datetime) -> int:
    if not told:
        return 0
    about: list[outcomes.AboutContact] = []
    hours = windows.of(exchange.settings)
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, channel_id)
        mine = select(Attempt.message_id).where(Attempt.id.in_([asked.reference for asked, _ in told]))
        # Messages first, as everywhere: an attempt written before would wait for its sender, which waits for us.
        locked = select(Message.id).where(Message.id.in_(mine)).order_by(Message.id).with_for_update(key_share=True)
        session.execute(locked).all()
        for asked, said in told:
            attempt = session.get_one(Attempt, asked.reference, populate_existing=True)
            attempt.looked += 1
            if said is None:
                continue
            if said.reference != attempt.id:
                attempt.external_id = attempt.external_id or said.reference[:96]
            receipts.apply(session, channel, replace(said, reference=attempt.id), now, hours, told=about)
    if about:
        with exchange.database.writing() as session:
            outcomes.tell_contacts(session, about, now)
    return sum(said is not None for _, said in told)


def _requeue_silent(exchange: Exchange, now: datetime) -> int:
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
