"""Telephones that write to the running service, and the judgement of what became of their SMS."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

from sqlalchemy import select

from messaging.models import Direction, Message
from runtime import spool
from runtime.database import Database
from tests.crowd import number
from tests.faults.processes import Fleet, wait_until

POSTERS = 4


class Phones:
    """Telephones that write without rest from several threads; `taken` holds the ids of what was answered 2xx."""

    def __init__(self, port: int, token: str, sender: Callable[[int], str] = number) -> None:
        self.taken: list[str] = []
        self.answers: Counter[int] = Counter()
        self._port, self._path, self._sender = port, f"/hooks/{token}/sms", sender
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
            form = urlencode({"id": id_, "from": self._sender(place * 10_000 + count), "text": f"Bonjour {count}"})
            with suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
                connection.request("POST", self._path, form, {"Content-Type": "application/x-www-form-urlencoded"})
                status = connection.getresponse().status
                self.answers[status] += 1
                if 200 <= status < 300:
                    self.taken.append(id_)
                connection.close()
            time.sleep(0.03)


def stored(database: Database) -> Counter[str]:
    """How often each inbound SMS stands in the database, by the provider's id."""
    with database.reading() as session:
        rows = select(Message.external_id).where(Message.direction == Direction.IN)
        return Counter(id_ for id_ in session.scalars(rows) if id_)


def judge(database: Database, fleet: Fleet, phones: Phones) -> None:
    """Whatever was answered 2xx is stored, and everything that is stored is stored once."""
    wait_until(lambda: spool.waiting(fleet.var) == 0, seconds=60)
    found = stored(database)
    assert set(phones.taken) <= set(found), "answered 2xx and not stored"
    assert set(found.values()) == {1}
    assert len(phones.taken) > 10, f"too little came through to prove anything: {phones.answers}"
