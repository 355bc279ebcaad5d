"""Quizzes as staff see and write them: each question with its words, keys, right answer and answers so far.

A question and its explanation are contents: what is made here is a French draft that has to be approved like any text.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, func, select
from sqlalchemy.orm import Session

from campaigns.models import Answer, Question, Quiz
from campaigns.quiz_results import Gain, gain, of_villages
from translations import contents, drafts
from translations.languages import SOURCE
from translations.library import clip_of, explanation_key, newest_variants
from translations.models import Content, ContentKind, Theme, Variant, VariantState


@dataclass(frozen=True)
class InLanguage:
    """How a question and its explanation stand in one language; `silent`: no approved sound for calls."""

    language: str
    question: VariantState | None
    explanation: VariantState | None
    silent: bool


@dataclass(frozen=True)
class QuestionSheet:
    """One question: its French words (None before anybody wrote them), keys from 1, and how it stands in each language."""

    row: Question
    title: str
    words: Variant | None
    explanation: Variant | None
    languages: tuple[InLanguage, ...]


@dataclass(frozen=True)
class QuizLine:
    """A quiz in the list; `answers` are those scored, `right` of them right."""

    id: int
    title: str
    open: bool
    theme_code: int | None
    questions: int
    answers: int
    right: int
    gain: Gain


def quizzes(session: Session, villages: Collection[int] | None = None) -> list[QuizLine]:
    """Every quiz, oldest first, with the answers of all villages or of these."""
    asked = dict[int, tuple[int, int | None]]()
    for quiz_id, count, theme in session.execute(
        select(Question.quiz_id, func.count(), func.min(Question.theme_code)).group_by(Question.quiz_id)
    ):
        asked[quiz_id] = (count, theme)
    answered = dict[int, tuple[int, int]]()
    for quiz_id, count, right in session.execute(
        select(Question.quiz_id, func.count(), func.sum(func.cast(Answer.right, Integer)))
        .join(Answer, Answer.question_id == Question.id)
        .where(Answer.scored, of_villages(villages))
        .group_by(Question.quiz_id)
    ):
        answered[quiz_id] = (count, int(right))
    lines = []
    for quiz in session.scalars(select(Quiz).order_by(Quiz.id)):
        questions, theme = asked.get(quiz.id, (0, None))
        answers, right = answered.get(quiz.id, (0, 0))
        learned = gain(session, quiz.id, villages) if answers else Gain(0, 0, 0, 0)
        lines.append(QuizLine(quiz.id, quiz.title, quiz.open, theme, questions, answers, right, learned))
    return lines


def sheets(session: Session, quiz_id: int) -> list[QuestionSheet]:
    """The questions of a quiz."""
    rows = list(session.scalars(select(Question).where(Question.quiz_id == quiz_id).order_by(Question.id)))
    ids = [one for row in rows for one in (row.content_id, row.explanation_id) if one is not None]
    found = {(variant.content_id, variant.language): variant for variant in newest_variants(session, ids)}
    titles = dict(session.execute(select(Content.id, Content.title).where(Content.id.in_(ids))).all())
    codes = [language.code for language in contents.languages(session)]
    return [
        QuestionSheet(
            row,
            titles[row.content_id],
            found.get((row.content_id, SOURCE)),
            found.get((row.explanation_id or 0, SOURCE)),
            tuple(_in_language(code, found, row) for code in codes),
        )
        for row in rows
    ]


def write(
    session: Session,
    quiz: Quiz,
    question: str,
    options: Sequence[str],
    right: int,
    explanation: str,
    staff_id: int,
    now: datetime,
    *,
    theme_code: int | None = None,
) -> Question:
    """A new question with its explanation, in French drafts; `options` stand in the order of their keys, `right` is a key."""
    asked = contents.create(session, ContentKind.QUESTION, question[:120], theme_code=theme_code)
    told = contents.create(
        session, ContentKind.EXPLANATION, question[:120], theme_code=theme_code, key=explanation_key(asked.key)
    )
    drafts.write(session, asked, SOURCE, question, None, list(options), staff_id, now)
    drafts.write(session, told, SOURCE, explanation, explanation, [], staff_id, now)
    row = Question(content_id=asked.id, explanation_id=told.id, theme_code=theme_code, options=len(options), right=right)
    quiz.questions.append(row)
    session.flush()
    return row


def quiz_of(session: Session, theme: Theme, now: datetime) -> Quiz:
    """The quiz of a theme, made if there is none: one a theme, named after it."""
    quiz = session.scalar(select(Quiz).where(Quiz.title == theme.name).order_by(Quiz.id).limit(1))
    if quiz is None:
        quiz = Quiz(title=theme.name, created_at=now)
        session.add(quiz)
        session.flush()
    return quiz


def _in_language(code: str, found: dict[tuple[int, str], Variant], row: Question) -> InLanguage:
    asked, told = found.get((row.content_id, code)), found.get((row.explanation_id or 0, code))
    silent = asked is not None and clip_of(asked) is None
    return InLanguage(code, asked.state if asked else None, told.state if told else None, silent)
