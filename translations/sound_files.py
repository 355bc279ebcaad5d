"""The sounds of a folder or of a ZIP file, one by one and never unpacked to the disk.

Archives come from strangers: names that lead elsewhere, links, and sizes that swell are refused by name, and no entry is read
further than a sound may be long, whatever it declares.
"""

import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from translations.clips import MOST_BYTES
from translations.errors import TranslationError

MOST_ENTRIES = 3000
MOST_TOTAL = 2_000_000_000
_SWELLS = 200  # sound does not shrink so far; a megabyte of silence may
_ENCRYPTED = 1
_TOO_BIG = f"Le fichier dépasse {MOST_BYTES // 1_000_000} Mo."


class ArchiveRefused(TranslationError):
    """A whole archive that is not read; the text is a French sentence."""


@dataclass(frozen=True)
class SoundFile:
    """One file: its name without folders, its bytes on demand (one more than allowed at most), or why it is not read."""

    name: str
    read: Callable[[], bytes]
    refusal: str | None = None


@contextmanager
def opened(source: Path) -> Iterator[list[SoundFile]]:
    """The files of a folder or ZIP in the order of their names; they can be read while the block lasts."""
    if source.is_dir():
        found = (path for path in sorted(source.rglob("*")) if path.is_symlink() or path.is_file())
        yield [_of_folder(path) for path in found if _wanted(path.name)]
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield _of_archive(archive)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ArchiveRefused("Ce fichier n'est ni un dossier ni une archive ZIP lisible.") from error


def _wanted(name: str) -> bool:
    """Whether a file is more than what computers leave lying about."""
    return not name.startswith(".") and name not in ("Thumbs.db", "desktop.ini")


def _nothing() -> bytes:
    return b""


def _of_folder(path: Path) -> SoundFile:
    if path.is_symlink():
        return SoundFile(path.name, _nothing, "C'est un lien vers un autre fichier. Copiez le fichier lui-même.")
    if path.stat().st_size > MOST_BYTES:
        return SoundFile(path.name, _nothing, _TOO_BIG)
    return SoundFile(path.name, partial(_start_of, path))


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _of_archive(archive: zipfile.ZipFile) -> list[SoundFile]:
    entries = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if len(entries) > MOST_ENTRIES or sum(one.file_size for one in entries) > MOST_TOTAL:
        raise ArchiveRefused("Cette archive est trop grosse. Partagez-la en plusieurs.")
    files = [_entry(archive, one) for one in entries if _wanted(PurePosixPath(one.filename).name)]
    return sorted(files, key=lambda one: one.name)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> SoundFile:
    path = PurePosixPath(entry.filename)
    name = path.name
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in path.parts[0]:
        return SoundFile(entry.filename, _nothing, "Ce chemin sort de l'archive. Remettez le fichier à sa place.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return SoundFile(name, _nothing, "C'est un lien vers un autre fichier. Mettez le fichier lui-même dans l'archive.")
    if entry.flag_bits & _ENCRYPTED:
        return SoundFile(name, _nothing, "Ce fichier a un mot de passe. Refaites l'archive sans mot de passe.")
    if entry.file_size > MOST_BYTES:
        return SoundFile(name, _nothing, _TOO_BIG)
    if entry.file_size > 1_000_000 and entry.file_size > _SWELLS * max(entry.compress_size, 1):
        return SoundFile(name, _nothing, "Ce fichier gonfle trop une fois ouvert. Envoyez un vrai enregistrement.")
    return SoundFile(name, partial(_start_of_entry, archive, entry))


def _start_of_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError):
        return b""  # an unreadable sound, like any other
