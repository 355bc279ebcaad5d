"""The calls under way on one line, from the first ring to the last word about them.

A call is a task: ending it early is cancelling the task, which hangs up and still tells the service how it ended.
"""

import asyncio
import math
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from messaging.voice import accounts
from messaging.voice.accounts import Owned
from messaging.voice.errors import Gone, VoiceError
from messaging.voice.legs import Answered, Busy, Dialled, Leg, NoAnswer, Switch
from messaging.voice.news import News
from messaging.voice.runner import About, Runner, Tools

LONGEST_IN = 600.0  # seconds
LAST_WORDS_S = 10.0  # left to tell the service about calls when this process ends
NO_SUCH_NUMBER = frozenset({"404", "484", "604"})
INVALID = "21217"  # Twilio's own code for a number that does not exist
log = structlog.get_logger(__name__)


class Full(VoiceError):
    """As many calls as this line may carry are under way."""


@dataclass(frozen=True)
class Order:
    """A call to make, as Twilio's Calls.json asks for it. `events` are the news wanted at `callback`, "" for none."""

    owned: Owned
    to: str
    url: str
    callback: str = ""
    events: frozenset[str] = frozenset({"completed"})
    ring_s: float = 60.0
    limit_s: float = 360.0


class Calls:
    """The calls of one switch. `owned` names our channels, asked at each incoming call."""

    def __init__(self, switch: Switch, tools: Tools, owned: Callable[[], Awaitable[Sequence[Owned]]], at_once: int) -> None:
        self._switch, self._tools, self._owned, self._at_once = switch, tools, owned, at_once
        self._live: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    @property
    def count(self) -> int:
        """How many calls are under way."""
        return len(self._live)

    def place(self, order: Order) -> str:
        """Begin a call; its id. Full."""
        if self._closing or self.count >= self._at_once:
            raise Full("no line is free")
        sid = _sid()
        task = asyncio.ensure_future(self._out(sid, order))
        self._live[sid] = task
        task.add_done_callback(lambda _: self._live.pop(sid, None))
        return sid

    def end(self, sid: str) -> bool:
        """Hang up; whether there was such a call."""
        task = self._live.get(sid)
        return task is not None and task.cancel()

    async def on_call(self, leg: Leg) -> None:
        """Take an incoming call, or refuse it: what the switch is given."""
        sid, task = _sid(), asyncio.current_task()
        if task is None or self._closing or self.count >= self._at_once:
            await _refuse(leg)
            return
        self._live[sid] = task
        try:
            await self._in(sid, leg)
        finally:
            del self._live[sid]

    async def close(self) -> None:
        """Take no more, hang up, and leave a moment to say so."""
        self._closing = True
        tasks = list(self._live.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_WORDS_S)

    async def _in(self, sid: str, leg: Leg) -> None:
        try:
            owned = accounts.called(await self._owned(), leg.called)
        except Exception:  # the database is away: refused, the caller pays nothing and may try again
            log.exception("voice.no_channels")
            owned = None
        if owned is None:
            log.warning("voice.refused", call=sid, why="no channel has this number")
            await _refuse(leg)
            return
        about = About(sid, owned, leg.caller or "anonymous", owned.number, inbound=True)
        address = f"{owned.hooks}/call"
        await self._converse(leg, about, address, LONGEST_IN, News(self._tools.service, about, address))

    async def _out(self, sid: str, order: Order) -> None:
        about = About(sid, order.owned, order.owned.number, order.to, inbound=False)
        news = News(self._tools.service, about, order.callback, order.events)
        log.info("voice.dialling", call=sid, channel=order.owned.channel_id)
        try:
            dialled = await self._switch.originate(order.to, order.owned.number, order.ring_s, news.ringing)
        except asyncio.CancelledError:
            await news.end("canceled")
            raise
        except Exception:
            log.exception("voice.not_dialled", call=sid)
            await news.end("failed")
            return
        if isinstance(dialled, Answered):
            news.answered()
            await self._converse(dialled.leg, about, order.url, order.limit_s, news)
        else:
            await _missed(news, dialled)

    async def _converse(self, leg: Leg, about: About, url: str, limit_s: float, news: News) -> None:
        began = asyncio.get_running_loop().time
        answered_at = None if about.inbound else began()

        def picked_up() -> None:
            nonlocal answered_at
            answered_at = began()

        runner, refused = Runner(leg, self._tools, about, picked_up), True
        try:
            async with asyncio.timeout(limit_s):
                await runner.run(url)
        except Gone:
            refused = False
        except TimeoutError:
            log.warning("voice.too_long", call=about.sid)
        except Exception:  # one call must not take the others with it
            log.exception("voice.failed", call=about.sid)
        finally:
            with suppress(Gone):
                await leg.hangup()
            if answered_at is None:
                await news.end("busy" if refused else "no-answer")
            else:
                spoken = {"CallDuration": str(math.ceil(began() - answered_at)), **runner.heard()}
                await news.end("completed", spoken)


async def _missed(news: News, dialled: Dialled) -> None:
    code = "" if isinstance(dialled, Answered) else dialled.code
    told = {"SipResponseCode": code} if code else {}
    if code in NO_SUCH_NUMBER:
        told["ErrorCode"] = INVALID
    await news.end("busy" if isinstance(dialled, Busy) else "no-answer" if isinstance(dialled, NoAnswer) else "failed", told)


async def _refuse(leg: Leg) -> None:
    with suppress(Gone):
        await leg.reject(busy=True)


def _sid() -> str:
    return f"CA{uuid.uuid4().hex}"
