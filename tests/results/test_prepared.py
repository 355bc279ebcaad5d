"""Prepared files: made once, theirs who asked in that role, gone after seven days; a signed month is never written again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clubs.records import Report, ReportState
from messaging.exchange import Exchange
from results import closing, prepared
from results.models import ExportFile, FileKind, FileState, MonthClose
from results.prepared import Asker
from results.scope import Scope
from runtime.database import Database
from tests.world import World

NOW = datetime(2026, 4, 2, 9, tzinfo=UTC)
MARCH = Scope(date(2026, 3, 1), date(2026, 3, 31))


def asked(exchange: Exchange, asker: Asker) -> int:
    with exchange.database.writing() as session:
        return prepared.ask(session, exchange, FileKind.CSV, MARCH, asker, NOW).id


def test_a_file_is_made_once_and_gone_after_seven_days(exchange: Exchange, month: World) -> None:
    number = asked(exchange, Asker(month.staff["fanta"], frozenset({"communication"}), None))
    assert prepared.prepare(exchange, number, lambda: NOW)
    assert not prepared.prepare(exchange, number, lambda: NOW), "a second nudge makes nothing twice"
    with exchange.database.reading() as session:
        row = session.get_one(ExportFile, number)
        assert (row.state, row.size) == (FileState.READY, len(row.data or b""))
        assert 0 < row.done <= row.steps
    assert prepared.tidy(exchange, NOW + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert prepared.tidy(exchange, NOW + timedelta(days=7)) == 1


def test_a_file_that_stood_still_is_begun_again(exchange: Exchange, month: World) -> None:
    number = asked(exchange, Asker(month.staff["fanta"], frozenset({"communication"}), None))
    with exchange.database.writing() as session:
        session.get_one(ExportFile, number).state = FileState.MAKING  # whoever made it was killed
    prepared.tidy(exchange, NOW + timedelta(minutes=16))
    assert prepared.prepare(exchange, number, lambda: NOW)


def test_a_file_that_takes_long_is_not_begun_a_second_time(exchange: Exchange, month: World) -> None:
    number = asked(exchange, Asker(month.staff["fanta"], frozenset({"communication"}), None))
    minutes = iter(range(0, 600, 5))
    states: list[FileState] = []

    def clock() -> datetime:
        at = NOW + timedelta(minutes=next(minutes))
        prepared.tidy(exchange, at)
        with exchange.database.reading() as session:
            states.append(session.get_one(ExportFile, number).state)
        return at

    assert prepared.prepare(exchange, number, clock)
    assert len(states) > 4, "it took longer than a file may stand still"
    assert set(states[1:]) == {FileState.MAKING}


def test_a_file_that_another_finished_meanwhile_stays_as_it_is(exchange: Exchange, month: World) -> None:
    number = asked(exchange, Asker(month.staff["fanta"], frozenset({"communication"}), None))

    def clock() -> datetime:
        with exchange.database.writing() as session:
            row = session.get_one(ExportFile, number)
            if row.state is FileState.MAKING:
                row.state, row.data = FileState.READY, b"made by another"
        return NOW

    prepared.prepare(exchange, number, clock)
    with exchange.database.reading() as session:
        assert session.get_one(ExportFile, number).data == b"made by another"


def test_asking_again_for_an_unfinished_file_gives_the_same(exchange: Exchange, month: World) -> None:
    fanta = Asker(month.staff["fanta"], frozenset({"communication"}), None)
    number = asked(exchange, fanta)
    assert asked(exchange, fanta) == number
    assert asked(exchange, Asker(month.staff["adama"], fanta.roles, None)) != number
    prepared.prepare(exchange, number, lambda: NOW)
    assert asked(exchange, fanta) != number, "a finished one may have grown old"


@pytest.mark.parametrize(
    ("other", "may"),
    [
        pytest.param(Asker(99, frozenset({"terrain"}), frozenset({1})), True, id="the same role in the same villages"),
        pytest.param(Asker(99, frozenset({"terrain"}), frozenset({2})), False, id="the same role elsewhere"),
        pytest.param(Asker(99, frozenset({"lecture"}), frozenset({1})), False, id="another role"),
        pytest.param(Asker(1, frozenset({"terrain", "suivi"}), frozenset({1})), True, id="whoever asked, in one role more"),
        pytest.param(Asker(1, frozenset({"lecture"}), frozenset({1})), False, id="whoever asked and lost the role"),
        pytest.param(Asker(1, frozenset({"terrain"}), frozenset({2})), False, id="whoever asked and lost the village"),
    ],
)
def test_only_its_askers_role_may_fetch_it(other: Asker, may: bool) -> None:
    row = ExportFile(asked_by=1, asked_as=["terrain"], villages=[1])
    assert other.may_fetch(row) is may


def test_a_signed_month_is_never_written_again(database: Database, month: World) -> None:
    with database.writing() as session:
        row = closing.close_month(session, MARCH.since, "Un bon mois.", month.staff["fanta"], NOW)
    with pytest.raises(closing.ClosingError), database.writing() as session:
        session.get_one(MonthClose, row.id).narrative = "Un mois meilleur."
    with pytest.raises(closing.ClosingError), database.writing() as session:
        session.delete(session.get_one(MonthClose, row.id))


def test_what_came_after_the_signature_is_told_apart(database: Database, month: World) -> None:
    with database.writing() as session:
        row = closing.close_month(session, MARCH.since, "Un bon mois.", month.staff["fanta"], NOW)
        assert closing.changed(session, row) == []
        assert [report.number for report in closing.still_open(session, MARCH.since)] == [4]
    with database.writing() as session:
        held = session.query(Report).filter_by(number=4).one()
        held.state, held.decided_at = ReportState.VALID, NOW + timedelta(days=1)
    with database.reading() as session:
        kept = session.get_one(MonthClose, row.id)
        told = {each.label: (each.signed, each.now) for each in closing.changed(session, kept)}
        assert told["Séances tenues"] == (3, 4)
        assert [report.number for report in closing.corrections(session, kept)] == [4]


@pytest.mark.parametrize(
    ("first", "narrative", "why"),
    [
        pytest.param(date(2026, 4, 1), "Tout va bien.", "not_over", id="before its end"),
        pytest.param(date(2026, 3, 1), "  ", "no_narrative", id="without a word"),
    ],
)
def test_a_month_is_not_closed(database: Database, month: World, first: date, narrative: str, why: str) -> None:
    with pytest.raises(closing.ClosingError, match=why), database.writing() as session:
        closing.close_month(session, first, narrative, month.staff["fanta"], NOW)
