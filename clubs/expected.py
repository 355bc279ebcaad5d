"""The reports we wait for: one for each session day of a club's calendar, settled by the session report or excuse that comes.

On time is within 72 hours of the end of the session day, late within 14 days; then it is missing, though still accepted to
day 45.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.orm import Session

from clubs import calendar, pauses
from clubs.models import Club, MarketRule, Village
from clubs.records import ExpectedReport, ExpectedState, Report, ReportState
from messaging.models import Message

ON_TIME = timedelta(hours=72)
LATE = timedelta(days=14)
ACCEPTED = timedelta(days=45)
ESCALATED = timedelta(days=7)
"""After which the supervisor is told."""
SETTLES = ("CR", "RAS")


def plan(session: Session, today: date) -> int:
    """Write the session days of `today` and of the days before it that were not written yet, and count them.

    A paused club's are excused. A club with a weekday or a market rule whose next day is not known begins after `today`.
    """
    known = or_(Club.next_expected <= today, and_(Club.next_expected.is_(None), _timed()))
    due = select(Club, Village).join(Village).where(Club.active, known).order_by(Club.id)
    planned = 0
    for club, village in session.execute(due):
        rhythm = calendar.rhythm_of(club, village)
        if club.next_expected is None:
            club.next_expected = rhythm.first(today)
            continue
        free = pauses.spans(session, club, village)
        while club.next_expected is not None and rhythm.session(club.next_expected) <= today:
            day = rhythm.session(club.next_expected)
            state = ExpectedState.EXCUSED if pauses.excused(free, day) else ExpectedState.WAITING
            planned += _write(session, club, day, state)
            club.next_expected = rhythm.next(club.next_expected)
    session.flush()
    return planned


def _timed() -> ColumnElement[bool]:
    return or_(Club.weekday.is_not(None), Club.market_rule.in_((MarketRule.ON, MarketRule.EVE)))


def _write(session: Session, club: Club, day: date, state: ExpectedState) -> int:
    """One row a club and day, whatever its calendar was changed to in between; a report that came before its day settles it."""
    if session.scalar(select(ExpectedReport.id).where(ExpectedReport.club_id == club.id, ExpectedReport.due_on == day)):
        return 0
    row = ExpectedReport(club_id=club.id, due_on=day, state=state)
    session.add(row)
    session.flush()
    _take_up(session, club, row)
    return 1


def settle(session: Session, club: Club, session_date: date, report_id: int, reported_at: datetime) -> ExpectedReport | None:
    """Tie a CR or RAS to the nearest expected day, at most half a period away; None when that day was not expected."""
    reach = _reach(club)
    near = select(ExpectedReport).where(
        ExpectedReport.club_id == club.id, ExpectedReport.due_on.between(session_date - reach, session_date + reach)
    )
    row = min(session.scalars(near), key=lambda expected: (abs(expected.due_on - session_date), expected.due_on), default=None)
    if row is None:
        return None
    if row.report_id is None:
        row.state = punctuality(session_date, reported_at)
    row.report_id = report_id
    pauses.take_back(session, row, reported_at)
    return row


def unsettle(session: Session, report_id: int, today: date) -> None:
    """Wait again for what a cancelled report had settled, unless another one stands for that day."""
    for row in session.scalars(select(ExpectedReport).where(ExpectedReport.report_id == report_id)):
        club = session.get_one(Club, row.club_id)
        free = pauses.spans(session, club, session.get_one(Village, club.village_id))
        missing = today > row.due_on + LATE
        row.report_id = None
        row.state = ExpectedState.MISSING if missing else ExpectedState.WAITING
        if pauses.excused(free, row.due_on):
            row.state = ExpectedState.EXCUSED
        session.flush()
        _take_up(session, club, row)


def _take_up(session: Session, club: Club, row: ExpectedReport) -> None:
    """Settle an expected day by the first standing report that is about it and about no other day."""
    reach = _reach(club)
    taken = select(ExpectedReport.report_id).where(ExpectedReport.club_id == club.id, ExpectedReport.report_id.is_not(None))
    standing = (
        select(Report)
        .where(Report.club_id == club.id, Report.kind.in_(SETTLES), Report.state == ReportState.VALID)
        .where(Report.session_date.between(row.due_on - reach, row.due_on + reach), Report.id.not_in(taken))
        .order_by(Report.reported_at, Report.id)
    )
    report = session.scalars(standing.limit(1)).first()
    if report is not None and report.session_date is not None:
        row.state, row.report_id = punctuality(report.session_date, told_at(session, report)), report.id


def told_at(session: Session, report: Report) -> datetime:
    """When it was told: a network that was away for days makes nobody late."""
    message = session.get(Message, report.message_id) if report.message_id is not None else None
    return report.reported_at if message is None else message.said_at


def _reach(club: Club) -> timedelta:
    return timedelta(days=max(1, club.every_days // 2))


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


def late(session: Session, today: date, allowed: Collection[int] | None = None) -> list[tuple[ExpectedReport, Club, Village]]:
    """What has been owed for a week or more and can still come, by village and club, the longest first."""
    owed = select(ExpectedReport, Club, Village).join(Club, Club.id == ExpectedReport.club_id).join(Village)
    rows = owed.where(_owed(today, allowed)).order_by(Village.code, Club.code, ExpectedReport.due_on)
    return [(row, club, village) for row, club, village in session.execute(rows)]


def late_count(session: Session, today: date, allowed: Collection[int] | None = None) -> int:
    """How many reports `late` lists."""
    return session.scalar(select(func.count(ExpectedReport.id)).join(Club).where(_owed(today, allowed))) or 0


def _owed(today: date, allowed: Collection[int] | None) -> ColumnElement[bool]:
    return and_(
        ExpectedReport.state.in_((ExpectedState.WAITING, ExpectedState.MISSING)),
        ExpectedReport.report_id.is_(None),
        ExpectedReport.due_on.between(today - ACCEPTED, today - ESCALATED),
        Club.active,
        true() if allowed is None else Club.village_id.in_(allowed),
    )
