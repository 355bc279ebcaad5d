"""Questions put to phones and what came back: scored once, kept always, counted by phone and never by name.

A question counts as put from the moment its message left, not from the moment it was planned: prompts are opened when the phone
first answers after that, from the messages themselves.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, func, literal, select, true
from sqlalchemy.orm import Session

from campaigns.models import Answer, Question, Quiz
from clubs.models import Club, Member
from clubs.people import phones_of
from messaging.models import Broadcast, Call, Contact, Direction, Listener, Message, MessageState, OpenPrompt, PromptKind
from runtime.database import Json
from translations.content_entries import QuizText
from translations.library import explanation_key
from translations.models import Content, ContentKind, Theme

OPEN_FOR = timedelta(hours=72)
REMEMBERED = timedelta(days=30)
HEARD = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
"""Of a message in these states the phone may have read the question."""
SMALLEST_GAIN = 10
"""Answers in each phase below which a gain says nothing."""


class Phase(StrEnum):
    """When a question was put, where a quiz is asked twice."""

    BEFORE = "before"
    AFTER = "after"


class By(StrEnum):
    """How results are grouped; sex is what the listener declared on the phone."""

    ALL = "all"
    CLUB = "club"
    LANGUAGE = "language"
    LISTENER = "listener"


@dataclass(frozen=True)
class Loaded:
    """How many questions a file brought, changed and left alone."""

    added: int
    changed: int
    unchanged: int


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


def load(session: Session, questions: Sequence[QuizText], now: datetime) -> Loaded:
    """Make or bring up to date the rows of these questions (`translations.library.LoadReport.quizzes`), one quiz a theme.

    Their contents must be loaded. Answers given stay as they are, also where the right answer changes.
    """
    contents = dict(session.execute(select(Content.key, Content.id)).all())
    themes = dict(session.execute(select(Theme.code, Theme.name)).all())
    quizzes = {quiz.title: quiz for quiz in session.scalars(select(Quiz))}
    rows = {row.content_id: row for row in session.scalars(select(Question))}
    added = changed = 0
    for text in questions:
        title = themes[text.theme]
        if title not in quizzes:
            quizzes[title] = Quiz(title=title, created_at=now)
            session.add(quizzes[title])
            session.flush()
        wanted: Json = {
            "quiz_id": quizzes[title].id,
            "explanation_id": contents[explanation_key(text.key)],
            "theme_code": text.theme,
            "club_question": text.club_question,
            "options": len(text.options),
            "right": text.right,
        }
        row = rows.get(contents[text.key])
        if row is None:
            session.add(Question(content_id=contents[text.key], **wanted))
            added += 1
        elif any(getattr(row, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(row, name, value)
            changed += 1
    session.flush()
    return Loaded(added, changed, len(questions) - added - changed)


def question_of(session: Session, content_id: int) -> Question | None:
    """The question whose words this content is."""
    return session.scalar(select(Question).where(Question.content_id == content_id))


def open_prompts(session: Session, contact: Contact, now: datetime) -> None:
    """Open what this phone was asked by SMS and has no prompt for yet; each stays open for 72 hours from when it left."""
    left = func.coalesce(Message.wired_at, Message.sending_at)
    asked = session.execute(
        select(Message.id, Message.broadcast_id, Broadcast.phase, Question, left)
        .join(Broadcast, Broadcast.id == Message.broadcast_id)
        .join(Content, Content.id == Broadcast.content_id)
        .join(Question, Question.content_id == Content.id)
        .where(
            Message.contact_id == contact.id,
            Message.direction == Direction.OUT,
            Content.kind == ContentKind.QUESTION,
            Message.created_at > now - REMEMBERED,
            Message.state.in_(HEARD),
            left.is_not(None),
        )
    ).all()
    known = {prompt.details.get("message_id") for prompt in _quiz_prompts(session, contact)}
    for message_id, broadcast_id, phase, question, at in asked:
        if message_id not in known:
            details: Json = {"message_id": message_id, "broadcast_id": broadcast_id, "phase": phase}
            details |= {"options": question.options, "right": question.right}
            session.add(_prompt(contact, question, at, details))
    session.flush()


def ask(session: Session, contact: Contact, question: Question, now: datetime, phase: str | None = None) -> OpenPrompt:
    """Open a prompt for a question put in a reply."""
    prompt = _prompt(contact, question, now, {"phase": phase, "options": question.options, "right": question.right})
    session.add(prompt)
    session.flush()
    return prompt


def latest_prompt(session: Session, contact: Contact, now: datetime) -> OpenPrompt | None:
    """The question this phone was last asked within 30 days, open or not: where a late or repeated answer belongs."""
    prompts = [p for p in _quiz_prompts(session, contact) if now - REMEMBERED < p.opened_at <= now]
    return max(prompts, key=lambda prompt: (prompt.opened_at, prompt.id), default=None)


def _quiz_prompts(session: Session, contact: Contact) -> list[OpenPrompt]:
    return list(
        session.scalars(select(OpenPrompt).where(OpenPrompt.contact_id == contact.id, OpenPrompt.kind == PromptKind.QUIZ))
    )


def _prompt(contact: Contact, question: Question, at: datetime, details: Json) -> OpenPrompt:
    return OpenPrompt(
        contact_id=contact.id,
        kind=PromptKind.QUIZ,
        subject_id=question.id,
        details=details,
        opened_at=at,
        expires_at=at + OPEN_FOR,
    )


def answer(
    session: Session,
    question: Question,
    contact: Contact,
    key: int,
    now: datetime,
    *,
    message: Message | None = None,
    call: Call | None = None,
    turn: int | None = None,
    phase: str | None = None,
    broadcast_id: int | None = None,
    listener: Listener | None = None,
    language: str | None = None,
    late: bool = False,
) -> Answer:
    """Keep an answer by message or by call; the first in time of a phone, question and phase is scored, unless it is late.

    The same message, or the same turn of a call, gives the same row again.
    """
    session.execute(select(Contact.id).where(Contact.id == contact.id).with_for_update(key_share=True))
    if message is not None:
        same: list[ColumnElement[bool]] = [Answer.message_id == message.id]
    else:
        same = [Answer.call_id == (call.id if call else None), Answer.question_id == question.id, Answer.turn == turn]
    kept = session.scalar(select(Answer).where(*same))
    if kept is not None:
        return kept
    earlier = select(Answer.id).where(
        Answer.contact_id == contact.id,
        Answer.question_id == question.id,
        func.coalesce(Answer.phase, "") == (phase or ""),
        Answer.scored,
    )
    row = Answer(
        question_id=question.id,
        contact_id=contact.id,
        broadcast_id=broadcast_id,
        phase=phase,
        key=key,
        right=key == question.right,
        scored=not late and question.quiz.open and session.scalar(earlier) is None,
        listener=listener,
        language=language,
        message_id=message.id if message else None,
        call_id=call.id if call else None,
        turn=turn,
        answered_at=now,
    )
    session.add(row)
    session.flush()
    return row


def close(quiz: Quiz) -> None:
    """Count no further answer; they are still kept."""
    quiz.open = False


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
