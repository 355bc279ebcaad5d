"""F2, F6: the web process killed, the database locked, while SMS come in. Whatever got a 2xx is stored, once."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime import spool
from runtime.database import Database
from tests.faults.phones import Phones, judge
from tests.faults.processes import FILES, Fleet, scaled
from tests.world import World

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("backend", FILES, indirect=True)
def test_whatever_a_killed_web_process_answered_2xx_to_is_stored_once(
    database: Database, world: World, fleet: Fleet, seed: int
) -> None:
    chance = random.Random(seed)
    server, port = fleet.serve()
    with Phones(port, world.token) as phones:
        for _ in range(scaled(2, 200)):
            phones.write_more(8)
            time.sleep(chance.uniform(0.0, 0.2))
            fleet.kill_server(server)
            server, _ = fleet.serve(port)
        phones.write_more(5)
    judge(database, fleet, phones)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Somebody outside holds SQLite's write lock."""
    other = sqlite3.connect(path, isolation_level=None, timeout=60)  # eight phones are writing: the lock must be waited for
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_comes_while_the_database_is_locked_waits_in_the_spool_and_is_stored_once(
    database: Database, world: World, fleet: Fleet
) -> None:
    _, port = fleet.serve()
    with Phones(port, world.token) as phones:
        phones.write_more(8)
        with _locked(str(database.url.database)):
            time.sleep(scaled(4, 30))
            waiting = spool.waiting(fleet.var)
        phones.write_more(5)
    assert waiting > 0, "nothing went through the spool"
    assert 202 in phones.answers
    assert not any(status >= 500 for status in phones.answers), phones.answers
    judge(database, fleet, phones)
