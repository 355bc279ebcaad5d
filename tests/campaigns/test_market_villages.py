"""Whose market days a campaign follows: those of the villages in its audience, however that was narrowed."""

from datetime import datetime

import pytest
from sqlalchemy import select

from campaigns import firing
from campaigns.filters import Filter
from campaigns.models import Audience, CampaignEvent, ListEntry, Repeat, StaticList
from clubs.models import Area, MarketRule, Village
from messaging.exchange import Exchange
from tests.campaigns.test_firing import DAY, ZONE, plan
from tests.world import World


@pytest.mark.parametrize(
    "narrowed",
    [
        pytest.param("communes", id="a-commune"),
        pytest.param("saved", id="a-saved-audience"),
        pytest.param("list", id="a-list-from-a-file"),
        pytest.param("club_kinds", id="a-kind-of-club"),
    ],
)
def test_only_the_villages_of_the_audience_have_market_days(
    exchange: Exchange, world: World, now: datetime, narrowed: str
) -> None:
    with exchange.database.writing() as session:
        elsewhere = Area(kind="commune", name="Autre commune (test)")
        files = StaticList(name="Liste", created_at=now)
        session.add_all([elsewhere, files])
        session.flush()
        session.get_one(Village, world.villages[1]).area_id = elsewhere.id
        session.add(ListEntry(list_id=files.id, contact_id=world.contacts["sory"]))
        saved = Audience(name="Ailleurs", filter=Filter(communes=(elsewhere.id,)).to_json(), created_at=now)
        session.add(saved)
        session.flush()
        wanted = {
            "communes": Filter(communes=(elsewhere.id,)),
            "saved": Filter(saved=saved.id),
            "list": Filter(lists=(files.id,)),
            "club_kinds": Filter(club_kinds=("ceapv",)),
        }[narrowed]
    plan(exchange, world, now, {"repeat": Repeat.MARKET, "market": MarketRule.ON, "starts_at": now}, wanted=wanted)
    with exchange.database.reading() as session:
        event = session.scalars(select(CampaignEvent)).one()
        due = firing.open_dues(session, event, now, now + 12 * DAY, ZONE)
    # The second village's market is each five days from 17 March; the first one's, on Mondays, is nobody's here.
    assert [(one.at, one.villages) for one in due] == [(now + n * DAY, frozenset({world.villages[1]})) for n in (4, 9)]
