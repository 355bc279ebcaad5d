"""Rows about our own numbers on a gateway: the channel, its traffic, its money."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.crypto import Sealed
from runtime.database import Base, Id, Json, choice


class ChannelState(StrEnum):
    """Whether a channel sends; a paused one keeps its queue."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class Inbound(StrEnum):
    """What somebody gets who calls this number."""

    CALL_BACK = "call_back"  # refused unanswered, so that it costs the caller nothing, then called back
    ANSWER = "answer"


class Channel(Base):
    """One of our numbers on one gateway. `settings` is a JSON object, sealed because it holds credentials.

    `failover_id` carries what this one provably cannot. A call is paid by started `billing_step`s of seconds, `billing_least` at
    least. `balance`, `units` and `health` are what its provider said last.
    """

    __tablename__ = "channel"
    __table_args__ = (
        CheckConstraint("in_flight BETWEEN 1 AND 500", name="in_flight"),
        CheckConstraint("parts_per_minute > 0", name="rate"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    gateway: Mapped[str] = mapped_column(String(24))
    number: Mapped[str] = mapped_column(String(24))
    kinds: Mapped[list[str]] = mapped_column(default=list)
    settings: Mapped[str] = mapped_column(Sealed("channel:settings"), default="{}")
    token: Mapped[str] = mapped_column(Sealed("channel:token"))
    token_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    old_token_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    old_token_until: Mapped[datetime | None]
    state: Mapped[ChannelState] = mapped_column(choice(ChannelState), default=ChannelState.ACTIVE)
    paused_reason: Mapped[str | None] = mapped_column(String(200))
    in_flight: Mapped[int] = mapped_column(default=8)
    parts_per_minute: Mapped[int] = mapped_column(default=600)
    parts_per_hour: Mapped[int] = mapped_column(default=0, server_default="0")  # 0: no such limit
    calls_at_once: Mapped[int] = mapped_column(default=4)
    price_per_part: Mapped[int] = mapped_column(default=0)
    price_per_minute: Mapped[int] = mapped_column(default=0)
    billing_step: Mapped[int] = mapped_column(default=60, server_default="60")
    billing_least: Mapped[int] = mapped_column(default=0, server_default="0")
    inbound: Mapped[Inbound] = mapped_column(choice(Inbound), default=Inbound.CALL_BACK, server_default=Inbound.CALL_BACK.value)
    default_for: Mapped[list[str]] = mapped_column(default=list)
    failover_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))
    needs_bundle: Mapped[bool] = mapped_column(default=False, server_default="0")  # sends only what its bundles still hold
    warn_below: Mapped[int] = mapped_column(default=0, server_default="0")  # of the balance or units, in the provider's own money
    breaker_since: Mapped[datetime | None]
    breaker_until: Mapped[datetime | None]
    breaker_reason: Mapped[str | None] = mapped_column(String(24))
    breaker_step: Mapped[int] = mapped_column(default=0)
    misses_in_row: Mapped[int] = mapped_column(default=0)
    rest_since: Mapped[datetime | None]  # throttled: the whole channel waits
    rest_until: Mapped[datetime | None]
    rest_step: Mapped[int] = mapped_column(default=0, server_default="0")
    pace: Mapped[Json] = mapped_column(default=dict)  # parts sent by second, over the last minute
    pace_hour: Mapped[Json] = mapped_column(default=dict, server_default="{}")  # by minute, where the hour is limited
    balance: Mapped[str | None] = mapped_column(String(80))
    units: Mapped[int | None]
    units_expire: Mapped[date | None]
    health: Mapped[str | None] = mapped_column(String(24))
    health_detail: Mapped[str | None] = mapped_column(String(200))
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ChannelLog(Base):
    """One exchange with a provider, secrets and numbers removed before it was written."""

    __tablename__ = "channel_log"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    at: Mapped[datetime]
    inbound: Mapped[bool]
    status: Mapped[int | None]
    request: Mapped[str] = mapped_column(Text, default="")
    response: Mapped[str] = mapped_column(Text, default="")
    milliseconds: Mapped[int] = mapped_column(default=0)


class WebhookBody(Base):
    """What a provider posted, byte for byte, before anything was made of it."""

    __tablename__ = "webhook_body"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    kind: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Sealed("webhook_body:body"))


class InboundKey(Base):
    """The key under which an inbound message or event counts once; kept longer than its body."""

    __tablename__ = "inbound_key"
    __table_args__ = (UniqueConstraint("channel_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    key: Mapped[str] = mapped_column(String(96))
    seen_at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))


class Budget(Base):
    """A cap in whole FCFA; the claim reserves against it.

    Scopes are "channel:3", "operator:orange", "campaign:12", "day:2026-03-18".
    """

    __tablename__ = "budget"
    __table_args__ = (CheckConstraint("cap >= 0 AND reserved >= 0", name="positive"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(String(40), unique=True)
    cap: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)


class Bundle(Base):
    """Prepaid units on the SIM of a channel."""

    __tablename__ = "bundle"
    __table_args__ = (Index("ix_bundle_channel_expires", "channel_id", "expires_on"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    units: Mapped[int]
    left: Mapped[int]
    price: Mapped[int] = mapped_column(default=0)
    expires_on: Mapped[date]
