"""A year of the programme, with two weeks in which nothing runs: the service and a brute-force model agree on every message.

The time is given, not waited for. Short, it is a few weeks of a small programme; `make year`
plays twelve months of 3,000 members.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from messaging.exchange import Exchange
from runtime.settings import Settings
from tests.faults.processes import FULL, scaled, seed
from tests.world import World
from tests.year import played
from tests.year.model import reckon
from tests.year.programme import draw

pytestmark = [pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

MEMBERS = int(os.environ.get("LAMEN_MEMBERS") or scaled(110, 3000))
DAYS = int(os.environ.get("LAMEN_DAYS") or scaled(56, 365))
FIRST = date(2026, 2, 1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The limits of every installation, one push a day and three a week; Friday's pause is longer, or nothing would meet it."""
    assert (settings.pushes_per_day, settings.pushes_per_week) == (1, 3)
    return settings.model_copy(update={"friday_pause": "08:45-14:30"})


def test_every_due_message_of_a_year_is_sent_caught_up_or_skipped_with_a_reason_as_the_model_says(
    exchange: Exchange, world: World, record_property: Callable[[str, object], None]
) -> None:
    drawn = seed() if FULL or "LAMEN_SEED" in os.environ else 7
    record_property("figure", f"LAMEN_SEED={drawn}")
    given = draw(drawn, MEMBERS, FIRST, FIRST + timedelta(days=DAYS - 1))
    written = played.write(exchange, world, given)
    began = datetime.now().astimezone()
    played.play(exchange, world, given, written)
    lasted = datetime.now().astimezone() - began
    model = reckon(given)
    happened, fates = played.occasions(exchange, written), played.fates(exchange, written)
    count = Counter(fate if fate == "sent" else f"{fate} {why}".strip() for fate, why in fates.values())
    record_property("figure", f"{MEMBERS} members, {DAYS} days, {lasted}: {dict(Counter(happened.values()))}, {dict(count)}")
    assert {key: (happened.get(key), state) for key, state in model.occasions.items() if happened.get(key) != state} == {}
    assert happened.keys() == model.occasions.keys()
    differ = {key: (fates.get(key), model.fates.get(key)) for key in fates.keys() | model.fates.keys()}
    assert {key: pair for key, pair in sorted(differ.items()) if pair[0] != pair[1]} == {}
    gone = played.pushes(exchange)
    assert played.too_many(gone, 1, 3) == []
    assert sum(map(len, gone.values())) == sum(map(len, model.sent.values()))
    assert {"fired", "skipped"} <= set(happened.values())
    assert {"sent", "skipped no_phone", "skipped week_limit"} <= count.keys()
    if FULL:
        assert "merged" in happened.values()
        assert {"skipped priority", "skipped day_limit", "skipped stopped", "skipped no_series_consent"} <= count.keys()
