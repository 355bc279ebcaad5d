"""What the grammar decides is stored as decided: versions, holds, drafts, undoing, and what it makes of expected days."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import by_hand
from clubs.by_keypad import known_theme
from clubs.expected import age, plan, silent
from clubs.grammar.judge import judge
from clubs.grammar.values import Kind, Outcome, ProblemId
from clubs.grammar.verdict import Verdict
from clubs.models import Club, Member, Post, Role
from clubs.records import Action, ExpectedReport, ExpectedState, Inquiry, Report, ReportState, SpotCheck
from clubs.reports import apply_verdict, versions
from clubs.standing import context_for
from messaging import contacts
from messaging.models import Contact, ContactState, Direction, Message, MessageState
from runtime.database import Database
from tests.world import World
from translations.models import Theme

Say = Callable[..., Verdict]


@pytest.fixture
def say(database: Database, world: World, now: datetime) -> Say:
    """Have somebody text, as the second transaction of an inbound SMS does it."""

    def texting(text: str, sender: str = "moussa", later: timedelta = timedelta()) -> Verdict:
        with database.writing() as session:
            contact = session.get_one(Contact, world.contacts[sender])
            at = now + later
            message = Message(
                direction=Direction.IN,
                channel_id=world.channel,
                contact_id=contact.id,
                state=MessageState.RECEIVED,
                not_before=at,
                created_at=at,
            )
            session.add(message)
            session.flush()
            verdict = judge(text, context_for(session, contact, at))
            apply_verdict(session, verdict, contact, message, at)
        return verdict

    return texting


def rows(database: Database, *states: ReportState) -> list[Report]:
    with database.reading() as session:
        return list(session.scalars(select(Report).where(Report.state.in_(states)).order_by(Report.id)))


def supervised(database: Database, world: World, now: datetime) -> None:
    """Oumar supervises Awa's village."""
    with database.writing() as session:
        member = session.get_one(Member, world.members["oumar"])
        member.role = Role.SUPERVISOR
        session.add(Post(member_id=member.id, village_id=world.villages[0], since=now.date()))


def test_a_report_is_stored_with_its_figures_under_the_number_the_reply_names(database: Database, world: World, say: Say) -> None:
    verdict = say("CR 12 18 7 9 1")
    (row,) = rows(database, ReportState.VALID)
    assert verdict.outcome is Outcome.ACK
    assert (row.number, row.kind, row.session_date, row.club_id) == (1, "CR", date(2026, 3, 18), world.clubs["1032"])
    assert row.values == {"theme": 12, "women": 18, "men": 7, "youth": 9, "radio": True}
    assert "1" in verdict.reply


def test_themes_are_those_that_staff_wrote(database: Database, world: World, say: Say, now: datetime) -> None:
    long = "purée de niébé et de feuilles pour les tout-petits"[:40]
    with database.writing() as session:
        session.get_one(Theme, 12).short = "goûter de midi"
        session.delete(session.get_one(Theme, 13))
        session.add_all(Theme(code=code, name="Purée", short=long, group="Enfant") for code in (15, 16))
    assert "gouter de midi, 18 femmes" in say("CR 12 18 7").reply
    assert "purée de niébé" in say("CR D17 15 18 7", later=timedelta(minutes=5)).reply
    unknown = say("CR D16 13 18 7", later=timedelta(minutes=9))
    assert (unknown.outcome, unknown.problem) == (Outcome.ASK, ProblemId.THEME)
    assert len(say("CR D16 17 18 7", later=timedelta(minutes=12)).reply) <= 160, "two long names still fit one SMS"
    with database.writing() as session:
        assert known_theme(session, "15")
        assert not known_theme(session, "13")
        club = session.get_one(Club, world.clubs["2043"])
        typed = by_hand.Typed(Kind.CR, now.date(), {"theme": "15", "women": "18", "men": "7"})
        assert by_hand.judge_typed(session, club, typed, now).outcome is Outcome.ACK


def test_a_second_report_of_the_day_replaces_the_first_and_keeps_it(database: Database, say: Say) -> None:
    say("CR 12 18 7 9 1")
    assert say("CR 12 21 4", later=timedelta(minutes=5)).outcome is Outcome.FIX
    (standing,) = rows(database, ReportState.VALID)
    (old,) = rows(database, ReportState.REPLACED)
    assert (standing.number, standing.version, standing.values["women"]) == (1, 2, 21)
    assert (old.number, old.version, old.replaced_by) == (1, 1, standing.id)


def test_undoing_a_correction_brings_the_first_version_back(database: Database, say: Say) -> None:
    say("CR 12 18 7 9 1")
    say("CR 12 21 4", later=timedelta(minutes=5))
    say("AN", later=timedelta(minutes=6))
    (standing,) = rows(database, ReportState.VALID)
    assert (standing.version, standing.values["women"]) == (1, 18)
    say("AN", later=timedelta(minutes=8))
    assert len(rows(database, ReportState.VALID)) == 1, "a second bare AN within ten minutes is the same wish"
    say("AN", later=timedelta(minutes=20))
    assert rows(database, ReportState.VALID) == []


def test_an_incomplete_report_waits_as_a_draft_and_one_label_completes_it(database: Database, say: Say) -> None:
    assert say("CR 12 18").outcome is Outcome.ASK
    (draft,) = rows(database, ReportState.DRAFT)
    assert draft.number is None
    say("H7", later=timedelta(hours=2))
    (row,) = rows(database, ReportState.VALID)
    assert row.values == {"theme": 12, "women": 18, "men": 7}
    assert rows(database, ReportState.DRAFT) == []


def test_a_draft_of_yesterday_is_not_completed_any_more(database: Database, say: Say) -> None:
    say("CR 12 18")
    say("H7", later=timedelta(hours=25))
    assert rows(database, ReportState.VALID) == []


def test_a_very_large_session_is_held_until_oui(database: Database, say: Say) -> None:
    assert say("CR 12 95 40").outcome is Outcome.HOLD
    assert rows(database, ReportState.VALID) == []
    say("OUI", later=timedelta(minutes=3))
    (row,) = rows(database, ReportState.VALID)
    assert (row.values["women"], row.decided_at is not None) == (95, True)


def test_a_smaller_figure_sent_for_a_held_report_replaces_it(database: Database, say: Say) -> None:
    say("CR 12 95 40")
    say("CR 12 45 20", later=timedelta(minutes=3))
    assert rows(database, ReportState.HELD) == []
    assert [row.values["women"] for row in rows(database, ReportState.VALID)] == [45]
    say("AN", later=timedelta(minutes=5))
    assert rows(database, ReportState.VALID) == [], "what was never confirmed does not count because its correction was undone"
    assert [row.values["women"] for row in rows(database, ReportState.HELD)] == [95]


def test_another_theme_the_same_day_is_asked_about_and_two_makes_a_second_session(database: Database, say: Say) -> None:
    say("CR 12 18 7")
    assert say("CR 13 21 4", later=timedelta(minutes=1)).outcome is Outcome.ASK
    say("2", later=timedelta(minutes=2))
    first, second = rows(database, ReportState.VALID)
    assert (first.session_order, second.session_order, second.values["theme"]) == (1, 2, 13)


def test_a_choice_is_remembered_with_its_note_sealed(database: Database, say: Say) -> None:
    say("CR 12 18 7")
    say("CR 13 21 4 Merci Awa", later=timedelta(minutes=1))
    say("1", later=timedelta(minutes=2))
    (row,) = rows(database, ReportState.VALID)
    assert (row.version, row.values["theme"], row.note) == (2, 13, "Merci Awa")


def test_a_stranger_report_stays_outside_until_a_supervisor_accepts_it(
    database: Database, world: World, say: Say, now: datetime
) -> None:
    supervised(database, world, now)
    with database.writing() as session:
        stranger = contacts.find_or_create(session, "+22300990001", now)
        verdict = judge("CR C1032 12 18 7", context_for(session, stranger, now))
        apply_verdict(session, verdict, stranger, None, now)
    (row,) = rows(database, ReportState.UNVERIFIED)
    assert say("VAL 1", "sory").outcome is Outcome.INFO, "Sory supervises nobody"
    assert say("VAL 1", "oumar").outcome is Outcome.ACK
    (valid,) = rows(database, ReportState.VALID)
    assert valid.id == row.id


def test_an_excuse_gives_way_to_the_session_that_was_held_after_all(database: Database, say: Say) -> None:
    say("RAS 1")
    say("CR 12 18 7", later=timedelta(minutes=1))
    assert [row.kind for row in rows(database, ReportState.VALID)] == ["CR"]
    say("AN", later=timedelta(minutes=2))
    assert [row.kind for row in rows(database, ReportState.VALID)] == ["RAS"]


def test_an_action_is_numbered_in_its_club_and_done_by_its_number(database: Database, say: Say) -> None:
    say("AC 2 40 pieds de moringa")
    assert say("AC 2 40 pieds de moringa", later=timedelta(hours=1)).outcome is Outcome.INFO, "déjà noté"
    say("FAIT 1 40", later=timedelta(days=2))
    with database.reading() as session:
        (action,) = session.scalars(select(Action))
        assert (action.number, action.type, action.quantity, action.note) == (1, 2, 40, "40 pieds de moringa")
        assert action.done_on == date(2026, 3, 20)


def test_a_question_becomes_an_inquiry_of_the_club(database: Database, world: World, say: Say) -> None:
    say("Q Peut-on donner un oeuf a 7 mois ?", "awa")
    with database.reading() as session:
        (inquiry,) = session.scalars(select(Inquiry))
        assert (inquiry.number, inquiry.text) == (1, "Peut-on donner un oeuf a 7 mois ?")
        assert inquiry.club_id == world.clubs["1032"]


def test_a_supervisor_sees_and_pauses_only_her_own(database: Database, world: World, say: Say, now: datetime) -> None:
    supervised(database, world, now)
    say("CR 12 18 7")
    say("VU 1 20 6", "oumar", timedelta(hours=1))
    say("PAUSE 1032 14", "oumar", timedelta(hours=1))
    say("PAUSE 2043 14", "oumar", timedelta(hours=1))
    with database.reading() as session:
        (check,) = session.scalars(select(SpotCheck))
        assert (check.women, check.men) == (20, 6)
        assert session.get_one(Club, world.clubs["1032"]).paused_until == date(2026, 4, 1)
        assert session.get_one(Club, world.clubs["2043"]).paused_until is None
    say("REPRISE 1032", "oumar", timedelta(hours=2))
    with database.reading() as session:
        assert session.get_one(Club, world.clubs["1032"]).paused_until is None


def test_an_announced_number_gets_nothing_until_it_speaks(database: Database, say: Say) -> None:
    say("INS 00991234")
    with database.reading() as session:
        contact = contacts.find(session, "+22300991234")
        assert contact is not None
        assert contact.state is ContactState.ANNOUNCED


def test_staff_enter_and_correct_a_report_by_hand(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        club = session.get_one(Club, world.clubs["1032"])
        for women, youth, corrects in (("18", "9", None), ("19", "", 1)):
            typed = by_hand.Typed(Kind.CR, now.date(), {"theme": "12", "women": women, "men": "7", "youth": youth})
            verdict = by_hand.judge_typed(session, club, typed, now, corrects=corrects)
            by_hand.store(session, verdict, world.staff["moussa"], now)
    with database.reading() as session:
        first, second = versions(session, 1)
        assert (first.state, second.state) == (ReportState.REPLACED, ReportState.VALID)
        assert (second.entered_by, second.values) == (world.staff["moussa"], {"theme": 12, "women": 19, "men": 7})


def test_val_counts_the_version_that_waits_and_not_a_later_one_that_was_undone(
    database: Database, world: World, say: Say, now: datetime
) -> None:
    supervised(database, world, now)
    say("CR 12 95 40")
    say("CR 12 45 20", later=timedelta(minutes=3))
    say("AN", later=timedelta(minutes=5))
    say("VAL 1", "oumar", timedelta(minutes=20))
    (row,) = rows(database, ReportState.VALID)
    assert (row.version, row.values["women"]) == (1, 95)
    (undone,) = rows(database, ReportState.CANCELLED)
    assert undone.version == 2


def test_non_refuses_the_held_correction_and_the_first_version_still_counts(database: Database, say: Say) -> None:
    say("CR 12 18 7 9 1")
    say("CR 12 95 40", later=timedelta(minutes=3))
    say("NON", later=timedelta(minutes=5))
    (row,) = rows(database, ReportState.VALID)
    assert (row.version, row.values["women"]) == (1, 18)
    (refused,) = rows(database, ReportState.CANCELLED)
    assert refused.version == 2


@pytest.fixture
def weekly(database: Database, world: World) -> World:
    """Club 1032 meets each Wednesday from 4 March on."""
    with database.writing() as session:
        session.get_one(Club, world.clubs["1032"]).next_expected = date(2026, 3, 4)
    return world


def states(session: Session) -> dict[date, ExpectedState]:
    return {row.due_on: row.state for row in session.scalars(select(ExpectedReport))}


def test_a_club_is_waited_for_on_each_of_its_days(database: Database, weekly: World, now: datetime) -> None:
    with database.writing() as session:
        assert plan(session, now.date()) == 3
        assert plan(session, now.date()) == 0
        assert silent(session, now.date()) == [weekly.clubs["1032"]]
        assert age(session, now.date() + timedelta(days=1)) == 1
        assert states(session)[date(2026, 3, 4)] is ExpectedState.MISSING


def test_a_report_settles_its_day_by_how_late_it_came(database: Database, weekly: World, say: Say, now: datetime) -> None:
    with database.writing() as session:
        plan(session, now.date())
    say("CR 12 18 7")
    say("CR D11 12 18 7", later=timedelta(minutes=1))
    with database.reading() as session:
        found = states(session)
        assert found[date(2026, 3, 18)] is ExpectedState.ON_TIME
        assert found[date(2026, 3, 11)] is ExpectedState.LATE
        assert silent(session, now.date()) == []
    say("AN", later=timedelta(minutes=2))
    with database.reading() as session:
        assert states(session)[date(2026, 3, 11)] is ExpectedState.WAITING


def test_a_paused_club_is_excused(database: Database, weekly: World, now: datetime) -> None:
    with database.writing() as session:
        session.get_one(Club, weekly.clubs["1032"]).paused_until = date(2026, 3, 11)
        plan(session, now.date())
        assert list(states(session).values()).count(ExpectedState.EXCUSED) == 2


def test_moussa_cannot_touch_the_reports_of_sory(database: Database, world: World, say: Say) -> None:
    say("CR 12 18 7", "sory")
    say("AN 1", "moussa", timedelta(minutes=1))
    assert len(rows(database, ReportState.VALID)) == 1


def test_a_member_who_left_speaks_for_nobody(database: Database, world: World, say: Say, now: datetime) -> None:
    with database.writing() as session:
        session.get_one(Member, world.members["moussa"]).left_at = now
    assert say("CR 12 18 7").outcome is Outcome.ASK
