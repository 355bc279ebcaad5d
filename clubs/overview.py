"""Villages and clubs as staff look at them: who meets, who reports, what was decided, what is still awaited.

Counts of many villages are made in one query each, so that the page of all 64 costs as much as that of one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, select, true
from sqlalchemy.orm import Session

from clubs.grammar.values import Kind
from clubs.models import Club, ClubKind, Member, Role, Sex, Village
from clubs.records import Action, ExpectedReport, ExpectedState, Report, ReportState
from clubs.small import small
from translations.models import Language

RECENT = timedelta(days=90)
"""How far back answers to expected reports are counted."""
SESSIONS = "CR"
ANSWERED = (ExpectedState.ON_TIME, ExpectedState.LATE)


@dataclass(frozen=True)
class Tally:
    """What is counted of a village or a club; `answered` of `due` reports came, over the last 90 days."""

    members: int = 0
    women: int = 0
    last_report: date | None = None
    due: int = 0
    answered: int = 0

    @property
    def women_share(self) -> int | None:
        """Percent of the members; None without members."""
        return round(100 * self.women / self.members) if self.members else None

    @property
    def few(self) -> bool:
        """Whether the share of women would tell of too few women or men."""
        return small(self.women) or small(self.members - self.women)

    @property
    def response(self) -> int | None:
        """Percent of the expected reports that came, in time or late; None when none was due."""
        return round(100 * self.answered / self.due) if self.due else None


@dataclass(frozen=True)
class VillageLine:
    """A village with its counts; `market` is the next market day."""

    id: int
    code: str
    name: str
    language: str | None
    market: date | None
    paused_until: date | None
    clubs: int
    tally: Tally


@dataclass(frozen=True)
class ClubLine:
    """A club with its counts."""

    id: int
    code: str
    kind: ClubKind
    paused_until: date | None
    active: bool
    tally: Tally


@dataclass(frozen=True)
class Attendance:
    """One session as its current valid report tells it; what was not said is None."""

    number: int | None
    day: date | None
    theme: int | None
    women: int | None
    men: int | None
    youth: int | None
    mothers: int | None
    radio: bool | None


def villages(session: Session, today: date, allowed: Collection[int] | None = None) -> list[VillageLine]:
    """Every village by code, or those of `allowed` ids."""
    here = true() if allowed is None else Village.id.in_(allowed)
    rows = session.execute(
        select(Village, Language.name).outerjoin(Language, Language.code == Village.language).where(here).order_by(Village.code)
    )
    tallies = _tallies(session, today, Club.village_id, true() if allowed is None else Club.village_id.in_(allowed))
    counted = select(Club.village_id, func.count()).where(Club.active).group_by(Club.village_id)
    clubs: dict[int, int] = dict(session.execute(counted).all())
    return [
        VillageLine(
            village.id,
            village.code,
            village.name,
            language,
            next_market(village.market_cycle_days, village.market_anchor, today),
            _still(village.paused_until, today),
            clubs.get(village.id, 0),
            tallies.get(village.id, Tally()),
        )
        for village, language in rows
    ]


def clubs_of(session: Session, today: date, village_id: int) -> list[ClubLine]:
    """The clubs of a village by code, those no longer active last."""
    tallies = _tallies(session, today, Club.id, Club.village_id == village_id)
    rows = session.scalars(select(Club).where(Club.village_id == village_id).order_by(Club.active.desc(), Club.code))
    return [
        ClubLine(row.id, row.code, row.kind, _still(row.paused_until, today), row.active, tallies.get(row.id, Tally()))
        for row in rows
    ]


def next_market(cycle: int | None, anchor: date | None, today: date) -> date | None:
    """The first market day from `today` on, of a market that returns every `cycle` days."""
    if cycle is None or anchor is None:
        return None
    return today + timedelta(days=(anchor - today).days % cycle)


def _still(until: date | None, today: date) -> date | None:
    return until if until is not None and until >= today else None


def _tallies(session: Session, today: date, key: SQLColumnExpression[int], here: ColumnElement[bool]) -> dict[int, Tally]:
    women = func.sum(case((Member.sex == Sex.WOMAN, 1), else_=0))
    people = (
        select(key, func.count(), women)
        .join(Member, and_(Member.club_id == Club.id, Member.left_at.is_(None), Member.role != Role.SUPERVISOR))
        .where(here)
        .group_by(key)
    )
    last = (
        select(key, func.max(Report.session_date))
        .join(Report, Report.club_id == Club.id)
        .where(here, Report.state == ReportState.VALID)
        .group_by(key)
    )
    answered = func.sum(case((ExpectedReport.state.in_(ANSWERED), 1), else_=0))
    due = (
        select(key, func.count(), answered)
        .join(ExpectedReport, ExpectedReport.club_id == Club.id)
        .where(here, _due(today))
        .group_by(key)
    )
    members = {id_: (int(count), int(women)) for id_, count, women in session.execute(people)}
    days: dict[int, date | None] = dict(session.execute(last).all())
    reports = {id_: (int(count), int(came)) for id_, count, came in session.execute(due)}
    return {
        id_: Tally(*members.get(id_, (0, 0)), days.get(id_), *reports.get(id_, (0, 0)))
        for id_ in members.keys() | days.keys() | reports.keys()
    }


def _due(today: date) -> ColumnElement[bool]:
    """Expected in the last 90 days and not excused; what may still come in time is not yet a gap."""
    waiting = and_(ExpectedReport.state == ExpectedState.WAITING, ExpectedReport.due_on > today - timedelta(days=4))
    return and_(
        ExpectedReport.due_on.between(today - RECENT, today),
        ExpectedReport.state != ExpectedState.EXCUSED,
        ~waiting,
    )


def tally(session: Session, today: date, club_id: int) -> Tally:
    """The counts of one club."""
    return _tallies(session, today, Club.id, Club.id == club_id).get(club_id, Tally())


def attendance(session: Session, club_id: int, limit: int = 12) -> list[Attendance]:
    """The last sessions of a club, the latest first."""
    rows = session.scalars(
        select(Report)
        .where(Report.club_id == club_id, Report.kind == SESSIONS, Report.state == ReportState.VALID)
        .order_by(Report.session_date.desc(), Report.session_order.desc())
        .limit(limit)
    )
    names = ("theme", "women", "men", "youth", "mothers", "radio")
    return [Attendance(row.number, row.session_date, *(row.values.get(name) for name in names)) for row in rows]


def expected(session: Session, club_id: int, limit: int = 12) -> list[ExpectedReport]:
    """The last days a report was due on, the latest first."""
    mine = select(ExpectedReport).where(ExpectedReport.club_id == club_id)
    return list(session.scalars(mine.order_by(ExpectedReport.due_on.desc()).limit(limit)))


def actions(session: Session, club_id: int) -> list[Action]:
    """What the club decided to do and did not take back: what is still open first, then the latest."""
    mine = select(Action).where(Action.club_id == club_id, Action.cancelled.is_(False))
    return list(session.scalars(mine.order_by(Action.done_on.is_not(None), Action.due_on.desc(), Action.number.desc()).limit(50)))


def report_count(session: Session, club_id: int) -> int:
    """How many numbered reports a club has, versions not counted apart."""
    return session.scalar(select(func.count(Report.number.distinct())).where(Report.club_id == club_id)) or 0


def reports(session: Session, club_id: int, offset: int, limit: int) -> list[list[Report]]:
    """The club's reports by session day, the latest first, each with all its versions, the newest version first."""
    newest = func.max(Report.session_date)
    numbers = (
        select(Report.number)
        .where(Report.club_id == club_id, Report.number.is_not(None))
        .group_by(Report.number)
        .order_by(newest.desc(), Report.number.desc())
    )
    wanted = list(session.scalars(numbers.offset(offset).limit(limit)))
    rows = list(session.scalars(select(Report).where(Report.number.in_(wanted)).order_by(Report.version.desc())))
    return [[row for row in rows if row.number == number] for number in wanted]


def languages(session: Session) -> dict[str, str]:
    """The names of the languages by code, in the order of the menu."""
    rows = session.execute(select(Language.code, Language.name).order_by(Language.menu_number))
    return dict(rows.all())


def members_of(session: Session, club_id: int) -> list[Member]:
    """The people of a club who have not left: those with a task first."""
    order = case({Role.FACILITATOR: 0, Role.SUPERVISOR: 1, Role.RELAY: 2}, value=Member.role, else_=3)
    here = select(Member).where(Member.club_id == club_id, Member.left_at.is_(None))
    return list(session.scalars(here.order_by(order, Member.id)))


def exists(session: Session, village_id: int) -> bool:
    """Whether there is such a village."""
    return session.get(Village, village_id) is not None


def handovers(session: Session, club_id: int) -> list[Report]:
    """The clubs' requests to pass to a new facilitator (NF) that nobody has decided on yet, the oldest first."""
    asked = (Report.club_id == club_id, Report.kind == Kind.NF.value, Report.state == ReportState.HELD)
    return list(session.scalars(select(Report).where(*asked).order_by(Report.id)))


def ids_of(session: Session, codes: Collection[str]) -> frozenset[int] | None:
    """The ids of villages by code, None for no code; LookupError with the first that no village has."""
    found = dict(session.execute(select(Village.code, Village.id).where(Village.code.in_(codes))).all())
    if unknown := [code for code in codes if code not in found]:
        raise LookupError(unknown[0])
    return frozenset(found.values()) or None
