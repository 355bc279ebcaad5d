"""Understands what came in, given what was awaited: `2`, `2.` and `Rep 2` are one answer.

A letter O is never read as zero here: a lone `O` is as likely a "oui", and is asked again.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dialogue.values import Input, Pressed, Recorded, Said, TimedOut, Value, Wait, WaitKind


class Miss(StrEnum):
    """No answer: nothing came, or nothing that fits."""

    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"


@dataclass(frozen=True)
class Key:
    """One key: an answer to a choice, or a key of the whole flow."""

    key: str


@dataclass(frozen=True)
class Answer:
    """A number (None: not known), a text, or a sound's reference. `seconds` is the sound's length."""

    value: Value
    seconds: float | None = None


Understood: TypeAlias = Key | Answer | Miss

# `rep`, `reponse` and `R` are the SMS grammar's own words before a digit.
_LEAD = r"(?:rep(?:onse)?|r)?[\s.:]*"
_KEY = re.compile(_LEAD + r"([0-9*#])[\s.!)]*")
# Nine digits at most: nothing we count needs more, and int() refuses absurdly long texts.
_NUMBER = re.compile(_LEAD + r"([0-9]{1,9})[\s.!)]*")


def understand(wait: Wait, given: Input, flow_keys: Collection[str]) -> Understood:
    """What `given` means as an answer to `wait`, where the flow itself also takes `flow_keys`. Never raises."""
    if _nothing(wait, given):
        return Miss.NO_KEY
    match wait.kind:
        case WaitKind.CHOICE:
            return _choice(wait, given)
        case WaitKind.NUMBER:
            return _star(given, flow_keys) or _number(wait, given)
        case WaitKind.TEXT:
            return _star(given, flow_keys) or _text(given)
        case WaitKind.SOUND:
            return _sound(wait, given, flow_keys)


def _nothing(wait: Wait, given: Input) -> bool:
    match given:
        case TimedOut():
            return True
        case Said(text):
            return not clean(text)
        case Pressed(keys, finished_on):
            return not keys.strip() and not finished_on.strip()
        case Recorded(_, seconds):
            # Written so that a length that is no number counts as too short.
            return wait.kind is WaitKind.SOUND and not seconds >= wait.min_s


def _choice(wait: Wait, given: Input) -> Understood:
    key = _lone_key(given)
    if key is None and isinstance(given, Said):
        key = wait.words.get(re.sub(r"\W+", " ", _plain(given.text)).strip())
    return Miss.WRONG_KEY if key is None else Key(key)


def _star(given: Input, flow_keys: Collection[str]) -> Key | None:
    """`*` alone is the flow's; followed by `#` it is an answer ("not known")."""
    finished = isinstance(given, Pressed) and (given.keys + given.finished_on).endswith("#")
    return Key("*") if "*" in flow_keys and not finished and _lone_key(given) == "*" else None


def _number(wait: Wait, given: Input) -> Understood:
    match given:
        case Pressed(keys, finished_on):
            written = _plain(keys + finished_on)
            not_known = written in ("#", "*#")
            written = written.removesuffix("#")
        case Said(text):
            written = _plain(text)
            not_known = written.rstrip(".! ") in ("#", "*#", "x")
        case _:
            return Miss.WRONG_KEY
    if not_known:
        return Answer(None) if wait.unknown else Miss.WRONG_KEY
    found = _NUMBER.fullmatch(written)
    if found and wait.low <= int(found[1]) <= wait.high:
        return Answer(int(found[1]))
    return Miss.WRONG_KEY


def _text(given: Input) -> Understood:
    match given:
        case Said(text):
            return Answer(clean(text))
        case Pressed(keys, _) if keys.removesuffix("#"):
            return Answer(clean(keys.removesuffix("#")))
        case _:
            return Miss.WRONG_KEY


def _sound(wait: Wait, given: Input, flow_keys: Collection[str]) -> Understood:
    key = _lone_key(given)
    if key is not None and key in flow_keys:
        return Key(key)
    match given:
        case Recorded(sound, seconds):
            return Answer(sound, seconds=min(seconds, float(wait.max_s)))
        case Said(text) if key is None:
            return Answer(clean(text))
        case _:
            return Miss.WRONG_KEY


def _lone_key(given: Input) -> str | None:
    match given:
        case Said(text):
            found = _KEY.fullmatch(_plain(text))
            return found[1] if found else None
        case Pressed(keys, finished_on):
            key = _plain(keys + finished_on)
            key = key.removesuffix("#") or key
            return key if _KEY.fullmatch(key) else None
        case _:
            return None


def clean(text: str) -> str:
    """A text safe to store: no control characters (PostgreSQL refuses NUL) nor lone surrogates, trimmed."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _UNSAFE)
    return unicodedata.normalize("NFC", kept).strip()


_UNSAFE = frozenset({"Cc", "Cs", "Cf"})


def _plain(text: str) -> str:
    """Lower case, no accents, any script's digits as 0 to 9."""
    spread = unicodedata.normalize("NFKD", clean(text))
    shown = "".join(c for c in spread if not unicodedata.combining(c))
    return "".join(str(unicodedata.decimal(c, c)) for c in shown).casefold().strip()
