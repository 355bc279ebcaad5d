"""Words of local languages added to the vocabulary: labels, keywords, words to skip, and why a spelling may not be added.

A word must never change what a French report says: French reports of every shape are read with and without it before it is taken.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache

from clubs.grammar.dates import DATE_WORDS
from clubs.grammar.numberwords import phrases
from clubs.grammar.parse import parse
from clubs.grammar.values import COUNTED, Kind
from clubs.grammar.words import COMMON, CONTEXT_FIELDS, FRENCH, NAMES_A_FIGURE, POLITE, SPELLINGS, Vocabulary
from messaging.cleaning import clean
from messaging.keywords import FRENCH as STOP_WORDS

SKIP = "skip"
"""The meaning of a word that is passed over, as « et » and « avec » are."""
FIELDS = tuple(SPELLINGS)
KEYWORDS = tuple(
    kind.value
    for kind in (Kind.CR, Kind.QZ, Kind.AC, Kind.FAIT, Kind.DC, Kind.EV, Kind.RAS, Kind.AN, Kind.Q, Kind.AIDE, Kind.LANGUE)
)
"""What a local word may stand for. OUI, NON and STOP are not among them: a consent must not hang on a spelling."""
MEANINGS = (*FIELDS, *KEYWORDS, SKIP)
SHORTEST, LONGEST = 2, 32
MOST_WORDS = 2
_LIKE_DIGITS = re.compile("[OILX]+")
_DAY = date(2026, 3, 18)


@dataclass(frozen=True)
class LocalWord:
    """A cleaned spelling and what it means: a field, a keyword's kind, or SKIP."""

    word: str
    means: str


class Why(StrEnum):
    """Why a spelling is refused."""

    MEANING = "meaning"
    LETTERS = "letters"
    SHORT = "short"
    LONG = "long"
    DIGITS = "digits"
    TAKEN = "taken"
    STOP = "stop"
    NUMBER = "number"
    EVERYDAY = "everyday"
    CHANGES = "changes"


@dataclass(frozen=True)
class Refusal:
    """`other` is what stands in the way: the meaning the spelling already has, or the French report that would read otherwise."""

    why: Why
    other: str = ""


@lru_cache(maxsize=64)
def vocabulary(words: tuple[LocalWord, ...] = (), number_words: bool = False) -> Vocabulary:
    """The French table with these words; the same words give the same object, its compiled patterns kept."""
    aliases, spellings, skipped = dict(FRENCH.aliases), dict(FRENCH.spellings), set(FRENCH.skipped)
    for each in words:
        if each.means == SKIP:
            skipped.add(each.word)
        elif each.means in KEYWORDS:
            aliases.setdefault(each.word, Kind(each.means))
        else:
            spellings[each.means] = (*spellings[each.means], each.word)
    return replace(FRENCH, aliases=aliases, spellings=spellings, skipped=frozenset(skipped), number_words=number_words)


def spelling(written: str) -> str:
    """A word as the parser sees it: capitals without accents, one space between two words."""
    return " ".join(clean(written).text.split())


def meaning_of(word: str, known: Vocabulary) -> str:
    """What a spelling means already, "" for nothing."""
    if word in known.aliases:
        return known.aliases[word].value
    return next((name for name, row in known.spellings.items() if word in row), SKIP if word in known.skipped else "")


def refusal(word: str, means: str, others: Iterable[LocalWord]) -> Refusal | None:
    """Why `word` (cleaned) may not stand for `means` beside the French table and `others`; None when it may."""
    if means not in MEANINGS:
        return Refusal(Why.MEANING)
    parts = word.split()
    if not parts or not all(part.isalpha() for part in parts) or len(parts) > (MOST_WORDS if means in KEYWORDS else 1):
        return Refusal(Why.LETTERS)
    if len(word) < SHORTEST:
        return Refusal(Why.SHORT)
    if len(word) > LONGEST:
        return Refusal(Why.LONG)
    known = vocabulary(tuple(others))
    standing = meaning_of(word, known)
    if standing and standing != means:
        return Refusal(Why.TAKEN, standing)
    return None if standing else _unfit(word, means, known) or _changes(LocalWord(word, means), tuple(others))


def _unfit(word: str, means: str, known: Vocabulary) -> Refusal | None:
    labels = "|".join({spelt for row in known.spellings.values() for spelt in row})
    if _LIKE_DIGITS.fullmatch(word) or re.fullmatch(rf"(?:{labels})[OIL]+", word):
        return Refusal(Why.DIGITS)
    if any(part.startswith(STOP_WORDS.stems) for part in word.split()):
        return Refusal(Why.STOP)
    if word in DATE_WORDS or word in {part for phrase in phrases() for part in phrase.split()}:
        return Refusal(Why.NUMBER)
    if word in COMMON | POLITE or word in {"OUI", "NON", "OK"} or (word in NAMES_A_FIGURE and means != SKIP):
        return Refusal(Why.EVERYDAY)
    return None


def _changes(new: LocalWord, others: tuple[LocalWord, ...]) -> Refusal | None:
    before, after = vocabulary(others), vocabulary((*others, new))
    for text in french_reports():
        if parse(text, _DAY, before) != parse(text, _DAY, after):
            return Refusal(Why.CHANGES, text)
    return None


@lru_cache(maxsize=1)
def french_reports() -> tuple[str, ...]:
    """Reports of every kind, keyword and label, spaced and glued."""
    return tuple(dict.fromkeys(_french_reports()))


def _french_reports() -> Iterator[str]:
    for alias, kind in FRENCH.aliases.items():
        yield f"{alias} 1 18 7 9"
        yield f"{alias}1 18 7"
        if kind in COUNTED:
            names = (*FRENCH.shapes[kind].fields, *CONTEXT_FIELDS)
            for label in FRENCH.labels(names):
                yield f"{alias}{label}6"
                yield f"{alias} 12 6{label} {label}7"
