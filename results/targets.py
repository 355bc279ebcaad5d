"""Targets by indicator, and two periods side by side."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from clubs.records import PlannedTheme
from results.figure import Figure
from results.models import Direction, Target

AT_MOST = frozenset(("sms_unknown", "opt_out", "core_cost", "answer_hours", "questions_open", "report_error"))


@dataclass(frozen=True)
class Compared:
    """One indicator over two periods; `difference` is None where either side tells nothing."""

    before: Figure
    after: Figure

    @property
    def difference(self) -> float | None:
        """After minus before, in the indicator's unit."""
        if self.before.value is None or self.after.value is None:
            return None
        return round(self.after.value - self.before.value, 2)


def compare(before: list[Figure], after: list[Figure]) -> list[Compared]:
    """The same indicators side by side."""
    known = {figure.id: figure for figure in before}
    return [Compared(known[figure.id], figure) for figure in after if figure.id in known]


def targets(session: Session) -> dict[str, Target]:
    """The targets by indicator."""
    return {row.indicator: row for row in session.scalars(select(Target))}


def met(figure: Figure, target: Target | None) -> bool | None:
    """Whether a figure reaches its target; None without one, or when the figure tells nothing."""
    if target is None or figure.value is None or figure.hidden:
        return None
    return figure.value >= target.value if target.direction is Direction.AT_LEAST else figure.value <= target.value


def set_target(session: Session, indicator: str, value: float | None, staff_id: int, now: datetime) -> None:
    """Set, change or (None) remove a target; for some indicators less is better."""
    row = session.scalar(select(Target).where(Target.indicator == indicator))
    if value is None:
        if row is not None:
            session.delete(row)
        return
    if row is None:
        direction = Direction.AT_MOST if indicator in AT_MOST else Direction.AT_LEAST
        row = Target(indicator=indicator, direction=direction)
        session.add(row)
    if row.value != value:
        row.value, row.set_by, row.set_at = value, staff_id, now


def plan(session: Session, quarter: date, codes: Collection[int]) -> None:
    """Make these the themes planned for a quarter."""
    session.execute(delete(PlannedTheme).where(PlannedTheme.quarter == quarter))
    session.add_all(PlannedTheme(quarter=quarter, theme_code=code) for code in sorted(set(codes)))
