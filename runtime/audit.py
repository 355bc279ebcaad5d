"""Who did what: an append-only list whose entries are chained, so that a removed or changed one shows.

Entries name rows by kind and id, never a number, a name or a text.
"""

import hashlib
import json
from datetime import datetime

import structlog
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from runtime.database import Base, Id, Instant, Json
from runtime.installation import Installation, installation

log = structlog.get_logger(__name__)

AT_ONCE = 1000  # entries in memory while the chain is followed
MOST_TOLD = 20


class AuditEntry(Base):
    """One act of a member of staff, an API token (`actor_kind`) or the service itself."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    actor_kind: Mapped[str] = mapped_column(String(16), default="staff")
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int | None]
    details: Mapped[Json] = mapped_column(default=dict)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)


def record(
    session: Session,
    now: datetime,
    action: str,
    subject_kind: str,
    subject_id: int | None = None,
    *,
    staff_id: int | None = None,
    actor_kind: str = "staff",
    **details: str | int | bool | None,
) -> AuditEntry:
    """Append one entry; the caller's transaction commits it together with the act itself."""
    # Locking the single installation row orders writers, so that two entries never name the same predecessor.
    # Not refresh(): it would undo what the caller has just changed on that row.
    session.execute(select(Installation.id).where(Installation.id == installation(session).id).with_for_update())
    last = session.scalar(select(AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)) or ""
    entry = AuditEntry(
        at=now,
        staff_id=staff_id,
        actor_kind=actor_kind,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        details=details,
        previous=last,
    )
    entry.digest = _digest(entry)
    session.add(entry)
    session.flush()
    return entry


def broken_links(session: Session) -> list[int]:
    """The ids of entries that do not follow from the one before; empty for an intact chain.

    The oldest kept entry may name a predecessor that was deleted by age.
    """
    broken, previous = [], None
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=AT_ONCE)):
        if entry.digest != _digest(entry) or (previous is not None and entry.previous != previous):
            broken.append(entry.id)
        previous = entry.digest
    return broken


def check(session: Session) -> None:
    """Write down in the log whether the chain is whole, and where it ends: kept elsewhere, that shows an end that was cut off."""
    if broken := broken_links(session):
        log.error("audit.broken", entries=broken[:MOST_TOLD], count=len(broken))
    last = session.execute(select(AuditEntry.id, AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)).first()
    if last is not None:
        log.info("audit.end", entry=last.id, digest=last.digest)


def _digest(entry: AuditEntry) -> str:
    said = [
        entry.at.isoformat(timespec="milliseconds"),
        entry.staff_id,
        entry.actor_kind,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.details,
        entry.previous,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
