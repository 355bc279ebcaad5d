"""Find the keyword at the head of a text, or the one a head is a single letter away from (rules 3 and 15)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from clubs.grammar.tokens import NUMBER
from clubs.grammar.values import Kind
from clubs.grammar.words import COMMON, Vocabulary

LONG_WORD = 5
"""From this length on a misspelt keyword is proposed even in plain prose."""


@dataclass(frozen=True)
class Head:
    """The keyword as spelt in the table, what it means, and where the rest begins."""

    alias: str
    kind: Kind
    end: int


@lru_cache(maxsize=512)
def _pattern(alias: tuple[str, ...], labels: tuple[str, ...]) -> re.Pattern[str]:
    word = "[ /]+".join(alias)
    longest_first = "|".join(sorted(labels, key=len, reverse=True)) or r"(?!)"
    label = rf"(?:{longest_first})(?=[ /]*(?:{NUMBER}|X\b|O\b))"
    return re.compile(rf"[ /+]*(?P<word>{word})(?=$|(?![^\W\d_])|{NUMBER}|{label})")


def find_head(plain: str, vocabulary: Vocabulary) -> Head | None:
    """The keyword that begins `plain`; it may touch a figure or a label (`CRT12`)."""
    for alias, kind in vocabulary.heads:
        labels = tuple(vocabulary.labels_of.get(kind, {}))
        match = _pattern(alias, labels).match(plain)
        if match is not None:
            return Head(" ".join(alias), kind, match.end("word"))
    return None


def one_apart(first: str, second: str) -> bool:
    """One letter changed, added, missing, or two neighbours swapped."""
    short, long = sorted((first, second), key=len)
    if len(long) - len(short) > 1 or first == second:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    return short[at + 1 :] == long[at + 1 :] or (
        short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    )


def find_near(plain: str, vocabulary: Vocabulary) -> str | None:
    """The keyword to propose, never to act upon. Everyday words and labels are left alone, and a short word is only
    taken for a keyword when it stands alone or a figure follows."""
    match = re.match(r"[ /+]*([A-Z]+)(.*)", plain, re.DOTALL)
    if match is None or len(match[1]) < 2 or match[1] in COMMON | vocabulary.skipped:
        return None
    word, rest = match[1], match[2].strip()
    if any(word in spellings for spellings in vocabulary.spellings.values()):
        return None
    if rest and len(word) < LONG_WORD and not re.match(r"[0-9]|[A-Z]?[0-9]", rest):
        return None
    rows = [alias[0] for alias, _ in vocabulary.heads if len(alias) == 1 and len(alias[0]) > 1]
    preferred = sorted(rows, key=lambda alias: (len(alias) != len(word), alias not in set(Kind)))
    return next((alias for alias in preferred if one_apart(word, alias)), None)
