"""F18: after a whole conversation, no seeded number stands anywhere on disk: not plain, base64, hex, nor as a bare SHA-256.

The disk holds a backup and the journal of STOPs, too.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from campaigns.broadcasts import fan_out
from messaging import replay
from messaging.exchange import Exchange
from messaging.gateways.protocol import WebhookRequest
from messaging.outbox import dispatch
from messaging.simulator_network import deliver
from results.exports import csv_files, workbook
from results.scope import Scope
from runtime import backups, logs
from runtime.database import Database
from runtime.settings import Settings
from tests import crowd
from tests.faults.processes import scaled
from tests.world import World

pytestmark = pytest.mark.faults
HEAD = 8  # bytes; no needle is shorter
SECRET = "Le bebe de Fanta tousse depuis lundi"


def _needles(number: str) -> Iterator[bytes]:
    """The forms in which a number could lie on disk. Short plain ones are left out: they would be found by chance."""
    for form in (number, number.removeprefix("+"), number.removeprefix("+223")):
        raw = form.encode()
        yield raw
        yield raw.hex().encode()
        yield base64.b64encode(raw).rstrip(b"=")[:-1]
        yield hashlib.sha256(raw).digest()
        yield hashlib.sha256(raw).hexdigest().encode()


Heads = dict[bytes, list[bytes]]


def _heads(needles: set[bytes]) -> Heads:
    found: Heads = {}
    for needle in needles:
        found.setdefault(needle[:HEAD], []).append(needle)
    return found


def _found(heads: Heads, hay: bytes) -> list[bytes]:
    """The needles that stand in `hay`: in one pass, however many there are."""
    places = ((place, heads[head]) for place in range(len(hay)) if (head := hay[place : place + HEAD]) in heads)
    return [needle for place, those in places for needle in those if hay.startswith(needle, place)]


def test_the_search_finds_what_it_looks_for() -> None:
    needles = set(_needles("+22302000010"))
    assert min(map(len, needles)) >= HEAD
    for needle in needles:
        assert needle in _found(_heads(needles), b"0123" + needle + b"45")


def _written(exchange: Exchange, client: FlaskClient, world: World, numbers: list[str], now: datetime) -> None:
    """Send to everybody, hear from everybody, with a webhook kept in the spool."""
    fan_out(exchange, crowd.broadcast(exchange.database, world, now), now)
    dispatch(exchange, world.channel, lambda: now)
    deliver(exchange, now)
    for place, number in enumerate(numbers):
        client.post(f"/hooks/{world.token}/sms", data={"id": f"in-{place}", "from": number, "text": SECRET})
    exchange.work.run_all()  # type: ignore[attr-defined]
    form = (("id", "kept"), ("from", numbers[0]), ("text", SECRET))
    path = f"/hooks/{world.token}/sms"
    replay.spool_request(exchange, world.token, "sms", WebhookRequest("POST", path, path, "", {}, b"", form), now)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_seeded_number_or_text_lies_open_on_the_disk(
    exchange: Exchange,
    client: FlaskClient,
    database: Database,
    settings: Settings,
    world: World,
    now: datetime,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.configure(settings.model_copy(update={"log_level": "debug", "log_format": "json"}))
    numbers = list(crowd.gather(database, world, scaled(80, 10_000), now))
    crowd.channel(database, world, 100)
    _written(exchange, client, world, numbers, now)
    client.post(f"/hooks/{world.token}/sms", data={"id": "stop", "from": numbers[1], "text": "STOP"})
    copy = backups.make(database, settings, now).path
    with database.reading() as session:
        scope = Scope(date(2026, 1, 1), date(2027, 1, 1))
        for name, packed in (("classeur", workbook(session, scope, now)), ("tableaux", csv_files(session, scope))):
            zipfile.ZipFile(io.BytesIO(packed)).extractall(tmp_path / name)
    out, err = capfd.readouterr()
    (tmp_path / "log").write_text(out + err)
    everything = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    names = {path.name for path in everything}
    assert {"lamen.db", "lamen.db-wal", "log", "workbook.xml"} <= names
    assert any(name.endswith(".sealed") for name in names)
    assert b'"stop"' in everything[settings.journal_path]
    assert b"Eau propre" not in everything[copy]
    assert len(everything[tmp_path / "log"]) > 1000
    assert any(b"Eau propre" in bytes_ for bytes_ in everything.values()), "what is not sealed must be found"
    heads = _heads({needle for number in numbers for needle in _needles(number)} | {SECRET.encode()})
    assert [(path.name, needle) for path, bytes_ in everything.items() for needle in _found(heads, bytes_)] == []
