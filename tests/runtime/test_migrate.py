"""The tables that migrations make are the tables that the code expects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text

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
