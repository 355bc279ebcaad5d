"""Questions put to phones and what came back: scored once, kept always.

A question counts as put from the moment its message left, not from the moment it was planned: prompts are opened when the phone
first answers after that, from the messages themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from campaigns.models import Answer, Question, Quiz
from messaging.models import Broadcast, Call, Contact, Direction, Listener, Message, MessageState, OpenPrompt, PromptKind
from runtime.database import Json
from translations.content_entries import QuizText
from translations.library import explanation_key
from translations.models import Content, ContentKind, Theme

OPEN_FOR = timedelta(hours=72)
REMEMBERED = timedelta(days=30)
HEARD = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
"""Of a message in these states the phone may have read the question."""


class Phase(StrEnum):
    """When a question was put, where a quiz is asked twice."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Loaded:
    """How many questions a file brought, changed and left alone."""

    added: int
    changed: int
    unchanged: int


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
    if call is None:  # a call's step has locked its contact
        session.execute(select(Contact.id).where(Contact.id == contact.id).with_for_update(key_share=True))
    given = session.scalars(_GIVEN, {"contact": contact.id, "question": question.id}).all()
    kept = _kept(session, given, message, call, turn)
    if kept is not None:
        return kept
    counted = any(one.scored and (one.phase or "") == (phase or "") for one in given)
    row = Answer(
        question_id=question.id,
        contact_id=contact.id,
        broadcast_id=broadcast_id,
        phase=phase,
        key=key,
        right=key == question.right,
        scored=not late and question.quiz.open and not counted,
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


_GIVEN = select(Answer).where(Answer.contact_id == bindparam("contact"), Answer.question_id == bindparam("question"))
"""What a phone has answered to a question so far."""


def _kept(
    session: Session, given: Sequence[Answer], message: Message | None, call: Call | None, turn: int | None
) -> Answer | None:
    if message is not None:
        return session.scalar(select(Answer).where(Answer.message_id == message.id))
    return next((one for one in given if call is not None and one.call_id == call.id and one.turn == turn), None)


def close(quiz: Quiz) -> None:
    """Count no further answer; they are still kept."""
    quiz.open = False
