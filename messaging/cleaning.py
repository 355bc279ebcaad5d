"""Turn any received text into plain capitals, so that every rule on words sees one spelling.

Each cleaned character remembers where it came from, because notes and questions are kept as they were written.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

UNREADABLE = "\ufffd"
"""Stands for a sign that must never be read as a digit; it belongs to no word, number or separator."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`text` in capitals without accents; `origin[i]` is the place in `raw` of `text[i]`."""

    raw: str
    text: str
    origin: tuple[int, ...]

    def original(self, start: int, end: int) -> str:
        """The words as written behind `text[start:end]`, without outer spaces."""
        if start >= end:
            return ""
        return self.raw[self.origin[start] : self.origin[end - 1] + 1].strip()


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if char.isspace():
        return " "
    capitals = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).upper())
    kept = []
    for part in capitals:
        category = unicodedata.category(part)
        if category == "Nd":
            kept.append(str(unicodedata.decimal(part)))
        elif part.isspace():
            kept.append(" ")
        elif category not in {"Mn", "Me", "Cf", "Cs", "Cc"}:
            kept.append(part)
    return "".join(kept)


def _touches_number(raw: str, index: int) -> bool:
    around = raw[index - 1 : index] + raw[index + 1 : index + 2]
    return any(unicodedata.category(char) in {"Nd", "No"} for char in around)


def clean(text: str) -> Cleaned:
    """Compatibility forms resolved, invisible signs and accents gone, any script's digits as 0-9, capitals.

    A raised, circled or broken number touching a digit (18½, 18²) becomes `UNREADABLE`: NFKC alone would make 182 of 18².
    """
    letters: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        odd = unicodedata.category(char) == "No" and _touches_number(text, index)
        plain = UNREADABLE if odd else _plain(char)
        letters.append(plain)
        origin.extend([index] * len(plain))
    return Cleaned(text, "".join(letters), tuple(origin))
