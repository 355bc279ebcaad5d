"""The whole way of a report by HTTP alone: posted as a telephone provider would, read back through the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.api.tokens import Scope
from messaging.exchange import Exchange
from runtime.work import Immediate
from tests.world import World

Get = Callable[[str], Any]


@pytest.fixture
def get(client: FlaskClient, token: Callable[..., str]) -> Get:
    """GET under one token that reads messages and reports."""
    headers = {"Authorization": f"Bearer {token(Scope.MESSAGES, Scope.REPORTS)}"}

    def asked(path: str) -> Any:
        response = client.get(f"/api/v1{path}", headers=headers)
        assert response.status_code == 200, response.text
        return response.json

    return asked


def test_a_report_by_sms_is_stored_answered_sent_and_its_receipt_applied(
    app: Flask, client: FlaskClient, get: Get, exchange: Exchange, world: World
) -> None:
    """Moussa reports the session of his club: 18 women, 7 men, 9 of them young, radio heard."""
    posted = client.post(
        f"/hooks/{world.token}/sms",
        data={"id": "phone-1", "from": world.numbers["moussa"], "to": "36085", "text": "CR 12 18 7 9 1"},
    )
    assert posted.status_code == 200

    received = get("/messages?direction=in")["items"]
    assert [message["text"] for message in received] == ["CR 12 18 7 9 1"]
    _run(exchange, "converse")

    reports = get(f"/reports?message={received[0]['id']}")["items"]
    assert [(report["kind"], report["state"], report["club"]) for report in reports] == [("CR", "valid", "1032")]
    values = reports[0]["values"]
    assert (values["theme"], values["women"], values["men"], values["youth"], values["radio"]) == (12, 18, 7, 9, True)

    waiting = get(f"/messages?answers={received[0]['id']}")["items"]
    assert [message["state"] for message in waiting] == ["queued"]
    assert waiting[0]["text"].startswith("Merci. No ")
    assert waiting[0]["contact_id"] == world.contacts["moussa"]

    _run(exchange, "dispatch")
    sent = get(f"/messages/{waiting[0]['id']}")
    assert (sent["state"], sent["attempts"]) == ("wired", 1)
    assert sent["external_id"]
    assert get(f"/messages?external_id={sent['external_id']}")["items"] == [sent]

    app.extensions["lamen.clock"].run_all(datetime.now(UTC) + timedelta(minutes=1))
    arrived = get(f"/messages/{waiting[0]['id']}")
    assert arrived["state"] == "delivered"
    assert arrived["delivered_at"] is not None


def test_the_same_report_posted_twice_counts_once(client: FlaskClient, get: Get, exchange: Exchange, world: World) -> None:
    form = {"id": "phone-1", "from": world.numbers["moussa"], "to": "36085", "text": "CR 12 18 7 9 1"}
    for _ in range(2):
        assert client.post(f"/hooks/{world.token}/sms", data=form).status_code == 200
    _everything(exchange)
    assert len(get("/messages?direction=in")["items"]) == 1
    assert len(get("/messages?direction=out")["items"]) == 1
    assert len(get("/reports")["items"]) == 1


def test_a_strangers_report_is_kept_as_a_message_and_counts_nowhere(
    client: FlaskClient, get: Get, exchange: Exchange, world: World
) -> None:
    form = {"id": "phone-9", "from": "+22300099999", "to": "36085", "text": "CR 12 18 7 9 1"}
    assert client.post(f"/hooks/{world.token}/sms", data=form).status_code == 200
    _everything(exchange)
    assert [message["text"] for message in get("/messages?direction=in")["items"]] == ["CR 12 18 7 9 1"]
    assert get("/reports?state=valid")["items"] == []


def _run(exchange: Exchange, name: str) -> None:
    """Run the one work that waits, and leave what it asks for."""
    assert isinstance(exchange.work, Immediate)
    assert exchange.work.run_next() == name


def _everything(exchange: Exchange) -> None:
    assert isinstance(exchange.work, Immediate)
    exchange.work.run_all()
