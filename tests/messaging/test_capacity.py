"""What a channel can carry by when, with the hour's limit of a SIM and the bundles bought for it."""

from datetime import datetime, timedelta

import pytest

from messaging import capacity, channels, windows
from messaging.exchange import Exchange
from messaging.models import Channel, ChannelState
from tests.messaging.fakes import crowd
from tests.world import World


@pytest.mark.parametrize(
    ("per_minute", "per_hour", "parts", "minutes"),
    [
        pytest.param(10, 0, 25, 2.5, id="no hour's limit"),
        pytest.param(10, 600, 25, 2.5, id="an hour's limit that never binds"),
        pytest.param(30, 60, 60, 2, id="one hour's worth at once"),
        pytest.param(30, 60, 61, 60 + 1 / 30, id="one more waits for the next hour"),
        pytest.param(30, 60, 0, 0, id="nothing"),
    ],
)
def test_minutes_for_parts(per_minute: int, per_hour: int, parts: int, minutes: float) -> None:
    channel = Channel(parts_per_minute=per_minute, parts_per_hour=per_hour)
    assert capacity.minutes(channel, parts) == pytest.approx(minutes)
    assert capacity.parts_within(channel, minutes) == parts


def test_the_night_counts_for_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    hours = windows.of(exchange.settings)
    evening = now.replace(hour=18, minute=0)
    morning = hours.next_open(now.replace(hour=23))
    late = capacity.after(evening, 24 * 60, hours)
    assert late > morning
    assert hours.is_open(late - timedelta(minutes=1))
    assert capacity.open_minutes(evening, late, hours) == pytest.approx(24 * 60)
    assert capacity.after(evening, 90, None) == evening + timedelta(minutes=90)


def test_a_sim_of_sixty_an_hour_says_when_it_would_be_done_and_what_would_be_too_late(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.parts_per_minute, channel.parts_per_hour = 60, 60
        crowd(session, exchange, world, 20, now)
        found = capacity.forecast(session, channel, 160, now, None)
        assert (found.finish_at, found.left_over) == (now + timedelta(hours=2, minutes=1), 0)
        short = capacity.forecast(session, channel, 160, now, None, now + timedelta(hours=1))
        assert short.left_over == 160 - (60 - 20)


def test_a_bundle_bounds_what_can_be_promised_and_one_about_to_expire_carries_what_it_can(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.parts_per_minute, channel.parts_per_hour, channel.needs_bundle = 10, 10, True
        assert capacity.forecast(session, channel, 5, now, None) == capacity.Outlook(None, 5)
        capacity.add_bundle(session, channel, 1000, now.date())  # 14 hours are left of today
        assert capacity.forecast(session, channel, 200, now, None).left_over == 60
        capacity.add_bundle(session, channel, 40, now.date() + timedelta(days=9))
        assert capacity.forecast(session, channel, 200, now, None).left_over == 20
        assert [one.left for one in capacity.bundles(session, channel.id, now.date())] == [1000, 40]
        assert capacity.bundles(session, channel.id, now.date() + timedelta(days=10)) == []


def test_staff_correct_what_is_left_and_a_bundle_wakes_only_who_waited_for_one(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channels.pause(channel, "credit")
        bundle = capacity.add_bundle(session, channel, 10, now.date(), 500)
        assert channel.state is ChannelState.PAUSED
        capacity.correct(bundle, 4)
        assert capacity.units_left(session, channel.id, now.date()) == 4
