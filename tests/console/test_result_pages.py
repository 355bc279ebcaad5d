"""Pages round the results: behind a figure, two periods, targets, surveys, closed months, prepared files, DHIS2, paper."""

import io
import json
import re
import tomllib
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask

from clubs.records import Report, ReportState
from console.staff import RoleName
from results.models import ExportFile, MonthClose, SurveyResult, Target
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.results.conftest import month
from tests.world import World

__all__ = ["month"]
R = RoleName
MARCH = "du=2026-03-01&au=2026-03-31"
PAGES = ("/resultats", "/resultats/comparer", "/resultats/enquetes", "/resultats/fichiers", "/resultats/imprimer")


@pytest.mark.parametrize("role", [R.LECTURE, R.SUIVI, R.TERRAIN], ids=str)
def test_every_page_of_results_opens(signed_in: SignedIn, month: World, role: RoleName) -> None:
    browser = signed_in(role)
    assert {path: browser.get(f"{path}?{MARCH}").status_code for path in PAGES} == dict.fromkeys(PAGES, 200)


def test_behind_a_figure_stand_its_reports(signed_in: SignedIn, month: World) -> None:
    browser = signed_in(R.SUIVI)
    assert f"/resultats/derriere/sessions?{MARCH}".replace("&", "&amp;") in browser.get(f"/resultats?{MARCH}").text
    page = browser.get(f"/resultats/derriere/sessions?{MARCH}").text
    assert all(f"No {number} " in page for number in (1, 2, 3))
    assert "No 4 " not in page
    assert browser.get("/resultats/derriere/nonsense").status_code == 404


@pytest.mark.parametrize("figure", ["quiz_gain", "youth", "verification", "report_error", "completeness", "actions", "plants"])
def test_each_kind_of_row_opens(signed_in: SignedIn, month: World, figure: str) -> None:
    assert signed_in(R.SUIVI).get(f"/resultats/derriere/{figure}?{MARCH}").status_code == 200


def test_partners_see_totals_and_sory_nothing_of_awas_club(signed_in: SignedIn, month: World) -> None:
    assert signed_in(R.LECTURE).get(f"/resultats/derriere/sessions?{MARCH}").status_code == 403
    sory = signed_in(R.TERRAIN, villages=frozenset({month.villages[1]}))
    page = sory.get(f"/resultats/derriere/sessions?{MARCH}").text
    assert "1032" not in page
    assert "2043" in page


def test_two_periods_show_their_difference_and_may_not_meet(signed_in: SignedIn, month: World) -> None:
    browser = signed_in(R.SUIVI)
    page = browser.get("/resultats/comparer?du=2026-03-09&au=2026-03-15&du_avant=2026-03-02&au_avant=2026-03-08").text
    row = page[page.index("Séances tenues<") :][:700]
    assert "(n = 2)" in row
    assert "(n = 1)" in row
    assert ">-1<" in row
    both = browser.get(f"/resultats/comparer?{MARCH}&du_avant=2026-03-01&au_avant=2026-03-08").text
    assert "se recouvrent" in both


@pytest.mark.parametrize("empty", ["du_avant", "au_avant"])
def test_one_empty_date_of_the_period_before_is_asked_for_and_not_guessed(signed_in: SignedIn, month: World, empty: str) -> None:
    browser, asked = signed_in(R.SUIVI), {"du_avant": "2026-03-02", "au_avant": "2026-03-08", empty: ""}
    page = browser.get("/resultats/comparer", query_string={"du": "2026-03-09", "au": "2026-03-15", **asked}).text
    assert f'href="#{empty}"' in page
    assert "(n =" not in page
    neither = browser.get("/resultats/comparer?du=2026-03-09&au=2026-03-15&du_avant=&au_avant=").text
    assert 'value="2026-03-02"' in neither, "the dates that were taken stand in the fields"


def test_a_target_is_met_or_not_in_words(signed_in: SignedIn, month: World, database: Database) -> None:
    browser = signed_in(R.SUIVI)
    assert send(browser, "/resultats/cibles", {"completeness": "80", "sessions": "3", "opt_out": "x"}).status_code == 422
    assert send(browser, "/resultats/cibles", {"completeness": "80", "sessions": "3"}).status_code == 303
    page = browser.get(f"/resultats?{MARCH}").text.replace("\u00a0", " ")
    assert "cible : 80 ou plus, non atteinte" in page
    assert "cible : 3 ou plus, atteinte" in page
    send(browser, "/resultats/cibles", {"completeness": ""})
    with database.reading() as session:
        assert session.query(Target).count() == 0


def test_planned_themes_count_as_covered(signed_in: SignedIn, month: World) -> None:
    browser = signed_in(R.SUIVI)
    send(browser, "/resultats/themes-prevus", {"trimestre": "2026-01-01", "themes": ["12", "13"]})
    page = browser.get(f"/resultats?{MARCH}").text
    row = page[page.index("Thèmes prévus traités") :][:600]
    assert "<strong>50</strong>" in row
    assert "= 2 / 4" in row


def test_a_survey_is_imported_whole_or_not_at_all(signed_in: SignedIn, month: World, database: Database) -> None:
    browser = signed_in(R.SUIVI)
    head = "indicateur;enquête;début;fin;zone;n;valeur;bas;haut\n"
    good = "mdd;SMART 2025;01/11/2025;30/11/2025;Commune (test);420;21,3;18;25\n"
    bad = "poids;SMART 2025;01/11/2025;30/11/2025;;420;21,3;;\n"

    def brought(text: str) -> str:
        sheet = {"file": (io.BytesIO(text.encode()), "enquete.csv")}
        return str(send(browser, "/resultats/enquetes/importer", sheet).location)

    wrong = brought(head + good + bad)
    assert "SMART 2025" in browser.get(wrong).text, "its columns and first rows are shown"
    shown = browser.get(f"{wrong}/lignes").text
    assert 'data-label="Ligne">3<' in shown
    assert "Importer 1 ligne" not in shown
    assert send(browser, f"{wrong}/lignes", {}).status_code == 422
    right = brought(head + good)
    assert "Importer 1 ligne" in browser.get(f"{right}/lignes").text
    with database.reading() as session:
        assert session.query(SurveyResult).count() == 0
    assert send(browser, f"{right}/lignes", {}).status_code == 303
    page = browser.get("/resultats/enquetes").text
    assert "SMART 2025" in page
    assert "21,3" in page
    assert "SMART" not in browser.get(f"/resultats?{MARCH}").text, "never mixed with what messages tell"


def test_a_closed_month_stays_and_later_corrections_stand_apart(
    signed_in: SignedIn, month: World, database: Database, moved: datetime
) -> None:
    browser = signed_in(R.SUIVI, name="awa.suivi")
    assert "Aucun mois clôturé" in browser.get("/cloture?mois=2026-03").text
    assert send(browser, "/cloture/signer", {"mois": "2026-03", "narrative": ""}).status_code == 422
    unread = send(browser, "/cloture/signer", {"mois": "2026-03", "narrative": "Un bon mois."})
    assert (unread.status_code, "Cochez la case pour signer" in unread.text) == (422, True)
    assert send(browser, "/cloture/signer", {"mois": "2026-03", "narrative": "Un bon mois.", "read": "1"}).status_code == 303
    page = browser.get("/cloture?mois=2026-03").text
    assert "Signé par" in page
    assert "Aucune." in page
    with database.writing() as session:
        held = session.query(Report).filter_by(number=4).one()
        held.state, held.decided_at = ReportState.VALID, datetime(2030, 1, 1, tzinfo=UTC)
    page = browser.get("/cloture?mois=2026-03").text
    assert "No 4" in page
    with database.reading() as session:
        row = session.query(MonthClose).one()
        assert row.figures["sessions"]["value"] == 3
        assert row.month == date(2026, 3, 1)


def test_what_contradicts_itself_is_still_to_be_decided_until_it_is_let_stand(
    signed_in: SignedIn, month: World, database: Database
) -> None:
    with time_machine.travel(datetime(2026, 4, 30, tzinfo=UTC), tick=False):
        browser = signed_in(R.SUIVI)
        assert "plus de votants que de personnes" in browser.get("/cloture?mois=2026-03").text
        assert "tout est décidé" in browser.get("/cloture?mois=2026-02").text
        with database.writing() as session:
            session.query(Report).filter_by(number=4).one().state = ReportState.CANCELLED
            session.query(Report).filter_by(number=6).one().cleared_at = datetime.now(UTC)
        assert "tout est décidé" in browser.get("/cloture?mois=2026-03").text


@pytest.fixture
def moved() -> datetime:
    """Real time, which is after the month of the fixture."""
    return datetime.now(UTC)


def test_a_long_period_is_prepared_and_announced_with_its_size(
    app: Flask, signed_in: SignedIn, month: World, database: Database
) -> None:
    browser = signed_in(R.SUIVI)
    long = "du=2026-01-01&au=2026-03-31"
    assert browser.get(f"/resultats/classeur.xlsx?{long}").location.startswith("/resultats/fichiers")
    assert send(browser, f"/resultats/fichiers/xlsx?{long}").status_code == 303
    assert "en préparation" in browser.get("/resultats/fichiers").text
    app.extensions["lamen"].work.run_all()
    page = browser.get("/resultats/fichiers").text
    assert "Télécharger (" in page
    with database.reading() as session:
        number = session.query(ExportFile).one().id
    found = browser.get(f"/resultats/fichiers/{number}")
    assert found.status_code == 200
    assert found.data.startswith(b"PK")
    assert signed_in(R.SUIVI).get(f"/resultats/fichiers/{number}").status_code == 200
    assert signed_in(R.LECTURE).get(f"/resultats/fichiers/{number}").status_code == 404
    sory = signed_in(R.TERRAIN, villages=frozenset({month.villages[1]}))
    assert sory.get(f"/resultats/fichiers/{number}").status_code == 404


def test_dhis2_says_what_it_leaves_out_and_writes_the_rest(
    app: Flask, signed_in: SignedIn, month: World, database: Database
) -> None:
    browser = signed_in(R.SUIVI)
    page = browser.get(f"/resultats/dhis2?{MARCH}").text
    assert "Enregistrez d&#39;abord la correspondance." in page or "Enregistrez d'abord la correspondance." in page
    wrong = send(browser, f"/resultats/dhis2?{MARCH}", {"sessions-0": "court", "sessions-0-combo": "", "unit-0": ""})
    assert wrong.status_code == 422
    assert 'value="court"' in wrong.text
    parts = re.findall(r'<details class="fold"( open)?>(.*?)</details>', wrong.text, re.S)
    assert [bool(open_) for open_, _ in parts] == ['value="court"' in part for _, part in parts], "the faulty part alone is open"
    assert len(parts) > 3
    alone = send(browser, f"/resultats/dhis2?{MARCH}", {"sessions-0": "", "sessions-0-combo": "abcdefghij9"})
    assert alone.status_code == 422
    mapping = b'# remarque\n[indicators]\nsessions = "abcdefghij9"\n[areas]\n"Ailleurs" = "cbcdefghij1"\n'
    file = {"file": (io.BytesIO(mapping), "dhis2.toml")}
    assert send(browser, "/resultats/dhis2/fichier", {"file": (io.BytesIO(b"[indicators"), "x.toml")}).status_code == 422
    assert send(browser, "/resultats/dhis2/fichier", file).status_code == 303
    assert browser.get("/resultats/dhis2/correspondance.toml").data == mapping
    page = browser.get(f"/resultats/dhis2?{MARCH}").text
    assert 'name="sessions-1"' in page, "a line is open for a second data element"
    units = dict(re.findall(r'name="(unit-\d)" value="(\w*)"', page))
    assert units == {"unit-1": "", "unit-0": "cbcdefghij1"}
    typed = {"sessions-0": "abcdefghij1", "sessions-0-part": "value", "unit-0": "cbcdefghij1", "unit-1": "bbcdefghij1"}
    assert send(browser, f"/resultats/dhis2?{MARCH}", typed).status_code == 303
    kept = tomllib.loads(browser.get("/resultats/dhis2/correspondance.toml").text)
    assert kept["areas"] == {"Commune (test)": "bbcdefghij1", "Ailleurs": "cbcdefghij1"}
    looked = browser.get(f"/resultats/dhis2?{MARCH}").text
    assert "Communes sans correspondance" not in looked, "only the button makes the dry run"
    page = browser.get(f"/resultats/dhis2?{MARCH}&essai=1").text
    assert "1 valeur serait écrite" in page
    assert "Ailleurs" in page
    assert "attendances" in page
    send(browser, f"/resultats/fichiers/dhis2?{MARCH}")
    app.extensions["lamen"].work.run_all()
    with database.reading() as session:
        made = json.loads(session.query(ExportFile).one().data or b"")
    assert made["dataValues"] == [
        {"dataElement": "abcdefghij1", "period": "202603", "orgUnit": "bbcdefghij1", "value": "3", "comment": "n = 3"}
    ]


def test_the_printed_report_names_communes_and_no_village(signed_in: SignedIn, month: World) -> None:
    page = signed_in(R.SUIVI).get(f"/resultats/imprimer?{MARCH}").text
    assert page.count('class="paper"') == 2
    assert "Commune (test)" in page
    assert "Village 0" not in page


def test_parts_are_folded_but_for_the_first_and_dates_are_not_called_optional(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    page = browser.get("/resultats").text
    assert page.count('<details class="fold" open>') == 1
    assert page.count('<details class="fold"') > 3
    assert '<label for="du">Du</label>' in page
    opened = browser.get("/resultats?tout=1").text
    assert opened.count('<details class="fold"') == len(re.findall(r'<details class="fold"[^>]* open>', opened))
