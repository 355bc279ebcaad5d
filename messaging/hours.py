"""At which hour of the day a number answers: counted at each of our calls, used for those of another day.

A number's own counts weigh against a belief worth four calls, its village's rate, so that one lucky answer decides nothing; one
choice in five is left to chance, because an hour never tried would never be learned.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from messaging.models import Call, CallHour
from messaging.rows import insert_once
from messaging.windows import Windows

WEIGHT = 4
"""Calls that the belief is worth."""
BELIEF = 0.5
"""The share of calls that are answered, as long as nothing is known of an hour."""
EVIDENCE = 3
"""Calls of a number under which nothing is concluded."""
CHANCE = 0.2
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Tries:
    """Calls made in one hour of the day, and how many of them were answered."""

    tried: int = 0
    answered: int = 0

    def worth(self, belief: float = BELIEF) -> float:
        """The share we believe will be answered, where `belief` is believed of an hour never tried."""
        return (self.answered + WEIGHT * belief) / (self.tried + WEIGHT)


NEVER = Tries()
NOBODY: Mapping[int, Tries] = {}


def best_hour(
    known: Mapping[int, Tries],
    hours: Sequence[int],
    usual: int,
    chance: float,
    pick: float,
    village: Mapping[int, Tries] = NOBODY,
) -> int:
    """The hour to call at, of `hours`; `usual`, or the nearest to it, while too little is known of the number and its village.

    `chance` and `pick` are two numbers from 0 to 1, drawn anew for each call.
    """
    if sum(one.tried for one in (*known.values(), *village.values())) < EVIDENCE:
        return min(hours, key=lambda hour: (abs(hour - usual), hour))
    if chance < CHANCE:
        return hours[min(int(pick * len(hours)), len(hours) - 1)]

    def worth(hour: int) -> float:
        return known.get(hour, NEVER).worth(village.get(hour, NEVER).worth())

    return max(hours, key=lambda hour: (worth(hour), -abs(hour - usual), -hour))


def next_day(
    known: Mapping[int, Tries],
    now: datetime,
    windows: Windows,
    until: datetime | None = None,
    village: Mapping[int, Tries] = NOBODY,
) -> datetime:
    """The best moment of the next day with an open window: within the best hour, not at its first minute for everybody.

    `until` is when the call is worth nothing any more; a moment after it is given only where that day has none before it.
    """
    tomorrow = windows.local_day(now) + timedelta(days=1)
    day = windows.next_open(tomorrow.astimezone(now.tzinfo)).astimezone(windows.zone)
    midnight = windows.local_day(day)
    spans = [(midnight.replace(hour=start.hour, minute=start.minute), end) for start, end in windows.spans(day)]
    hours = sorted({hour for start, end in spans for hour in range(start.hour, end.hour + (1 if end.minute else 0))})
    draw = random.random
    in_time = [hour for hour in hours if until is None or midnight.replace(hour=hour) < until]
    hour = best_hour(known, in_time or hours or [day.hour], now.astimezone(windows.zone).hour, draw(), draw(), village)
    begin = max(midnight.replace(hour=hour), day)
    at = begin + draw() * HOUR
    # An hour may be open for some of its minutes only, or the call expire within it.
    fits = windows.is_open(at) and (until is None or at < until)
    return windows.next_open((at if fits else begin).astimezone(now.tzinfo))


def of(session: Session, contact_id: int) -> dict[int, Tries]:
    """What is known of a number, by local hour."""
    rows = session.scalars(select(CallHour).where(CallHour.contact_id == contact_id))
    return {row.hour: Tries(row.tried, row.answered) for row in rows}


def of_place(session: Session, place: int | None) -> dict[int, Tries]:
    """What is known of the numbers that were called in one village, by local hour; nothing where it is not known."""
    if place is None:
        return {}
    called = select(Call.contact_id).where(Call.place == place)
    sums = select(CallHour.hour, func.sum(CallHour.tried), func.sum(CallHour.answered)).group_by(CallHour.hour)
    rows = session.execute(sums.where(CallHour.contact_id.in_(called)))
    return {hour: Tries(int(tried), int(answered)) for hour, tried, answered in rows}


def count(session: Session, contact_id: int, at: datetime, windows: Windows, *, answered: bool) -> None:
    """Count one call made at that moment."""
    hour = at.astimezone(windows.zone).hour
    if insert_once(session, CallHour, contact_id=contact_id, hour=hour, tried=1, answered=int(answered)):
        return
    same = (CallHour.contact_id == contact_id, CallHour.hour == hour)
    more = {"tried": CallHour.tried + 1, "answered": CallHour.answered + int(answered)}
    session.execute(update(CallHour).where(*same).values(more).execution_options(synchronize_session=False))
