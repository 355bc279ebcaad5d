"""Reports of clubs, quizzes and the answers to them, indicators and tables.

Indicators and tables leave as they do in files: no village is named, and what counts fewer than five people is null.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from campaigns import quiz_reading as quizzes
from campaigns.quiz_reading import AnswerLine, QuizLine
from clubs import reading as clubs
from clubs.models import Sex
from clubs.reading import ReportLine
from clubs.records import ReportState
from console.api.document import Tags
from console.api.frame import Paging, by_village, caller, collection, endpoint
from console.api.problems import ApiError, Fault
from console.api.tokens import Scope
from console.api.values import Day, Moment, Number, RowId, Word
from console.edge import now, reading
from results import release
from results.exports import nothing
from results.figure import Figure
from results.scope import Scope as Part
from results.small import Kept
from results.table import Cell, Table
from runtime.database import Session
from runtime.paging import Slice

LONGEST = timedelta(days=366)
USUAL = timedelta(days=27)


class ReportQuery(Paging):
    """Filters on reports; `club` is a code, `message` the SMS it came in, `since` and `until` are session days, both counted."""

    id: RowId | None = None
    number: Number | None = None
    club: Word | None = None
    kind: Word | None = None
    state: ReportState | None = None
    message: RowId | None = None
    since: Day | None = None
    until: Day | None = None


class AnswerQuery(Paging):
    """Filters on answers; `message` is the SMS they came in."""

    id: RowId | None = None
    question: RowId | None = None
    contact: RowId | None = None
    broadcast: RowId | None = None
    message: RowId | None = None
    since: Moment | None = None


class QuizQuery(Paging):
    """Filters on quizzes."""

    open: bool | None = None


class ResultQuery(BaseModel):
    """Which part of the programme: days, both counted (at most a year; without them the last four weeks), and what narrows it."""

    model_config = ConfigDict(extra="forbid")

    since: Day | None = None
    until: Day | None = None
    village: RowId | None = None
    language: Word | None = None
    sex: Sex | None = None
    operator: Word | None = None


@dataclass(frozen=True)
class FigureLine:
    """One indicator with its formula; `hidden` says that too few people are counted for it to be told."""

    id: str
    label: str
    formula: str
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    n: int | None
    hidden: bool


@dataclass(frozen=True)
class TableLine:
    """One table; a null in a row is a cell kept back, or one that nothing can be said in."""

    id: str
    title: str
    formula: str
    columns: list[str]
    rows: list[list[int | float | str | None]]


@dataclass(frozen=True)
class Results:
    """Indicators and tables of one period, both days counted."""

    since: date
    until: date
    figures: list[FigureLine]
    tables: list[TableLine]


def _reports(part: Slice, filters: dict[str, Any]) -> Sequence[ReportLine]:
    with reading() as session:
        return clubs.reports(session, part, **filters)


def _answers(part: Slice, filters: dict[str, Any]) -> Sequence[AnswerLine]:
    with reading() as session:
        return quizzes.answers(session, part, **filters)


def _quizzes(part: Slice, filters: dict[str, Any]) -> Sequence[QuizLine]:
    with reading() as session:
        return quizzes.quizzes(session, part, **filters)


collection("reports", Scope.REPORTS, ReportLine, Tags.RESULTS, ReportQuery, _reports, villages=True)
collection("answers", Scope.REPORTS, AnswerLine, Tags.RESULTS, AnswerQuery, _answers, villages=True)
collection("quizzes", Scope.REPORTS, QuizLine, Tags.RESULTS, QuizQuery, _quizzes)


@endpoint("/results", Scope.RESULTS, Results, Tags.RESULTS, query=ResultQuery)
def get_results(asked: ResultQuery) -> Results:
    """The indicators and tables of a period."""
    with reading() as session:
        part = _part(session, asked)
        found = release.files(session, part, each_report=False, step=nothing)
    return Results(part.since, part.until, [_figure(each) for each in found.figures], [_table(each) for each in found.tables])


by_village.add("api.get_results")


def _part(session: Session, asked: ResultQuery) -> Part:
    until = asked.until or now(session).date()
    since = asked.since or until - USUAL
    villages = caller().villages
    if asked.village is not None:
        villages = frozenset({asked.village} if villages is None or asked.village in villages else ())
    if since > until or until - since >= LONGEST:
        fault = Fault(place="since", message="The first day is after the last, or more than a year before it.")
        raise ApiError(422, "invalid", "Some parts of the request are wrong.", faults=[fault])
    return Part(since, until, villages, asked.language, asked.sex, asked.operator)


def _figure(one: Figure) -> FigureLine:
    numerator, n = (None, None) if one.hidden else (one.numerator, one.n)
    return FigureLine(one.id, one.label, one.formula, one.value, one.unit, numerator, one.denominator, n, one.hidden is not None)


def _table(one: Table) -> TableLine:
    return TableLine(one.id, one.title, one.formula, list(one.columns), [[_cell(cell) for cell in row] for row in one.rows])


def _cell(cell: Cell) -> int | float | str | None:
    if isinstance(cell, Kept):
        return None
    return cell.isoformat() if isinstance(cell, date) else cell
