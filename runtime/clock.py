"""The clock: one process at a time, chosen by a lease row, runs whatever is due.

It owns no date: due times live in our tables, and whoever runs a beat twice must find nothing left to do. When the wall clock
jumps against the machine's own, nothing new is fired until two ticks agree after a backward jump, or a person says so.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import String, or_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from runtime.database import Base, Database, Json, LeaseTime, lease_time, put_once
from runtime.installation import business_time

log = structlog.get_logger(__name__)

NAME = "clock"
JUMP_SECONDS = 60.0
AGREEING_TICKS = 2


class ClockLease(Base):
    """Who ticks. `until` and the seconds of `ran` count on `boot`'s clock; `beat_at` is the wall's time of the last tick."""

    __tablename__ = "clock_lease"

    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80), default="")
    until: Mapped[float] = mapped_column(default=0.0)
    boot: Mapped[str] = mapped_column(String(64), default="")
    beat_at: Mapped[datetime | None]
    beat_seconds: Mapped[float] = mapped_column(default=0.0)
    ran: Mapped[Json] = mapped_column(default=dict)
    jumped_at: Mapped[datetime | None]
    jumped_back: Mapped[bool] = mapped_column(default=False)
    agreeing: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True)
class Beat:
    """Something to run every so many seconds with the business time; `fires` marks what a jumped wall clock must hold back."""

    name: str
    every_seconds: float
    run: Callable[[datetime], None]
    fires: bool = False


@dataclass(frozen=True)
class _Turn:
    now: datetime
    due: tuple[Beat, ...]


class Clock:
    """Runs beats while it holds the lease. `seconds` of the lease must exceed the slowest beat, or another clock runs it too."""

    def __init__(
        self,
        database: Database,
        beats: Sequence[Beat],
        *,
        lease_seconds: float = 15.0,
        tick_seconds: float = 5.0,
        holder: str = "",
    ) -> None:
        self.database = database
        self.beats = tuple(beats)
        self.lease_seconds = lease_seconds
        self.tick_seconds = tick_seconds
        self.holder = holder or f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.ticked = threading.Event()
        """Set when the first tick in the background is over, however it ended."""
        self._scheduler: BackgroundScheduler | None = None

    def tick(self, wall: datetime) -> list[str]:
        """Take or keep the lease and run what is due; the names of what ran, none without the lease."""
        with self.database.writing() as session:
            turn = self._begin(session, wall)
        ran: list[str] = []
        renewed = time.monotonic()
        for beat in turn.due if turn else ():
            if time.monotonic() - renewed > self.lease_seconds / 3:
                with self.database.writing() as session:
                    if self._take(session) is None:
                        break
                renewed = time.monotonic()
            if turn and self._run(beat, turn.now):
                ran.append(beat.name)
        if ran:
            with self.database.writing() as session:
                self._note(session, ran)
        return ran

    def run_all(self, now: datetime) -> list[str]:
        """Run every beat once at `now`, whoever holds the lease; an error comes through."""
        for beat in self.beats:
            beat.run(now)
        return [beat.name for beat in self.beats]

    def _run(self, beat: Beat, now: datetime) -> bool:
        try:
            beat.run(now)
        except Exception:  # one failing beat must not stop the others; it is due again at the next tick
            log.exception("clock.beat_failed", beat=beat.name)
            return False
        return True

    def _take(self, session: Session) -> ClockLease | None:
        at = lease_time(session)
        row = _row(session)
        free = or_(ClockLease.holder == self.holder, ClockLease.boot != at.boot, ClockLease.until < at.seconds)
        taken = session.execute(
            update(ClockLease)
            .where(ClockLease.name == NAME, free)
            .values(holder=self.holder, until=at.seconds + self.lease_seconds)
            .returning(ClockLease.name)
        ).first()
        if taken is None:
            return None
        session.refresh(row)
        return row

    def _begin(self, session: Session, wall: datetime) -> _Turn | None:
        row = self._take(session)
        if row is None:
            return None
        at = lease_time(session)
        _watch_wall(row, at, wall)
        if row.boot != at.boot:
            row.ran = {}  # its seconds counted on another boot's clock
        row.boot, row.beat_at, row.beat_seconds = at.boot, wall, at.seconds
        due = tuple(beat for beat in self.beats if _due(beat, row, at))
        return _Turn(business_time(session, wall), due)

    def _note(self, session: Session, names: list[str]) -> None:
        row, at = _row(session), lease_time(session)
        if row.boot == at.boot:
            row.ran = {**row.ran, **dict.fromkeys(names, at.seconds)}

    def start(self) -> None:
        """Tick in the background from now on."""
        if self._scheduler is not None:
            return
        # By default APScheduler drops what is over a second late: the whole day's work on a busy laptop.
        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        scheduler.add_job(self._tick_now, "interval", seconds=self.tick_seconds, next_run_time=datetime.now(UTC))
        scheduler.start()
        self._scheduler = scheduler

    def _tick_now(self) -> None:
        try:
            self.tick(datetime.now(UTC))
        except Exception:  # a database that is away for a while must not end the clock
            log.exception("clock.tick_failed")
        finally:
            self.ticked.set()

    def stop(self) -> None:
        """End ticking after the beat that runs, and free the lease for another process."""
        if self._scheduler is None:
            return
        self._scheduler.shutdown(wait=True)
        self._scheduler = None
        with self.database.writing() as session:
            session.execute(update(ClockLease).where(ClockLease.name == NAME, ClockLease.holder == self.holder).values(until=0.0))


def _row(session: Session) -> ClockLease:
    if session.get(ClockLease, NAME) is None:
        fresh = ClockLease(name=NAME, holder="", until=0.0, boot="", beat_seconds=0.0, ran={}, jumped_back=False, agreeing=0)
        put_once(session, fresh, NAME)
    return session.get_one(ClockLease, NAME)


def _due(beat: Beat, row: ClockLease, at: LeaseTime) -> bool:
    if beat.fires and row.jumped_at is not None:
        return False
    last = row.ran.get(beat.name)
    # Half a second of grace: two ticks five seconds apart are never exactly that.
    return last is None or at.seconds - float(last) >= beat.every_seconds - 0.5


def _watch_wall(row: ClockLease, at: LeaseTime, wall: datetime) -> None:
    if row.beat_at is None:
        return
    moved = (wall - row.beat_at).total_seconds()
    # After a restart of the machine only going back can be told: it may have been off for any time.
    drift = moved - (at.seconds - row.beat_seconds) if row.boot == at.boot else min(moved, 0.0)
    if abs(drift) > JUMP_SECONDS:
        row.jumped_at, row.jumped_back, row.agreeing = wall, drift < 0, 0
        log.error("clock.wall_jumped", seconds=round(drift))
    elif row.jumped_at is not None:
        row.agreeing += 1
        if row.jumped_back and row.agreeing >= AGREEING_TICKS:
            row.jumped_at = None
            log.info("clock.wall_agrees")


def last_beat(session: Session) -> datetime | None:
    """When any clock last ticked, by the wall."""
    row = session.get(ClockLease, NAME)
    return row.beat_at if row else None


def jumped(session: Session) -> datetime | None:
    """Since when nothing is fired because the wall clock jumped; None when all is well."""
    row = session.get(ClockLease, NAME)
    return row.jumped_at if row else None


def trust_wall(session: Session) -> None:
    """A person has looked at the wall clock and found it right: fire again."""
    row = _row(session)
    row.jumped_at = None
