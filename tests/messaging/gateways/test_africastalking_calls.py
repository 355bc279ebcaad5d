"""Africa's Talking through the whole service: a call that it cannot tell to be ours but by its session, and one it never told."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from aiohttp import web
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from messaging.calls import dial
from messaging.exchange import Exchange
from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.models import Call, CallState, Channel, Contact, Kind
from messaging.queue import queue_call
from tests.messaging.fakes import broadcast
from tests.messaging.gateways.africastalking_peer import Provider
from tests.messaging.gateways.africastalking_peer import provider as provider
from tests.world import World
from translations.models import Variant

REJECTED = b"<Reject"


@pytest.fixture
def exchange(app: Flask) -> Exchange:
    """The service, whose simulated numbers are reached through this gateway: real ones have no place in a test."""
    ours: Exchange = replace(app.extensions["lamen"], gateways={"simulator": AfricasTalking()})
    app.extensions["lamen"] = ours
    return ours


@pytest.fixture
def call_id(exchange: Exchange, world: World, provider: Provider, now: datetime) -> int:
    """A call to Awa, waiting on a channel of this provider."""
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.settings = json.dumps(dict(provider.account().settings))
        variant, awa = session.get_one(Variant, world.variants["eau-propre"]), session.get_one(Contact, world.contacts["awa"])
        call = queue_call(session, broadcast(session, world, now), awa, variant, now, channel, Kind.PUSH)
        call.reason = "bip"  # the hardest case: a call back to a missed call
        session.flush()
        return call.id


def tell(client: FlaskClient, world: World, query: str = "", **fields: str) -> bytes:
    """What the provider's request is answered with."""
    form = {"isActive": "1", "sessionId": "ATVId_1", "callerNumber": world.numbers["awa"], "direction": "Outbound"} | fields
    answer = client.post(f"/hooks/{world.token}/call{query}", data=form)
    assert answer.status_code == 200
    return bytes(answer.data)


def state(exchange: Exchange, call_id: int) -> tuple[CallState, int | None]:
    with exchange.database.reading() as session:
        call = session.get_one(Call, call_id)
        return call.state, call.seconds


@pytest.mark.parametrize("direction", ["Outbound", "Inbound"])
def test_our_call_is_known_by_its_session_whatever_its_direction(
    direction: str, client: FlaskClient, exchange: Exchange, world: World, call_id: int, now: datetime
) -> None:
    assert dial(exchange, world.channel, lambda: now) == 1
    said = tell(client, world, direction=direction)
    assert said.startswith(b"<?xml")
    assert REJECTED not in said
    assert state(exchange, call_id)[0] is CallState.ANSWERED
    assert tell(client, world, isActive="0", hangupCause="NORMAL_CLEARING", durationInSeconds="61", direction=direction) == b""
    assert state(exchange, call_id) in ((CallState.COMPLETED, 61), (CallState.DROPPED, 61))


@pytest.mark.parametrize("status", [500, 200], ids=["a broken answer", "an answer that is no answer"])
def test_a_call_whose_answer_was_lost_is_known_by_its_number(
    status: int, client: FlaskClient, exchange: Exchange, world: World, provider: Provider, call_id: int, now: datetime
) -> None:
    provider.always("/call", lambda: web.Response(status=status))
    dial(exchange, world.channel, lambda: now)
    assert state(exchange, call_id)[0] is CallState.UNKNOWN
    assert REJECTED not in tell(client, world, sessionId="ATVId_9")
    assert state(exchange, call_id)[0] is CallState.ANSWERED
    assert tell(client, world, sessionId="ATVId_9", isActive="0", durationInSeconds="7") == b""
    assert state(exchange, call_id)[1] == 7


def test_a_call_to_somebody_else_proves_nothing(
    client: FlaskClient, exchange: Exchange, world: World, provider: Provider, call_id: int, now: datetime
) -> None:
    provider.always("/call", lambda: web.Response(status=500))
    dial(exchange, world.channel, lambda: now)
    tell(client, world, callerNumber=world.numbers["moussa"])
    assert state(exchange, call_id)[0] is CallState.UNKNOWN


def test_a_missed_call_is_refused_and_its_end_answered_with_nothing(
    client: FlaskClient, exchange: Exchange, world: World, call_id: int
) -> None:
    bip = {"sessionId": "ATVId_7", "direction": "Inbound"}
    assert REJECTED in tell(client, world, **bip)
    assert REJECTED in tell(client, world, **bip)  # asked again: refused again
    assert tell(client, world, isActive="0", hangupCause="CALL_REJECTED", durationInSeconds="0", **bip) == b""
    assert tell(client, world, isActive="0", hangupCause="NO_ANSWER", direction="Inbound", sessionId="ATVId_8") == b""
    with exchange.database.reading() as session:
        inbound = select(Call.state).where(Call.external_id.in_(("ATVId_7", "ATVId_8")))
        assert set(session.scalars(inbound)) == {CallState.NO_ANSWER}
