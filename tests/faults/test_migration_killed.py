"""F22: killed while the tables are being laid. The next start lays them; nothing half made stays."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime import migrate
from runtime.database import Database
from tests.faults.processes import ROOT, scaled
from wsgi import metadata

pytestmark = pytest.mark.faults

# The whole application is loaded first, so that the kill falls into the laying, which the dot announces.
LAYING = """
import sys
from runtime import migrate
from runtime.database import Database
from wsgi import metadata
tables, database = metadata(), Database(sys.argv[1])
migrate.head()
print(".", flush=True)
migrate.upgrade(database, tables)
print("laid", flush=True)
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


def _killed(url: str, seconds: float) -> bool:
    """Whether SIGKILL came before all was laid."""
    process = subprocess.Popen([sys.executable, "-c", LAYING, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == ".\n"
    time.sleep(seconds)
    process.kill()
    said, _ = process.communicate()
    return "laid" not in said


def test_after_a_kill_while_the_tables_are_laid_the_next_start_lays_them(
    bare_url: str, backend: str, seed: int, figure: Callable[[str], None]
) -> None:
    chance = random.Random(seed)
    kills = sum(_killed(bare_url, chance.uniform(0.0, 0.25)) for _ in range(scaled(2, 20)))
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
