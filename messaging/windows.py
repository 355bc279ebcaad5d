"""When pushes may leave: windows of the day, the Friday pause, and the local day that limits count.

Replies never ask here: somebody who writes at midnight is answered at midnight.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging.models import Ramadan
from runtime.settings import Settings

FRIDAY = 4
DAYS_AHEAD = 8  # every rule repeats within a week


@dataclass(frozen=True)
class Windows:
    """`open` as (from, to) local times within one day, `fasting` those of the days in `ramadans`; `friday` is closed on top."""

    zone: ZoneInfo
    open: tuple[tuple[time, time], ...]
    friday: tuple[time, time] | None
    fasting: tuple[tuple[time, time], ...] = ()
    ramadans: tuple[tuple[date, date], ...] = ()

    def local_day(self, now: datetime) -> datetime:
        """The aware local midnight that begins the day of `now`."""
        return now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def is_open(self, now: datetime) -> bool:
        """Whether a push may leave at this moment."""
        local = now.astimezone(self.zone)
        return any(start <= local.time() < end for start, end in self.spans(local))

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
        usual = self.fasting if any(first <= local.date() <= last for first, last in self.ramadans) else self.open
        if self.friday is None or local.weekday() != FRIDAY:
            return list(usual)
        shut, reopens = self.friday
        parts: list[tuple[time, time]] = []
        for start, end in usual:
            parts += [(start, min(end, shut)), (max(start, reopens), end)]
        return sorted({(start, end) for start, end in parts if start < end})


def of(settings: Settings) -> Windows:
    """The windows of an installation, whatever the season; ValueError for one that cannot be read."""
    return _read(settings.timezone, settings.push_windows, settings.friday_pause, settings.ramadan_windows)


def in_force(session: Session, settings: Settings) -> Windows:
    """The same with the Ramadans that staff dated: what a push must be judged by."""
    dated = select(Ramadan.first_day, Ramadan.last_day).order_by(Ramadan.first_day)
    return replace(of(settings), ramadans=tuple((first, last) for first, last in session.execute(dated)))


@lru_cache(maxsize=32)
def _read(zone: str, windows: str, friday: str, ramadan: str) -> Windows:
    return Windows(ZoneInfo(zone), _spans(windows), _span(friday) if friday.strip() else None, _spans(ramadan))


def _spans(windows: str) -> tuple[tuple[time, time], ...]:
    return tuple(sorted(_span(part) for part in windows.split(",") if part.strip()))


def _span(text: str) -> tuple[time, time]:
    start, _, end = text.strip().partition("-")
    return time.fromisoformat(start), time.fromisoformat(end) if end != "24:00" else time.max
