"""Langues: glossary, simplified spelling and packs, on their pages and by command."""

import html
import io
import os
import random
import re
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from console.staff import RoleName
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.console.test_approval import proposed
from tests.console.test_editor import newest, opened
from tests.translations.test_clips import wav
from tests.world import World
from translations import clips, language_packs
from translations.models import Clip, Content, ContentKind, GlossaryTerm, Language, Spelling, Variant, VariantState

R = RoleName
HOME = "/messages/langues"


def said(answer: TestResponse) -> str:
    """A page's words, without what only browsers need."""
    return html.unescape(answer.get_data(as_text=True)).replace("\u00a0", " ").replace("\u202f", " ")


def approved(signed_in: SignedIn, database: Database, content: int, text: str = "Aw tɛgɛ ko.") -> int:
    """Bambara words that went through three hands; the id of the variant."""
    number = proposed(signed_in(R.LANGUE), database, content, "bm", text)
    for act, browser in (("check", signed_in(R.LANGUE)), ("approve", signed_in(R.VALIDATION))):
        address = f"/a-approuver/{number}"
        fields = {"action": act, "back_translation": "Lavez vos mains.", "seen": opened(browser, address)}
        assert send(browser, address, fields).status_code == 303
    return number


def test_each_language_says_what_it_has(signed_in: SignedIn, world: World) -> None:
    browser = signed_in(R.COMMUNICATION)
    assert f'href="{HOME}"' in said(browser.get("/messages")), "a way leads there"
    page = said(browser.get(HOME))
    assert "0 terme" in page
    assert re.search(r"0 lettres convenues sur \d+", page)
    assert f"{HOME}/fr/glossaire" not in page


def test_a_term_is_added_changed_and_taken_out(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, address = signed_in(R.LANGUE), f"{HOME}/bm/glossaire"
    assert send(browser, address, {"term": "Savon", "translation": "safinɛ", "note": "dur"}).status_code == 303
    with database.reading() as session:
        row = session.query(GlossaryTerm).one()
    assert 'value="safinɛ"' in said(browser.get(f"{address}?terme={row.id}"))
    send(browser, f"{address}?terme={row.id}", {"term": "savon", "translation": "safunɛ", "note": ""})
    page = said(browser.get(f"/messages/{world.contents['eau-propre']}/bm"))
    assert "Mots convenus" in page, "the French says « savon »"
    assert "safunɛ" in page
    again = send(browser, address, {"term": "SAVON", "translation": "x"})
    assert (again.status_code, "déjà dans le glossaire" in said(again)) == (422, True)
    assert send(browser, f"{address}/{row.id}/retirer").status_code == 303
    assert "Mots convenus" not in said(browser.get(f"/messages/{world.contents['eau-propre']}/bm"))


def test_validation_reads_a_glossary_and_changes_none(signed_in: SignedIn, world: World) -> None:
    browser, address = signed_in(R.VALIDATION), f"{HOME}/bm/glossaire"
    assert 'name="term"' not in said(browser.get(address))
    assert send(browser, address, {"term": "eau", "translation": "ji"}).status_code == 403
    assert browser.get(f"{HOME}/xx/glossaire").status_code == 404
    assert browser.get(f"{address}?terme=999").status_code == 404


def test_a_language_editor_answers_for_a_spelling_and_takes_it_back(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    browser, address = signed_in(R.LANGUE), f"{HOME}/bm/ecriture"
    assert send(browser, address, {"letter": "ɲ", "replacement": "gn"}).status_code == 303
    offered = said(send(browser, f"/messages/{world.contents['eau-propre']}/bm", {"action": "count", "text": "ɲɛ" + "a" * 70}))
    assert re.search(r"<code>ɲ</code> → <code>gn</code>.*?convenu dans cette langue", offered)
    assert "Tout remplacer : 1 SMS (15 FCFA) au lieu de 2 (30 FCFA) par numéro." in offered
    wrong = send(browser, address, {"letter": "ɲ", "replacement": "ñê"})
    assert (wrong.status_code, "lettres du SMS" in said(wrong)) == (422, True)
    assert send(browser, address, {"letter": "ɲ", "action": "withdraw"}).status_code == 303
    with database.reading() as session:
        assert session.query(Spelling).count() == 0
        assert session.query(AuditEntry).filter(AuditEntry.action.startswith("spelling.")).count() == 2


def test_only_the_role_langue_confirms_a_spelling(signed_in: SignedIn, world: World) -> None:
    browser, address = signed_in(R.COMMUNICATION), f"{HOME}/bm/ecriture"
    assert browser.get(address).status_code == 200
    assert send(browser, address, {"letter": "ɛ", "replacement": "e"}).status_code == 403


def test_accepted_letters_are_noted_under_the_authors_name(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    browser, address = signed_in(R.LANGUE), f"/messages/{content}/bm"
    page = said(send(browser, address, {"action": "fold", "text": "tɛgɛ’", "accept": ["ɛ", "’"], "seen": ""}))
    assert re.findall(r'name="simplified" value="([^"]+)"', page) == ["ɛ→è", "’→'"]
    send(browser, address, {"action": "save", "text": "tègè'", "simplified": ["ɛ→è", "<script>"], "seen": ""})
    row = newest(database, content, "bm")
    assert row is not None
    assert row.simplified == ["ɛ→è"], "what is no letter is left out"
    assert "simplifié : ɛ→è" in said(browser.get(address))


def test_the_braces_of_a_name_are_no_dear_letters(signed_in: SignedIn, world: World) -> None:
    browser, address = signed_in(R.COMMUNICATION), f"/messages/{world.contents['eau-propre']}/fr"
    counted = said(send(browser, f"{address}/compter", {"text": "Le {date} ê [1]"}))
    assert re.findall(r'name="accept" value="([^"]+)"', counted) == ["ê", "[", "]"]
    cheap = said(send(browser, f"{address}/compter", {"text": "Le {date} [1]"}))
    assert re.findall(r"<mark>([^<]+)</mark>", cheap) == ["[", "]"]
    folded = said(send(browser, address, {"action": "fold", "text": "Le {date} ê {", "accept": ["ê", "{", "}"], "seen": ""}))
    assert re.search(r'<textarea id="text"[^>]*>\s*Le {date} e {</textarea>', folded)


def test_the_editor_says_which_names_are_missing_or_unknown(signed_in: SignedIn, world: World, database: Database) -> None:
    browser, content = signed_in(R.COMMUNICATION, R.LANGUE), world.contents["eau-propre"]
    address = f"/messages/{content}/fr"
    send(browser, address, {"text": "Venez le {date}.", "seen": opened(browser, address)})
    page = said(send(browser, f"/messages/{content}/bm/compter", {"text": "Na {dat}."}))
    assert "Il manque : {date}." in page
    assert "En trop ici : {dat}." in page
    french = said(send(browser, f"{address}/compter", {"text": "Le {date} à {village}."}))
    assert "Compté avec les noms les plus longs." in french
    assert "Le 24/11 à Kani-Gogouna Bandiagara." in french


def test_the_editor_says_what_listeners_get_meanwhile(signed_in: SignedIn, world: World, database: Database) -> None:
    content, browser = world.contents["eau-propre"], signed_in(R.COMMUNICATION, R.LANGUE)
    assert "le texte approuvé en français" in said(browser.get(f"/messages/{content}/bm"))
    send(browser, f"/messages/{content}/fr", {"text": "Autre.", "seen": opened(browser, f"/messages/{content}/fr")})
    assert "rien ne part en bambara" in said(browser.get(f"/messages/{content}/bm"))


def test_approving_new_french_says_how_many_translations_it_outdates(
    signed_in: SignedIn, world: World, database: Database
) -> None:
    content = world.contents["eau-propre"]
    approved(signed_in, database, content)
    number = proposed(signed_in(R.COMMUNICATION), database, content, "fr", "Lavez vos mains à l'eau propre.")
    browser, address = signed_in(R.VALIDATION), f"/a-approuver/{number}"
    assert "1 traduction approuvée devient périmée" in said(browser.get(address))
    send(browser, address, {"action": "approve", "seen": opened(browser, address)})
    row = newest(database, content, "bm")
    assert row is not None
    assert row.state is VariantState.OUTDATED
    editor = said(signed_in(R.LANGUE).get(f"/messages/{content}/bm"))
    assert "la source a changé" in editor
    assert "Enregistrer et proposer" in editor, "a speaker may find that it still says the same"


def test_french_that_means_the_same_is_said_so_with_a_tick(signed_in: SignedIn, world: World, database: Database) -> None:
    content = world.contents["eau-propre"]
    approved(signed_in, database, content)
    number = proposed(signed_in(R.COMMUNICATION), database, content, "fr", "Lavez-vous les mains.")
    browser, address = signed_in(R.VALIDATION), f"/a-approuver/{number}"
    send(browser, address, {"action": "approve", "meaning_kept": "1", "seen": opened(browser, address)})
    row = newest(database, content, "bm")
    assert row is not None
    assert row.state is VariantState.APPROVED


@pytest.fixture
def pack(signed_in: SignedIn, world: World, database: Database) -> bytes:
    """A pack of Bambara from another programme, which had one message approved; here nothing is written in it."""
    variant = approved(signed_in, database, world.contents["eau-propre"])
    browser = signed_in(R.VALIDATION)
    assert "1" in said(browser.get(f"{HOME}/bm/paquet"))
    answer = browser.get(f"{HOME}/bm/paquet.zip")
    assert answer.mimetype == "application/zip"
    with database.writing() as session:
        session.delete(session.get_one(Variant, variant))
    return bytes(answer.data)


def bring(browser: FlaskClient, data: bytes) -> str:
    answer = send(browser, "/messages/paquets", {"file": (io.BytesIO(data), "bambara.zip")})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_a_pack_is_looked_through_and_taken_in_as_drafts(
    signed_in: SignedIn, world: World, database: Database, pack: bytes
) -> None:
    browser = signed_in(R.COMMUNICATION, name="oumou")
    address = bring(browser, pack)
    page = said(browser.get(address))
    assert "approuvé là-bas par 1 personnes" in page
    assert send(browser, address, {"taken": "7"}).status_code == 422, "not what the page showed"
    assert send(browser, address, {"taken": "1", "propose": "1"}).status_code == 303
    row = newest(database, world.contents["eau-propre"], "bm")
    assert row is not None
    assert (row.state, row.approved_by) == (VariantState.TO_HEAR, None)
    assert browser.get(address).status_code == 404, "the file is gone"


def test_what_a_pack_may_not_bring_is_named(signed_in: SignedIn, world: World, database: Database, pack: bytes) -> None:
    browser = signed_in(R.LANGUE)
    send(browser, f"/messages/{world.contents['eau-propre']}/bm", {"text": "Le nôtre.", "seen": ""})
    page = said(browser.get(bring(browser, pack)))
    assert "déjà écrit ici : le nôtre reste" in page
    assert "Ce paquet n'apporte rien de nouveau." in page
    wrong = send(browser, "/messages/paquets", {"file": (io.BytesIO(b"rien"), "x.zip")})
    assert (wrong.status_code, "pas un paquet de langue" in said(wrong)) == (422, True)
    with database.writing() as session:
        session.get_one(Language, "bm").active = False
    assert "pas en service" in said(browser.get(bring(browser, pack)))


def test_every_refusal_of_a_pack_has_its_english(signed_in: SignedIn, world: World, database: Database, pack: bytes) -> None:
    browser, damaged = signed_in(R.LANGUE), io.BytesIO()
    send(browser, "/langue", {"to": "en", "_page": "/"})
    with zipfile.ZipFile(io.BytesIO(pack)) as whole, zipfile.ZipFile(damaged, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name) + (b" " if name == "glossary.json" else b""))
    page = send(browser, "/messages/paquets", {"file": (io.BytesIO(damaged.getvalue()), "bambara.zip")})
    assert (page.status_code, "This pack is damaged: “glossary.json” is not" in said(page)) == (422, True)
    with database.writing() as session:
        session.get_one(Language, "bm").active = False
    assert "This language is not in service here: bambara." in said(browser.get(bring(browser, pack)))


def test_packs_go_out_and_come_in_by_command(
    app: Flask, signed_in: SignedIn, world: World, database: Database, pack: bytes, tmp_path: Path
) -> None:
    file, runner = tmp_path / "bm.zip", app.test_cli_runner()
    file.write_bytes(pack)
    done = runner.invoke(args=["packs", "import", str(file), "--par", "fanta", "--proposer"])
    assert "Textes reçus : 1 sur 1." in done.output
    row = newest(database, world.contents["eau-propre"], "bm")
    assert row is not None
    assert (row.state, row.author_id) == (VariantState.TO_HEAR, world.staff["fanta"])
    out = runner.invoke(args=["packs", "export", "bm", str(tmp_path / "out.zip")])
    assert "Textes : 0." in out.output, "what waits for review is not shared"
    assert runner.invoke(args=["packs", "import", str(file), "--par", "personne"]).exit_code == 1
    file.write_bytes(b"PK")
    assert "pas un paquet de langue" in runner.invoke(args=["packs", "import", str(file), "--par", "fanta"]).output


def test_others_write_while_a_pack_goes_out(
    app: Flask, signed_in: SignedIn, world: World, database: Database, settings: Settings, tmp_path: Path
) -> None:
    number, pipe = approved(signed_in, database, world.contents["eau-propre"]), tmp_path / "bm.zip"
    sha256, _path = clips.store(settings.var, random.Random(1).randbytes(400_000))  # more than a pipe holds
    with database.writing() as session:
        clip = Clip(sha256=sha256, media_type="audio/wav", bytes=400_000, seconds=9.0, uploaded_at=datetime.now(UTC))
        clip.uploaded_by, clip.approved_by, clip.approved_at = world.staff["fanta"], world.staff["aissata"], datetime.now(UTC)
        variant = session.get_one(Variant, number)
        variant.clips.append(clip)
    os.mkfifo(pipe)

    def renamed() -> None:
        with database.writing() as session:
            session.execute(update(Language).where(Language.code == "bm").values(name="Bamanankan"))

    def taken() -> tuple[bool, bytes]:
        with pipe.open("rb") as file:
            begun = file.read(1)
            wrote, _late = wait([threads.submit(renamed)], 5)
            return bool(wrote), begun + file.read()

    with ThreadPoolExecutor(2) as threads:
        reader = threads.submit(taken)
        done = app.test_cli_runner().invoke(args=["packs", "export", "bm", str(pipe), "--sons"])
        assert "Textes : 1. Termes : 0. Sons : 1." in done.output
        wrote, data = reader.result()
    assert wrote, "while half of the pack was out"
    assert language_packs.read(io.BytesIO(data)).sounds == ("sounds/eau-propre.bm.wav",)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")
def test_the_sounds_of_a_pack_come_by_command_and_wait_to_be_heard(
    app: Flask, signed_in: SignedIn, world: World, database: Database, settings: Settings, tmp_path: Path
) -> None:
    content, file, runner = world.contents["eau-propre"], tmp_path / "bm.zip", app.test_cli_runner()
    number = approved(signed_in, database, content)
    with database.writing() as session:
        variant, at = session.get_one(Variant, number), datetime.now(UTC)
        clip = clips.attach(session, variant, clips.accept(wav(1.5), settings.var), world.staff["fanta"], at)
        clip.checked_by = clip.approved_by = world.staff["aissata"]
        clip.checked_at = clip.approved_at = at
    assert "Sons : 1." in runner.invoke(args=["packs", "export", "bm", str(file), "--sons"]).output
    with database.writing() as session:
        session.query(Clip).delete()
        session.delete(session.get_one(Variant, number))
    done = runner.invoke(args=["packs", "import", str(file), "--par", "moussa", "--sons"])
    assert "Sons reçus : 1." in done.output
    row = newest(database, content, "bm")
    assert row is not None
    assert row.state is VariantState.TO_HEAR
    with database.reading() as session:
        found = session.query(Clip).filter_by(variant_id=row.id).one()
        assert (found.uploaded_by, found.approved_at) == (world.staff["moussa"], None)


@pytest.mark.parametrize("tab", ["reponses", "annonces"])
def test_replies_and_prompts_say_what_is_missing_and_what_goes_instead(
    signed_in: SignedIn, world: World, database: Database, tab: str
) -> None:
    kind = {"reponses": ContentKind.REPLY, "annonces": ContentKind.PROMPT}[tab]
    with database.writing() as session:
        session.add(Content(key=f"{kind.value}:essai", kind=kind, title="essai"))
    page = said(signed_in(R.LANGUE).get(f"/messages?sorte={tab}"))
    assert "8 langues à compléter" in page
    assert f"sorte={tab}&langue=bm" in page
    assert "1 à approuver sur 1" in page
    assert ("langue de repli" if tab == "reponses" else "reste hors service") in page
