"""What a call costs: by the channel's tariff, from its real seconds, or as its provider says; and what was heard by the clock."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from messaging import call_events, reading, settling
from messaging.exchange import Exchange
from messaging.models import Budget, Call, CallState, Channel
from messaging.money import call_price
from messaging.steps import Gather, Play, Sound, to_json
from runtime.paging import Slice
from tests.messaging.test_calls import dialled, event, get, queued
from tests.world import World

JINGLE = Sound("https://x/j.wav", 4.0)
MESSAGE = Sound("https://x/a.wav", 30.0, 12.0)


@pytest.mark.parametrize(
    ("minute", "step", "least", "seconds", "price"),
    [
        pytest.param(108, 60, 0, 0, 0, id="unanswered"),
        pytest.param(108, 60, 0, 1, 108, id="a started minute"),
        pytest.param(108, 60, 0, 60, 108, id="a whole minute"),
        pytest.param(108, 60, 0, 61, 216, id="a minute and a second"),
        pytest.param(108, 1, 0, 61, 110, id="by the second, rounded up"),
        pytest.param(108, 6, 0, 61, 119, id="by six seconds"),
        pytest.param(108, 1, 30, 5, 54, id="half a minute at least"),
        pytest.param(108, 30, 60, 61, 162, id="a minute, then halves"),
        pytest.param(0, 60, 0, 300, 0, id="a line that costs nothing"),
    ],
)
def test_a_tariff(minute: int, step: int, least: int, seconds: int, price: int) -> None:
    assert call_price(Channel(price_per_minute=minute, billing_step=step, billing_least=least), seconds) == price


def reserved(exchange: Exchange) -> int:
    with exchange.database.reading() as session:
        return session.scalar(select(Budget.reserved)) or 0


@pytest.fixture
def budget(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        session.add(Budget(scope=f"channel:{world.channel}", cap=1000))
        session.get_one(Channel, world.channel).billing_step = 1


@pytest.mark.usefixtures("budget")
@pytest.mark.parametrize(
    ("events", "price"),
    [
        pytest.param([("answered", {}), ("completed", {"seconds": 90})], 90, id="by its seconds"),
        pytest.param([("answered", {}), ("completed", {"seconds": 90, "paid": 77})], 77, id="as the provider says"),
        pytest.param([("ringing", {}), ("no_answer", {})], 0, id="nobody answered"),
        pytest.param([("machine", {}), ("completed", {"seconds": 130})], 130, id="a machine that talked for two minutes"),
        pytest.param(
            [("machine", {}), ("completed", {"seconds": 130}), ("completed", {"seconds": 130})], 130, id="the same news twice"
        ),
    ],
)
def test_what_was_set_aside_becomes_what_it_cost(
    events: list[tuple[str, dict[str, object]]], price: int, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    assert reserved(exchange) == 60
    for name, given in events:
        event(exchange, world, now, name, **given)
    assert reserved(exchange) == price
    assert get(exchange, call_id).settled == price


@pytest.mark.usefixtures("budget")
def test_every_try_is_paid(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    for day, seconds in enumerate((20, 40)):
        at = now + timedelta(days=day, hours=day)
        settling.requeue_stale(exchange, at)
        with exchange.database.writing() as session:
            session.get_one(Call, call_id).expires_at = None
        dialled(exchange, world, at)
        event(exchange, world, at, "machine")
        event(exchange, world, at, "completed", seconds=seconds)
    call = get(exchange, call_id)
    assert (call.attempts, call.spent + call.price, reserved(exchange)) == (2, 60, 60)
    with exchange.database.reading() as session:
        (line,) = reading.calls(session, Slice(), id=call_id)
    assert line.price == 60, "other systems read it over all its attempts"


@pytest.mark.usefixtures("budget")
def test_a_call_that_fell_silent_is_paid_until_it_was_last_heard_of(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "answered")
    event(exchange, world, now + timedelta(seconds=45), "turn")
    settling.requeue_stale(exchange, now + timedelta(minutes=20))
    call = get(exchange, call_id)
    assert (call.state, call.settled, reserved(exchange)) == (CallState.DROPPED, 45, 45)


@pytest.mark.parametrize(
    ("after", "untold", "heard", "reached"),
    [
        pytest.param(3, True, 0.0, False, id="cut in the jingle"),
        pytest.param(10, True, 6.0, False, id="cut before the core"),
        pytest.param(17, True, 13.0, True, id="cut after the core"),
        pytest.param(300, True, 30.0, True, id="never more than its length"),
        pytest.param(300, False, None, None, id="a line that tells is believed"),
    ],
)
def test_where_no_line_tells_what_was_heard_is_computed(
    after: int, untold: bool, heard: float | None, reached: bool | None, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "answered", untold=untold)
    steps = (Gather((Play((JINGLE, MESSAGE)),), "https://x?turn=1"),)
    with exchange.database.writing() as session:
        call = session.get_one(Call, call_id)
        call.last_answer = to_json(steps, 1)
        call_events.answered_with(call, steps, now)
    event(exchange, world, now + timedelta(seconds=after), "completed", seconds=after, untold=untold)
    call = get(exchange, call_id)
    assert (call.seconds_heard, call.core_reached, call.heard_computed) == (heard, reached, untold)
