"""Sealed columns: numbers, names and received texts are never readable in the database file.

AES-256-GCM with a random nonce, bound to its own table and column, so that a value copied to another column does not open. A
sealed number is found again through its blind index: an HMAC under another key, because the unkeyed hash of every Malian number
can be listed in about a minute.
"""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from runtime.disk import private

NONCE_BYTES = 12
KEY_BYTES = 32


class CryptoError(Exception):
    """A value that does not open, or keys that are not there."""


@dataclass(frozen=True)
class Keyring:
    """The data keys by number, which of them seals, and the blind-index key."""

    data: dict[int, bytes]
    current: int
    index: bytes

    def seal(self, text: str, place: str) -> bytes:
        """Return key number (1 byte), nonce (12), ciphertext and tag (16) of `text`, bound to `place` ("table:column")."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self.data[self.current]).encrypt(nonce, text.encode("utf-8", "surrogatepass"), place.encode())
        return bytes([self.current]) + nonce + sealed

    def open(self, sealed: bytes, place: str) -> str:
        """Return the text; CryptoError for an unknown key, another place or a changed byte."""
        key = self.data.get(sealed[0]) if sealed else None
        if key is None:
            raise CryptoError(f"no key for a value of {place}")
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, body, place.encode()).decode("utf-8", "surrogatepass")
        except InvalidTag as error:
            raise CryptoError(f"a value of {place} does not open") from error

    def blind(self, text: str) -> bytes:
        """The 32 bytes under which `text` is looked up; write numbers as E.164 first."""
        return hmac.digest(self.index, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    @staticmethod
    def fresh() -> "Keyring":
        """New random keys."""
        return Keyring({1: os.urandom(KEY_BYTES)}, 1, os.urandom(KEY_BYTES))


def load_keys(path: Path) -> Keyring:
    """Read the key file; the first start creates it, readable by its owner alone.

    A lost file is lost numbers: docs/operations.md tells to keep two sealed copies.
    """
    try:
        raw = json.loads(path.read_text())
    except FileNotFoundError:
        return _create(path)
    except ValueError as error:
        raise CryptoError(f"{path} is not a key file") from error
    data = {int(number): base64.b64decode(key) for number, key in raw["data"].items()}
    return Keyring(data, int(raw["current"]), base64.b64decode(raw["index"]))


def load_backup_key(path: Path) -> bytes:
    """The key that seals backups, one of its own: whoever holds it alone still reads no number. Made when first asked for."""
    try:
        key = base64.b64decode(path.read_text().strip(), validate=True)
    except FileNotFoundError:
        _write_once(path, base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
        return load_backup_key(path)
    except ValueError as error:
        raise CryptoError(f"{path} is not a key file") from error
    if len(key) != KEY_BYTES:
        raise CryptoError(f"{path} is not a key file")
    return key


def _create(path: Path) -> Keyring:
    keys = Keyring.fresh()
    body = {
        "current": keys.current,
        "data": {str(number): base64.b64encode(key).decode() for number, key in keys.data.items()},
        "index": base64.b64encode(keys.index).decode(),
    }
    return keys if _write_once(path, json.dumps(body)) else load_keys(path)


def _write_once(path: Path, text: str) -> bool:
    """Make a file that its owner alone may read; False where another process made it first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may start at once: the one whose link succeeds made the keys, the others read them.
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with private(draft) as file:
        file.write(text.encode())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


_keyring: Keyring | None = None


def use(keys: Keyring) -> None:
    """Make `keys` those of this process: a column type is asked for values without any place to pass a key."""
    global _keyring
    _keyring = keys


def keyring() -> Keyring:
    """The keys of this process; CryptoError before `use`."""
    if _keyring is None:
        raise CryptoError("no keys are loaded")
    return _keyring


def blind(text: str) -> bytes:
    """The blind index of `text` under this process's keys."""
    return keyring().blind(text)


class Sealed(TypeDecorator[str]):
    """A text column stored encrypted; `place` is "table:column" and a test holds it to where it stands."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal(value, self.place)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open(bytes(value), self.place)


class SealedJson(TypeDecorator[dict[str, Any]]):
    """A JSON object stored encrypted like `Sealed`."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal(json.dumps(value), self.place)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, Any] | None:
        if value is None:
            return None
        opened: dict[str, Any] = json.loads(keyring().open(bytes(value), self.place))
        return opened
