"""The indicators equal what a person counts by hand on the small month."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from campaigns.accounts import account
from campaigns.models import Question, Recipient
from clubs.models import Member, Sex
from messaging.models import Broadcast, BroadcastState, Call, CallState, Contact, Message, MessageState, OptOut
from results import release
from results.figure import Figure
from results.indicators import figures
from results.scope import Scope
from results.small import Kept, People
from results.table import Cell, Table
from runtime.crypto import blind
from runtime.database import Database
from tests.world import World
from translations.models import Content

MARCH = Scope(date(2026, 3, 1), date(2026, 3, 31))


def by_id(database: Database, scope: Scope, *, small_cells: bool = True) -> dict[str, Figure]:
    with database.reading() as session:
        return {figure.id: figure for figure in figures(session, scope, small_cells=small_cells)}


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        pytest.param("sessions", 3, id="a corrected session counts once and a held one not at all"),
        pytest.param("attendances", 42, id="18+7, 12+3 and 1+1 were present"),
        pytest.param("attendance_mean", 14.0, id="42 over three sessions"),
        pytest.param("women", 73.8, id="31 women of 42"),
        pytest.param("youth", 40.0, id="10 youths of 25, where youth was told"),
        pytest.param("mothers", 6.0, id="6 mothers in the one session that told"),
        pytest.param("active_clubs", 66.7, id="2 clubs of 3 met"),
        pytest.param("completeness", 75.0, id="3 of 4 expected came, the excused day apart"),
        pytest.param("promptness", 50.0, id="2 of 4 came in time"),
        pytest.param("quiz_gain", 35.7, id="10 more right answers among 28 voters"),
        pytest.param("quiz_right", 50.0, id="one of two phones was right"),
        pytest.param("sms_sent", 2, id="one delivered and one without receipt left"),
        pytest.param("sms_delivered", 50.0, id="one delivered, one failed, the unknown apart"),
        pytest.param("sms_unknown", 1, id="one unknown"),
        pytest.param("sms_received", 1, id="one SMS came in"),
        pytest.param("calls_answered", 50.0, id="one of two numbers answered"),
        pytest.param("seconds_heard", 31.0, id="the one answered call was heard for 31 seconds"),
        pytest.param("core_reached", 100.0, id="the one answered call reached the core"),
        pytest.param("opt_out", 16.7, id="one number of six stopped"),
        pytest.param("members", 8, id="eight members"),
        pytest.param("actions", 50.0, id="one of two actions was done"),
    ],
)
def test_an_indicator_equals_the_count_by_hand(database: Database, month: World, figure: str, value: float) -> None:
    assert by_id(database, MARCH)[figure].value == value


def test_a_mean_over_sessions_has_sessions_for_its_n_and_is_kept_back_by_its_people(database: Database, month: World) -> None:
    made = by_id(database, MARCH)
    assert (made["attendance_mean"].n, made["mothers"].n) == (3, 1)
    assert by_id(database, MARCH, small_cells=False)["attendance_mean"].hidden is None
    two = by_id(database, Scope(MARCH.since, MARCH.until, villages=frozenset({month.villages[1]})), small_cells=False)
    assert two["attendance_mean"].hidden is Kept.FEW


def test_a_village_sees_its_own_sessions_only(database: Database, month: World) -> None:
    own = Scope(MARCH.since, MARCH.until, villages=frozenset({month.villages[1]}))
    found = by_id(database, own)
    assert (found["sessions"].value, found["attendances"].value, found["sms_sent"].value) == (1, 2, 1)


def test_no_village_at_all_is_nothing_not_everything(database: Database, month: World) -> None:
    assert by_id(database, Scope(MARCH.since, MARCH.until, villages=frozenset()))["sessions"].value == 0


def test_a_sex_narrows_what_is_known_by_person(database: Database, month: World) -> None:
    women = Scope(MARCH.since, MARCH.until, sex=Sex.WOMAN)
    assert by_id(database, women)["members"].value == 5
    assert by_id(database, women)["sms_delivered"].value == 100.0


def test_a_figure_about_fewer_than_five_people_is_kept_back(database: Database, month: World) -> None:
    shown = by_id(database, Scope(MARCH.since, MARCH.until, villages=frozenset({month.villages[1]})), small_cells=False)
    assert shown["attendances"].hidden
    assert (shown["attendances"].value, shown["attendances"].numerator, shown["attendances"].n) == (None, 0, 0)


def test_a_gain_under_ten_voters_is_not_told(database: Database, month: World) -> None:
    few = Scope(MARCH.since, MARCH.until, villages=frozenset({month.villages[1]}))
    assert by_id(database, few)["quiz_gain"].value is None


def test_a_call_costs_what_its_tries_cost_and_nothing_set_aside(database: Database, month: World) -> None:
    with database.writing() as session:
        heard = session.query(Call).filter_by(state=CallState.COMPLETED).one()
        heard.price, heard.settled, heard.spent = 40, 40, 25
        missed = session.query(Call).filter_by(state=CallState.NO_ANSWER).one()
        missed.price, missed.settled, missed.retry = 60, 0, True
    assert by_id(database, MARCH)["core_cost"].value == 65


def test_whoever_came_back_counts_and_whoever_came_later_does_not(database: Database, month: World) -> None:
    def opted(name: str, day: int, back: int | None = None) -> OptOut:
        at, ended = datetime(2026, 2, day, tzinfo=UTC), datetime(2026, 2, back, tzinfo=UTC) if back else None
        return OptOut(number_index=blind(name), contact_id=month.contacts[name], via="sms", at=at, ended_at=ended)

    with database.writing() as session:
        session.add_all([opted("awa", 1, back=20), opted("sory", 1)])
        session.get_one(Contact, month.contacts["oumar"]).created_at = datetime(2026, 3, 2, tzinfo=UTC)  # and stopped in March
        session.get_one(Member, month.members["awa"]).joined_at = datetime(2026, 4, 1, tzinfo=UTC)
    found = by_id(database, MARCH)
    assert (found["opt_out"].numerator, found["opt_out"].denominator) == (0, 4)
    assert found["members"].value == 7


def test_a_quiet_period_divides_nothing_by_nothing(database: Database, month: World) -> None:
    empty = by_id(database, Scope(date(2025, 1, 1), date(2025, 1, 31)))
    assert empty["women"].value is None
    assert empty["sessions"].value == 0


def by_table(database: Database, *, small_cells: bool = True) -> dict[str, Table]:
    with database.reading() as session:
        return {table.id: table for table in release.page(session, MARCH, small_cells=small_cells).tables}


def test_planned_is_the_sum_of_what_became_of_each(database: Database, month: World) -> None:
    for table in ("languages", "sexes"):
        for _, planned, *parts in by_table(database)[table].rows:
            assert planned == sum(part for part in parts if isinstance(part, int))


def test_a_shared_phone_reaches_both_sisters(database: Database, month: World) -> None:
    women = next(row for row in by_table(database)["sexes"].rows if row[0] == "Femmes")
    assert women[1:] == (3, 2, 0, 0, 0, 0, 1)


def test_a_week_without_a_session_is_a_zero_that_shows(database: Database, month: World) -> None:
    weeks = by_table(database)["weeks"].rows
    assert [row[1] for row in weeks] == [0, 2, 1, 0, 0, 0]


def test_small_cells_of_a_table_are_kept_back_and_its_sessions_not(database: Database, month: World) -> None:
    villages = by_table(database, small_cells=False)["villages"].rows
    assert villages[1][1:] == (1, *[Kept.FEW] * 4)
    assert villages[0][1:] == (2, *[Kept.BESIDE] * 4), "the total stands above: what is left of it would tell the small one"


def test_a_hidden_cell_is_announced_where_no_figure_is_hidden() -> None:
    rows: tuple[tuple[Cell, ...], ...] = (("Diallassagou", 20, 3), ("Koro", 30, 40))
    table = Table("communes", "Par commune", ("Commune", "Séances", "Présences"), rows, "", People(("Présences",)))
    found = release.close([], [table])
    assert found.tables[0].rows[0][2] is Kept.FEW
    assert found.hides
    assert not release.close([], [replace(table, rows=rows[1:])]).hides


def test_a_busy_line_to_be_called_again_is_pending_as_in_the_account(database: Database, month: World) -> None:
    with database.writing() as session:
        call = session.scalars(select(Call).where(Call.state == CallState.NO_ANSWER)).one()
        call.state, call.retry = CallState.BUSY, True
        waiting = session.scalars(select(Recipient).join(Message).where(Message.state == MessageState.FAILED)).one()
        waiting.message_id, waiting.call_id = None, call.id
    with database.reading() as session:
        told = account(session, session.scalars(select(Broadcast.id)).one())
    (men,) = (row for row in by_table(database)["sexes"].rows if row[0] == "Hommes")
    columns = by_table(database)["sexes"].columns
    assert (men[columns.index("Échoués")], men[columns.index("En attente")]) == (0, 1) == (told.failed, told.pending)


@pytest.mark.parametrize("left", [False, True], ids=["nothing-left", "one-left"])
def test_a_sending_cancelled_before_anything_left_was_planned_for_nobody(database: Database, month: World, left: bool) -> None:
    with database.writing() as session:
        session.scalars(select(Broadcast)).one().state = BroadcastState.CANCELLED
        if left:
            session.scalars(select(Message).where(Message.broadcast_id.is_not(None)).limit(1)).one().sending_at = datetime(
                2026, 3, 10, tzinfo=UTC
            )
    assert sum(row[1] for row in by_table(database)["sexes"].rows if isinstance(row[1], int)) == (6 if left else 0)


def test_a_member_of_no_sex_has_a_line_of_their_own(database: Database, month: World) -> None:
    with database.writing() as session:
        session.get_one(Member, month.members["oumar"]).sex = None
    assert [(row[0], row[1]) for row in by_table(database)["sexes"].rows] == [("non dit", 1), ("Femmes", 3), ("Hommes", 2)]


def test_languages_and_questions_are_called_by_their_names(database: Database, month: World) -> None:
    with database.reading() as session:
        title = session.scalars(select(Content.title).join(Question, Question.content_id == Content.id)).first()
    assert by_table(database)["quiz_phones"].rows[0][0] == title
    assert {row[0] for row in by_table(database)["languages"].rows} == {"français", "aucun message (écartés)"}


def test_the_left_out_do_not_make_their_language_look_unreached(database: Database, month: World) -> None:
    """Hawa speaks Bambara; the others who do got the French that stood in for it."""
    with database.writing() as session:
        session.scalars(select(Recipient).where(Recipient.member_id == month.members["hawa"])).one().language = "bm"
    rows = {row[0]: row[1:] for row in by_table(database)["languages"].rows}
    assert {name: row[0] for name, row in rows.items()} == {"français": 5, "aucun message (écartés)": 1}
    assert rows["aucun message (écartés)"][-1] == 1
