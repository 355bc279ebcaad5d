"""One call on baresip, whose C threads keep SIP's timers and send a packet every 20 ms: Python only keeps their queue full.

The queue holds half a second: less, and a late tick would be heard as a gap; more, and a key would cut the sound late.
"""

import asyncio
import wave
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from baresip import AudioNotActive, AudioRestarted, BaresipError, Event, StackEvent, StaleHandleError
from baresip.call import Call, DigitEvent

from messaging.voice.errors import Gone, VoiceError
from messaging.voice.legs import End, Keys, Recorded, collected
from messaging.voice.sound import BYTES_A_SECOND, FRAME, RATE, loud

AHEAD = BYTES_A_SECOND // 2
MOST_READ = 10 * FRAME
ANSWER_S = 10.0
LAST_CLIP_S = 0.2  # hung up at once, the other side's jitter buffer would drop the end of the last clip
_NO_SOUND = (AudioNotActive, AudioRestarted)  # AudioRestarted comes once at the start of each call: the next tick goes on


@lru_cache(maxsize=64)
def _samples(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return bytes(file.readframes(file.getnframes()))


class _Recorder:
    """Writes what is heard; `silent` is set once nobody has spoken for so long."""

    def __init__(self, path: Path, silence_s: float, now: float) -> None:
        self._file = wave.open(str(path), "wb")  # noqa: SIM115  # closed by the leg when the recording ends
        self._file.setparams((1, 2, RATE, 0, "NONE", ""))
        self._silence_s, self._voice_at, self._samples = silence_s, now, 0
        self.silent = asyncio.Event()

    def add(self, heard: bytes, now: float) -> None:
        if heard:
            self._file.writeframes(heard)
            self._samples += len(heard) // 2
            if loud(heard):
                self._voice_at = now
        # Not while sound still waits to be read: this process may be the late one. By the clock, because a phone that
        # saves its battery sends nothing at all while nobody speaks.
        if len(heard) < MOST_READ and self._silence_s and now - self._voice_at >= self._silence_s:
            self.silent.set()

    def close(self) -> float:
        self._file.close()
        return self._samples / RATE


class SipLeg:
    """A `Leg`. The switch gives it its events (`take`) and, every 20 ms, a moment for its sound (`tick`)."""

    def __init__(self, call: Call, caller: str, called: str) -> None:
        self.caller, self.called = caller, called
        self._call = call
        self._out: deque[memoryview] = deque()
        self._sent = self._said = 0  # bytes given to the queue, and those of them that left it
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._up, self._ended, self._played = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._recorder: _Recorder | None = None
        self.reason = ""
        self.on_event: Callable[[StackEvent], None] = lambda event: None
        call.on_dtmf(self._key)

    @property
    def handle(self) -> int:
        return self._call.handle

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    @property
    def heard(self) -> float:
        return self._said / BYTES_A_SECOND

    def take(self, event: StackEvent) -> None:
        """An event of this call."""
        self.on_event(event)
        if event.event is Event.CALL_ESTABLISHED:
            self._up.set()
        elif event.event is Event.CALL_CLOSED:
            self.reason = event.text or ""
            self._ended.set()

    def tick(self, now: float) -> None:
        """Take what was heard, top up what is to be said."""
        if not self._up.is_set() or self.over:
            return
        with suppress(*_NO_SOUND):
            heard = self._call.audio.read(MOST_READ)
            if self._recorder is not None:
                self._recorder.add(heard, now)
        if not self._played.is_set():
            with suppress(*_NO_SOUND):
                self._top_up()

    async def established(self, timeout_s: float) -> bool:
        """Whether it was answered in time; Gone, with `reason`, when it ended instead."""
        return await self._first(self._up.wait(), timeout_s=timeout_s) is not None

    async def answer(self) -> None:
        await self._asked(self._call.answer(video=True))  # without it a re-INVITE follows at once; only sound is agreed on
        if not await self.established(ANSWER_S):
            raise VoiceError("answered, but no line came")

    async def play(self, clips: Sequence[Path]) -> None:
        await self._say(clips, cut=False)

    async def gather(self, clips: Sequence[Path], digits: int, finish: str, first_s: float, between_s: float) -> Keys:
        self._forget_keys()
        return await collected(await self._say(clips, cut=True), self._wait, digits, finish, first_s, between_s)

    async def record(self, path: Path, max_s: float, silence_s: float, finish: str) -> Recorded:
        self._forget_keys()
        loop = asyncio.get_running_loop()
        self._recorder = recorder = _Recorder(path, silence_s, loop.time())
        ended, key, until = End.FULL, "", loop.time() + max_s
        try:
            while (left := until - loop.time()) > 0:
                found = await self._first(self._keys.get(), recorder.silent.wait(), timeout_s=left)
                if found is True:
                    ended = End.SILENCE
                    break
                if isinstance(found, str) and found in finish:
                    ended, key = End.KEY, found
                    break
        except Gone:
            ended = End.HANGUP
        finally:
            self._recorder = None
            seconds = recorder.close()
        return Recorded(seconds, ended, key)

    async def reject(self, busy: bool) -> None:
        await self._asked(self._call.reject())  # always 486: enough for a missed call

    async def hangup(self) -> None:
        if self._up.is_set() and not self.over:
            await asyncio.sleep(LAST_CLIP_S)
        if not self.over:
            with suppress(BaresipError):
                await self._call.hangup()

    async def _say(self, clips: Sequence[Path], cut: bool) -> str | None:
        """The key that cut the clips, else None."""
        self._out = deque(memoryview(_samples(clip)) for clip in clips)
        self._sent = self._said = 0
        if not self._out:
            return None
        self._played.clear()
        found = await self._first(*([self._keys.get()] if cut else []), self._played.wait())
        if not isinstance(found, str):
            return None
        self._out.clear()
        with suppress(*_NO_SOUND):
            self._said = max(self._said, self._sent - self._call.audio.info().tx_buffered)
            self._call.audio.flush_tx()
        self._played.set()
        return found

    async def _wait(self, seconds: float) -> str | None:
        found = await self._first(self._keys.get(), timeout_s=seconds)
        return None if found is None else str(found)

    def _top_up(self) -> None:
        audio = self._call.audio
        queued = audio.info().tx_buffered
        self._said = max(self._said, self._sent - queued)
        while self._out and queued < AHEAD:
            piece = self._out[0][: AHEAD - queued]
            taken = audio.write(piece)
            queued, self._sent = queued + taken, self._sent + taken
            self._out[0] = self._out[0][taken:]
            if not self._out[0]:
                self._out.popleft()
            if taken < len(piece):
                break
        if not self._out and queued == 0:
            self._played.set()

    def _key(self, event: DigitEvent) -> None:
        self._keys.put_nowait(event.digit)

    def _forget_keys(self) -> None:
        while not self._keys.empty():
            self._keys.get_nowait()

    async def _first(self, *waits: Awaitable[Any], timeout_s: float | None = None) -> Any:
        """The result of the first of these to end, None at the timeout; Gone on a hang-up."""
        tasks, end = [asyncio.ensure_future(wait) for wait in waits], asyncio.ensure_future(self._ended.wait())
        try:
            done, _ = await asyncio.wait([*tasks, end], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            found = [task.result() for task in tasks if task in done]
            if end in done and not found:
                raise Gone
            return found[0] if found else None
        finally:
            for task in (*tasks, end):
                task.cancel()

    async def _asked(self, command: Awaitable[None]) -> None:
        try:
            await command
        except StaleHandleError as error:
            raise Gone from error
        except BaresipError as error:
            raise VoiceError(type(error).__name__) from error
