"""What goes into the engine and what comes out, as frozen values.

A `Line` names what to say and never says it: the label is a prompt or content key, put into words or sound elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from dialogue.errors import DialogueError
from dialogue.reading import Fields, Value

__all__ = [
    "KEYS",
    "DialogueError",
    "Ended",
    "Happened",
    "Input",
    "Line",
    "Pressed",
    "Recorded",
    "Said",
    "State",
    "TimedOut",
    "Turn",
    "Value",
    "Wait",
    "WaitKind",
    "choice",
    "number",
    "sound",
    "text",
]

KEYS = "1234567890*#"


class Ended(StrEnum):
    """Why a recording stopped. After `HANGUP` nobody hears the replies, but the recording counts."""

    KEY = "key"
    SILENCE = "silence"
    FULL = "full"
    HANGUP = "hangup"


@dataclass(frozen=True)
class Said:
    """A text message."""

    text: str


@dataclass(frozen=True)
class Pressed:
    """Keys of one gather; no key and no `finished_on` is silence.

    `finished_on` is `#` where the provider tells a bare `#` from silence.
    """

    keys: str
    finished_on: str = ""


@dataclass(frozen=True)
class Recorded:
    """A voice recording: the host's reference to the stored sound, and its measured length in seconds."""

    sound: str
    seconds: float
    ended: Ended = Ended.KEY


@dataclass(frozen=True)
class TimedOut:
    """Nothing came in the time allowed."""


Input: TypeAlias = Said | Pressed | Recorded | TimedOut


@dataclass(frozen=True)
class Line:
    """Something to say, as `menu_main`, `content:12` or `quiz:3:question`.

    In a flow a value written `$name` stands for a variable (`$$` for a dollar sign); in a `Turn` it is filled in.
    """

    label: str
    values: Mapping[str, str | int] = field(default_factory=dict)


class WaitKind(StrEnum):
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    SOUND = "sound"


@dataclass(frozen=True)
class Wait:
    """A hint of the answer expected next; each channel makes of it what it can. Only the fields of its kind matter.

    choice: one of `keys`; a word of `words` (lower case, no accents) stands for a key.
    number: `low` to `high`, ended by `#`; with `unknown`, a bare `#` (or `*#`, or a typed X) means "not known".
    text: anything typed, or keys ended by `#`, or as many as `digits` says (0: no such number).
    sound: a recording of `min_s` to `max_s`, ended by `#` or `silence_s` of silence; typed text is taken in its place.
    `first_s` to the first key, `between_s` between keys, in seconds.
    """

    kind: WaitKind
    keys: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    low: int = 0
    high: int = 999_999_999
    unknown: bool = False
    min_s: int = 2
    max_s: int = 60
    silence_s: int = 4
    digits: int = 0
    first_s: int = 7
    between_s: int = 4


def choice(*keys: str, words: Mapping[str, str] | None = None) -> Wait:
    return Wait(WaitKind.CHOICE, keys=keys, words=words or {})


def number(low: int, high: int, *, unknown: bool = False) -> Wait:
    return Wait(WaitKind.NUMBER, low=low, high=high, unknown=unknown)


def text(*, digits: int = 0) -> Wait:
    return Wait(WaitKind.TEXT, digits=digits)


def sound(*, max_s: int = 60, silence_s: int = 4, min_s: int = 2) -> Wait:
    return Wait(WaitKind.SOUND, max_s=max_s, silence_s=silence_s, min_s=min_s)


@dataclass(frozen=True)
class Happened:
    """Something the host must record, in the transaction that stores the state.

    Of the engine itself: `draft_kept` (node), `step_limit` (node), `lost` (node, where one is known).
    """

    kind: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Where one conversation stands, between two turns; always at an Ask.

    `tries`: silent or wrong answers in a row here. `steps`: nodes entered since the start.
    `back`: the Asks left by a key of the whole flow, the latest last; `@back` returns there.
    """

    flow: str
    version: int
    node: str
    variables: Mapping[str, Value] = field(default_factory=dict)
    tries: int = 0
    steps: int = 0
    back: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As plain values, to be stored as JSON."""
        plain = {"variables": dict(self.variables), "tries": self.tries, "steps": self.steps, "back": list(self.back)}
        return {"flow": self.flow, "version": self.version, "node": self.node, **plain}

    @classmethod
    def from_document(cls, stored: object) -> "State":
        """Raises `DialogueError` on anything that `document` would not have given."""
        fields = Fields(stored, "state")
        state = cls(
            flow=fields.text("flow"),
            version=fields.whole("version"),
            node=fields.text("node"),
            variables=fields.values("variables"),
            tries=fields.count("tries"),
            steps=fields.count("steps"),
            back=fields.texts("back"),
        )
        fields.done()
        return state


@dataclass(frozen=True)
class Turn:
    """What one step of the conversation came to.

    Either it waits (`wait` and `state` set), or it consults the host (`consult` and `state` set; answer with `engine.told`),
    or it ended. An ended turn keeps a `state` only as a draft (`Happened("draft_kept")`), for `reopen`.
    """

    state: State | None
    replies: tuple[Line, ...] = ()
    wait: Wait | None = None
    happened: tuple[Happened, ...] = ()
    ended: bool = False
    consult: Happened | None = None
