"""Rows about what was learned: quizzes, their questions, the answers of phones."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from messaging.models import Listener
from runtime.database import Base, Id, choice


class Quiz(Base):
    """A set of questions, asked once or before and after a session."""

    __tablename__ = "quiz"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    open: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    questions: Mapped[list["Question"]] = relationship(back_populates="quiz", order_by="Question.id")


class Question(Base):
    """One question: its words and options are a content, its explanation another; `right` counts from 1."""

    __tablename__ = "question"
    __table_args__ = (CheckConstraint('"right" BETWEEN 1 AND options', name="right_is_an_option"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), index=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), unique=True)
    explanation_id: Mapped[int | None] = mapped_column(ForeignKey("content.id"))
    theme_code: Mapped[int | None] = mapped_column(ForeignKey("theme.code"), index=True)
    club_question: Mapped[bool] = mapped_column(default=False)
    options: Mapped[int]
    right: Mapped[int]
    quiz: Mapped[Quiz] = relationship(back_populates="questions")


class Answer(Base):
    """A digit or key given to a question: tied to a phone and to what the listener said of themselves, never to a name."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("message_id"),
        UniqueConstraint("call_id", "question_id", "turn"),
        CheckConstraint("(message_id IS NULL) <> (call_id IS NULL)", name="one_way"),
        # One scored answer a phone, question and phase, whatever two processes do at once.
        Index(
            "uq_answer_scored",
            "contact_id",
            "question_id",
            func.coalesce(text("phase"), text("''")),
            unique=True,
            sqlite_where=text("scored"),
            postgresql_where=text("scored"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    broadcast_id: Mapped[int | None] = mapped_column(ForeignKey("broadcast.id"), index=True)
    phase: Mapped[str | None] = mapped_column(String(8))
    key: Mapped[int]
    right: Mapped[bool]
    scored: Mapped[bool] = mapped_column(default=True)  # the first in time; repeats and late ones are kept, not scored
    listener: Mapped[Listener | None] = mapped_column(choice(Listener))
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    turn: Mapped[int | None]
    answered_at: Mapped[datetime] = mapped_column(index=True)
