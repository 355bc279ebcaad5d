"""Backups: the whole database in one sealed file, made while the service runs, thinned to one a day and kept for 35 days.

SQLite is copied by its own backup API, because a copied file is none; PostgreSQL by its own `pg_dump`. Each file says how far the
journal of STOPs had been written before it was begun: whatever is written later must be applied to what is restored from it.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import URL

from runtime import clock, migrate, sealed_files
from runtime.crypto import CryptoError, blind, keyring, load_backup_key
from runtime.database import Database, await_noted
from runtime.disk import private
from runtime.journal import Journal, Place
from runtime.sealed_files import SealedFileError as SealedFileError  # passed on to whoever restores
from runtime.settings import Settings, environment

BACK_UP = "back_up"  # work without a subject
STAMP = "%Y%m%dT%H%M%SZ"
SUFFIX = ".backup"
PROOF = "backup:keys"  # what each head holds sealed, to show which keys open the rows
ALL_FOR, HOURLY_FOR, KEPT_FOR = timedelta(hours=2), timedelta(days=1), timedelta(days=35)
DAYS_AT_LEAST = 14
LEFT_FOR = timedelta(hours=6)  # no backup and no drill takes so long
NIGHT = time(2)
"""From then on, local time, a PostgreSQL has its backup of the day."""


class BackupError(Exception):
    """A backup that could not be made or brought back; says what the database's own tool said."""


@dataclass(frozen=True)
class Copy:
    """One backup on disk, by the wall time at which it was begun."""

    path: Path
    at: datetime
    size: int


@dataclass(frozen=True)
class Head:
    """What a backup says of itself: its moment, its tables' revision, the database it is of, and the journal's end by then.

    `opens`: whether this process's keys are those of what is sealed in it; an older backup does not say, and is believed.
    """

    at: datetime
    revision: str
    sqlite: bool
    journal: Place
    opens: bool


def make(database: Database, settings: Settings, wall: datetime) -> Copy:
    """Write a backup of this moment; BackupError, OSError for a disk that is full."""
    with database.writing() as session:
        await_noted(session)
        revision = migrate.current(session) or ""
        # Before the copy begins: what comes between is applied twice, which is harmless.
        place = Journal(settings.journal_path).place()
    head = {"at": wall.isoformat(), "revision": revision, "sqlite": database.sqlite, "journal": [place.journal, place.offset]}
    head["keys"] = [blind(PROOF).hex(), keyring().seal(PROOF, PROOF).hex()]
    target = settings.backup_path / f"{wall.strftime(STAMP)}{SUFFIX}"
    body = _sqlite(database, settings) if database.sqlite else _dump(database.url)
    return Copy(target, wall, sealed_files.seal(target, load_backup_key(settings.backup_key_path), head, body))


def copies(folder: Path) -> list[Copy]:
    """The backups there, the newest first; a file of another name is none."""
    found = [one for path in folder.glob(f"*{SUFFIX}") if (one := _copy(path))]
    return sorted(found, key=lambda one: one.at, reverse=True)


def head(path: Path, settings: Settings) -> Head:
    """What a backup says of itself; SealedFileError."""
    raw = sealed_files.head(path, load_backup_key(settings.backup_key_path))
    return Head(
        datetime.fromisoformat(raw["at"]), raw["revision"], raw["sqlite"], Place(*raw["journal"]), _opens(raw.get("keys"))
    )


def _opens(proof: list[str] | None) -> bool:
    if proof is None:
        return True
    index, sealed = proof
    try:
        return index == blind(PROOF).hex() and keyring().open(bytes.fromhex(sealed), PROOF) == PROOF
    except CryptoError:
        return False


def due(database: Database, settings: Settings, wall: datetime) -> bool:
    """Whether another one is to be made now: every few minutes of an SQLite, once a night of a PostgreSQL."""
    if not settings.backup_minutes:
        return False
    last = next((one.at for one in copies(settings.backup_path)), None)
    if last is None or last > wall:
        return True
    if database.sqlite:
        return wall - last >= timedelta(minutes=settings.backup_minutes) - timedelta(seconds=30)
    zone = ZoneInfo(settings.timezone)
    return last.astimezone(zone).date() < wall.astimezone(zone).date() and wall.astimezone(zone).time() >= NIGHT


def drafts(settings: Settings) -> Path:
    """A new folder for what is not sealed; whoever asked deletes it."""
    settings.draft_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(tempfile.mkdtemp(dir=settings.draft_path))


def _sweep(settings: Settings, wall: datetime) -> None:
    """Drafts of processes that were killed."""
    folder = settings.backup_path
    for left in (*settings.draft_path.glob("*"), *folder.glob("*.part"), *folder.glob("*.draft*"), *folder.glob("drill-*")):
        with suppress(FileNotFoundError):
            if wall.timestamp() - left.stat().st_mtime < LEFT_FOR.total_seconds():
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


def thin(database: Database, settings: Settings, wall: datetime) -> int:
    """Delete what is too old or too many, and what a killed process left; how many backups. None while the clock is in doubt."""
    with database.reading() as session:
        if clock.jumped(session) is not None:
            return 0
    _sweep(settings, wall)
    found = copies(settings.backup_path)
    keep = kept([one.at for one in found], wall)
    gone = [one for one in found if one.at not in keep]
    for one in gone:
        one.path.unlink(missing_ok=True)
    return len(gone)


def kept(moments: Iterable[datetime], wall: datetime) -> set[datetime]:
    """All of the last two hours, the last one of each hour for a day, the last one of each day for 35.

    Whatever `wall` says, the last one of each of the last 14 days of which there are any.
    """
    made = sorted(moments)
    days = {at.date(): at for at in made}
    keep: dict[object, datetime] = {day: days[day] for day in sorted(days)[-DAYS_AT_LEAST:]}
    for at in made:
        age = wall - at
        if age > KEPT_FOR:
            continue
        slot: datetime | date = at
        if age > HOURLY_FOR:
            slot = at.date()
        elif age > ALL_FOR:
            slot = at.replace(minute=0, second=0, microsecond=0)
        keep[type(slot), slot] = at
    return set(keep.values())


def unpack(path: Path, settings: Settings, target: Path) -> None:
    """Write an SQLite backup out as a database file; SealedFileError, BackupError for one that is not whole."""
    with private(target) as file:
        for piece in sealed_files.unseal(path, load_backup_key(settings.backup_key_path)):
            file.write(piece)
    with closing(sqlite3.connect(target)) as found:
        said = found.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise BackupError(str(said))


def load(path: Path, settings: Settings, url: URL, last: str, *, replace: bool) -> None:
    """Load a PostgreSQL backup in one transaction that ends with the SQL `last`; BackupError, and nothing is changed.

    `replace` drops what is there; without it, tables that are there refuse.
    """
    # Not psql's own --single-transaction: that commits wherever its input ends, even if whoever wrote it was killed.
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", _bare(url)]
    with subprocess.Popen(
        command, env=_env(url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as psql:
        assert psql.stdin is not None
        assert psql.stderr is not None
        try:
            # The dump makes the schema anew; one that holds anything is dropped only on request.
            drop = "DROP SCHEMA IF EXISTS public" + (" CASCADE" if replace else "")
            psql.stdin.write(f"BEGIN;\nSET client_min_messages = warning; {drop};\n".encode())
            for piece in sealed_files.unseal(path, load_backup_key(settings.backup_key_path)):
                psql.stdin.write(piece)
            psql.stdin.write(f"\n{last}\nCOMMIT;\n".encode())
            psql.stdin.close()
        except BrokenPipeError:
            pass  # psql has given up, and says why
        except BaseException:
            psql.kill()  # the transaction never ends: nothing of it stays
            with suppress(BrokenPipeError):
                psql.stdin.close()
            raise
        said = psql.stderr.read().decode(errors="replace").strip()
    if psql.returncode:
        raise BackupError(said or "psql failed")


@contextmanager
def spare(url: URL) -> Iterator[URL]:
    """An empty PostgreSQL database on the same server, dropped afterwards; BackupError where this user may make none."""
    name = f"{url.database}_drill"
    _say(url, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
    try:
        yield url.set(database=name)
    finally:
        _say(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _say(url: URL, *words: str) -> None:
    given = [f"--command={one}" for one in words]
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", _bare(url), *given]
    done = subprocess.run(command, env=_env(url), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(done.stderr.strip())


def _copy(path: Path) -> Copy | None:
    try:
        at = datetime.strptime(path.name.removesuffix(SUFFIX), STAMP).replace(tzinfo=UTC)
        return Copy(path, at, path.stat().st_size)
    except (ValueError, FileNotFoundError):  # somebody's own name, or gone since the folder was read
        return None


def _sqlite(database: Database, settings: Settings) -> Iterator[bytes]:
    source, folder = database.url.database, drafts(settings)
    draft = folder / "copy.db"
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(draft)) as copy:
            copy.execute("PRAGMA synchronous=OFF")
            live.backup(copy)
        with draft.open("rb") as file:
            while piece := file.read(sealed_files.PIECE):
                yield piece
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _dump(url: URL) -> Iterator[bytes]:
    command = ["pg_dump", "--no-owner", "--no-privileges", "--schema=public", "--dbname", _bare(url)]
    with subprocess.Popen(command, env=_env(url), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
        assert dump.stdout is not None
        assert dump.stderr is not None
        while piece := dump.stdout.read(sealed_files.PIECE):
            yield piece
        said = dump.stderr.read().decode(errors="replace").strip()
    if dump.returncode:
        raise BackupError(said or "pg_dump failed")


def _bare(url: URL) -> str:
    """The address without its password, which every user of the machine could read among the processes."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _env(url: URL) -> dict[str, str]:
    return environment(PGPASSWORD=str(url.password)) if url.password else environment()
