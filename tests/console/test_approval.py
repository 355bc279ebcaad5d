"""À approuver: two people for every text, never its author, and nothing that nobody has seen."""

import re

import pytest
from flask.testing import FlaskClient

from console.staff import RoleName
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.console.test_editor import newest, opened
from tests.console.test_messages import a_sound
from tests.world import World
from translations.models import Clip, Content, VariantState

R = RoleName


def proposed(browser: FlaskClient, database: Database, content: int, language: str, text: str) -> int:
    """The id of a text that waits."""
    address = f"/messages/{content}/{language}"
    answer = send(browser, address, {"action": "propose", "text": text, "seen": opened(browser, address)})
    assert answer.status_code == 303
    row = newest(database, content, language)
    assert row is not None
    return row.id


def state(database: Database, content: int, language: str) -> VariantState | None:
    row = newest(database, content, language)
    return row.state if row else None


@pytest.mark.parametrize("role", [R.LANGUE, R.VALIDATION], ids=str)
def test_nothing_to_review_says_so(signed_in: SignedIn, role: RoleName) -> None:
    page = signed_in(role).get("/a-approuver")
    assert "Rien à relire." in page.text
    assert 'href="/messages"' in page.text


def test_a_text_goes_from_its_author_to_a_second_speaker_to_validation(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    content = world.contents["eau-propre"]
    number = proposed(signed_in(R.LANGUE), database, content, "bm", "Aw tɛgɛ ko.")
    second, validation, address = signed_in(R.LANGUE), signed_in(R.VALIDATION), f"/a-approuver/{number}"
    assert "à vous" in second.get("/a-approuver").text
    assert "à vous" not in validation.get("/a-approuver").text
    heard = {"action": "check", "back_translation": "Lavez vos mains.", "seen": opened(second, address)}
    assert send(second, address, heard).location == "/a-approuver"
    assert state(database, content, "bm") is VariantState.TO_REVIEW
    page = validation.get(address).text
    assert "Lavez vos mains." in page
    assert "1 SMS par numéro" in page
    assert send(validation, address, {"action": "approve", "seen": opened(validation, address)}).status_code == 303
    assert state(database, content, "bm") is VariantState.APPROVED
    assert "Rien à relire." in validation.get("/a-approuver").text


def test_validation_sees_what_changed_since_the_last_approval(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    text = "Lavez vos mains au savon avant de donner à boire au bébé."
    number = proposed(signed_in(R.COMMUNICATION), database, content, "fr", text)
    page = signed_in(R.VALIDATION).get(f"/a-approuver/{number}").text
    assert re.search(r"<del>manger\s*</del><ins>boire\s*</ins>", page)


def test_own_work_is_refused_with_its_sentence(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    author = signed_in(R.LANGUE, R.VALIDATION)
    number = proposed(author, database, content, "fr", "Lavez vos mains.")
    page = author.get(f"/a-approuver/{number}").text
    assert "Vous avez écrit ce texte." in page
    assert 'value="approve"' not in page
    answer = send(author, f"/a-approuver/{number}", {"action": "approve"})
    assert answer.status_code == 422
    assert state(database, content, "fr") is VariantState.TO_REVIEW


def test_a_text_that_changed_since_it_was_opened_is_not_approved(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    author, validation = signed_in(R.COMMUNICATION), signed_in(R.VALIDATION)
    number = proposed(author, database, content, "fr", "Lavez vos mains.")
    seen = opened(validation, f"/a-approuver/{number}")
    proposed(author, database, content, "fr", "Ne lavez pas vos mains.")
    page = send(validation, f"/a-approuver/{number}", {"action": "approve", "seen": seen})
    assert page.status_code == 422
    assert "Ce texte a changé depuis" in page.text
    assert state(database, content, "fr") is VariantState.TO_REVIEW


def test_a_text_is_returned_with_a_reason_that_its_author_reads(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    author, validation = signed_in(R.COMMUNICATION), signed_in(R.VALIDATION)
    address = f"/a-approuver/{proposed(author, database, content, 'fr', 'Lavez vos mains.')}"
    refused = send(validation, address, {"action": "return", "seen": opened(validation, address)})
    assert refused.status_code == 422
    assert 'id="reason-error"' in refused.text
    answer = send(validation, address, {"action": "return", "reason": "Dites avec quoi.", "seen": opened(validation, address)})
    assert answer.status_code == 303
    assert state(database, content, "fr") is VariantState.DRAFT
    assert "Dites avec quoi." in author.get(f"/messages/{content}/fr").text


def test_the_menu_and_the_home_page_say_what_waits_and_what_came_back(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    author, validation = signed_in(R.COMMUNICATION), signed_in(R.VALIDATION)
    assert "À faire" in validation.get("/").text
    number = proposed(author, database, world.contents["eau-propre"], "fr", "Lavez-vous les mains.")
    page = validation.get("/").text
    assert re.search(r'<a href="/a-approuver">À approuver \(1\)</a>', page)
    assert "1 texte ou son attend votre avis" in page
    assert "attend votre avis" not in author.get("/").text
    address = f"/a-approuver/{number}"
    send(validation, address, {"action": "return", "reason": "Plus court.", "seen": opened(validation, address)})
    page = author.get("/").text
    assert f'<a href="/messages/{world.contents["eau-propre"]}/fr">Renvoyé' in page
    assert "Plus court." in page
    assert "attend votre avis" not in validation.get("/").text


def test_who_approves_reads_where_the_words_come_from_and_how_sure_it_is(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    number = world.contents["eau-propre"]
    with database.writing() as session:
        content = session.get_one(Content, number)
        content.source, content.certainty = "OMS, 2023", "C"
    waits = proposed(signed_in(R.COMMUNICATION), database, number, "fr", "Lavez-vous les mains.")
    for address in (f"/a-approuver/{waits}", f"/messages/{number}/fr"):
        assert "OMS, 2023 (C : à confirmer)" in signed_in(R.VALIDATION).get(address).text, address


def test_each_step_belongs_to_its_role(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    number = proposed(signed_in(R.COMMUNICATION), database, content, "bm", "Aw tɛgɛ ko.")
    address, validation = f"/a-approuver/{number}", signed_in(R.VALIDATION)
    assert send(validation, address, {"action": "check", "back_translation": "Oui."}).status_code == 403
    assert send(signed_in(R.LANGUE), address, {"action": "approve"}).status_code == 403
    assert send(validation, address, {"action": "autre"}).status_code == 400
    assert "rôle Langue" in validation.get(address).text
    assert state(database, content, "bm") is VariantState.TO_HEAR


def test_a_sound_has_to_be_heard_to_its_end(signed_in: SignedIn, world: World, database: Database, settings: Settings) -> None:
    content = world.contents["eau-propre"]
    sound = a_sound(settings, database, world.variants["eau-propre"])
    with database.writing() as session:
        session.get_one(Clip, sound).uploaded_by = world.staff["fanta"]
    second, address = signed_in(R.LANGUE), f"/a-approuver/{world.variants['eau-propre']}"
    assert "Écouter (12\u00a0s, 90\u00a0Ko)" in second.get(address).text
    deaf = send(second, address, {"action": "check", "seen": opened(second, address)})
    assert deaf.status_code == 422
    assert 'id="heard-error"' in deaf.text
    assert send(second, address, {"action": "check", "heard": "1", "seen": opened(second, address)}).status_code == 303
    validation = signed_in(R.VALIDATION)
    page = validation.get(address).text
    assert re.search(r"Son envoyé par Fanta, [^.]+\. Écouté par ", page), "the words' author did not record it"
    assert "seul le son est nouveau" in page
    assert "tout est nouveau" not in page
    deaf = send(validation, address, {"action": "approve", "seen": opened(validation, address)})
    assert deaf.status_code == 422
    assert 'id="heard-error"' in deaf.text
    assert send(validation, address, {"action": "approve", "heard": "1", "seen": opened(validation, address)}).status_code == 303
    assert "Écouter" in signed_in(R.TERRAIN).get(f"/messages/{content}/fr").text


def test_the_list_is_filtered_by_language_and_step(signed_in: SignedIn, world: World, database: Database) -> None:
    proposed(signed_in(R.COMMUNICATION), database, world.contents["eau-propre"], "bm", "Aw tɛgɛ ko.")
    browser = signed_in(R.LANGUE)
    assert "eau-propre" in browser.get("/a-approuver?langue=bm&etape=hear").text
    assert "Rien à relire avec ces filtres." in browser.get("/a-approuver?langue=ffm").text
    assert "Rien à relire avec ces filtres." in browser.get("/a-approuver?etape=approve").text


def test_an_unknown_text_is_not_found_and_an_approved_one_waits_for_nothing(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.VALIDATION)
    assert browser.get("/a-approuver/999").status_code == 404
    assert send(browser, "/a-approuver/999", {"action": "approve"}).status_code == 404
    assert "n&#39;attend pas de relecture" in browser.get(f"/a-approuver/{world.variants['eau-propre']}").text
