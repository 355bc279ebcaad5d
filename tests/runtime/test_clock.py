"""One clock ticks at a time, whoever dies; a wall clock that jumps fires nothing."""

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Quiz
from messaging.models import Budget
from runtime.clock import Beat, Clock, ClockLease, jumped, last_beat, trust_wall
from runtime.database import Database
from runtime.installation import advance, installation


class Ran:
    """A beat that remembers the times it was given."""

    def __init__(self) -> None:
        self.times: list[datetime] = []

    def __call__(self, now: datetime) -> None:
        self.times.append(now)


@pytest.fixture
def ran() -> Ran:
    return Ran()


def _rewind(database: Database, seconds: float) -> None:
    """As if the last tick lay `seconds` further back, on the machine's clock and the wall's alike."""
    with database.writing() as session:
        row = session.get_one(ClockLease, "clock")
        row.beat_seconds -= seconds
        row.until -= seconds
        row.ran = {name: at - seconds for name, at in row.ran.items()}
        assert row.beat_at is not None
        row.beat_at -= timedelta(seconds=seconds)


def test_a_beat_runs_at_once_and_again_only_when_its_time_has_passed(database: Database, ran: Ran, now: datetime) -> None:
    clock = Clock(database, [Beat("fire", 30, ran)])
    assert clock.tick(now) == ["fire"]
    assert clock.tick(now) == []
    _rewind(database, 31)
    assert clock.tick(now) == ["fire"]
    assert ran.times == [now, now]


def test_the_second_clock_waits_while_the_first_holds_the_lease(database: Database, ran: Ran, now: datetime) -> None:
    first, second = Clock(database, [Beat("fire", 1, ran)]), Clock(database, [Beat("fire", 1, ran)])
    assert first.tick(now) == ["fire"]
    _rewind(database, 2)
    assert second.tick(now) == []
    _rewind(database, 20)  # the first has not renewed for longer than the lease: it died
    assert second.tick(now) == ["fire"]
    assert first.tick(now) == []


def test_a_lease_of_another_boot_is_free(database: Database, ran: Ran, now: datetime) -> None:
    Clock(database, [Beat("fire", 1, ran)]).tick(now)
    with database.writing() as session:
        session.get_one(ClockLease, "clock").boot = "before the power cut"
    assert Clock(database, [Beat("fire", 1, ran)]).tick(now) == ["fire"]


def test_a_beat_that_fails_stops_no_other_and_is_due_again(database: Database, ran: Ran, now: datetime) -> None:
    tries = []

    def fail(_now: datetime) -> None:
        tries.append(1)
        raise ValueError

    clock = Clock(database, [Beat("fails", 3600, fail), Beat("fire", 3600, ran)])
    assert clock.tick(now) == ["fire"]
    assert clock.tick(now) == []
    assert len(tries) == 2


def test_beats_get_the_moved_time_of_a_simulation_while_the_lease_does_not(database: Database, ran: Ran, now: datetime) -> None:
    with database.writing() as session:
        installation(session)
        advance(session, timedelta(days=30))
    clock = Clock(database, [Beat("fire", 30, ran)])
    clock.tick(now)
    assert ran.times == [now + timedelta(days=30)]
    with database.reading() as session:
        assert last_beat(session) == now
        assert jumped(session) is None


@pytest.mark.parametrize("hours", [pytest.param(1, id="forward"), pytest.param(-1, id="back")])
def test_a_wall_clock_that_jumps_fires_nothing_new(database: Database, ran: Ran, now: datetime, hours: int) -> None:
    other = Ran()
    clock = Clock(database, [Beat("fire", 1, ran, fires=True), Beat("sweep", 1, other)])
    clock.tick(now)
    _rewind(database, 5)
    wrong = now + timedelta(hours=hours)
    assert clock.tick(wrong) == ["sweep"]
    with database.reading() as session:
        assert jumped(session) == wrong


def test_two_agreeing_ticks_end_a_jump_back_but_not_one_forward(database: Database, ran: Ran, now: datetime) -> None:
    clock = Clock(database, [Beat("fire", 1, ran, fires=True)])
    forward, seconds = now + timedelta(hours=1), 5
    clock.tick(now)
    for _ in range(4):
        _rewind(database, seconds)
        assert clock.tick(forward) == []
    _rewind(database, seconds)
    assert clock.tick(now) == []  # set right again: a jump back
    _rewind(database, seconds)
    assert clock.tick(now) == []
    _rewind(database, seconds)
    assert clock.tick(now) == ["fire"]


def test_a_person_ends_a_jump(database: Database, ran: Ran, now: datetime) -> None:
    clock = Clock(database, [Beat("fire", 1, ran, fires=True)])
    clock.tick(now)
    _rewind(database, 5)
    clock.tick(now + timedelta(hours=1))
    with database.writing() as session:
        trust_wall(session)
    _rewind(database, 5)
    assert clock.tick(now + timedelta(hours=1)) == ["fire"]


def test_a_start_on_a_wall_clock_behind_the_last_beat_fires_nothing(database: Database, ran: Ran, now: datetime) -> None:
    clock = Clock(database, [Beat("fire", 1, ran, fires=True)])
    clock.tick(now)
    with database.writing() as session:
        session.get_one(ClockLease, "clock").boot = "before the power cut"
    assert clock.tick(now - timedelta(days=300)) == []


def test_a_stopped_clock_frees_its_lease_at_once(database: Database) -> None:
    ticked = threading.Event()
    first = Clock(database, [Beat("fire", 3600, lambda _now: ticked.set())])
    first.start()
    assert first.ticked.wait(5.0)
    assert ticked.wait(20)
    first.stop()
    assert Clock(database, [Beat("other", 1, lambda _now: None)]).tick(datetime.now(UTC)) == ["other"]


TICKER = """
import sys
from datetime import UTC, datetime
from campaigns.models import Quiz
import wsgi
from runtime.clock import Beat, Clock
from runtime.database import Database
from messaging.models import Budget

database = Database(sys.argv[1])

def fire(now):
    with database.writing() as session:
        for due in session.query(Budget).filter(Budget.cap == 1).with_for_update():
            due.cap = 0
            session.add(Quiz(title=due.scope, created_at=now))

clock = Clock(database, [Beat("fire", 0, fire)], lease_seconds=float(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
ticks = sum(bool(clock.tick(datetime.now(UTC))) for _ in range(25))
print(ticks, flush=True)
"""


@pytest.mark.parametrize(
    "lease", [pytest.param("15", id="one holds the lease"), pytest.param("0.001", id="the lease passes at every tick")]
)
def test_two_processes_that_tick_at_once_fire_each_occurrence_once(database: Database, database_url: str, lease: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TICKER, database_url, lease], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for number in range(10):
        with database.writing() as session:
            session.add(Budget(scope=f"occurrence {number}", cap=1))
    ticks = [int(process.communicate(timeout=60)[0]) for process in processes]
    with database.reading() as session:
        fired = Counter(title for (title,) in session.query(Quiz.title))
        due = {scope for (scope,) in session.query(Budget.scope).filter(Budget.cap == 0)}
    assert set(fired.values()) <= {1}
    assert set(fired) == due
    assert sum(ticks) >= 25
    if lease == "15":
        assert sorted(ticks) == [0, 25]
