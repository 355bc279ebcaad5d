"""Rows about what is said to whom and when: campaigns, what is due, who received it, places in series."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clubs.models import MarketRule
from messaging.models import Route
from runtime.database import Base, Id, Json, choice


class CampaignState(StrEnum):
    """Where a campaign stands; its broadcasts have states of their own."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """Which of two campaigns a phone hears first when both are due on one day; the other waits for a free day."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Repeat(StrEnum):
    """How an event comes back: by the calendar, by its villages' markets, or after something that happened."""

    ONCE = "once"
    WEEKLY = "weekly"
    MARKET = "market"  # by each village's own market week
    SEASON = "season"  # counted from the first day of a season that staff dated
    EPISODE = "episode"  # after a radio episode on the content's theme
    ANSWER = "answer"  # after a phone answered a question
    STAGE = "stage"  # relative to each enrolment's anchor month


class SeasonKind(StrEnum):
    """A time of the year that staff date anew each year: the lean season, harvest, vitamin A and deworming week."""

    LEAN = "lean"
    HARVEST = "harvest"
    SIAN = "sian"


class Given(StrEnum):
    """Which answers to a question an event follows."""

    ANY = "any"
    RIGHT = "right"
    WRONG = "wrong"


class CatchUp(StrEnum):
    """What to do with an occurrence whose time passed while nothing ran."""

    SEND_LATE = "send_late"
    SKIP = "skip"
    SEND_NEXT = "send_next"


class OccurrenceState(StrEnum):
    """What became of one due time of an event."""

    FIRED = "fired"
    SKIPPED = "skipped"
    MERGED = "merged"


class EnrolmentState(StrEnum):
    """Where a member's series stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Campaign(Base):
    """A programme of contents for one audience."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    audience: Mapped[Json] = mapped_column(default=dict)
    route: Mapped[Route] = mapped_column(choice(Route), default=Route.SMS)
    state: Mapped[CampaignState] = mapped_column(choice(CampaignState), default=CampaignState.DRAFT, index=True)
    step: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    priority: Mapped[Priority] = mapped_column(choice(Priority), default=Priority.NORMAL, server_default=Priority.NORMAL.value)
    events: Mapped[list["CampaignEvent"]] = relationship(back_populates="campaign", order_by="CampaignEvent.id")


class Season(Base):
    """One year's days of a season, both counted."""

    __tablename__ = "season"
    __table_args__ = (UniqueConstraint("kind", "first_day"), CheckConstraint("last_day >= first_day", name="in_order"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[SeasonKind] = mapped_column(choice(SeasonKind))
    first_day: Mapped[date]
    last_day: Mapped[date]


class CampaignEvent(Base):
    """One content of a campaign and when it is due; `next_due` is the only thing the clock looks at.

    `starts_at` gives the local hour and the first day; nothing before `since`, when it was scheduled, is due. Every other column
    belongs to one kind of `repeat`: `campaigns.calendar` reads them.
    """

    __tablename__ = "campaign_event"
    __table_args__ = (CheckConstraint("expires_hours > 0", name="expires"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"))
    repeat: Mapped[Repeat] = mapped_column(choice(Repeat), default=Repeat.ONCE)
    starts_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    months_after: Mapped[int | None]
    expires_hours: Mapped[int] = mapped_column(default=24)
    catch_up: Mapped[CatchUp] = mapped_column(choice(CatchUp), default=CatchUp.SEND_LATE)
    quiet_hours: Mapped[bool] = mapped_column(default=True)
    phase: Mapped[str | None] = mapped_column(String(8))
    since: Mapped[datetime | None]
    next_due: Mapped[datetime | None] = mapped_column(index=True)
    market: Mapped[MarketRule | None] = mapped_column(choice(MarketRule))
    season: Mapped[SeasonKind | None] = mapped_column(choice(SeasonKind))
    days_into: Mapped[int | None]
    weekly: Mapped[bool] = mapped_column(default=False, server_default=false())
    hours_after: Mapped[int | None]
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    given: Mapped[Given | None] = mapped_column(choice(Given))
    campaign: Mapped[Campaign] = relationship(back_populates="events")


class Occurrence(Base):
    """One due time of an event; unique, so that two clocks fire it once.

    `key` names what made it due where that is more than the time; `audience` is whom it is for where that is not all the
    campaign's; `reason` is why nothing was sent.
    """

    __tablename__ = "occurrence"
    __table_args__ = (UniqueConstraint("event_id", "due_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("campaign_event.id"))
    due_at: Mapped[datetime]
    fired_at: Mapped[datetime]
    state: Mapped[OccurrenceState] = mapped_column(choice(OccurrenceState))
    broadcast_id: Mapped[int | None] = mapped_column(ForeignKey("broadcast.id"), unique=True)
    key: Mapped[str | None] = mapped_column(String(40))
    audience: Mapped[Json | None]
    reason: Mapped[str | None] = mapped_column(String(24))


class DueMember(Base):
    """A member whose own due time of an event came, by a place in a series or by an answer: once for each event and time."""

    __tablename__ = "due_member"
    __table_args__ = (UniqueConstraint("event_id", "member_id", "due_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("campaign_event.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"), index=True)
    due_at: Mapped[datetime]


class Recipient(Base):
    """A member due in a broadcast and what became of it: a message, a call, or the reason why not."""

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "member_id"),
        CheckConstraint("message_id IS NULL OR call_id IS NULL", name="one_way"),
        CheckConstraint("(message_id IS NULL AND call_id IS NULL) = (skipped IS NOT NULL)", name="reached_or_said_why"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcast.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    skipped: Mapped[str | None] = mapped_column(String(24))


class Enrolment(Base):
    """A member's place in a life-stage series, counted from the month of a birth or an expected birth."""

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("campaign_id", "member_id", "anchor_month"),
        Index("ix_enrolment_state_due", "state", "next_due"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    anchor_month: Mapped[date]
    state: Mapped[EnrolmentState] = mapped_column(choice(EnrolmentState), default=EnrolmentState.ACTIVE)
    next_event_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_event.id"))
    next_due: Mapped[datetime | None]
    enrolled_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
