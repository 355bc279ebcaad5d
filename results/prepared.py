"""Files that take long: asked for on a page, made behind it, announced with their size, gone after seven days.

The row is the truth and holds the file itself, so that whichever process made it, any other can give it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from clubs.models import Sex
from messaging.exchange import Exchange
from results import dhis2, exports
from results.models import Dhis2Mapping, ExportFile, FileKind, FileState
from results.scope import Scope

PREPARE = "prepare_file"
KEPT = timedelta(days=7)
STILL_FOR = timedelta(minutes=15)  # a file nobody has worked on for so long is begun again
LARGE = timedelta(days=45)
UNFINISHED = (FileState.WAITING, FileState.MAKING)
TOTALS_ONLY = frozenset(("lecture", "langue"))
NAMES = {FileKind.XLSX: "xlsx", FileKind.CSV: "zip", FileKind.DHIS2: "json"}


@dataclass(frozen=True)
class Asker:
    """Who asks: their id, roles, and the villages they may see (None: all)."""

    staff_id: int
    roles: frozenset[str]
    villages: frozenset[int] | None

    def may_fetch(self, row: ExportFile) -> bool:
        """Whether a file is for them: asked for, perhaps by themselves, in roles they have and for the villages they see now."""
        same_place = row.villages == (None if self.villages is None else sorted(self.villages))
        return same_place and set(row.asked_as) <= self.roles


def is_large(scope: Scope) -> bool:
    """Whether a file of this scope is to be prepared behind the page."""
    return scope.until - scope.since > LARGE


def ask(session: Session, exchange: Exchange, kind: FileKind, scope: Scope, asker: Asker, now: datetime) -> ExportFile:
    """Have a file prepared once this transaction has committed; the one that is not finished yet, asked for again."""
    before = select(ExportFile).where(
        ExportFile.kind == kind, ExportFile.asked_by == asker.staff_id, ExportFile.state.in_(UNFINISHED)
    )
    for row in session.scalars(before):
        if row.scope == _written(scope) and asker.may_fetch(row):
            return row
    row = ExportFile(
        kind=kind,
        scope=_written(scope),
        asked_by=asker.staff_id,
        asked_as=sorted(asker.roles),
        villages=None if asker.villages is None else sorted(asker.villages),
        asked_at=now,
        touched_at=now,
        name=f"resultats-{scope.since}-{scope.until}.{NAMES[kind]}",
        expires_at=now + KEPT,
    )
    session.add(row)
    session.flush()
    exchange.work.nudge(session, PREPARE, row.id)
    return row


def files_of(session: Session, asker: Asker, now: datetime) -> list[ExportFile]:
    """The files this person may fetch, the newest first."""
    rows = session.scalars(select(ExportFile).where(ExportFile.expires_at > now).order_by(ExportFile.id.desc()))
    return [row for row in rows if asker.may_fetch(row)]


def find(session: Session, number: int, asker: Asker, now: datetime) -> ExportFile | None:
    """A file by its number, if this person may fetch it and it has not expired."""
    row = session.get(ExportFile, number)
    return row if row is not None and row.expires_at > now and asker.may_fetch(row) else None


def prepare(exchange: Exchange, number: int, clock: Callable[[], datetime]) -> bool:
    """Make a file that waits; False when another does or did. An error leaves it failed, and says so on the page."""
    now = clock()
    with exchange.database.writing() as session:
        claimed = session.scalar(
            update(ExportFile)
            .where(ExportFile.id == number, ExportFile.state == FileState.WAITING)
            .values(state=FileState.MAKING, touched_at=now)
            .returning(ExportFile.id)
        )
    if claimed is None:
        return False

    being_made = update(ExportFile).where(ExportFile.id == number, ExportFile.state == FileState.MAKING)

    def step(done: int, steps: int) -> None:
        with exchange.database.writing() as progress:
            progress.execute(being_made.values(done=done, steps=steps, touched_at=clock()))

    try:
        with exchange.database.reading() as session:
            data = _made(session, session.get_one(ExportFile, number), now, step)
    except Exception:
        with exchange.database.writing() as session:
            session.execute(being_made.values(state=FileState.FAILED))
        raise
    with exchange.database.writing() as session:
        ready = {"state": FileState.READY, "data": data, "size": len(data), "touched_at": clock()}
        session.execute(being_made.values(**ready))
    return True


def tidy(exchange: Exchange, now: datetime) -> int:
    """Delete what expired, begin again what stood still; how many went."""
    with exchange.database.writing() as session:
        gone = session.scalars(delete(ExportFile).where(ExportFile.expires_at <= now).returning(ExportFile.id)).all()
        still = session.scalars(
            select(ExportFile).where(ExportFile.state.in_(UNFINISHED), ExportFile.touched_at <= now - STILL_FOR)
        )
        for row in still:
            row.state, row.touched_at = FileState.WAITING, now
            exchange.work.nudge(session, PREPARE, row.id)
    return len(gone)


def newest_mapping(session: Session) -> Dhis2Mapping | None:
    """The DHIS2 mapping in force."""
    return session.scalars(select(Dhis2Mapping).order_by(Dhis2Mapping.id.desc()).limit(1)).first()


def keep_mapping(session: Session, text: str, staff_id: int, now: datetime) -> None:
    """Put a mapping in force; MappingError when it cannot be read. Earlier ones stay."""
    dhis2.read(text)
    session.add(Dhis2Mapping(text=text, set_by=staff_id, set_at=now))


def _made(session: Session, row: ExportFile, now: datetime, step: Callable[[int, int], None]) -> bytes:
    scope = _read(row.scope)
    each_report = not set(row.asked_as) <= TOTALS_ONLY
    match row.kind:
        case FileKind.XLSX:
            return exports.workbook(session, scope, now, each_report=each_report, step=step)
        case FileKind.CSV:
            return exports.csv_files(session, scope, each_report=each_report, step=step)
        case FileKind.DHIS2:
            mapping = newest_mapping(session)
            made, _run = dhis2.document(session, scope, dhis2.read(mapping.text if mapping else ""), now.date(), step)
            return dhis2.written(made)


def _written(scope: Scope) -> dict[str, Any]:
    return {
        "since": scope.since.isoformat(),
        "until": scope.until.isoformat(),
        "villages": None if scope.villages is None else sorted(scope.villages),
        "language": scope.language,
        "sex": scope.sex.value if scope.sex else None,
        "operator": scope.operator,
    }


def _read(kept: dict[str, Any]) -> Scope:
    villages: Collection[int] | None = kept["villages"]
    return Scope(
        date.fromisoformat(kept["since"]),
        date.fromisoformat(kept["until"]),
        None if villages is None else frozenset(villages),
        kept["language"],
        Sex(kept["sex"]) if kept["sex"] else None,
        kept["operator"],
    )
