"""The forecast of a month: every due time of campaigns that run, at today's prices, beside what the caps have left."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from campaigns import broadcasts, firing, outlay, schedule
from campaigns.enrolments import enrol
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Given, Repeat
from campaigns.outlay import Outlay
from clubs.models import Member
from messaging import waiting
from messaging.exchange import Exchange
from messaging.models import Budget, Channel, Route
from messaging.money import Room
from runtime.installation import installation
from tests.world import World

EVERYBODY = Filter(one_phone_per_club=False)
DAY = timedelta(days=1)


def planned(
    exchange: Exchange, world: World, now: datetime, name: str, wanted: Filter = EVERYBODY, days: int = 1, **event: object
) -> int:
    """A campaign of the world's first message, handed to the clock."""
    with exchange.database.writing() as session:
        row = Campaign(name=name, audience=wanted.to_json(), route=Route.SMS, state=CampaignState.DRAFT, created_at=now)
        row.created_by = world.staff["fanta"]
        row.events = [CampaignEvent(content_id=world.contents["eau-propre"], starts_at=now + days * DAY, **event)]
        session.add(row)
        session.flush()
        schedule.schedule(session, row, now, exchange.settings)
        return row.id


def found(exchange: Exchange, now: datetime, ahead: timedelta = 30 * DAY) -> Outlay:
    with exchange.database.writing() as session:
        return outlay.outlay(session, exchange, now, ahead)


def test_a_month_without_a_sending_costs_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    seen = found(exchange, now)
    assert (seen.total, seen.campaigns, seen.by_channel, seen.caps) == (0, (), (), ())


def test_each_due_time_costs_what_its_audience_does(exchange: Exchange, world: World, now: datetime) -> None:
    once = planned(exchange, world, now, "Une fois", Filter(sexes=("F",), one_phone_per_club=False))
    weekly = planned(exchange, world, now, "Chaque semaine", days=2, repeat=Repeat.WEEKLY)
    planned(exchange, world, now, "Trop tard", days=31)
    seen = found(exchange, now)
    assert [(one.campaign_id, one.sendings, one.numbers, one.cost) for one in seen.campaigns] == [
        (once, 1, 3, 3 * 15),
        (weekly, 5, 5 * 6, 5 * 6 * 15),
    ]
    assert (seen.total, [(row.id, cost) for row, cost in seen.by_channel]) == (45 + 450, [(world.channel, 495)])


def test_what_follows_answers_is_named_though_nothing_dates_it(exchange: Exchange, world: World, now: datetime) -> None:
    planned(exchange, world, now, "Après", repeat=Repeat.ANSWER, hours_after=2, question_id=world.question, given=Given.ANY)
    (one,) = found(exchange, now).campaigns
    assert (one.open, one.sendings, one.cost) == (True, 0, 0)


def test_a_paused_campaign_and_a_series_that_is_off_cost_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    planned(exchange, world, now, "En pause")
    with exchange.database.writing() as session:
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))
    assert found(exchange, now).total == 0


def test_what_was_made_already_and_waits_is_counted_by_its_own_price(exchange: Exchange, world: World, now: datetime) -> None:
    planned(exchange, world, now, "Demain")
    firing.fire_due(exchange, now + DAY)
    with exchange.database.reading() as session:
        sending = schedule.broadcasts_of(session, 1)[0].id
    broadcasts.fan_out(exchange, sending, now + DAY)
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).price_per_part = 99  # tomorrow's price is none of theirs
    seen = found(exchange, now + DAY)
    assert (seen.under_way, seen.total) == (90, 90)
    with exchange.database.reading() as session:
        assert seen.waiting == sum(one.count for one in waiting.waits(session, now + DAY)) > 0


@pytest.mark.parametrize(("cap", "full"), [(90, 0), (89, 1), (None, 0)], ids=["enough", "too little", "none"])
def test_caps_stand_beside_what_the_month_would_cost(
    exchange: Exchange, world: World, now: datetime, cap: int | None, full: int
) -> None:
    number = planned(exchange, world, now, "Demain")
    with exchange.database.writing() as session:
        installation(session).day_cap = cap
        session.add_all(
            [Budget(scope=f"channel:{world.channel}", cap=100, reserved=40), Budget(scope=f"campaign:{number}", cap=500)]
        )
    seen = found(exchange, now)
    assert set(seen.caps) == {Room(f"channel:{world.channel}", 60, 90), Room(f"campaign:{number}", 500, 90)}
    assert [day for day, _cost in seen.full_days] == [(now + DAY).date()] * full


def test_a_series_costs_what_its_members_own_steps_do(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        installation(session).series = True
        row = Campaign(name="Mille jours", audience={}, route=Route.SMS, state=CampaignState.RUNNING, created_at=now)
        row.created_by = world.staff["fanta"]
        row.events = [CampaignEvent(content_id=world.contents["eau-propre"], repeat=Repeat.STAGE, months_after=1)]
        session.add(row)
        session.flush()
        for name in ("awa", "binta"):
            enrol(session, row, session.get_one(Member, world.members[name]), date(2026, 3, 1), now, ZoneInfo("Africa/Bamako"))
    (one,) = found(exchange, now).campaigns
    assert (one.numbers, one.cost) == (2, 2 * 15), "each woman, not one phone of her club"
