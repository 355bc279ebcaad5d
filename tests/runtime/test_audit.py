"""Entries are chained: a changed or a removed one shows, and two writers at once never name the same predecessor."""

import threading
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from structlog.testing import capture_logs

from runtime import audit
from runtime.audit import AuditEntry
from runtime.database import Database


def _write(database: Database, now: datetime, count: int) -> None:
    for number in range(count):
        with database.writing() as session:
            audit.record(session, now + timedelta(seconds=number), "campaign.schedule", "campaign", number, actor_kind="service")


def _ids(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def _broken(database: Database) -> list[int]:
    with database.reading() as session:
        return audit.broken_links(session)


def test_an_untouched_chain_holds(database: Database, now: datetime) -> None:
    _write(database, now, 4)
    assert _broken(database) == []


def test_a_changed_entry_shows(database: Database, now: datetime) -> None:
    _write(database, now, 4)
    second = _ids(database)[1]
    with database.writing() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == second).values(subject_id=99))
    assert _broken(database) == [second]


def test_a_removed_entry_shows_at_the_one_after_it(database: Database, now: datetime) -> None:
    _write(database, now, 4)
    ids = _ids(database)
    with database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == ids[1]))
    assert _broken(database) == [ids[2]]


def test_the_log_says_what_was_changed_and_where_the_chain_ends(database: Database, now: datetime) -> None:
    _write(database, now, 4)
    with database.writing() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == _ids(database)[1]).values(subject_id=99))
    with database.reading() as session, capture_logs() as said:
        audit.check(session)
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert [(one["event"], one["log_level"]) for one in said] == [("audit.broken", "error"), ("audit.end", "info")]
    assert said[0]["entries"] == [_ids(database)[1]]
    assert (said[1]["entry"], said[1]["digest"]) == (last.id, last.digest)


def test_deleting_the_oldest_by_age_leaves_the_rest_whole(database: Database, now: datetime) -> None:
    _write(database, now, 4)
    with database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == _ids(database)[0]))
    assert _broken(database) == []


def test_writers_at_once_make_one_chain(database: Database, now: datetime) -> None:
    threads = [threading.Thread(target=_write, args=(database, now, 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(_ids(database)) == 20
    assert _broken(database) == []


def test_an_act_that_failed_leaves_no_entry(database: Database, now: datetime) -> None:
    try:
        with database.writing() as session:
            audit.record(session, now, "campaign.schedule", "campaign", 1)
            raise RuntimeError
    except RuntimeError:
        pass
    assert _ids(database) == []
