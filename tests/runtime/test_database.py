"""Transactions on both engines: committed or undone, readers never wait, writers queue without losing anything."""

import multiprocessing
import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, StatementError

from campaigns.models import Quiz
from messaging.models import Budget
from runtime.database import Database, lease_time
from tests.world import World


def _reserved(database: Database) -> int:
    with database.reading() as session:
        return session.query(Budget).filter_by(scope="day").one().reserved


@pytest.fixture
def budget(database: Database) -> None:
    """One row to count in."""
    with database.writing() as session:
        session.add(Budget(scope="day", cap=1_000_000))


def _add_one(database: Database) -> None:
    with database.writing() as session:
        row = session.query(Budget).filter_by(scope="day").with_for_update().one()
        row.reserved += 1


def _add_ten(database: Database) -> None:
    for _ in range(10):
        _add_one(database)


def _add_many(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        _add_one(database)
    database.close()


@pytest.mark.usefixtures("budget")
def test_what_raises_is_undone(database: Database) -> None:
    with pytest.raises(RuntimeError), database.writing() as session:
        session.query(Budget).one().reserved = 7
        session.flush()
        raise RuntimeError
    assert _reserved(database) == 0


@pytest.mark.usefixtures("budget")
def test_eight_threads_lose_no_addition(database: Database) -> None:
    threads = [threading.Thread(target=_add_ten, args=(database,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert _reserved(database) == 80


@pytest.mark.usefixtures("budget")
def test_three_processes_lose_no_addition(database: Database, database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_add_many, args=(database_url, 15)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert _reserved(database) == 45


@pytest.mark.usefixtures("budget")
def test_a_reader_does_not_wait_for_a_writer_and_sees_the_state_before(database: Database) -> None:
    with database.writing() as session:
        session.query(Budget).one().reserved = 5
        session.flush()
        assert _reserved(database) == 0
    assert _reserved(database) == 5


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("budget")
def test_a_reading_transaction_never_holds_the_writers_lock(database: Database) -> None:
    with database.reading(), database.writing() as session:
        session.query(Budget).one().reserved = 1
    assert _reserved(database) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("journal_mode", "wal", id="wal"),
        pytest.param("synchronous", 2, id="an fsync a commit"),
        pytest.param("foreign_keys", 1, id="foreign keys"),
        pytest.param("secure_delete", 1, id="deleted is gone"),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sqlite_is_set_not_to_lose_what_was_committed(database: Database, name: str, value: object) -> None:
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def test_a_moment_comes_back_in_utc_whatever_zone_it_went_in(database: Database, now: datetime) -> None:
    paris = now.astimezone(timezone(timedelta(hours=1)))
    with database.writing() as session:
        session.add(Quiz(title="x", created_at=paris))
    with database.reading() as session:
        found = session.query(Quiz.created_at).scalar()
    assert found == now
    assert found is not None
    assert found.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.writing() as session:
        session.add(Quiz(title="x", created_at=datetime(2026, 3, 18)))
        session.flush()


def test_an_error_names_no_value_that_was_being_written(database: Database, world: World) -> None:
    with pytest.raises(Exception, match="hidden due to hide_parameters") as told, database.writing() as session:
        session.execute(text("INSERT INTO no_such_table VALUES (:v)"), {"v": world.numbers["awa"]})
    assert world.numbers["awa"] not in str(told.value)


def test_lease_time_goes_on_and_ignores_the_wall(database: Database) -> None:
    with database.reading() as session:
        first, second = lease_time(session), lease_time(session)
    assert first.boot == second.boot != ""
    assert first.seconds <= second.seconds < first.seconds + 5


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_database_that_somebody_outside_has_locked_is_known_as_such(database: Database) -> None:
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(OperationalError, match="locked"), database.writing() as session:
            session.add(Budget(scope="x", cap=1))
    finally:
        other.close()
    with database.writing() as session:
        session.add(Budget(scope="x", cap=1))
