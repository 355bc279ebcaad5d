"""Keep a reply within one GSM-7 part: 160 septets, signs of the extension table counting two.

A reply never loses a figure to its length: callers offer shorter wordings, and only free words are cut.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import smsutil

LIMIT = 160
_EXTENSION = frozenset("^{}\\[~]|€\f")
_WRITTEN = {"œ": "oe", "Œ": "OE", "’": "'", "‘": "'", "«": '"', "»": '"', "–": "-", "—": "-", "…": "...", "À": "A", "È": "E"}


@lru_cache(maxsize=2048)
def _basic(char: str) -> str:
    if char in _EXTENSION or not (char.isprintable() or char == " "):
        return " "
    if smsutil.is_valid_gsm(char):
        return char
    plain = _WRITTEN.get(char) or unicodedata.normalize("NFKD", char)
    return "".join(part for part in plain if part.isascii() and part.isprintable() and part not in _EXTENSION)


def fold(text: str) -> str:
    """Anybody's words in GSM-7's basic letters, one septet each; what has no such form is left out."""
    return " ".join("".join(map(_basic, unicodedata.normalize("NFC", text))).split())


def septets(text: str) -> int:
    """The length of a GSM-7 text."""
    return len(text) + sum(char in _EXTENSION for char in text)


def cut(text: str, room: int) -> str:
    """At most `room` characters, ending in two dots when words were lost."""
    return text if len(text) <= room else text[: max(room - 2, 0)].rstrip() + ".." if room > 2 else ""


def first_that_fits(wordings: Iterable[str]) -> str:
    """The first wording within one part, else the last one, which callers keep short enough by themselves."""
    last = ""
    for last in wordings:
        if septets(last) <= LIMIT:
            return last
    return last[:LIMIT]
