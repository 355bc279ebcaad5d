"""What this installation is: a simulation or real, its moved time, and the one switch that stops every sending.

Only a simulation's business time may be moved; leases are counted by `runtime.database.lease_time`, which nothing moves.
"""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, false
from sqlalchemy.orm import Mapped, Session, mapped_column

from runtime.database import Base, put_once


class InstallationError(Exception):
    """Something this installation may not do."""


class Installation(Base):
    """The single row about the installation itself."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("simulation OR offset_seconds = 0", name="real_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    simulation: Mapped[bool] = mapped_column(default=True)
    offset_seconds: Mapped[int] = mapped_column(default=0)
    demonstration: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[int | None]
    series: Mapped[bool] = mapped_column(default=False, server_default=false())  # life-stage series, off until switched on


def installation(session: Session) -> Installation:
    """The row, made on first use: a new installation is a simulation until somebody passes it to real."""
    if session.get(Installation, 1) is None:
        put_once(session, Installation(id=1, simulation=True, offset_seconds=0, demonstration=False), 1)
    return session.get_one(Installation, 1)


def business_time(session: Session, wall: datetime) -> datetime:
    """`wall`, moved by the simulation's offset; a reader that finds no row yet gets `wall` itself."""
    row = session.get(Installation, 1)
    return wall if row is None else wall + timedelta(seconds=row.offset_seconds)


def advance(session: Session, by: timedelta) -> None:
    """Move a simulation's business time forward; InstallationError in a real installation or backwards."""
    row = installation(session)
    if not row.simulation:
        raise InstallationError("the clock can be moved in a simulation only")
    if by < timedelta(0):
        raise InstallationError("the clock only moves forward")
    row.offset_seconds += int(by.total_seconds())
