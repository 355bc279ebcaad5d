"""Rows about phone numbers: a contact is a number, not a person, and several people may stand behind it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.crypto import Sealed, SealedJson
from runtime.database import Base, Id, Json, choice


class ContactState(StrEnum):
    """Whether we may write to a number at all."""

    ANNOUNCED = "announced"  # a facilitator named it; its own bip or OUI activates it
    ACTIVE = "active"
    STOPPED = "stopped"
    DEAD = "dead"
    ERASED = "erased"


class Purpose(StrEnum):
    """What a consent covers."""

    PUSH = "push"
    CALL = "call"
    RECORD = "record"
    AIR = "air"
    SERIES = "series"


class PromptKind(StrEnum):
    """What we last asked a contact; the newest open one owns the next digit or OUI."""

    SESSION = "session"  # 1 a correction, 2 another session
    CLUB = "club"
    REASON = "reason"
    QUIZ = "quiz"
    LANGUAGE = "language"
    HOLD = "hold"
    CONSENT = "consent"
    JOIN = "join"


class Contact(Base):
    """One phone number."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str | None] = mapped_column(Sealed("contact:number"))
    number_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    operator: Mapped[str | None] = mapped_column(String(24))
    state: Mapped[ContactState] = mapped_column(choice(ContactState), default=ContactState.ACTIVE, index=True)
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_heard_at: Mapped[datetime | None]
    doubt_at: Mapped[datetime | None]  # perhaps a STOP, or a loop: pushes are held until staff have looked
    doubt: Mapped[str | None] = mapped_column(String(16))


class Consent(Base):
    """A proven agreement to one purpose; without one nothing is pushed."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_contact_purpose", "contact_id", "purpose"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    purpose: Mapped[Purpose] = mapped_column(choice(Purpose))
    via: Mapped[str] = mapped_column(String(16))
    script_version: Mapped[str] = mapped_column(String(24))
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    witness: Mapped[str | None] = mapped_column(Sealed("consent:witness"))
    register_page: Mapped[str | None] = mapped_column(String(24))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class OptOut(Base):
    """A STOP: by the number's blind index, so that it outlives the contact it erased."""

    __tablename__ = "opt_out"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number_index: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    purpose: Mapped[Purpose | None] = mapped_column(choice(Purpose))
    via: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OpenPrompt(Base):
    """A question put to a contact that is still open; `subject_id` is what the answer belongs to."""

    __tablename__ = "open_prompt"
    __table_args__ = (
        Index("ix_open_prompt_contact_closed", "contact_id", "closed_at"),
        CheckConstraint("expires_at > opened_at", name="lives"),
        UniqueConstraint("contact_id", "kind", "subject_id", "opened_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    kind: Mapped[PromptKind] = mapped_column(choice(PromptKind))
    subject_id: Mapped[int]
    details: Mapped[Json] = mapped_column(SealedJson("open_prompt:details"), default=dict)  # may quote what was received
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
