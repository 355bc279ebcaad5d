"""The service as a whole: alive, ready, measured, and silent about people."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import text

from messaging.models import Direction, Kind, Message, MessageState
from runtime import logs, metrics, migrate, spool
from runtime.clock import Clock
from runtime.database import Database
from runtime.logs import mask_numbers
from runtime.settings import Settings
from runtime.work import Immediate
from tests.world import World
from wsgi import create_app


@pytest.fixture
def stamped(database: Database) -> Iterator[None]:
    """A database that says it stands at the newest migration."""
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": migrate.head()})
    yield
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))


def test_a_process_that_answers_is_alive(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


@pytest.mark.usefixtures("stamped")
def test_ready_once_tables_stand_and_a_clock_has_ticked(client: FlaskClient, database: Database) -> None:
    before = client.get("/readyz")
    assert (before.status_code, before.get_json()["clock"]) == (503, "still")
    Clock(database, []).tick(datetime.now(UTC))
    after = client.get("/readyz")
    assert after.status_code == 200
    assert after.get_json()["database"] == after.get_json()["migrations"] == after.get_json()["clock"] == "ok"


@pytest.mark.usefixtures("stamped")
def test_not_ready_when_the_clock_has_been_still_for_a_minute(client: FlaskClient, database: Database) -> None:
    Clock(database, []).tick(datetime.now(UTC) - timedelta(seconds=61))
    assert client.get("/readyz").status_code == 503


@pytest.mark.usefixtures("stamped")
def test_not_ready_while_a_webhook_waits_in_the_spool_for_over_a_minute(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    Clock(database, []).tick(datetime.now(UTC))
    path = settings.var / "spool" / f"{spool.keep(settings.var, {})}.sealed"
    assert client.get("/readyz").status_code == 200
    os.utime(path, (0, 0))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["spool"]) == (503, "waiting")


def test_not_ready_when_a_migration_is_missing(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["migrations"]) == (503, "behind")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_not_ready_but_answering_when_the_database_is_away(settings: Settings, tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path / 'gone' / 'lamen.db'}")
    app = create_app(settings, database=away, work=Immediate())
    (tmp_path / "gone").rmdir()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["database"]) == (503, "away")
    away.close()


def _message(world: World, state: MessageState, at: datetime) -> Message:
    inbound = state in (MessageState.RECEIVED, MessageState.HANDLED)
    return Message(
        direction=Direction.IN if inbound else Direction.OUT,
        channel_id=world.channel,
        contact_id=world.contacts["awa"],
        kind=Kind.REPLY,
        state=state,
        not_before=at,
        created_at=at,
    )


def _figure(page: str, name: str) -> float:
    found = [line.rsplit(" ", 1)[1] for line in page.splitlines() if line.startswith(name)]
    assert len(found) == 1, f"{name}: {found}"
    return float(found[0])


def test_metrics_tell_queues_states_and_the_clock_without_naming_anybody(
    client: FlaskClient, database: Database, world: World
) -> None:
    wall = datetime.now(UTC)
    with database.writing() as session:
        session.add_all(
            [_message(world, MessageState.QUEUED, wall - timedelta(seconds=90)), _message(world, MessageState.QUEUED, wall)]
        )
        session.add(_message(world, MessageState.QUEUED, wall + timedelta(hours=1)))  # not yet due
        session.add(_message(world, MessageState.RECEIVED, wall))
    Clock(database, []).tick(wall)
    page = client.get("/metrics").get_data(as_text=True)
    assert _figure(page, 'lamen_queue_length{channel="simulateur",kind="sms"}') == 2
    assert 90 <= _figure(page, 'lamen_queue_oldest_seconds{channel="simulateur",kind="sms"}') < 150
    assert _figure(page, 'lamen_queue_length{channel="simulateur",kind="voice"}') == 0
    assert _figure(page, 'lamen_messages{direction="out",state="queued"}') == 3
    assert _figure(page, "lamen_inbound_messages ") == 1
    assert _figure(page, "lamen_clock_beat_timestamp_seconds") == pytest.approx(wall.timestamp())
    assert _figure(page, "lamen_clock_jumped") == 0
    assert not any(number[4:] in page for number in world.numbers.values())


def test_webhook_latency_is_counted_by_route_and_never_by_path(client: FlaskClient, world: World) -> None:
    client.post(f"/hooks/{world.token}/sms", data={"from": world.numbers["awa"], "text": "AIDE"})
    page = client.get("/metrics").get_data(as_text=True)
    assert "lamen_webhook_seconds_count" in page
    assert world.token not in page


def test_latency_is_shared_between_processes_through_a_folder(settings: Settings, tmp_path: Path) -> None:
    shared = settings.model_copy(update={"metrics_dir": tmp_path / "metrics"})
    assert b"lamen_clock_jumped" in metrics.page([metrics.Reading("lamen_clock_jumped", "x", (), {(): 0.0})], shared)
    assert (tmp_path / "metrics").is_dir()


def test_every_answer_carries_a_request_id_of_ours(client: FlaskClient) -> None:
    first = client.get("/healthz", headers={"X-Request-ID": "forged"}).headers["X-Request-ID"]
    second = client.get("/healthz").headers["X-Request-ID"]
    assert len(first) == 32
    assert first != second != "forged"


def test_static_files_come_compressed_and_are_kept(client: FlaskClient) -> None:
    answer = client.get("/static/vendor/htmx-2.0.11.min.js", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert len(answer.data) < 20_000


def test_forwarded_headers_are_believed_only_when_a_proxy_is_trusted(settings: Settings, database: Database) -> None:
    def scheme(hops: int) -> str:
        app = create_app(settings.model_copy(update={"trusted_proxies": hops}), database=database, work=Immediate())
        seen: list[str] = []
        app.before_request(lambda: seen.append(request.scheme))
        app.test_client().get("/healthz", headers={"X-Forwarded-Proto": "https"})
        return seen[0]

    assert scheme(0) == "http"
    assert scheme(1) == "https"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("to +22376123456 failed", "to •••• failed", id="international"),
        pytest.param("76 12 34 56", "••••", id="with spaces"),
        pytest.param("76.12.34.56 refused", "•••• refused", id="with dots"),
        pytest.param("2026-03-18T10:00:00", "2026-03-18T10:00:00", id="a date stays"),
        pytest.param("message 1234567", "message 1234567", id="an id stays"),
        pytest.param("019a2b3c-1234-7567-8901-123456789012", "019a2b3c-1234-7567-8901-123456789012", id="an attempt's id stays"),
        pytest.param({"to": ["+22376123456"]}, {"to": ["••••"]}, id="deep inside"),
        pytest.param(22376123456, "••••", id="as a whole number"),
        pytest.param(4711, 4711, id="a small number stays"),
    ],
)
def test_what_looks_like_a_number_never_reaches_the_log(said: object, kept: object) -> None:
    assert mask_numbers(said) == kept


@pytest.fixture
def _log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_log_as_before")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_our_lines_and_a_library_s_are_json_without_numbers_even_in_a_traceback(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(settings.model_copy(update={"log_format": "json"}))
    try:
        raise ValueError("no route to +22376123456")
    except ValueError:
        structlog.get_logger("ours").exception("send.failed", message=12)
    logging.getLogger("library").warning("dialled %s", "+22376123456")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["send.failed", "dialled ••••"]
    assert lines[0]["message"] == 12
    assert "no route to ••••" in lines[0]["exception"]


def test_the_app_itself_starts_nothing(app: Flask) -> None:
    assert app.extensions["lamen.clock"]._scheduler is None
