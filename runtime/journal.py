"""The journal of every no: STOPs, consents taken back, series left, erasures, in a file no backup holds and no restore undoes.

Written and flushed before its transaction commits: an entry may lack its row after a crash, a row never lacks its entry. Numbers
are named by their blind index alone, so that the file tells nothing without the keys.
"""

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from runtime.disk import sync_folder

NOTES = "journal"


class JournalError(Exception):
    """The file is not there, or is not the one that a backup was made beside."""


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
        """Where the journal ends now; begins one that is not there."""
        if not self.path.exists():
            self._append(b"")
        with self.path.open("rb") as file:
            return Place(_name(file.readline()), os.fstat(file.fileno()).st_size)

    def since(self, place: Place) -> list[Entry]:
        """What was written after `place`; JournalError "missing" or "another"."""
        try:
            with self.path.open("rb") as file:
                if _name(file.readline()) != place.journal or os.fstat(file.fileno()).st_size < place.offset:
                    raise JournalError("another")
                file.seek(place.offset)
                return _read(file.read())
        except FileNotFoundError as error:
            raise JournalError("missing") from error

    def everything(self) -> list[Entry]:
        """All that this file holds, whatever it was written beside; nothing where there is none."""
        return _read(self.path.read_bytes()) if self.path.exists() else []

    def _append(self, lines: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if size == 0:
                lines = json.dumps({"journal": secrets.token_hex(8)}).encode() + b"\n" + lines
            elif os.pread(descriptor, 1, size - 1) != b"\n":
                lines = b"\n" + lines  # a power cut left half a line, of something that never committed
            if os.write(descriptor, lines) != len(lines):
                os.ftruncate(descriptor, size)
                raise OSError(errno.ENOSPC, "the journal took half of what it was given")
            os.fsync(descriptor)
            if size == 0:
                sync_folder(self.path.parent)
        finally:
            os.close(descriptor)


def _name(line: bytes) -> str:
    try:
        return str(json.loads(line)["journal"])
    except (ValueError, KeyError) as error:
        raise JournalError("another") from error


def _read(lines: bytes) -> list[Entry]:
    found = []
    for line in lines.splitlines():
        try:
            raw: dict[str, Any] = json.loads(line)
        except ValueError:
            continue  # half a line: see `_append`
        if "what" in raw:
            found.append(Entry(No(raw["what"]), raw["index"], raw.get("purpose"), raw.get("member_id"), raw.get("place")))
    return found
