"""Éditeur: source and translation, the count and its offers, sound, proposing, and two people at one text."""

import html
import io
import math
import re
import shutil
import struct
import wave

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.staff import Draft, RoleName
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.console.test_messages import a_sound
from tests.world import World
from translations.models import Clip, Content, ContentKind, Variant, VariantState

R = RoleName


def opened(browser: FlaskClient, address: str) -> str:
    """The fingerprint that the page carries."""
    found = re.search(r'name="seen" value="([^"]*)"', browser.get(address).text)
    assert found is not None
    return found[1]


def newest(database: Database, content: int, language: str) -> Variant | None:
    with database.reading() as session:
        return session.query(Variant).filter_by(content_id=content, language=language).order_by(Variant.version.desc()).first()


def recording(seconds: float = 1.5, level: float = 0.3) -> bytes:
    """A voice-like WAV: a tone that swells, with pauses."""
    rate, data = 16_000, io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (
            level * math.sin(2 * math.pi * 300 * n / rate) * (0.002 if (n // 4000) % 3 == 2 else 1.0)
            for n in range(int(rate * seconds))
        )
        file.writeframes(b"".join(struct.pack("<h", int(32_000 * sample)) for sample in samples))
    return data.getvalue()


def test_the_source_stands_beside_an_empty_translation(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.LANGUE).get(f"/messages/{world.contents['eau-propre']}/bm").text
    assert '<p class="said" lang="fr">Lavez vos mains' in page
    assert re.search(r'<textarea id="text"[^>]*lang="bm"[^>]*>\s*</textarea>', page)
    assert "manquant" in page


def test_the_page_counts_parts_cost_and_marks_dear_letters(signed_in: SignedIn, world: World) -> None:
    address = f"/messages/{world.contents['eau-propre']}/bm"
    page = send(signed_in(R.LANGUE), address, {"action": "count", "text": "Dɛ " + "a" * 80, "seen": ""})
    assert page.status_code == 200
    assert "2 SMS par numéro" in page.text
    assert "30\u00a0FCFA" in page.text
    assert "<mark>ɛ</mark>" in page.text
    assert 'name="accept" value="ɛ"' in page.text
    assert f'<div class="phone" lang="bm">Dɛ {"a" * 80}</div>' in page.text


def test_the_count_of_what_is_typed_comes_alone(signed_in: SignedIn, world: World) -> None:
    address = f"/messages/{world.contents['quiz-repas']}/fr/compter"
    page = send(signed_in(R.LANGUE), address, {"text": "Question?", "option1": "oui", "option2": "non"})
    assert "<html" not in page.text
    assert "Question? 1 oui 2 non" in page.text
    assert "1 SMS par numéro" in page.text


def test_only_accepted_letters_are_replaced_and_nothing_is_saved(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    fields = {"action": "fold", "text": "fête ça", "accept": "ê", "seen": ""}
    page = send(signed_in(R.LANGUE), f"/messages/{content}/bm", fields).text
    assert re.search(r"<textarea id=\"text\"[^>]*>\s*fete ça</textarea>", page)
    assert newest(database, content, "bm") is None


def test_the_braces_of_names_are_neither_offered_nor_replaced(signed_in: SignedIn, world: World) -> None:
    address, text = f"/messages/{world.contents['eau-propre']}/fr", "À {village} le {date} : l’œuf de { prenon }."
    browser = signed_in(R.COMMUNICATION)
    page = send(browser, address, {"action": "count", "text": text, "seen": ""}).text
    assert re.findall(r'name="accept" value="([^"]+)"', page) == ["À", "’", "œ"]
    folded = send(browser, address, {"action": "fold", "text": text, "accept": ["À", "’", "œ", "{", "}"], "seen": ""}).text
    assert "A {village} le {date} : l&#39;oeuf de { prenon }.</textarea>" in folded
    assert not re.search(r'name="simplified" value="[{}]', folded)


def test_a_sign_that_no_letter_replaces_is_said_to_be_the_reason(signed_in: SignedIn, world: World) -> None:
    address, browser = f"/messages/{world.contents['eau-propre']}/fr", signed_in(R.COMMUNICATION)
    with_sign = send(browser, address, {"action": "count", "text": "À l’eau 👩🏾 " + "a" * 70, "seen": ""}).text
    assert "tant que 👩🏾 reste" in with_sign
    without = send(browser, address, {"action": "count", "text": "À l’eau", "seen": ""}).text
    assert "gardez ces lettres" in without
    assert "tant que" not in without


def test_words_are_saved_as_a_draft_that_says_who_wrote_it(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    browser = signed_in(R.LANGUE, name="oumou")
    answer = send(browser, f"/messages/{content}/bm", {"text": "Aw tɛgɛ ko.", "spoken": "Aw ka tɛgɛ ko.", "seen": ""})
    assert answer.status_code == 303
    row = newest(database, content, "bm")
    assert row is not None
    assert (row.state, row.text, row.spoken) == (VariantState.DRAFT, "Aw tɛgɛ ko.", "Aw ka tɛgɛ ko.")
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="write_variant", subject_id=row.id).count() == 1
    page = browser.get(f"/messages/{content}/bm").text
    assert "Brouillon enregistré" in page
    assert "Histoire du texte" in page


def test_editing_approved_words_warns_and_keeps_the_old_version(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    browser, address = signed_in(R.COMMUNICATION), f"/messages/{content}/fr"
    assert "Ce texte est approuvé." in browser.get(address).text
    send(browser, address, {"text": "Lavez vos mains.", "seen": opened(browser, address)})
    with database.reading() as session:
        rows = session.query(Variant).filter_by(content_id=content, language="fr").order_by(Variant.version).all()
        assert [(row.version, row.state) for row in rows] == [(1, VariantState.APPROVED), (2, VariantState.DRAFT)]


def test_someone_else_saved_first_so_both_versions_are_shown(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    address, mine, other = f"/messages/{content}/bm", signed_in(R.LANGUE), signed_in(R.LANGUE)
    send(other, address, {"text": "Le texte de Sory.", "seen": ""})
    page = send(mine, address, {"text": "Le texte de Fanta.", "seen": ""})
    assert page.status_code == 422
    assert "Ce texte a changé depuis" in page.text
    assert '<p class="said" lang="bm">Le texte de Sory.</p>' in page.text
    assert "Le texte de Fanta.</textarea>" in page.text
    found = newest(database, content, "bm")
    assert found is not None
    assert found.text == "Le texte de Sory."
    seen = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert seen is not None
    assert send(mine, address, {"text": "Le texte de Fanta.", "seen": seen[1]}).status_code == 303
    found = newest(database, content, "bm")
    assert found is not None
    assert found.text == "Le texte de Fanta."


def test_nothing_at_all_is_not_saved(signed_in: SignedIn, world: World, database: Database) -> None:
    page = send(signed_in(R.LANGUE), f"/messages/{world.contents['eau-propre']}/bm", {"seen": ""})
    assert page.status_code == 422
    assert "Il n&#39;y a ni texte ni son." in page.text
    assert newest(database, world.contents["eau-propre"], "bm") is None


def test_proposing_another_language_asks_a_second_speaker(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    browser = signed_in(R.LANGUE)
    answer = send(browser, f"/messages/{content}/bm", {"action": "propose", "text": "Aw tɛgɛ ko.", "seen": ""})
    assert answer.status_code == 303
    row = newest(database, content, "bm")
    assert row is not None
    assert row.state is VariantState.TO_HEAR
    assert "deuxième personne" in browser.get(f"/messages/{content}/bm").text


def test_correcting_what_waits_for_review_says_that_it_no_longer_does_and_can_propose_it_at_once(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    address, browser = f"/messages/{world.contents['eau-propre']}/bm", signed_in(R.LANGUE)
    send(browser, address, {"action": "propose", "text": "I tege ko", "seen": ""})
    assert "Enregistrer et proposer" in browser.get(address).text
    saved = send(browser, address, {"action": "save", "text": "I tegew ko", "seen": opened(browser, address)})
    page = browser.get(saved.location).text
    assert "Il n'est plus proposé" in html.unescape(page)
    assert re.findall(r'data-label="État">([^<]*)<', page) == ["brouillon", "remplacé"]
    send(browser, address, {"action": "propose", "text": "I tegew ko ji la", "seen": opened(browser, address)})
    variant = newest(database, world.contents["eau-propre"], "bm")
    assert variant is not None
    assert (variant.text, variant.state) == ("I tegew ko ji la", VariantState.TO_HEAR)


def test_a_refused_proposal_keeps_what_was_written(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["quiz-repas"]
    browser = signed_in(R.LANGUE)
    fields = {"action": "propose", "text": "Une question?", "option1": "oui", "option2": "", "seen": ""}
    page = send(browser, f"/messages/{content}/bm", fields)
    assert page.status_code == 422
    assert "deux ou trois réponses" in page.text
    row = newest(database, content, "bm")
    assert row is not None
    assert (row.state, row.text) == (VariantState.DRAFT, "Une question?")
    seen = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert seen is not None
    assert send(browser, f"/messages/{content}/bm", fields | {"option2": "non", "seen": seen[1]}).status_code == 303


def test_a_refused_proposal_says_that_the_words_are_saved_and_its_author_meets_no_conflict(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    content, browser = world.contents["eau-propre"], signed_in(R.COMMUNICATION)
    address = f"/messages/{content}/fr"
    fields = {"text": "Venez {prenon}.", "seen": opened(browser, address)}
    send(browser, "/brouillon", {"_draft": f"editor-{content}-fr", **fields})
    with database.reading() as session:
        assert session.query(Draft).count() == 1
    page = send(browser, address, {"action": "propose", **fields})
    assert page.status_code == 422
    assert re.search(r"En trop ici\W+\{prenon\}\. Ce que vous avez écrit est enregistré comme brouillon\.", page.text)
    with database.reading() as session:
        assert session.query(Draft).count() == 0, "the draft would only speak of what was open before"
    again = send(browser, address, {"action": "propose", **fields, "text": "Venez {Prénom}."})
    assert again.status_code == 303, "even from a page opened before"


def test_a_question_has_as_many_answers_as_its_keys(signed_in: SignedIn, world: World) -> None:
    page = signed_in(R.LANGUE).get(f"/messages/{world.contents['quiz-repas']}/bm").text
    assert page.count('id="option') == 2


@pytest.mark.parametrize(
    ("kind", "has", "hasnt"),
    [(ContentKind.REPLY, "text", "spoken"), (ContentKind.PROMPT, "spoken", "text")],
    ids=["a reply is written", "a prompt is spoken"],
)
def test_a_kind_has_its_own_fields(
    signed_in: SignedIn, world: World, database: Database, kind: ContentKind, has: str, hasnt: str
) -> None:
    with database.writing() as session:
        content = Content(key=f"{kind}:essai", kind=kind, title="essai")
        session.add(content)
        session.flush()
        number = content.id
    page = signed_in(R.LANGUE).get(f"/messages/{number}/fr").text
    assert f'id="{has}"' in page
    assert f'id="{hasnt}"' not in page


def test_the_french_that_changed_is_shown_with_its_difference(signed_in: SignedIn, world: World) -> None:
    content = world.contents["eau-propre"]
    browser = signed_in(R.COMMUNICATION)
    send(browser, f"/messages/{content}/bm", {"text": "Aw tɛgɛ ko.", "seen": ""})
    address = f"/messages/{content}/fr"
    send(
        browser,
        address,
        {"text": "Lavez vos deux mains au savon avant de donner à manger au bébé.", "seen": opened(browser, address)},
    )
    page = browser.get(f"/messages/{content}/bm").text
    assert "la source a changé" in page
    assert "<ins>deux </ins>" in page


def test_terrain_and_validation_read_and_cannot_write(signed_in: SignedIn, world: World, database: Database) -> None:
    address = f"/messages/{world.contents['eau-propre']}/fr"
    for role in (R.TERRAIN, R.VALIDATION):
        browser = signed_in(role)
        page = browser.get(address)
        assert page.status_code == 200
        assert "<textarea" not in page.text
        assert send(browser, address, {"text": "Autre chose.", "seen": ""}).status_code == 403
    found = newest(database, world.contents["eau-propre"], "fr")
    assert found is not None
    assert found.version == 1


@pytest.mark.parametrize("path", ["/messages/999/fr", "/messages/1/xx"], ids=["content", "language"])
def test_an_unknown_text_is_not_found(signed_in: SignedIn, world: World, path: str) -> None:
    browser = signed_in(R.LANGUE)
    assert browser.get(path).status_code == 404
    assert send(browser, path + "/compter").status_code == 404


def test_a_sound_is_offered_with_its_length_and_size(
    signed_in: SignedIn, world: World, database: Database, settings: Settings
) -> None:
    clip = a_sound(settings, database, world.variants["eau-propre"])
    page = signed_in(R.TERRAIN).get(f"/messages/{world.contents['eau-propre']}/fr").text
    assert "Écouter (12\u00a0s, 90\u00a0Ko)" in page
    assert f'preload="none" src="/sons/{clip}"' in page


def test_a_file_that_is_no_sound_is_refused_and_the_words_stay(
    app: Flask, signed_in: SignedIn, world: World, database: Database
) -> None:
    content = world.contents["eau-propre"]
    fields = {"text": "Aw tɛgɛ ko.", "seen": "", "sound": (io.BytesIO(b"not a sound"), "voix.wav")}
    page = send(signed_in(R.LANGUE), f"/messages/{content}/bm", fields)
    assert page.status_code == 422
    assert 'id="sound-error"' in page.text
    assert "Aw tɛgɛ ko.</textarea>" in page.text
    assert newest(database, content, "bm") is None


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_recording_alone_makes_an_oral_text(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    browser = signed_in(R.LANGUE)
    fields = {"action": "propose", "seen": "", "licence": "Awa, accord écrit", "sound": (io.BytesIO(recording()), "voix.wav")}
    answer = send(browser, f"/messages/{content}/dts", fields)
    assert answer.status_code == 303, answer.text
    row = newest(database, content, "dts")
    assert row is not None
    assert (row.text, row.state) == (None, VariantState.TO_HEAR)
    with database.reading() as session:
        clip = session.query(Clip).filter_by(variant_id=row.id).one()
    assert (clip.synthetic, clip.licence) == (False, "Awa, accord écrit")
    assert browser.get(f"/sons/{clip.id}").status_code == 200
