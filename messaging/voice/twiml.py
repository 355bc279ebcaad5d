"""Reads TwiML into steps of ours: the part of it that Somleng runs too, and nothing else.

Only our own webhooks are read, so that anything outside that part is a mistake of ours: an error, never a guess. Addresses come
out absolute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from messaging.voice.errors import VoiceError

KEYS = "1234567890*#"
MOST_BYTES = 64 * 1024
LONGEST = 3600  # seconds, of a wait or a recording


class TwimlError(VoiceError):
    """Not TwiML, or a verb, attribute or value outside the portable part."""


@dataclass(frozen=True)
class Play:
    """One sound."""

    url: str


@dataclass(frozen=True)
class Say:
    """Words that nobody reads aloud here; they are not kept."""


@dataclass(frozen=True)
class Gather:
    """`digits` 0: as many as come before `finish`, which is one key or "". `on_empty`: silence is posted too."""

    prompts: tuple[Play | Say, ...]
    action: str
    digits: int
    finish: str
    timeout_s: int
    on_empty: bool


@dataclass(frozen=True)
class Record:
    """`finish` holds every key that ends it."""

    action: str
    max_s: int
    silence_s: int
    finish: str
    beep: bool


@dataclass(frozen=True)
class Redirect:
    url: str


@dataclass(frozen=True)
class Reject:
    busy: bool


@dataclass(frozen=True)
class Hangup:
    pass


Verb = Play | Say | Gather | Record | Redirect | Reject | Hangup

_KNOWN: Mapping[str, frozenset[str]] = {
    "Play": frozenset(),
    "Say": frozenset({"language", "voice"}),
    "Gather": frozenset({"action", "method", "timeout", "numDigits", "finishOnKey", "actionOnEmptyResult"}),
    "Record": frozenset({"action", "method", "maxLength", "timeout", "finishOnKey", "playBeep"}),
    "Redirect": frozenset({"method"}),
    "Reject": frozenset({"reason"}),
    "Hangup": frozenset(),
}
_TEXTS = frozenset({"Play", "Say", "Redirect"})


def parse(body: bytes, base: str) -> tuple[Verb, ...]:
    """The steps of one document that came from `base`; TwimlError for anything outside the portable part."""
    # No declaration of types or entities, hence none of the attacks by them; ours hold no comment either.
    if len(body) > MOST_BYTES or b"<!" in body:
        raise TwimlError("too long, or not plain XML")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise TwimlError("not XML") from error
    if root.tag != "Response" or root.attrib or _stray(root):
        raise TwimlError("not a Response")
    return tuple(_verb(element, base) for element in root)


def _verb(element: Element, base: str) -> Verb:
    tag, given = element.tag, element.attrib
    if tag not in _KNOWN or not _KNOWN[tag] >= given.keys():
        raise TwimlError(f"{tag}: outside the portable part")
    if (tag != "Gather" and len(element)) or (tag not in _TEXTS and _stray(element)):
        raise TwimlError(f"{tag}: holds what it cannot")
    if given.get("method", "POST") != "POST":
        raise TwimlError(f"{tag}: method")
    match tag:
        case "Play":
            return Play(_address(element, base))
        case "Say":
            return Say()
        case "Gather":
            return _gather(element, base)
        case "Record":
            return Record(
                _action(element, base),
                max_s=_whole(element, "maxLength", LONGEST),
                silence_s=_whole(element, "timeout", 5),
                finish=_keys(element, KEYS, len(KEYS)),
                beep=_flag(element, "playBeep", True),
            )
        case "Redirect":
            return Redirect(_address(element, base))
        case "Reject":
            reason = given.get("reason", "rejected")
            if reason not in ("busy", "rejected"):
                raise TwimlError("Reject: reason")
            return Reject(reason == "busy")
        case _:
            return Hangup()


def _gather(element: Element, base: str) -> Gather:
    prompts = tuple(_verb(inner, base) for inner in element)
    sounds = tuple(prompt for prompt in prompts if isinstance(prompt, Play | Say))
    if len(sounds) != len(prompts):
        raise TwimlError("Gather: holds what it cannot")
    return Gather(
        sounds,
        _action(element, base),
        digits=_whole(element, "numDigits", 0),
        finish=_keys(element, "#", 1),
        timeout_s=_whole(element, "timeout", 5),
        on_empty=_flag(element, "actionOnEmptyResult", False),
    )


def _stray(element: Element) -> bool:
    """Whether words stand between the verbs."""
    return bool((element.text or "").strip()) or any((inner.tail or "").strip() for inner in element)


def _address(element: Element, base: str) -> str:
    written = (element.text or "").strip()
    if not written:
        raise TwimlError(f"{element.tag}: no address")
    return urljoin(base, written)


def _action(element: Element, base: str) -> str:
    return urljoin(base, element.get("action", ""))


def _whole(element: Element, name: str, default: int) -> int:
    written = element.get(name, str(default))
    if not (written.isascii() and written.isdigit()) or int(written[:9]) > LONGEST:
        raise TwimlError(f"{element.tag}: {name}")
    return int(written)


def _flag(element: Element, name: str, default: bool) -> bool:
    written = element.get(name, str(default).lower())
    if written not in ("true", "false"):
        raise TwimlError(f"{element.tag}: {name}")
    return written == "true"


def _keys(element: Element, default: str, most: int) -> str:
    written = element.get("finishOnKey", default)
    if len(written) > most or not set(written) <= set(KEYS):
        raise TwimlError(f"{element.tag}: finishOnKey")
    return written
