"""Import: nothing is written before somebody has seen the bad rows; only the good ones enter, and the file goes."""

import io
import re
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from clubs.models import Member, Post
from console.staff import RoleName
from messaging.models import Consent
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.world import World

R = RoleName
HEADINGS = "Village;Club;Nom;Sexe;Numéro;Langue;Accord messages;Date;Témoin;Page;Remarque"
GOOD = "Village 01 (test);1032;Aminata Traoré;F;76 12 34 56;bambara;oui;15/01/2026;Issa;12;x"
BAD = (
    "Village 01 (test);1032;Salif;H;7612345;;;;;;",
    "Ailleurs;1032;Salif;H;76123457;;;;;;",
    "Village 01 (test);1032;Aminata Traoré;F;76 12 34 56;;;;;;",
)
UNPROVEN = "Village 01 (test);1032;Oumou;F;76 12 34 58;;oui;;;;"
SHEET = "\r\n".join([HEADINGS, GOOD, *BAD[:2], UNPROVEN])


def upload(browser: FlaskClient, text: str = SHEET, name: str = "membres.csv", encoding: str = "utf-8") -> str:
    """Send a file; the address of its second step."""
    answer = send(browser, "/contacts/import", {"file": (io.BytesIO(text.encode(encoding)), name)})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def members(database: Database) -> int:
    with database.reading() as session:
        return session.query(Member).count()


def kept(settings: Settings) -> list[Path]:
    return list((settings.var / "uploads").glob("*"))


def test_a_file_enters_in_steps_without_its_bad_rows(
    signed_in: SignedIn, world: World, database: Database, settings: Settings
) -> None:
    browser, before = signed_in(R.COMMUNICATION), members(database)
    place = upload(browser)
    page = browser.get(place).text
    assert "Aminata Traoré" in page
    assert "Remarque" in page, "a column that is left out is said"
    assert "4 lignes lues" in page.replace("\u00a0", " ").replace("\u202f", " ")
    page = browser.get(f"{place}/lignes").text
    assert 'data-label="Ligne">3<' in page
    assert 'data-label="Ligne">4<' in page
    assert 'data-label="Ligne">5<' in page
    assert 'data-label="Ligne">2<' not in page, "a good row is not listed"
    assert "Ce numéro a 7 chiffres" in page
    assert "Importer 2 lignes" in page
    assert "Choisir un autre fichier" in page
    assert members(database) == before, "nothing is written before the confirmation"
    assert send(browser, f"{place}/lignes", {"ready": "2"}).status_code == 303
    assert members(database) == before + 2
    with database.reading() as session:
        assert session.query(Consent).filter_by(register_page="12").count() == 1
    assert kept(settings) == []
    assert "2 membres importés" in browser.get("/contacts").text
    assert browser.get(place).status_code == 404


def test_confirmed_twice_it_enters_once(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, before = signed_in(R.COMMUNICATION), members(database)
    place = upload(browser)
    answers = [send(browser, f"{place}/lignes", {"ready": "2"}, once="y" * 24) for _time in (1, 2)]
    assert [answer.headers["Location"] for answer in answers] == ["/contacts", "/contacts"]
    assert members(database) == before + 2


def test_another_number_of_rows_than_shown_enters_nothing(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, before = signed_in(R.COMMUNICATION), members(database)
    place = upload(browser)
    answer = send(browser, f"{place}/lignes", {"ready": "9"})
    assert answer.status_code == 422
    assert "ont changé" in answer.text
    assert members(database) == before


def test_a_missing_column_is_said_before_any_row(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    answer = browser.get(upload(browser, "Village;Nom\r\nVillage 01 (test);Awa"))
    assert answer.status_code == 422
    assert "Il manque la colonne" in answer.text
    assert "« club »" in answer.text.replace("\u00a0", " ")
    assert "Choisir un autre fichier" in answer.text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"], ids=str)
def test_accents_are_read_in_both_encodings(signed_in: SignedIn, world: World, encoding: str) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = upload(browser, encoding=encoding)
    assert "Aminata Traoré" in browser.get(place).text
    assert "TraorÃ©" in browser.get(f"{place}?codage=cp1252").text or encoding == "cp1252", "what a wrong choice shows"


def test_what_is_no_table_is_said(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    answer = browser.get(upload(browser, "pas un tableur", "membres.xlsx"))
    assert answer.status_code == 422
    assert "pas un tableau lisible" in answer.text


def test_without_a_file_the_page_says_so(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    assert "Choisissez un fichier" in send(browser, "/contacts/import").text
    assert "Ce fichier est vide" in send(browser, "/contacts/import", {"file": (io.BytesIO(b""), "a.csv")}).text


def test_a_file_with_bad_rows_only_cannot_be_imported(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = upload(browser, "\r\n".join([HEADINGS, *BAD[:2]]))
    page = browser.get(f"{place}/lignes").text
    assert "Aucune ligne ne peut" in page
    assert send(browser, f"{place}/lignes", {"ready": "0"}).status_code == 422


def test_every_fault_of_a_row_is_told_and_the_row_counted_once(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = upload(browser, "\r\n".join([HEADINGS, GOOD, "Ailleurs;9999;Salif;x;abc;klingon;oui;demain;Issa;;"]))
    page = browser.get(f"{place}/lignes").text
    assert page.count('data-label="Ligne">3<') == 6
    assert "chiffres et n" not in page, "a word has no digits to count"
    assert re.search(r"<strong>1</strong>\s*<span>refusée<", page)


def test_a_file_of_headings_alone_says_only_that(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    page = browser.get(f"{upload(browser, HEADINGS)}/lignes").text
    assert "que ses titres" in page
    assert "Toutes les lignes sont bonnes" not in page


def test_a_person_named_twice_is_told_by_the_first_row(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    place = upload(browser, "\r\n".join([HEADINGS, GOOD, BAD[2]]))
    assert "ligne 2" in browser.get(f"{place}/lignes").text


def test_a_file_belongs_to_whoever_sent_it_and_lies_sealed(signed_in: SignedIn, world: World, settings: Settings) -> None:
    place = upload(signed_in(R.COMMUNICATION))
    assert signed_in(R.COMMUNICATION).get(place).status_code == 404
    (path,) = kept(settings)
    assert b"Aminata" not in path.read_bytes()
    assert signed_in(R.TERRAIN).get("/contacts/import").status_code == 403


def test_the_model_has_every_heading(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    model = browser.get("/contacts/import/modele.csv")
    assert model.data.startswith(b"\xef\xbb\xbf")
    place = upload(browser, model.text.lstrip("\ufeff") + GOOD.rsplit(";", 1)[0])
    page = browser.get(place).text
    assert "Colonnes ignorées" not in page


def test_an_import_is_undone_within_a_day_and_says_what_stays(
    signed_in: SignedIn, world: World, database: Database, now: datetime
) -> None:
    browser, before = signed_in(R.COMMUNICATION), members(database)
    assert "Annuler cet import" not in browser.get("/contacts/import").text
    assert send(browser, f"{upload(browser)}/lignes", {"ready": "2"}).status_code == 303
    assert 'href="/contacts/import/1/annuler"' in browser.get("/contacts").text, "said with the import itself"
    assert "Annuler cet import" in browser.get("/contacts/import").text
    with database.writing() as session:
        oumou = session.query(Member).filter(Member.import_id == 1).order_by(Member.id.desc()).first()
        assert oumou is not None
        session.add(Post(member_id=oumou.id, club_id=world.clubs["1032"], since=now.date()))
    assert "Annuler cet import" in browser.get("/contacts/import/1/annuler").text
    assert members(database) == before + 2, "reading the question takes nothing back"
    assert send(browser, "/contacts/import/1/annuler").headers["Location"] == "/contacts/import"
    page = browser.get("/contacts/import").text.replace("\u00a0", " ").replace("\u202f", " ")
    assert "1 membre retiré" in page
    assert "1 membre reste" in page
    assert "1 membre gardé" in page
    assert "Annuler cet import" not in page
    assert members(database) == before + 1
    assert send(browser, "/contacts/import/1/annuler").status_code == 303
    assert "ne peut plus être annulé" in browser.get("/contacts/import").text
    assert send(browser, "/contacts/import/9/annuler").status_code == 404
