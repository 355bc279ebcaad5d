"""F1: senders killed with SIGKILL. Nothing is lost, nothing is sent twice by itself, what nobody knows is listed."""

import json
import random
import time
from datetime import datetime, timedelta

import pytest

from messaging.models import Broadcast, BroadcastState
from runtime.database import Database
from runtime.installation import advance
from tests import crowd
from tests.faults.network import Provider
from tests.faults.processes import FILES, Fleet, attempts, judge, open_rows, scaled, states, wait_for_all, wait_until
from tests.world import World

pytestmark = pytest.mark.faults

IN_FLIGHT = 8
MANY_IN_FLIGHT = 64  # so that 3,000 leave in seconds
SENDERS = 2


def _laid(
    database: Database, world: World, provider: Provider, count: int, now: datetime, in_flight: int = IN_FLIGHT
) -> tuple[list[str], int]:
    numbers = list(crowd.gather(database, world, count, now))
    crowd.channel(database, world, in_flight, json.dumps({"network": provider.url}))
    return numbers, crowd.broadcast(database, world, now)


def hurry(database: Database) -> None:
    """Let the business minute after which a lost nudge counts as lost be over."""
    with database.writing() as session:
        advance(session, timedelta(seconds=61))


def test_senders_killed_again_and_again_lose_nothing_and_send_nothing_twice(
    database: Database, world: World, provider: Provider, fleet: Fleet, now: datetime, seed: int
) -> None:
    kills, count = scaled(6, 200), scaled(200, 3000)
    numbers, _ = _laid(database, world, provider, count, now)
    provider.change(seconds=0.05)
    chance = random.Random(seed)
    fleet.start("clock")
    senders = [fleet.start("sender") for _ in range(SENDERS)]
    for place in range(kills):
        time.sleep(chance.uniform(0.05, 0.5))
        fleet.kill(senders[place % SENDERS])
        senders[place % SENDERS] = fleet.start("sender")
        hurry(database)
    wait_for_all(database, count)
    judge(database, provider.taken(), numbers, at_most_unknown=kills * IN_FLIGHT)
    assert provider.references() <= attempts(database), "a request left before its attempt was committed"


@pytest.mark.parametrize("backend", FILES, indirect=True)
def test_the_whole_service_killed_during_a_broadcast_of_3000_goes_on_where_it_stopped(
    database: Database, world: World, provider: Provider, fleet: Fleet, now: datetime, seed: int
) -> None:
    kills, count = scaled(2, 20), 3000
    numbers, broadcast_id = _laid(database, world, provider, count, now, MANY_IN_FLIGHT)
    chance = random.Random(seed)
    service = fleet.start("alone")
    for _ in range(kills):
        before = sum(provider.taken().values())
        wait_until(lambda: sum(provider.taken().values()) > before + 50)  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.5))
        fleet.kill(service)
        service = fleet.start("alone")
        hurry(database)

    def over() -> bool:
        hurry(database)
        with database.reading() as session:
            return session.get_one(Broadcast, broadcast_id).state is BroadcastState.FINISHED

    wait_until(over, every=1.0)
    judge(database, provider.taken(), numbers, at_most_unknown=kills * MANY_IN_FLIGHT)
    with database.reading() as session:
        assert session.get_one(Broadcast, broadcast_id).planned_count == count


@pytest.mark.parametrize("backend", FILES, indirect=True)
def test_a_provider_that_refuses_and_falls_silent_gets_nothing_twice(
    database: Database, world: World, provider: Provider, fleet: Fleet, now: datetime, seed: int
) -> None:
    count = scaled(100, 2000)
    numbers, _ = _laid(database, world, provider, count, now)
    provider.change(refusing=0.1, silent=0.1)
    fleet.start("clock")
    fleet.start("sender")

    def quiet() -> bool:
        with database.writing() as session:
            advance(session, timedelta(minutes=40))  # over every retry's delay and the breaker's rest
        return sum(states(database).values()) == count and open_rows(database) == 0

    wait_until(quiet, every=1.0)
    judge(database, provider.taken(), numbers, at_most_unknown=count)
    unknown = states(database)["unknown"]
    assert unknown, "a silent provider must leave something unknown"
