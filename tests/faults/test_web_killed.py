"""F2, F6: the web process killed, the database locked, while SMS come in. Whatever got a 2xx is stored, once."""

import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from messaging.models import Direction, Message
from runtime import spool
from runtime.database import Database
from tests.crowd import number
from tests.faults.processes import BACKENDS, Fleet, scaled, wait_until
from tests.world import World

pytestmark = pytest.mark.faults

POSTERS = 4


class Phones:
    """Telephones that write without rest from several threads; `taken` holds the ids of what was answered 2xx."""

    def __init__(self, port: int, token: str) -> None:
        self.taken: list[str] = []
        self.answers: Counter[int] = Counter()
        self._port, self._path = port, f"/hooks/{token}/sms"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(place,), daemon=True) for place in range(POSTERS)]

    def __enter__(self) -> "Phones":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def write_more(self, count: int) -> None:
        """Return once so many more were answered 2xx."""
        wanted = len(self.taken) + count
        wait_until(lambda: len(self.taken) >= wanted, every=0.02)

    def _write(self, place: int) -> None:
        count = 0
        while not self._over.is_set():
            count += 1
            id_ = f"in-{place}-{count}"
            form = urlencode({"id": id_, "from": number(place * 10_000 + count), "text": f"Bonjour {count}"})
            with suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
                connection.request("POST", self._path, form, {"Content-Type": "application/x-www-form-urlencoded"})
                status = connection.getresponse().status
                self.answers[status] += 1
                if 200 <= status < 300:
                    self.taken.append(id_)
                connection.close()
            time.sleep(0.03)


def _stored(database: Database) -> Counter[str]:
    with database.reading() as session:
        rows = select(Message.external_id).where(Message.direction == Direction.IN)
        return Counter(id_ for id_ in session.scalars(rows) if id_)


def _judge(database: Database, fleet: Fleet, phones: Phones) -> None:
    wait_until(lambda: spool.waiting(fleet.var) == 0, seconds=60)
    stored = _stored(database)
    assert set(phones.taken) <= set(stored), "answered 2xx and not stored"
    assert set(stored.values()) == {1}
    assert len(phones.taken) > 20, f"too little came through to prove anything: {phones.answers}"


@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_whatever_a_killed_web_process_answered_2xx_to_is_stored_once(
    database: Database, world: World, fleet: Fleet, seed: int
) -> None:
    chance = random.Random(seed)
    server, port = fleet.serve()
    with Phones(port, world.token) as phones:
        for _ in range(scaled(2, 200)):
            phones.write_more(15)
            time.sleep(chance.uniform(0.0, 0.2))
            fleet.kill_server(server)
            server, _ = fleet.serve(port)
        phones.write_more(5)
    _judge(database, fleet, phones)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Somebody outside holds SQLite's write lock."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_comes_while_the_database_is_locked_waits_in_the_spool_and_is_stored_once(
    database: Database, world: World, fleet: Fleet
) -> None:
    _, port = fleet.serve()
    with Phones(port, world.token) as phones:
        phones.write_more(15)
        with _locked(str(database.url.database)):
            time.sleep(scaled(6, 30))
            waiting = spool.waiting(fleet.var)
        phones.write_more(5)
    assert waiting > 0, "nothing went through the spool"
    assert 202 in phones.answers
    assert not any(status >= 500 for status in phones.answers), phones.answers
    _judge(database, fleet, phones)
