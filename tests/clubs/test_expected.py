"""What becomes of a report we wait for: every planned day is in one state, excused in pauses, late or missing by the calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from clubs import expected, pauses
from clubs.models import Club, MarketRule, Village
from clubs.records import ExpectedReport, ExpectedState, Report, ReportState
from messaging.models import Ramadan
from runtime.database import Database
from tests.world import World

S = ExpectedState
TODAY = date(2026, 3, 18)
WEDNESDAYS = [date(2026, 3, 4), date(2026, 3, 11), date(2026, 3, 18)]


def club_of(session: Session, world: World) -> Club:
    return session.get_one(Club, world.clubs["1032"])


def begin(session: Session, world: World, day: date) -> Club:
    club = club_of(session, world)
    club.next_expected = day
    for code in ("2043", "3051"):
        other = session.scalar(select(Club).where(Club.code == code))
        if other is not None:
            other.active = False
    session.flush()
    return club


def reported(session: Session, club: Club, number: int, day: date, at: datetime, kind: str = "CR") -> Report:
    row = Report(number=number, kind=kind, club_id=club.id, session_date=day, values={}, state=ReportState.VALID, reported_at=at)
    session.add(row)
    session.flush()
    return row


def states(session: Session) -> dict[date, ExpectedState]:
    return {row.due_on: row.state for row in session.scalars(select(ExpectedReport).order_by(ExpectedReport.due_on))}


def test_a_club_with_a_weekday_begins_by_itself_after_today(database: Database, world: World) -> None:
    with database.writing() as session:
        assert expected.plan(session, TODAY) == 0
        assert club_of(session, world).next_expected == date(2026, 3, 25)
        assert expected.plan(session, date(2026, 3, 25)) == 3  # all three clubs of the world meet on Wednesdays


def test_a_club_that_meets_on_the_eve_of_the_market_is_waited_for_then(database: Database, world: World) -> None:
    with database.writing() as session:
        club = begin(session, world, date(2026, 3, 8))
        club.market_rule = MarketRule.EVE
        expected.plan(session, TODAY)
        assert list(states(session)) == [date(2026, 3, 8), date(2026, 3, 15)]  # the market is on Mondays


def test_a_session_moved_off_the_market_is_waited_for_on_its_own_day(database: Database, world: World) -> None:
    with database.writing() as session:
        club = begin(session, world, date(2026, 3, 9))
        club.weekday, club.market_rule = 0, MarketRule.NEVER
        assert expected.plan(session, date(2026, 3, 9)) == 0
        assert expected.plan(session, date(2026, 3, 10)) == 1
        assert list(states(session)) == [date(2026, 3, 10)]
        assert club.next_expected == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("since", "until", "excused"),
    [
        pytest.param(None, date(2026, 3, 11), WEDNESDAYS[:2], id="an open beginning"),
        pytest.param(date(2026, 3, 10), date(2026, 3, 12), WEDNESDAYS[1:2], id="three days"),
        pytest.param(date(2026, 3, 5), date(2026, 3, 10), [], id="between two sessions"),
        pytest.param(date(2026, 3, 11), date(2026, 3, 18), WEDNESDAYS[1:], id="both days counted"),
    ],
)
@pytest.mark.parametrize("where", ["club", "village", "ramadan"])
def test_days_within_a_pause_are_excused(
    database: Database, world: World, where: str, since: date | None, until: date, excused: list[date]
) -> None:
    with database.writing() as session:
        club = begin(session, world, WEDNESDAYS[0])
        if where == "ramadan":
            session.add(Ramadan(first_day=since or date(2026, 3, 1), last_day=until, sessions=False))
        else:
            row = club if where == "club" else session.get_one(Village, club.village_id)
            row.paused_from, row.paused_until = since, until
        expected.plan(session, TODAY)
        assert [day for day, state in states(session).items() if state is S.EXCUSED] == excused


def test_clubs_that_meet_in_ramadan_are_expected(database: Database, world: World) -> None:
    with database.writing() as session:
        begin(session, world, WEDNESDAYS[0])
        session.add(Ramadan(first_day=date(2026, 2, 18), last_day=date(2026, 3, 19), sessions=True))
        expected.plan(session, TODAY)
        assert set(states(session).values()) == {S.WAITING}


def test_a_pause_entered_after_an_outage_excuses_what_was_due_in_it(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        club = begin(session, world, WEDNESDAYS[0])
        expected.plan(session, TODAY)
        expected.age(session, TODAY + timedelta(days=1))
        assert list(states(session).values()) == [S.MISSING, S.WAITING, S.WAITING]
        pauses.pause(session, session.get_one(Village, club.village_id), TODAY, since=date(2026, 3, 3), now=now)
        assert set(states(session).values()) == {S.EXCUSED}
        late = reported(session, club, 1, WEDNESDAYS[1], now)
        expected.settle(session, club, WEDNESDAYS[1], late.id, now)
        assert states(session)[WEDNESDAYS[1]] is S.LATE, "what comes all the same counts"
        late.state = ReportState.CANCELLED
        expected.unsettle(session, late.id, TODAY)
        assert states(session)[WEDNESDAYS[1]] is S.EXCUSED


@pytest.mark.parametrize(
    ("delay", "state"),
    [
        pytest.param(timedelta(hours=1), S.ON_TIME, id="the same evening"),
        pytest.param(timedelta(hours=96), S.ON_TIME, id="seventy-two hours after the day"),
        pytest.param(timedelta(hours=96, seconds=1), S.LATE, id="a second later"),
        pytest.param(timedelta(days=15), S.LATE, id="fourteen days"),
        pytest.param(timedelta(days=15, seconds=1), S.MISSING, id="after fourteen days"),
        pytest.param(timedelta(days=45), S.MISSING, id="still accepted, and missing"),
    ],
)
def test_how_late_a_report_is(delay: timedelta, state: ExpectedState) -> None:
    day = date(2026, 3, 4)
    assert expected.punctuality(day, datetime(2026, 3, 4, tzinfo=UTC) + delay) is state


def test_another_standing_report_takes_the_place_of_one_undone(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        club = begin(session, world, TODAY)
        expected.plan(session, TODAY)
        first = reported(session, club, 1, TODAY, now)
        second = reported(session, club, 2, TODAY + timedelta(days=1), now)
        for row in (first, second):
            expected.settle(session, club, TODAY, row.id, now)
        second.state = ReportState.CANCELLED
        expected.unsettle(session, second.id, TODAY)
        row = session.scalars(select(ExpectedReport)).one()
        assert (row.state, row.report_id) == (S.ON_TIME, first.id)


def test_a_report_that_came_before_its_day_was_written_settles_it(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        club = begin(session, world, TODAY)
        row = reported(session, club, 1, TODAY, now, "RAS")
        assert expected.settle(session, club, TODAY, row.id, now) is None
        expected.plan(session, TODAY)
        assert states(session) == {TODAY: S.ON_TIME}


ACTS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["report", "undo", "pause", "resume", "plan"]), st.integers(0, 40)), max_size=12
)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@trying(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts=ACTS, every=st.sampled_from([5, 7, 14]))
def test_whatever_happens_every_planned_day_is_in_one_state_and_none_is_lost(
    database: Database, world: World, acts: list[tuple[int, str, int]], every: int
) -> None:
    begins = date(2026, 1, 7)
    with database.writing() as session:
        session.execute(delete(ExpectedReport))
        session.execute(delete(Report))
        club = begin(session, world, begins)
        club.every_days, club.weekday, club.paused_from, club.paused_until = every, None, None, None
        for number, (on, act, back) in enumerate(sorted(acts), start=1):
            today = begins + timedelta(days=on)
            at = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
            expected.plan(session, today)
            expected.age(session, today)
            if act == "report":
                day = today - timedelta(days=back)
                expected.settle(session, club, day, reported(session, club, number, day, at).id, at)
            elif act == "undo":
                last = session.scalar(select(Report).where(Report.state == ReportState.VALID).order_by(Report.id.desc()))
                if last is not None:
                    last.state = ReportState.CANCELLED
                    expected.unsettle(session, last.id, today)
            else:
                until = None if act == "resume" else today + timedelta(days=back)
                pauses.pause(session, club, until, since=today, now=at) if act != "plan" else None
        end = begins + timedelta(days=80)
        club.paused_until = None
        expected.plan(session, end)
        expected.age(session, end)
        rows = list(session.scalars(select(ExpectedReport).order_by(ExpectedReport.due_on)))
        assert [row.due_on for row in rows] == [begins + timedelta(days=step * every) for step in range(80 // every + 1)]
        for row in rows:
            came = row.report_id is not None
            young = row.due_on >= end - expected.LATE
            assert came or row.state in ((S.WAITING, S.EXCUSED) if young else (S.MISSING, S.EXCUSED))
            assert not came or row.state in (S.ON_TIME, S.LATE, S.MISSING)
        counted = [row.report_id for row in rows if row.report_id]
        assert len(counted) == len(set(counted)), "one report settles one day"
        session.rollback()
