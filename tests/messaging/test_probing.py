"""What providers say of our account, and what staff are told of channels that do less than they could."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from messaging import channels, figures, probing
from messaging.exchange import PROBE, Exchange
from messaging.gateways.protocol import Cause, Outcome, Probe, Sent
from messaging.models import Channel, Message, MessageState
from tests.messaging.fakes import Scripted, crowd, reply, send, with_gateway
from tests.world import World


@dataclass
class Telling(Scripted):
    """Says `told` of our account."""

    told: Callable[[], Probe] = Probe

    async def probe(self) -> Probe:
        await asyncio.sleep(self.seconds)
        return self.told()


def failing() -> Probe:
    raise RuntimeError("a gateway forgot to catch this")


def channel_of(exchange: Exchange, world: World) -> Channel:
    with exchange.database.reading() as session:
        return session.get_one(Channel, world.channel)


def test_what_the_provider_says_is_kept_and_a_later_failure_keeps_the_balance(
    exchange: Exchange, world: World, now: datetime
) -> None:
    well = Telling(told=lambda: Probe(balance="XOF 12 500", units=900, expires=date(2026, 4, 1)))
    probing.probe(with_gateway(exchange, well), world.channel, now)
    found = channel_of(exchange, world)
    assert (found.health, found.balance, found.units, found.units_expire) == ("ok", "XOF 12 500", 900, date(2026, 4, 1))
    bad = Telling(told=lambda: Probe(Cause.CREDENTIALS, "401"))
    later = now + timedelta(hours=1)
    assert probing.probe(with_gateway(exchange, bad), world.channel, later).cause is Cause.CREDENTIALS
    found = channel_of(exchange, world)
    assert (found.health, found.health_detail, found.balance, found.checked_at) == ("credentials", "401", "XOF 12 500", later)


@pytest.mark.parametrize(
    ("gateway", "cause"),
    [
        pytest.param(Telling(seconds=30), Cause.TIMEOUT, id="drips"),
        pytest.param(Telling(told=failing), Cause.OTHER, id="raises"),
    ],
)
def test_asking_never_raises(gateway: Telling, cause: Cause, exchange: Exchange, world: World, now: datetime) -> None:
    assert probing.probe(with_gateway(exchange, gateway), world.channel, now, seconds=0.05).cause is cause
    assert channel_of(exchange, world).health == cause.value


@pytest.mark.parametrize(
    ("balance", "units", "warn_below", "low"),
    [
        pytest.param("XOF 12 500,50", None, 0, False, id="enough"),
        pytest.param("KES 1,250.75", None, 1251, True, id="below its own limit"),
        pytest.param("USD 0.0000", None, 0, True, id="nothing left"),
        pytest.param("USD -3", None, 0, True, id="owed"),
        pytest.param("illimité", None, 500, False, id="no number"),
        pytest.param(None, None, 500, False, id="never told"),
        pytest.param("USD 0", 5000, 0, False, id="units count before money"),
        pytest.param(None, 99, 0, True, id="fewer than a hundred units"),
        pytest.param(None, 99, 50, False, id="its own limit of units"),
    ],
)
def test_a_balance_is_low(balance: str | None, units: int | None, warn_below: int, low: bool) -> None:
    assert probing.is_low(Channel(balance=balance, units=units, warn_below=warn_below)) is low


def test_only_providers_that_tell_are_asked_by_the_clock(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        assert probing.nudge_probes(session, exchange) == 0
    assert PROBE not in [name for name, _ in exchange.work.waiting]  # type: ignore[attr-defined]


def test_a_good_day_has_no_troubles(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.reading() as session:
        assert figures.troubles(session, now) == []


def test_a_resting_channel_says_since_when_until_when_and_why(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 12, now)
    down = with_gateway(exchange, Scripted(say=lambda sms: Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION)))
    send(down, world, now)
    with exchange.database.writing() as session:
        [found] = figures.troubles(session, now)
        assert (found.kind, found.since, found.until) == ("breaker", now, now + timedelta(seconds=60))
        assert (found.channel, found.why) == ("simulateur", "no_connection")
        channels.resume(session.get_one(Channel, world.channel))
        session.flush()
        assert figures.troubles(session, now) == []


def test_paused_throttled_and_poor_channels_are_told(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.rest_since, channel.rest_until, channel.rest_step = now, now + timedelta(seconds=9), 1
        channel.units = 12
        session.flush()
        assert [(one.kind, one.why) for one in figures.troubles(session, now)] == [("throttled", "throttled"), ("low", "12")]
        channels.pause(channel, "credit")
        assert [(one.kind, one.why) for one in figures.troubles(session, now)] == [("paused", "credit"), ("low", "12")]


def test_a_slow_channel_only_warns(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        ids = crowd(session, exchange, world, 20, now)
    behind = with_gateway(exchange, Scripted())
    send(behind, world, now)
    with exchange.database.writing() as session:
        quick = Message.id.in_(ids[4:])
        session.execute(
            update(Message).where(quick).values(state=MessageState.DELIVERED, delivered_at=now + timedelta(minutes=1))
        )
    with exchange.database.writing() as session:
        assert [one.kind for one in figures.troubles(session, now + timedelta(minutes=4))] == []
        assert [one.kind for one in figures.troubles(session, now + timedelta(minutes=6))] == ["slow"]
        session.execute(
            update(Message)
            .where(Message.id == ids[3])
            .values(state=MessageState.DELIVERED, delivered_at=now + timedelta(minutes=2))
        )
        assert [one.kind for one in figures.troubles(session, now + timedelta(minutes=6))] == []
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    assert send(behind, world, now + timedelta(minutes=6)) == 1


def test_unknowns_of_a_quarter_of_an_hour_are_counted_for_staff(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(with_gateway(exchange, Scripted(say=lambda sms: Sent(Outcome.UNKNOWN))), world, now)
    with exchange.database.reading() as session:
        assert figures.unsettled(session, now + timedelta(minutes=14)) == 0
        assert figures.unsettled(session, now + timedelta(minutes=15)) == 1
