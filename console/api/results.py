"""Reports of clubs, and answers to quizzes by phone."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import AwareDatetime

from campaigns import reading as campaigns
from campaigns.reading import AnswerLine
from clubs import reading as clubs
from clubs.reading import ReportLine
from clubs.records import ReportState
from console.api.frame import Paging, RowId, Tags, Word, collection
from console.api.tokens import Scope
from console.edge import reading
from runtime.paging import Slice


class ReportQuery(Paging):
    """Filters on reports; `club` is a code, `message` the SMS it came in, `since` and `until` are session days, both counted."""

    id: RowId | None = None
    number: RowId | None = None
    club: Word | None = None
    kind: Word | None = None
    state: ReportState | None = None
    message: RowId | None = None
    since: date | None = None
    until: date | None = None


class AnswerQuery(Paging):
    """Filters on answers; `message` is the SMS they came in."""

    id: RowId | None = None
    question: RowId | None = None
    contact: RowId | None = None
    broadcast: RowId | None = None
    message: RowId | None = None
    since: AwareDatetime | None = None


def _reports(part: Slice, filters: dict[str, Any]) -> Sequence[ReportLine]:
    with reading() as session:
        return clubs.reports(session, part, **filters)


def _answers(part: Slice, filters: dict[str, Any]) -> Sequence[AnswerLine]:
    with reading() as session:
        return campaigns.answers(session, part, **filters)


collection("reports", Scope.REPORTS, ReportLine, Tags.RESULTS, ReportQuery, _reports, villages=True)
collection("answers", Scope.REPORTS, AnswerLine, Tags.RESULTS, AnswerQuery, _answers, villages=True)
