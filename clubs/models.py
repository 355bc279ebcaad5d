"""Rows about places and people: areas, villages, clubs, members. What they report stands in clubs/records.py."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from runtime.crypto import Sealed
from runtime.database import Base, Id, choice


class ClubKind(StrEnum):
    """A listening club, a farmer field-and-life school, an infant-feeding group, a platform of local actors."""

    CLUB = "club"
    CEAPV = "ceapv"
    ANJE = "anje"
    PLATFORM = "platform"


class Role(StrEnum):
    """What a member is in the programme."""

    MEMBER = "member"
    FACILITATOR = "facilitator"
    SUPERVISOR = "supervisor"
    RELAY = "relay"


class Sex(StrEnum):
    """As declared."""

    WOMAN = "F"
    MAN = "H"


class AgeBand(StrEnum):
    """Years, as declared; youth is 15-24."""

    YOUTH = "15-24"
    ADULT = "25-49"
    ELDER = "50+"


class LifeStage(StrEnum):
    """Where a family stands with its youngest child, as noted in `Member.life_stage`; months, then years."""

    PREGNANT = "pregnant"
    BABY = "0-5"
    INFANT = "6-23"
    CHILD = "24-59"


class Preferred(StrEnum):
    """How a member wants to be reached."""

    SMS = "sms"
    VOICE = "voice"


class MarketRule(StrEnum):
    """What a club's meeting has to do with its village's market day."""

    ON = "on"
    EVE = "eve"
    NEVER = "never"


class Area(Base):
    """A region, district or commune; borders move, so names carry dates and aliases."""

    __tablename__ = "area"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    aliases: Mapped[list[str]] = mapped_column(default=list)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    paused_until: Mapped[date | None]  # as last said of the whole area: its end spares villages paused by themselves


class Village(Base):
    """A village; its market returns every 5 or 7 days from an anchor day."""

    __tablename__ = "village"
    __table_args__ = (CheckConstraint("market_cycle_days IN (5, 7)", name="market_week"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    aliases: Mapped[list[str]] = mapped_column(default=list)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    market_cycle_days: Mapped[int | None]
    market_anchor: Mapped[date | None]
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    paused_from: Mapped[date | None]
    paused_until: Mapped[date | None]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    clubs: Mapped[list["Club"]] = relationship(back_populates="village")


class Club(Base):
    """A group that meets; `code` is three digits and their Damm check digit."""

    __tablename__ = "club"
    __table_args__ = (CheckConstraint("length(code) = 4", name="four_digits"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(4), unique=True)
    kind: Mapped[ClubKind] = mapped_column(choice(ClubKind))
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), index=True)
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    declared_women: Mapped[int | None]
    declared_men: Mapped[int | None]
    declared_youth: Mapped[int | None]
    every_days: Mapped[int] = mapped_column(default=7)
    weekday: Mapped[int | None]
    meets_at: Mapped[str | None] = mapped_column(String(5))
    evening: Mapped[bool] = mapped_column(default=False)
    hours: Mapped[str | None] = mapped_column(String(24))  # "16:00-18:00": when it wants to be written to and called
    market_rule: Mapped[MarketRule | None] = mapped_column(choice(MarketRule))
    talk_weekday: Mapped[int | None]  # with `talk_at`, the weekly hour in which its members record in turn
    talk_at: Mapped[str | None] = mapped_column(String(5))
    next_expected: Mapped[date | None]
    paused_from: Mapped[date | None]
    paused_until: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    village: Mapped[Village] = relationship(back_populates="clubs")


class Member(Base):
    """A person in a club, reached through a contact that others may share, or through none; `sex` None: not yet said."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_club_role", "club_id", "role"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    club_id: Mapped[int | None] = mapped_column(ForeignKey("club.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    name: Mapped[str | None] = mapped_column(Sealed("member:name"))
    role: Mapped[Role] = mapped_column(choice(Role), default=Role.MEMBER)
    sex: Mapped[Sex | None] = mapped_column(choice(Sex))
    age_band: Mapped[AgeBand | None] = mapped_column(choice(AgeBand))
    language: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    life_stage: Mapped[str | None] = mapped_column(String(24))
    preferred: Mapped[Preferred] = mapped_column(choice(Preferred), default=Preferred.SMS)
    phone_owner: Mapped[str | None] = mapped_column(String(24))
    pin_hash: Mapped[str | None] = mapped_column(String(120))
    pin_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    pin_locked_until: Mapped[datetime | None]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("member_import.id"), index=True)


class MemberImport(Base):
    """One file of members taken in. Each row says what it made, in numbers; for a day it can be undone."""

    __tablename__ = "member_import"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    members: Mapped[int]
    new_numbers: Mapped[list[int]] = mapped_column(default=list)  # ids of the contacts that it made
    undone_at: Mapped[datetime | None]
    kept: Mapped[int | None]  # members that an undoing left, having been used


class Post(Base):
    """A facilitator's club or a supervisor's village, from a day until another; a handover ends one and begins the next."""

    __tablename__ = "post"
    __table_args__ = (
        CheckConstraint("(club_id IS NULL) <> (village_id IS NULL)", name="club_or_village"),
        UniqueConstraint("member_id", "club_id", "since"),
        UniqueConstraint("member_id", "village_id", "since"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    club_id: Mapped[int | None] = mapped_column(ForeignKey("club.id"), index=True)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"), index=True)
    since: Mapped[date]
    until: Mapped[date | None]
