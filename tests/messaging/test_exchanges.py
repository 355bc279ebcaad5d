"""What is kept of webhooks beside the message they are about: enough to look into trouble, nothing that says who or what."""

import json
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from messaging import exchanges, purging, timeline
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep, Cause, IncomingSms, Recorded, StatusReport, WebhookRequest
from messaging.models import Attempt, ChannelLog, Message
from tests.messaging.fakes import Scripted, reply, send, with_gateway
from tests.world import World

NUMBER, TEXT = "+22376123456", "Mon enfant tousse"


def request(form: dict[str, str] | None = None, body: bytes = b"", query: str = "") -> WebhookRequest:
    return WebhookRequest("POST", "/hooks/x/sms", "https://x/hooks/x/sms", query, {}, body, tuple((form or {}).items()))


@pytest.mark.parametrize(
    ("given", "read", "shape", "said"),
    [
        pytest.param(
            request({"from": NUMBER, "text": TEXT, "id": "SM1"}),
            IncomingSms("SM1", NUMBER, TEXT),
            "POST sms\nfrom(12) text(17) id(3)",
            "id=SM1 signs=17",
            id="form",
        ),
        pytest.param(
            request(body=json.dumps({"event": "e", "payload": {"phone": NUMBER, "parts": [TEXT, None]}}).encode()),
            StatusReport("a-1", "failed", "30003", cause=Cause.ABSENT, number=NUMBER),
            "POST sms\nevent(1) payload.phone(12) payload.parts[](17) payload.parts[](0)",
            "id=a-1 status=failed code=30003 cause=absent",
            id="JSON",
        ),
        pytest.param(
            request(query="a=1&" + "%2B22376123456=2"),
            CallStep("C1", NUMBER, "turn", turn=3, digits="12"),
            "POST sms\na(1) ?(1)",
            "id=C1 event=turn turn=3 keys=2",
            id="a number as a field's name",
        ),
        pytest.param(
            request(body=b"{[[["), Recorded("C1", "https://secret", 3.0), "POST sms", "id=C1 seconds=3.0", id="broken JSON"
        ),
        pytest.param(
            request(), StatusReport(NUMBER, "wired"), "POST sms", "id=••• status=wired", id="a number where an id should be"
        ),
    ],
)
def test_shapes_are_kept_and_words_are_not(
    given: WebhookRequest, read: exchanges.Understood, shape: str, said: str, now: datetime
) -> None:
    log = exchanges.log_of(1, "sms", given, read, now)
    assert (log["request"], log["response"]) == (shape, said)


def test_an_exchange_is_seen_both_ways_beside_its_message_and_goes_after_a_month(
    client: FlaskClient, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        message_id = reply(session, exchange, world, "awa", now).id
    send(with_gateway(exchange, Scripted()), world, now)
    with exchange.database.reading() as session:
        reference = session.scalars(select(Attempt.id)).one()
    form = {"id": f"theirs-{reference}", "ref": reference, "status": "delivered", "to": world.numbers["awa"]}
    for _ in range(2):
        assert client.post(f"/hooks/{world.token}/status", data=form).status_code == 200
    assert client.post(f"/hooks/{world.token}/status", data={**form, "ref": "", "status": "sent"}).status_code == 200
    with exchange.database.reading() as session:
        moments = timeline.moments(session, world.contacts["awa"], 0, 5)
        seen = timeline.exchanges_of(session, moments)["message", message_id]
        assert [one.inbound for one in seen] == [False, True, True, True]
        assert [one.response.partition(" ")[2] for one in seen[1:]] == [
            "status=delivered",
            "status=delivered repeated",
            "status=sent",
        ]
        assert [one.id for one in timeline.latest(session, world.channel, 2)] == [seen[3].id, seen[2].id]
    purging.purge(exchange, max(one.at for one in seen) + timedelta(days=31))
    with exchange.database.reading() as session:
        assert session.scalars(select(ChannelLog.id)).all() == []


def test_neither_number_nor_text_of_an_sms_is_kept_in_its_exchange(client: FlaskClient, exchange: Exchange, world: World) -> None:
    form = {"from": world.numbers["awa"], "to": "36085", "text": TEXT, "id": "m-1"}
    for _ in range(2):
        client.post(f"/hooks/{world.token}/sms", data=form)
    with exchange.database.reading() as session:
        logs = session.scalars(select(ChannelLog).order_by(ChannelLog.id)).all()
        message_id = session.scalars(select(Message.id)).first()
    assert [(one.message_id, one.response) for one in logs] == [
        (message_id, "id=m-1 signs=17"),
        (None, "id=m-1 signs=17 repeated"),
    ]
    kept = " ".join(one.request + one.response for one in logs)
    assert world.numbers["awa"] not in kept
    assert "tousse" not in kept
