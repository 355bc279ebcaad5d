"""The memory card: only approved sounds of people, numbered as on the sleeve, and never a synthetic draft."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.staff import RoleName
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn
from tests.translations.voices import a_clip
from tests.world import World
from translations import clips
from translations.memory_card import Track
from translations.models import Content, Variant

R = RoleName
NOW = datetime.now(UTC)


def sounded(
    world: World,
    database: Database,
    settings: Settings,
    key: str,
    *,
    approved: bool = True,
    synthetic: bool = False,
    file: bool = True,
) -> bytes:
    """The French words of that message get a sound, and its MP3 lies on the disk."""
    data = b"ID3" + key.encode()
    with database.writing() as session:
        clip = a_clip(key, NOW, approved=approved, synthetic=synthetic)
        variant = session.get_one(Variant, world.variants[key])
        variant.clips.append(clip)
        session.flush()
        if file:
            clips.store(settings.var, data, ".mp3", sha256=clip.sha256)
    return data


def opened(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_card_holds_the_approved_sounds_in_the_order_of_the_sleeve(
    signed_in: SignedIn, world: World, database: Database, settings: Settings
) -> None:
    water = sounded(world, database, settings, "eau-propre")
    milk = sounded(world, database, settings, "premier-lait")
    fanta = signed_in(R.COMMUNICATION)
    page = fanta.get("/messages/carte-memoire").text
    assert page.index("eau-propre") < page.index("premier-lait")
    assert "2 messages" in page
    found = opened(fanta.get("/messages/carte-memoire.zip?langue=fr").data)
    assert found["001-eau-propre.mp3"] == water
    assert found["002-premier-lait.mp3"] == milk
    assert "002  0:02  premier-lait" in found["pochette.txt"].decode()
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="make_memory_card").one().details == {"language": "fr"}


@pytest.mark.parametrize(
    "how",
    [{"approved": False}, {"approved": False, "synthetic": True}, {"file": False}],
    ids=["not approved", "a synthetic voice", "its file is gone"],
)
def test_what_nobody_approved_or_nobody_can_play_is_left_out(
    signed_in: SignedIn, world: World, database: Database, settings: Settings, how: dict[str, bool]
) -> None:
    sounded(world, database, settings, "eau-propre", **how)
    fanta = signed_in(R.COMMUNICATION)
    assert 'class="empty"' in fanta.get("/messages/carte-memoire").text
    assert fanta.get("/messages/carte-memoire.zip").status_code == 303


def test_words_whose_time_is_over_leave_the_card(
    signed_in: SignedIn, world: World, database: Database, settings: Settings
) -> None:
    sounded(world, database, settings, "eau-propre")
    with database.writing() as session:
        session.get_one(Variant, world.variants["eau-propre"]).valid_until = NOW - timedelta(days=1)
    assert 'class="empty"' in signed_in(R.COMMUNICATION).get("/messages/carte-memoire").text


def test_an_archived_message_leaves_the_card(signed_in: SignedIn, world: World, database: Database, settings: Settings) -> None:
    sounded(world, database, settings, "eau-propre")
    with database.writing() as session:
        session.get_one(Content, world.contents["eau-propre"]).archived = True
    assert 'class="empty"' in signed_in(R.COMMUNICATION).get("/messages/carte-memoire").text


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("L'œuf, dès six mois : ça aide", "007-l-uf-des-six-mois-ca-aide.mp3"),
        ("ɲɔ ŋ", "007-message.mp3"),
        ("a" * 60, f"007-{'a' * 40}.mp3"),
        ("../../etc/passwd", "007-etc-passwd.mp3"),
    ],
    ids=["accents", "no plain letter", "long", "a path"],
)
def test_file_names_are_a_number_and_plain_letters(title: str, name: str) -> None:
    assert Track(7, title, "", 1.0, 1, Path()).name == name
