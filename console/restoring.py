"""From a backup to a service that holds still: unpacked, brought to this version's tables, what people took back done again.

All of it happens beside the database in service, which is only set aside by a rename at the very end; on PostgreSQL in the one
transaction that loads the backup and closes the claim.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as with_
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns import answers, enrolments, taken_back
from clubs import feedback, reminders, spot_checks
from messaging import restoring
from messaging.exchange import Exchange
from messaging.models import Contact
from messaging.restoring import Held
from runtime import audit, backups, clock, migrate
from runtime.backups import Head
from runtime.database import Base, Database, DatabaseError, Session
from runtime.installation import business_time
from runtime.journal import Entry, Journal, JournalError
from runtime.settings import Settings

ALIVE = timedelta(seconds=60)
CLOSE = "UPDATE public.installation SET restored_at = now(), restored_from = NULL, released_at = NULL;"
"""The last words of the transaction that loads a PostgreSQL: at no moment could anything be claimed, nor released unsettled."""
DRILL = "restore.drill"
WRITERS = (reminders.expect, spot_checks.due, feedback.tell, enrolments.suspend_unheard, answers.deliver)
"""What the clock lets write to people unasked, but for campaigns, which skip by themselves what was due before a restore."""


class RestoreError(Exception):
    """Why nothing was restored: "running", "not_empty", "other_database", "newer", "other_keys", "journal_missing" or _another.

    Or "unfinished": a PostgreSQL was loaded and holds, but what people took back was not done again.
    """


@dataclass(frozen=True)
class Restored:
    """`taken_back` counts what the journal did again; `contacts` proves that the keys open what is sealed."""

    at: datetime
    held: Held
    taken_back: dict[str, int]
    contacts: int
    seconds: float


def restore(
    database: Database, settings: Settings, path: Path, wall: datetime, *, replace: bool = False, any_journal: bool = False
) -> Restored:
    """Put the backup at `path` in the place of the database, holding still; RestoreError, BackupError, SealedFileError.

    `replace` sets aside what is there (PostgreSQL: drops it). `any_journal` takes whatever journal there is, or none.
    """
    began = time.monotonic()
    head = _fitting(database, settings, path)
    entries = _entries(settings, head, any_journal)
    _refuse(database, wall, replace)
    if not database.sqlite:
        backups.load(path, settings, database.url, CLOSE, replace=replace)
        try:
            return _settle(database, head, entries, wall, began)
        except Exception as error:  # whatever it was: the backup is in place, and nobody may release it
            raise RestoreError("unfinished") from error
    target = Path(database.url.database or "")
    draft = target.with_name(f"{target.name}.restoring")
    try:
        backups.unpack(path, settings, draft)
        with _opened(f"sqlite:///{draft}") as fresh:
            restored = _settle(fresh, head, entries, wall, began)
        database.close()
        _exchange_files(draft, target, wall)
    finally:
        for left in draft.parent.glob(f"{draft.name}*"):
            left.unlink(missing_ok=True)
    return restored


def drill(database: Database, settings: Settings, path: Path, wall: datetime) -> Restored:
    """Restore beside the service, look, and throw it away; how long it took is written down in the service's own log of acts."""
    began, head = time.monotonic(), _fitting(database, settings, path)
    entries = _entries(settings, head, any_journal=False)
    with _elsewhere(database, settings, path) as fresh:
        restored = _settle(fresh, head, entries, wall, began)
    restored = with_(restored, seconds=time.monotonic() - began)
    with database.writing() as session:
        made_at, seconds = _said(head), max(1, round(restored.seconds))
        audit.record(session, wall, DRILL, "installation", 1, actor_kind="command", made_at=made_at, seconds=seconds)
    return restored


@contextmanager
def _elsewhere(database: Database, settings: Settings, path: Path) -> Iterator[Database]:
    """The backup as a database of its own, gone afterwards."""
    if database.sqlite:
        folder = backups.drafts(settings)
        try:
            backups.unpack(path, settings, folder / "drill.db")
            with _opened(f"sqlite:///{folder / 'drill.db'}") as fresh:
                yield fresh
        finally:
            shutil.rmtree(folder)
        return
    with backups.spare(database.url) as url:
        backups.load(path, settings, url, CLOSE, replace=True)
        with _opened(url.render_as_string(hide_password=False)) as fresh:
            yield fresh


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def _fitting(database: Database, settings: Settings, path: Path) -> Head:
    """What the backup says of itself, before anything is touched; RestoreError where it cannot be settled here."""
    head = backups.head(path, settings)
    if head.sqlite != database.sqlite:
        raise RestoreError("other_database")
    if not migrate.knows(head.revision):
        raise RestoreError("newer")
    if not head.opens:
        raise RestoreError("other_keys")
    return head


def _entries(settings: Settings, head: Head, any_journal: bool) -> list[Entry]:
    journal = Journal(settings.journal_path)
    try:
        return journal.since(head.journal)
    except JournalError as error:
        if any_journal:
            return journal.everything()
        raise RestoreError(f"journal_{error}") from error


def _refuse(database: Database, wall: datetime, replace: bool) -> None:
    if database.sqlite and not Path(database.url.database or "").exists():
        return
    try:
        with database.reading() as session:
            if migrate.current(session) is None:
                return
            beat = clock.last_beat(session)
    except DatabaseError:
        beat = None  # damaged, which may be why somebody restores
    if beat is not None and abs(wall - beat) < ALIVE:
        raise RestoreError("running")
    if not replace:
        raise RestoreError("not_empty")


def _settle(database: Database, head: Head, entries: list[Entry], wall: datetime, began: float) -> Restored:
    """Everything between the rows of a backup and a service that may start."""
    migrate.upgrade(database, Base.metadata)
    with database.writing() as session:
        now = business_time(session, wall)
        held = restoring.hold(session, head.at, now)
        done = taken_back.again(session, entries, now)
        audit.record(
            session,
            now,
            "restore",
            "installation",
            1,
            actor_kind="command",
            made_at=_said(head),
            held=held.messages,
            calls=held.calls,
            taken_back=done.total(),
        )
        return Restored(head.at, restoring.waits(session), dict(done), _readable(session), time.monotonic() - began)


def _said(head: Head) -> str:
    return head.at.isoformat(timespec="seconds")


def _readable(session: Session) -> int:
    """How many numbers there are; opening the last of them proves the keys, CryptoError otherwise."""
    last = session.query(Contact.number).filter(Contact.number.is_not(None)).order_by(Contact.id.desc()).first()
    return session.query(Contact.id).count() if last else 0


def _exchange_files(draft: Path, target: Path, wall: datetime) -> None:
    aside = wall.astimezone(UTC).strftime(f"{target.name}.before-{backups.STAMP}")
    for end in ("-wal", "-shm", ""):
        old = target.with_name(f"{target.name}{end}")
        if old.exists():
            old.rename(target.with_name(f"{aside}{end}"))
    draft.rename(target)


def release(exchange: Exchange, staff_id: int | None, wall: datetime, *, send: bool) -> int:
    """`messaging.restoring.release`; without what waited, that includes what the clock would write right after it."""
    with exchange.database.reading() as session:
        now = business_time(session, wall)
        # The writers need transactions of their own, so this only keeps them from writing; what counts is asked under the lock.
        writes = not send and restoring.decidable(session)
    if writes:
        # The month's words may have left after the backup was made: written now, they are given up with the rest.
        for write in WRITERS:
            write(exchange, now)
    with exchange.database.writing() as session:
        return restoring.release(session, exchange, staff_id, now, send=send)


@dataclass(frozen=True)
class Drill:
    """When a restore was last tried, and how many seconds it took."""

    at: datetime
    seconds: int


def last_drill(session: Session) -> Drill | None:
    """The last one that succeeded, in the wall's time like the copies: the clock of a simulation may be ahead."""
    mine = session.query(audit.AuditEntry).filter_by(action=DRILL).order_by(audit.AuditEntry.id.desc())
    found = mine.first()
    return None if found is None else Drill(found.at, int(found.details["seconds"]))


def waiting(session: Session) -> Held | None:
    """What a release would decide about; None where nothing holds."""
    return restoring.waits(session) if restoring.holds(session) else None
