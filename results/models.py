"""Rows about figures that were handed over: closed months and imported survey results."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.database import Base, Id, Json


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
