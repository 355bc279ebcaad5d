"""Suivi des clubs: what a supervisor settles, contradictions, what is late, the month's checks, and airtime owed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clubs import month
from clubs.models import Member, Post, Role
from clubs.records import CreditOwed, ExpectedReport, ExpectedState, Report, ReportState, SpotCheck
from console.staff import RoleName
from messaging.models import Direction, Message, MessageState
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World

R = RoleName
NOW = datetime.now(UTC)
TODAY = NOW.date()
LAST = month.before(TODAY)


def a_report(database: Database, world: World, number: int, code: str = "1032", **more: Any) -> int:
    with database.writing() as session:
        fields: dict[str, Any] = {"kind": "CR", "session_date": TODAY, "state": ReportState.VALID, "version": 1, **more}
        values = fields.pop("values", {"theme": 12, "women": 18, "men": 7})
        row = Report(number=number, club_id=world.clubs[code], values=values, reported_at=NOW, **fields)
        row.contact_id = world.contacts["moussa" if code == "1032" else "sory"]
        session.add(row)
        session.flush()
        return row.id


def sent(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.text or "" for row in session.query(Message).filter_by(direction=Direction.OUT).order_by(Message.id)]


def state(database: Database, id_: int) -> ReportState:
    with database.reading() as session:
        return session.get_one(Report, id_).state


@pytest.mark.parametrize("role", [R.COMMUNICATION, R.TERRAIN], ids=str)
def test_with_nothing_to_look_at_the_page_says_so(signed_in: SignedIn, world: World, role: RoleName) -> None:
    page = signed_in(role, villages=frozenset(world.villages)).get("/suivi")
    assert "Tout est en ordre" in page.text


def test_the_three_lists_of_ones_own_villages(signed_in: SignedIn, world: World, database: Database) -> None:
    a_report(database, world, 57, state=ReportState.HELD, values={"theme": 12, "women": 90, "men": 7})
    a_report(
        database, world, 58, kind="QZ", session_date=TODAY - timedelta(days=3), values={"before": 1, "after": 2, "voters": 9}
    )
    with database.writing() as session:
        due = TODAY - timedelta(days=20)
        session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=due, state=ExpectedState.MISSING, reminders=2))
        recent = TODAY - timedelta(days=2)
        session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=recent, state=ExpectedState.WAITING))
    here = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]})).get("/suivi").text
    for words in ("Rapports à régler", "90 femmes", "pas de séance ce jour-là", "2 rappels", "00 •• •• 02", "manquant"):
        assert words in here
    assert here.count("Saisir un rapport") == 1, "two days late is not yet for the supervisor"
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    assert "Tout est en ordre" in sory.get("/suivi").text
    assert sory.get("/suivi/rapport/57").status_code == 404
    for act in ("decider", "laisser"):
        assert send(sory, f"/suivi/rapport/57/{act}", {"accept": "1"}).status_code == 404


def test_the_home_page_counts_late_reports_of_clubs_that_are_not_silent(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    came = a_report(database, world, 57)
    with database.writing() as session:
        for days, state, id_ in ((10, ExpectedState.WAITING, None), (5, ExpectedState.ON_TIME, came)):
            due = TODAY - timedelta(days=days)
            session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=due, state=state, report_id=id_))
    here, there = (signed_in(R.TERRAIN, villages=frozenset({village})).get("/").text for village in world.villages[:2])
    assert "Chaque club attendu a donné de ses nouvelles" in here
    assert '/suivi#retards">1 rapport manque depuis 7' in here.replace("\xa0", " ")
    assert "retards" not in there


@pytest.mark.parametrize(
    ("accept", "stands", "words"),
    [(True, ReportState.VALID, "est accepté"), (False, ReportState.CANCELLED, "pas compté")],
    ids=["accepted", "refused"],
)
def test_a_decision_with_a_word_is_told_to_the_facilitator_once(
    signed_in: SignedIn, world: World, database: Database, accept: bool, stands: ReportState, words: str
) -> None:
    id_, browser = a_report(database, world, 57, state=ReportState.HELD), signed_in(R.COMMUNICATION)
    typed = {"word": "Il y avait une fête.  Merci"} | ({"accept": "1"} if accept else {})
    assert send(browser, "/suivi/rapport/57/decider", typed).status_code == 303
    assert state(database, id_) is stands
    (told,) = sent(database)
    assert "No 57" in told
    assert words in told
    assert "Il y avait une fete. Merci" in told or "Il y avait une fête. Merci" in told
    assert send(browser, "/suivi/rapport/57/decider", {"accept": "1"}).status_code == 303
    assert (state(database, id_), len(sent(database))) == (stands, 1), "a colleague was faster"


PLACES = ("/suivi/rapport/57/decider", "/reception/rapport/{id}/decider")


@pytest.mark.parametrize("place", PLACES, ids=["suivi", "inbox"])
@pytest.mark.parametrize(
    ("accept", "told"),
    [
        pytest.param("1", [], id="accepted"),
        pytest.param("", ["Rapport No 57, club 1032: pas compté par la supervision. Appelez-la,"], id="refused"),
    ],
)
def test_without_a_word_a_refusal_alone_is_told_as_by_sms(
    signed_in: SignedIn, world: World, database: Database, place: str, accept: str, told: list[str]
) -> None:
    id_, browser = a_report(database, world, 57, state=ReportState.HELD), signed_in(R.COMMUNICATION)
    assert send(browser, place.format(id=id_), {"accept": accept}).status_code == 303
    assert [text[: text.index(" ou ")] for text in sent(database)] == told


@pytest.mark.parametrize("place", [*PLACES, "/clubs/{club}/relais"], ids=["suivi", "inbox", "club"])
@pytest.mark.parametrize(
    ("accept", "told"),
    [
        pytest.param("1", {"moussa": "passe à un autre numéro", "binta": "vous animez maintenant le club 1032"}, id="accepted"),
        pytest.param("", {"moussa": "n'accepte pas le relais"}, id="refused"),
    ],
)
def test_a_handover_waits_on_the_lists_and_everybody_concerned_is_told(
    signed_in: SignedIn, world: World, database: Database, place: str, accept: str, told: dict[str, str]
) -> None:
    asked: dict[str, Any] = {"kind": "NF", "session_date": None, "values": {}, "note": "+22300010004"}
    id_, browser = a_report(database, world, 57, state=ReportState.HELD, **asked), signed_in(R.COMMUNICATION)
    for page in ("/suivi", "/reception?vue=rapports", "/suivi/rapport/57"):
        shown = browser.get(page).text
        assert "Une autre personne animerait ce club. 00 •• •• 04" in shown, page
        assert "Corriger" not in shown, page
    assert browser.get(f"/reception/rapport/{id_}").status_code == 404
    address = place.format(id=id_, club=world.clubs["1032"])
    assert send(browser, address, {"accept": accept, "report": str(id_)}).status_code == 303
    with database.reading() as session:
        found = session.query(Message).filter_by(direction=Direction.OUT)
        names = {id_: name for name, id_ in world.contacts.items()}
        assert {names[row.contact_id]: told[names[row.contact_id]] in (row.text or "") for row in found} == dict.fromkeys(
            told, True
        )
        done = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert done is not None
        assert done.action == ("accept_handover" if accept else "refuse_handover")
    assert "Une autre personne" not in browser.get("/suivi").text


def test_versions_stand_side_by_side_with_what_changed(signed_in: SignedIn, world: World, database: Database) -> None:
    a_report(database, world, 57, state=ReportState.REPLACED, values={"theme": 12, "women": 18, "men": 7, "radio": True})
    a_report(database, world, 57, version=2, values={"theme": 12, "women": 21, "men": 7, "radio": False})
    page = signed_in(R.COMMUNICATION).get("/suivi/rapport/57").text
    assert "<mark>21</mark>" in page
    assert "<mark>non</mark>" in page
    assert page.count("<mark>") == 2
    assert "Version 1" in page
    assert "Décider" not in page
    assert signed_in(R.COMMUNICATION).get("/suivi/rapport/99").status_code == 404


def test_what_is_right_after_all_is_let_stand(signed_in: SignedIn, world: World, database: Database) -> None:
    quiz = a_report(database, world, 58, kind="QZ", values={"theme": 12, "before": 1, "after": 2, "voters": 9})
    browser = signed_in(R.COMMUNICATION)
    assert "pas de séance ce jour-là" in browser.get("/suivi").text
    assert send(browser, "/suivi/rapport/58/laisser").status_code == 303
    assert "Tout est en ordre" in browser.get("/suivi").text
    with database.reading() as session:
        assert session.get_one(Report, quiz).cleared_by is not None


def test_a_months_checks_are_drawn_and_shown_with_their_factor(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        member = session.get_one(Member, world.members["oumar"])
        member.role = Role.SUPERVISOR
        session.add(Post(member_id=member.id, village_id=world.villages[0], since=date(2020, 1, 1)))
    a_report(database, world, 57, session_date=LAST)
    browser, when = signed_in(R.COMMUNICATION), f"{LAST:%Y-%m}"
    assert "Aucune séance" in browser.get("/suivi/verifications").text
    assert send(browser, f"/suivi/verifications/{when}/tirer").status_code == 303
    assert send(browser, f"/suivi/verifications/{TODAY:%Y-%m}/tirer").status_code == 404, "a month that is not over"
    page = browser.get("/suivi/verifications").text
    assert "demandé" in page
    assert "VU 57" in sent(database)[0]
    with database.writing() as session:
        check = session.query(SpotCheck).one()
        check.women, check.men, check.seen_at = 15, 5, NOW
    page = browser.get(f"/suivi/verifications/{when}").text
    assert "0,8" in page
    assert "vu 20, rapporté 25" in page
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    assert "Aucune séance" in sory.get(f"/suivi/verifications/{when}").text
    assert signed_in(R.LECTURE).get("/suivi/verifications").status_code == 403


def test_airtime_is_marked_paid_once_and_by_those_who_may(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        for place in range(2):
            at = datetime(LAST.year, LAST.month, 3 + place, 9, tzinfo=UTC)
            row = Message(direction=Direction.IN, channel_id=world.channel, contact_id=world.contacts["moussa"], created_at=at)
            row.state, row.not_before, row.parse, row.reply_kind = MessageState.HANDLED, at, {"kind": "CR"}, "ACK"
            session.add(row)
    when = f"{LAST:%Y-%m}"
    browser = signed_in(R.COMMUNICATION)
    assert "Marquer payé" in browser.get("/resultats/credit").text
    terrain = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]}))
    page = terrain.get(f"/resultats/credit/{when}").text
    assert "Moussa" in page
    assert "Marquer payé" not in page
    member = {"member": str(world.members["moussa"])}
    assert send(terrain, f"/resultats/credit/{when}/payer", member).status_code == 403
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    assert "Aucun texte accepté" in sory.get(f"/resultats/credit/{when}").text
    for _ in range(2):
        assert send(browser, f"/resultats/credit/{when}/payer", member).status_code == 303
    assert send(browser, f"/resultats/credit/{TODAY:%Y-%m}/payer", member).status_code == 303
    with database.reading() as session:
        paid = session.query(CreditOwed).one()
        assert (paid.texts, paid.texts * paid.tariff, paid.month) == (2, 50, LAST)
        assert session.query(AuditEntry).filter_by(action="pay_credit").count() == 1
    assert "payé" in browser.get(f"/resultats/credit/{when}").text
