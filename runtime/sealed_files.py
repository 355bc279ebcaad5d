"""A file sealed in pieces: compressed, encrypted, each bound to its place, so that none can be moved, changed or cut off unseen.

Every piece is verified as it is read; that the file is whole, and not cut off between two pieces, only its end proves.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.database import Json
from runtime.disk import private, sync_folder

MAGIC = b"lamen-1\n"
PIECE = 1 << 20
PREFIX_BYTES = 7
FAST = 1  # zlib's level: sealed columns do not shrink, and a backup is made every five minutes


class SealedFileError(Exception):
    """A file that is not one of ours, was changed or cut off, or was sealed with another key."""


def seal(target: Path, key: bytes, head: Json, body: Iterable[bytes]) -> int:
    """Write `head` and `body` to `target` and to the disk, all or nothing; its size. An error of `body` comes through."""
    draft = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with private(draft) as file:
            prefix, cipher = os.urandom(PREFIX_BYTES), AESGCM(key)
            file.write(MAGIC + prefix)
            waiting = json.dumps(head).encode()
            count = 0
            for piece in _packed(body):
                file.write(_sealed(cipher, prefix, count, waiting, last=False))
                waiting, count = piece, count + 1
            file.write(_sealed(cipher, prefix, count, waiting, last=True))
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(target.parent)
    return target.stat().st_size


def head(path: Path, key: bytes) -> Json:
    """What was written down with the file; SealedFileError."""
    found: Json = json.loads(next(_opened(path, key)))
    return found


def unseal(path: Path, key: bytes) -> Iterator[bytes]:
    """The body; SealedFileError, at the latest at the end of one that was cut off."""
    pieces = _opened(path, key)
    next(pieces)
    unpacked = zlib.decompressobj()
    for piece in pieces:
        yield unpacked.decompress(piece)
    yield unpacked.flush()


def _packed(body: Iterable[bytes]) -> Iterator[bytes]:
    packer, waiting = zlib.compressobj(FAST), bytearray()
    for part in body:
        waiting += packer.compress(part)
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    yield bytes(waiting) + packer.flush()


def _nonce(prefix: bytes, count: int, last: bool) -> bytes:
    return prefix + count.to_bytes(4, "big") + bytes([last])


def _sealed(cipher: AESGCM, prefix: bytes, count: int, piece: bytes, *, last: bool) -> bytes:
    sealed = cipher.encrypt(_nonce(prefix, count, last), piece, MAGIC)
    return bytes([last]) + len(sealed).to_bytes(4, "big") + sealed


def _opened(path: Path, key: bytes) -> Iterator[bytes]:
    cipher, count, last = AESGCM(key), 0, False
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SealedFileError(f"{path.name} is not a sealed file of ours")
        prefix = file.read(PREFIX_BYTES)
        while not last:
            mark = file.read(5)
            if len(mark) < 5:
                raise SealedFileError(f"{path.name} is cut off")
            last = bool(mark[0])
            try:
                yield cipher.decrypt(_nonce(prefix, count, last), file.read(int.from_bytes(mark[1:], "big")), MAGIC)
            except InvalidTag as error:
                raise SealedFileError(f"{path.name} was changed, or sealed with another key") from error
            count += 1
