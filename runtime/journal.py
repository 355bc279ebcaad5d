"""The journal of every no: STOPs, consents taken back, series left, erasures, in a file no backup holds and no restore undoes.

Written and flushed before its transaction commits: an entry may lack its row after a crash, a row never lacks its entry. Numbers
are named by their blind index alone, so that the file tells nothing without the keys.
"""

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.orm import Session

from runtime.disk import sync_folder

log = structlog.get_logger(__name__)

NOTES = "journal"


class JournalError(Exception):
    """The file is not there or holds nothing, or is not the one that a backup was made beside."""


class No(StrEnum):
    """What somebody took back."""

    STOP = "stop"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    LEAVE = "leave"  # a place in a series


@dataclass(frozen=True)
class Entry:
    """`index` is the number's blind index in hexadecimal; `purpose` and `member_id`: which consents end, `place` which series."""

    what: No
    index: str
    purpose: str | None = None
    member_id: int | None = None
    place: int | None = None


@dataclass(frozen=True)
class Place:
    """How far a journal had been written: its own name, and bytes."""

    journal: str
    offset: int


def note(
    session: Session,
    what: No,
    index: bytes,
    purpose: str | None = None,
    member_id: int | None = None,
    place: int | None = None,
) -> None:
    """Have `Database.writing` write this down before it commits."""
    session.info.setdefault(NOTES, []).append(Entry(what, index.hex(), purpose, member_id, place))


def noted(session: Session) -> list[Entry]:
    """What is to be written down, once."""
    found: list[Entry] = session.info.pop(NOTES, [])
    return found


class Journal:
    """One file. Where several machines serve one database, it must lie where all of them write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, entries: Sequence[Entry]) -> None:
        """Append and flush to the disk; OSError leaves the transaction undone."""
        lines = "".join(json.dumps({name: value for name, value in asdict(one).items() if value}) + "\n" for one in entries)
        self._append(lines.encode())

    def place(self) -> Place:
        """Where the journal ends now; begins one that is not there, or that was cut off before it had a name."""
        if (place := self._end()) is None:
            self._append(b"")
            place = self._end()
        assert place is not None
        return place

    def since(self, place: Place) -> list[Entry]:
        """What was written after `place`; JournalError "missing" or "another"."""
        if (here := self._end()) is None:
            raise JournalError("missing")
        if here.journal != place.journal or here.offset < place.offset:
            raise JournalError("another")
        return _read(self.path.read_bytes()[place.offset :])

    def everything(self) -> list[Entry]:
        """All that this file holds, whatever it was written beside; nothing where there is none."""
        return _read(self.path.read_bytes()) if self.path.exists() else []

    def _end(self) -> Place | None:
        """None where there is no file, or none that a name was wholly written to."""
        try:
            with self.path.open("rb") as file:
                name = _name(file)
                return None if name is None else Place(name, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            return None

    def _append(self, lines: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if self._end() is None:
                lines = json.dumps({"journal": secrets.token_hex(8)}).encode() + b"\n" + lines
                log.info("journal.begun", bytes=size)  # 0: new, or left empty by a power cut
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                lines = b"\n" + lines  # a power cut left half a line, of something that never committed
                log.warning("journal.cut", bytes=size)
            if os.write(descriptor, lines) != len(lines):
                os.ftruncate(descriptor, size)
                raise OSError(errno.ENOSPC, "the journal took half of what it was given")
            os.fsync(descriptor)
            if size == 0:
                sync_folder(self.path.parent)
        finally:
            os.close(descriptor)


def _name(file: Iterable[bytes]) -> str | None:
    """The name that a journal's first line gives it, or a later one where that was cut."""
    return next((str(line["journal"]) for line in map(_whole, file) if line and "journal" in line), None)


def _whole(line: bytes) -> dict[str, Any] | None:
    """A line as it was written; None for a part of one."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _read(text: bytes) -> list[Entry]:
    lines = [line for line in text.splitlines() if line]
    whole = [found for found in map(_whole, lines) if found is not None]
    if len(whole) < len(lines):
        log.warning("journal.parts_of_lines", lines=len(lines) - len(whole))
    return [
        Entry(No(raw["what"]), raw["index"], raw.get("purpose"), raw.get("member_id"), raw.get("place"))
        for raw in whole
        if "what" in raw
    ]
