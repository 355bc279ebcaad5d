"""Dial what is queued on one channel, and write down what the gateway answered.

An accepted call stays `dialling`: only its events, or the first voice request, say more.
"""

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import channels, outcomes, windows
from messaging.call_claim import ClaimedCall, claim
from messaging.call_ends import end_call
from messaging.exchange import Exchange
from messaging.gateways.protocol import TOTAL_SECONDS, Account, Cause, Gateway, Line, Outcome, Sent
from messaging.leasing import NOT_TAKEN
from messaging.models import Attempt, Call, CallState, Channel, ChannelState
from messaging.money import Outgoing, release
from messaging.outbox import BUSY_SECONDS, BUSY_TIMES
from messaging.outcomes import AboutContact, Answer
from messaging.states import move
from messaging.windows import Windows
from runtime import spool

log = structlog.get_logger(__name__)


def dial(exchange: Exchange, channel_id: int, now: Callable[[], datetime], total_seconds: float = TOTAL_SECONDS) -> int:
    """Dial every call of this channel that may leave now and finds a line; how many were tried."""
    with exchange.database.reading() as session:
        channel = session.get(Channel, channel_id)
        if channel is None or channel.state is not ChannelState.ACTIVE or channels.VOICE not in channel.kinds:
            return 0
        account = channels.account(channel, exchange.settings.base_url)
        gateway = exchange.gateways[channel.gateway]
    return asyncio.run(_dial(exchange, gateway, account, now, total_seconds))


async def _dial(exchange: Exchange, gateway: Gateway, account: Account, now: Callable[[], datetime], total_seconds: float) -> int:
    tried, holder = 0, uuid.uuid4().hex[:12]
    async with gateway.line(account) as line:
        while claimed := await _free(exchange, account.channel_id, now, holder):
            tried += len(claimed)
            answers = await asyncio.gather(*(_ask(exchange, line, one, total_seconds) for one in claimed))
            await asyncio.to_thread(_record, exchange, account.channel_id, list(answers), now())
    return tried


async def _free(exchange: Exchange, channel_id: int, now: Callable[[], datetime], holder: str) -> list[ClaimedCall]:
    for _ in range(BUSY_TIMES):
        claimed = await asyncio.to_thread(_claim, exchange, channel_id, now, holder)
        if claimed is not None:
            return claimed
        await asyncio.sleep(BUSY_SECONDS)
    return []


def _claim(exchange: Exchange, channel_id: int, now: Callable[[], datetime], holder: str) -> list[ClaimedCall] | None:
    if exchange.stopping.is_set() or spool.waiting(exchange.settings.var):
        return []
    with exchange.database.writing() as session:
        return claim(session, exchange.settings, channel_id, now(), holder)


async def _ask(exchange: Exchange, line: Line, claimed: ClaimedCall, total_seconds: float) -> Answer:
    if exchange.stopping.is_set():
        return Answer(claimed.attempt_id, Sent(Outcome.NOT_BEGUN))
    try:
        sent = await asyncio.wait_for(line.dial(claimed.outgoing), total_seconds)
    except TimeoutError:
        sent = Sent(Outcome.UNKNOWN, code="timeout")
    except Exception:  # as in the outbox: the request may have left
        log.exception("gateway.raised", call=claimed.call_id)
        sent = Sent(Outcome.UNKNOWN, code="exception")
    return Answer(claimed.attempt_id, sent)


def _record(exchange: Exchange, channel_id: int, answers: list[Answer], now: datetime) -> None:
    told: list[AboutContact] = []
    owed: list[tuple[Outgoing, datetime | None]] = []
    hours = windows.of(exchange.settings)
    with exchange.database.writing() as session:
        known = [answer for answer in answers if _record_one(session, channel_id, answer, now, told, owed, hours)]
        outcomes.remember_later(session, channel_id, [answer.sent for answer in known], now)
        session.flush()
        outcomes.account_for(session, channel_id, answers, now)
        release(session, owed, hours)
    if told:
        with exchange.database.writing() as session:
            outcomes.tell_contacts(session, told, now)


def _record_one(
    session: Session,
    channel_id: int,
    answer: Answer,
    now: datetime,
    told: list[AboutContact],
    owed: list[tuple[Outgoing, datetime | None]],
    hours: Windows,
) -> bool:
    """False when a look-up has already ended this attempt."""
    attempt, sent = session.get_one(Attempt, answer.attempt_id), answer.sent
    rows = select(Call).where(Call.id == attempt.call_id).with_for_update(key_share=True)
    call = session.scalars(rows.execution_options(populate_existing=True)).one()
    session.refresh(attempt)
    if attempt.outcome == NOT_TAKEN:
        return False
    outcomes.close(attempt, sent, now)
    session.add(outcomes.exchange_log(channel_id, sent, now, call_id=call.id))
    if call.attempts == attempt.number:
        if sent.outcome in (Outcome.ERRORED, Outcome.FAILED, Outcome.NOT_BEGUN):
            owed.append((call, call.dialling_at))
        call.external_id = call.external_id or sent.external_id
        if call.state in (CallState.DIALLING, CallState.UNKNOWN):
            _settle(session, call, sent, now, hours)
    if sent.cause in (Cause.DEAD_NUMBER, Cause.OPT_OUT):
        told.append(AboutContact(call.contact_id, sent.cause))
    return True


def _settle(session: Session, call: Call, sent: Sent, now: datetime, hours: Windows) -> None:
    call.error_code = sent.code or call.error_code
    if sent.outcome is Outcome.WIRED:
        call.lease_until = call.lease_boot = call.lease_holder = None
        call.heard_at = now
    elif sent.outcome is Outcome.FAILED:
        move(call, CallState.FAILED, now, (sent.cause or Cause.OTHER).value)
    elif call.state is CallState.UNKNOWN:
        return
    elif sent.outcome is Outcome.ERRORED:
        end_call(session, call, CallState.ERRORED, now, (sent.cause or Cause.OTHER).value, hours)
    elif sent.outcome is Outcome.NOT_BEGUN:
        move(call, CallState.QUEUED, now)
        call.uncounted += 1
    else:
        move(call, CallState.UNKNOWN, now, "no_answer")
