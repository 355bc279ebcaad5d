"""Villages, clubs, members and reports as other systems read them: flat values in pages, without notes of facilitators.

Names, numbers and life stages are left out unless the caller says that its reader may see people.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import AgeBand, Area, Club, ClubKind, Member, Preferred, Role, Sex, Village
from clubs.records import Report, ReportState
from messaging.models import Contact
from messaging.numbers import mask
from runtime.paging import Slice, matching


@dataclass(frozen=True)
class VillageLine:
    """A village; its market returns every 5 or 7 days from an anchor day."""

    id: int
    code: str
    name: str
    commune: str
    language: str | None
    market_cycle_days: int | None
    market_anchor: date | None
    paused_until: date | None


@dataclass(frozen=True)
class ClubLine:
    """A club; `weekday` counts from 0 for Monday, `every_days` is how often it meets."""

    id: int
    code: str
    kind: ClubKind
    village_id: int
    village: str
    village_code: str
    language: str | None
    declared_women: int | None
    declared_men: int | None
    declared_youth: int | None
    every_days: int
    weekday: int | None
    meets_at: str | None
    active: bool
    paused_until: date | None


@dataclass(frozen=True)
class MemberLine:
    """A member; `name`, `number` and `life_stage` are null for readers who may not see people. Numbers are masked."""

    id: int
    club: str | None
    village_id: int | None
    contact_id: int | None
    role: Role
    sex: Sex | None
    age_band: AgeBand | None
    language: str | None
    preferred: Preferred
    joined_at: datetime
    left_at: datetime | None
    name: str | None = None
    number: str | None = None
    life_stage: str | None = None


@dataclass(frozen=True)
class ReportLine:
    """One version of a report; only a `valid` one counts. `values` are whole numbers, lists of them, true, false or null."""

    id: int
    number: int | None
    version: int
    kind: str
    club: str | None
    session_date: date | None
    session_order: int
    values: dict[str, int | bool | str | list[int] | None]
    state: ReportState
    flags: list[str]
    message_id: int | None
    call_id: int | None
    reported_at: datetime
    replaced_by: int | None


def villages(session: Session, part: Slice, *, id: int | None = None, code: str | None = None) -> list[VillageLine]:
    """Villages by id."""
    query = select(Village, Area.name).join(Area, Area.id == Village.area_id)
    query = part.here(part.of(query, Village.id), Village.id)
    query = matching(query, (Village.id, id), (Village.code, code))
    return [_village(village, commune) for village, commune in session.execute(query)]


def _village(row: Village, commune: str) -> VillageLine:
    return VillageLine(
        id=row.id,
        code=row.code,
        name=row.name,
        commune=commune,
        language=row.language,
        market_cycle_days=row.market_cycle_days,
        market_anchor=row.market_anchor,
        paused_until=row.paused_until,
    )


def clubs(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    code: str | None = None,
    village: int | None = None,
    active: bool | None = None,
) -> list[ClubLine]:
    """Clubs by id."""
    query = part.here(part.of(select(Club, Village).join(Village, Village.id == Club.village_id), Club.id), Club.village_id)
    query = matching(query, (Club.id, id), (Club.code, code), (Club.village_id, village), (Club.active, active))
    return [_club(club, village) for club, village in session.execute(query)]


def _club(club: Club, village: Village) -> ClubLine:
    return ClubLine(
        id=club.id,
        code=club.code,
        kind=club.kind,
        village_id=village.id,
        village=village.name,
        village_code=village.code,
        language=club.language or village.language,
        declared_women=club.declared_women,
        declared_men=club.declared_men,
        declared_youth=club.declared_youth,
        every_days=club.every_days,
        weekday=club.weekday,
        meets_at=club.meets_at,
        active=club.active,
        paused_until=club.paused_until,
    )


def members(
    session: Session,
    part: Slice,
    *,
    people: bool,
    whole_numbers: bool = False,
    id: int | None = None,
    club: str | None = None,
    contact: int | None = None,
    role: Role | None = None,
) -> list[MemberLine]:
    """Members by id. `people` shows names, masked numbers and life stages; `whole_numbers` unmasks, and is audited above."""
    query = select(Member, Club.code, Club.village_id, Contact.number).outerjoin(Club, Club.id == Member.club_id)
    query = part.here(part.of(query.outerjoin(Contact, Contact.id == Member.contact_id), Member.id), Club.village_id)
    query = matching(query, (Member.id, id), (Club.code, club), (Member.contact_id, contact), (Member.role, role))
    found = session.execute(query)
    return [_member(member, code, village, number, people, whole_numbers) for member, code, village, number in found]


def _member(
    member: Member, code: str | None, village: int | None, number: str | None, people: bool, whole_numbers: bool
) -> MemberLine:
    shown = number if whole_numbers or number is None else mask(number)
    return MemberLine(
        id=member.id,
        club=code,
        village_id=village,
        contact_id=member.contact_id,
        role=member.role,
        sex=member.sex,
        age_band=member.age_band,
        language=member.language,
        preferred=member.preferred,
        joined_at=member.joined_at,
        left_at=member.left_at,
        name=member.name if people else None,
        number=shown if people else None,
        life_stage=member.life_stage if people else None,
    )


def reports(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    number: int | None = None,
    club: str | None = None,
    kind: str | None = None,
    state: ReportState | None = None,
    message: int | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[ReportLine]:
    """Every version of reports by id; `since` and `until` are session days, both counted."""
    query = part.here(part.of(select(Report, Club.code).outerjoin(Club, Club.id == Report.club_id), Report.id), Club.village_id)
    query = matching(
        query,
        (Report.id, id),
        (Report.number, number),
        (Club.code, club),
        (Report.kind, kind),
        (Report.state, state),
        (Report.message_id, message),
    )
    if since is not None:
        query = query.where(Report.session_date >= since)
    if until is not None:
        query = query.where(Report.session_date <= until)
    return [_report(report, code) for report, code in session.execute(query)]


def _report(report: Report, code: str | None) -> ReportLine:
    return ReportLine(
        id=report.id,
        number=report.number,
        version=report.version,
        kind=report.kind,
        club=code,
        session_date=report.session_date,
        session_order=report.session_order,
        values=dict(report.values),
        state=report.state,
        flags=list(report.flags),
        message_id=report.message_id,
        call_id=report.call_id,
        reported_at=report.reported_at,
        replaced_by=report.replaced_by,
    )
