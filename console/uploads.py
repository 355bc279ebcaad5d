"""A file between the steps of its import: sealed, under a random name, for whoever sent it; gone when done or a day old."""

import base64
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from console.forms import Typed
from console.words import _
from runtime.crypto import CryptoError, keyring

KEPT = timedelta(hours=24)
PLACE = "upload:file"
MEGABYTE = 1_000_000
NAME = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Upload:
    """A kept file."""

    name: str
    data: bytes


def sent(form: Typed, megabytes: int) -> Upload:
    """The file of a form, empty with the error on the form where there is none or it has more than so many megabytes."""
    file = form.file("file", needed=_("Choisissez un fichier."))
    data = file.read(megabytes * MEGABYTE + 1) if file is not None else b""
    if len(data) > megabytes * MEGABYTE:
        form.wrong("file", _("Le fichier dépasse %(n)s Mo.", n=megabytes))
        data = b""
    return Upload(file.filename or "" if file is not None else "", data)


def keep(var: Path, staff_id: int, name: str, data: bytes, wall: datetime) -> str:
    """Keep a file and return the name it is found by; older ones of anybody go."""
    folder = _folder(var)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.glob("*.sealed"):
        if old.stat().st_mtime < (wall - KEPT).timestamp():
            old.unlink(missing_ok=True)
    token = secrets.token_urlsafe(16)
    said = {"name": name[:120], "staff": staff_id, "data": base64.b64encode(data).decode()}
    path = folder / f"{token}.sealed"
    path.touch(mode=0o600)
    path.write_bytes(keyring().seal(json.dumps(said), PLACE))
    return token


def find(var: Path, token: str, staff_id: int) -> Upload | None:
    """The file of that name, if this person sent it."""
    path = _path(var, token)
    if path is None or not path.exists():
        return None
    try:
        said = json.loads(keyring().open(path.read_bytes(), PLACE))
    except (CryptoError, OSError, ValueError):
        return None
    return Upload(said["name"], base64.b64decode(said["data"])) if said["staff"] == staff_id else None


def drop(var: Path, token: str) -> None:
    """The import is done: the file goes."""
    path = _path(var, token)
    if path is not None:
        path.unlink(missing_ok=True)


def _folder(var: Path) -> Path:
    return var / "uploads"


def _path(var: Path, token: str) -> Path | None:
    return _folder(var) / f"{token}.sealed" if NAME.fullmatch(token) else None
