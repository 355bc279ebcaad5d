"""Backups on disk: sealed, whole or refused, thinned; and the journal beside them."""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from runtime import backups, sealed_files
from runtime.backups import kept
from runtime.clock import Clock, trust_wall
from runtime.crypto import CryptoError, load_backup_key
from runtime.database import Database
from runtime.journal import Entry, Journal, JournalError, No, Place, note
from runtime.sealed_files import SealedFileError
from runtime.settings import Settings

NOW = datetime(2026, 3, 18, 10, tzinfo=UTC)
KEY = b"k" * 32
MINUTE = timedelta(minutes=1)
sqlite_only = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.mark.parametrize("size", [0, 1, 5_000_000], ids=["empty", "a-byte", "several-pieces"])
def test_what_was_sealed_comes_back_and_none_of_it_stands_in_the_file(tmp_path: Path, size: int) -> None:
    body = os.urandom(size)
    path = tmp_path / "one.backup"
    assert sealed_files.seal(path, KEY, {"at": "today"}, [body[:1000], body[1000:]]) == path.stat().st_size
    assert sealed_files.head(path, KEY) == {"at": "today"}
    assert b"".join(sealed_files.unseal(path, KEY)) == body
    assert b"today" not in path.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["one.backup"]


def _changed(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


def _cut(raw: bytes) -> bytes:
    """Without its last piece, whose length stands at its beginning."""
    place, pieces = 15, []
    while place < len(raw):
        pieces.append(place)
        place += 5 + int.from_bytes(raw[place + 1 : place + 5], "big")
    return raw[: pieces[-1]]


def _claims_its_end(raw: bytes) -> bytes:
    cut = bytearray(_cut(raw))
    cut[15] = 1  # the head says that it is the last piece
    return bytes(cut)


@pytest.mark.parametrize(
    "bend", [_changed, _cut, _claims_its_end, lambda raw: b"x" + raw], ids=["changed", "cut-off", "shortened", "another-file"]
)
def test_a_file_that_was_changed_or_cut_off_is_refused(tmp_path: Path, bend: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "one.backup"
    sealed_files.seal(path, KEY, {}, [os.urandom(3_000_000)])
    path.write_bytes(bend(path.read_bytes()))
    with pytest.raises(SealedFileError):
        list(sealed_files.unseal(path, KEY))


def test_another_key_opens_nothing_and_what_fails_while_it_is_written_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "one.backup"
    sealed_files.seal(path, KEY, {}, [b"row"])
    with pytest.raises(SealedFileError):
        sealed_files.head(path, b"o" * 32)

    def failing() -> Iterator[bytes]:
        yield b"row"
        raise backups.BackupError("pg_dump failed")

    with pytest.raises(backups.BackupError):
        sealed_files.seal(tmp_path / "two.backup", KEY, {}, failing())
    assert [one.name for one in tmp_path.iterdir()] == ["one.backup"]


def test_the_backup_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "backup.key"
    assert load_backup_key(path) == load_backup_key(path) != b""
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("short")
    with pytest.raises(CryptoError):
        load_backup_key(path)


def test_five_minutes_are_kept_for_two_hours_hours_for_a_day_and_days_for_five_weeks() -> None:
    made = [NOW - n * 5 * MINUTE for n in range(60 * 24 * 12)]
    keep = sorted(kept(made, NOW), reverse=True)
    ages = [NOW - at for at in keep]
    assert sum(age <= timedelta(hours=2) for age in ages) == 25
    assert sum(timedelta(hours=2) < age <= timedelta(days=1) for age in ages) == 22
    days = [at.date() for at in keep if NOW - at > timedelta(days=1)]
    assert len(days) == len(set(days)) == 35
    assert max(ages) <= timedelta(days=35)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=365 * 10)], ids=["right", "ten-years-ahead"])
def test_fourteen_days_are_kept_whatever_the_clock_says(ahead: timedelta) -> None:
    made = [NOW - timedelta(days=50 + day, hours=hour) for day in range(20) for hour in (0, 1)]
    keep = kept([*made, NOW + ahead], NOW + ahead)
    assert keep == {NOW + ahead, *(NOW - timedelta(days=50 + day) for day in range(13))}


@sqlite_only
def test_nothing_is_deleted_while_the_clock_is_in_doubt(database: Database, settings: Settings) -> None:
    for n in range(20):
        backups.make(database, settings, NOW - timedelta(days=100 + n))
    ticking = Clock(database, [])
    ticking.tick(NOW)
    ticking.tick(NOW + timedelta(days=3))
    assert backups.thin(database, settings, NOW) == 0
    with database.writing() as session:
        trust_wall(session)
    assert backups.thin(database, settings, NOW) == 6


def test_thinning_again_and_again_keeps_what_thinning_once_would() -> None:
    left: set[datetime] = set()
    for n in range(12 * 24 * 3):
        at = NOW + n * 5 * MINUTE
        left = kept({*left, at}, at)
    hours = {one for one in left if timedelta(hours=2) < at - one <= timedelta(days=1)}
    assert 22 <= len(hours) <= 24
    assert {NOW.date(), (NOW + timedelta(days=1)).date()} <= {one.date() for one in left - hours}


@sqlite_only
def test_a_copy_holds_what_was_committed_when_it_was_begun(database: Database, settings: Settings, tmp_path: Path) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO opt_out (number_index, via, at) VALUES (x'01', 'sms', '2026-03-18 10:00:00')"))
    copy = backups.make(database, settings, NOW)
    with database.writing() as session:
        session.execute(text("DELETE FROM opt_out"))
    backups.unpack(copy.path, settings, tmp_path / "back.db")
    again = Database(f"sqlite:///{tmp_path / 'back.db'}")
    with again.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM opt_out")) == 1
    again.close()
    assert [one.at for one in backups.copies(settings.backup_path)] == [NOW]
    assert {one.name for one in settings.backup_path.iterdir()} == {copy.path.name}


def test_a_file_of_another_name_and_one_that_is_gone_are_no_backups(tmp_path: Path) -> None:
    (tmp_path / "20260318T100000Z.backup").write_bytes(b"x")
    (tmp_path / "before-the-move.backup").write_bytes(b"x")
    (tmp_path / "20260318T100500Z (1).backup").write_bytes(b"x")
    (tmp_path / "20260318T101000Z.backup").symlink_to(tmp_path / "gone")
    assert [one.at for one in backups.copies(tmp_path)] == [NOW]


@sqlite_only
def test_nothing_unsealed_lies_among_the_backups_and_what_a_killed_process_left_is_swept(
    database: Database, settings: Settings
) -> None:
    backups.make(database, settings, NOW)
    assert [one.name for one in settings.backup_path.iterdir()] == ["20260318T100000Z.backup"]
    assert list(settings.draft_path.iterdir()) == []
    fresh, old = backups.drafts(settings), backups.drafts(settings)
    killed = settings.backup_path / "drill-abc"
    killed.mkdir()
    for folder in (old, killed):
        (folder / "copy.db").write_bytes(b"rows")
    part = settings.backup_path / "20260318T090000Z.backup.part"
    part.write_bytes(b"half")
    moments = {fresh: NOW - MINUTE, old: NOW - timedelta(days=1), killed: NOW - timedelta(days=1), part: NOW - timedelta(days=1)}
    for path, at in moments.items():
        os.utime(path, (at.timestamp(), at.timestamp()))
    assert backups.thin(database, settings, NOW) == 0
    assert list(settings.draft_path.iterdir()) == [fresh]
    assert [one.name for one in settings.backup_path.iterdir()] == ["20260318T100000Z.backup"]


@sqlite_only
@pytest.mark.parametrize(
    ("age", "minutes", "expected"),
    [(None, 5, True), (4, 5, False), (5, 5, True), (50, 0, False), (-60, 5, True)],
    ids=["none-yet", "fresh", "old", "switched-off", "from-the-future"],
)
def test_a_backup_is_due_every_few_minutes(
    database: Database, settings: Settings, age: int | None, minutes: int, expected: bool
) -> None:
    if age is not None:
        backups.make(database, settings, NOW - age * MINUTE)
    assert backups.due(database, settings.model_copy(update={"backup_minutes": minutes}), NOW) is expected


@sqlite_only
def test_the_journal_is_written_with_its_transaction_and_read_from_where_a_backup_left_it(
    database: Database, tmp_path: Path
) -> None:
    journal = database.journal = Journal(tmp_path / "journal")
    with database.writing() as session:
        note(session, No.STOP, b"\x01")
    place = journal.place()
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        note(session, No.ERASE, b"\x02")
        raise ZeroDivisionError
    with database.writing() as session:
        note(session, No.WITHDRAW, b"\x03", "push", 7)
    assert [(one.what, one.index, one.purpose, one.member_id) for one in journal.since(place)] == [(No.WITHDRAW, "03", "push", 7)]
    assert [one.what for one in journal.everything()] == [No.STOP, No.WITHDRAW]


def test_half_a_line_left_by_a_power_cut_hides_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    place = journal.place()
    with journal.path.open("ab") as file:
        file.write(b'{"what": "st')
    journal.write([Entry(No.STOP, "04")])
    assert [one.index for one in journal.since(place)] == ["04"]


@pytest.mark.parametrize(
    "left",
    [b"", b'{"journ', b"\0" * 40, b'{"journ\n{"what": "stop", "index": "07"}\n', b'{"what": "stop", "index": "07"}\n{"wh'],
    ids=["empty", "half-a-name", "zeros", "written-after-half-a-name", "no-name"],
)
def test_a_journal_cut_off_as_it_began_takes_on_what_comes_and_keeps_what_was_whole(tmp_path: Path, left: bytes) -> None:
    journal = Journal(tmp_path / "journal")
    journal.path.write_bytes(left)
    with pytest.raises(JournalError, match="missing"):
        journal.since(Place("ab", 0))
    with capture_logs() as said:
        place = journal.place()
    assert next((one["event"], one["bytes"]) for one in said) == ("journal.begun", len(left))
    assert journal.place() == place, "begun once"
    journal.write([Entry(No.STOP, "08")])
    assert [one.index for one in journal.since(place)] == ["08"]
    with capture_logs() as said:
        found = [one.index for one in journal.everything()]
    assert found == (["07", "08"] if b"07" in left else ["08"])
    assert [one["lines"] for one in said] == ([1] if left else []), "half a line is told of"


def test_a_disk_that_takes_half_an_entry_lets_nothing_commit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    place = journal.place()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (place.offset + 10, before[1]))  # like a disk with ten bytes left
    try:
        with pytest.raises(OSError, match="half"):
            journal.write([Entry(No.STOP, "05")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    journal.write([Entry(No.STOP, "06")])
    assert [one.index for one in journal.since(place)] == ["06"]


def test_another_journal_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    place = Journal(tmp_path / "journal").place()
    for name, why in (("other", "another"), ("none", "missing")):
        if name == "other":
            Journal(tmp_path / name).place()
        with pytest.raises(JournalError, match=why):
            Journal(tmp_path / name).since(place)
    with pytest.raises(JournalError, match="another"):
        Journal(tmp_path / "journal").since(Place(place.journal, place.offset + 1))
