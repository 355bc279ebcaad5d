"""Rows about what clubs report, ask and decide.

A report is never changed: a correction is a new version with the same number, and only the current valid one counts.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from runtime.crypto import Sealed
from runtime.database import Base, Id, Json, choice


class ReportState(StrEnum):
    """Only `valid` counts in indicators."""

    DRAFT = "draft"
    HELD = "held"
    VALID = "valid"
    UNVERIFIED = "unverified"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


class ExpectedState(StrEnum):
    """What became of a report we waited for."""

    WAITING = "waiting"
    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    EXCUSED = "excused"


class InquiryKind(StrEnum):
    """What a listener sent, sorted by staff."""

    UNSORTED = "unsorted"
    NUTRITION = "nutrition"
    COMPLAINT = "complaint"
    TESTIMONY = "testimony"
    PROTECTION = "protection"


class InquiryState(StrEnum):
    """Where an inquiry stands."""

    OPEN = "open"
    ANSWERED = "answered"
    PASSED_ON = "passed_on"
    CLOSED = "closed"


class Report(Base):
    """One version of what was reported about one session of one club; `values` holds whole numbers, never a text.

    A draft has no number yet: it gets one when it is complete.
    """

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("number", "version"),
        Index("ix_report_session", "club_id", "session_date", "kind", "session_order"),
        CheckConstraint("version >= 1 AND session_order >= 1", name="counts_from_one"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(8))
    club_id: Mapped[int | None] = mapped_column(ForeignKey("club.id"))
    session_date: Mapped[date | None]
    session_order: Mapped[int] = mapped_column(default=1)
    values: Mapped[Json] = mapped_column(default=dict)
    note: Mapped[str | None] = mapped_column(Sealed("report:note"))
    state: Mapped[ReportState] = mapped_column(choice(ReportState), index=True)
    flags: Mapped[list[str]] = mapped_column(default=list)
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    first_reply: Mapped[str | None] = mapped_column(String(8))  # ACK, HOLD or ASK; empty for later versions and what staff typed
    reported_at: Mapped[datetime] = mapped_column(index=True)
    decided_at: Mapped[datetime | None]
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    cleared_at: Mapped[datetime | None]  # somebody looked at what is odd about it and let it stand
    cleared_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class ExpectedReport(Base):
    """A session day for which a report or an excuse was due."""

    __tablename__ = "expected_report"
    __table_args__ = (UniqueConstraint("club_id", "due_on"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    club_id: Mapped[int] = mapped_column(ForeignKey("club.id"))
    due_on: Mapped[date] = mapped_column(index=True)
    state: Mapped[ExpectedState] = mapped_column(choice(ExpectedState), default=ExpectedState.WAITING)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    reminders: Mapped[int] = mapped_column(default=0)
    reminder_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    escalated_on: Mapped[date | None]


class Action(Base):
    """Something a club decided to do by a day, and what it says became of it."""

    __tablename__ = "action"
    __table_args__ = (UniqueConstraint("club_id", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    club_id: Mapped[int] = mapped_column(ForeignKey("club.id"))
    number: Mapped[int]
    type: Mapped[int]
    note: Mapped[str | None] = mapped_column(Sealed("action:note"))
    decided_on: Mapped[date]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
    quantity: Mapped[int | None]
    cancelled: Mapped[bool] = mapped_column(default=False)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))


class ReportWord(Base):
    """How a language writes a label or keyword of the reports: `word` cleaned, `means` a field, a kind or "skip".

    Only a word that a speaker confirmed is read in service; one not confirmed is read in a simulation only.
    """

    __tablename__ = "report_word"
    __table_args__ = (UniqueConstraint("language", "word"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    language: Mapped[str] = mapped_column(ForeignKey("language.code"))
    word: Mapped[str] = mapped_column(String(32))
    means: Mapped[str] = mapped_column(String(16))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(Sealed("report_word:confirmed_by"))
    confirmed_at: Mapped[datetime | None]
    written_down_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None]


class Inquiry(Base):
    """A question or voice message from a listener, its sorting and its answer.

    With an `answer_content_id` it is answered in a content's words or sound: heard in the menu, once approved, and by call.
    """

    __tablename__ = "inquiry"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[InquiryKind] = mapped_column(choice(InquiryKind), default=InquiryKind.UNSORTED, index=True)
    state: Mapped[InquiryState] = mapped_column(choice(InquiryState), default=InquiryState.OPEN, index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    club_id: Mapped[int | None] = mapped_column(ForeignKey("club.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id"))
    text: Mapped[str | None] = mapped_column(Sealed("inquiry:text"))
    theme_code: Mapped[int | None] = mapped_column(ForeignKey("theme.code"))
    receipt_number: Mapped[str | None] = mapped_column(String(24), unique=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    role: Mapped[str | None] = mapped_column(String(24))
    answer: Mapped[str | None] = mapped_column(Sealed("inquiry:answer"))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answer_content_id: Mapped[int | None] = mapped_column(ForeignKey("content.id"))
    answer_message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    answer_call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    shared_at: Mapped[datetime | None]  # its answer is for every club
    radio_at: Mapped[datetime | None]
    air_text: Mapped[str | None] = mapped_column(Sealed("inquiry:air_text"))  # what staff wrote of it for the station
    neighbour_at: Mapped[datetime | None]  # its voice is « la voix d'à côté »
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("radio_episode.id"))


class RadioStation(Base):
    """A station that airs our programmes; `area_id` is where it is heard, None where all clubs hear it."""

    __tablename__ = "radio_station"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    active: Mapped[bool] = mapped_column(default=True, server_default=true())


class RadioEpisode(Base):
    """A radio programme on one theme, when it is on air, and the quiz question it asks."""

    __tablename__ = "radio_episode"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("radio_station.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    theme_code: Mapped[int | None] = mapped_column(ForeignKey("theme.code"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    airs_at: Mapped[datetime] = mapped_column(index=True)
    repeats_at: Mapped[datetime | None]


class SpotCheck(Base):
    """A supervisor's own count at a session, beside what was reported; `month` says in which draw, NULL that nobody asked.

    `asked_id` is the SMS that asked for it.
    """

    __tablename__ = "spot_check"
    __table_args__ = (UniqueConstraint("report_id", "supervisor_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    supervisor_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    drawn_on: Mapped[date]
    women: Mapped[int | None]
    men: Mapped[int | None]
    seen_at: Mapped[datetime | None]
    month: Mapped[date | None] = mapped_column(index=True)
    asked_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))


class CreditOwed(Base):
    """Airtime owed to a facilitator for a month's accepted texts."""

    __tablename__ = "credit_owed"
    __table_args__ = (UniqueConstraint("member_id", "month"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    month: Mapped[date]
    texts: Mapped[int]
    tariff: Mapped[int]
    paid_at: Mapped[datetime | None]
    paid_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class ClubSummary(Base):
    """A month was told to its club: by the first of its SMS, if there was a phone to write to."""

    __tablename__ = "club_summary"
    __table_args__ = (UniqueConstraint("club_id", "month"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    club_id: Mapped[int] = mapped_column(ForeignKey("club.id"))
    month: Mapped[date]
    made_at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))


class PlannedTheme(Base):
    """A theme that clubs are to take up in a quarter, known by its first day."""

    __tablename__ = "planned_theme"
    __table_args__ = (UniqueConstraint("quarter", "theme_code"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    quarter: Mapped[date]
    theme_code: Mapped[int] = mapped_column(ForeignKey("theme.code"))
