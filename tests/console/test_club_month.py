"""A club's month, its printed pages, its calendar, and the dates of Ramadan: who sees them and what they say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns import card
from campaigns.quarter_themes import themes_of
from clubs import month
from clubs.grammar.judge import judge
from clubs.grammar.values import Outcome
from clubs.models import Club, MarketRule, Village
from clubs.month import quarter, quarter_after
from clubs.records import ExpectedReport, ExpectedState, PlannedTheme, Report, ReportState
from clubs.standing import context_for
from console.staff import RoleName
from messaging.models import Broadcast, Channel, Consent, Contact, Purpose, Ramadan, Route
from runtime.database import Database
from runtime.installation import installation
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations.models import Content

R = RoleName
TODAY = datetime.now(UTC).date()
FIRST = TODAY.replace(day=1)


def met(database: Database, club: int, day: date = TODAY, kind: str = "CR", number: int = 57, **values: Any) -> None:
    with database.writing() as session:
        row = Report(number=number, kind=kind, club_id=club, session_date=day, values=values, state=ReportState.VALID)
        row.reported_at = datetime.now(UTC)
        session.add(row)


@pytest.mark.parametrize("role", RoleName, ids=str)
def test_the_month_is_there_for_every_role_and_empty_months_say_so(signed_in: SignedIn, world: World, role: RoleName) -> None:
    browser, club = signed_in(role, villages=frozenset(world.villages)), world.clubs["1032"]
    assert browser.get(f"/clubs/{club}/mois").status_code == 200
    assert "aucun ce mois" in browser.get(f"/clubs/{club}/mois/2026-02").text
    assert "Pas encore de séance" in browser.get(f"/clubs/{club}/affiche/2026-02").text


@pytest.mark.parametrize("when", ["2026-13", "2026-1", "1999-01", "mars", "2026-03-01"])
def test_a_month_that_is_none_is_not_there(signed_in: SignedIn, world: World, when: str) -> None:
    browser = signed_in(R.COMMUNICATION)
    for path in (f"/clubs/{world.clubs['1032']}/mois/{when}", f"/suivi/verifications/{when}", f"/resultats/credit/{when}"):
        assert browser.get(path).status_code == 404


def test_the_month_shows_each_day_and_what_it_adds_up_to(signed_in: SignedIn, world: World, database: Database) -> None:
    club = world.clubs["1032"]
    met(database, club, FIRST, theme=12, women=18, men=7)
    met(database, club, FIRST, "QZ", 58, theme=12, before=6, after=15, voters=24)
    with database.writing() as session:
        session.add(ExpectedReport(club_id=club, due_on=FIRST, state=ExpectedState.LATE))
    page = signed_in(R.COMMUNICATION).get(f"/clubs/{club}/mois/{FIRST:%Y-%m}").text
    cells = [part.split("</td>")[0] for part in page.split('<td data-label="')[1:]]
    assert len(cells) == 1
    assert "18 femmes, 7 hommes" in cells[0]
    assert "en retard" in cells[0]
    assert "+38" in page
    assert page.count('class="void"') == len([cell for week in _weeks(database, club) for cell in week]) - 1


@pytest.mark.parametrize("role", [R.LECTURE, R.LANGUE], ids=str)
def test_partners_and_translators_read_the_month_and_not_its_days(
    signed_in: SignedIn, world: World, database: Database, role: RoleName
) -> None:
    met(database, world.clubs["1032"], FIRST, theme=12, women=18, men=7)
    page = signed_in(role).get(f"/clubs/{world.clubs['1032']}/mois/{FIRST:%Y-%m}").text
    assert "18 femmes, 7 hommes" not in page
    assert "Jour par jour" not in page
    assert "<strong>18</strong>" in page


def _weeks(database: Database, club: int) -> list[list[object]]:
    with database.reading() as session:
        return month.month_of(session, club, FIRST).weeks  # type: ignore[return-value]


def test_partners_read_no_small_count_on_month_and_poster(signed_in: SignedIn, world: World, database: Database) -> None:
    met(database, world.clubs["1032"], FIRST, theme=12, women=18, men=3)
    browser = signed_in(R.LECTURE)
    for page in ("mois", "affiche"):
        shown = browser.get(f"/clubs/{world.clubs['1032']}/{page}/{FIRST:%Y-%m}").text
        assert "moins de 5" in shown
        assert "<strong>3</strong>" not in shown


@pytest.mark.parametrize(
    ("role", "told"), [(R.LECTURE, False), (R.LANGUE, False), (R.SUIVI, True)], ids=["partner", "translator", "staff"]
)
def test_who_reads_totals_alone_reads_no_report_day_by_day(
    role: RoleName, told: bool, signed_in: SignedIn, world: World, database: Database
) -> None:
    met(database, world.clubs["1032"], FIRST, theme=12, women=18, men=7)
    page = signed_in(role).get(f"/clubs/{world.clubs['1032']}/mois/{FIRST:%Y-%m}").text
    assert ("18 femmes, 7 hommes" in page, "Jour par jour" in page) == (told, told)


def test_sory_sees_nothing_of_awas_club(signed_in: SignedIn, world: World) -> None:
    sory, club, village = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]})), world.clubs["1032"], world.villages[0]
    paths = ["mois", "mois/2026-02", "affiche/2026-02", "carte", "registre", "calendrier"]
    found = {path: sory.get(f"/clubs/{club}/{path}").status_code for path in paths}
    assert found == dict.fromkeys(paths, 404)
    assert sory.get(f"/villages/{village}/marche").status_code == 404
    assert send(sory, f"/clubs/{club}/calendrier", {"weekday": "1", "every_days": "7"}).status_code == 404
    assert sory.get(f"/clubs/{world.clubs['2043']}/mois").status_code == 200


def test_the_club_leads_to_its_pages(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.COMMUNICATION).get(f"/clubs/{world.clubs['1032']}").text
    for path in ("mois", "carte", "registre", "calendrier", f"affiche/{TODAY:%Y-%m}"):
        assert f'href="/clubs/{world.clubs["1032"]}/{path}"' in page


def test_the_card_names_one_number_an_operator_the_code_and_the_themes(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    with database.writing() as session:
        session.get_one(Content, world.contents["eau-propre"]).theme_code = 33
        sent = Broadcast(title="Repas", content_id=world.contents["eau-propre"], route=Route.SMS, audience={})
        sent.due_at = sent.not_before = sent.created_at = datetime.now(UTC)
        sent.expires_at = sent.due_at + timedelta(days=1)
        session.add(sent)
        first = session.get_one(Channel, world.channel)
        first.default_for = ["orange"]
        other = Channel(name="moov", gateway="simulator", number="7700", kinds=["sms"], default_for=["moov"], token="a" * 40)
        other.token_index, other.created_at = b"x" * 32, datetime.now(UTC)
        session.add(other)
    page = signed_in(R.COMMUNICATION).get(f"/clubs/{world.clubs['1032']}/carte").text
    for words in ("36085", "7700", "Moov Africa Malitel", "1032", "Moussa", "<strong>33</strong>", "CR 33 18 7 9 1"):
        assert words in page
    assert "Moussa" not in signed_in(R.SUIVI).get(f"/clubs/{world.clubs['1032']}/carte").text
    with database.writing() as session:
        begun = quarter(TODAY)
        assert themes_of(session, begun) == [33], "none is planned: what was sent"
        assert themes_of(session, quarter_after(begun)) == []
        session.add(PlannedTheme(quarter=begun, theme_code=12))
        session.add(PlannedTheme(quarter=quarter_after(begun), theme_code=13))
    page = signed_in(R.COMMUNICATION).get(f"/clubs/{world.clubs['1032']}/carte").text
    assert "CR 12 18 7 9 1" in page
    assert not any(f"<strong>{code}</strong>" in page for code in (13, 33)), "what is planned for this quarter alone"


@pytest.mark.parametrize("real", [False, True], ids=["in a simulation", "where people write"])
def test_the_card_names_a_simulators_number_in_a_simulation_alone(database: Database, world: World, real: bool) -> None:
    with database.writing() as session:
        installation(session).simulation = not real
        assert card.numbers(session) == ({} if real else {"": "36085"})


@pytest.mark.parametrize("label", card.INSTRUCTIONS)
def test_each_example_of_the_card_is_understood_as_it_stands(database: Database, world: World, now: datetime, label: str) -> None:
    with database.writing() as session:
        contact = session.get_one(Contact, world.contacts["moussa"])
        assert judge(card.examples(33)[label], context_for(session, contact, now)).outcome is Outcome.ACK


@pytest.mark.parametrize(
    ("day", "first", "after"),
    [
        ("2026-01-01", "2026-01-01", "2026-04-01"),
        ("2026-11-21", "2026-10-01", "2027-01-01"),
        ("2026-06-30", "2026-04-01", "2026-07-01"),
    ],
)
def test_quarters(day: str, first: str, after: str) -> None:
    assert quarter(date.fromisoformat(day)) == date.fromisoformat(first)
    assert quarter_after(date.fromisoformat(day)) == date.fromisoformat(after)


def test_the_register_masks_numbers_and_joins_the_agreements_of_a_day(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    with database.writing() as session:
        row = session.query(Consent).filter_by(contact_id=world.contacts["binta"], purpose=Purpose.CALL).one()
        row.withdrawn_at, row.witness = datetime.now(UTC), "Témoin Un"
    page = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]})).get(f"/clubs/{world.clubs['1032']}/registre").text
    assert "00 •• •• 02" in page
    assert "+223" not in page
    assert "SMS, appels" in page
    assert "repris le" in page
    assert "Témoin Un" in page
    assert page.count("<tr><td></td>") == 14
    assert signed_in(R.LECTURE).get(f"/clubs/{world.clubs['1032']}/registre").status_code == 403
    assert signed_in(R.SUIVI).get(f"/clubs/{world.clubs['1032']}/registre").status_code == 403


def test_an_agreement_of_a_shared_phone_stands_once_and_under_nobodys_name(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    with database.writing() as session:
        for row in session.query(Consent).filter_by(contact_id=world.contacts["awa"]):
            row.member_id = None
        moussas = session.query(Consent).filter_by(contact_id=world.contacts["moussa"])
        for row in moussas:
            row.member_id = world.members["moussa"]
    page = signed_in(R.COMMUNICATION).get(f"/clubs/{world.clubs['1032']}/registre").text
    lines = {part.partition("</td>")[0]: part for part in page.split('<td data-label="Nom">')[1:]}
    assert page.count("00 •• •• 01") == 1
    assert not {"Awa", "Kadia"} & set(lines)
    assert {"ce téléphone", "Moussa"} <= set(lines)


def test_a_calendar_is_set_and_counts_from_tomorrow(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, club = signed_in(R.COMMUNICATION), world.clubs["1032"]
    address = f"/clubs/{club}/calendrier"
    assert browser.get(address).status_code == 200
    typed = {"weekday": "", "every_days": "7", "market_rule": "eve", "meets_at": "9h"}
    assert send(browser, address, typed).status_code == 303
    with database.reading() as session:
        row = session.get_one(Club, club)
        assert (row.weekday, row.market_rule, row.meets_at) == (None, MarketRule.EVE, "09:00")
        assert row.next_expected is not None
        assert row.next_expected > TODAY
        assert row.next_expected.weekday() == 6, "the market of the world is on Mondays"
    assert "la veille du marché" in browser.get(f"/clubs/{club}").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"weekday": "7"}, "weekday", id="no such day"),
        pytest.param({"weekday": ""}, "weekday", id="no day at all"),
        pytest.param({"every_days": "0"}, "every_days", id="every nought days"),
        pytest.param({"every_days": "61"}, "every_days", id="too rarely"),
        pytest.param({"meets_at": "25:00"}, "meets_at", id="no such hour"),
        pytest.param({"market_rule": "often"}, "market_rule", id="no such rule"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_at_the_field(
    signed_in: SignedIn, world: World, change: dict[str, str], field: str
) -> None:
    typed = {"weekday": "2", "every_days": "7", "market_rule": "", "meets_at": "", **change}
    answer = send(signed_in(R.COMMUNICATION), f"/clubs/{world.clubs['1032']}/calendrier", typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_market_is_set_by_one_of_its_days(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, address = signed_in(R.COMMUNICATION), f"/villages/{world.villages[0]}/marche"
    assert browser.get(address).status_code == 200
    assert send(browser, address, {"cycle": "5", "anchor": ""}).status_code == 422
    assert send(browser, address, {"cycle": "6", "anchor": str(TODAY)}).status_code == 422
    assert send(browser, address, {"cycle": "5", "anchor": str(TODAY)}).status_code == 303
    with database.reading() as session:
        row = session.get_one(Village, world.villages[0])
        assert (row.market_cycle_days, row.market_anchor) == (5, TODAY)


def test_the_pause_of_an_area_neither_shortens_nor_ends_that_of_one_village(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    def pauses() -> list[date | None]:
        with database.reading() as session:
            return [session.get_one(Village, id_).paused_until for id_ in world.villages]

    browser, own, zone = signed_in(R.COMMUNICATION), TODAY + timedelta(days=20), TODAY + timedelta(days=3)
    with database.writing() as session:
        village = session.get_one(Village, world.villages[0])
        village.paused_from, village.paused_until, area = TODAY, own, str(village.area_id)
    assert send(browser, "/villages/zones", {"area": area, "until": str(zone)}).status_code == 303
    assert pauses() == [own, zone]
    assert send(browser, "/villages/zones", {"area": area, "again": "1"}).status_code == 303
    assert pauses() == [own, None]


def test_an_area_is_paused_and_what_it_owed_is_excused(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, due = signed_in(R.COMMUNICATION), TODAY - timedelta(days=5)
    with database.writing() as session:
        session.add(ExpectedReport(club_id=world.clubs["2043"], due_on=due, state=ExpectedState.WAITING))
        area = str(session.get_one(Village, world.villages[0]).area_id)
    typed = {"area": area, "since": str(TODAY - timedelta(days=10)), "until": str(TODAY + timedelta(days=3))}
    assert "Commune (test)" in browser.get("/villages/zones").text
    assert send(browser, "/villages/zones", {**typed, "area": ""}).status_code == 422
    assert send(browser, "/villages/zones", {**typed, "since": str(TODAY + timedelta(days=1))}).status_code == 422
    assert send(browser, "/villages/zones", {**typed, "since": str(TODAY - timedelta(days=50))}).status_code == 422
    assert send(browser, "/villages/zones", typed).status_code == 303
    with database.reading() as session:
        assert session.query(ExpectedReport).one().state is ExpectedState.EXCUSED
        assert {row.paused_until for row in session.query(Village)} == {TODAY + timedelta(days=3)}
    assert send(browser, "/villages/zones", {"area": area, "again": "1"}).status_code == 303
    with database.reading() as session:
        assert {row.paused_until for row in session.query(Village)} == {None}


def test_ramadan_is_dated_by_staff_and_taken_back(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.ADMINISTRATION)
    assert "Aucune date" in browser.get("/reglages/ramadan").text
    typed = {"first_day": "2027-02-08", "last_day": "2027-03-09"}
    assert send(browser, "/reglages/ramadan", {**typed, "last_day": "2027-02-01"}).status_code == 422
    assert send(browser, "/reglages/ramadan", {**typed, "last_day": "2027-04-30"}).status_code == 422
    assert send(browser, "/reglages/ramadan", {"first_day": "", "last_day": "2027-03-09"}).status_code == 422
    assert send(browser, "/reglages/ramadan", typed).status_code == 303
    assert send(browser, "/reglages/ramadan", {**typed, "first_day": "2027-03-01"}).status_code == 422
    with database.reading() as session:
        row = session.query(Ramadan).one()
        assert (row.first_day, row.last_day, row.sessions) == (date(2027, 2, 8), date(2027, 3, 9), False)
    assert "rapports excusés" in browser.get("/reglages/ramadan").text
    assert send(browser, f"/reglages/ramadan/{row.id}/retirer").status_code == 303
    assert "Aucune date" in browser.get("/reglages/ramadan").text


def test_a_handover_is_confirmed_or_refused_once_in_ones_own_villages(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    club = world.clubs["1032"]
    with database.writing() as session:
        row = Report(number=60, kind="NF", club_id=club, session_date=None, note="+22300010004", state=ReportState.HELD)
        row.reported_at, row.contact_id = datetime.now(UTC), world.contacts["moussa"]
        session.add(row)
        session.flush()
        asked = {"report": str(row.id)}
    sory = signed_in(R.TERRAIN, villages=frozenset({world.villages[1]}))
    assert send(sory, f"/clubs/{club}/relais", asked).status_code == 404
    assert send(sory, f"/clubs/{world.clubs['2043']}/relais", asked).status_code == 404
    browser = signed_in(R.TERRAIN, villages=frozenset({world.villages[0]}))
    page = browser.get(f"/clubs/{club}").text
    assert "Confirmer le relais" in page
    assert "+22300010004" not in page
    assert send(browser, f"/clubs/{club}/relais", asked).status_code == 303
    with database.reading() as session:
        assert session.query(Report).filter_by(number=60).one().state is ReportState.CANCELLED
    assert send(browser, f"/clubs/{club}/relais", {**asked, "accept": "1"}).status_code == 404
    assert "Confirmer le relais" not in browser.get(f"/clubs/{club}").text


@pytest.mark.parametrize(
    ("since", "until", "kept"),
    [
        pytest.param("16:30", "18h", "16:30-18:00", id="narrower than the usual hours"),
        pytest.param("19:00", "21:00", "19:00-21:00", id="the evening"),
        pytest.param("", "", None, id="none of its own"),
        pytest.param("13:00", "15:00", "refused", id="when nothing leaves"),
        pytest.param("18:00", "17:00", "refused", id="backwards"),
        pytest.param("18:00", "", "refused", id="without an end"),
    ],
)
def test_a_club_chooses_its_hours(
    signed_in: SignedIn, world: World, database: Database, since: str, until: str, kept: str | None
) -> None:
    club = world.clubs["1032"]
    browser = signed_in(R.COMMUNICATION)
    typed = {"weekday": "1", "every_days": "7", "slot_from": since, "slot_to": until}
    answer = send(browser, f"/clubs/{club}/calendrier", typed)
    assert answer.status_code == (422 if kept == "refused" else 303)
    with database.reading() as session:
        hours = session.get_one(Club, club).hours
    assert hours == (None if kept == "refused" else kept)
    if hours:
        assert hours in browser.get(f"/clubs/{club}").text
        assert f'value="{hours[:5]}"' in browser.get(f"/clubs/{club}/calendrier").text
