"""F19: a restore that is refused, killed or fails half-way: nothing has changed, or nothing leaves."""

import io
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PosixPath
from typing import Any

import pytest
from sqlalchemy import text

from console import restoring
from messaging import contacts
from messaging.errors import RestoreUnfinished
from messaging.models import Contact
from messaging.restoring import release
from runtime import backups, sealed_files
from runtime.crypto import load_backup_key
from runtime.installation import installation
from runtime.journal import Entry, Journal
from tests.faults.house import HOUR, House, back_up, house, restore

pytestmark = pytest.mark.faults
__all__ = ["house"]


@pytest.mark.parametrize(
    ("bend", "why"),
    [({"revision": "9999"}, "newer"), ({"keys": ["00", "00"]}, "other_keys")],
    ids=["newer", "other-keys"],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_backup_that_could_not_be_settled_is_refused_before_anything_is_touched(
    house: House, bend: dict[str, Any], why: str
) -> None:
    copy, key = back_up(house), load_backup_key(house.settings.backup_key_path)
    sealed_files.seal(copy.path, key, {**sealed_files.head(copy.path, key), **bend}, sealed_files.unseal(copy.path, key))
    with pytest.raises(restoring.RestoreError, match=why):
        restore(house, copy)
    with pytest.raises(restoring.RestoreError, match=why):
        restoring.drill(house.database, house.settings, copy.path, house.now)
    assert house.states()["awa"] == "queued"


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_load_that_was_not_settled_says_so_and_cannot_be_released_before_it_is_done_again(house: House) -> None:
    with house.database.writing() as session:
        installation(session)
        session.execute(text("ALTER TABLE installation ADD CHECK (restored_from IS NULL) NOT VALID"))  # settling will fail
    copy = back_up(house)
    with pytest.raises(restoring.RestoreError, match="unfinished"):
        restore(house, copy)
    assert house.send(HOUR) == 0
    with house.database.writing() as session:
        assert restoring.waiting(session) is not None
        with pytest.raises(RestoreUnfinished):
            release(session, house.exchange, None, house.now + HOUR, send=True)


def _disk_fails() -> None:
    raise OSError("the disk does not answer")


def _dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Breaking(PosixPath):
    """A file that can be read for its first megabyte; then `then` happens."""

    then: Callable[[], None] = staticmethod(_disk_fails)

    def open(self, *given: Any, **more: Any) -> Any:
        path = self

        class Half(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell() > sealed_files.PIECE:
                    path.then()
                return super().read(size)

        return Half(self.read_bytes())

    def read_bytes(self) -> bytes:
        return Path(self).read_bytes()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("then", [_disk_fails, _dies], ids=["disk-fails", "killed"])
def test_a_load_that_breaks_in_the_middle_leaves_the_database_as_it_was(house: House, then: Callable[[], None]) -> None:
    path = Breaking(house.settings.backup_path / "half.sealed")
    path.then = then
    body = b"CREATE SCHEMA public;\n" + b"".join(f"-- {os.urandom(40).hex()}\n".encode() for _ in range(60_000))
    sealed_files.seal(path, load_backup_key(house.settings.backup_key_path), {}, [body])

    def load() -> None:
        backups.load(path, house.settings, house.database.url, restoring.CLOSE, replace=True)

    if then is _dies:
        child = multiprocessing.get_context("fork").Process(target=load)
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
    else:
        with pytest.raises(OSError, match="does not answer"):
            load()
    assert house.states()["awa"] == "queued"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_damaged_database_is_set_aside_on_request(house: House) -> None:
    copy, path = back_up(house), Path(house.database.url.database or "")
    house.database.close()
    for end in ("-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(restoring.RestoreError, match="not_empty"):
        restoring.restore(house.database, house.settings, copy.path, house.now)
    restore(house, copy)
    assert house.states()["awa"] == "held"
    (aside,) = path.parent.glob("*.before-*")
    assert aside.read_bytes().startswith(b"no database")


class Slow(Journal):
    """A journal whose writer takes its time before it commits."""

    wrote = threading.Event()

    def write(self, entries: Sequence[Entry]) -> None:
        super().write(entries)
        self.wrote.set()
        time.sleep(1.5)


def test_a_backup_waits_for_a_stop_that_is_written_down_but_not_committed(house: House) -> None:
    journal = house.database.journal = Slow(house.settings.journal_path)

    def stop() -> None:
        with house.database.writing() as session:
            contacts.stop(session, session.get_one(Contact, house.world.contacts["awa"]), house.now, "unmistakably")

    thread = threading.Thread(target=stop)
    thread.start()
    assert journal.wrote.wait(10)
    copy = back_up(house)
    thread.join()
    key = load_backup_key(house.settings.backup_key_path)
    missing = journal.since(backups.head(copy.path, house.settings).journal)
    assert missing or b"unmistakably" in b"".join(sealed_files.unseal(copy.path, key))
