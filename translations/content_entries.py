"""The entries of the content files as values: themes, facts, messages, quiz questions, automatic replies, spoken prompts.

An entry's `digest` leaves out the line it stands on, so that moving it within its file is no change.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields
from enum import StrEnum

MAX_EXPLANATION = 120
"""Septets: the explanation of a quiz question shares one SMS with « Oui, c'est juste. »."""

_SLOT = re.compile(r"\{([a-z_]+)\}")


class Mark(StrEnum):
    """How sure a fact is: read in its source, second hand, or waiting for a nutrition officer."""

    READ = "R"
    SECOND_HAND = "S"
    TO_CONFIRM = "C"


class Season(StrEnum):
    RAINS = "pluies"
    HARVEST = "récoltes"
    COOL = "fraîche"
    HOT = "chaude"


class Pack(StrEnum):
    """A voice pack that goes live by itself: listening; menu, quiz and questions; keypad reports; life-stage series."""

    A = "A"
    B = "B"
    C = "C"
    SERIES = "S"


@dataclass(frozen=True)
class Place:
    """Where an entry begins: file name, line from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Entry:
    place: Place

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of all that the entry says."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "place"}
        written = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(f"{type(self).__name__}{written}".encode()).hexdigest()


@dataclass(frozen=True)
class Theme(Entry):
    """`short` stands in the echo of a report, `word` in a list of two themes; `group` is its Essential Nutrition Action."""

    code: int
    name: str
    short: str
    word: str
    group: str


@dataclass(frozen=True)
class Fact(Entry):
    """`publishable` is False where sources disagree."""

    number: int
    text: str
    source: str
    mark: Mark
    publishable: bool


@dataclass(frozen=True)
class Sourced(Entry):
    """What messages and quiz questions share. `key` is unique among both."""

    key: str
    theme: int
    facts: tuple[int, ...]
    source: str
    mark: Mark


@dataclass(frozen=True)
class MessageText(Sourced):
    """`text` is sent (GSM-7, two parts at most), `voice` is read aloud in 20 to 40 seconds; `audience` is a hint to staff."""

    title: str
    audience: str
    text: str
    voice: str
    season: Season | None


@dataclass(frozen=True)
class QuizText(Sourced):
    """`right` counts the options from 1. `explanation` follows a right and a wrong answer alike. `club_question`: the theme's
    one question of the quarter, as QZ reports it."""

    question: str
    options: tuple[str, ...]
    right: int
    explanation: str
    club_question: bool

    @property
    def sms(self) -> str:
        """The question as it is sent: « Question? 1 ... 2 ... 3 ... »."""
        return " ".join([self.question, *(f"{number} {option}" for number, option in enumerate(self.options, start=1))])


@dataclass(frozen=True)
class ReplyText(Entry):
    """An automatic SMS. `sample` gives a long value for each {placeholder}, as pairs; `version` where a proof keeps it."""

    label: str
    title: str
    text: str
    sample: tuple[tuple[str, str], ...]
    version: int | None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names between braces, each once."""
        return tuple(dict.fromkeys(_SLOT.findall(self.text)))

    @property
    def longest(self) -> str:
        """The text filled with its sample. Raises KeyError for a placeholder without one."""
        sample = dict(self.sample)
        return _SLOT.sub(lambda slot: sample[slot.group(1)], self.text)


@dataclass(frozen=True)
class PromptText(Entry):
    """A line of the voice service, `when` it is said for those who record it; a reply of the same label is its form by SMS."""

    label: str
    pack: Pack
    when: str
    text: str


@dataclass(frozen=True)
class ContentLibrary:
    themes: tuple[Theme, ...]
    facts: tuple[Fact, ...]
    messages: tuple[MessageText, ...]
    quizzes: tuple[QuizText, ...]
    replies: tuple[ReplyText, ...]
    prompts: tuple[PromptText, ...]
