"""Where a webhook is kept when the database is away: one sealed file each, on disk before the provider gets its 2xx.

While a file waits, nothing is claimed: it may hold a STOP.
"""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.crypto import CryptoError, keyring
from runtime.disk import private, sync_folder

FOLDER = "spool"
PLACE = "spool:file"
SUFFIX = ".sealed"


class SpoolError(Exception):
    """The spool cannot be written; the webhook must be answered 503."""


@dataclass(frozen=True)
class Spooled:
    """One kept webhook; `name` orders by arrival."""

    name: str
    body: dict[str, Any]


def prepare(var: Path) -> Path:
    """Make the folder and prove that it can be written; SpoolError otherwise: a service that cannot keep must not start."""
    try:
        folder = _folder(var)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f"probe-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise SpoolError("the spool cannot be written") from error
    return folder


def keep(var: Path, body: dict[str, Any]) -> str:
    """Store `body` sealed and flushed to disk, file and folder both; its name. SpoolError: nothing was kept."""
    folder = _folder(var)
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    draft, final = folder / f"{name}.part", folder / f"{name}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with private(draft) as file:
            file.write(keyring().seal(json.dumps(body), PLACE))
        draft.rename(final)
        sync_folder(folder)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise SpoolError("the spool cannot be written") from error
    return name


def waiting(var: Path) -> int:
    """How many webhooks wait."""
    try:
        with os.scandir(_folder(var)) as entries:
            return sum(entry.name.endswith(SUFFIX) for entry in entries)
    except FileNotFoundError:
        return 0


def oldest_seconds(var: Path, wall: float) -> float:
    """The age of the oldest one by the wall clock, 0 for an empty spool; over 60 health is red."""
    times = [path.stat().st_mtime for path in _folder(var).glob(f"*{SUFFIX}")]
    return max(0.0, wall - min(times)) if times else 0.0


def read(var: Path) -> Iterator[Spooled]:
    """What waits, oldest first. A file that does not open is set aside under another name, not lost."""
    for path in sorted(_folder(var).glob(f"*{SUFFIX}")):
        try:
            yield Spooled(path.name.removesuffix(SUFFIX), json.loads(keyring().open(path.read_bytes(), PLACE)))
        except (CryptoError, ValueError):
            path.rename(path.with_suffix(".unreadable"))


def remove(var: Path, name: str) -> None:
    """Forget one that is stored."""
    (_folder(var) / f"{name}{SUFFIX}").unlink(missing_ok=True)


def set_aside(var: Path, name: str) -> None:
    """Keep one out of the replay, under another name, for a person to look at."""
    path = _folder(var) / f"{name}{SUFFIX}"
    path.rename(path.with_suffix(".failed"))


def _folder(var: Path) -> Path:
    return var / FOLDER
