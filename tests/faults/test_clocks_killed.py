"""F5: clocks killed with SIGKILL in the middle: each due time becomes one occurrence and one broadcast, none is missed."""

import random
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState
from messaging.models import Broadcast, Route
from runtime.database import Database
from tests.faults.processes import Fleet, scaled, wait_until
from tests.world import World

pytestmark = pytest.mark.faults

EVENTS = scaled(30, 60)
CLOCKS = 2


def _planned(database: Database, world: World, now: datetime, seconds: float) -> None:
    with database.writing() as session:
        for place in range(EVENTS):
            due = now + timedelta(seconds=place * seconds / EVENTS)
            campaign = Campaign(
                name=f"Campagne {place}",
                audience=Filter().to_json(),
                route=Route.SMS,
                state=CampaignState.SCHEDULED,
                created_at=now,
                created_by=world.staff["fanta"],
            )
            campaign.events = [CampaignEvent(content_id=world.contents["eau-propre"], starts_at=due, next_due=due)]
            session.add(campaign)


def test_clocks_that_are_killed_fire_each_occurrence_once_and_miss_none(
    database: Database, world: World, fleet: Fleet, now: datetime, seed: int
) -> None:
    kills = scaled(4, 80)
    fleet.settings = {"LAMEN_CANCEL_WINDOW_MINUTES": "0"}
    _planned(database, world, now, seconds=kills * 0.8)
    chance = random.Random(seed)
    clocks = [fleet.start("clock") for _ in range(CLOCKS)]
    for place in range(kills):
        time.sleep(chance.uniform(0.2, 1.2))
        fleet.kill(clocks[place % CLOCKS])
        clocks[place % CLOCKS] = fleet.start("clock")

    def all_fired() -> bool:
        with database.reading() as session:
            return session.query(Occurrence).count() >= EVENTS

    wait_until(all_fired)
    time.sleep(1.5)  # a clock that would fire one twice gets the time to
    with database.reading() as session:
        found = Counter((one.event_id, one.due_at) for one in session.query(Occurrence))
        made = session.query(Broadcast).count()
        states = {one.state for one in session.query(Occurrence)}
    assert len(found) == made == EVENTS
    assert set(found.values()) == {1}
    assert states == {OccurrenceState.FIRED}
