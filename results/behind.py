"""The rows behind a figure: its reports, expected days or actions, for those who may see more than totals."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from clubs import spot_checks
from clubs.models import Club, Village
from clubs.records import Action, ExpectedReport, ExpectedState, Report, ReportState
from results.of_clubs import PLANTS, valid_reports
from results.scope import Scope

# Which reports a figure counts, and what each must have told to be among them.
REPORTS: dict[str, tuple[tuple[str, ...], str | None]] = {
    **dict.fromkeys(("sessions", "sessions_held", "attendances", "attendance_mean", "women", "active_clubs"), (("CR",), None)),
    "youth": (("CR",), "youth"),
    "mothers": (("CR",), "mothers"),
    "radio": (("CR",), "radio"),
    "theme_coverage": (("CR",), None),
    **dict.fromkeys(("events", "event_women", "event_men", "event_villages"), (("EV",), None)),
    "demonstrations": (("DC",), None),
    "quiz_gain": (("QZ",), None),
}
EXPECTED = ("completeness", "promptness")
ACTIONS = ("actions", "plants")
FIGURES = (*REPORTS, "verification", "report_error", *EXPECTED, *ACTIONS)


@dataclass(frozen=True)
class Line:
    """A row behind a figure: the club, the day and, as far as it has them, its report, expected state or action."""

    club_id: int | None
    club: str | None
    village: str | None
    day: date | None
    report: Report | None = None
    expected: ExpectedState | None = None
    action: Action | None = None


def count(session: Session, figure: str, scope: Scope) -> int:
    """How many rows stand behind a figure."""
    return session.scalar(select(func.count()).select_from(_rows(figure, scope).order_by(None).subquery())) or 0


def lines(session: Session, figure: str, scope: Scope, offset: int, limit: int) -> list[Line]:
    """Some of the rows behind a figure, by day."""
    found: list[Any] = list(session.execute(_rows(figure, scope).offset(offset).limit(limit)))
    return [_line(row[0], row.club_id, row.code, row.village) for row in found]


def _line(row: Report | ExpectedReport | Action, club_id: int | None, club: str | None, village: str | None) -> Line:
    if isinstance(row, Report):
        return Line(club_id, club, village, row.session_date, report=row)
    if isinstance(row, ExpectedReport):
        return Line(club_id, club, village, row.due_on, expected=row.state)
    return Line(club_id, club, village, row.due_on, action=row)


def _rows(figure: str, scope: Scope) -> Select[Any, Any, Any, Any]:
    place = (Club.id.label("club_id"), Club.code.label("code"), Village.name.label("village"))
    if figure in EXPECTED:
        due = select(ExpectedReport, *place).join(Club, Club.id == ExpectedReport.club_id).join(Village)
        due = due.where(ExpectedReport.due_on.between(scope.since, scope.until), scope.club())
        return due.where(ExpectedReport.state != ExpectedState.EXCUSED).order_by(ExpectedReport.due_on, ExpectedReport.id)
    if figure in ACTIONS:
        acts = select(Action, *place).join(Club, Club.id == Action.club_id).join(Village).where(scope.club())
        acts = acts.where(Action.cancelled.is_(False))
        if figure == "plants":
            acts = acts.where(Action.type == PLANTS, Action.done_on.between(scope.since, scope.until))
        else:
            acts = acts.where(Action.due_on.between(scope.since, scope.until))
        # The late ones first: they are what one looks for.
        return acts.order_by(Action.done_on.is_not(None), Action.due_on, Action.id)
    if figure == "report_error":
        asked = select(Report, *place).outerjoin(Club, Club.id == Report.club_id).outerjoin(Village)
        asked = asked.where(Report.first_reply.in_(("ASK", "HOLD")), scope.within(Report.reported_at))
        asked = asked.where(or_(Report.number.is_not(None), Report.state == ReportState.DRAFT))
        here = asked if scope.villages is None and scope.language is None else asked.where(scope.club())
        return here.order_by(Report.reported_at, Report.id)
    kinds, told = REPORTS.get(figure, (("CR",), None))
    rows = valid_reports(scope, *kinds)
    if told is not None:
        rows = rows.where(Report.values[told].as_string().is_not(None))
    if figure == "verification":
        rows = rows.where(Report.number.in_(spot_checks.counted()))
    return rows.with_only_columns(Report, *place).order_by(Report.session_date, Report.number, Report.id)
