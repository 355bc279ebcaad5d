"""F22: killed while the tables are being laid. The next start lays them; nothing half made stays."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime import migrate
from runtime.database import Database
from tests.faults.processes import ROOT, scaled
from wsgi import metadata

pytestmark = pytest.mark.faults

# The application is loaded once, so that each kill falls into the laying; it prints how many came before the end.
LAYING = """
import os, signal, sys, time
from runtime import migrate
from runtime.database import Database
from wsgi import metadata
tables, killed = metadata(), 0
migrate.head()
for seconds in sys.argv[2:]:
    child = os.fork()
    if child == 0:
        migrate.upgrade(Database(sys.argv[1]), tables)
        os._exit(0)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
print(killed)
"""


@pytest.fixture
def bare_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    shared = Database(request.getfixturevalue("postgres_url"))
    alone = shared.engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.execute(text("CREATE DATABASE half_made"))
    yield shared.url.set(database="half_made").render_as_string(hide_password=False)
    with alone.connect() as connection:
        connection.execute(text("DROP DATABASE half_made WITH (FORCE)"))
    shared.close()


def test_after_a_kill_while_the_tables_are_laid_the_next_start_lays_them(
    bare_url: str, backend: str, seed: int, figure: Callable[[str], None]
) -> None:
    chance = random.Random(seed)
    after = [str(chance.uniform(0.0, 0.25)) for _ in range(scaled(2, 20))]
    laying = subprocess.run([sys.executable, "-c", LAYING, bare_url, *after], cwd=ROOT, capture_output=True, text=True)
    assert laying.returncode == 0, laying.stderr[-2000:]
    kills = int(laying.stdout)
    figure(f"{kills} kills before the end")
    assert kills, "the laying was always over before the kill"
    database = Database(bare_url)
    try:
        migrate.upgrade(database, metadata())
        with database.reading() as session:
            assert migrate.current(session) == migrate.head()
        assert list(migrate.differences(database, metadata())) == []
    finally:
        database.close()
