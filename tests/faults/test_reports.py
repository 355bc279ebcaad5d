"""F12: delivery reports doubled, reversed, before our own commit, and about nothing of ours: each message ends at its highest."""

import random
from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.broadcasts import fan_out
from messaging.beats import apply_pending
from messaging.exchange import Exchange
from messaging.gateways.protocol import OutgoingSms, Sent
from messaging.models import Attempt, Message
from messaging.outbox import dispatch
from runtime import crypto
from runtime.database import Database
from tests import crowd
from tests.conftest import KEYS
from tests.faults.processes import FILES, scaled
from tests.messaging.fakes import Scripted, wired, with_gateway
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", FILES, indirect=True)]

COUNT = scaled(60, 10_000)
STATES = {"sent": "sent", "undelivered": "failed", "delivered": "delivered"}
RANK = ("wired", "sent", "failed", "delivered")


@pytest.fixture
def var() -> None:
    """This service runs in the test's own process: the keys stay in memory."""
    crypto.use(KEYS)


def test_every_message_ends_at_the_highest_of_its_reports_however_they_come(
    client: FlaskClient,
    exchange: Exchange,
    database: Database,
    world: World,
    now: datetime,
    seed: int,
    figure: Callable[[str], None],
) -> None:
    chance = random.Random(seed)
    highest: dict[str, str] = {}
    later: list[dict[str, str]] = []

    def tell(form: dict[str, str]) -> None:
        assert client.post(f"/hooks/{world.token}/status", data=form).status_code < 300

    def say(sms: OutgoingSms) -> Sent:
        said = chance.choices(list(STATES), k=chance.randrange(5))
        highest[sms.reference] = max(["wired", *(STATES[word] for word in said)], key=RANK.index)
        for word in said:
            known_as = {"ref": sms.reference} if chance.random() < 0.5 else {}
            form = {"id": f"theirs-{sms.reference}", "status": word, "to": sms.number, **known_as}
            tell(form) if chance.random() < 0.2 else later.append(form)
        return wired(sms)

    crowd.gather(database, world, COUNT, now)
    crowd.channel(database, world, 50)
    fan_out(exchange, crowd.broadcast(database, world, now), now)
    dispatch(with_gateway(exchange, Scripted(say=say)), world.channel, lambda: now)
    orphans = [{"id": f"nobody-{place}", "status": "delivered", "to": crowd.number(place)} for place in range(COUNT // 4)]
    posted = [*later, *chance.sample(later, len(later) // 2), *orphans]
    chance.shuffle(posted)
    for form in posted:
        tell(form)
    apply_pending(exchange, now)
    with database.reading() as session:
        rows = select(Attempt.id, Message.state).join(Message, Message.id == Attempt.message_id)
        found = {attempt: state.value for attempt, state in session.execute(rows)}
    figure(f"{COUNT} messages, {len(posted)} reports")
    assert len(found) == COUNT
    assert found == highest
