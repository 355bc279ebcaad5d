"""Rows about figures that were aimed at, measured elsewhere or handed over: targets, surveys, closed months, files."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.database import Base, Id, Json, choice


class Direction(StrEnum):
    """Which side of a target is good."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class FileKind(StrEnum):
    """What a prepared file is."""

    XLSX = "xlsx"
    CSV = "csv"
    DHIS2 = "dhis2"


class FileState(StrEnum):
    """Where the preparation of a file stands."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class Target(Base):
    """What an indicator should reach, in its own unit."""

    __tablename__ = "target"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    indicator: Mapped[str] = mapped_column(String(40), unique=True)
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    value: Mapped[float]
    set_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime]


class Dhis2Mapping(Base):
    """The mapping file from our indicators and communes to DHIS2's identifiers, as it was sent; the newest counts."""

    __tablename__ = "dhis2_mapping"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    set_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime]


class ExportFile(Base):
    """A file somebody asked for, prepared behind the page; `data` stands in the row so that any process may make or give it.

    `done` of `steps` are made. `asked_as` are the asker's roles and `villages` the villages they might see.
    """

    __tablename__ = "export_file"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[FileKind] = mapped_column(choice(FileKind))
    state: Mapped[FileState] = mapped_column(choice(FileState), default=FileState.WAITING)
    scope: Mapped[Json]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_as: Mapped[list[str]]
    villages: Mapped[list[int] | None]
    asked_at: Mapped[datetime]
    done: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(default=0)
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    touched_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class MonthClose(Base):
    """A month's figures as they were signed; later corrections are listed apart, never written into it."""

    __tablename__ = "month_close"
    __table_args__ = (UniqueConstraint("month", "closed_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    month: Mapped[date]
    closed_at: Mapped[datetime]
    signed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    narrative: Mapped[str] = mapped_column(Text)
    figures: Mapped[Json]


class SurveyResult(Base):
    """A value measured by a household survey; never derived from messages."""

    __tablename__ = "survey_result"
    __table_args__ = (
        UniqueConstraint("survey", "indicator", "area_id", "starts_on"),
        CheckConstraint("low <= value AND value <= high", name="interval"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    survey: Mapped[str] = mapped_column(String(80))
    indicator: Mapped[str] = mapped_column(String(40))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    n: Mapped[int]
    value: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
