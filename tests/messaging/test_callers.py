"""Calls that come in: answered where the channel says so, within limits; all others refused and called back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url, select
from sqlalchemy.event import listen

from messaging import call_events, channels, contacts
from messaging.errors import ChannelError
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep
from messaging.models import Call, CallState, Channel, ChannelState, ContactState, Direction
from messaging.steps import Hangup, Reject, Say, to_json
from runtime.installation import Opening, installation
from tests.calls import tell
from tests.messaging.test_calls import dialled, queued
from tests.world import World

STRANGER = "+22300019911"


@pytest.fixture
def answering(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        channels.configure(session.get_one(Channel, world.channel), {"inbound": "answer"})


def event(
    exchange: Exchange, world: World, now: datetime, number: str, name: str = "ringing", key: str = "in-1", **more: Any
) -> call_events.Heard:
    with exchange.database.writing() as session:
        step = CallStep(key, number, name, inbound=True, **more)
        heard = tell(session, exchange, world, step, now)
        if heard.call is not None and heard.steps is None:
            heard.call.turn, heard.call.last_answer = 1, to_json((Say("Bonjour"), Hangup()), 1)
        return heard


def calls(exchange: Exchange, direction: Direction) -> list[Call]:
    with exchange.database.reading() as session:
        return list(session.scalars(select(Call).where(Call.direction == direction).order_by(Call.id)))


def test_a_channel_refuses_and_calls_back_unless_told_otherwise(exchange: Exchange, world: World, now: datetime) -> None:
    assert event(exchange, world, now, world.numbers["awa"]).steps == (Reject(),)
    assert len(calls(exchange, Direction.OUT)) == 1


@pytest.mark.usefixtures("answering")
def test_a_call_is_answered_at_once_and_costs_us_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    assert event(exchange, world, now, world.numbers["awa"]).steps is None  # the conversation must be asked
    event(exchange, world, now + timedelta(seconds=70), world.numbers["awa"], "completed", seconds=70)
    [call] = calls(exchange, Direction.IN)
    assert (call.state, call.seconds, call.price) == (CallState.COMPLETED, 70, 0)
    assert call.ringing_at == call.answered_at == now
    assert calls(exchange, Direction.OUT) == []


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize("opening", [Opening.CLOSED, Opening.OPEN])
def test_a_real_line_answers_nobody_before_it_is_opened(
    exchange: Exchange, world: World, now: datetime, opening: Opening
) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).gateway = "asterisk"
        place = installation(session)
        place.simulation, place.opening = False, opening
    assert (event(exchange, world, now, "+22376000009").steps is None) is (opening is Opening.OPEN)


@pytest.mark.usefixtures("answering")
def test_the_first_request_again_is_the_same_call(exchange: Exchange, world: World, now: datetime) -> None:
    first = event(exchange, world, now, world.numbers["awa"]).call
    again = event(exchange, world, now, world.numbers["awa"])
    assert first is not None
    assert again.call is not None
    assert (again.call.id, again.steps) == (first.id, None)
    assert len(calls(exchange, Direction.IN)) == 1


@pytest.mark.usefixtures("answering")
def test_the_first_request_again_locks_the_contact_too(exchange: Exchange, world: World, now: datetime) -> None:
    event(exchange, world, now, world.numbers["awa"])
    read: list[str] = []
    with exchange.database.writing() as session:
        server = make_url("postgresql+psycopg://").get_dialect()()  # SQLite's words hold no lock
        listen(session, "do_orm_execute", lambda state: read.append(str(state.statement.compile(dialect=server))))
        step = CallStep("in-1", world.numbers["awa"], "ringing", inbound=True)
        tell(session, exchange, world, step, now)
    [locks] = [text.partition(" FOR ")[2] for text in read if " FOR " in text and "external" in text]
    assert locks.endswith("OF contact, call")


@pytest.mark.usefixtures("answering")
def test_whoever_hangs_up_at_once_wanted_to_be_called_back(exchange: Exchange, world: World, now: datetime) -> None:
    event(exchange, world, now, world.numbers["awa"])
    with exchange.database.writing() as session:
        session.scalars(select(Call)).one().last_answer = to_json((Say("Bonjour"),), 1)
    event(exchange, world, now + timedelta(seconds=2), world.numbers["awa"], "completed", seconds=2)
    event(exchange, world, now + timedelta(seconds=2), world.numbers["awa"], "completed", seconds=2)
    [came], [back] = calls(exchange, Direction.IN), calls(exchange, Direction.OUT)
    assert (came.state, came.reason, back.state) == (CallState.DROPPED, "bip", CallState.QUEUED)


@pytest.mark.usefixtures("answering")
def test_an_answered_call_ends_after_ten_minutes(exchange: Exchange, world: World, now: datetime) -> None:
    event(exchange, world, now, world.numbers["awa"])
    assert event(exchange, world, now + timedelta(minutes=9), world.numbers["awa"], "turn").steps is None
    assert event(exchange, world, now + timedelta(minutes=11), world.numbers["awa"], "turn").steps == (Hangup(),)


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize(("number", "most"), [(STRANGER, 1), ("awa", 5)], ids=["a stranger once a day", "others five times"])
def test_a_day_has_its_limit(number: str, most: int, exchange: Exchange, world: World, now: datetime) -> None:
    number = world.numbers.get(number, number)
    answered = 0
    for place in range(most + 2):
        at = now + timedelta(minutes=30 * place)
        answered += event(exchange, world, at, number, key=f"in-{place}").steps is None
        event(exchange, world, at + timedelta(seconds=50), number, "completed", f"in-{place}", seconds=50)
    assert answered == most
    assert calls(exchange, Direction.OUT) == []


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize("number", ["+33612345678", "anonymous", "+22320222222"], ids=["France", "withheld", "fixed line"])
def test_nobody_else_is_answered(number: str, exchange: Exchange, world: World, now: datetime) -> None:
    assert event(exchange, world, now, number).steps == (Reject(),)
    assert calls(exchange, Direction.OUT) == []


@pytest.mark.usefixtures("answering")
def test_with_every_line_taken_a_caller_is_called_back(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).calls_at_once = 1
    assert event(exchange, world, now, world.numbers["awa"], key="a").steps is None
    assert event(exchange, world, now, world.numbers["sory"], key="b").steps == (Reject(),)
    assert [call.contact_id for call in calls(exchange, Direction.OUT)] == [world.contacts["sory"]]


@pytest.mark.usefixtures("answering")
def test_a_number_being_called_is_not_answered(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    dialled(exchange, world, now)
    assert event(exchange, world, now, world.numbers["awa"]).steps == (Reject(),)


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize("what", ["paused", "stopped", "sms only"])
def test_a_channel_at_rest_answers_nobody(what: str, exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        if what == "stopped":
            installation(session).stopped_at = now
        elif what == "paused":
            channel.state = ChannelState.PAUSED
        else:
            channel.kinds = ["sms", "bip"]
    assert event(exchange, world, now, world.numbers["awa"]).steps == (Reject(),)


@pytest.mark.usefixtures("answering")
def test_an_announced_number_is_activated_by_its_own_call(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        contacts.find_or_create(session, STRANGER, now, state=ContactState.ANNOUNCED)
    event(exchange, world, now, STRANGER)
    with exchange.database.reading() as session:
        found = contacts.find(session, STRANGER)
    assert found is not None
    assert (found.state, found.last_heard_at) == (ContactState.ACTIVE, now)


@pytest.mark.parametrize("value", ["", "perhaps", "Answer"])
def test_what_a_call_gets_is_one_of_two_things(value: str, exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session, pytest.raises(ChannelError):
        channels.configure(session.get_one(Channel, world.channel), {"inbound": value})
