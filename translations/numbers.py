"""How a language says numbers and counted things with recorded clips: labels in the order in which they are played.

Numbers to 100 are whole clips, because order, gender and counting base differ and joints are heard; above, and for codes, digit
by digit. Where the counted word stands is data, to be confirmed by a speaker of each language.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from translations.errors import TranslationError

WHOLE_TO = 100


@dataclass(frozen=True)
class NumberRule:
    """`unit_first`: « muso fila », women two. `whole_to`: the largest number with a clip of its own. `confirmed` by a speaker."""

    unit_first: bool = False
    whole_to: int = WHOLE_TO
    confirmed: bool = False


RULES: Mapping[str, NumberRule] = {
    "fr": NumberRule(confirmed=True),
    "bm": NumberRule(unit_first=True),
    "ffm": NumberRule(unit_first=True),
    "dts": NumberRule(unit_first=True),
    "dds": NumberRule(unit_first=True),
    "dto": NumberRule(unit_first=True),
    "djm": NumberRule(unit_first=True),
    "ses": NumberRule(unit_first=True),
}
"""The word order of reference grammars; a language that is not here speaks as French does."""


class NumberError(TranslationError):
    """A number that cannot be said: below zero, or a day outside 1 to 7."""


def rule_of(language: str) -> NumberRule:
    """How a language counts."""
    return RULES.get(language, RULES["fr"])


def say_number(language: str, n: int) -> tuple[str, ...]:
    """The labels of a number: one clip up to 100, then its digits. NumberError below zero."""
    if n < 0:
        raise NumberError(f"no clips for {n}")
    return (f"num_{n}",) if n <= rule_of(language).whole_to else say_digits(str(n))


def say_digits(digits: str) -> tuple[str, ...]:
    """The labels of a code or a receipt number, each digit by itself; other signs are passed over."""
    return tuple(f"digit_{digit}" for digit in digits if digit in "0123456789")


def say_count(language: str, n: int, unit: str) -> tuple[str, ...]:
    """The labels of a number of things, `unit` (such as "unit_women") before or after it as the language wants."""
    number = say_number(language, n)
    return (unit, *number) if rule_of(language).unit_first else (*number, unit)
