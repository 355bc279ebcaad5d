"""Serveur vocal: what is missing by language, recording and proposing, publishing by Validation alone, the sheet to read from."""

import html
import io
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from console import voice_words
from console.staff import RoleName
from messaging.models import Contact, Route
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.console.test_editor import recording
from tests.translations.voices import a_clip, approve_pack, approve_prompt
from tests.world import World
from translations import clips, content_files, library, packs
from translations.content_entries import Pack
from translations.models import Clip, Variant, VariantState

R = RoleName
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")


@pytest.fixture
def loaded(database: Database, world: World) -> World:
    with database.writing() as session:
        library.load(session, content_files.SHIPPED, NOW)
    return world


def upload(browser: FlaskClient, address: str, data: bytes, action: str) -> str:
    """Send a sound; where that leads."""
    answer = send(browser, address, {"action": action, "sound": (io.BytesIO(data), "micro.webm"), "licence": "Kadia"})
    return answer.headers.get("Location", answer.text)


def test_without_prompts_the_page_says_where_they_come_from(signed_in: SignedIn, world: World) -> None:
    assert "Elles arrivent avec les fichiers de contenu" in signed_in(R.LANGUE).get("/voix").text


def test_the_matrix_counts_what_is_ready_in_each_language(signed_in: SignedIn, database: Database, loaded: World) -> None:
    with database.writing() as session:
        approve_prompt(session, "goodbye", "bm", NOW)
    page = signed_in(R.LANGUE).get("/voix").text
    assert 'aria-label="bambara, A, écouter : 1 sur 17, il en manque 16"' in page.replace("\u202f", " ").replace("\u00a0", " ")
    assert 'href="/voix/ffm/C"' in page


def test_a_pack_lists_its_prompts_with_their_words_and_their_moment(
    signed_in: SignedIn, database: Database, loaded: World
) -> None:
    with database.writing() as session:
        approve_prompt(session, "goodbye", "bm", NOW)
    browser = signed_in(R.LANGUE)
    page = browser.get("/voix/bm/A").text
    assert "Merci de votre écoute." in page
    assert "À la fin de chaque appel." in page
    assert "/voix/bm/A/dire/goodbye" in page
    assert "dire/goodbye" not in browser.get("/voix/bm/A?manque=1").text
    assert browser.get("/voix/bm/Z").status_code == 404
    assert browser.get("/voix/xx/A").status_code == 404
    assert browser.get("/voix/bm/A/dire/rien").status_code == 404


def test_the_sheet_to_read_from_names_each_file(signed_in: SignedIn, loaded: World) -> None:
    page = signed_in(R.LANGUE).get("/voix/bm/C/texte").text
    for expected in ("num_71.bm.wav", "soixante et onze", "day_7.bm.wav", "☐"):
        assert expected in page
    assert "Dites le sens dans votre langue" in page
    french = html.unescape(signed_in(R.LANGUE).get("/voix/fr/C/texte").text)
    assert "Dites le sens" not in french
    assert "Lisez le texte tel qu'il est écrit." in french


@ffmpeg
def test_a_sound_is_kept_heard_proposed_and_the_next_one_comes(signed_in: SignedIn, database: Database, loaded: World) -> None:
    browser = signed_in(R.LANGUE, name="boubou")
    place = "/voix/bm/A/dire/who"
    assert upload(browser, place, recording(), "save") == place
    page = browser.get(place).text
    assert "pas encore approuvé" in page
    assert "Kadia" not in page
    answer = send(browser, place, {"action": "propose"})
    assert answer.headers["Location"] == "/voix/bm/A/dire/goodbye"
    with database.reading() as session:
        clip = session.query(Clip).filter(Clip.variant.has(Variant.language == "bm")).one()
        assert (clip.variant.state, clip.approved_at, clip.licence) == (VariantState.TO_HEAR, None, "Kadia")
    assert "Vous avez" in browser.get(f"/a-approuver/{clip.variant_id}").text, "nobody hears their own"


def test_a_sound_that_waits_on_approved_words_is_nowhere_called_approved(
    signed_in: SignedIn, database: Database, loaded: World
) -> None:
    def told() -> set[str]:
        """The state of « goodbye » on its own page, in the pack's list and where it is reviewed."""
        browser = signed_in(R.LANGUE)
        places = {"/voix/bm/A/dire/goodbye": "<h1>", "/voix/bm/A": "dire/goodbye", f"/a-approuver/{number}": "<h1>"}
        return {
            browser.get(place).text.partition(after)[2].partition('class="state ')[2].split(">")[1]
            for place, after in places.items()
        }

    with database.writing() as session:
        clip = approve_prompt(session, "goodbye", "bm", NOW, approved=False)
        number, sound = clip.variant_id, clip.id
    assert told() == {"à écouter</span"}
    with database.writing() as session:
        session.get_one(Clip, sound).checked_at = NOW
    assert told() == {"à relire</span"}
    with database.writing() as session:
        session.get_one(Clip, sound).approved_at = NOW
    assert told() == {"approuvé</span"}
    with database.writing() as session:
        newer = a_clip("goodbye again", NOW, approved=False)
        newer.variant_id, newer.version = number, 2
        session.add(newer)
    page = signed_in(R.LANGUE).get("/voix/bm/A/dire/goodbye").text
    assert re.search(r">approuvé</span> <span class=.state warn.>un nouveau son attend<", page), "the older one is still played"


@ffmpeg
def test_a_sound_for_approved_words_needs_no_proposal(
    signed_in: SignedIn, database: Database, loaded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = clips.accept  # of a made-up voice it says that it is noisy, and nothing else
    monkeypatch.setattr(clips, "accept", lambda *sound, **most: replace(accept(*sound, **most), warning=None))
    with database.writing() as session:
        approve_prompt(session, "goodbye", "bm", NOW)
    browser = signed_in(R.LANGUE)
    place = upload(browser, "/voix/bm/A/dire/goodbye", recording(), "save")
    assert "Son gardé. Une deuxième personne doit maintenant l'écouter." in html.unescape(browser.get(place).text)


@ffmpeg
def test_what_was_recorded_is_proposed_all_at_once(signed_in: SignedIn, database: Database, loaded: World) -> None:
    browser = signed_in(R.LANGUE)
    for label, level in (("who", 0.3), ("goodbye", 0.5)):
        upload(browser, f"/voix/bm/A/dire/{label}", recording(1.5 if label == "who" else 2.0, level), "save")
    assert "Proposer 2" in browser.get("/voix/bm/A").text.replace("\u202f", " ").replace("\u00a0", " ")
    send(browser, "/voix/bm/A/proposer")
    with database.reading() as session:
        states = session.query(Variant.state).filter(Variant.language == "bm").all()
    assert [state for (state,) in states] == [VariantState.TO_HEAR] * 2


@ffmpeg
def test_a_sound_nobody_can_use_is_refused_at_its_field(signed_in: SignedIn, loaded: World) -> None:
    page = upload(signed_in(R.LANGUE), "/voix/bm/A/dire/who", b"ceci n'est pas un son" * 90, "save")
    assert "sound-error" in page
    assert "pas un enregistrement lisible" in page


def test_a_file_beyond_the_limit_is_refused_before_it_is_kept(signed_in: SignedIn, loaded: World) -> None:
    file = (io.BytesIO(bytes(32 * 2**20)), "a.wav")
    answer = send(signed_in(R.LANGUE), "/voix/bm/A/dire/who", {"action": "save", "sound": file})
    assert answer.status_code == 413
    assert "Le fichier dépasse 30 Mo." in answer.text.replace("\u202f", " ").replace("\u00a0", " ")


def test_nothing_sent_is_said(signed_in: SignedIn, loaded: World) -> None:
    answer = send(signed_in(R.LANGUE), "/voix/bm/A/dire/who", {"action": "save"})
    assert answer.status_code == 422
    assert "Enregistrez avec le micro, ou choisissez un fichier." in answer.text


def test_validation_publishes_a_whole_pack_and_others_cannot(signed_in: SignedIn, database: Database, loaded: World) -> None:
    with database.writing() as session:
        approve_pack(session, Pack.A, "bm", NOW, but=("who",))
    validation = signed_in(R.VALIDATION)
    assert "Mettre en service" not in validation.get("/voix/bm/A").text
    send(validation, "/voix/bm/A/publier")
    assert "Il manque un son approuvé pour" in validation.get("/voix/bm/A").text
    with database.writing() as session:
        approve_prompt(session, "who", "bm", NOW)
    assert send(signed_in(R.COMMUNICATION), "/voix/bm/A/publier").status_code == 403
    assert "Mettre en service" in validation.get("/voix/bm/A").text
    send(validation, "/voix/bm/A/publier")
    with database.reading() as session:
        assert packs.live_packs(session, "bm", datetime.now(UTC)) == {Pack.A}
    assert "en service" in validation.get("/voix").text
    send(validation, "/voix/bm/B/publier")
    send(validation, "/voix/bm/A/retirer")
    with database.reading() as session:
        assert packs.live_packs(session, "bm", datetime.now(UTC)) == frozenset()


def test_the_last_step_of_a_campaign_names_the_missing_sounds(signed_in: SignedIn, database: Database, loaded: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    with database.writing() as session:
        session.query(Contact).filter_by(id=loaded.contacts["sory"]).update({"language": "bm"})
    begun = send(browser, "/campagnes/nouvelle", {"content": str(loaded.contents["eau-propre"])})
    place = begun.headers["Location"].removesuffix("/public")
    send(browser, f"{place}/public", {"one_phone": ""})
    send(browser, f"{place}/canal", {"route": Route.VOICE.value})
    send(browser, f"{place}/date", {"when": "now", "repeat": "once", "expires": "24", "catch_up": "send_late"})
    page = browser.get(f"{place}/verifier").text.replace("\u202f", " ").replace("\u00a0", " ")
    assert "Bambara : le message n'a pas de son approuvé" in page.replace("&#39;", "'")
    assert "Français : paquet A, il manque : jingle, who" in page
    assert "et 11 autres" in page
    assert 'href="/voix/fr/A?manque=1"' in page
    assert "Envoyer à" not in page


def test_the_sentences_that_refuse_a_sound_have_their_english() -> None:
    """Those that end a line of translations/clips.py, word for word; limits are filled in there."""
    source = Path(clips.__file__).read_text()
    fixed = {str(one) for one in voice_words.SOUND_SENTENCES if not re.search(r"\d (Mo|minutes|secondes)", str(one))}
    written = set(re.findall(r'(?<!")"([A-ZÉ][^"{}\n]* [^"{}\n]*\.)(?=")(?!""")', source))
    assert written == fixed
