"""A demonstration day on PostgreSQL with web, worker and clock apart, workers killed: as on SQLite in one process.

Ten minutes long, therefore in the full form only.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime.database import Database
from tests.faults.network import free_port
from tests.faults.processes import FULL, ROOT

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not FULL, reason="ten minutes: LAMEN_FAULTS=full plays it")]

FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
KILL_AFTER = (40.0, 60.0, 60.0)
FIGURES = ("SMS", "Appels", "Quiz", "Comptes", "Questions")
LONGEST_SECONDS = 3600


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[str]:
    """The address of a PostgreSQL database without any table: `begin` lays them itself."""
    shared = Database(postgres_url)
    alone = shared.engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.execute(text("CREATE DATABASE a_day"))
    yield shared.url.set(database="a_day").render_as_string(hide_password=False)
    with alone.connect() as connection:
        connection.execute(text("DROP DATABASE a_day WITH (FORCE)"))
    shared.close()


def _told(env: dict[str, str], *words: str) -> list[str]:
    began = time.monotonic()
    done = subprocess.run([*FLASK, *words], cwd=ROOT, env=env, capture_output=True, text=True)
    print(f"{' '.join(words)}: {time.monotonic() - began:.0f} s")
    assert done.returncode == 0, done.stderr[-2000:]
    return _figures(done.stdout)


def _figures(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith(FIGURES)]


def _env(url: str, var: Path, **settings: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "LAMEN_VAR": str(var), "LAMEN_LOG_LEVEL": "error", **settings}


def test_a_day_with_killed_workers_has_the_figures_of_one_process(
    empty_postgres: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    alone = _env(f"sqlite:///{tmp_path}/lamen.db", tmp_path / "alone")
    _told(alone, "begin")
    expected = _told(alone, "demo", "day")
    assert {line.partition(" ")[0] for line in expected} >= set(FIGURES)
    apart = _env(empty_postgres, tmp_path / "apart", LAMEN_WORK_ENGINE="procrastinate", LAMEN_RUN_CLOCK="false")
    apart |= {"LAMEN_TICK_SECONDS": "0.5", "LAMEN_MESSAGE_LEASE_SECONDS": "3", "LAMEN_CLOCK_LEASE_SECONDS": "5"}
    _told(apart, "begin")
    log = tmp_path / "log"
    granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--port", str(free_port())]
    running = [_started(apart, log, [*granian, "--no-ws", "wsgi:serve"]), _started(apart, log, [*FLASK, "clock"])]
    worker = _started(apart, log, [*FLASK, "worker"])
    began, kills = time.monotonic(), 0
    day = subprocess.Popen(
        [*FLASK, "demo", "day"], cwd=ROOT, env=apart, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for seconds in KILL_AFTER:
            with suppress(subprocess.TimeoutExpired):
                day.wait(seconds)
                break
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            worker = _started(apart, log, [*FLASK, "worker"])
            kills += 1
        said, wrong = day.communicate(timeout=LONGEST_SECONDS)
    finally:
        for process in (*running, worker):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        day.kill()
        print(log.read_text(errors="replace")[-20_000:])
    figure(f"{time.monotonic() - began:.0f} s with {kills} workers killed: {expected[0]}")
    assert kills, "the day was over before a worker was killed"
    assert day.returncode == 0, wrong[-4000:]
    assert _figures(said) == expected


def _started(env: dict[str, str], log: Path, command: list[str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=file, stderr=file, start_new_session=True)
