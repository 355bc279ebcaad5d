"""What callers said: private files under names nobody can guess, until the service has fetched them.

A name is a hash of the call and of the sound, so that the same silence in two calls stays two recordings, and a file written
twice is one.
"""

import hashlib
import os
import re
import wave
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from messaging.voice import sound
from runtime.disk import sync_folder

SID = re.compile(r"RE[0-9a-f]{32}")
KEPT = timedelta(days=90)  # as any sound nobody approved


@dataclass(frozen=True)
class Kept:
    sid: str
    seconds: float


class Recordings:
    """The store of one installation, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def begin(self, call_sid: str, place: int) -> Path:
        """Where the recording of one step of a call is written."""
        return self._folder / f"{call_sid}-{place}.part"

    def keep(self, part: Path, call_sid: str) -> Kept | None:
        """Take in a finished file; None, and no file, when nobody spoke. On the disk for good when this returns."""
        if not _spoken(part):
            part.unlink(missing_ok=True)
            return None
        seconds = sound.seconds(part)
        sid = "RE" + hashlib.sha256(f"{call_sid}:{sound.digest(part)}".encode()).hexdigest()[:32]
        path = self._path(sid)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        part.chmod(0o600)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(path)
        sync_folder(path.parent)
        return Kept(sid, seconds)

    def path(self, sid: str) -> Path | None:
        """Where a recording lies, None where there is none of that name."""
        if SID.fullmatch(sid) is None:
            return None
        path = self._path(sid)
        return path if path.is_file() else None

    def delete(self, sid: str) -> bool:
        """Whether there was one."""
        path = self.path(sid)
        if path is not None:
            path.unlink(missing_ok=True)
        return path is not None

    def purge(self, now: datetime) -> int:
        """Delete what is too old, and what a process left behind that was killed in the middle; how many."""
        limit, gone = (now - KEPT).timestamp(), 0
        for path in [*self._folder.glob("*.part"), *(one for one in self._folder.glob("*/*.wav") if one.stat().st_mtime < limit)]:
            path.unlink(missing_ok=True)
            gone += 1
        return gone

    def _path(self, sid: str) -> Path:
        return self._folder / sid[2:4] / f"{sid}.wav"


def _spoken(part: Path) -> bool:
    try:
        return part.exists() and sound.holds_a_voice(part)
    except (wave.Error, EOFError):
        return False
