"""Reports that count and yet contradict something: a quiz without its session, more voters than people, an unusual attendance.

Nothing is corrected by itself: each is shown to the supervisor until it is corrected, cancelled or let stand.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import median

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from clubs import month
from clubs.models import Club, Village
from clubs.records import Report, ReportState

RECENT = timedelta(days=45)
HABIT = 12
"""Sessions before this one that make the habit of a club; with fewer than `HABIT_AT_LEAST` there is none."""
HABIT_AT_LEAST = 5
SPREAD = 3.0
SLACK = 8
"""People by which any session may differ: a club whose sessions are all alike would be in doubt at the first guest."""
SCALE = 1.4826
"""Makes the median deviation of a bell-shaped habit its standard deviation."""
KINDS = ("CR", "QZ", "DC")


class Doubt(StrEnum):
    """What contradicts what."""

    NO_SESSION = "no_session"
    VOTERS = "voters"
    UNUSUAL = "unusual"


@dataclass(frozen=True)
class Doubtful:
    """A report in doubt with its club; `usual` is the club's median attendance, `present` the report's own or its session's."""

    report: Report
    club: Club
    village: Village
    why: Doubt
    present: int | None = None
    usual: int | None = None


def unusual(total: int, before: Sequence[int]) -> int | None:
    """The median of the sessions before, where `total` lies too far from it to be their habit; else None."""
    habit = list(before[-HABIT:])
    if len(habit) < HABIT_AT_LEAST:
        return None
    middle = median(habit)
    deviation = SCALE * median(abs(each - middle) for each in habit)
    return round(middle) if abs(total - middle) > max(SLACK, SPREAD * deviation) else None


def doubts(session: Session, today: date, allowed: Collection[int] | None = None) -> list[Doubtful]:
    """What stands in doubt of the last 45 days, and of the whole month that is still to be closed; the oldest first.

    What somebody has let stand is in doubt no more.
    """
    since = min(today - RECENT, month.before(today))
    here = true() if allowed is None else Club.village_id.in_(allowed)
    rows = session.execute(
        select(Report, Club, Village)
        .join(Club, Club.id == Report.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(Report.kind.in_(KINDS), Report.state == ReportState.VALID, here)
        .where(Report.session_date.between(since - 3 * RECENT, today))
        .order_by(Report.session_date, Report.session_order, Report.id)
    ).all()
    present: dict[tuple[int, date], int] = defaultdict(int)
    for row, club, _ in rows:
        if row.kind == "CR" and row.session_date is not None:
            present[club.id, row.session_date] = max(present[club.id, row.session_date], _present(row))
    found: list[Doubtful] = []
    habits: dict[int, list[int]] = defaultdict(list)
    for row, club, village in rows:
        doubt = _doubt(row, club, village, present, habits[club.id])
        if row.kind == "CR":
            habits[club.id].append(_present(row))
        if doubt is not None and row.cleared_at is None and row.session_date is not None and row.session_date >= since:
            found.append(doubt)
    return found


def _doubt(
    row: Report, club: Club, village: Village, present: dict[tuple[int, date], int], habit: Sequence[int]
) -> Doubtful | None:
    if row.session_date is None:
        return None
    if row.kind == "CR":
        usual = unusual(_present(row), habit)
        return None if usual is None else Doubtful(row, club, village, Doubt.UNUSUAL, _present(row), usual)
    there = present.get((club.id, row.session_date))
    if there is None:
        return Doubtful(row, club, village, Doubt.NO_SESSION)
    if row.kind == "QZ" and int(row.values.get("voters") or 0) > there:
        return Doubtful(row, club, village, Doubt.VOTERS, there)
    return None


def _present(row: Report) -> int:
    return int(row.values.get("women") or 0) + int(row.values.get("men") or 0)
