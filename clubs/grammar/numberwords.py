"""French number words from zéro to cent, an optional extension that always ends in a question back (rule 11).

Words become digits of the same length in spaces, longest match first, so that « dix huit » is never 10 and 8.
"""

import re
from functools import cache

_UNITS = (
    *("ZERO", "UN", "DEUX", "TROIS", "QUATRE", "CINQ", "SIX", "SEPT", "HUIT"),
    *("NEUF", "DIX", "ONZE", "DOUZE", "TREIZE", "QUATORZE", "QUINZE", "SEIZE"),
)
_TENS = {20: "VINGT", 30: "TRENTE", 40: "QUARANTE", 50: "CINQUANTE", 60: "SOIXANTE", 80: "QUATRE VINGT"}


def _below_twenty(number: int) -> list[str]:
    if number == 1:
        return ["UN", "UNE"]
    return [_UNITS[number]] if number <= 16 else [f"DIX {_UNITS[number - 10]}"]


@cache
def phrases() -> dict[str, int]:
    """Every accepted spelling, hyphens as spaces."""
    table = {word: number for number in range(20) for word in _below_twenty(number)}
    for tens, name in _TENS.items():
        reach = 20 if tens in {60, 80} else 10
        names = [name, "QUATRE VINGTS"] if tens == 80 else [name]
        for spelling in names:
            table[spelling] = tens
            for unit in range(1, reach):
                for word in _below_twenty(unit):
                    table[f"{spelling} {word}"] = tens + unit
                    table[f"{spelling} ET {word}"] = tens + unit
    return {**table, "CENT": 100}


_NUMBERED = frozenset(
    {word for phrase in phrases() for word in phrase.split()}
    | {"ET", "OUI", "NON", "DONT", "AVEC", "FEMME", "FEMMES", "HOMME", "HOMMES", "JEUNE", "JEUNES", "MERE", "MERES"}
    | {"ENFANT", "ENFANTS", "VILLAGE", "VILLAGES", "VOTANT", "VOTANTS", "AVANT", "APRES", "RADIO", "AV", "AP"}
)


@cache
def _pattern() -> re.Pattern[str]:
    longest_first = sorted(phrases(), key=len, reverse=True)
    choices = "|".join(phrase.replace(" ", " +") for phrase in longest_first)
    return re.compile(rf"(?<![^ /+])(?:{choices})(?![^ /+])")


def _counts_nothing(rest: str) -> bool:
    """« un » before a word that is neither a number nor a label we could know is an article: « un grand merci »."""
    word = re.match(r"[ /+]*([A-Z]+)", rest)
    return word is not None and len(word[1]) > 1 and word[1] not in _NUMBERED


def to_digits(text: str, start: int) -> tuple[str, bool]:
    """`text` with its number words from `start` on as digits, same length, and whether there were any."""

    worded = False

    def digits(match: re.Match[str]) -> str:
        nonlocal worded
        number = phrases()[" ".join(match.group().split())]
        if number == 1 and _counts_nothing(match.string[match.end() :]):
            return match.group()
        worded = True
        return str(number).ljust(len(match.group()))

    body = _pattern().sub(digits, text[start:])
    return text[:start] + body, worded
