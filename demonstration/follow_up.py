"""What supervision did with the invented days: reminders, sessions counted again, airtime paid, a few contradictions left."""

from collections import defaultdict
from datetime import timedelta
from random import Random

from sqlalchemy import func, select

from clubs import credit, reminders, spot_checks
from clubs.models import Club, Post
from clubs.month import after, before, first_of
from clubs.records import ClubSummary, ExpectedReport, ExpectedState, Report, ReportState, SpotCheck
from demonstration.past import Past

TARIFF = 25
STRAY = 4
ANSWERED = 0.7


def follow_up(past: Past, payer: int) -> None:
    """Write it all; the month that ended last is still to be paid."""
    chance = Random(past.last.toordinal())  # noqa: S311  # the same invented days on every machine
    _remind(past)
    _contradict(past, chance)
    _check(past, chance)
    _tell(past)
    _pay(past, payer)


def _remind(past: Past) -> None:
    today = past.last + timedelta(days=1)
    waiting = select(ExpectedReport).where(ExpectedReport.state.in_((ExpectedState.WAITING, ExpectedState.MISSING)))
    for row in past.session.scalars(waiting.where(ExpectedReport.report_id.is_(None))):
        age = (today - row.due_on).days
        row.reminders = sum(age >= days for days in reminders.AFTER)
        row.escalated_on = row.due_on + timedelta(days=reminders.ESCALATED_AFTER) if age >= reminders.ESCALATED_AFTER else None
    past.session.flush()


def _contradict(past: Past, chance: Random) -> None:
    """Raised hands of sessions that nobody reported."""
    number = past.session.scalar(select(func.max(Report.number))) or 0
    clubs = list(past.session.scalars(select(Club.id).order_by(Club.code)))
    for place in range(1, STRAY + 1):
        day = past.last - timedelta(days=chance.randint(2, 20))
        values = {"theme": 33, "before": 6, "after": 15, "voters": 24}
        club = chance.choice(clubs)
        row = Report(
            number=number + place, kind="QZ", club_id=club, session_date=day, values=values, reported_at=past.moment(day, 18)
        )
        row.state = ReportState.VALID
        past.session.add(row)
    past.session.flush()


def _check(past: Past, chance: Random) -> None:
    month = before(past.last + timedelta(days=1))
    supervisor = dict(past.session.execute(select(Post.village_id, Post.member_id).where(Post.village_id.is_not(None))).all())
    sessions = past.session.execute(
        select(Report, Club.village_id)
        .join(Club, Club.id == Report.club_id)
        .where(Report.kind == "CR", Report.state == ReportState.VALID)
        .where(Report.session_date >= month, Report.session_date < after(month))
    ).all()
    by_supervisor: dict[int, list[int]] = defaultdict(list)
    reports: dict[int, tuple[Report, int]] = {}
    for row, village in sessions:
        if village in supervisor and row.number is not None:
            by_supervisor[supervisor[village]].append(row.number)
            reports[row.number] = (row, supervisor[village])
    for number in spot_checks.chosen(month, by_supervisor):
        row, member = reports[number]
        check = SpotCheck(report_id=row.id, supervisor_id=member, drawn_on=after(month), month=month)
        if chance.random() < ANSWERED:
            check.women = max(0, int(row.values["women"]) - chance.choice((0, 0, 1, 2)))
            check.men = max(0, int(row.values["men"]) - chance.choice((0, 0, 0, 1)))
            check.seen_at = past.moment(past.last, 12)
        past.session.add(check)
    past.session.flush()


def _tell(past: Past) -> None:
    """The month that ended last was told to every club already: its SMS are not among those invented."""
    month = before(past.last + timedelta(days=1))
    clubs = past.session.scalars(select(Club.id))
    past.session.add_all(ClubSummary(club_id=club, month=month, made_at=past.moment(past.last, 9)) for club in clubs)
    past.session.flush()


def _pay(past: Past, payer: int) -> None:
    month = before(before(first_of(past.last + timedelta(days=1))))
    for owed in credit.sheet(past.session, month, TARIFF):
        credit.pay_owed(past.session, owed, month, payer, past.moment(past.last - timedelta(days=5), 10))
