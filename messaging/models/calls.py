"""Rows about calls: who was called, what was heard, which keys were pressed, what was recorded."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from messaging.models.messages import Direction, Kind
from runtime.crypto import Sealed
from runtime.database import Base, Id, Json, choice


class CallState(StrEnum):
    """Where a call stands; busy, no_answer, machine and dropped are retried by cause."""

    QUEUED = "queued"
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"
    DROPPED = "dropped"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    ERRORED = "errored"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Listener(StrEnum):
    """Who says they listened, by key 1, 2 or 3; never guessed."""

    WOMAN = "woman"
    MAN = "man"
    GROUP = "group"


class Moderation(StrEnum):
    """What staff decided about a recording."""

    NEW = "new"
    APPROVED = "approved"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


LIVE = "state IN ('dialling', 'ringing', 'answered')"


class Call(Base):
    """One call, in or out, over all its attempts. `turn` counts the steps answered; `last_answer` is what the last was given."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "contact_id"),
        UniqueConstraint("channel_id", "external_id"),
        # One live call per number, whoever dialled.
        Index("uq_call_live", "contact_id", unique=True, sqlite_where=text(LIVE), postgresql_where=text(LIVE)),
        Index("ix_call_outbox", "channel_id", "state", "priority", "not_before", "id"),
        CheckConstraint("(lease_until IS NULL) = (lease_boot IS NULL)", name="whole_lease"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    broadcast_id: Mapped[int | None] = mapped_column(ForeignKey("broadcast.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    kind: Mapped[Kind] = mapped_column(choice(Kind), default=Kind.PUSH)
    priority: Mapped[int] = mapped_column(default=0)
    state: Mapped[CallState] = mapped_column(choice(CallState))
    reason: Mapped[str | None] = mapped_column(String(40))
    external_id: Mapped[str | None] = mapped_column(String(96))
    attempts: Mapped[int] = mapped_column(default=0)
    uncounted: Mapped[int] = mapped_column(default=0)
    retry: Mapped[bool] = mapped_column(default=False)  # busy, no_answer… waits for another try at `not_before`
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    hours: Mapped[str | None] = mapped_column(String(24))
    place: Mapped[int | None] = mapped_column(index=True)  # the village, by whose answers the best hour is learned
    kept_off: Mapped[list[str] | None]
    lease_until: Mapped[float | None]
    lease_boot: Mapped[str | None] = mapped_column(String(64))
    lease_holder: Mapped[str | None] = mapped_column(String(40))
    error_code: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    listener: Mapped[Listener | None] = mapped_column(choice(Listener))
    turn: Mapped[int] = mapped_column(default=0)
    last_answer: Mapped[Json | None]
    seconds: Mapped[int | None]
    seconds_heard: Mapped[float | None]
    core_end_s: Mapped[float | None]
    core_reached: Mapped[bool | None]
    heard_computed: Mapped[bool] = mapped_column(default=False, server_default="0")  # by the clock: nobody told
    price: Mapped[int] = mapped_column(default=0)  # of the last try, or set aside for the next
    expected: Mapped[int] = mapped_column(default=0, server_default="0")  # what each try is thought to cost
    settled: Mapped[int | None]  # what the last try cost, once it is known
    spent: Mapped[int] = mapped_column(default=0, server_default="0")  # on the tries before it
    created_at: Mapped[datetime] = mapped_column(index=True)
    dialling_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]  # the last news of this call
    ended_at: Mapped[datetime | None]


class CallHour(Base):
    """How often a number was called in one hour of the local day, and how often it answered."""

    __tablename__ = "call_hour"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tried: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0)


class CallEvent(Base):
    """Something that happened in a call: a state, a clip heard, a key, a recording."""

    __tablename__ = "call_event"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(24))
    turn: Mapped[int | None]
    details: Mapped[Json] = mapped_column(default=dict)


class Recording(Base):
    """A voice left by a caller; private until moderated, on air only with its own consent.

    Until it is fetched from `place`, a word of the provider's that no address is made of but on our own configured base, `sha256`
    is empty and `seconds` is what the provider says; `refused` says why it never will be. A `brief` one may be a single word.
    """

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(32))
    bytes: Mapped[int]
    seconds: Mapped[float]
    moderation: Mapped[Moderation] = mapped_column(choice(Moderation), default=Moderation.NEW)
    air_consent: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime]
    delete_after: Mapped[datetime]
    place: Mapped[str | None] = mapped_column(Sealed("recording:place"))
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[datetime | None] = mapped_column(index=True)
    fetched_at: Mapped[datetime | None]
    refused: Mapped[str | None] = mapped_column(String(24))
    moderated_at: Mapped[datetime | None]
    moderated_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None] = mapped_column(Sealed("recording:reason"))
    transcript: Mapped[str | None] = mapped_column(Sealed("recording:transcript"))
    cleared_at: Mapped[datetime | None]  # staff let the radio and other clubs have it, while its speaker agrees
    closed_at: Mapped[datetime | None]  # the focal point is done with a quarantined one
    brief: Mapped[bool] = mapped_column(default=False, server_default="0")
