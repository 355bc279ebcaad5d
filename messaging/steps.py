"""What a call is told to do next, as plain values with a JSON form; each gateway writes them in its provider's words.

A list ends with Gather, Record, Redirect, Reject or Hangup: anything else would leave the provider without an instruction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from messaging.errors import MessagingError

Json = dict[str, Any]
SECONDS_A_WORD = 0.4  # of a synthetic voice


class StepError(MessagingError):
    """Steps that no provider could follow, or JSON that is none of ours."""


@dataclass(frozen=True)
class Sound:
    """One clip: where it is fetched, how long it lasts, and second by which the core is said (None: not a message)."""

    url: str
    seconds: float
    core_end_s: float | None = None
    label: str = ""


@dataclass(frozen=True)
class Play:
    clips: tuple[Sound, ...]


@dataclass(frozen=True)
class Say:
    """French tests only."""

    text: str
    language: str = "fr"


@dataclass(frozen=True)
class Gather:
    """Wait for keys; `next` is the absolute webhook address carrying the turn. `digits` 0: as many as come before `finish`."""

    prompts: tuple[Play | Say, ...]
    next: str
    digits: int = 1
    finish: str = ""
    first_s: float = 7
    between_s: float = 4


@dataclass(frozen=True)
class Record:
    next: str
    max_s: int = 60
    silence_s: int = 4
    finish: str = "#"
    beep: bool = True


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Redirect:
    next: str


@dataclass(frozen=True)
class Reject:
    busy: bool = True


@dataclass(frozen=True)
class Hangup:
    pass


Step = Play | Say | Gather | Record | Pause | Redirect | Reject | Hangup
_NAMES: dict[str, type[Step]] = {
    "play": Play,
    "say": Say,
    "gather": Gather,
    "record": Record,
    "pause": Pause,
    "redirect": Redirect,
    "reject": Reject,
    "hangup": Hangup,
}


def core_end(steps: Sequence[Step]) -> float | None:
    """The second by which the message among these steps has said its core; None without a message."""
    for clip in sounds(steps):
        if clip.core_end_s is not None:
            return clip.core_end_s
    return None


def length(steps: Sequence[Step]) -> float:
    """Seconds these steps last before they wait for whoever listens."""
    spent = 0.0
    for step in steps:
        if isinstance(step, Play):
            spent += sum(clip.seconds for clip in step.clips)
        elif isinstance(step, Say):
            spent += SECONDS_A_WORD * len(step.text.split())
        elif isinstance(step, Pause):
            spent += step.seconds
        elif isinstance(step, Gather):
            spent += length(step.prompts)
    return spent


def to_json(steps: Sequence[Step], turn: int) -> Json:
    """`{"turn": 7, "steps": [{"do": "gather", …}]}`, with the field names of this file."""
    return {"turn": turn, "steps": [_plain(step) for step in steps]}


def from_json(stored: Json) -> tuple[Step, ...]:
    """The steps of `to_json`; StepError for anything else."""
    try:
        return tuple(_step(item) for item in stored["steps"])
    except (KeyError, TypeError) as error:
        raise StepError("not a list of steps") from error


def sounds(steps: Sequence[Step]) -> list[Sound]:
    """Every clip of these steps, in the order they are said."""
    found: list[Sound] = []
    for step in steps:
        if isinstance(step, Play):
            found += step.clips
        elif isinstance(step, Gather):
            found += sounds(step.prompts)
    return found


_FIELDS: dict[type, tuple[str, ...]] = {kind: tuple(each.name for each in fields(kind)) for kind in (Sound, *_NAMES.values())}


@lru_cache(maxsize=512)
def _played(step: Play) -> tuple[Json, ...]:
    """Its clips, plain; read by many, changed by nobody."""
    return tuple({name: getattr(clip, name) for name in _FIELDS[Sound]} for clip in step.clips)


def _plain(value: Any) -> Any:
    if isinstance(value, Play):
        return {"do": "play", "clips": list(_played(value))}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    names = _FIELDS.get(type(value))
    if names is None:
        return value
    named: Json = {} if isinstance(value, Sound) else {"do": type(value).__name__.lower()}
    for name in names:
        given = getattr(value, name)
        named[name] = _plain(given) if isinstance(given, tuple) else given
    return named


def _step(item: Json) -> Step:
    given = {name: value for name, value in item.items() if name != "do"}
    if item["do"] == "play":
        return Play(tuple(Sound(**clip) for clip in given["clips"]))
    if item["do"] == "gather":
        prompts = tuple(_step(prompt) for prompt in given.pop("prompts"))
        return Gather(prompts, **given)  # type: ignore[arg-type]  # a wrong name is a TypeError: see `from_json`
    return _NAMES[item["do"]](**given)
