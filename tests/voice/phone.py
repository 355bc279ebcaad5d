"""A telephone of the tests, as a process of its own: one SIP library a process. `python -m tests.voice.phone PORT NUMBER RTP`.

It does one command after the other, a JSON list a line, and answers each with a JSON object a line. It never waits a fixed time
for what somebody else does: it waits until it hears, or gives up.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from baresip import Account, AudioNotActive, AudioRestarted, BaresipError, CallFailed, Config, Event, StackEvent
from baresip.call import Call
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from tests.voice import sounds

PATIENCE = 40.0
AHEAD = 8 * 320
Answer = dict[str, Any]


class GaveUp(Exception):
    """What was waited for never came."""


class Phone:
    """One number; one call at a time."""

    def __init__(self, runtime: Runtime, agent: UserAgent) -> None:
        self.runtime, self.agent = runtime, agent
        self.call: Call | None = None
        self.heard, self.voice = bytearray(), bytearray()
        self.since = 0
        self.closed = self.up = False
        self.mode = "busy"
        agent.on_incoming(self._incoming)

    def _incoming(self, call: Call) -> None:
        if self.mode == "answer":
            self._take(call)
            self._task = asyncio.ensure_future(call.answer(video=True))
        elif self.mode == "busy":
            self._task = asyncio.ensure_future(call.reject())

    def _take(self, call: Call) -> None:
        self.call, self.closed, self.up, self.since = call, False, False, 0
        self.heard, self.voice = bytearray(), bytearray()

        def event(one: StackEvent) -> None:
            self.up |= one.event is Event.CALL_ESTABLISHED
            self.closed |= one.event is Event.CALL_CLOSED

        call.on(event)

    async def pump(self) -> None:
        """Move sound, both ways, as long as this process lives."""
        due = time.monotonic()
        while True:
            due = max(due + 0.02, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self.call is None or self.closed:
                continue
            with suppress(AudioNotActive, AudioRestarted):
                while data := self.call.audio.read(3200):
                    self.heard.extend(data)
                room = AHEAD - self.call.audio.info().tx_buffered
                if self.voice and room > 0:
                    del self.voice[: self.call.audio.write(bytes(self.voice[:room]))]

    async def do(self, verb: str, *words: Any) -> Answer:
        """One command; GaveUp."""
        answer = await getattr(self, f"do_{verb}")(*words)
        return answer if isinstance(answer, dict) else {}

    async def do_mode(self, mode: str) -> None:
        """What to do when it rings: answer, busy or ignore."""
        self.mode = mode

    async def do_dial(self, uri: str) -> Answer:
        """Call somebody; whether they answered, else what they said."""
        call = await self.agent.dial(uri)
        self._take(call)
        try:
            await call.wait_established(PATIENCE)
        except CallFailed as error:
            self.closed = True
            return {"refused": str(error)}
        return {}

    async def do_ring(self) -> None:
        """Wait for a call that was answered."""
        await self._until(lambda: self.up, "ring", alone=True)

    async def do_hear(self, path: str, seconds: float = 1.5) -> Answer:
        """Wait for the beginning of a clip, three pieces of it: a key may cut the rest. Where it stood, in seconds."""
        clip, at = sounds.load(Path(path))[: int(seconds * sounds.RATE)], self.since / 2 / sounds.RATE
        end, last = time.monotonic() + PATIENCE, False
        while True:
            # In a thread: sound that nobody takes meanwhile is lost when the call ends.
            last, so_far = self.closed, bytes(self.heard[self.since :])
            score, place = await asyncio.to_thread(sounds.find, sounds.samples(so_far), clip)
            if score > sounds.HEARD:
                self.since += len(so_far)
                return {"score": score, "at": at + place}
            if last or time.monotonic() > end:
                raise GaveUp(f"hear: {'hung up' if last else 'too late'} after {len(self.heard) / 16000:.1f} s, {score:.2f}")
            await asyncio.sleep(0.1)

    async def do_press(self, keys: str) -> None:
        assert self.call is not None
        await self.call.send_dtmf(keys)

    async def do_say(self, path: str) -> None:
        """Speak a clip to its end."""
        self.voice.extend(sounds.load(Path(path)).astype("<i2").tobytes())
        await self._until(lambda: not self.voice, "say")

    async def do_wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def do_hang_up(self) -> None:
        assert self.call is not None
        await self.call.hangup()
        await self.do_end()

    async def do_end(self) -> None:
        """Wait until the other side has hung up."""
        await self._until(lambda: self.closed, "end", alone=True)

    async def do_keep(self, path: str) -> None:
        """Write down all that was heard in this call."""
        await asyncio.to_thread(Path(path).write_bytes, sounds.wav(sounds.samples(bytes(self.heard))))

    async def _until(self, done: Callable[[], bool], what: str, alone: bool = False) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end or (self.closed and not alone):
                raise GaveUp(f"{what}: {'hung up' if self.closed else 'too late'} after {len(self.heard) / 16000:.1f} s")
            await asyncio.sleep(0.1)


async def main(port: int, number: str, rtp: str) -> None:
    """Run until the test closes our input."""
    runtime = Runtime()
    lines = f"sip_listen 127.0.0.1:{port}\nrtp_ports {rtp}\n"
    await runtime.start(Config(net_interface="127.0.0.1", extra_config_text=lines))
    account = Account(number, "127.0.0.1", "", reg_interval=0, audio_codecs=("pcma",), extra_params=("catchall=yes",))
    phone = Phone(runtime, await UserAgent.create(runtime, account))
    pumping = asyncio.ensure_future(phone.pump())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps({"ready": True}), flush=True)
    while line := await reader.readline():
        try:
            answer = await phone.do(*json.loads(line))
        except (GaveUp, BaresipError, AssertionError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    pumping.cancel()
    await runtime.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
