"""Send what is queued on one channel: claim, ask the gateway without any transaction, record, again until nothing is left.

An answer is recorded within 100 ms or 200 rows of being read, never held for the slowest request: whatever kills this process,
at most the requests in flight become unknown. Where a provider takes one text for many numbers, a request may hold many messages;
each is answered for itself.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import structlog

from messaging import channels, outcomes, receipts, windows
from messaging.claim import Claim, Idle, claim
from messaging.exchange import Exchange
from messaging.gateways.protocol import TOTAL_SECONDS, Account, Gateway, Line, Outcome, Sent
from messaging.leasing import Claimed
from messaging.models import Channel, ChannelState
from messaging.outcomes import Answer
from runtime import spool

log = structlog.get_logger(__name__)

GROUP_SECONDS = 0.1
GROUP_ROWS = 200
LONGEST_WAIT = 1.0
BUSY_SECONDS, BUSY_TIMES = 0.05, 40  # somebody holds the channel or the installation for a moment: ask again, within 2 s
Now = Callable[[], datetime]


def dispatch(exchange: Exchange, channel_id: int, now: Now, total_seconds: float = TOTAL_SECONDS) -> int:
    """Send everything of this channel that may leave now; how many attempts were made.

    `now` is asked before each transaction. Waits for the channel's pace only while `now` itself moves.
    """
    with exchange.database.reading() as session:
        channel = session.get(Channel, channel_id)
        if channel is None or channel.state is not ChannelState.ACTIVE:
            return 0
        account = channels.account(channel, exchange.settings.base_url)
        gateway = exchange.gateways[channel.gateway]
    return asyncio.run(_Run(exchange, gateway, account, now, total_seconds).run())


class _Run:
    """One dispatch: its open line, the requests under way and the answers not yet written."""

    def __init__(self, exchange: Exchange, gateway: Gateway, account: Account, now: Now, total_seconds: float) -> None:
        self._exchange, self._gateway, self._account, self._now = exchange, gateway, account, now
        self._total = total_seconds
        self._holder = f"{uuid.uuid4().hex[:12]}"
        self._windows = windows.of(exchange.settings)
        self._under_way: set[asyncio.Task[list[Answer]]] = set()
        self._read: list[Answer] = []
        self._attempts = self._busy = 0

    async def run(self) -> int:
        async with self._gateway.line(self._account) as line:
            try:
                while await self._round(line):
                    pass
            finally:
                await self._finish()
        return self._attempts

    async def _round(self, line: Line) -> bool:
        """Claim and begin what there is, then wait for some answers; False when nothing is left to do."""
        taken = await asyncio.to_thread(self._claim)
        self._attempts += len(taken.taken)
        for batch in _requests(taken.taken):
            self._under_way.add(asyncio.create_task(self._ask(line, batch)))
        if self._under_way:
            await self._gather()
            await self._write()
            self._busy = 0
            return True
        if taken.idle is Idle.BUSY and self._busy < BUSY_TIMES and not self._exchange.stopping.is_set():
            self._busy += 1
            await asyncio.sleep(BUSY_SECONDS)
            return True
        return await self._paced(taken)

    def _claim(self) -> Claim:
        if self._exchange.stopping.is_set() or spool.waiting(self._exchange.settings.var):
            return Claim()
        with self._exchange.database.writing() as session:
            settings, able = self._exchange.settings, self._gateway.capabilities
            return claim(session, settings, self._account.channel_id, self._now(), self._holder, able)

    async def _ask(self, line: Line, batch: Sequence[Claimed]) -> list[Answer]:
        if self._exchange.stopping.is_set():
            return _all(batch, Sent(Outcome.NOT_BEGUN))
        began = time.monotonic()
        try:
            if len(batch) == 1:
                sent = [await asyncio.wait_for(line.send(batch[0].sms), self._total)]
            else:
                sent = list(await asyncio.wait_for(line.send_many([one.sms for one in batch]), self._total))
        except TimeoutError:
            return _all(batch, Sent(Outcome.UNKNOWN, code="timeout", milliseconds=int((time.monotonic() - began) * 1000)))
        except Exception:  # whatever a gateway file forgot to catch: the request may have left
            log.exception("gateway.raised", gateway=self._gateway.name, message=batch[0].message_id)
            return _all(batch, Sent(Outcome.UNKNOWN, code="exception"))
        if len(sent) != len(batch):  # nobody can say which answer belongs to whom
            log.error("gateway.miscounted", gateway=self._gateway.name, asked=len(batch), answered=len(sent))
            return _all(batch, Sent(Outcome.UNKNOWN, code="miscounted"))
        return [Answer(one.attempt_id, answer, one.request) for one, answer in zip(batch, sent, strict=True)]

    async def _gather(self) -> None:
        """Collect answers until all are there, 100 ms after the first, or 200 rows; a second without any claims anew."""
        until: float | None = None
        while self._under_way and len(self._read) < GROUP_ROWS:
            left = LONGEST_WAIT if until is None else max(0.0, until - time.monotonic())
            done, _ = await asyncio.wait(self._under_way, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            self._under_way -= done
            self._read += [answer for task in done for answer in task.result()]
            if not done:
                return
            until = until or time.monotonic() + GROUP_SECONDS

    async def _write(self) -> None:
        answers, self._read = self._read, []
        if answers:
            await asyncio.to_thread(self._record, answers)

    def _record(self, answers: list[Answer]) -> None:
        now, channel_id = self._now(), self._account.channel_id
        with self._exchange.database.writing() as session:
            told = outcomes.record(session, channel_id, answers, self._windows, now)
            named = [answer.attempt_id for answer in answers]
            named += [answer.sent.external_id for answer in answers if answer.sent.external_id]
            receipts.apply_early(session, channel_id, named, now, self._windows, told)
        if told:
            with self._exchange.database.writing() as session:
                outcomes.tell_contacts(session, told, now)

    async def _paced(self, taken: Claim) -> bool:
        """Wait for room in the minute, if time passes at all: a played or frozen clock ends the dispatch instead."""
        before = self._now()
        if taken.wait <= 0 or self._exchange.stopping.is_set():
            return False
        await asyncio.sleep(min(taken.wait, LONGEST_WAIT) if self._now() > before else 0)
        return self._now() > before

    async def _finish(self) -> None:
        while self._under_way:
            await self._gather()
            await self._write()
        await self._write()


def _requests(taken: Iterable[Claimed]) -> list[list[Claimed]]:
    """What was claimed, by the request it leaves in."""
    alone: list[list[Claimed]] = []
    shared: dict[str, list[Claimed]] = {}
    for one in taken:
        if one.request:
            shared.setdefault(one.request, []).append(one)
        else:
            alone.append([one])
    return alone + list(shared.values())


def _all(batch: Sequence[Claimed], sent: Sent) -> list[Answer]:
    return [Answer(one.attempt_id, sent, one.request) for one in batch]
