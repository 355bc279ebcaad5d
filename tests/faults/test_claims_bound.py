"""F13, F14: once a STOP, a pause or a budget has committed, no claim passes it, with several senders at work."""

import json
import random
import time
from datetime import datetime

import pytest
from sqlalchemy import func, select

from campaigns.broadcasts import fan_out
from messaging import broadcasts, contacts
from messaging.exchange import Exchange
from messaging.models import Attempt, Broadcast, Budget, Channel, Contact, Message
from runtime.database import Database
from tests import crowd
from tests.faults.network import Provider
from tests.faults.processes import SERVERS, Fleet, scaled, states, wait_until
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", SERVERS, indirect=True)]

IN_FLIGHT = 8
PRICE = 15


@pytest.fixture
def broadcast_id(database: Database, exchange: Exchange, world: World, provider: Provider, fleet: Fleet, now: datetime) -> int:
    """A broadcast fanned out to the crowd, which nobody sends yet."""
    crowd.gather(database, world, scaled(150, 5000), now)
    crowd.channel(database, world, IN_FLIGHT, json.dumps({"network": provider.url}))
    provider.change(seconds=0.02)
    id_ = crowd.broadcast(database, world, now)
    fan_out(exchange, id_, now)
    fleet.start("clock")
    return id_


def _attempts_to(database: Database, contact_id: int) -> int:
    with database.reading() as session:
        rows = select(func.count()).select_from(Attempt).join(Message, Message.id == Attempt.message_id)
        return session.scalar(rows.where(Message.contact_id == contact_id)) or 0


def _attempts(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Attempt)) or 0


def test_after_a_stop_has_committed_its_number_is_not_claimed(
    database: Database, provider: Provider, fleet: Fleet, broadcast_id: int, now: datetime, seed: int
) -> None:
    for _ in range(2):
        fleet.start("sender")
    chance = random.Random(seed)
    with database.reading() as session:
        people = list(session.scalars(select(Message.contact_id).where(Message.broadcast_id == broadcast_id)))
    stopped: dict[int, int] = {}
    for contact_id in chance.sample(people, scaled(40, 1000)):
        with database.writing() as session:
            contacts.stop(session, session.get_one(Contact, contact_id), now, "sms")
        stopped[contact_id] = _attempts_to(database, contact_id)
    wait_until(lambda: states(database)["queued"] + states(database)["sending"] == 0)
    assert {contact_id: _attempts_to(database, contact_id) for contact_id in stopped} == stopped
    assert 0 in stopped.values(), "every STOP came too late to prove anything"


def test_after_a_pause_has_committed_nothing_more_is_claimed_until_it_is_resumed(
    database: Database, provider: Provider, fleet: Fleet, broadcast_id: int, now: datetime
) -> None:
    for _ in range(2):
        fleet.start("sender")
    wait_until(lambda: _attempts(database) > 20)
    with database.writing() as session:
        broadcasts.pause(session, session.get_one(Broadcast, broadcast_id), now)
    claimed = _attempts(database)
    time.sleep(1)
    assert _attempts(database) == claimed
    assert states(database)["queued"] > 0, "the pause came too late to prove anything"
    with database.writing() as session:
        broadcasts.resume(session, session.get_one(Broadcast, broadcast_id), now)
    wait_until(lambda: states(database)["queued"] == 0)


def test_senders_together_never_spend_more_than_the_budget(
    database: Database, world: World, provider: Provider, fleet: Fleet, broadcast_id: int
) -> None:
    affordable = 97
    with database.writing() as session:
        session.get_one(Channel, world.channel).price_per_part = PRICE
        session.get_one(Broadcast, broadcast_id).purse = "campaign:1"
        session.add(Budget(scope="campaign:1", cap=affordable * PRICE + 1, reserved=0))
    for _ in range(3):
        fleet.start("sender")
    wait_until(lambda: states(database)["queued"] + states(database)["sending"] == 0)
    assert sum(provider.taken().values()) == affordable
    assert states(database)["held"] > 0
