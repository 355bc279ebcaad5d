"""The tables that migrations make are the tables that the code expects."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Column, Integer, MetaData, Table, inspect, select, text

from messaging.models import Attempt, Channel
from runtime import migrate
from runtime.database import Database
from wsgi import metadata


@pytest.fixture
def bare(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if backend == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'bare.db'}")
        yield database
        database.close()
        return
    shared = Database(request.getfixturevalue("postgres_url"))
    alone = shared.engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.execute(text("CREATE DATABASE bare"))
    database = Database(shared.url.set(database="bare").render_as_string(hide_password=False))
    yield database
    database.close()
    with alone.connect() as connection:
        connection.execute(text("DROP DATABASE bare WITH (FORCE)"))
    shared.close()


def test_migrations_lead_from_nothing_to_the_rows_in_the_code(bare: Database) -> None:
    assert migrate.upgrade(bare, metadata()) == (None, migrate.head())
    assert list(migrate.differences(bare, metadata())) == []


def test_a_second_upgrade_changes_nothing(bare: Database) -> None:
    migrate.upgrade(bare, metadata())
    assert migrate.upgrade(bare, metadata()) == (migrate.head(), migrate.head())
    with bare.reading() as session:
        assert migrate.current(session) == migrate.head()


def test_a_table_or_a_type_the_code_does_not_know_is_told(bare: Database) -> None:
    migrate.upgrade(bare, metadata())
    with bare.engine.begin() as connection:
        connection.execute(text("ALTER TABLE theme ADD COLUMN stray INTEGER"))
    assert [difference[0] for difference in migrate.differences(bare, metadata())] == ["remove_column"]


def test_an_upgrade_that_fails_leaves_nothing_behind(bare: Database) -> None:
    with bare.engine.begin() as connection:
        Table("village", MetaData(), Column("id", Integer)).create(connection)  # in the way of the migration
    with pytest.raises(Exception, match="village"):
        migrate.upgrade(bare, metadata())
    with bare.reading() as session:
        assert migrate.current(session) is None
    with bare.engine.begin() as connection:
        connection.execute(text("DROP TABLE village"))
    assert migrate.upgrade(bare, metadata()) == (None, migrate.head())


OLD_ROWS = (
    """INSERT INTO channel (id, name, gateway, number, kinds, settings, token, token_index, state, in_flight, parts_per_minute,
    calls_at_once, price_per_part, price_per_minute, default_for, breaker_step, misses_in_row, pace, created_at)
    VALUES (1, 'puce', 'android', '76', '[]', :secret, :secret, :secret, 'active', 8, 600, 4, 15, 60, '[]', 0, 0, '{}', :at)""",
    "INSERT INTO contact (id, number_index, state, shared, created_at) VALUES (1, :secret, 'active', false, :at)",
    """INSERT INTO message (id, direction, channel_id, contact_id, kind, priority, state, parts, price, attempts, uncounted,
    not_before, created_at, handling_failures) VALUES (1, 'out', 1, 1, 'push', 0, 'wired', 1, 15, 1, 0, :at, :at, 0)""",
    "INSERT INTO attempt (id, message_id, channel_id, number, started_at, rank) VALUES ('a', 1, 1, 1, :at, 0)",
)


def test_the_channels_and_attempts_of_an_installation_are_carried_over(bare: Database, now: datetime) -> None:
    with bare.engine.begin() as connection:
        command.upgrade(migrate._config(connection, metadata()), "0003")
        for line in OLD_ROWS:
            kept = {"at": now, "secret": b"x" * 32}
            connection.execute(text(line), {name: value for name, value in kept.items() if f":{name}" in line})
    migrate.upgrade(bare, metadata())
    assert list(migrate.differences(bare, metadata())) == []
    with bare.reading() as session:
        carried = select(Channel.parts_per_hour, Channel.needs_bundle, Channel.failover_id, Channel.rest_step, Channel.pace_hour)
        assert [tuple(row) for row in session.execute(carried)] == [(0, False, None, 0, {})]
        assert session.execute(select(Attempt.cause, Attempt.looked)).all() == [(None, 0)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_goes_on_during_an_upgrade_keeps_its_price_and_nobody_is_told_again(bare: Database) -> None:
    states = ["queued", "dialling", "ringing", "answered", "unknown", "no_answer", "completed"]
    with bare.engine.begin() as connection:
        command.upgrade(migrate._config(connection, metadata()), "0014")
    one_row_each(bare)
    with bare.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_call_live"))  # one telephone stands for many
        connection.execute(text("UPDATE call SET state = 'failed', retry = false, price = 60"))
        connection.execute(text("UPDATE report SET kind = 'NF', state = 'valid', flags = '[\"unverified\"]'"))
        for id_, state in enumerate(states, 2):
            names = [
                column["name"] for column in inspect(connection).get_columns("call") if column["name"] not in ("id", "state")
            ]
            held = ", ".join(f'"{name}"' for name in names)
            line = f"INSERT INTO call (id, state, {held}) SELECT {id_}, '{state}', {held} FROM call WHERE id = 1"
            connection.execute(text(line))
        connection.execute(text("UPDATE call SET retry = true WHERE state = 'no_answer'"))
    migrate.upgrade(bare, metadata())
    with bare.reading() as session:
        found = {row.state: row.expected for row in session.execute(text("SELECT state, expected FROM call"))}
        assert found == {**dict.fromkeys(states, 60), "completed": 0, "failed": 0}
        assert session.scalar(text("SELECT flags FROM report")) == '["unverified", "told"]'


KEYS = {"theme": 11, "language": "fr"}
"""What a row's key is, where it is not 1."""
TOLD = {
    ("broadcast", "expires_at"): "2026-01-02 00:00:00",
    ("open_prompt", "expires_at"): "2026-01-02 00:00:00",
    ("club", "code"): "1010",
    ("message", "direction"): "out",
    ("message", "state"): "queued",
    ("installation", "opening"): "closed",
    ("answer", "message_id"): 1,
    ("attempt", "message_id"): 1,
    ("post", "club_id"): 1,
    ("recipient", "message_id"): 1,
}
"""What the tables' own rules ask for."""
ANY = {"DATETIME": "2026-01-01 00:00:00", "DATE": "2026-01-01", "JSON": "[]", "BLOB": b"x", "VARCHAR": "1", "TEXT": "1"}


def one_row_each(database: Database) -> int:
    """A row in every table, each naming the first of others; how many."""
    found = MetaData()
    found.reflect(database.engine)
    tables = [table for table in found.tables.values() if table.name != "alembic_version"]
    raw = database.engine.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.execute("PRAGMA foreign_keys=OFF")
    for table in tables:
        row: dict[str, object] = {}
        for column in table.columns:
            told = TOLD.get((table.name, column.name))
            if told is not None or not column.nullable or column.primary_key:
                target = next((key.target_fullname.partition(".")[0] for key in column.foreign_keys), None)
                name = target or (table.name if column.primary_key else "")
                row[column.name] = told or KEYS.get(name) or ANY.get(str(column.type).partition("(")[0], 1)
        names, places = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        raw.driver_connection.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', list(row.values()))
    assert raw.driver_connection.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.driver_connection.execute("PRAGMA foreign_keys=ON")
    raw.close()
    return len(tables)


def counted(database: Database, tables: int) -> int:
    with database.reading() as session:
        names = list(session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'")))
        held = [session.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in names]
    assert len(names) >= tables
    return sum(held)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("revision", ["0001", "0014"])
def test_a_filled_sqlite_of_an_older_version_keeps_every_row_and_its_bonds(bare: Database, revision: str) -> None:
    with bare.engine.begin() as connection:
        command.upgrade(migrate._config(connection, metadata()), revision)
    tables = one_row_each(bare)
    migrate.upgrade(bare, metadata())
    assert list(migrate.differences(bare, metadata())) == []
    assert counted(bare, tables) >= tables
    with bare.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_upgrade_that_would_leave_rows_without_what_they_name_changes_nothing(bare: Database) -> None:
    with bare.engine.begin() as connection:
        command.upgrade(migrate._config(connection, metadata()), "0014")
    one_row_each(bare)
    raw = bare.engine.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.execute("PRAGMA foreign_keys=OFF")
    raw.driver_connection.execute("DELETE FROM village")
    raw.driver_connection.execute("PRAGMA foreign_keys=ON")
    raw.close()
    with pytest.raises(migrate.MigrationError, match="club"):
        migrate.upgrade(bare, metadata())
    with bare.reading() as session:
        assert migrate.current(session) == "0014"
