"""Bring a database's tables to what the code expects, and say where they differ.

The whole upgrade is one transaction on both engines, under a lock: a process killed in the middle leaves the tables as they were.
The metadata is handed in, so that this package knows no row but its own.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from runtime.database import Database

FOLDER = Path(__file__).parent / "migrations"
THEIR_TABLES = "procrastinate_"
LOCK = 7060


class MigrationError(Exception):
    """The tables whose rows name others that are not there, after a migration; nothing of it stays."""


def _config(connection: Connection | None = None, metadata: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


@cache
def head() -> str:
    """The newest revision that this code knows."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    return found or ""


def knows(revision: str) -> bool:
    """Whether this code can upgrade from there: not from what a newer one has made."""
    return revision in {"", *(one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions())}


def current(session: Session) -> str | None:
    """The revision the database stands at; None before the first."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def upgrade(database: Database, metadata: MetaData) -> tuple[str | None, str]:
    """Upgrade to the newest revision; the revision before, and after. MigrationError: rows name others that are not there."""
    with _changing_tables(database) as connection:
        if not database.sqlite:  # SQLite's writers wait for one another at BEGIN already
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        if before != head():
            command.upgrade(_config(connection, metadata), "head")
    return before, head()


@contextmanager
def _changing_tables(database: Database) -> Iterator[Connection]:
    """A transaction in which SQLite may make a table anew: with foreign keys on it refuses to drop one whose rows others name."""
    with database.engine.connect() as connection:
        if not database.sqlite:
            with connection.begin():
                yield connection
            return
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")  # not heard within a transaction
        try:
            with connection.begin():
                yield connection
                if broken := connection.execute(text("PRAGMA foreign_key_check")).all():
                    raise MigrationError(", ".join(sorted({str(table) for table, *_ in broken})))
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a table belongs to us: the work engine keeps its own beside them."""
    return kind != "table" or not (name or "").startswith(THEIR_TABLES)


def differences(database: Database, metadata: MetaData) -> Sequence[Any]:
    """What the tables lack or have too much against the rows in the code, types included; empty when they agree."""
    with database.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLite cannot show indexes on expressions: PostgreSQL answers for those
        options = {"compare_type": True, "include_name": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def draft(database: Database, metadata: MetaData, title: str, revision: str | None = None) -> Path:
    """Write a revision that brings `database` (at the newest one) to the rows in the code; the file, to be read before use.

    Give it a PostgreSQL: on SQLite, Alembic leaves out indexes on expressions, since it cannot read them back.
    """
    with database.engine.connect() as connection:
        made = command.revision(_config(connection, metadata), title, autogenerate=True, rev_id=revision)
    assert made is not None
    assert not isinstance(made, list)
    return Path(made.path)
