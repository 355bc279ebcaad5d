"""Files that a power cut does not take: private from their first byte, on the disk before anybody is told that they are kept."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def private(path: Path) -> Iterator[BinaryIO]:
    """A file to write that its owner alone may read; flushed to the disk when the block ends, but not yet its name."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def put(path: Path, data: bytes) -> None:
    """Write a private file, all or nothing and for good; processes that write the same one do not disturb each other."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with private(part) as file:
            file.write(data)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder to the disk: until then a new name in it may be gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
