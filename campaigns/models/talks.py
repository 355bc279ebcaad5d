"""Rows about conversations with people: where each stands, and prompts that staff speak into a call."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.database import Base, Id, Json


class FlowSession(Base):
    """The stored state of one contact's conversation on one channel; `draft` is a report begun and not sent, kept."""

    __tablename__ = "flow_session"
    __table_args__ = (UniqueConstraint("contact_id", "channel_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    flow: Mapped[Json] = mapped_column(deferred=True)  # large, and the same from a call's first turn to its last
    state: Mapped[Json | None]
    draft: Mapped[Json | None]
    draft_until: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Recorder(Base):
    """A member of staff who records prompts by calling in: from one phone, with a PIN of her own."""

    __tablename__ = "recorder"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(String(120))
    pin_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    pin_locked_until: Mapped[datetime | None]
    set_at: Mapped[datetime]


class Dictation(Base):
    """A prompt spoken into a call; kept, it becomes a clip to be heard as soon as its sound is here. `refused` says why not."""

    __tablename__ = "dictation"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"))
    language: Mapped[str] = mapped_column(ForeignKey("language.code"))
    kept_at: Mapped[datetime]
    done_at: Mapped[datetime | None] = mapped_column(index=True)
    refused: Mapped[str | None] = mapped_column(String(120))
