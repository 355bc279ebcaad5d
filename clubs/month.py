"""A club's month, counted from its own records: sessions, people present, quiz, actions, questions, and each of its days.

The page, the poster, the SMS and the spoken summary all tell these figures, so that a club never hears two of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from clubs import delays
from clubs.models import Member
from clubs.records import Action, ExpectedReport, ExpectedState, Inquiry, Report, ReportState

VOTERS_AT_LEAST = 10
SESSION, QUIZ, EXCUSE = "CR", "QZ", "RAS"


@dataclass(frozen=True)
class Day:
    """One day: whether a report was due and what came of it, and the valid reports about it."""

    date: date
    due: ExpectedState | None
    reports: tuple[Report, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say of it."""
        return self.due is None and not self.reports


@dataclass(frozen=True)
class Month:
    """`states` counts the expected days by what came of them; `present` is attendances, not people."""

    club_id: int
    first: date
    last: date
    days: tuple[Day, ...]
    states: Mapping[ExpectedState, int]
    sessions: int
    excuses: int
    women: int
    men: int
    themes: tuple[int, ...]
    before: int
    after: int
    voters: int
    actions_due: int
    actions_done: int
    asked: int
    answered: int

    @property
    def expected(self) -> int:
        """Days a report was owed for: those excused are not."""
        return sum(count for state, count in self.states.items() if state is not ExpectedState.EXCUSED)

    @property
    def gain(self) -> int | None:
        """Points gained at the raised-hands quiz, of a hundred; None for fewer than ten voters."""
        return round(100 * (self.after - self.before) / self.voters) if self.voters >= VOTERS_AT_LEAST else None

    @property
    def weeks(self) -> list[list[Day | None]]:
        """The days by week from Monday, with None outside of the month."""
        cells: list[Day | None] = [*([None] * self.first.weekday()), *self.days]
        cells += [None] * (-len(cells) % 7)
        return [cells[place : place + 7] for place in range(0, len(cells), 7)]


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def before(month: date) -> date:
    """The first day of the month before."""
    return first_of(first_of(month) - timedelta(days=1))


def after(month: date) -> date:
    """The first day of the month that follows."""
    return first_of(first_of(month) + timedelta(days=31))


def quarter(day: date) -> date:
    """The first day of a day's quarter."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def quarter_after(first: date) -> date:
    """The first day of the quarter that follows the one of `first`."""
    return after(after(after(quarter(first))))


def month_of(session: Session, club_id: int, month: date) -> Month:
    """What a club's records say of the month that holds `month`."""
    first = first_of(month)
    last = after(first) - timedelta(days=1)
    reports = _reports(session, club_id, first, last)
    due = {row.due_on: row.state for row in _expected(session, club_id, first, last)}
    sessions = [row for row in reports if row.kind == SESSION]
    quizzes = [row for row in reports if row.kind == QUIZ]
    actions_due, actions_done = _actions(session, club_id, first, last)
    asked, answered = _questions(session, club_id, first, last)
    days = (first + timedelta(days=place) for place in range((last - first).days + 1))
    return Month(
        club_id=club_id,
        first=first,
        last=last,
        days=tuple(Day(day, due.get(day), tuple(row for row in reports if row.session_date == day)) for day in days),
        states=Counter(due.values()),
        sessions=len(sessions),
        excuses=sum(row.kind == EXCUSE for row in reports),
        women=_sum(sessions, "women"),
        men=_sum(sessions, "men"),
        themes=_themes(sessions),
        before=_sum(quizzes, "before"),
        after=_sum(quizzes, "after"),
        voters=_sum(quizzes, "voters"),
        actions_due=actions_due,
        actions_done=actions_done,
        asked=asked,
        answered=answered,
    )


_MET = exists().where(
    Report.club_id == bindparam("club"),
    Report.state == ReportState.VALID,
    Report.kind == SESSION,
    Report.session_date.between(bindparam("first"), bindparam("last")),
)


def met(session: Session, club_id: int, month: date) -> bool:
    """Whether a club reported a session of that month: the short question before the long one."""
    first = first_of(month)
    asked = {"club": club_id, "first": first, "last": after(first) - timedelta(days=1)}
    return bool(session.scalar(select(_MET), asked))


def _sum(rows: Sequence[Report], name: str) -> int:
    return sum(int(row.values.get(name) or 0) for row in rows)


def _themes(sessions: Sequence[Report]) -> tuple[int, ...]:
    told = (code for row in sessions for code in (row.values.get("theme"), *row.values.get("more_themes", ())))
    return tuple(sorted({int(code) for code in told if code}))


def _reports(session: Session, club_id: int, first: date, last: date) -> list[Report]:
    valid = select(Report).where(
        Report.club_id == club_id, Report.state == ReportState.VALID, Report.session_date.between(first, last)
    )
    return list(session.scalars(valid.order_by(Report.session_date, Report.session_order, Report.id)))


def _expected(session: Session, club_id: int, first: date, last: date) -> list[ExpectedReport]:
    here = (ExpectedReport.club_id == club_id, ExpectedReport.due_on.between(first, last))
    return list(session.scalars(select(ExpectedReport).where(*here)))


def _actions(session: Session, club_id: int, first: date, last: date) -> tuple[int, int]:
    due = (Action.club_id == club_id, Action.cancelled.is_(False), Action.due_on.between(first, last))
    count, done = session.execute(select(func.count(), func.count(Action.done_on)).select_from(Action).where(*due)).one()
    return count, done


def _questions(session: Session, club_id: int, first: date, last: date) -> tuple[int, int]:
    """Those of the club or of a phone behind its members, but for what only the Protection role may know of."""
    begin, end = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    phones = select(Member.contact_id).where(Member.club_id == club_id, Member.contact_id.is_not(None))
    of_club = or_(Inquiry.club_id == club_id, and_(Inquiry.club_id.is_(None), Inquiry.contact_id.in_(phones)))
    found = delays.answering(session, begin, end, end, of_club)
    return found.received, found.answered
