"""Closing a month: its figures as they were signed, and apart from them what has changed since.

A closed month is never written again: what comes later shows beside it, by comparing with the figures of today.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import event, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, Session

from clubs import doubts
from clubs.doubts import Doubtful
from clubs.records import Report, ReportState
from results.figure import Figure
from results.indicators import figures
from results.models import MonthClose
from results.scope import month as of_month
from runtime import audit

OPEN = (ReportState.DRAFT, ReportState.HELD, ReportState.UNVERIFIED)
COMPARED = ("value", "numerator", "denominator", "n")


class ClosingError(Exception):
    """A month that cannot be closed: "not_over" or "no_narrative"."""


@dataclass(frozen=True)
class Changed:
    """A figure that differs today from what was signed."""

    label: str
    unit: str
    signed: float | None
    now: float | None
    signed_n: int
    now_n: int


def close_month(session: Session, first: date, narrative: str, staff_id: int, now: datetime) -> MonthClose:
    """Sign a month's figures; a month may be signed again, the earlier signatures stay. ClosingError."""
    if of_month(first).end > now:
        raise ClosingError("not_over")
    if not narrative.strip():
        raise ClosingError("no_narrative")
    kept = {figure.id: _kept(figure) for figure in figures(session, of_month(first), small_cells=True)}
    row = MonthClose(month=first, closed_at=now, signed_by=staff_id, narrative=narrative.strip(), figures=kept)
    session.add(row)
    session.flush()
    audit.record(session, now, "close_month", "month_close", row.id, staff_id=staff_id, month=first.isoformat())
    return row


def closed(session: Session, first: date | None = None) -> list[MonthClose]:
    """Every signature, or those of one month, the newest first."""
    rows = select(MonthClose).order_by(MonthClose.month.desc(), MonthClose.closed_at.desc())
    return list(session.scalars(rows if first is None else rows.where(MonthClose.month == first)))


def changed(session: Session, row: MonthClose) -> list[Changed]:
    """The figures that differ today from the signed ones."""
    found = []
    for figure in figures(session, of_month(row.month), small_cells=True):
        signed: dict[str, Any] | None = row.figures.get(figure.id)
        if signed is not None and any(signed[name] != getattr(figure, name) for name in COMPARED):
            found.append(Changed(figure.label, figure.unit, signed["value"], figure.value, signed["n"], figure.n))
    return found


def corrections(session: Session, row: MonthClose) -> list[Report]:
    """The reports of the month that came, or were decided, after its signature."""
    scope = of_month(row.month)
    later = or_(Report.reported_at > row.closed_at, Report.decided_at > row.closed_at)
    here = select(Report).where(Report.session_date.between(scope.since, scope.until), later)
    return list(session.scalars(here.order_by(Report.session_date, Report.number, Report.version)))


def still_open(session: Session, first: date) -> list[Report]:
    """The reports of a month that wait to be completed, confirmed or checked."""
    scope = of_month(first)
    here = select(Report).where(Report.session_date.between(scope.since, scope.until), Report.state.in_(OPEN))
    return list(session.scalars(here.order_by(Report.session_date, Report.id)))


def in_doubt(session: Session, first: date, today: date) -> list[Doubtful]:
    """The reports of a month that count and yet contradict something, until somebody corrects them or lets them stand."""
    scope = of_month(first)
    found = doubts.doubts(session, today)
    return [one for one in found if one.report.session_date and scope.since <= one.report.session_date <= scope.until]


def signed_figures(row: MonthClose) -> list[Figure]:
    """The figures as they were signed."""
    return [Figure(id_, **{name: kept[name] for name in kept if name != "id"}) for id_, kept in row.figures.items()]


def _kept(figure: Figure) -> dict[str, Any]:
    names = ("label", "formula", "value", "unit", "numerator", "denominator", "n", "hidden", "people", "part")
    return {name: getattr(figure, name) for name in names}


@event.listens_for(MonthClose, "before_update")
@event.listens_for(MonthClose, "before_delete")
def _never_again(_mapper: Mapper[MonthClose], _connection: Connection, row: MonthClose) -> None:
    raise ClosingError(f"signed {row.id}")
