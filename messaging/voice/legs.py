"""What a telephone line must offer: a `Leg` is one call on it, a `Switch` is the line itself.

Times are seconds. Every method of a leg raises `Gone` once the other side has hung up, but for `hangup`, which may always be
asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Keys:
    """What was pressed, and the key that ended it: "" after a silence or when there were enough of them."""

    digits: str
    finished_on: str = ""


class End(StrEnum):
    """What ended a recording."""

    KEY = "key"
    SILENCE = "silence"
    FULL = "full"
    HANGUP = "hangup"


@dataclass(frozen=True)
class Recorded:
    """A recording that ended; `key` is the key that ended it, else ""."""

    seconds: float
    ended: End
    key: str = ""


async def collected(
    cut_by: str | None, wait: Callable[[float], Awaitable[str | None]], digits: int, finish: str, first_s: float, between_s: float
) -> Keys:
    """The keys that `Leg.gather` promises: the one that cut its clips, then each that `wait` brings within so many seconds."""
    got, key = "", cut_by or await wait(first_s)
    while key is not None:
        if finish and key == finish:
            return Keys(got, key)
        got += key
        if digits and len(got) >= digits:
            break
        key = await wait(between_s)
    return Keys(got)


class Leg(Protocol):
    """One call. `caller` and `called` are numbers as the line gave them; clips are 8 kHz 16-bit mono WAV files.

    `heard` is how much of the clips last given to `play` or `gather` has been heard, also after `Gone`.
    """

    caller: str
    called: str

    @property
    def heard(self) -> float: ...

    async def answer(self) -> None:
        """Pick up an incoming call; returns once sound can pass."""
        ...

    async def play(self, clips: Sequence[Path]) -> None:
        """Say all of it; keys change nothing."""
        ...

    async def gather(self, clips: Sequence[Path], digits: int, finish: str, first_s: float, between_s: float) -> Keys:
        """Say the clips until a key cuts them, and collect keys; those pressed before are forgotten."""
        ...

    async def record(self, path: Path, max_s: float, silence_s: float, finish: str) -> Recorded:
        """Write what is heard to a WAV file. A hang-up ends it without `Gone`."""
        ...

    async def reject(self, busy: bool) -> None:
        """Refuse an incoming call that was not answered."""
        ...

    async def hangup(self) -> None:
        """End the call, the last clip heard to its end."""
        ...


@dataclass(frozen=True)
class Answered:
    leg: Leg


@dataclass(frozen=True)
class Busy:
    """`code` is SIP's, or "" where there was none."""

    code: str = ""


@dataclass(frozen=True)
class NoAnswer:
    code: str = ""


@dataclass(frozen=True)
class Failed:
    code: str = ""


Dialled = Answered | Busy | NoAnswer | Failed
OnCall = Callable[[Leg], Awaitable[None]]


class Switch(Protocol):
    """A telephone line. `on_call` is given every incoming call, unanswered, in a task of its own."""

    async def start(self, on_call: OnCall, on_dead: Callable[[], None]) -> None:
        """Listen; `on_dead` is told once if the line dies and only a new process can mend it."""
        ...

    async def stop(self) -> None: ...

    async def originate(self, to: str, caller: str, timeout_s: float, on_ringing: Callable[[], None]) -> Dialled:
        """Call a number and wait for what becomes of it; cancelled, it hangs up."""
        ...


# What SIP says to a call that was not answered; anything else failed.
_BUSY = frozenset({"486", "600", "603"})  # 603: the person refused it
_NO_ANSWER = frozenset({"408", "480", "487"})


def by_code(code: str) -> Busy | NoAnswer | Failed:
    """What a SIP status means for a call that was not answered."""
    if code in _BUSY:
        return Busy(code)
    return NoAnswer(code) if code in _NO_ANSWER else Failed(code)
