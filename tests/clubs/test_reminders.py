"""Reminders of reports that are due: whom, when, in which words, and what ends them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from clubs import pauses, reminders
from clubs.grammar.judge import judge
from clubs.models import Club, Member, Post, Role
from clubs.records import ExpectedReport, ExpectedState, Report, ReportState
from clubs.reports import apply_verdict
from clubs.standing import context_for
from messaging import contacts, windows
from messaging.claim import claim
from messaging.exchange import Exchange
from messaging.models import Channel, Contact, Direction, Kind, Message, MessageState, Ramadan
from tests.world import World

DUE = date(2026, 3, 11)
Tick = Callable[[int], list[tuple[str, int, str]]]


@pytest.fixture
def owing(exchange: Exchange, world: World) -> World:
    """Club 1032 owes Wednesday 11 March; Oumar supervises its village."""
    with exchange.database.writing() as session:
        session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=DUE, state=ExpectedState.WAITING))
        for club in session.scalars(select(Club)):
            club.next_expected = date(2027, 1, 1)
        member = session.get_one(Member, world.members["oumar"])
        member.role = Role.SUPERVISOR
        session.add(Post(member_id=member.id, village_id=world.villages[0], since=date(2026, 1, 1)))
    return world


def at(day: int) -> datetime:
    return datetime.fromisoformat("2026-03-11T09:00:00+00:00") + timedelta(days=day)


@pytest.fixture
def tick(exchange: Exchange, owing: World) -> Tick:
    """Run the clock so many days after the due one; all notices so far as (who, day, state)."""
    names = {id_: name for name, id_ in owing.contacts.items()}

    def run(day: int) -> list[tuple[str, int, str]]:
        reminders.expect(exchange, at(day))
        with exchange.database.reading() as session:
            rows = session.scalars(select(Message).where(Message.kind == Kind.REMINDER).order_by(Message.id))
            return [(names[row.contact_id], (row.created_at.date() - DUE).days, row.state.value) for row in rows]

    return run


def test_the_facilitator_on_the_first_and_fourth_day_then_the_supervisor_on_the_seventh(tick: Tick) -> None:
    for day in range(16):
        tick(day)
        found = tick(day)  # a beat that runs twice a day says nothing twice
    assert [(who, day) for who, day, _ in found] == [("moussa", 1), ("moussa", 4), ("oumar", 7)]


def test_a_clock_that_was_down_sends_what_is_due_now_alone(tick: Tick) -> None:
    assert [(who, day) for who, day, _ in tick(5)] == [("moussa", 5)]
    assert len(tick(6)) == 1
    assert tick(20)[1:] == [], "after fourteen days it is missing"


def test_a_reminder_waits_for_the_hours_that_the_club_chose(exchange: Exchange, tick: Tick, owing: World) -> None:
    with exchange.database.writing() as session:
        session.get_one(Club, owing.clubs["1032"]).hours = "19:00-21:00"
    tick(1)
    with exchange.database.writing() as session:
        assert not claim(session, exchange.settings, owing.channel, at(1), "test").taken
    with exchange.database.writing() as session:
        evening = at(1).replace(hour=19, minute=30)
        assert len(claim(session, exchange.settings, owing.channel, evening, "test").taken) == 1


def test_the_words_name_the_club_and_the_day_in_one_sms(exchange: Exchange, tick: Tick) -> None:
    tick(1)
    tick(7)
    with exchange.database.reading() as session:
        first, last = session.scalars(select(Message).where(Message.kind == Kind.REMINDER).order_by(Message.id))
        assert "club 1032 pour mer. 11 mars" in (first.text or "")
        assert "1032" in (last.text or "")
        assert "PAUSE 1032 14" in (last.text or "")
        assert {first.parts, last.parts} == {1}


@pytest.mark.parametrize("text", ["CR D11 12 18 7", "RAS 1 D11"], ids=["a session", "none was held"])
def test_a_report_ends_them_and_takes_back_the_one_that_waits(exchange: Exchange, tick: Tick, owing: World, text: str) -> None:
    assert tick(1) == [("moussa", 1, "queued")]
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, owing.contacts["moussa"])
        message = Message(direction=Direction.IN, channel_id=owing.channel, contact_id=contact.id, state=MessageState.RECEIVED)
        message.not_before = message.created_at = at(1)
        session.add(message)
        session.flush()
        apply_verdict(session, judge(text, context_for(session, contact, at(1))), contact, message, at(1))
    for day in range(2, 15):
        assert tick(day) == [("moussa", 1, "cancelled")]


def test_a_stop_ends_them(exchange: Exchange, tick: Tick, owing: World) -> None:
    tick(1)
    with exchange.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, owing.contacts["moussa"]), at(1), "sms")
    assert tick(4) == [("moussa", 1, "suppressed")]


def test_a_pause_ends_them_at_once_and_excuses_the_report(exchange: Exchange, tick: Tick, owing: World) -> None:
    tick(1)
    with exchange.database.writing() as session:
        club = session.get_one(Club, owing.clubs["1032"])
        pauses.pause(session, club, at(9).date(), since=DUE, now=at(1))
    assert tick(7) == [("moussa", 1, "cancelled")]
    with exchange.database.reading() as session:
        assert session.scalars(select(ExpectedReport.state)).one() is ExpectedState.EXCUSED


def test_a_session_that_lies_with_the_supervisor_is_not_asked_for(exchange: Exchange, tick: Tick, owing: World) -> None:
    with exchange.database.writing() as session:
        held = Report(
            number=1, kind="CR", club_id=owing.clubs["1032"], session_date=DUE, state=ReportState.HELD, reported_at=at(0)
        )
        session.add(held)
    assert [tick(day) for day in (1, 4, 7)] == [[], [], []]


def test_one_reminder_a_number_a_day_however_many_clubs(exchange: Exchange, tick: Tick, owing: World) -> None:
    with exchange.database.writing() as session:
        session.add(Post(member_id=owing.members["moussa"], club_id=owing.clubs["2043"], since=date(2026, 1, 1)))
        session.execute(delete(Post).where(Post.member_id == owing.members["sory"]))
        session.add(ExpectedReport(club_id=owing.clubs["2043"], due_on=DUE, state=ExpectedState.WAITING))
    assert len(tick(1)) == 1
    assert len(tick(2)) == 2


def test_silent_clubs_share_one_sms_to_their_supervisor(exchange: Exchange, tick: Tick, owing: World) -> None:
    third = next(code for code in owing.clubs if code not in ("1032", "2043"))
    with exchange.database.writing() as session:
        session.add(ExpectedReport(club_id=owing.clubs[third], due_on=DUE, state=ExpectedState.WAITING))
    tick(7)
    with exchange.database.reading() as session:
        (row,) = session.scalars(select(Message).where(Message.contact_id == owing.contacts["oumar"]))
        assert f"1032, {third}" in (row.text or "")


@pytest.mark.parametrize("phone", [False, True], ids=["has no phone", "said STOP"])
def test_where_the_longest_in_post_cannot_be_told_the_next_is(exchange: Exchange, tick: Tick, owing: World, phone: bool) -> None:
    with exchange.database.writing() as session:
        first = session.get_one(Member, owing.members["binta"])
        first.role = Role.SUPERVISOR
        session.add(Post(member_id=first.id, village_id=owing.villages[0], since=date(2025, 1, 1)))
        if phone:
            contacts.stop(session, session.get_one(Contact, owing.contacts["binta"]), at(0), "sms")
        else:
            first.contact_id = None
    assert [who for who, _, _ in tick(7)] == ["oumar"]


def test_without_approved_words_a_real_channel_says_nothing(exchange: Exchange, tick: Tick, owing: World) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, owing.channel).gateway = "android"
        session.get_one(Contact, owing.contacts["moussa"]).number = "+22376123456"
    assert tick(1) == []


@pytest.mark.parametrize(
    ("hour", "leaves"),
    [(9, False), (10, True), (13, False), (17, False), (21, True)],
    ids=["before", "in the morning", "after noon", "where it is usual", "in the evening"],
)
def test_in_ramadan_they_leave_in_its_own_hours(exchange: Exchange, tick: Tick, owing: World, hour: int, leaves: bool) -> None:
    with exchange.database.writing() as session:
        session.add(Ramadan(first_day=date(2026, 2, 18), last_day=date(2026, 3, 19)))
    tick(1)
    moment = at(1).replace(hour=hour)
    with exchange.database.writing() as session:
        assert bool(claim(session, exchange.settings, owing.channel, moment, "test").taken) is leaves
        assert windows.of(exchange.settings).is_open(at(1).replace(hour=17))


def test_nothing_is_queued_for_a_club_without_a_phone(exchange: Exchange, tick: Tick, owing: World) -> None:
    with exchange.database.writing() as session:
        _silence(session, owing)
    assert tick(1) == []
    assert [(who, day) for who, day, _ in tick(7)] == [("oumar", 7)]


def _silence(session: Session, owing: World) -> None:
    session.get_one(Member, owing.members["moussa"]).contact_id = None
