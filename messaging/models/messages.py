"""Rows about SMS and what they belong to; queued rows are the outbox.

Every change of `Message.state` goes through `messaging.states`: no other place assigns it.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from runtime.crypto import Sealed
from runtime.database import Base, Id, Json, choice


class Direction(StrEnum):
    """Which way a message or call went."""

    IN = "in"
    OUT = "out"


class Kind(StrEnum):
    """Why a message leaves: it decides which guards the claim applies and what goes first."""

    REPLY = "reply"
    CONFIRMATION = "confirmation"  # the one answer to a STOP
    ANSWER = "answer"  # a call that brings somebody the answer to what they asked
    REMINDER = "reminder"
    PUSH = "push"


class Route(StrEnum):
    """The kind of channel a broadcast takes; `own` is each member's preferred one."""

    SMS = "sms"
    VOICE = "voice"
    OWN = "own"


class MessageState(StrEnum):
    """promises of section 1: where an SMS stands. Inbound messages are received, then handled."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    WIRED = "wired"
    SENT = "sent"
    DELIVERED = "delivered"
    ERRORED = "errored"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RECEIVED = "received"
    HANDLED = "handled"


class BroadcastState(StrEnum):
    """Where a sending stands; `planned` lasts through the window in which it can be cancelled."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Broadcast(Base):
    """One content to one audience at one time.

    A lower `priority` leaves first, and the others wait where a phone gets one a day; a `series` needs a consent of its own.
    `purse` names the budget it shares with its campaign's other sendings.
    `audience` is the filter as it stood when planned; `cursor` is the last member id fanned out, -1 when done.
    """

    __tablename__ = "broadcast"
    __table_args__ = (CheckConstraint("expires_at > due_at", name="expires_after_due"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"))
    route: Mapped[Route] = mapped_column(choice(Route))
    audience: Mapped[Json]
    state: Mapped[BroadcastState] = mapped_column(choice(BroadcastState), default=BroadcastState.PLANNED, index=True)
    due_at: Mapped[datetime]
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    quiet_hours: Mapped[bool] = mapped_column(default=True)
    phase: Mapped[str | None] = mapped_column(String(8))
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    series: Mapped[bool] = mapped_column(default=False, server_default=false())
    purse: Mapped[str | None] = mapped_column(String(40))
    cursor: Mapped[int] = mapped_column(default=0)
    planned_count: Mapped[int] = mapped_column(default=0)
    estimated_cost: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    fanned_out_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


BELIEVED_DELAY = timedelta(days=7)
BELIEVED_AHEAD = timedelta(minutes=10)


class Message(Base):
    """One SMS, in or out; it holds a contact's id, never a number."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "contact_id"),
        UniqueConstraint("channel_id", "direction", "external_id"),
        CheckConstraint("(lease_until IS NULL) = (lease_boot IS NULL)", name="whole_lease"),
        CheckConstraint("direction = 'out' OR state IN ('received', 'handled')", name="inbound_states"),
        # In the claim's order, so that ten thousand waiting rows cost no sort.
        Index("ix_message_outbox", "channel_id", "state", "priority", "not_before", "id"),
        Index("ix_message_contact_created", "contact_id", "created_at"),
        Index("ix_message_state_lease", "state", "lease_until"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    broadcast_id: Mapped[int | None] = mapped_column(ForeignKey("broadcast.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    kind: Mapped[Kind] = mapped_column(choice(Kind), default=Kind.REPLY)
    priority: Mapped[int] = mapped_column(default=0)
    text: Mapped[str | None] = mapped_column(Sealed("message:text"))
    state: Mapped[MessageState] = mapped_column(choice(MessageState))
    reason: Mapped[str | None] = mapped_column(String(40))
    encoding: Mapped[str | None] = mapped_column(String(8))
    parts: Mapped[int] = mapped_column(default=0)
    price: Mapped[int] = mapped_column(default=0)
    external_id: Mapped[str | None] = mapped_column(String(96))
    attempts: Mapped[int] = mapped_column(default=0)
    uncounted: Mapped[int] = mapped_column(default=0)  # attempts that use up none of the allowed: throttled, our own fault
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    hours: Mapped[str | None] = mapped_column(String(24))  # those that the club behind the phone chose
    kept_off: Mapped[list[str] | None]  # local days left to something more important
    lease_until: Mapped[float | None]
    lease_boot: Mapped[str | None] = mapped_column(String(64))
    lease_holder: Mapped[str | None] = mapped_column(String(40))
    error_code: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(index=True)
    sending_at: Mapped[datetime | None]
    wired_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    provider_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    handling_failures: Mapped[int] = mapped_column(default=0)
    parse: Mapped[Json | None]
    reply_kind: Mapped[str | None] = mapped_column(String(8))

    @property
    def said_at(self) -> datetime:
        """When its sender sent it: by the gateway's time where that can be believed, else when it reached us."""
        told = self.provider_at
        believed = told is not None and -BELIEVED_AHEAD <= self.created_at - told <= BELIEVED_DELAY
        return told if told is not None and believed else self.created_at


class Attempt(Base):
    """One try at the gateway, committed before the request; its UUIDv7 is our reference there."""

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint("(message_id IS NULL) <> (call_id IS NULL)", name="one_subject"),
        UniqueConstraint("message_id", "number"),
        UniqueConstraint("call_id", "number"),
        Index("ix_attempt_channel_ended", "channel_id", "ended_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))
    external_id: Mapped[str | None] = mapped_column(String(96), index=True)
    cause: Mapped[str | None] = mapped_column(String(24))
    error_code: Mapped[str | None] = mapped_column(String(40))
    rank: Mapped[int] = mapped_column(default=0)
    looked: Mapped[int] = mapped_column(default=0, server_default="0")  # how often the provider was asked what became of it


class StatusUpdate(Base):
    """A delivery report in our words; kept when it comes before what it is about, applied once.

    `parts` is how many reports of this status, told apart by their codes, make it true of the whole text.
    """

    __tablename__ = "status_update"
    __table_args__ = (
        UniqueConstraint("channel_id", "reference", "status", "code"),
        Index("ix_status_update_open", "channel_id", "applied_at", postgresql_where=text("applied_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    reference: Mapped[str] = mapped_column(String(96))  # our attempt id or the provider's id
    status: Mapped[str] = mapped_column(String(24))
    code: Mapped[str] = mapped_column(String(40), default="")
    parts: Mapped[int] = mapped_column(default=1, server_default="1")
    cause: Mapped[str | None] = mapped_column(String(24))
    number_index: Mapped[bytes | None]
    provider_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
