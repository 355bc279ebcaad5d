"""A telephone line on Asterisk: calls reach us by FastAGI, and it is asked to call somebody by ARI.

An answered outgoing call comes to the same FastAGI port as the others: its address carries the id we gave it, which tells it from
a caller's.
"""

import asyncio
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from yarl import URL

from messaging.voice.agi import AgiLeg, read_environment
from messaging.voice.legs import Answered, Dialled, Failed, NoAnswer, OnCall, by_code

APP = "lamen"
CONTEXT, EXTENSION = "lamen-out", "s"
CALL = "LAMEN_CALL"  # the variable by which the dial plan knows an outgoing call
AGAIN_S = 2.0
REQUEST_S = 10.0
AFTER_S = 5.0  # left to Asterisk, after the patience it was given, to say what became of a call
# Causes of Q.850 in SIP's words, whose numbers the service knows.
_CAUSES = {1: "404", 17: "486", 18: "408", 19: "480", 20: "480", 21: "603", 28: "484"}
log = structlog.get_logger(__name__)


@dataclass
class _Waiting:
    """A call that was asked for; `end` is its leg once it was answered, else the cause it ended with."""

    on_ringing: Callable[[], None]
    end: "asyncio.Future[AgiLeg | int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Asterisk:
    """A `Switch`. `endpoint` is how Asterisk reaches a number, `{number}` in it."""

    def __init__(self, agi_port: int, ari_url: str, user: str, password: str, endpoint: str) -> None:
        self._agi_port, self._url, self._endpoint = agi_port, URL(ari_url.rstrip("/")), endpoint
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._waiting: dict[str, _Waiting] = {}
        self._on_call: OnCall | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._server: asyncio.Server | None = None
        self._connected = asyncio.Event()

    async def start(self, on_call: OnCall, on_dead: Callable[[], None]) -> None:
        self._on_call = on_call
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=REQUEST_S))
        self._server = await asyncio.start_server(self._called, "127.0.0.1", self._agi_port, limit=64 * 1024)
        self._tasks.append(asyncio.ensure_future(self._listen()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        if self._session is not None:
            await self._session.close()

    async def originate(self, to: str, caller: str, timeout_s: float, on_ringing: Callable[[], None]) -> Dialled:
        if not self._connected.is_set():
            return Failed()  # nobody would tell what became of it
        call, waiting = f"lamen-{uuid.uuid4().hex}", _Waiting(on_ringing)
        self._waiting[call] = waiting
        asked = {
            "endpoint": self._endpoint.replace("{number}", to),
            "extension": EXTENSION,
            "context": CONTEXT,
            "priority": 1,
            "callerId": caller,
            "timeout": int(timeout_s),
            "variables": {CALL: call},
        }
        try:
            if not await self._ask("POST", f"channels/{call}", asked):
                return Failed()
            return _became(await asyncio.wait_for(asyncio.shield(waiting.end), timeout_s + AFTER_S))
        except TimeoutError:
            await self._ask("DELETE", f"channels/{call}")
            return NoAnswer()
        except asyncio.CancelledError:
            await self._ask("DELETE", f"channels/{call}")
            raise
        finally:
            del self._waiting[call]

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
        """Whether Asterisk did it."""
        assert self._session is not None
        try:
            async with self._session.request(method, self._url / path, json=body) as answer:
                if answer.status >= 300:
                    log.warning("voice.ari_refused", status=answer.status)
                return answer.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("voice.ari_away", why=type(error).__name__)
            return False

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection from Asterisk: an outgoing call that was answered, or somebody who calls us."""
        try:
            given = await read_environment(reader)
            name = given.get("agi_network_script", "")
            waiting = self._waiting.get(name)
            leg = AgiLeg(reader, writer, given)
            if waiting is not None and not waiting.end.done():
                waiting.end.set_result(leg)
                await leg.closed.wait()
            elif self._on_call is not None and not name.startswith("lamen-"):
                await self._on_call(leg)
        except (OSError, ValueError):
            log.warning("voice.agi_broken")
        finally:
            writer.close()

    async def _listen(self) -> None:
        """Follow what Asterisk says of its channels, for as long as this process runs."""
        assert self._session is not None
        socket = (self._url / "events").update_query(app=APP, subscribeAll="true")
        while True:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with self._session.ws_connect(socket, heartbeat=30, timeout=aiohttp.ClientWSTimeout(ws_close=5)) as events:
                    self._connected.set()
                    async for message in events:
                        if message.type is aiohttp.WSMsgType.TEXT:
                            self._event(json.loads(message.data))
            self._connected.clear()
            log.warning("voice.ari_away", why="events")
            await asyncio.sleep(AGAIN_S)

    def _event(self, event: dict[str, Any]) -> None:
        channel = event.get("channel") or {}
        waiting = self._waiting.get(str(channel.get("id")))
        if waiting is None:
            return
        if event.get("type") == "ChannelStateChange" and channel.get("state") == "Ringing":
            waiting.on_ringing()
        elif event.get("type") == "ChannelDestroyed" and not waiting.end.done():
            waiting.end.set_result(int(event.get("cause") or 0))


def _became(found: AgiLeg | int) -> Dialled:
    if isinstance(found, AgiLeg):
        return Answered(found)
    return by_code(_CAUSES.get(found, ""))
