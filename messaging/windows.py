"""When pushes may leave: windows of the day, the Friday pause, and the local day that limits count.

Replies never ask here: somebody who writes at midnight is answered at midnight.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging.models import Ramadan
from runtime.settings import Settings

FRIDAY = 4
DAYS_AHEAD = 8  # every rule repeats within a week
EVENING = (time(19), time(21))
"""What a club may choose beyond the usual hours."""
Spans = tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class Sunset:
    """Where the sun sets, in degrees, and how long before and after it nobody is disturbed."""

    latitude: float
    longitude: float
    pause: timedelta

    def at(self, day: date) -> datetime:
        """The moment of a day's sunset, to a few minutes: declination and equation of time by their first terms."""
        turn = 2 * math.pi * (day.timetuple().tm_yday - 81) / 365
        equation = 9.87 * math.sin(2 * turn) - 7.53 * math.cos(turn) - 1.5 * math.sin(turn)
        declination = math.radians(23.45) * math.sin(turn)
        latitude = math.radians(self.latitude)
        height = math.sin(math.radians(-0.83)) - math.sin(latitude) * math.sin(declination)
        angle = height / (math.cos(latitude) * math.cos(declination))
        hours = math.degrees(math.acos(max(-1.0, min(1.0, angle)))) / 15
        minutes = round((12 + hours) * 60 - equation - 4 * self.longitude)
        return datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)

    def closed(self, day: date, zone: ZoneInfo) -> tuple[time, time]:
        """The local times between which nothing leaves."""
        sets = self.at(day).astimezone(zone)
        return (sets - self.pause).time(), (sets + self.pause).time()


@dataclass(frozen=True)
class Windows:
    """`open` as (from, to) local times within one day, `fasting` those of the days in `ramadans`.

    `friday` and the time around `sunset` are closed on top; `own` are the hours a club chose.
    """

    zone: ZoneInfo
    open: tuple[tuple[time, time], ...]
    friday: tuple[time, time] | None
    fasting: tuple[tuple[time, time], ...] = ()
    ramadans: tuple[tuple[date, date], ...] = ()
    sunset: Sunset | None = None
    own: Spans = ()

    def local_day(self, now: datetime) -> datetime:
        """The aware local midnight that begins the day of `now`."""
        return now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def is_open(self, now: datetime) -> bool:
        """Whether a push may leave at this moment."""
        local = now.astimezone(self.zone)
        return any(start <= local.time() < end for start, end in self.spans(local))

    def at_sunset(self, now: datetime) -> bool:
        """Whether this moment is closed because the sun sets."""
        local = now.astimezone(self.zone)
        if self.sunset is None:
            return False
        shut, reopens = self.sunset.closed(local.date(), self.zone)
        return shut <= local.time() < reopens

    def next_open(self, now: datetime) -> datetime:
        """`now` if open, else the first moment after it that is."""
        if self.is_open(now):
            return now
        day = self.local_day(now)
        for ahead in range(DAYS_AHEAD):
            midnight = day + timedelta(days=ahead)
            for start, _ in self.spans(midnight):
                opens = midnight.replace(hour=start.hour, minute=start.minute)
                if opens > now:
                    return opens.astimezone(now.tzinfo)
        raise ValueError("no window ever opens")

    def spans(self, local: datetime) -> list[tuple[time, time]]:
        """The open spans of the day of `local`, a moment of this zone."""
        day = local.date()
        fasts = any(first <= day <= last for first, last in self.ramadans)
        found = list(self.fasting if fasts else self.open)
        if self.own:
            # A club narrows the usual hours or chooses the evening; where Ramadan leaves nothing of its choice, Ramadan's stand.
            found = _both(found if fasts else [*found, EVENING], list(self.own)) or found
        if self.friday is not None and local.weekday() == FRIDAY:
            found = _without(found, self.friday)
        return _without(found, self.sunset.closed(day, self.zone)) if self.sunset is not None else found

    def within(self, hours: str | None) -> "Windows":
        """The same, for a club with hours of its own."""
        return replace(self, own=_spans(hours)) if hours else self


def _both(spans: list[tuple[time, time]], others: list[tuple[time, time]]) -> list[tuple[time, time]]:
    pairs = {(max(start, begin), min(end, stop)) for start, end in spans for begin, stop in others}
    return _merged({(start, end) for start, end in pairs if start < end})


def _merged(spans: set[tuple[time, time]]) -> list[tuple[time, time]]:
    found: list[tuple[time, time]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _without(spans: list[tuple[time, time]], closed: tuple[time, time]) -> list[tuple[time, time]]:
    shut, reopens = closed
    parts: list[tuple[time, time]] = []
    for start, end in spans:
        parts += [(start, min(end, shut)), (max(start, reopens), end)]
    return sorted({(start, end) for start, end in parts if start < end})


def leaves_something(usual: Windows, hours: str) -> bool:
    """Whether a club's own hours lie, at least in part, where it may choose."""
    return bool(_both([*usual.open, EVENING], list(_spans(hours))))


def of(settings: Settings) -> Windows:
    """The windows of an installation, whatever the season; ValueError for one that cannot be read."""
    place = (settings.latitude, settings.longitude, settings.sunset_pause_minutes)
    return _read(settings.timezone, settings.push_windows, settings.friday_pause, settings.ramadan_windows, place)


def in_force(session: Session, settings: Settings) -> Windows:
    """The same with the Ramadans that staff dated: what a push must be judged by."""
    return dated(session, of(settings))


def dated(session: Session, windows: Windows) -> Windows:
    """These windows with the Ramadans that staff dated."""
    rows = session.execute(select(Ramadan.first_day, Ramadan.last_day).order_by(Ramadan.first_day))
    return replace(windows, ramadans=tuple((first, last) for first, last in rows))


@lru_cache(maxsize=32)
def _read(zone: str, windows: str, friday: str, ramadan: str, place: tuple[float, float, int]) -> Windows:
    latitude, longitude, minutes = place
    sunset = Sunset(latitude, longitude, timedelta(minutes=minutes)) if minutes else None
    pause = _span(friday) if friday.strip() else None
    return Windows(ZoneInfo(zone), _spans(windows), pause, _spans(ramadan), sunset=sunset)


def _spans(windows: str) -> tuple[tuple[time, time], ...]:
    return tuple(sorted(_span(part) for part in windows.split(",") if part.strip()))


def _span(text: str) -> tuple[time, time]:
    start, _, end = text.strip().partition("-")
    return time.fromisoformat(start), time.fromisoformat(end) if end != "24:00" else time.max
