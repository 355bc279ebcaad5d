"""The reports we wait for: one for each session day of a club's calendar, settled by the session report or excuse that comes.

On time is within 72 hours of the end of the session day, late within 14 days; then it is missing, though still accepted to
day 45.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from clubs.models import Club, Village
from clubs.records import ExpectedReport, ExpectedState

ON_TIME = timedelta(hours=72)
LATE = timedelta(days=14)
SETTLES = ("CR", "RAS")


def plan(session: Session, today: date) -> int:
    """Write the days that became due by `today` and count them; a paused club's are excused."""
    due = select(Club, Village.paused_until).join(Village).where(Club.active, Club.next_expected <= today)
    planned = 0
    for club, village_pause in session.execute(due):
        while club.next_expected is not None and club.next_expected <= today:
            day = club.next_expected
            paused = any(until is not None and day <= until for until in (club.paused_until, village_pause))
            state = ExpectedState.EXCUSED if paused else ExpectedState.WAITING
            session.add(ExpectedReport(club_id=club.id, due_on=day, state=state))
            club.next_expected = day + timedelta(days=club.every_days)
            planned += 1
    session.flush()
    return planned


def settle(session: Session, club: Club, session_date: date, report_id: int, reported_at: datetime) -> ExpectedReport | None:
    """Tie a CR or RAS to the nearest expected day, at most half a period away; None when that day was not expected."""
    reach = timedelta(days=max(1, club.every_days // 2))
    near = select(ExpectedReport).where(
        ExpectedReport.club_id == club.id, ExpectedReport.due_on.between(session_date - reach, session_date + reach)
    )
    row = min(session.scalars(near), key=lambda expected: abs(expected.due_on - session_date), default=None)
    if row is None:
        return None
    if row.report_id is None:
        row.state = punctuality(session_date, reported_at)
    row.report_id = report_id
    return row


def unsettle(session: Session, report_id: int, today: date) -> None:
    """Wait again for what a cancelled report had settled."""
    for row in session.scalars(select(ExpectedReport).where(ExpectedReport.report_id == report_id)):
        row.report_id = None
        row.state = ExpectedState.MISSING if today > row.due_on + LATE else ExpectedState.WAITING


def punctuality(session_date: date, reported_at: datetime) -> ExpectedState:
    """How timely a report about that day is; Bamako's day ends with UTC's."""
    delay = reported_at - datetime.combine(session_date + timedelta(days=1), time(), UTC)
    if delay <= ON_TIME:
        return ExpectedState.ON_TIME
    return ExpectedState.LATE if delay <= LATE else ExpectedState.MISSING


def age(session: Session, today: date) -> int:
    """Turn what is waited for in vain into missing; return how many."""
    gone = (
        update(ExpectedReport)
        .where(ExpectedReport.state == ExpectedState.WAITING, ExpectedReport.due_on < today - LATE)
        .values(state=ExpectedState.MISSING)
        .returning(ExpectedReport.id)
    )
    return len(session.scalars(gone).all())


def silent(session: Session, today: date, weeks: int = 3) -> list[int]:
    """Ids of active, unpaused clubs with an expected day in the last `weeks` weeks of which none was settled."""
    since = today - timedelta(weeks=weeks)
    rows = (
        select(ExpectedReport.club_id)
        .join(Club)
        .where(Club.active, ExpectedReport.due_on.between(since, today - timedelta(days=1)))
        .where(ExpectedReport.state != ExpectedState.EXCUSED)
        .group_by(ExpectedReport.club_id)
        .having(func.count(ExpectedReport.report_id) == 0)
        .order_by(ExpectedReport.club_id)
    )
    return list(session.scalars(rows))
