"""F21: a power cut takes nothing that was committed: SQLite waits for the disk at every commit.

Seen from outside where strace is installed; everywhere by the pragma. PostgreSQL does so unless somebody turns it off.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime.database import Database
from tests.faults.processes import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

FULL_SYNC = 2
COMMITS = 40
COMMITTING = """
import sys
from messaging.models import Budget
from runtime.database import Database
database = Database(sys.argv[1])
for place in range(int(sys.argv[2])):
    with database.writing() as session:
        session.add(Budget(scope=f"{place}", cap=1))
"""


def test_every_connection_waits_for_the_disk(database: Database) -> None:
    with database.writing() as session:
        assert session.scalar(text("PRAGMA synchronous")) == FULL_SYNC
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"


def test_each_commit_is_one_more_sync_of_the_log(
    database: Database, database_url: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: the pragma alone is judged")
    watched = [strace, "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", str(tmp_path / "calls"), sys.executable, "-c", COMMITTING]
    done = subprocess.run([*watched, database_url, str(COMMITS)], cwd=ROOT, capture_output=True, text=True)
    calls = (tmp_path / "calls").read_text() if (tmp_path / "calls").exists() else ""
    if "ptrace" in done.stderr and not calls:
        pytest.skip("strace may not look at processes here: the pragma alone is judged")
    assert done.returncode == 0, done.stderr[-2000:]
    syncs = len(re.findall(r"f(?:data)?sync\(\d+<[^>]*lamen\.db-wal>", calls))
    figure(f"{syncs} syncs of the log for {COMMITS} commits")
    assert COMMITS <= syncs <= COMMITS + 5
