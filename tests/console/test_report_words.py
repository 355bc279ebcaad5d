"""« Mots des rapports » : added, confirmed by a speaker, withdrawn, and an SMS tried on them."""

import pytest
from sqlalchemy import select

from clubs.records import ReportWord
from console.staff import RoleName
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World

PAGE = "/mots-des-rapports"
MUSO = {"language": "bm", "word": "musow", "means": "women"}


def words(database: Database) -> list[ReportWord]:
    with database.reading() as session:
        return list(session.scalars(select(ReportWord).order_by(ReportWord.id)))


def test_a_word_is_added_confirmed_and_withdrawn(signed_in: SignedIn, database: Database, world: World) -> None:
    browser = signed_in(RoleName.LANGUE)
    assert send(browser, PAGE, MUSO).status_code == 303
    (row,) = words(database)
    assert (row.word, row.means, row.confirmed_at) == ("MUSOW", "women", None)
    assert "à confirmer" in browser.get(PAGE).get_data(as_text=True)
    assert send(browser, f"{PAGE}/{row.id}/confirmer", {"speaker": ""}).status_code == 422
    assert send(browser, f"{PAGE}/{row.id}/confirmer", {"speaker": "la rédactrice bambara"}).status_code == 303
    assert "confirmé par la rédactrice bambara" in browser.get(PAGE).get_data(as_text=True)
    assert send(browser, f"{PAGE}/{row.id}/retirer").status_code == 303
    assert "MUSOW" not in browser.get(PAGE).get_data(as_text=True)
    assert browser.get(f"{PAGE}/{row.id}/confirmer").status_code == 404


@pytest.mark.parametrize(
    ("word", "means", "says"),
    [
        ("femmes", "men", "Ce mot veut déjà dire"),
        ("stopi", "women", "ressemble à STOP"),
        ("fo", "women", "comme un chiffre"),
        ("crm", "CR", "se lirait autrement"),
        ("a1", "women", "fait de lettres"),
    ],
)
def test_a_word_in_the_way_is_refused_with_the_reason(
    signed_in: SignedIn, database: Database, world: World, word: str, means: str, says: str
) -> None:
    answer = send(signed_in(RoleName.LANGUE), PAGE, {"language": "bm", "word": word, "means": means})
    assert answer.status_code == 422
    assert says in answer.get_data(as_text=True)
    assert words(database) == []


def test_an_sms_is_tried_without_storing_anything(signed_in: SignedIn, database: Database, world: World) -> None:
    browser = signed_in(RoleName.ADMINISTRATION)
    send(browser, PAGE, MUSO)
    page = send(browser, f"{PAGE}/essai", {"sms": "CR 12 musow 18 hommes 7", "drafts": "1"}).get_data(as_text=True)
    assert "Il serait compris et enregistré" in page
    assert "18 femmes, 7 hommes" in page
    page = send(browser, f"{PAGE}/essai", {"sms": "CR 12 musow 18 hommes 7"}).get_data(as_text=True)
    assert "on redemanderait" in page
    assert send(browser, f"{PAGE}/essai", {"sms": ""}).status_code == 422


def test_others_do_not_see_the_page(signed_in: SignedIn, world: World) -> None:
    assert signed_in(RoleName.TERRAIN).get(PAGE).status_code == 403
