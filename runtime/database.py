"""The database: one engine, two kinds of transaction, on SQLite and on PostgreSQL.

SQLite writers queue behind one file lock before `BEGIN IMMEDIATE`: SQLite's own waiting starves some of them for a second, this
never does. Lease time is asked here and nowhere else: PostgreSQL's clock, or on SQLite the monotonic clock with the boot's id,
so that setting the wall clock neither frees nor holds a claim.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Enum, Executable, Integer, MetaData, create_engine, event, make_url, text
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DatabaseError as DatabaseError  # passed on, as is Session
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Session as Session  # passed on: packages above the rows name it without importing SQLAlchemy
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from runtime.journal import Journal, noted

Json = dict[str, Any]
_LATE = "late"
NOTING = 7062  # the lock of who writes to the journal
_POOL: Json = {"pool_use_lifo": True, "hide_parameters": True}  # the connection used last has what it read still in memory
BUSY_MILLISECONDS = 250  # short: writers have queued behind the file lock already


class Instant(TypeDecorator[datetime]):
    """A moment, always aware and in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives row numbers by itself only to INTEGER, PostgreSQL needs BIGINT to last.
Id = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """The parent of every row; names its constraints so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, Json: JSON, list[str]: JSON, list[int]: JSON}


def choice(kind: type[StrEnum], length: int = 24) -> Enum:
    """A column for a StrEnum, stored as its value with no database type of its own, so that adding a word is no migration."""
    return Enum(kind, native_enum=False, create_constraint=False, length=length, values_callable=lambda k: [m.value for m in k])


class QueuedWriter(sqlite3.Connection):
    """An SQLite connection that holds the writers' file lock from its BEGIN IMMEDIATE to its end."""

    lock: int | None = None
    holds = False

    def begin(self, read_only: bool) -> None:
        if not read_only and self.lock is not None:
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            self.holds = True
        try:
            self.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")
        except BaseException:
            self._release()
            raise

    def commit(self) -> None:
        super().commit()
        self._release()  # only after success: a commit that failed is followed by a rollback

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._release()

    def close(self) -> None:
        super().close()
        self._release()
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def _release(self) -> None:
        if self.holds and self.lock is not None:
            fcntl.flock(self.lock, fcntl.LOCK_UN)
        self.holds = False


@dataclass(frozen=True)
class LeaseTime:
    """Seconds on a clock that nobody sets, and which boot they belong to."""

    seconds: float
    boot: str


class Database:
    """One database; `writing` and `reading` are the only ways in. `journal` is where STOPs are written down besides."""

    journal: Journal | None = None

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            _sqlite(self.url.database or "")
            if self.sqlite
            else create_engine(self.url, pool_size=10, max_overflow=20, pool_pre_ping=True, **_POOL)
        )
        self._reader = self.engine.execution_options(read_only=True)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write: committed at the end, undone on any exception."""
        with Session(self.engine, expire_on_commit=False, info={_LATE: {}}) as session, session.begin():
            yield session
            write_late(session)
            if entries := noted(session):
                session.flush()  # what the database refuses is no STOP
                if self.journal is not None:
                    _lock_journal(session, "pg_advisory_xact_lock_shared")
                    self.journal.write(entries)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot to read from, which never waits for writers."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _sqlite(path: str) -> Engine:
    if path in ("", ":memory:"):
        raise ValueError("an SQLite database needs a file: processes share it")
    Path(path).parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False, factory=QueuedWriter
        )
        # NORMAL does no fsync per commit: a power cut would lose accepted messages.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=10, max_overflow=40, **_POOL)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writer = connection.connection.dbapi_connection
        assert isinstance(writer, QueuedWriter)
        try:
            writer.begin(bool(connection.get_execution_options().get("read_only")))
        except sqlite3.OperationalError as error:  # not wrapped here, and a locked database must be known as one
            raise OperationalError("BEGIN", None, error) from error

    return engine


def put_once(session: Session, row: Base, key: Any) -> None:
    """Insert `row`, whose primary key is `key`, unless another transaction does so at the same moment; then read it by `get`.

    Two processes that start together both find a table empty: without this the slower one fails.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if session.get(type(row), key) is None:
            raise


def late(session: Session, statement: Executable, values: Json) -> None:
    """Have `statement` executed with `values` before the transaction ends, along with others of its kind, at once.

    For what nobody asks for in the same transaction: what it writes is not there until then, or until `write_late`.
    """
    session.info[_LATE].setdefault(statement, []).append(values)


def write_late(session: Session) -> None:
    """Write what was left for later, after the rows it may point to."""
    if waiting := session.info[_LATE]:
        session.info[_LATE] = {}
        session.flush()
        connection = session.connection()
        for statement, values in waiting.items():
            connection.execute(statement, values)


def await_noted(session: Session) -> None:
    """Wait for every transaction that has written to the journal: until this one ends, what is written there is committed."""
    _lock_journal(session, "pg_advisory_xact_lock")


def _lock_journal(session: Session, lock: str) -> None:
    if session.get_bind().dialect.name == "postgresql":  # SQLite's writers come one after the other
        session.execute(text(f"SELECT {lock}(:lock)"), {"lock": NOTING})


def lease_time(session: Session) -> LeaseTime:
    """The time by which leases are counted; never the wall clock, never a simulation's moved time."""
    if session.get_bind().dialect.name == "postgresql":
        return LeaseTime(float(session.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0), "postgresql")
    # BOOTTIME also counts while a laptop sleeps: its leases must be old when it wakes.
    return LeaseTime(time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)), _boot_id())


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "no-boot-id"  # outside Linux a restart of the machine frees leases by their age alone


def skip_locked(session: Session) -> bool:
    """True where rows are claimed with FOR UPDATE SKIP LOCKED; SQLite's single writer needs none."""
    return session.get_bind().dialect.name == "postgresql"
