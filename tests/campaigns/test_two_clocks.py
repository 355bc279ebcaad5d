"""Two processes that look for due campaigns at the same moment fire each occurrence once and make one broadcast of it."""

import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta

from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence
from messaging.models import Broadcast, Route
from runtime.database import Database
from tests.world import World

EVENTS = 24
SECONDS = 120

CLOCK = """
import sys
from datetime import datetime
from campaigns import firing
from runtime import crypto
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests.conftest import KEYS
from wsgi import create_app

url, folder, at = sys.argv[1:]
crypto.use(KEYS)
app = create_app(Settings(database_url=url, var=folder), database=Database(url), work=Immediate())
print("ready", flush=True)
sys.stdin.readline()
print(sum(firing.fire_due(app.extensions["lamen"], datetime.fromisoformat(at)) for _ in range(5)), flush=True)
"""


def _plan(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        for number in range(EVENTS):
            due = now - timedelta(minutes=number)
            campaign = Campaign(
                name=f"Campagne {number}",
                audience=Filter().to_json(),
                route=Route.SMS,
                state=CampaignState.SCHEDULED,
                created_at=now,
                created_by=world.staff["fanta"],
            )
            campaign.events = [CampaignEvent(content_id=world.contents["eau-propre"], starts_at=due, next_due=due)]
            session.add(campaign)


def test_two_processes_fire_each_occurrence_once(
    database: Database, database_url: str, world: World, now: datetime, tmp_path: object
) -> None:
    _plan(database, world, now)
    command = [sys.executable, "-c", CLOCK, database_url, f"{tmp_path}/var", now.isoformat()]
    clocks = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for clock in clocks:
        assert clock.stdout is not None
        assert clock.stdout.readline() == "ready\n"
    for clock in clocks:
        assert clock.stdin is not None
        clock.stdin.write("go\n")
        clock.stdin.flush()
    fired = [int(clock.communicate(timeout=SECONDS)[0]) for clock in clocks]
    with database.reading() as session:
        occurrences = Counter((one.event_id, one.due_at) for one in session.query(Occurrence))
        broadcasts = session.query(Broadcast).count()
    assert sum(fired) == EVENTS
    assert len(occurrences) == broadcasts == EVENTS
    assert set(occurrences.values()) == {1}
