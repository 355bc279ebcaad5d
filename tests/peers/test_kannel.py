"""Our gateway through a real Kannel to a pretended operator over SMPP, and back to our real webhooks, letter by letter.

Everything but the operator is real: the outbox, Kannel from Debian's packages, the service on a port. Kannel's repetitions are
provoked, since it repeats an inbound SMS whose answer it did not read. `make peers` sends a thousand each way, `make test` sixty.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server

from messaging import channels
from messaging.beats import apply_pending, replay_spool
from messaging.contacts import find_or_create
from messaging.exchange import Exchange
from messaging.gateways.kannel import INBOUND
from messaging.gateways.kannel import Kannel as Gateway
from messaging.gateways.protocol import Cause, Outcome, OutgoingSms, Probe, Sent
from messaging.models import Attempt, Channel, Contact, Direction, Message, MessageState
from messaging.outbox import dispatch
from messaging.queue import queue_reply
from runtime.settings import Settings
from tests.faults.network import free_port
from tests.peers import kannel as real
from tests.world import World, opened
from translations.sms import measure

pytest.importorskip("smpp34", reason="smpp34 is not installed: no operator over SMPP")
if reason := real.missing():
    pytest.skip(reason, allow_module_level=True)

from tests.peers import smpp

WITHIN = 60.0
MANY = [pytest.param(60, id="sixty"), pytest.param(1000, id="a thousand", marks=pytest.mark.peers)]
UNASSIGNED = "+2231"  # no number of Mali begins so; those of the simulator go out by the simulator only
TEXTS = (
    "Bɛ ɲuman: sɔgɔma ni wula, den ka sin di. Ŋaniya ŋ.",
    "Ça va être mieux: œufs, lait, maïs à l'hôpital.",
    "Lavez vos mains avec du savon après les toilettes, é è à ù.",
    "[CLUB] 12 € ~ {test} ^ \\ |",
    "Wolo kɔfɛ, aw ye sin kɔrɔlen di den ma, o bɛ den tanga bana ma. Ji sanuman ɲuman tɛ kalo wɔɔrɔ kɔnɔ.",
    "Enceinte, mangez un petit repas de plus chaque jour. " * 4,
)
ENDINGS = {
    "99": MessageState.FAILED,  # undelivered
    "97": MessageState.FAILED,  # no such number; of a long text Kannel does not say why, so that it is tried once more
    "96": MessageState.SENT,  # the operator took it and says no more
}
Environ = dict[str, Any]


class Stumbling:
    """The service, whose answer to every tenth inbound SMS is lost after it was stored."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._seen, self._lock = app, 0, threading.Lock()
        self.lost = 0

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].endswith("/sms"):
            return self._app(environ, start_response)
        with self._lock:
            self._seen += 1
            loses = self._seen % 10 == 0
            self.lost += loses
        if not loses:
            return self._app(environ, start_response)
        list(self._app(environ, lambda *_: None))
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return [b""]


@dataclass(frozen=True)
class Way:
    """The whole way from our outbox to the operator and back."""

    exchange: Exchange
    channel: int
    centre: smpp.Centre
    kannel: real.Kannel
    served: Stumbling


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The service knows the address it is served on."""
    return settings.model_copy(update={"public_url": f"http://127.0.0.1:{free_port()}", "log_level": "error"})


@pytest.fixture
def recode() -> bool:
    """Kannel's mo-recode, as we advise."""
    return True


@pytest.fixture
def way(app: Flask, exchange: Exchange, world: World, settings: Settings, recode: bool, tmp_path: Path) -> Iterator[Way]:
    with exchange.database.writing() as session:
        given = {"in_flight": "100", "parts_per_minute": "1000000", "username": "FAKE-user", "password": "FAKE-password"}
        opened(session)
        channel = channels.add(session, "court", "kannel", "00123", given | {"max_parts": "6"}, datetime.now(UTC))
        channel_id, hooks = channel.id, channels.webhook_urls(channel, settings.base_url)["sms"]
    folder = tmp_path / "kannel"
    folder.mkdir()
    served = Stumbling(app.wsgi_app)
    with (
        serving(served, settings.base_url),
        smpp.centre(free_port()) as centre,
        real.kannel(folder, centre.port, f"{hooks}?{INBOUND}", recode) as kannel,
    ):
        assert centre.bound.wait(WITHIN)
        with exchange.database.writing() as session:
            channels.configure(session.get_one(Channel, channel_id), {"base_url": kannel.sendsms})
        yield Way(exchange, channel_id, centre, kannel, served)


class Silent(WSGIRequestHandler):
    """Writes no address down: it holds a token, a number and a text."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(app: Callable[..., Any], address: str) -> Iterator[None]:
    """A real HTTP server around the service, until the end."""
    server = make_server("127.0.0.1", urlsplit(address).port or 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(WITHIN)
        server.server_close()


def work_until(way: Way, done: Callable[[], bool], many: int = 1) -> None:
    """Do what the clock does: on a busy machine webhooks go through the spool, and nothing is sent while one waits there."""
    until = time.monotonic() + WITHIN + many / 5
    while not done() and time.monotonic() < until:
        replay_spool(way.exchange, datetime.now(UTC))
        apply_pending(way.exchange, datetime.now(UTC))
        dispatch(way.exchange, way.channel, lambda: datetime.now(UTC))
        time.sleep(1)  # looking costs the service more than it costs us


def queue(way: Way, numbers: list[str]) -> list[tuple[str, str]]:
    """One reply to each number; (number, text) of each."""
    asked = []
    with way.exchange.database.writing() as session:
        now = datetime.now(UTC)
        for place, number in enumerate(numbers):
            contact = find_or_create(session, number, now)
            text = TEXTS[place % len(TEXTS)].strip()
            assert queue_reply(session, way.exchange, contact, text, now, channel_id=way.channel, answers=None)
            asked.append((number, text))
    return asked


def states(way: Way) -> dict[str, MessageState]:
    with way.exchange.database.reading() as session:
        rows = select(Contact.number, Message.state).join(Message, Message.contact_id == Contact.id)
        rows = rows.where(Message.direction == Direction.OUT, Message.channel_id == way.channel)
        return {str(number): state for number, state in session.execute(rows)}


def account(way: Way, **changes: str) -> Any:
    with way.exchange.database.reading() as session:
        found = channels.account(session.get_one(Channel, way.channel), way.exchange.settings.base_url)
    return replace(found, settings={**found.settings, **changes})


@pytest.mark.parametrize("many", MANY)
def test_messages_arrive_once_with_every_letter_and_their_receipts_are_applied(many: int, way: Way) -> None:
    endings = [*(f"{ending:02}" for ending in range(16)), *ENDINGS]
    numbers = [f"{UNASSIGNED}{place:05}{endings[place % len(endings)]}" for place in range(many)]
    asked = queue(way, numbers)
    began = time.monotonic()
    dispatch(way.exchange, way.channel, lambda: datetime.now(UTC))
    sent = time.monotonic() - began
    expected = {number: ENDINGS.get(number[-2:], MessageState.DELIVERED) for number in numbers}
    expected |= {number: MessageState.ERRORED for number, text in asked if number.endswith("97") and measure(text).parts > 1}
    work_until(way, lambda: states(way) == expected, many)
    print(f"{many} sent in {sent:.1f} s, every receipt applied after {time.monotonic() - began:.1f} s")
    assert states(way) == expected
    taken = Counter((number.lstrip("+"), text) for number, text in asked if not number.endswith("97"))
    assert Counter(way.centre.texts()) == taken
    with way.exchange.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == many


@pytest.mark.parametrize("many", MANY)
def test_sms_are_stored_once_with_every_letter_though_answers_are_lost(many: int, way: Way) -> None:
    written = [(f"+2230{4_000_000 + place}", TEXTS[place % len(TEXTS)].strip()) for place in range(many)]
    began = time.monotonic()
    assert way.centre.send([(number, "00123", text) for number, text in written]) == many

    def stored() -> Counter[tuple[str, str]]:
        with way.exchange.database.reading() as session:
            rows = select(Contact.number, Message.text).join(Message, Message.contact_id == Contact.id)
            found = session.execute(rows.where(Message.direction == Direction.IN, Message.channel_id == way.channel))
            return Counter((str(number), str(text)) for number, text in found)

    work_until(way, lambda: stored().total() >= many and way.served.lost >= many // 10, many)
    print(f"{many} stored after {time.monotonic() - began:.1f} s, {way.served.lost} answers lost")
    time.sleep(1.5)  # the repetition of the last one
    assert stored() == Counter(written)


@pytest.mark.parametrize("recode", [False], ids=["as the operator sends it"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_letters_arrive_without_kannels_recoding_too(way: Way) -> None:
    written = [(f"+2230{4_000_000 + place}", text.strip()) for place, text in enumerate(TEXTS)]
    way.centre.send([(number, "00123", text) for number, text in written])

    def stored() -> set[str]:
        with way.exchange.database.reading() as session:
            return {str(text) for text in session.scalars(select(Message.text).where(Message.direction == Direction.IN))}

    work_until(way, lambda: len(stored()) == len(TEXTS))
    assert stored() == {text for _, text in written}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_wrong_password_and_a_probe_are_answered_as_we_read_them(way: Way) -> None:
    async def ask(**changes: str) -> tuple[Probe, Sent]:
        async with Gateway().line(account(way, **changes)) as line:
            sms = OutgoingSms("r1", "+22300010000", "Merci.", "GSM-7", 1, 3600, datetime.now(UTC))
            return await line.probe(), await line.send(sms)

    probe, sent = asyncio.run(ask())
    assert (probe.cause, sent.outcome) == (None, Outcome.WIRED)
    probe, sent = asyncio.run(ask(password="wrong"))
    assert (probe.cause, sent.outcome, sent.cause) == (Cause.CREDENTIALS, Outcome.ERRORED, Cause.CREDENTIALS)
    work_until(way, lambda: len(way.centre.taken) == 1)
    assert len(way.centre.taken) == 1  # probes sent nothing


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_listens_beyond_this_machine(way: Way) -> None:
    assert real.listening_elsewhere(way.kannel.ports | {"centre": way.centre.port}) == []
