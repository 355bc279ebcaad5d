"""A telephone line on baresip: demonstrations, small sites, tests. One a process, which ends when the library's thread dies.

The library answers whoever reaches its port: let the firewall admit the trunk's addresses only. What it does of itself and we do
not want is switched off here, each with its reason.
"""

import asyncio
import re
import shutil
import socket
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import structlog
from baresip import Account, BaresipError, Config, Event, StackEvent
from baresip.call import Call
from baresip.errors import split_status
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from messaging.voice.errors import Gone, VoiceError
from messaging.voice.legs import Answered, Dialled, Failed, NoAnswer, OnCall, by_code
from messaging.voice.sip_leg import SipLeg

TICK_S = 0.02
LATE_S = 1.0  # a ticker this late starts anew instead of making up for every beat it missed
VANISHED_S = 30
EARLY_AT_MOST = 1000
CODECS = ("pcma", "pcmu")
_USER = re.compile(r"(?:sips?|tel):([^@;>]+)")
log = structlog.get_logger(__name__)


class SipLine:
    """A `Switch`. `trunk` is where calls go, `{number}` in it: `sip:{number}@192.0.2.1`; `ports` are those of sound."""

    def __init__(self, address: str, port: int, trunk: str, ports: str, folder: Path) -> None:
        self._address, self._port, self._trunk, self._ports, self._folder = address, port, trunk, ports, folder
        self._runtime = Runtime()
        self._agents: dict[str, UserAgent] = {}
        self._legs: dict[int, SipLeg] = {}
        self._early: OrderedDict[int, list[StackEvent]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_call: OnCall | None = None
        self._adding = asyncio.Lock()

    async def start(self, on_call: OnCall, on_dead: Callable[[], None]) -> None:
        for kind, port in (
            (socket.SOCK_DGRAM, self._port),
            (socket.SOCK_STREAM, self._port),
            (socket.SOCK_STREAM, self._port + 1),
        ):
            _try(self._address, kind, port)  # the library would start without the port, and wait for calls that cannot come
        self._on_call = on_call
        self._runtime.on_dead = on_dead  # type: ignore[assignment]  # the library declares no more than None
        # It leaves a folder behind when it is killed: all of them in one place, emptied at each start.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        tempfile.tempdir = str(self._folder)
        await self._runtime.start(
            Config(
                net_interface=self._address,  # loopback is never found by itself
                max_concurrent_calls=None,  # the default is two
                rtp_timeout=VANISHED_S,  # by default a phone that vanished keeps its call for ever
                expose_headers=("To",),  # the number that was dialled
                extra_config_text=f"sip_listen {self._address}:{self._port}\nrtp_ports {self._ports}\n",
            )
        )
        self._runtime.subscribe(self._event)
        # Without catchall it answers calls to its own user name only.
        self._agents[""] = await self._agent("lamen", ("catchall=yes",))
        self._spawn(self._tick())

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runtime.close()

    async def originate(self, to: str, caller: str, timeout_s: float, on_ringing: Callable[[], None]) -> Dialled:
        if not self._trunk:
            log.warning("voice.no_trunk")
            return Failed()
        agent = await self._speaking_for(caller)
        try:
            leg = SipLeg(await agent.dial(self._trunk.replace("{number}", to)), caller, to)
        except BaresipError as error:
            log.warning("voice.dial_failed", why=type(error).__name__)
            return Failed()
        self._adopt(leg, on_ringing)
        try:
            if await leg.established(timeout_s):
                return Answered(leg)
        except Gone:
            return by_code(str(split_status(leg.reason)[0] or ""))
        except asyncio.CancelledError:
            await leg.hangup()
            raise
        await leg.hangup()
        return NoAnswer()

    async def _speaking_for(self, caller: str) -> UserAgent:
        """The agent whose name is this number: it is what the person called sees."""
        async with self._adding:
            if caller not in self._agents:
                self._agents[caller] = await self._agent(caller)
            return self._agents[caller]

    async def _agent(self, name: str, extra: tuple[str, ...] = ()) -> UserAgent:
        account = Account(name, self._address, "", reg_interval=0, audio_codecs=CODECS, extra_params=extra)
        agent = await UserAgent.create(self._runtime, account)
        agent.on_incoming(self._incoming)
        return agent

    def _incoming(self, call: Call) -> None:
        leg = SipLeg(call, number(call.peer), number(call.headers.get("To")))
        self._adopt(leg)
        self._spawn(self._given(leg))

    async def _given(self, leg: SipLeg) -> None:
        if self._on_call is not None:
            await self._on_call(leg)

    def _adopt(self, leg: SipLeg, on_ringing: Callable[[], None] = lambda: None) -> None:
        """Give a leg its events, with those that came while this process was late to learn its handle."""
        self._legs[leg.handle] = leg

        def ringing(event: StackEvent) -> None:
            if event.event in (Event.CALL_RINGING, Event.CALL_PROGRESS):
                on_ringing()

        leg.on_event = ringing
        for event in self._early.pop(leg.handle, []):
            leg.take(event)

    def _event(self, event: StackEvent) -> None:
        if event.call == 0:
            return
        leg = self._legs.get(event.call)
        if leg is not None:
            leg.take(event)
            if leg.over:
                del self._legs[event.call]
            return
        self._early.setdefault(event.call, []).append(event)
        while len(self._early) > EARLY_AT_MOST:
            self._early.popitem(last=False)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + TICK_S, loop.time() - LATE_S)
            await asyncio.sleep(max(0.0, due - loop.time()))
            now = loop.time()
            for leg in list(self._legs.values()):
                leg.tick(now)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def number(uri: str | None) -> str:
    """The user of a SIP or tel address, "" where it has none."""
    found = _USER.search(uri or "")
    return unquote(found[1]) if found else ""


def _try(address: str, kind: int, port: int) -> None:
    with socket.socket(socket.AF_INET, kind) as one:
        if kind == socket.SOCK_STREAM:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address, port))
        except OSError as error:
            raise VoiceError(f"port {port} is taken") from error
