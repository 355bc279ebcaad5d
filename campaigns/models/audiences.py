"""Rows about whom campaigns are for: saved audiences and lists read from files."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.database import Base, Id, Json


class Audience(Base):
    """A saved filter over members; `filter` is the JSON of `campaigns.filters.Filter`. Put away, it is offered no more."""

    __tablename__ = "audience"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    filter: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    put_away_at: Mapped[datetime | None]


class StaticList(Base):
    """Numbers and clubs read from a file once; it never changes, so that what a campaign was approved with stays so."""

    __tablename__ = "static_list"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    put_away_at: Mapped[datetime | None]


class ListEntry(Base):
    """One line of a list: a number we know, or a club."""

    __tablename__ = "list_entry"
    __table_args__ = (
        UniqueConstraint("list_id", "contact_id"),
        UniqueConstraint("list_id", "club_id"),
        CheckConstraint("(contact_id IS NULL) <> (club_id IS NULL)", name="number_or_club"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("static_list.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    club_id: Mapped[int | None] = mapped_column(ForeignKey("club.id"), index=True)
