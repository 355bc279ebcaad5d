"""Values no database takes, and news about numbers: stored or dropped, never answered 500 for ever."""

from dataclasses import replace
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.calls import on_calls
from messaging import channels, intake
from messaging.beats import apply_pending
from messaging.call_intake import CallIntake
from messaging.exchange import Exchange
from messaging.gateways.protocol import Account, CallStep, Cause, IncomingSms, StatusReport, Unreadable, WebhookRequest
from messaging.models import Attempt, Channel, Contact, ContactState, Message, StatusUpdate
from tests.messaging.fakes import Scripted, reply, send, with_gateway
from tests.world import World

EMPTY = WebhookRequest("POST", "/", "/", "", {}, b"")


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        pytest.param("sms", {"id": "a\0b", "from": "+22300010001", "text": "Bonjour"}, id="NUL in an id"),
        pytest.param("sms", {"id": "m", "from": "Kiosque\0", "text": "Bonjour"}, id="NUL in a sender"),
        pytest.param("status", {"id": "x" * 200, "status": "sent"}, id="a long reference"),
        pytest.param("status", {"id": "s", "status": "sent", "code": "y" * 100}, id="a long code"),
        pytest.param("status", {"id": "s", "status": "sent", "at": "0001-01-01T00:00:00+00:00"}, id="a date of long ago"),
        pytest.param("call", {"id": "x\0" * 99, "phone": "+22300010001", "event": "ringing", "direction": "in"}, id="a bip"),
    ],
)
def test_a_value_no_database_takes_is_cut_to_one_it_takes(
    kind: str, form: dict[str, str], client: FlaskClient, exchange: Exchange, world: World
) -> None:
    assert client.post(f"/hooks/{world.token}/{kind}", data=form).status_code == 200
    with exchange.database.reading() as session:
        kept = session.scalars(select(StatusUpdate)).all()
    assert all(len(one.reference) <= 96 and len(one.code) <= 40 and one.provider_at is None for one in kept)


class Telling(Scripted):
    """A provider that reads one report, one event, and no SMS."""

    def read_status(self, account: object, request: object) -> StatusReport:
        return self.report

    def read_call(self, account: object, request: object) -> CallStep:
        return self.step

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        raise Unreadable("mms")

    report: StatusReport
    step: CallStep


def known(exchange: Exchange, world: World, gateway: Telling) -> intake.Known:
    with exchange.database.reading() as session:
        return intake.Known(world.channel, gateway, channels.account(session.get_one(Channel, world.channel), ""))


def state(exchange: Exchange, world: World) -> ContactState:
    with exchange.database.reading() as session:
        return session.get_one(Contact, world.contacts["awa"]).state


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        pytest.param(Cause.OPT_OUT, ContactState.STOPPED, id="opted out at the provider"),
        pytest.param(Cause.DEAD_NUMBER, ContactState.DEAD, id="dead number"),
    ],
)
@pytest.mark.parametrize("early", [False, True], ids=["in time", "before its message"])
def test_what_a_report_says_of_a_number_is_written_down(
    cause: Cause, after: ContactState, early: bool, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(with_gateway(exchange, Scripted()), world, now)
    with exchange.database.reading() as session:
        attempt = session.scalars(select(Attempt.id)).one()
    if early:
        with exchange.database.writing() as session:
            row = {"reference": attempt, "status": "failed", "cause": cause.value, "received_at": now}
            session.add(StatusUpdate(channel_id=world.channel, **row))
        apply_pending(exchange, now)
    else:
        gateway = Telling()
        gateway.report = StatusReport(attempt, "failed", cause=cause)
        intake.take_status(exchange, known(exchange, world, gateway), EMPTY, now)
    assert state(exchange, world) is after


def test_a_call_to_a_number_the_network_does_not_know_says_so(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = Telling()
    gateway.step = CallStep("c1", world.numbers["awa"], "ringing", inbound=True)
    channel = known(exchange, world, gateway)
    calls = CallIntake(exchange, on_calls)
    calls.take(channel, EMPTY, now)
    gateway.step = replace(gateway.step, event="failed", cause=Cause.DEAD_NUMBER)
    calls.take(channel, EMPTY, now)
    assert state(exchange, world) is ContactState.DEAD


def test_an_sms_we_cannot_read_is_logged_and_taken(exchange: Exchange, world: World, now: datetime) -> None:
    intake.take_sms(exchange, known(exchange, world, Telling()), EMPTY, now)
    with exchange.database.reading() as session:
        assert session.scalars(select(Message)).all() == []


def test_reports_about_nothing_of_ours_keep_no_other_waiting(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
        session.add_all(
            StatusUpdate(channel_id=world.channel, reference=f"stranger-{n}", status="sent", received_at=now) for n in range(501)
        )
    send(with_gateway(exchange, Scripted()), world, now)
    with exchange.database.writing() as session:
        attempt = session.scalars(select(Attempt.id)).one()
        session.add(StatusUpdate(channel_id=world.channel, reference=attempt, status="delivered", received_at=now))
    assert apply_pending(exchange, now) == 1


def test_a_bip_told_twice_is_refused_twice(client: FlaskClient, world: World) -> None:
    form = {"id": "c1", "phone": "+22300010001", "direction": "in", "event": "ringing"}
    first, second = (client.post(f"/hooks/{world.token}/call", data=form) for _ in range(2))
    assert (second.status_code, second.text) == (200, first.text)
