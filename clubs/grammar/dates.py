"""Which day a report speaks of (field.md 2.2, rule 12).

A bare day number is always the past one nearest to the day of sending; nothing here ever picks a day to come.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from clubs.grammar.values import ProblemId

OLDEST_DAYS = 45
"""A report on an older session is asked back."""
BARE_DAY_REACH = 31
DAYS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")
MONTHS = ("janv.", "fév.", "mars", "avril", "mai", "juin", "juil.", "aout", "sept.", "oct.", "nov.", "déc.")
WEEKDAYS = ("LUNDI", "MARDI", "MERCREDI", "JEUDI", "VENDREDI", "SAMEDI", "DIMANCHE")
TODAY = frozenset({"AUJ", "AUJOURDHUI"})
YESTERDAY = frozenset({"HIER"})
DATE_WORDS = frozenset(WEEKDAYS) | TODAY | YESTERDAY


@dataclass(frozen=True)
class Found:
    """A day, or why there is none."""

    day: date | None = None
    problem: ProblemId | None = None


def in_words(day: date) -> str:
    """`dim. 15 mars`, for replies."""
    return f"{DAYS[day.weekday()]} {short(day)}"


def short(day: date) -> str:
    """`15 mars`, `1er avril`."""
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def from_word(word: str, today: date) -> date:
    """HIER, AUJ or a weekday, the latest with today included."""
    if word in TODAY:
        return today
    if word in YESTERDAY:
        return today - timedelta(days=1)
    return today - timedelta(days=(today.weekday() - WEEKDAYS.index(word)) % 7)


def _exists(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _judged(day: date | None, today: date) -> Found:
    if day is None:
        return Found(problem=ProblemId.DATE_BAD)
    if day > today:
        return Found(problem=ProblemId.DATE_FUTURE)
    if (today - day).days > OLDEST_DAYS:
        return Found(problem=ProblemId.DATE_OLD)
    return Found(day)


def from_numbers(numbers: list[str], today: date) -> Found:
    """`15`, `15/3` or `15/3/2026` as digits; a day and month without year is this year's, or last year's if recent."""
    if any(len(digits) > 2 for digits in numbers[:2]):
        return Found(problem=ProblemId.DATE_BAD)
    parts = [int(digits) for digits in numbers]
    if len(parts) == 1:
        past = (today - timedelta(days=days) for days in range(BARE_DAY_REACH + 1))
        return _judged(next((day for day in past if day.day == parts[0]), None), today)
    if len(parts) == 3:
        return _judged(_exists(parts[2], parts[1], parts[0]), today)
    this_year = _exists(today.year, parts[1], parts[0])
    last_year = _exists(today.year - 1, parts[1], parts[0])
    if last_year is not None and (today - last_year).days <= OLDEST_DAYS:
        return Found(last_year)
    return _judged(this_year, today)


def is_pause(days: int) -> bool:
    """Whether a pause of so many days is plausible: 1 to 365."""
    return 1 <= days <= 365
