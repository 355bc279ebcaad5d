"""Recognise the words by which anybody stops our messages, before any other rule reads the text.

A stop word beside words of feeding (« je veux arrêter le sein ») is a question about weaning and never an opt-out.
"""

import re
from dataclasses import dataclass, field

from messaging.cleaning import clean


def _row(words: str) -> frozenset[str]:
    return frozenset(words.split())


KEYWORDS = _row(
    "CR KR RAP RAPPORT SEANCE QZ KZ QUIZ AC ACTION FAIT FINI DC DEMO EV RAS RIEN AN ANNULER ANNULE Q "
    "QUESTION OUI NON AIDE HELP LANGUE LANG FIN INS NF VAL REF VU PAUSE REPRISE"
)
"""Every one-word keyword other than the stop words; a test holds it equal to the report grammar's table."""


@dataclass(frozen=True)
class StopWords:
    """One table a language. `words` stop anywhere in a short text, `first` only at its head; `stems` alert staff;
    `feeding` holds word beginnings that make the text a question, `feeding_words` whole words that do."""

    words: frozenset[str]
    first: frozenset[str]
    stems: tuple[str, ...]
    feeding: tuple[str, ...]
    feeding_words: frozenset[str] = frozenset()
    others: frozenset[str] = field(default=KEYWORDS)


FRENCH = StopWords(
    words=frozenset({"STOP", "ARRET", "ARRETER", "ARRETEZ"}),
    first=frozenset({"STOP", "ARRET", "ARRETER", "ARRETEZ", "ARRETE"}),
    stems=("STOP", "ARRET", "ARET", "DESABON", "DESINSCRI"),
    feeding=(
        *("SEIN", "LAIT", "ALLAIT", "TETE", "BOUILLI", "ENFANT", "BEBE", "NOURRI", "BIBERON", "SEVR", "COLOSTRUM"),
        *("COMPRIM", "GROSSESSE", "ENCEINTE", "DIARRHEE", "MANGE", "REPAS", "OEUF", "VITAMINE"),
    ),
    feeding_words=frozenset({"SEL", "EAU", "FER", "FILS", "FILLE"}),
)
MOST_WORDS = 4
"""A stop word anywhere opts out only in so short a text (field.md 2.2, rule 14)."""


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", clean(text).text.replace("Œ", "OE"))


def _is_one_of(word: str, table: frozenset[str]) -> bool:
    return re.split(r"\d", word, maxsplit=1)[0] in table


def _about_feeding(words: list[str], table: StopWords) -> bool:
    return any(word.startswith(table.feeding) or word in table.feeding_words for word in words)


def is_stop(text: str, table: StopWords = FRENCH) -> bool:
    """Whether this text opts out: a stop word first, or anywhere in at most four words without another keyword,
    a digit or a question mark; never beside words of feeding."""
    words = _words(text)
    if not words or _about_feeding(words, table):
        return False
    if _is_one_of(words[0], table.first) or "".join(words) in table.words:
        return True
    if len(words) > MOST_WORDS or "?" in clean(text).text:
        return False
    if any(char.isdigit() for word in words for char in word) or any(word in table.others for word in words):
        return False
    return any(word in table.words for word in words)


def is_stop_question(text: str, table: StopWords = FRENCH) -> bool:
    """Whether a stop word stands beside words of feeding: somebody asks about weaning or meals."""
    words = _words(text)
    return _about_feeding(words, table) and any(word in table.words or word in table.first for word in words)


def stop_stem_elsewhere(text: str, table: StopWords = FRENCH) -> bool:
    """Whether staff must look the same day, pushes paused meanwhile: a stop stem in a text that is neither an opt-out
    nor a question (promises.md 3)."""
    words = _words(text)
    if not any(word.startswith(table.stems) for word in words) or is_stop(text, table):
        return False
    asks = words[0] in {"Q", "QUESTION"} or "?" in clean(text).text
    return not asks and not _about_feeding(words, table)
