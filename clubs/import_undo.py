"""An import taken back within a day: the members it made go, with their agreements and the numbers it brought, unless used since.

Used is whoever any other row names, who took an agreement back or whom staff changed since, and whoever's telephone was written
to, called or heard from since: those stay, and are counted. What the import added to numbers known before (their language, that
they are shared) stays too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from clubs.models import Member, MemberImport
from messaging.models import Call, Consent, Contact, Message, Purpose
from runtime.audit import AuditEntry, record
from runtime.database import Base

WITHIN = timedelta(hours=24)
CHUNK = 500
BY_PUSH_OR_CALL = (Purpose.PUSH, Purpose.CALL)


class NotUndone(Exception):
    """An import that cannot be taken back any more: undone already, or a day old; `import_id` says which."""

    def __init__(self, import_id: int) -> None:
        super().__init__(f"import {import_id}")
        self.import_id = import_id


@dataclass(frozen=True)
class Undone:
    """What went, and how many members stay because they were used since."""

    members: int
    contacts: int
    kept: int


def recent(session: Session, now: datetime) -> list[MemberImport]:
    """The imports of the last day, the latest first, those undone included."""
    return list(session.scalars(select(MemberImport).where(MemberImport.at > now - WITHIN).order_by(MemberImport.id.desc())))


def undo(session: Session, made: MemberImport, now: datetime, staff_id: int) -> Undone:
    """Take an import back; NotUndone."""
    session.refresh(made, with_for_update=True)
    if made.undone_at is not None or made.at <= now - WITHIN:
        raise NotUndone(made.id)
    mine = select(Member.id).where(Member.import_id == made.id)
    used = set(_named(session, Member, mine)) | set(session.scalars(_phone_used(made))) | set(session.scalars(_changed(made)))
    gone = [id_ for id_ in session.scalars(mine) if id_ not in used]
    for some in _chunks(gone):
        session.execute(delete(Consent).where(Consent.member_id.in_(some)))
        session.execute(delete(Member).where(Member.id.in_(some)))
    contacts = _forget_numbers(session, made)
    made.undone_at, made.kept = now, made.members - len(gone)
    done = Undone(len(gone), contacts, made.kept)
    record(session, now, "members.undo_import", "import", made.id, staff_id=staff_id, members=done.members, kept=done.kept)
    return done


def _named(session: Session, row: type[Base], ids: Select[int] | list[int]) -> Iterator[int]:
    """Which of these rows others name, whatever table they stand in; an imported agreement is the import's own."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if not any(foreign.column.table is row.__table__ for foreign in column.foreign_keys):
                continue
            query = select(column).where(column.in_(ids)).distinct()
            if table is Consent.__table__ and row is Member:
                query = query.where(or_(Consent.purpose.not_in(BY_PUSH_OR_CALL), Consent.via != "register"))
            yield from session.scalars(query)


def _phone_used(made: MemberImport) -> Select[int]:
    written = select(Message.contact_id).where(Message.created_at >= made.at)
    called = select(Call.contact_id).where(Call.created_at >= made.at)
    heard = select(Contact.id).where(Contact.last_heard_at >= made.at)
    phones = or_(Member.contact_id.in_(written), Member.contact_id.in_(called), Member.contact_id.in_(heard))
    return select(Member.id).where(Member.import_id == made.id, phones)


def _changed(made: MemberImport) -> Select[int]:
    """Whose agreement ended, and who, or whose telephone, the audit says was changed since; a number that was shown is not."""
    ended = select(Consent.member_id).where(Consent.withdrawn_at >= made.at)
    since = (AuditEntry.at >= made.at, AuditEntry.action != "number_shown")
    people = select(AuditEntry.subject_id).where(AuditEntry.subject_kind == "member", *since)
    phones = select(AuditEntry.subject_id).where(AuditEntry.subject_kind == "contact", *since)
    changed = or_(Member.id.in_(ended), Member.id.in_(people), Member.contact_id.in_(phones))
    return select(Member.id).where(Member.import_id == made.id, changed)


def _forget_numbers(session: Session, made: MemberImport) -> int:
    """Delete the numbers that the import brought and that nothing names any more."""
    forgotten = 0
    for some in _chunks(made.new_numbers):
        used = set(_named(session, Contact, some))
        free = [id_ for id_ in some if id_ not in used]
        session.execute(delete(Contact).where(Contact.id.in_(free)))
        forgotten += len(free)
    return forgotten


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    left = list(ids)
    while left:
        yield left[:CHUNK]
        left = left[CHUNK:]
