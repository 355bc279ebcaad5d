"""What the demonstration aims at and what was measured beside it: targets, planned themes, a survey, spot checks."""

from datetime import timedelta
from random import Random

from sqlalchemy import select

from clubs.models import Member, Role
from clubs.month import quarter
from clubs.records import PlannedTheme, Report, ReportState, SpotCheck
from demonstration.past import DAYS, Past
from results.models import Direction, SurveyResult, Target
from translations.models import Theme

TARGETS = {"completeness": 80, "promptness": 80, "women": 50, "quiz_gain": 20, "questions": 90, "theme_coverage": 60}
MOST = {"report_error": 15, "answer_hours": 168}
# The national values of the field guide, as one invented survey of the whole programme found them.
SURVEY = {"early_initiation": 74.7, "exclusive_breastfeeding": 49.8, "mdd": 21.3, "mad": 10.5, "anaemia": 63.0}
CHECKED = 0.05


def write(past: Past) -> None:
    """Write all of it, with a chance of its own so that the rest of the demonstration stays as it was."""
    chance, session, at = Random(5), past.session, past.moment(past.last, 9)  # noqa: S311  # invented
    session.add_all(
        Target(indicator=name, direction=Direction.AT_LEAST, value=value, set_at=at) for name, value in TARGETS.items()
    )
    session.add_all(Target(indicator=name, direction=Direction.AT_MOST, value=value, set_at=at) for name, value in MOST.items())
    codes = list(session.scalars(select(Theme.code).where(Theme.code < 90).order_by(Theme.code)))
    first = quarter(past.last - timedelta(days=DAYS))
    for begins in {first, quarter(past.last)}:
        session.add_all(PlannedTheme(quarter=begins, theme_code=code) for code in codes[:8])
    day = past.last - timedelta(days=120)
    for indicator, value in SURVEY.items():
        session.add(
            SurveyResult(
                survey="Enquête ménages (démo)",
                indicator=indicator,
                starts_on=day,
                ends_on=day + timedelta(days=20),
                n=420,
                value=value,
                low=round(value - 4, 1),
                high=round(value + 4, 1),
            )
        )
    _check(past, chance)
    session.flush()


def _check(past: Past, chance: Random) -> None:
    supervisors = list(past.session.scalars(select(Member.id).where(Member.role == Role.SUPERVISOR).order_by(Member.id)))
    valid = select(Report).where(Report.kind == "CR", Report.state == ReportState.VALID).order_by(Report.number)
    for report in past.session.scalars(valid):
        if not supervisors or report.session_date is None or chance.random() >= CHECKED:
            continue
        women, men = report.values["women"], report.values["men"]
        past.session.add(
            SpotCheck(
                report_id=report.id,
                supervisor_id=chance.choice(supervisors),
                drawn_on=report.session_date,
                women=max(0, women - chance.choice((0, 0, 0, 1, 2))),
                men=max(0, men - chance.choice((0, 0, 1))),
                seen_at=past.moment(report.session_date, 17),
            )
        )
