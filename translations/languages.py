"""The content languages an installation starts with, and the order in which a text is looked for.

They are never handed to Babel: CLDR lacks most of them, and one unknown code in a locale selector is an error 500 for everyone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

SOURCE = "fr"


class Direction(StrEnum):
    LTR = "ltr"
    RTL = "rtl"


@dataclass(frozen=True)
class ContentLanguage:
    """`autonym` is the French name until a speaker confirms the language's own (`autonym_confirmed`). `number` is its place in
    the LANGUE menu, `sms_name` its name there (GSM-7). `letters` are those outside French; `aliases` are other names that
    people may type after LANGUE."""

    code: str
    number: int
    autonym: str
    autonym_confirmed: bool
    french_name: str
    sms_name: str
    cldr_locale: str | None
    fallback: str | None
    letters: str
    aliases: tuple[str, ...] = ()
    direction: Direction = Direction.LTR


# No Dogon language falls back on another: Toro So, though official, is not understood everywhere.
SEED: tuple[ContentLanguage, ...] = (
    ContentLanguage("fr", 1, "Français", True, "français", "francais", "fr", None, ""),
    ContentLanguage("bm", 2, "Bamanankan", True, "bambara", "bambara", "bm", "fr", "ɛɔɲŋ", ("bamanan", "bamanankan")),
    # CLDR's `ff` is Senegalese: its dates and months would be read as another people's.
    ContentLanguage("ffm", 3, "Fulfulde", True, "peul (fulfulde)", "peul", None, "fr", "ɓɗƴŋɲʼ", ("peulh", "fulfulde")),
    ContentLanguage("dts", 4, "dogon toro so", False, "dogon toro so", "toro so", None, "fr", "ɛɔɲŋ", ("torosso",)),
    ContentLanguage("dds", 5, "dogon donno so", False, "dogon donno so", "donno so", None, "fr", "ɛɔɲŋ", ("donnosso",)),
    ContentLanguage("dto", 6, "dogon tommo so", False, "dogon tommo so", "tommo so", None, "fr", "ɛɔɲŋ", ("tommosso",)),
    ContentLanguage("djm", 7, "dogon jamsay", False, "dogon jamsay", "jamsay", None, "fr", "ɛɔɲŋ"),
    # The nasal letters of Songhay wait for a language editor.
    ContentLanguage("ses", 8, "Koyraboro senni", True, "songhaï", "songhai", "ses", "fr", "ɲŋ", ("songhay", "sonrai", "sonrhai")),
)


def chain(code: str, table: Mapping[str, str | None]) -> tuple[str, ...]:
    """The codes to try in turn, `code` first and French last. `table` gives each code's fallback; a loop in it, or a code it
    lacks, ends the walk."""
    codes: list[str] = []
    step: str | None = code
    while step is not None and step not in codes:
        codes.append(step)
        step = table.get(step)
    if SOURCE in codes:
        return tuple(codes[: codes.index(SOURCE) + 1])
    return (*codes, SOURCE)


def fallbacks(languages: Iterable[ContentLanguage] = SEED) -> dict[str, str | None]:
    """The table that `chain` reads."""
    return {language.code: language.fallback for language in languages}


def menu(languages: Iterable[ContentLanguage] = SEED) -> str:
    """The choice after LANGUE alone: « 1 francais, 2 bambara, ... »."""
    return ", ".join(f"{language.number} {language.sms_name}" for language in languages)


def find(answer: str, languages: Iterable[ContentLanguage] = SEED) -> ContentLanguage | None:
    """The language meant by what follows LANGUE: its number, code or name, accents and case apart. "Dogon" alone means none."""
    wanted = _folded(answer)
    for language in languages:
        names = (
            str(language.number),
            language.code,
            language.autonym,
            language.french_name,
            language.sms_name,
            *language.aliases,
        )
        if wanted in {_folded(name) for name in names}:
            return language
    return None


def _folded(text: str) -> str:
    letters = (c for c in unicodedata.normalize("NFKD", text).lower() if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())
