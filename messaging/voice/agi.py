"""One call on Asterisk, by FastAGI: Asterisk connects to us, says whose call it is, then does one command at a time.

Sound never passes through this process: Asterisk reads clips and writes recordings itself, so that it must run on the same
machine and be allowed to read our folder of sounds and write that of recordings.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from messaging.voice import sound
from messaging.voice.errors import Gone
from messaging.voice.legs import End, Keys, Recorded, collected

_RESULT = re.compile(r"200 result=(-?\d+)(?: \(([^)]*)\))?(?: endpos=(\d+))?")
_ALL = "0123456789*#"
BUSY, REFUSED = 17, 21  # causes of Q.850; the first becomes 486


class AgiLeg:
    """A `Leg` over the connection that Asterisk opened; `given` is what it said of the call."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, given: dict[str, str]) -> None:
        self._reader, self._writer = reader, writer
        self.caller = given.get("agi_callerid", "").replace("unknown", "")
        self.called = given.get("agi_dnid", "").replace("unknown", "") or given.get("agi_extension", "")
        self._heard = 0.0
        self.closed = asyncio.Event()  # nothing more can be asked of this call

    @property
    def heard(self) -> float:
        return self._heard

    async def answer(self) -> None:
        await self._ask("ANSWER")

    async def play(self, clips: Sequence[Path]) -> None:
        await self._say(clips, "")

    async def gather(self, clips: Sequence[Path], digits: int, finish: str, first_s: float, between_s: float) -> Keys:
        return await collected(await self._say(clips, _ALL), self._wait, digits, finish, first_s, between_s)

    async def record(self, path: Path, max_s: float, silence_s: float, finish: str) -> Recorded:
        wav = path.with_suffix(".wav")  # Asterisk puts the ending there itself
        quiet = f" s={int(silence_s)}" if silence_s else ""
        try:
            result, why, _ = await self._ask(f'RECORD FILE "{wav.with_suffix("")}" wav "{finish}" {int(1000 * max_s)}{quiet}')
        except Gone:
            result, why = -1, "hangup"
        seconds = await asyncio.to_thread(_taken_in, wav, path)
        if result < 0 or why == "hangup":
            return Recorded(seconds, End.HANGUP)
        if result:
            return Recorded(seconds, End.KEY, chr(result))
        return Recorded(seconds, End.SILENCE if seconds + 1 < max_s else End.FULL)

    async def reject(self, busy: bool) -> None:
        await self._ask(f"EXEC Hangup {BUSY if busy else REFUSED}")

    async def hangup(self) -> None:
        if not self.closed.is_set():
            with suppress(Gone):
                await self._ask("HANGUP")
            self.closed.set()

    async def _say(self, clips: Sequence[Path], keys: str) -> str | None:
        self._heard = 0.0
        for clip in clips:
            length = sound.seconds(clip)
            result, _, end = await self._ask(f'STREAM FILE "{clip.with_suffix("")}" "{keys}"')
            self._heard += length if not result else min(length, end / sound.RATE)
            if result:
                return chr(result)
        return None

    async def _wait(self, seconds: float) -> str | None:
        pressed, _, _ = await self._ask(f"WAIT FOR DIGIT {int(1000 * seconds)}")
        return chr(pressed) if pressed else None

    async def _ask(self, command: str) -> tuple[int, str, int]:
        """(result, what stood in brackets, samples played); Gone."""
        if self.closed.is_set():
            raise Gone
        try:
            self._writer.write(f"{command}\n".encode())
            await self._writer.drain()
            while True:
                line = (await self._reader.readline()).decode("utf-8", "replace").strip()
                if line != "HANGUP":  # said of itself at any moment; the command under way is still answered
                    break
        except (OSError, ValueError) as error:
            self.closed.set()
            raise Gone from error
        found = _RESULT.match(line)
        if found is None or (int(found[1]) < 0 and not command.startswith("RECORD")):
            self.closed.set()  # 511: the channel is dead; nothing: the connection is
            raise Gone
        return int(found[1]), found[2] or "", int(found[3] or 0)


async def read_environment(reader: asyncio.StreamReader) -> dict[str, str]:
    """What Asterisk says of the call before its first command, as `agi_…: value` lines."""
    given: dict[str, str] = {}
    while line := (await reader.readline()).decode("utf-8", "replace").strip():
        name, _, value = line.partition(":")
        given[name] = value.strip()
    return given


def _taken_in(written: Path, path: Path) -> float:
    """Put what Asterisk wrote where it was wanted; how long it is."""
    if not written.exists():
        return 0.0
    written.rename(path)
    return sound.seconds(path)
