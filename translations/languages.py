"""The content languages an installation starts with, and the order in which a text is looked for.

They are never handed to Babel: CLDR lacks most of them, and one unknown code in a locale selector is an error 500 for everyone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = "fr"


@dataclass(frozen=True)
class ContentLanguage:
    """`autonym` is the French name until a speaker confirms the language's own (`autonym_confirmed`). `number` is its place in
    the LANGUE menu, as in `clubs.grammar.words`. `letters` are those outside French."""

    code: str
    number: int
    autonym: str
    autonym_confirmed: bool
    french_name: str
    cldr_locale: str | None
    fallback: str | None
    letters: str


# No Dogon language falls back on another: Toro So, though official, is not understood everywhere.
SEED: tuple[ContentLanguage, ...] = (
    ContentLanguage("fr", 1, "Français", True, "français", "fr", None, ""),
    ContentLanguage("bm", 2, "Bamanankan", True, "bambara", "bm", "fr", "ɛɔɲŋ"),
    # CLDR's `ff` is Senegalese: its dates and months would be read as another people's.
    ContentLanguage("ffm", 3, "Fulfulde", True, "peul (fulfulde)", None, "fr", "ɓɗƴŋɲʼ"),
    ContentLanguage("dts", 4, "dogon toro so", False, "dogon toro so", None, "fr", "ɛɔɲŋ"),
    ContentLanguage("dds", 5, "dogon donno so", False, "dogon donno so", None, "fr", "ɛɔɲŋ"),
    ContentLanguage("dto", 6, "dogon tommo so", False, "dogon tommo so", None, "fr", "ɛɔɲŋ"),
    ContentLanguage("djm", 7, "dogon jamsay", False, "dogon jamsay", None, "fr", "ɛɔɲŋ"),
    # The nasal letters of Songhay wait for a language editor.
    ContentLanguage("ses", 8, "Koyraboro senni", True, "songhaï", "ses", "fr", "ɲŋ"),
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
