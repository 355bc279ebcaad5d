"""The webhook routes: who is let in, what is stored before the answer, and what happens while the database is away."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from messaging import channels
from messaging.beats import deliver_simulated
from messaging.exchange import CONVERSE, Exchange
from messaging.models import (
    Call,
    CallState,
    Channel,
    ChannelLog,
    ChannelState,
    Contact,
    ContactState,
    Kind,
    Message,
    MessageState,
    WebhookBody,
)
from messaging.queue import queue_call
from messaging.replay import replay
from messaging.steps import Hangup, Say, to_json
from runtime import spool
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests.world import World
from wsgi import create_app

AWA = {"id": "m1", "from": "+22300010001", "text": "Bonjour"}
WALL = datetime.now(UTC)


def post(client: FlaskClient, world: World, kind: str, **form: str) -> int:
    return client.post(f"/hooks/{world.token}/{kind}", data=form).status_code


def test_a_stored_sms_is_answered_and_its_conversation_nudged(client: FlaskClient, exchange: Exchange, world: World) -> None:
    assert post(client, world, "sms", **AWA) == 200
    with exchange.database.reading() as session:
        message = session.scalars(select(Message)).one()
        assert session.scalars(select(WebhookBody)).one().body.startswith("id=m1&")
    assert (CONVERSE, message.id) in exchange.work.waiting  # type: ignore[attr-defined]


def test_a_repeated_sms_is_answered_and_stored_once(client: FlaskClient, exchange: Exchange, world: World) -> None:
    assert {post(client, world, "sms", **AWA) for _ in range(3)} == {200}
    with exchange.database.reading() as session:
        assert len(session.scalars(select(Message.id)).all()) == 1


@pytest.mark.parametrize("kind", ["sms", "status", "call", "recording"])
def test_a_wrong_token_is_403_everywhere(kind: str, client: FlaskClient, world: World) -> None:
    assert client.post(f"/hooks/{world.token}x/{kind}", data=AWA).status_code == 403


@pytest.mark.parametrize("kind", ["sms", "call"])
def test_a_form_that_is_not_the_providers_is_403(kind: str, client: FlaskClient, world: World) -> None:
    assert post(client, world, kind, text="x") == 403
    assert client.post(f"/hooks/{world.token}/{kind}", data={"from": ["1", "2"]}).status_code == 403


@pytest.mark.parametrize("kind", ["sms", "call"])
def test_too_many_bytes_or_fields_are_refused_before_anything_is_read(kind: str, client: FlaskClient, world: World) -> None:
    assert post(client, world, kind, **AWA, more="x" * 70_000) == 413
    assert post(client, world, kind, **{f"f{n}": "x" for n in range(51)}) == 413


def test_an_old_token_works_until_its_week_is_over(client: FlaskClient, exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        fresh = channels.rotate_token(channel, datetime.now(UTC))
    assert post(client, world, "sms", **AWA) == 200
    assert client.post(f"/hooks/{fresh}/sms", data=AWA).status_code == 200
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).old_token_until = WALL
    assert post(client, world, "sms", **AWA) == 403


def test_a_removed_channel_has_no_webhook(client: FlaskClient, exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).state = ChannelState.REMOVED
    assert post(client, world, "sms", **AWA) == 403


def test_a_channel_whose_gateway_is_not_installed_has_no_webhook(client: FlaskClient, exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).gateway = "pigeon"
    assert post(client, world, "sms", **AWA) == 403


@pytest.mark.parametrize("kind", ["status", "call"])
def test_a_strange_word_is_logged_and_taken(kind: str, client: FlaskClient, exchange: Exchange, world: World) -> None:
    assert post(client, world, kind, id="s1", status="teleported", event="levitating", phone="1") in (200, 204)
    with exchange.database.reading() as session:
        assert session.scalars(select(ChannelLog)).one().response in ("teleported", "levitating")


def test_a_recording_is_kept_as_announced(client: FlaskClient, exchange: Exchange, world: World) -> None:
    assert post(client, world, "recording", id="c1", place="r1") == 200
    with exchange.database.reading() as session:
        assert session.scalars(select(WebhookBody.kind)).all() == ["recording"]


def test_a_bip_is_refused_unanswered_and_called_back(client: FlaskClient, exchange: Exchange, world: World) -> None:
    answer = client.post(
        f"/hooks/{world.token}/call", data={"id": "c1", "phone": "+22300010001", "direction": "in", "event": "ringing"}
    )
    assert json.loads(answer.text)["steps"] == [{"do": "reject", "busy": True}]


class Flaky(Database):
    """A database that can be away."""

    down, full = True, False

    @contextmanager
    def reading(self) -> Iterator[Session]:
        if self.down:
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))
        with super().reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if self.full:
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
        with super().writing() as session:
            yield session


@dataclass
class Away:
    """The service while its database is away, until `back`."""

    exchange: Exchange
    client: FlaskClient
    database: Flaky

    def back(self) -> None:
        self.database.down = False


@pytest.fixture
def away(settings: Settings, database_url: str) -> Iterator[Away]:
    database = Flaky(database_url)
    app = create_app(settings, database=database, work=Immediate())
    app.config["WEBHOOK_PAUSES"] = (0.0,)
    yield Away(cast(Exchange, app.extensions["lamen"]), app.test_client(), database)
    database.close()


def test_while_the_database_is_away_a_stop_is_kept_and_honoured_afterwards(world: World, away: Away) -> None:
    assert post(away.client, world, "sms", **{**AWA, "text": "STOP"}) == 202
    assert spool.waiting(away.exchange.settings.var) == 1
    [kept] = list((away.exchange.settings.var / "spool").iterdir())
    assert b"00010001" not in kept.read_bytes()
    assert replay(away.exchange, WALL) == 0
    away.back()
    assert replay(away.exchange, WALL) == 1
    assert spool.waiting(away.exchange.settings.var) == 0
    with away.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.STOPPED


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        pytest.param("status", {"id": "s", "status": "sent"}, id="a delivery report"),
        pytest.param("recording", {"id": "c", "place": "r"}, id="a recording"),
    ],
)
def test_reports_and_recordings_are_kept_too(kind: str, form: dict[str, str], world: World, away: Away) -> None:
    assert post(away.client, world, kind, **form) == 202
    away.back()
    assert replay(away.exchange, WALL) == 1


def test_a_kept_request_with_a_wrong_token_is_dropped_by_the_replay(world: World, away: Away) -> None:
    assert away.client.post("/hooks/nothing/sms", data=AWA).status_code == 202
    away.back()
    assert replay(away.exchange, WALL) == 1
    with away.database.reading() as session:
        assert session.scalars(select(Message)).all() == []


def test_a_kept_request_we_cannot_digest_is_set_aside(exchange: Exchange, world: World) -> None:
    spool.keep(exchange.settings.var, {"kind": "sms"})
    assert replay(exchange, WALL) == 0
    assert spool.waiting(exchange.settings.var) == 0
    assert [path.suffix for path in (exchange.settings.var / "spool").iterdir()] == [".failed"]


def test_a_call_is_told_to_come_again_while_the_database_is_away(world: World, away: Away) -> None:
    assert post(away.client, world, "call", id="c", phone="1", event="answered") == 503


@pytest.mark.parametrize(("event", "status"), [("answered", 200), ("turn", 200), ("busy", 503), ("completed", 503)])
def test_only_somebody_on_the_line_hears_an_apology(event: str, status: int, world: World, away: Away) -> None:
    away.back()
    away.database.full = True
    assert post(away.client, world, "call", id="c", phone="1", event=event) == status


def test_when_nothing_can_be_kept_the_provider_must_come_again(world: World, away: Away) -> None:
    var = away.exchange.settings.var
    var.mkdir(parents=True, exist_ok=True)
    (var / "spool").write_text("a file where the folder should be")
    assert post(away.client, world, "sms", **AWA) == 503


def test_the_spool_proves_at_the_start_that_it_can_be_written(tmp_path: Path) -> None:
    assert spool.prepare(tmp_path).is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(spool.SpoolError):
        spool.prepare(tmp_path / "file")


def test_an_unreadable_file_is_set_aside_and_the_age_of_the_oldest_known(tmp_path: Path) -> None:
    assert spool.oldest_seconds(tmp_path, 0.0) == 0.0
    spool.keep(tmp_path, {"a": 1})
    (tmp_path / "spool" / "0-x.sealed").write_bytes(b"rubbish")
    assert [kept.body for kept in spool.read(tmp_path)] == [{"a": 1}]
    assert spool.waiting(tmp_path) == 1
    assert spool.oldest_seconds(tmp_path, datetime.now(UTC).timestamp() + 90) >= 89


def test_a_message_is_sent_by_the_simulator_and_its_receipt_comes_back_through_the_route(
    client: FlaskClient, exchange: Exchange, world: World
) -> None:
    assert post(client, world, "sms", **{**AWA, "text": "STOP"}) == 200
    exchange.work.run_all()  # type: ignore[attr-defined]
    later = datetime.now(UTC).replace(year=2099)
    assert deliver_simulated(exchange, later) == 2
    with exchange.database.reading() as session:
        states = session.scalars(select(Message.state).order_by(Message.id)).all()
    assert states == [MessageState.HANDLED, MessageState.DELIVERED]


def answered_call(exchange: Exchange, world: World, last_answer: dict[str, object]) -> str:
    """A live call of Awa's whose stored answer is this; its provider's id."""
    with exchange.database.writing() as session:
        channel, contact = session.get_one(Channel, world.channel), session.get_one(Contact, world.contacts["awa"])
        call = queue_call(session, None, contact, None, WALL, channel, Kind.REPLY)
        call.state, call.answered_at, call.heard_at = CallState.ANSWERED, datetime.now(UTC), datetime.now(UTC)
        call.external_id, call.turn, call.last_answer = "c9", 3, last_answer
    return "c9"


def test_a_replayed_step_gets_the_stored_answer(client: FlaskClient, exchange: Exchange, world: World) -> None:
    stored = to_json((Say("Bonjour"), Hangup()), 3)
    form = {"id": answered_call(exchange, world, stored), "phone": "+22300010001", "event": "turn", "digits": "1"}
    answers = [client.post(f"/hooks/{world.token}/call?turn=2", data=form).text for _ in range(2)]
    assert [json.loads(answer)["steps"] for answer in answers] == [stored["steps"]] * 2


def test_a_caller_hears_an_apology_when_our_conversation_fails(client: FlaskClient, exchange: Exchange, world: World) -> None:
    form = {"id": answered_call(exchange, world, {"steps": 5}), "phone": "+22300010001", "event": "turn", "digits": "1"}
    answer = client.post(f"/hooks/{world.token}/call?turn=2", data=form)
    assert answer.status_code == 200
    assert [step["do"] for step in json.loads(answer.text)["steps"]] == ["say", "hangup"]
    with exchange.database.reading() as session:
        assert session.scalars(select(Call.turn)).all() == [3]


def test_a_body_without_a_length_is_measured_as_it_comes(client: FlaskClient, world: World) -> None:
    environ = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    body = b"id=m&from=1&text=" + b"x" * 70_000
    answer = client.post(
        f"/hooks/{world.token}/sms", data=body, content_type="application/x-www-form-urlencoded", environ_overrides=environ
    )
    assert answer.status_code == 413
