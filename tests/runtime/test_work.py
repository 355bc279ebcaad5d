"""Work asked for in a transaction runs after it commits, once, whichever engine carries it."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from messaging.models import Budget
from runtime import jobs
from runtime.database import Database
from runtime.jobs import Distributed
from runtime.work import Immediate, Inline, WorkError

SECONDS = 20  # far above what any of it takes: a test that waits this long has failed


class Seen:
    """Remembers the subjects it was run for, and lets a test wait for a number of them."""

    def __init__(self) -> None:
        self.subjects: list[int] = []
        self._changed = threading.Condition()

    def __call__(self, subject: int) -> None:
        with self._changed:
            self.subjects.append(subject)
            self._changed.notify_all()

    def wait(self, count: int) -> list[int]:
        with self._changed:
            self._changed.wait_for(lambda: len(self.subjects) >= count, SECONDS)
            return list(self.subjects)


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_immediate_runs_what_was_nudged_once_the_transaction_committed(database: Database, seen: Seen) -> None:
    work = Immediate()
    work.register("dispatch", seen)
    with database.writing() as session:
        work.nudge(session, "dispatch", 3)
        work.nudge(session, "dispatch", 3)
        assert work.waiting == []
    assert work.waiting == [("dispatch", 3)]
    assert work.run_all() == 1
    assert seen.subjects == [3]


def test_what_was_nudged_in_a_transaction_that_failed_is_forgotten(database: Database) -> None:
    work = Immediate()
    with pytest.raises(RuntimeError), database.writing() as session:
        work.nudge(session, "dispatch", 3)
        session.add(Budget(scope="x", cap=1))
        raise RuntimeError
    assert work.waiting == []


def test_the_end_of_a_savepoint_is_not_yet_a_commit(database: Database) -> None:
    work = Immediate()
    with database.writing() as session:
        with session.begin_nested():
            work.nudge(session, "dispatch", 3)
            session.add(Budget(scope="x", cap=1))
        assert work.waiting == []
    assert work.waiting == [("dispatch", 3)]


def test_work_may_ask_for_more_work(database: Database, seen: Seen) -> None:
    work = Immediate()
    work.register("dispatch", seen)

    def fan_out(subject: int) -> None:
        with database.writing() as session:
            work.nudge(session, "dispatch", subject + 1)

    work.register("fan_out", fan_out)
    with database.writing() as session:
        work.nudge(session, "fan_out", 1)
    assert work.run_all() == 2
    assert seen.subjects == [2]


def test_a_name_nobody_registered_is_an_error_one_can_see(database: Database) -> None:
    work = Immediate()
    with database.writing() as session:
        work.nudge(session, "dispach")
    with pytest.raises(WorkError, match="dispach"):
        work.run_all()


@pytest.fixture
def inline() -> Iterator[Inline]:
    work = Inline(2)
    yield work
    work.stop()


def test_inline_runs_in_the_background_what_came_before_and_after_its_start(
    database: Database, inline: Inline, seen: Seen
) -> None:
    inline.register("dispatch", seen)
    with database.writing() as session:
        inline.nudge(session, "dispatch", 1)
    inline.start()
    with database.writing() as session:
        inline.nudge(session, "dispatch", 2)
    assert sorted(seen.wait(2)) == [1, 2]


def test_inline_never_runs_one_subject_twice_at_once_yet_misses_nothing(database: Database, inline: Inline) -> None:
    entered, leave, both = threading.Event(), threading.Event(), Seen()
    running: list[int] = []

    def slow(subject: int) -> None:
        running.append(subject)
        assert len(running) == 1
        entered.set()
        leave.wait(SECONDS)
        running.clear()
        both(subject)

    inline.register("dispatch", slow)
    inline.start()
    with database.writing() as session:
        inline.nudge(session, "dispatch", 1)
    assert entered.wait(SECONDS)
    for _ in range(3):  # all three ask for what the running one may have passed already: one more run serves them
        with database.writing() as session:
            inline.nudge(session, "dispatch", 1)
    leave.set()
    assert both.wait(2) == [1, 1]
    inline.stop()
    assert both.subjects == [1, 1]


def test_inline_lives_through_work_that_fails(database: Database, inline: Inline, seen: Seen) -> None:
    def fail(_subject: int) -> None:
        raise ValueError

    inline.register("fails", fail)
    inline.register("dispatch", seen)
    inline.start()
    with database.writing() as session:
        for subject in range(4):
            inline.nudge(session, "fails", subject)
        inline.nudge(session, "unknown")
        inline.nudge(session, "dispatch", 9)
    assert seen.wait(1) == [9]


@pytest.fixture
def distributed(database: Database) -> Distributed:
    """Procrastinate on this test's PostgreSQL."""
    jobs.prepare(database)
    return Distributed(database)


postgresql = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@postgresql
def test_a_job_commits_with_its_transaction_and_runs_in_a_worker(
    database: Database, distributed: Distributed, seen: Seen
) -> None:
    distributed.register("dispatch", seen)
    with database.writing() as session:
        distributed.nudge(session, "dispatch", 5)
        distributed.nudge(session, "dispatch", 5)
    with database.reading() as session:
        assert distributed.waiting(session) == 1
    distributed.work(until_empty=True)
    assert seen.subjects == [5]


@postgresql
def test_a_job_of_a_transaction_that_failed_was_never_there(database: Database, distributed: Distributed) -> None:
    with pytest.raises(RuntimeError), database.writing() as session:
        distributed.nudge(session, "dispatch", 5)
        raise RuntimeError
    with database.reading() as session:
        assert distributed.waiting(session) == 0


@postgresql
def test_the_job_of_a_worker_that_died_is_brought_back(database: Database, distributed: Distributed, seen: Seen) -> None:
    distributed.register("dispatch", seen)
    with database.writing() as session:
        distributed.nudge(session, "dispatch", 5)
        # What a killed worker leaves: taken, never finished, and no heart beating.
        session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"))
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM procrastinate_workers)")
        )
    distributed.work(until_empty=True)
    assert seen.subjects == []
    assert distributed.sweep() == 1
    distributed.work(until_empty=True)
    assert seen.subjects == [5]


@postgresql
def test_the_queue_s_tables_are_laid_once(database: Database, distributed: Distributed) -> None:
    assert jobs.prepare(database) is False
    assert isinstance(distributed, Distributed)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_procrastinate_on_sqlite_is_refused_at_the_start(database: Database) -> None:
    with pytest.raises(WorkError, match="PostgreSQL"):
        Distributed(database)


@postgresql
def test_a_worker_asked_to_end_finishes_its_job_and_takes_no_other(database: Database, distributed: Distributed) -> None:
    stopping = threading.Event()
    seen: list[int] = []

    def work(subject: int) -> None:
        stopping.set()
        time.sleep(1)
        seen.append(subject)

    distributed.register("dispatch", work)
    with database.writing() as session:
        distributed.nudge(session, "dispatch", 5)
    worker = threading.Thread(target=distributed.work, kwargs={"stopping": stopping}, daemon=True)
    worker.start()
    worker.join(20)
    assert (worker.is_alive(), seen) == (False, [5])
