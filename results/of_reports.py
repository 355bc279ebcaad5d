"""Indicators of reporting itself: whether what we waited for came, in time, and understood at once."""

from collections.abc import Iterator

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import Session

from clubs.models import Club, Village
from clubs.records import ExpectedReport, ExpectedState, Report, ReportState
from results.figure import Figure, Maker, share
from results.of_clubs import valid_reports
from results.scope import Scope


def _expected(session: Session, scope: Scope) -> Iterator[Figure]:
    counted = (
        select(ExpectedReport.state, func.count())
        .join(Club, Club.id == ExpectedReport.club_id)
        .join(Village)
        .where(ExpectedReport.due_on.between(scope.since, scope.until), scope.club())
        .where(ExpectedReport.state != ExpectedState.EXCUSED)
        .group_by(ExpectedReport.state)
    )
    states: dict[ExpectedState, int] = dict(session.execute(counted).all())
    due = sum(states.values())
    in_time, late = states.get(ExpectedState.ON_TIME, 0), states.get(ExpectedState.LATE, 0)
    held = session.scalar(valid_reports(scope, "CR").with_only_columns(func.count())) or 0
    formula = "séances tenues / séances attendues"
    yield share("sessions_held", "Séances tenues sur attendues", formula, held, due, people=False)
    yield share("completeness", "Complétude", "(CR + RAS) / rapports attendus", in_time + late, due, people=False)
    yield share("promptness", "Promptitude", "(CR + RAS) reçus à temps / rapports attendus", in_time, due, people=False)


def _errors(session: Session, scope: Scope) -> Iterator[Figure]:
    # A draft that was completed is counted as the report it became.
    counts = and_(Report.first_reply.is_not(None), or_(Report.number.is_not(None), Report.state == ReportState.DRAFT))
    here = true() if scope.villages is None and scope.language is None else scope.club()
    counted = (
        select(Report.first_reply, func.count())
        .outerjoin(Club, Club.id == Report.club_id)
        .outerjoin(Village, Village.id == Club.village_id)
        .where(counts, scope.within(Report.reported_at), here)
        .group_by(Report.first_reply)
    )
    replies: dict[str | None, int] = dict(session.execute(counted).all())
    wrong = replies.get("ASK", 0) + replies.get("HOLD", 0)
    formula = "rapports dont la première réponse demande une précision ou une confirmation / rapports reçus par téléphone"
    yield share("report_error", "Rapports à corriger", formula, wrong, sum(replies.values()), people=False)


MAKERS: tuple[Maker, ...] = (_expected, _errors)
