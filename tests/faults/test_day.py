"""A demonstration day on PostgreSQL with web, worker and clock apart, workers killed: as on SQLite in one process.

Ten minutes long, therefore in the full form only.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runtime.database import Database
from tests.faults.network import free_port
from tests.faults.processes import FULL, ROOT

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not FULL, reason="ten minutes: LAMEN_FAULTS=full plays it")]

FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
KILL_AFTER = (40.0, 60.0, 60.0)
FIGURES = ("SMS", "Appels", "Quiz", "Comptes", "Questions")


def _told(env: dict[str, str], *words: str) -> list[str]:
    done = subprocess.run([*FLASK, *words], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [line for line in done.stdout.splitlines() if line.startswith(FIGURES)]


def _env(url: str, var: Path, **settings: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "LAMEN_VAR": str(var), "LAMEN_LOG_LEVEL": "error", **settings}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_day_with_killed_workers_has_the_figures_of_one_process(database: Database, database_url: str, tmp_path: Path) -> None:
    alone = _env(f"sqlite:///{tmp_path}/lamen.db", tmp_path / "alone")
    _told(alone, "begin")
    expected = _told(alone, "demo", "day")
    apart = _env(database_url, tmp_path / "apart", LAMEN_WORK_ENGINE="procrastinate", LAMEN_RUN_CLOCK="false")
    apart |= {"LAMEN_TICK_SECONDS": "0.5", "LAMEN_MESSAGE_LEASE_SECONDS": "3", "LAMEN_CLOCK_LEASE_SECONDS": "5"}
    _told(apart, "begin")
    granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--port", str(free_port())]
    running = [_started(apart, [*granian, "--no-ws", "wsgi:serve"]), _started(apart, [*FLASK, "clock"])]
    worker = _started(apart, [*FLASK, "worker"])
    day = subprocess.Popen([*FLASK, "demo", "day"], cwd=ROOT, env=apart, stdout=subprocess.PIPE, text=True)
    try:
        for seconds in KILL_AFTER:
            time.sleep(seconds)
            os.killpg(worker.pid, signal.SIGKILL)
            worker = _started(apart, [*FLASK, "worker"])
        said, _ = day.communicate(timeout=1800)
    finally:
        for process in (*running, worker):
            os.killpg(process.pid, signal.SIGKILL)
        day.kill()
    assert [line for line in said.splitlines() if line.startswith(FIGURES)] == expected


def _started(env: dict[str, str], command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
