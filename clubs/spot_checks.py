"""A random part of each month's sessions, which supervisors count for themselves: how far the reports can be trusted.

The draw is made from the month and the reports' numbers alone, so that drawing again gives the same; a session reported late may
join it, and none that was drawn ever leaves.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.orm import Session

from clubs import people, unasked
from clubs.errors import ReportError
from clubs.grammar.dates import in_words
from clubs.grammar.values import Values
from clubs.models import Club, Member, Village
from clubs.month import after, before, first_of
from clubs.records import Report, ReportState, SpotCheck
from messaging.exchange import Exchange
from messaging.models import Contact

SHARE = 0.05
DRAWN_UNTIL = 10
"""Days after its end in which a month's draw still takes up late reports."""
ANSWERED_WITHIN = timedelta(days=3)


@dataclass(frozen=True)
class Check:
    """One session drawn, with what its standing version reports and what the supervisor counted, if they did."""

    check: SpotCheck
    report: Report
    club: Club
    village: Village

    @property
    def reported(self) -> int:
        """Women and men of the report."""
        return int(self.report.values.get("women") or 0) + int(self.report.values.get("men") or 0)

    @property
    def day(self) -> date | None:
        """The session's day, as reported."""
        return self.report.session_date

    @property
    def seen(self) -> int | None:
        """Women and men counted by the supervisor; None until they say."""
        return None if self.check.women is None or self.check.men is None else self.check.women + self.check.men


@dataclass(frozen=True)
class Factor:
    """The verification factor over the sessions that were counted: Σ(F+H) in VU / Σ(F+H) in CR."""

    sessions: int
    seen: int
    reported: int

    @property
    def value(self) -> float | None:
        """The quotient; None where nobody was reported."""
        return self.seen / self.reported if self.reported else None


def rank(month: date, number: int) -> str:
    """Where a report stands in a month's draw: as good as chance, and the same each time."""
    return hashlib.sha256(f"{month:%Y-%m}:{number}".encode()).hexdigest()


def chosen(month: date, by_supervisor: dict[int, list[int]], kept: Collection[int] = ()) -> list[int]:
    """The report numbers drawn: the kept, the lowest-ranked to 5 % of all, and the first of each supervisor without any."""
    everything = sorted({number for numbers in by_supervisor.values() for number in numbers}, key=lambda one: rank(month, one))
    taken = [number for number in everything if number in kept]
    for numbers in by_supervisor.values():
        if numbers and not set(numbers) & set(taken):
            taken.append(min(numbers, key=lambda one: rank(month, one)))
    missing = ceil(SHARE * len(everything)) - len(taken)
    taken += [number for number in everything if number not in taken][: max(0, missing)]
    return sorted(taken)


def draw(session: Session, exchange: Exchange, month: date, now: datetime) -> list[SpotCheck]:
    """Draw a month's checks and ask for them; those drawn before stay, and only the new are returned."""
    month = first_of(month)
    reports = _sessions(session, month)
    posts: dict[int, int] = {}
    supervising: dict[int, list[Member]] = {}
    by_supervisor: dict[int, list[int]] = defaultdict(list)
    for row, club, _ in reports.values():
        if club.village_id not in supervising:
            supervising[club.village_id] = people.supervisors(session, club.village_id, now.date())
        found = supervising[club.village_id]
        if found and row.number is not None:
            posts[row.number] = found[0].id
            by_supervisor[found[0].id].append(row.number)
    kept = {check.report.number or 0 for check in checks(session, month)}
    fresh = [number for number in chosen(month, by_supervisor, kept) if number not in kept]
    return [_ask(session, exchange, month, *reports[number][:2], posts[number], now) for number in fresh]


def due(exchange: Exchange, now: datetime) -> int:
    """What the clock runs: in the first days of a month, the draw of the one before; how many were drawn."""
    if now.day > DRAWN_UNTIL:
        return 0
    with exchange.database.writing() as session:
        return len(draw(session, exchange, before(now.date()), now))


def _ask(
    session: Session, exchange: Exchange, month: date, report: Report, club: Club, supervisor_id: int, now: datetime
) -> SpotCheck:
    mine = select(SpotCheck).where(SpotCheck.report_id == report.id, SpotCheck.supervisor_id == supervisor_id)
    row = session.scalar(mine)
    if row is None:
        row = SpotCheck(report_id=report.id, supervisor_id=supervisor_id, drawn_on=now.date())
        session.add(row)
    row.month = month
    contact = _phone(session, supervisor_id)
    if row.seen_at is None and contact is not None and report.session_date is not None:
        told = {"numero": report.number, "club": club.code, "jour": in_words(report.session_date)}
        message = unasked.queue(session, exchange, contact, "check_asked", told, now, expires_at=now + ANSWERED_WITHIN)
        row.asked_id = message.id if message is not None else None
    session.flush()
    return row


def count(session: Session, report: Report, supervisor_id: int, seen: Values, now: datetime) -> SpotCheck:
    """Keep what a supervisor saw at a session (VU), whichever version of its report was drawn; unasked without a draw."""
    if seen.women is None or seen.men is None:
        raise ReportError("count", report.number)
    versions = select(Report.id).where(Report.number == report.number)
    mine = select(SpotCheck).where(SpotCheck.report_id.in_(versions), SpotCheck.supervisor_id == supervisor_id)
    check = session.scalars(mine.order_by(SpotCheck.month.is_(None), SpotCheck.id).limit(1)).first()
    if check is None:
        check = SpotCheck(report_id=report.id, supervisor_id=supervisor_id, drawn_on=now.date())
        session.add(check)
    check.women, check.men, check.seen_at = seen.women, seen.men, now
    session.flush()
    return check


def _phone(session: Session, member_id: int) -> Contact | None:
    member = session.get_one(Member, member_id)
    return session.get(Contact, member.contact_id) if member.contact_id is not None else None


def _sessions(session: Session, month: date) -> dict[int, tuple[Report, Club, Village]]:
    """The month's standing sessions by report number."""
    rows = session.execute(
        select(Report, Club, Village)
        .join(Club, Club.id == Report.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(Report.kind == "CR", Report.state == ReportState.VALID, Report.number.is_not(None))
        .where(Report.session_date >= month, Report.session_date < after(month))
    )
    return {row.number or 0: (row, club, village) for row, club, village in rows}


def checks(session: Session, month: date, allowed: Collection[int] | None = None) -> list[Check]:
    """A month's checks, of these villages or of all."""
    here = true() if allowed is None else Club.village_id.in_(allowed)
    return drawn(session, SpotCheck.month == first_of(month), here)


def drawn(session: Session, *where: ColumnElement[bool]) -> list[Check]:
    """Checks by report number, beside the version of each report that stands now, else the one that was drawn.

    A count nobody asked for is no part of a random draw. `where` may name SpotCheck, Report, Club and Village.
    """
    rows = session.execute(
        select(SpotCheck, Report, Club, Village)
        .join(Report, Report.id == SpotCheck.report_id)
        .join(Club, Club.id == Report.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(SpotCheck.month.is_not(None), *where)
        .order_by(Report.number)
    ).all()
    standing = _standing(session, [report.number for _, report, _, _ in rows])
    return [Check(check, standing.get(report.number, report), club, village) for check, report, club, village in rows]


def _standing(session: Session, numbers: Iterable[int | None]) -> dict[int | None, Report]:
    valid = select(Report).where(Report.number.in_(list(numbers)), Report.state == ReportState.VALID)
    return {row.number: row for row in session.scalars(valid)}


def factor(found: Iterable[Check]) -> Factor:
    """The verification factor of those checks that were counted and whose report still stands."""
    counted = [(check.seen, check.reported) for check in found if check.report.state is ReportState.VALID]
    both = [(seen, reported) for seen, reported in counted if seen is not None]
    return Factor(len(both), sum(seen for seen, _ in both), sum(reported for _, reported in both))


def counted() -> Select[int | None]:
    """The numbers of the reports that were drawn and counted, for a query of reports."""
    seen = (SpotCheck.month.is_not(None), SpotCheck.women.is_not(None), SpotCheck.men.is_not(None))
    return select(Report.number).join(SpotCheck, SpotCheck.report_id == Report.id).where(*seen)
