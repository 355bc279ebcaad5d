"""What quizzes say was learned: scored answers, counted by phone and never by name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, func, literal, select, true
from sqlalchemy.orm import Session

from campaigns.models import Answer, Question
from campaigns.quizzes import Phase
from clubs.models import Club, Member
from clubs.people import phones_of

SMALLEST_GAIN = 10
"""Answers in each phase below which a gain says nothing."""


class By(StrEnum):
    """How results are grouped; sex is what the listener declared on the phone."""

    ALL = "all"
    CLUB = "club"
    LANGUAGE = "language"
    LISTENER = "listener"


@dataclass(frozen=True)
class Line:
    """First answers in time of one group to one question in one phase; `right` of `answers`."""

    question_id: int
    phase: str | None
    group: str
    answers: int
    right: int

    @property
    def share(self) -> float:
        """Right answers in percent."""
        return 100 * self.right / self.answers


@dataclass(frozen=True)
class Gain:
    """Points between before and after; None where a phase has fewer than ten answers."""

    before_right: int
    before: int
    after_right: int
    after: int

    @property
    def points(self) -> float | None:
        """100 × (after right / after − before right / before)."""
        if min(self.before, self.after) < SMALLEST_GAIN:
            return None
        return 100 * (self.after_right / self.after - self.before_right / self.before)


def results(session: Session, quiz_id: int, by: By = By.ALL, villages: Collection[int] | None = None) -> list[Line]:
    """Scored answers by question, phase and group, of all villages or of these; a phone stands for the club of the first member
    behind it."""
    of_quiz = Answer.question_id.in_(select(Question.id).where(Question.quiz_id == quiz_id))
    each = select(Answer.question_id, Answer.phase, Answer.right, _GROUPS[by].label("group")).where(
        of_quiz, Answer.scored, of_villages(villages)
    )
    one = each.subquery()
    query = select(one.c.question_id, one.c.phase, one.c.group, func.count(), func.sum(func.cast(one.c.right, Integer))).group_by(
        one.c.question_id, one.c.phase, one.c.group
    )
    lines = [Line(question, phase, str(of or ""), n, int(ok)) for question, phase, of, n, ok in session.execute(query)]
    return sorted(lines, key=lambda line: (line.question_id, line.phase or "", line.group))


def of_villages(villages: Collection[int] | None) -> ColumnElement[bool]:
    """The condition that an answer came from a number of these villages."""
    return true() if villages is None else Answer.contact_id.in_(phones_of(villages))


def gain(session: Session, quiz_id: int, villages: Collection[int] | None = None) -> Gain:
    """What a quiz with two phases says was learned."""
    sums = {Phase.BEFORE: [0, 0], Phase.AFTER: [0, 0]}
    for line in _phased(results(session, quiz_id, villages=villages)):
        sums[Phase(line.phase or "")][0] += line.right
        sums[Phase(line.phase or "")][1] += line.answers
    return Gain(*sums[Phase.BEFORE], *sums[Phase.AFTER])


def _phased(lines: list[Line]) -> Iterator[Line]:
    return (line for line in lines if line.phase in set(Phase))


_first_member = select(func.min(Member.id)).where(Member.contact_id == Answer.contact_id).correlate(Answer).scalar_subquery()
_club = (
    select(Club.code)
    .join(Member, Member.club_id == Club.id)
    .where(Member.id == _first_member)
    .correlate(Answer)
    .scalar_subquery()
)
_GROUPS: Mapping[By, ColumnElement[Any]] = {
    By.ALL: literal(""),
    By.CLUB: _club,
    By.LANGUAGE: Answer.language.expression,
    By.LISTENER: Answer.listener.expression,
}
