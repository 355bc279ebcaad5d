"""What this installation is: a simulation or real and how far opened, its moved time, and the switch that stops every sending.

Only a simulation's business time may be moved; leases are counted by `runtime.database.lease_time`, which nothing moves. A real
installation begins closed: its gateways can be set up and tested, and nothing leaves by them until a person opens it.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, false, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from runtime.database import Base, Json, choice, put_once

MOST_STAMPS = 2**62


class InstallationError(Exception):
    """Something this installation may not do."""


class Opening(StrEnum):
    """How far a real installation may send: nowhere, to the villages of the pilot, to everybody."""

    CLOSED = "closed"
    PILOT = "pilot"
    OPEN = "open"


def _draw() -> int:
    # Drawn, not counted: a number that was undone with its transaction must not come again for other words.
    return secrets.randbelow(MOST_STAMPS)


class Installation(Base):
    """The single row about the installation itself."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("simulation OR offset_seconds = 0", name="real_time"),
        CheckConstraint("NOT simulation OR opening = 'closed'", name="simulation_is_closed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    simulation: Mapped[bool] = mapped_column(default=True)
    offset_seconds: Mapped[int] = mapped_column(default=0)
    demonstration: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[int | None]
    opening: Mapped[Opening] = mapped_column(choice(Opening), default=Opening.CLOSED, server_default=Opening.CLOSED.value)
    pilot: Mapped[list[int]] = mapped_column(default=list, server_default=text("'[]'"))  # ids of villages
    day_cap: Mapped[int | None]  # whole FCFA a day over all channels; None: no such cap
    warn_share: Mapped[int] = mapped_column(default=20, server_default="20")  # percent of a cap left when staff are told
    declared: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'"))  # what the law and the keys ask for
    restored_at: Mapped[datetime | None]  # business time of the last restore: what was due before it may have left already
    restored_from: Mapped[datetime | None]  # wall time of the backup
    released_at: Mapped[datetime | None]  # until a person says so, a restored service sends nothing
    series: Mapped[bool] = mapped_column(default=False, server_default=false())  # life-stage series, off until switched on
    words: Mapped[int] = mapped_column(BigInteger, default=_draw, server_default=text("0"))  # drawn anew when words change

    @property
    def holds(self) -> bool:
        """Whether this was restored and nobody has released it yet."""
        return self.restored_at is not None and self.released_at is None


_STAMP = "words_stamp"
_WORDS = select(Installation.words).where(Installation.id == 1)


def installation(session: Session) -> Installation:
    """The row, made on first use: a new installation is a simulation until somebody passes it to real."""
    if session.get(Installation, 1) is None:
        put_once(session, Installation(id=1, simulation=True, offset_seconds=0, demonstration=False), 1)
    return session.get_one(Installation, 1)


def business_time(session: Session, wall: datetime) -> datetime:
    """`wall`, moved by the simulation's offset; a reader that finds no row yet gets `wall` itself."""
    row = session.get(Installation, 1)
    return wall if row is None else wall + timedelta(seconds=row.offset_seconds)


def words_stamp(session: Session) -> int | None:
    """Equal as long as nobody has changed what can be said or played; None without the row. Asked once in a transaction."""
    if _STAMP not in session.info:
        note_words(session, session.connection().execute(_WORDS).scalar())
    stamp: int | None = session.info[_STAMP]
    return stamp


def note_words(session: Session, stamp: int | None) -> None:
    """For who has read the stamp along with something else."""
    session.info[_STAMP] = stamp


def change_words(session: Session) -> None:
    """Draw another stamp, so that every process reads its words anew."""
    session.connection().execute(update(Installation).values(words=_draw()))


def advance(session: Session, by: timedelta) -> None:
    """Move a simulation's business time forward; InstallationError in a real installation or backwards."""
    row = installation(session)
    if not row.simulation:
        raise InstallationError("the clock can be moved in a simulation only")
    if by < timedelta(0):
        raise InstallationError("the clock only moves forward")
    row.offset_seconds += int(by.total_seconds())


def leave_simulation(session: Session) -> None:
    """Become a real installation, closed. InstallationError "demonstration" or "moved_clock" while invented rows are in it."""
    row = installation(session)
    session.refresh(row, with_for_update=True)
    if row.demonstration:
        raise InstallationError("demonstration")
    if row.offset_seconds:
        raise InstallationError("moved_clock")
    row.simulation = False


def open_to(session: Session, villages: Collection[int] | None) -> None:
    """Let messages leave to these villages, or with None to everybody; InstallationError "simulation"."""
    row = installation(session)
    session.refresh(row, with_for_update=True)
    if row.simulation:
        raise InstallationError("simulation")
    row.opening, row.pilot = (Opening.OPEN, []) if villages is None else (Opening.PILOT, sorted(villages))


def close(session: Session) -> None:
    """Let nothing leave by real gateways any more."""
    row = installation(session)
    session.refresh(row, with_for_update=True)
    row.opening, row.pilot = Opening.CLOSED, []


def pilot_villages(session: Session) -> frozenset[int] | None:
    """The only villages that may be written to unasked; None while there is no such limit."""
    row = session.get(Installation, 1)
    return frozenset(row.pilot) if row is not None and row.opening is Opening.PILOT else None
