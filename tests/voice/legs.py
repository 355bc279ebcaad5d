"""A leg and a switch that only pretend, for what is decided above them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from messaging.voice import sound
from messaging.voice.errors import Gone
from messaging.voice.legs import Answered, Dialled, End, Keys, OnCall, Recorded


@dataclass
class FakeLeg:
    """Does at once what it is told and writes it down. `keys` answer each gather; at the end of `stay` sounds they hang up."""

    caller: str = "+22376000001"
    called: str = "+22320201000"
    keys: list[Keys] = field(default_factory=list)
    recording: Recorded = field(default_factory=lambda: Recorded(0.0, End.SILENCE))
    voice: bytes = b""
    stay: int = 1000
    cut_at: float | None = None  # a key comes after so many seconds of what is said
    done: list[str] = field(default_factory=list)
    heard: float = 0.0

    async def answer(self) -> None:
        self.done.append("answer")

    async def play(self, clips: Sequence[Path]) -> None:
        self.heard = 0.0
        for clip in clips:
            self.done.append(f"play {clip.stem[:4]}")
            self.stay -= 1
            if self.stay < 0:
                self.heard += 0.25
                raise Gone
            self.heard += sound.seconds(clip)

    async def gather(self, clips: Sequence[Path], digits: int, finish: str, first_s: float, between_s: float) -> Keys:
        await self.play(clips)
        self.done.append(f"gather {digits} {finish!r} {first_s:g} {between_s:g}")
        self.heard = self.heard if self.cut_at is None else self.cut_at
        return self.keys.pop(0) if self.keys else Keys("")

    async def record(self, path: Path, max_s: float, silence_s: float, finish: str) -> Recorded:
        self.done.append(f"record {max_s:g} {silence_s:g} {finish!r}")
        await asyncio.to_thread(sound.write, path.with_suffix(".wav"), self.voice)
        path.with_suffix(".wav").rename(path)
        return self.recording

    async def reject(self, busy: bool) -> None:
        self.done.append("reject")

    async def hangup(self) -> None:
        self.done.append("hangup")


@dataclass
class FakeSwitch:
    """Answers each call to make with `answer`, after the phone rang."""

    answer: Dialled = field(default_factory=lambda: Answered(FakeLeg()))
    patient: bool = False  # rings until it is cancelled
    asked: list[tuple[str, str, float]] = field(default_factory=list)
    on_call: OnCall | None = None

    async def start(self, on_call: OnCall, on_dead: Callable[[], None]) -> None:
        self.on_call = on_call

    async def stop(self) -> None:
        pass

    async def originate(self, to: str, caller: str, timeout_s: float, on_ringing: Callable[[], None]) -> Dialled:
        self.asked.append((to, caller, timeout_s))
        on_ringing()
        if self.patient:
            await asyncio.Event().wait()
        return self.answer
