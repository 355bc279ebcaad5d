"""Days of the year that change when people may be written to, as staff dated them."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from runtime.database import Base, Id


class Ramadan(Base):
    """One Ramadan, both days counted; `sessions` says whether clubs are expected to meet in it."""

    __tablename__ = "ramadan"
    __table_args__ = (CheckConstraint("last_day >= first_day", name="in_order"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    first_day: Mapped[date] = mapped_column(unique=True)
    last_day: Mapped[date]
    sessions: Mapped[bool] = mapped_column(default=True)
