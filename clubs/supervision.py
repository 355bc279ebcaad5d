"""A supervisor's own count of a session (VU)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.errors import ReportError
from clubs.grammar.values import Values
from clubs.records import Report, SpotCheck


def count(session: Session, report: Report, supervisor_id: int, seen: Values, now: datetime) -> SpotCheck:
    """Keep what a supervisor saw at a session; without a draw it is kept all the same, as unasked."""
    if seen.women is None or seen.men is None:
        raise ReportError("count", report.number)
    mine = (SpotCheck.report_id == report.id, SpotCheck.supervisor_id == supervisor_id)
    check = session.scalar(select(SpotCheck).where(*mine))
    if check is None:
        check = SpotCheck(report_id=report.id, supervisor_id=supervisor_id, drawn_on=now.date(), asked=False)
        session.add(check)
    check.women, check.men, check.seen_at = seen.women, seen.men, now
    session.flush()
    return check
