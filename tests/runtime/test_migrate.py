"""The tables that migrations make are the tables that the code expects."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Column, Integer, MetaData, Table, select, text

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
