"""Missed calls: refused at no cost, called back within limits."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from messaging import bips, call_events, contacts
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep
from messaging.models import Call, CallState, Channel, ContactState, Direction, Kind
from messaging.queue import queue_call
from messaging.steps import Reject
from tests.calls import tell
from tests.messaging.test_calls import dialled, queued
from tests.world import World


def bip(exchange: Exchange, world: World, now: datetime, number: str, key: str = "b1") -> call_events.Heard:
    with exchange.database.writing() as session:
        step = CallStep(key, number, "ringing", inbound=True)
        heard = tell(session, exchange, world, step, now)
    assert heard.steps == (Reject(),) or heard.steps == ()
    return heard


def backs(exchange: Exchange) -> int:
    with exchange.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Call).where(Call.direction == Direction.OUT)) or 0


def test_a_bip_is_refused_and_called_back_within_two_minutes(exchange: Exchange, world: World, now: datetime) -> None:
    call = bip(exchange, world, now, world.numbers["awa"]).call
    assert call is not None
    assert timedelta(seconds=10) < call.not_before - now < timedelta(minutes=2)
    gateway = dialled(exchange, world, call.not_before)
    assert [one.number for one in gateway.called] == [world.numbers["awa"]]
    with exchange.database.reading() as session:
        inbound = session.scalars(select(Call).where(Call.direction == Direction.IN)).one()
    assert (inbound.state, inbound.price) == (CallState.NO_ANSWER, 0)


def test_a_bip_reported_twice_is_one(exchange: Exchange, world: World, now: datetime) -> None:
    bip(exchange, world, now, world.numbers["awa"])
    bip(exchange, world, now, world.numbers["awa"])
    assert backs(exchange) == 1


def test_one_call_back_waits_at_a_time_one_in_ten_minutes_five_a_day(exchange: Exchange, world: World, now: datetime) -> None:
    made = 0
    for minutes in range(0, 120, 4):
        at = now + timedelta(minutes=minutes)
        made += bip(exchange, world, at, world.numbers["awa"], f"b{minutes}").call is not None
        with exchange.database.writing() as session:
            for call in session.scalars(select(Call).where(Call.state == CallState.QUEUED)):
                call.state = CallState.COMPLETED
    assert made == backs(exchange) == 5


def test_a_stranger_is_called_back_once_a_day(exchange: Exchange, world: World, now: datetime) -> None:
    for hours in (0, 2, 4, 25):
        bip(exchange, world, now + timedelta(hours=hours), "+22300019911", f"s{hours}")
        with exchange.database.writing() as session:
            for call in session.scalars(select(Call).where(Call.state == CallState.QUEUED)):
                call.state = CallState.COMPLETED
    assert backs(exchange) == 2


@pytest.mark.parametrize(
    ("number"),
    ["+22120222222", "+33612345678", "anonymous", "+22320222222", "36085"],
    ids=["Senegal", "France", "withheld", "fixed line", "our own"],
)
def test_nobody_else_is_called_back(number: str, exchange: Exchange, world: World, now: datetime) -> None:
    bip(exchange, world, now, number)
    assert backs(exchange) == 0


@pytest.mark.parametrize(
    ("at", "called"),
    [
        pytest.param("2026-03-18T23:30:00+00:00", "2026-03-19T08:00:00+00:00", id="late evening"),
        pytest.param("2026-03-19T03:00:00+00:00", "2026-03-19T08:00:00+00:00", id="small hours"),
        pytest.param("2026-03-19T05:30:00+00:00", "2026-03-19T05:30:15+00:00", id="early morning"),
    ],
)
def test_a_bip_at_night_is_answered_in_the_morning(at: str, called: str, exchange: Exchange, world: World) -> None:
    call = bip(exchange, world, datetime.fromisoformat(at), world.numbers["awa"]).call
    assert call is not None
    assert call.not_before == datetime.fromisoformat(called)


def test_an_announced_number_is_activated_by_its_own_bip(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        contacts.find_or_create(session, "+22300019912", now, state=ContactState.ANNOUNCED)
    bip(exchange, world, now, "+22300019912")
    with exchange.database.reading() as session:
        found = contacts.find(session, "+22300019912")
    assert found is not None
    assert found.state is ContactState.ACTIVE


def test_a_bip_during_a_call_is_not_called_back(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    dialled(exchange, world, now)
    assert bip(exchange, world, now, world.numbers["awa"]).call is None


def test_strangers_and_everybody_have_their_share_of_the_hour(exchange: Exchange, world: World, now: datetime) -> None:
    for place in range(bips.STRANGERS_PER_HOUR + 2):
        bip(exchange, world, now, f"+2230003{place:04}", f"s{place}")
    assert backs(exchange) == bips.STRANGERS_PER_HOUR
    with exchange.database.writing() as session:
        for place in range(bips.PER_HOUR - bips.STRANGERS_PER_HOUR):
            contact = contacts.find_or_create(session, f"+2230004{place:04}", now)
            queue_call(session, None, contact, None, now, session.get_one(Channel, world.channel), Kind.REPLY)
    assert bip(exchange, world, now, world.numbers["awa"], "b-full").call is None
