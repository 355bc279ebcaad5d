"""Messages: the matrix and its filters in words, a new message, and sounds played in part and kept by nobody."""

import re
from datetime import UTC, datetime

import pytest

from console import content_words
from console.staff import RoleName
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations import clips, drafts, review
from translations.models import Clip, Content, Variant, VariantState

R = RoleName
NEW = {"title": "Le savon", "theme": "12", "source": "OMS", "certainty": "S", "facts": "1, 2"}


def a_sound(
    settings: Settings, database: Database, variant_id: int, *, synthetic: bool = False, mp3: bytes | None = b"m" * 90_000
) -> int:
    """A clip of 12 s whose files hold plain letters."""
    sha256, _path = clips.store(settings.var, b"w" * 200_000)
    if mp3 is not None:
        clips.store(settings.var, mp3, ".mp3", sha256=sha256)
    with database.writing() as session:
        row = Clip(variant_id=variant_id, sha256=sha256, media_type="audio/wav", bytes=200_000, seconds=12.2, synthetic=synthetic)
        row.uploaded_at = datetime.now(UTC)
        session.add(row)
        session.flush()
        return row.id


def test_an_empty_library_says_what_fills_it(signed_in: SignedIn) -> None:
    page = signed_in(R.COMMUNICATION).get("/messages").text
    assert 'class="empty"' in page
    assert 'href="/messages/nouveau"' in page
    assert 'href="/messages/nouveau"' not in signed_in(R.TERRAIN).get("/messages").text


def test_the_matrix_counts_each_theme_and_language_in_words(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.LANGUE).get("/messages").text
    row = re.search(r"<tr><th scope=\"row\"><a lang=\"fr\" href=\"[^\"]*theme=12\">.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert "3 approuvés" in row[0]
    assert row[0].count("3 manquants") == row[0].count('class="bare"') == 7
    assert "7 langues sans texte" in row[0], "a narrow screen says so once"


def test_a_filter_of_the_address_lists_the_texts_with_their_parts(signed_in: SignedIn, world: World, database: Database) -> None:
    with database.writing() as session:
        session.get_one(Variant, world.variants["eau-propre"]).text = "é" * 200
    page = signed_in(R.TERRAIN).get("/messages?langue=fr&etat=approved").text
    assert "eau-propre" in page
    assert "2 SMS" in page
    assert f"/messages/{world.contents['eau-propre']}/fr" in page
    assert 'aria-label="eau-propre, bambara' not in page
    nothing = signed_in(R.TERRAIN).get("/messages?langue=fr&etat=missing").text
    assert "Aucun texte ne répond" in nothing


def test_a_translation_of_older_french_says_that_the_source_changed(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    with database.writing() as session:
        content = session.get_one(Content, world.contents["eau-propre"])
        at = datetime.now(UTC)
        drafts.write(session, content, "bm", "Aw tɛgɛ ko.", None, [], world.staff["moussa"], at)
        drafts.write(session, content, "fr", "Un autre texte.", None, [], world.staff["fanta"], at)
    page = signed_in(R.COMMUNICATION).get("/messages?langue=bm").text
    assert page.count("la source a changé") == 1


@pytest.mark.parametrize(
    ("tab", "shown"),
    [("quiz", "theme=12"), ("reponses", "fichiers de contenu"), ("annonces", "fichiers de contenu")],
    ids=["quiz", "replies", "prompts"],
)
def test_the_other_kinds_of_text_have_tabs_of_their_own(signed_in: SignedIn, world: World, tab: str, shown: str) -> None:
    assert shown in signed_in(R.COMMUNICATION).get(f"/messages?sorte={tab}").text


def test_an_unknown_tab_is_not_found_and_an_unknown_filter_is_said(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    assert browser.get("/messages?sorte=rien").status_code == 404
    assert "Ce choix n&#39;existe pas" in browser.get("/messages?etat=approved&langue=xx").text


def test_a_new_message_is_made_and_opens_in_the_editor(signed_in: SignedIn, world: World, database: Database) -> None:
    answer = send(signed_in(R.COMMUNICATION), "/messages/nouveau", NEW)
    with database.reading() as session:
        content = session.query(Content).filter_by(key="le-savon").one()
        assert (content.theme_code, content.source, content.certainty, content.facts) == (12, "OMS", "S", [1, 2])
    assert answer.location == f"/messages/{content.id}/fr"


def test_two_messages_of_one_title_have_two_keys(signed_in: SignedIn, world: World, database: Database) -> None:
    browser = signed_in(R.COMMUNICATION)
    for _again in range(3):
        send(browser, "/messages/nouveau", NEW)
    with database.reading() as session:
        keys = [row.key for row in session.query(Content).filter_by(title="Le savon").order_by(Content.id)]
    assert keys == ["le-savon", "le-savon-2", "le-savon-3"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"theme": "98"}, "theme"),
        ({"source": ""}, "source"),
        ({"certainty": ""}, "certainty"),
        ({"facts": "1 400"}, "facts"),
    ],
    ids=["no title", "unknown theme", "no source", "no certainty", "unknown fact"],
)
def test_what_is_wrong_with_a_new_message_is_said_twice(
    signed_in: SignedIn, world: World, wrong: dict[str, str], field: str
) -> None:
    page = send(signed_in(R.COMMUNICATION), "/messages/nouveau", NEW | wrong)
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text


def test_a_sound_is_served_in_part_privately_and_kept_by_nobody(
    signed_in: SignedIn, world: World, database: Database, settings: Settings
) -> None:
    clip = a_sound(settings, database, world.variants["eau-propre"])
    browser = signed_in(R.TERRAIN)
    whole = browser.get(f"/sons/{clip}")
    assert (whole.status_code, whole.mimetype, len(whole.data)) == (200, "audio/mpeg", 90_000)
    assert "no-store" in whole.headers["Cache-Control"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = browser.get(f"/sons/{clip}", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"m" * 10, "bytes 10-19/90000")
    assert signed_in(R.LECTURE).get(f"/sons/{clip}").status_code == 403


def test_a_sound_without_mp3_is_served_as_wav_and_one_without_file_is_not_found(
    signed_in: SignedIn, world: World, database: Database, settings: Settings
) -> None:
    clip = a_sound(settings, database, world.variants["eau-propre"], mp3=None)
    browser = signed_in(R.LANGUE)
    assert browser.get(f"/sons/{clip}").mimetype == "audio/wav"
    with database.writing() as session:
        session.get_one(Clip, clip).sha256 = "0" * 64
    assert browser.get(f"/sons/{clip}").status_code == 404
    assert browser.get("/sons/999").status_code == 404


def test_every_state_and_every_refusal_has_words() -> None:
    assert set(content_words.STATES) == {None, *VariantState}
    assert set(content_words.FAULTS) == set(review.Fault)
