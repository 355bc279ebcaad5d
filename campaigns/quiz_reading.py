"""Quizzes and the answers to them as other systems read them: flat values in pages."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaigns.models import Answer, Question, Quiz
from messaging.models import Listener
from runtime.paging import Slice, matching


@dataclass(frozen=True)
class QuestionLine:
    """A question of a quiz: its words are a content, its explanation another; `right` counts from 1."""

    id: int
    content_id: int
    explanation_id: int | None
    theme: int | None
    club_question: bool
    options: int
    right: int


@dataclass(frozen=True)
class QuizLine:
    """A quiz with its questions; a closed one counts no further answer."""

    id: int
    title: str
    open: bool
    created_at: datetime
    questions: list[QuestionLine]


@dataclass(frozen=True)
class AnswerLine:
    """An answer to a quiz by phone, never by name; `scored` is false for repeats and late ones."""

    id: int
    question_id: int
    contact_id: int
    broadcast_id: int | None
    phase: str | None
    key: int
    right: bool
    scored: bool
    listener: Listener | None
    language: str | None
    message_id: int | None
    call_id: int | None
    answered_at: datetime


def quizzes(session: Session, part: Slice, *, id: int | None = None, open: bool | None = None) -> list[QuizLine]:
    """Quizzes by id."""
    query = part.of(select(Quiz).options(selectinload(Quiz.questions)), Quiz.id)
    query = matching(query, (Quiz.id, id), (Quiz.open, open))
    return [
        QuizLine(row.id, row.title, row.open, row.created_at, [_question(each) for each in row.questions])
        for row in session.scalars(query)
    ]


def _question(row: Question) -> QuestionLine:
    club, right = row.club_question, row.right
    return QuestionLine(row.id, row.content_id, row.explanation_id, row.theme_code, club, row.options, right)


def answers(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    question: int | None = None,
    contact: int | None = None,
    broadcast: int | None = None,
    message: int | None = None,
    since: datetime | None = None,
) -> list[AnswerLine]:
    """Answers by id, scored and unscored."""
    query = part.theirs(part.of(select(Answer), Answer.id), Answer.contact_id)
    query = matching(
        query,
        (Answer.id, id),
        (Answer.question_id, question),
        (Answer.contact_id, contact),
        (Answer.broadcast_id, broadcast),
        (Answer.message_id, message),
    )
    if since is not None:
        query = query.where(Answer.answered_at >= since)
    return [_answer(row) for row in session.scalars(query)]


def _answer(row: Answer) -> AnswerLine:
    return AnswerLine(
        id=row.id,
        question_id=row.question_id,
        contact_id=row.contact_id,
        broadcast_id=row.broadcast_id,
        phase=row.phase,
        key=row.key,
        right=row.right,
        scored=row.scored,
        listener=row.listener,
        language=row.language,
        message_id=row.message_id,
        call_id=row.call_id,
        answered_at=row.answered_at,
    )
