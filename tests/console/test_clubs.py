"""Villages et clubs: who sees which village, names and small counts, and reports typed by hand under the grammar's checks."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clubs import pins
from clubs.models import Club
from clubs.records import Action, ExpectedReport, ExpectedState, Report, ReportState
from console.staff import RoleName
from messaging.models import Contact, Direction, Kind, Message, MessageState
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World

R = RoleName
TODAY = datetime.now(UTC).date()


def reports(database: Database) -> list[tuple[int | None, int, str, str, dict[str, Any]]]:
    with database.reading() as session:
        rows = session.query(Report).order_by(Report.id).all()
        return [(row.number, row.version, row.kind, row.state.value, dict(row.values)) for row in rows]


def a_session(world: World, database: Database, code: str = "1032", **values: int) -> int:
    with database.writing() as session:
        row = Report(
            number=57,
            kind="CR",
            club_id=world.clubs[code],
            session_date=TODAY - timedelta(days=1),
            values={"theme": 12, "women": 18, "men": 7, **values},
            state=ReportState.VALID,
            reported_at=datetime.now(UTC),
        )
        session.add(row)
        session.flush()
        return row.id


@pytest.mark.parametrize("role", RoleName, ids=str)
def test_without_a_village_the_page_says_what_fills_it(signed_in: SignedIn, role: RoleName) -> None:
    page = signed_in(role).get("/villages")
    assert page.status_code == 200
    assert 'class="empty"' in page.text


def test_all_villages_stand_in_one_table_with_the_response_in_words(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    with database.writing() as session:
        for days, state in ((8, ExpectedState.ON_TIME), (15, ExpectedState.LATE), (22, ExpectedState.MISSING)):
            due = TODAY - timedelta(days=days)
            session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=due, state=state))
        session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=TODAY, state=ExpectedState.WAITING))
    a_session(world, database)
    page = signed_in(R.COMMUNICATION).get("/villages").text
    assert "Village 01 (test)" in page
    assert "Village 02 (test)" in page
    assert re.search(r"67\s%.*moyenne", page), "two of three reports that were due came"


def test_terrain_sees_its_own_villages_and_404_elsewhere(signed_in: SignedIn, world: World, database: Database) -> None:
    a_session(world, database)
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    page = sory.get("/villages").text
    assert "Village 02 (test)" in page
    assert "Village 01 (test)" not in page
    awas = world.clubs["1032"]
    addresses = [f"/villages/{world.villages[0]}", f"/clubs/{awas}", f"/clubs/{awas}/rapport", f"/clubs/{awas}/pause"]
    addresses += [f"/villages/{world.villages[0]}/pause", "/rapports/57/corriger"]
    assert {path: sory.get(path).status_code for path in addresses} == dict.fromkeys(addresses, 404)
    assert send(sory, "/rapports/57/annuler").status_code == 404
    assert send(sory, f"/clubs/{awas}/rapport", {"kind": "CR", "day": str(TODAY), "theme": "12"}).status_code == 404
    assert sory.get(f"/clubs/{world.clubs['2043']}").status_code == 200
    assert [row[3] for row in reports(database)] == ["valid"]


def test_a_club_shows_its_people_with_masked_numbers_and_those_to_tell_in_person(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.COMMUNICATION).get(f"/clubs/{world.clubs['1032']}").text
    assert "Moussa" in page
    assert "Awa" in page
    assert "00 •• •• 02" in page
    assert "+22300010002" not in page
    relay = page[page.index('id="a-relayer"') : page.index('id="membres"')]
    assert "1 membre ne reçoit rien" in relay
    assert "Hawa" not in relay


@pytest.mark.parametrize("role", [R.LECTURE, R.LANGUE], ids=str)
def test_partners_and_translators_see_no_name_no_number_and_no_small_count(
    signed_in: SignedIn, world: World, database: Database, role: RoleName
) -> None:
    a_session(world, database, men=3)
    with database.writing() as session:
        decided = Action(club_id=world.clubs["1032"], number=1, type=2, note="chez Awa", decided_on=TODAY, due_on=TODAY)
        session.add(decided)
    page = signed_in(role).get(f"/clubs/{world.clubs['1032']}").text
    for secret in ("Moussa", "Awa", "Hawa", "••", "+223", "Afficher"):
        assert secret not in page
    assert "moins de 5" in page
    assert not re.search(r'data-label="Hommes">3<', page)
    assert 'data-label="Femmes">18<' in page


def test_a_report_typed_by_hand_is_stored_and_shown(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, club = signed_in(R.COMMUNICATION), world.clubs["1032"]
    assert browser.get(f"/clubs/{club}/rapport").status_code == 200
    typed = {"kind": "CR", "day": str(TODAY), "theme": "12", "second_theme": "21", "women": "18", "men": "7", "radio": "1"}
    answer = send(browser, f"/clubs/{club}/rapport", typed)
    assert answer.headers["Location"] == f"/clubs/{club}"
    assert reports(database) == [(1, 1, "CR", "valid", {"theme": 12, "more_themes": [21], "women": 18, "men": 7, "radio": True})]
    page = browser.get(f"/clubs/{club}").text
    assert "18 femmes, 7 hommes" in page
    assert "saisie à la main" in page


@pytest.mark.parametrize("kind", ["CR", "QZ", "DC", "EV", "RAS"])
def test_every_kind_has_its_form(signed_in: SignedIn, world: World, database: Database, kind: str) -> None:
    browser, address = signed_in(R.SUIVI), f"/clubs/{world.clubs['1032']}/rapport"
    page = browser.get(f"{address}?sorte={kind}").text
    wanted = {"CR": "theme women men", "QZ": "theme before after voters", "DC": "recipe women men", "EV": "event_type women men"}
    names = wanted.get(kind, "reason").split()
    assert all(f'name="{name}"' in page for name in names)
    figures = dict(zip(names, ("4", "6", "15", "24") if kind != "QZ" else ("12", "6", "15", "24"), strict=False))
    figures |= {"theme": "12"} if "theme" in names else {}
    assert send(browser, address, {"kind": kind, "day": str(TODAY), **figures}).status_code == 303
    assert [(row[2], row[3]) for row in reports(database)] == [(kind, "valid")]
    assert reports(database)[0][4] == {name: int(value) for name, value in figures.items()}


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        pytest.param({"men": ""}, "men", "Il manque un chiffre", id="missing"),
        pytest.param({"women": "0", "men": "0"}, "women", "Personne n", id="nobody"),
        pytest.param({"youth": "30"}, "youth", "plus de jeunes", id="youth"),
        pytest.param({"mothers": "19"}, "mothers", "plus de mères", id="mothers"),
        pytest.param({"women": "beaucoup"}, "women", "nombre entier", id="not a number"),
        pytest.param({"theme": ""}, "theme", "Il manque", id="no theme"),
        pytest.param({"theme": "14"}, "theme", "n&#39;existe pas", id="unknown theme"),
        pytest.param({"day": str(TODAY + timedelta(days=3))}, "day", "pas encore passé", id="future"),
        pytest.param({"day": str(TODAY - timedelta(days=60))}, "day", "45 jours", id="too old"),
        pytest.param({"day": ""}, "day", "Choisissez le jour", id="no day"),
        pytest.param({"women": "90"}, "checked", "Plus de 80", id="very many"),
    ],
)
def test_what_the_grammar_would_ask_back_is_said_at_the_field(
    signed_in: SignedIn, world: World, database: Database, change: dict[str, str], field: str, words: str
) -> None:
    typed = {"kind": "CR", "day": str(TODAY), "theme": "12", "women": "18", "men": "7", **change}
    answer = send(signed_in(R.COMMUNICATION), f"/clubs/{world.clubs['1032']}/rapport", typed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert words in answer.text
    assert reports(database) == []


def test_very_many_people_are_stored_once_somebody_checked(signed_in: SignedIn, world: World, database: Database) -> None:
    typed = {"kind": "CR", "day": str(TODAY), "theme": "12", "women": "90", "men": "7", "checked": "1"}
    assert send(signed_in(R.COMMUNICATION), f"/clubs/{world.clubs['1032']}/rapport", typed).status_code == 303
    assert [(row[3], row[4]["women"]) for row in reports(database)] == [("valid", 90)]


def test_a_correction_is_a_new_version_and_both_stand_on_the_page(signed_in: SignedIn, world: World, database: Database) -> None:
    a_session(world, database)
    browser, club = signed_in(R.COMMUNICATION), world.clubs["1032"]
    assert 'value="18"' in browser.get("/rapports/57/corriger").text
    typed = {"kind": "CR", "day": str(TODAY - timedelta(days=1)), "theme": "13", "women": "21", "men": "7"}
    assert send(browser, "/rapports/57/corriger", typed).status_code == 303
    assert [row[:2] + row[3:4] for row in reports(database)] == [(57, 1, "replaced"), (57, 2, "valid")]
    page = browser.get(f"/clubs/{club}").text
    assert "18 femmes" in page
    assert "21 femmes" in page
    assert send(browser, "/rapports/57/corriger", typed).status_code == 422, "the same again changes nothing"
    assert send(browser, "/rapports/57/annuler").status_code == 303
    assert [row[:2] + row[3:4] for row in reports(database)] == [(57, 1, "valid"), (57, 2, "cancelled")]


@pytest.mark.parametrize(
    ("which", "stands"),
    [("same", [(57, 1, "replaced"), (57, 2, "valid")]), ("another", [(57, 1, "valid"), (58, 1, "valid")])],
    ids=["a correction", "another session"],
)
def test_another_theme_on_the_same_day_is_asked_about(
    signed_in: SignedIn, world: World, database: Database, which: str, stands: list[tuple[int, int, str]]
) -> None:
    a_session(world, database)
    browser, address = signed_in(R.COMMUNICATION), f"/clubs/{world.clubs['1032']}/rapport"
    typed = {"kind": "CR", "day": str(TODAY - timedelta(days=1)), "theme": "21", "women": "12", "men": "4"}
    answer = send(browser, address, typed)
    assert answer.status_code == 422
    assert 'name="which"' in answer.text
    assert 'value="12"' in answer.text, "what was typed stays"
    assert send(browser, address, {**typed, "which": which}).status_code == 303
    assert [row[:2] + row[3:4] for row in reports(database)] == stands


def test_a_pause_stands_on_the_sheet_until_it_is_ended(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, club = signed_in(R.COMMUNICATION), world.clubs["1032"]
    assert send(browser, f"/clubs/{club}/pause", {"until": str(TODAY - timedelta(days=1))}).status_code == 422
    assert send(browser, f"/clubs/{club}/pause", {"until": ""}).status_code == 422
    until = TODAY + timedelta(days=14)
    assert send(browser, f"/clubs/{club}/pause", {"until": str(until)}).status_code == 303
    assert "En pause jusqu" in browser.get(f"/clubs/{club}").text
    assert _paused(database, club) == until
    assert send(browser, f"/clubs/{club}/pause", {"again": "1"}).status_code == 303
    assert _paused(database, club) is None
    assert send(browser, f"/villages/{world.villages[0]}/pause", {"until": str(until)}).status_code == 303
    assert "En pause jusqu" in browser.get(f"/villages/{world.villages[0]}").text


@pytest.mark.parametrize("where", ["club", "village"])
def test_a_pause_holds_back_what_is_queued_and_excuses_what_is_due(
    signed_in: SignedIn, world: World, database: Database, where: str
) -> None:
    browser, now = signed_in(R.COMMUNICATION), datetime.now(UTC)
    waiting = {"channel_id": world.channel, "state": MessageState.QUEUED, "created_at": now, "not_before": now}
    with database.writing() as session:
        session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=TODAY, state=ExpectedState.WAITING))
        for name, kind in (("awa", Kind.PUSH), ("binta", Kind.REPLY), ("sory", Kind.PUSH)):
            contact = world.contacts[name]
            session.add(Message(direction=Direction.OUT, contact_id=contact, kind=kind, **waiting))
    address = f"/clubs/{world.clubs['1032']}" if where == "club" else f"/villages/{world.villages[0]}"
    assert send(browser, f"{address}/pause", {"until": str(TODAY + timedelta(days=14))}).status_code == 303
    with database.reading() as session:
        states = [row.state for row in session.query(Message).order_by(Message.id)]
        assert states == [MessageState.SUPPRESSED, MessageState.QUEUED, MessageState.QUEUED]
        assert session.query(ExpectedReport).one().state is ExpectedState.EXCUSED


def _paused(database: Database, club: int) -> date | None:
    with database.reading() as session:
        return session.get_one(Club, club).paused_until


def test_a_supervisor_gives_a_secret_code_which_is_shown_once(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]}))
    address = f"/clubs/{world.clubs['1032']}"
    member = {"member": str(world.members["moussa"])}
    assert "Donner un code secret" in browser.get(address).text
    assert send(browser, f"{address}/code", member).status_code == 303
    page = browser.get(address).text
    shown = re.search(r"Code secret\s:\s(\d{4})\.", page)
    assert shown is not None
    assert "L'ancien ne sert plus" not in html.unescape(page), "there was none"
    assert "Dites-le à voix basse" not in browser.get(address).text
    with database.reading() as session:
        contact = session.get_one(Contact, world.contacts["moussa"])
        assert pins.check(session, contact, shown[1], datetime.now(UTC)) is pins.Pin.RIGHT
        assert shown[1] not in str(session.query(AuditEntry).order_by(AuditEntry.id.desc()).limit(1).one().details)
    assert "Nouveau code secret" in browser.get(address).text
    send(browser, f"{address}/code", member)
    assert "L'ancien ne sert plus" in html.unescape(browser.get(address).text)


def test_a_secret_code_is_for_this_clubs_facilitator_and_not_from_elsewhere(signed_in: SignedIn, world: World) -> None:
    code = f"/clubs/{world.clubs['1032']}/code"
    away = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    assert send(away, code, {"member": str(world.members["moussa"])}).status_code == 404
    here = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]}))
    assert send(here, code, {"member": str(world.members["sory"])}).status_code == 404
    assert send(here, code, {"member": "x"}).status_code == 404
    writer = signed_in(R.COMMUNICATION)
    assert send(writer, code, {"member": str(world.members["moussa"])}).status_code == 403
