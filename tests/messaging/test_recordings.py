"""Recordings: fetched by a job from where the gateway says alone, kept privately, replayed for ten minutes, deleted in time."""

import asyncio
import json
import stat
import threading
import wave
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from messaging import recordings
from messaging.exchange import Exchange
from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.gateways.protocol import Account
from messaging.gateways.twilio.gateway import Twilio
from messaging.models import Call, CallState, Channel, Direction, Kind, Moderation, Recording
from messaging.recording_fetch import FetchError, fetch, is_public
from runtime.database import Database
from tests.calls import hum
from tests.world import World

SID = "RE" + "0123456789abcdef" * 2


class Provider:
    """An HTTP server of the provider's on this machine: what it answers, and what it was asked with."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, hum(3), list[tuple[str, str | None]]()
        self.location = ""
        self.deletes_with, self.deleted = 204, list[tuple[str, str | None]]()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_DELETE(self) -> None:
                provider.deleted.append((self.path, self.headers.get("Authorization")))
                self.send_response(provider.deletes_with)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                provider.asked.append((self.path, self.headers.get("Authorization")))
                self.send_response(provider.status)
                if provider.location:
                    self.send_header("Location", provider.location)
                self.send_header("Content-Length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def call_id(exchange: Exchange, database: Database, world: World, provider: Provider, now: datetime) -> int:
    """A call on a Twilio channel whose server is the provider's."""
    settings = json.dumps({"account_sid": "AC1", "auth_token": "secret", "base_url": provider.base})
    with database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.gateway, channel.settings = "twilio", settings
        call = Call(
            direction=Direction.OUT,
            channel_id=channel.id,
            contact_id=world.contacts["awa"],
            kind=Kind.REPLY,
            state=CallState.ANSWERED,
            not_before=now,
            created_at=now,
        )
        session.add(call)
        session.flush()
        return call.id


def announced(exchange: Exchange, call_id: int, now: datetime, place: str = SID) -> int:
    with exchange.database.writing() as session:
        return recordings.announce(session, exchange.settings.var, session.get_one(Call, call_id), place, now).id


def row(exchange: Exchange, id_: int) -> Recording:
    with exchange.database.reading() as session:
        return session.get_one(Recording, id_)


def test_a_recording_is_fetched_with_our_credentials_and_kept_under_its_hash(
    exchange: Exchange, call_id: int, provider: Provider, now: datetime
) -> None:
    id_ = announced(exchange, call_id, now)
    assert announced(exchange, call_id, now) == id_
    assert recordings.fetch_due(exchange, now) == [id_]
    assert provider.asked == [(f"/2010-04-01/Accounts/AC1/Recordings/{SID}.wav", "Basic QUMxOnNlY3JldA==")]
    found = row(exchange, id_)
    assert found.seconds == pytest.approx(3, abs=0.1)
    assert (found.place, found.next_try_at, found.refused, found.fetched_at) == (None, None, None, now)
    path = recordings.path_of(exchange.settings.var, found.sha256)
    assert path.stat().st_size == found.bytes
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.glob("*.part")) == []
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
    assert recordings.fetch_due(exchange, now) == []


def test_what_is_not_ready_is_asked_for_again_five_times(
    exchange: Exchange, call_id: int, provider: Provider, now: datetime
) -> None:
    provider.status = 404
    id_ = announced(exchange, call_id, now)
    at = now
    for minutes in (1, 5, 30, 120, 720):
        assert recordings.fetch_due(exchange, at) == []
        assert recordings.fetch_due(exchange, at + timedelta(minutes=minutes, seconds=-1)) == []
        at += timedelta(minutes=minutes)
    assert recordings.fetch_due(exchange, at) == [id_]
    assert row(exchange, id_).refused == "status_404"
    assert len(provider.asked) == 6


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        pytest.param(403, b"", "status_403", id="forbidden"),
        pytest.param(302, b"", "status_302", id="a redirect is not followed"),
        pytest.param(200, b"#EXTM3U\nfile:///etc/passwd\n", "no_sound", id="a playlist"),
        pytest.param(200, b"<html>", "no_sound", id="a page"),
        pytest.param(200, b"x" * (10 * 1024 * 1024 + 1), "too_large", id="too large"),
        pytest.param(200, hum(1), "too_short", id="under two seconds"),
    ],
)
def test_what_cannot_be_a_voice_is_refused_at_once(
    exchange: Exchange, call_id: int, provider: Provider, now: datetime, status: int, body: bytes, why: str
) -> None:
    provider.status, provider.body = status, body
    if status == 302:
        provider.location = f"{provider.base}/elsewhere"
    id_ = announced(exchange, call_id, now)
    assert recordings.fetch_due(exchange, now) == [id_]
    assert row(exchange, id_).refused == why
    assert list((exchange.settings.var / "recordings").glob("*/*")) == []
    assert len(provider.asked) == 1


def test_a_name_that_leads_into_the_house_is_not_followed(provider: Provider) -> None:
    port = provider.server.server_port
    with pytest.raises(FetchError, match="no_connection"):
        fetch(f"http://ip6-localhost.localhost:{port}/x", {})
    assert provider.asked == []
    assert fetch(f"http://127.0.0.1:{port}/x", {}) == provider.body


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("8.8.8.8", True, id="public"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("10.0.0.1", False, id="private"),
        pytest.param("169.254.169.254", False, id="link-local"),
        pytest.param("::1", False, id="IPv6 loopback"),
        pytest.param("::ffff:10.0.0.1", False, id="mapped"),
        pytest.param("no address", False, id="no address"),
    ],
)
def test_private_addresses_are_told_from_public_ones(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_resolver_gives_no_private_address() -> None:
    from messaging.recording_fetch import _Public

    async def resolve() -> None:
        found = _Public()
        try:
            await found.resolve("localhost", 80)
        finally:
            await found.close()

    with pytest.raises(OSError, match="not a public address"):
        asyncio.run(resolve())


TWILIO = Account(1, "36085", {"account_sid": "AC1", "auth_token": "secret"})


@pytest.mark.parametrize(
    ("place", "url"),
    [
        pytest.param(SID, f"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{SID}.wav", id="an id"),
        pytest.param("/recordings/7", "https://api.twilio.com/recordings/7.wav", id="a path"),
        pytest.param("https://elsewhere.example/7", None, id="an address"),
        pytest.param("/../7", None, id="upwards"),
    ],
)
def test_twilio_builds_the_address_on_the_configured_server(place: str, url: str | None) -> None:
    asked = Twilio().recording_request(TWILIO, place)
    assert (asked[0] if asked else None) == url


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        pytest.param("https://voice.africastalking.com/r/7.mp3?a=1", True, id="theirs"),
        pytest.param("http://voice.africastalking.com/r/7.mp3", False, id="unsealed"),
        pytest.param("https://africastalking.com.evil.example/7", False, id="alike"),
        pytest.param("https://169.254.169.254/7", False, id="bare"),
        pytest.param("https://user@voice.africastalking.com/7", False, id="with a user"),
        pytest.param("https://voice.africastalking.com:22/7", False, id="another port"),
        pytest.param("https://[::1", False, id="broken"),
    ],
)
def test_africas_talking_is_asked_on_its_own_hosts_alone(place: str, kept: bool) -> None:
    asked = AfricasTalking().recording_request(Account(1, "36085", {}), place)
    assert asked == ((place, {}) if kept else None)


def test_a_replay_holds_for_ten_minutes_and_cannot_be_forged(now: datetime) -> None:
    sha = "a" * 64
    name = recordings.replay_name(sha, now)
    assert recordings.replayed(name, now + timedelta(minutes=9)) == sha
    assert recordings.replayed(name, now + timedelta(minutes=10)) is None
    for forged in (name.replace("a" * 64, "b" * 64), name[:-1], f"{sha}-9999999999-00", sha, "a-b-c"):
        assert recordings.replayed(forged, now) is None


def test_an_unapproved_sound_goes_after_ninety_days_and_a_quarantined_one_stays(
    exchange: Exchange, call_id: int, provider: Provider, now: datetime
) -> None:
    id_ = announced(exchange, call_id, now)
    recordings.fetch_due(exchange, now)
    path = recordings.path_of(exchange.settings.var, row(exchange, id_).sha256)
    later = now + timedelta(days=91)
    with exchange.database.writing() as session:
        session.get_one(Recording, id_).moderation = Moderation.QUARANTINED
        assert recordings.purge(session, exchange.settings.var, later) == 0
        session.get_one(Recording, id_).moderation = Moderation.NEW
        assert recordings.purge(session, exchange.settings.var, later) == 1
    assert not path.exists()
    assert row(exchange, id_).refused == "expired"


def test_one_sound_of_two_recordings_stays_for_the_other(
    exchange: Exchange, call_id: int, provider: Provider, now: datetime
) -> None:
    ids = [announced(exchange, call_id, now, place) for place in (SID, "RE" + "f" * 32)]
    recordings.fetch_due(exchange, now)
    with exchange.database.writing() as session:
        first, second = (session.get_one(Recording, id_) for id_ in ids)
        path: Path = recordings.path_of(exchange.settings.var, first.sha256)
        recordings.discard(session, exchange.settings.var, first)
        assert path.exists()
        recordings.discard(session, exchange.settings.var, second)
        assert not path.exists()
        assert session.scalars(select(Recording)).all() == []


@pytest.mark.parametrize("status", [204, 404, 500], ids=["deleted", "gone already", "the provider cannot"])
def test_what_is_in_our_store_is_deleted_at_the_provider(
    status: int, exchange: Exchange, provider: Provider, call_id: int, now: datetime
) -> None:
    provider.deletes_with = status
    id_ = announced(exchange, call_id, now)
    assert recordings.fetch_due(exchange, now) == [id_]
    assert [path for path, proof in provider.deleted if proof] == [f"/2010-04-01/Accounts/AC1/Recordings/{SID}.json"]
    assert row(exchange, id_).sha256


def test_what_could_not_be_stored_is_left_at_the_provider(
    exchange: Exchange, provider: Provider, call_id: int, now: datetime
) -> None:
    provider.body = b"no sound"
    announced(exchange, call_id, now)
    recordings.fetch_due(exchange, now)
    assert provider.deleted == []
