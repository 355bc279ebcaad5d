"""F4: the work engine's queue wiped in the middle. The rows are the truth: nothing is lost, the rest leaves within a minute."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from messaging.models import Broadcast, BroadcastState
from runtime import jobs
from runtime.database import Database
from runtime.installation import advance
from tests import crowd
from tests.faults.network import Provider
from tests.faults.processes import Fleet, judge, scaled, wait_until
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", ["postgresql"], indirect=True)]

IN_FLIGHT = 8


def _queue_laid(database: Database) -> None:
    jobs.prepare(database)


def test_a_wiped_queue_and_a_killed_worker_lose_nothing(
    database: Database, world: World, provider: Provider, fleet: Fleet, now: datetime, figure: Callable[[str], None]
) -> None:
    count, wipes = scaled(200, 10_000), scaled(1, 3)
    _queue_laid(database)
    fleet.settings = {"LAMEN_WORK_ENGINE": "procrastinate"}
    numbers = list(crowd.gather(database, world, count, now))
    crowd.channel(database, world, IN_FLIGHT, json.dumps({"network": provider.url}))
    broadcast_id = crowd.broadcast(database, world, now)
    fleet.start("clock")
    worker = fleet.start("worker")
    for _ in range(wipes):
        before = sum(provider.taken().values())
        wait_until(lambda: sum(provider.taken().values()) > before + 30)  # noqa: B023
        fleet.kill(worker)
        with database.engine.begin() as connection:
            connection.execute(text(f"DELETE FROM {jobs.TABLE}"))
        worker = fleet.start("worker")
    began = time.monotonic()

    def over() -> bool:
        with database.writing() as session:
            advance(session, timedelta(seconds=20))  # business seconds: the minute after which a nudge counts as lost
            return session.get_one(Broadcast, broadcast_id).state is BroadcastState.FINISHED

    wait_until(over, every=1.0)
    judge(database, provider.taken(), numbers, at_most_unknown=wipes * IN_FLIGHT)
    figure(f"over {time.monotonic() - began:.0f} s after the last wipe")
