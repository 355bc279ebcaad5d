"""Sounds by name, from folders and archives: what is taken, what is refused, and that nothing is approved on its way in."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from runtime.database import Database
from tests.translations.test_clips import sound
from tests.world import World
from translations import content_files, library, recordings, review, sound_files
from translations.clips import MOST_BYTES, MOST_SECONDS, PROMPT_SECONDS
from translations.models import Content, Variant, VariantState
from translations.recordings import NameRefused
from translations.sound_files import ArchiveRefused


@pytest.fixture
def session(database: Database, world: World, now: datetime) -> Iterator[Session]:
    with database.writing() as opened:
        library.load(opened, content_files.SHIPPED, now)
        yield opened


@pytest.mark.parametrize(
    ("name", "key", "most"),
    [
        pytest.param("who.bm.wav", "prompt:who", PROMPT_SECONDS, id="a-prompt"),
        pytest.param("num_71.DTS.MP3", "prompt:num_71", PROMPT_SECONDS, id="capitals"),
        pytest.param("eau-propre.fr.ogg", "eau-propre", MOST_SECONDS, id="a-message"),
    ],
)
def test_a_name_says_what_a_sound_is(session: Session, name: str, key: str, most: int) -> None:
    target = recordings.target_of(session, name)
    assert session.get_one(Content, target.content_id).key == key
    assert (target.language, target.most_seconds) == (name.split(".")[1].lower(), most)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("who.wav", "n'a pas la forme", id="no-language"),
        pytest.param("LISEZMOI", "n'a pas la forme", id="no-suffix"),
        pytest.param("who.bm.txt", "sorte de son", id="not-a-sound"),
        pytest.param("who.xx.wav", "langue « xx »", id="no-such-language"),
        pytest.param("whom.bm.wav", "« whom » n'est le nom", id="no-such-label"),
        pytest.param("reply:help_general.fr.wav", "n'est le nom", id="a-reply-is-only-read"),
    ],
)
def test_a_name_that_says_nothing_is_refused(session: Session, name: str, sentence: str) -> None:
    with pytest.raises(NameRefused, match=sentence):
        recordings.target_of(session, name)


def test_a_question_explanation_is_named_with_a_point_for_its_colon(session: Session) -> None:
    why = session.query(Content).filter(Content.key.endswith(":why")).first()
    assert why is not None
    assert recordings.target_of(session, f"{why.key.replace(':', '.')}.bm.wav").content_id == why.id


def test_a_sound_enters_to_be_heard_and_never_approved(session: Session, world: World, now: datetime) -> None:
    target = recordings.target_of(session, "who.bm.wav")
    clip = recordings.receive(session, target.content_id, "bm", sound(), world.staff["fanta"], now, licence="Kadia, accord écrit")
    assert recordings.propose(session, target.content_id, "bm", world.staff["fanta"], now)
    variant = clip.variant
    assert (variant.state, variant.text, variant.spoken, variant.approved_at) == (VariantState.TO_HEAR, None, None, None)
    assert (clip.approved_at, clip.uploaded_by, clip.licence) == (None, world.staff["fanta"], "Kadia, accord écrit")
    assert not recordings.propose(session, target.content_id, "bm", world.staff["fanta"], now), "it waits already"


def test_a_spoken_variant_is_approved_on_a_second_speakers_french(session: Session, world: World, now: datetime) -> None:
    """No written text: another hears it and says it in French, Validation approves on that, and the author does neither."""
    fanta, boubacar, aissata = (world.staff[name] for name in ("fanta", "boubacar", "aissata"))
    target = recordings.target_of(session, "premier-lait.bm.wav")
    clip = recordings.receive(session, target.content_id, "bm", sound(), fanta, now)
    recordings.propose(session, target.content_id, "bm", fanta, now)
    variant = clip.variant
    for wrong, who, said in (("own_work", fanta, "x"), ("no_back_translation", boubacar, "  ")):
        with pytest.raises(review.ReviewError) as refused:
            review.check_language(session, variant.id, who, said, now, heard=True)
        assert refused.value.fault == wrong
    with pytest.raises(review.ReviewError):
        review.approve(session, variant.id, aissata, now)
    review.check_language(session, variant.id, boubacar, "Donnez le premier lait.", now, heard=True)
    with pytest.raises(review.ReviewError):
        review.approve(session, variant.id, fanta, now, heard=True)
    review.approve(session, variant.id, aissata, now, heard=True)
    assert (variant.state, variant.back_translation) == (VariantState.APPROVED, "Donnez le premier lait.")
    assert (variant.checked_by, variant.approved_by, clip.checked_by, clip.approved_by) == (boubacar, aissata, boubacar, aissata)
    chosen = library.choose(session, variant.content, ["bm"], library.Way.VOICE, now=now)
    assert chosen is variant
    assert library.choose(session, variant.content, ["bm"], library.Way.SMS, now=now) is None


def test_a_file_is_known_again_by_its_hash(session: Session, world: World, now: datetime) -> None:
    target = recordings.target_of(session, "who.bm.wav")
    recordings.receive(session, target.content_id, "bm", replace(sound(), upload_sha256="u" * 64), None, now)
    assert recordings.known(session, target.content_id, "bm", "u" * 64)
    assert not recordings.known(session, target.content_id, "dts", "u" * 64)
    assert not recordings.known(session, target.content_id, "bm", "v" * 64)
    assert session.query(Variant).filter_by(content_id=target.content_id, language="dts").count() == 0


def archive(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return path


def test_an_archive_gives_its_sounds_by_their_names_alone(tmp_path: Path) -> None:
    made = archive(
        tmp_path / "a.zip", **{"bm/who.bm.wav": b"1", "goodbye.bm.wav": b"2", "__MACOSX/._who.bm.wav": b"3", ".DS_Store": b"4"}
    )
    with sound_files.opened(made) as files:
        assert [(one.name, one.read(), one.refusal) for one in files] == [
            ("goodbye.bm.wav", b"2", None),
            ("who.bm.wav", b"1", None),
        ]


def test_a_folder_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "bm").mkdir()
    (tmp_path / "bm" / "who.bm.wav").write_bytes(b"1")
    (tmp_path / ".hidden").write_bytes(b"2")
    (tmp_path / "link.bm.wav").symlink_to("/etc/hostname")
    with sound_files.opened(tmp_path) as files:
        assert [(one.name, one.read(), bool(one.refusal)) for one in files] == [
            ("who.bm.wav", b"1", False),
            ("link.bm.wav", b"", True),
        ]


@pytest.mark.parametrize("name", ["../who.bm.wav", "/tmp/who.bm.wav", "a/../../who.bm.wav", "C:\\who.bm.wav", "a\\who.bm.wav"])
def test_a_path_that_leaves_the_archive_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with sound_files.opened(archive(tmp_path / "a.zip", **{name: b"1"})) as (file,):
        assert file.refusal is not None
        assert "sort de l'archive" in file.refusal
        assert file.read() == b""


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", **{"big.bm.wav": bytes(MOST_BYTES + 1), "swells.bm.wav": bytes(5_000_000)})
    assert made.stat().st_size < 100_000
    with sound_files.opened(made) as files:
        told = {one.name: one.refusal or "" for one in files}
    assert "dépasse 30 Mo" in told["big.bm.wav"]
    assert "gonfle" in told["swells.bm.wav"]


def test_an_entry_that_lies_about_its_size_is_read_no_further(tmp_path: Path) -> None:
    data = bytearray(archive(tmp_path / "a.zip", **{"who.bm.wav": bytes(range(256)) * 8000}).read_bytes())
    central = data.rindex(b"PK\x01\x02")
    data[central + 24 : central + 28] = (1000).to_bytes(4, "little")
    (tmp_path / "b.zip").write_bytes(bytes(data))
    with sound_files.opened(tmp_path / "b.zip") as (file,):
        assert len(file.read()) <= 1000


def test_too_many_entries_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_files, "MOST_ENTRIES", 2)
    made = archive(tmp_path / "a.zip", **{f"num_{n}.bm.wav": b"1" for n in range(3)})
    with pytest.raises(ArchiveRefused, match="trop grosse"), sound_files.opened(made):
        pass


@pytest.mark.parametrize("data", [pytest.param(b"", id="empty"), pytest.param(b"PK\x03\x04 not really", id="not-a-zip")])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveRefused, match="ni un dossier ni une archive"), sound_files.opened(tmp_path / "a.zip"):
        pass


def test_a_locked_entry_is_refused(tmp_path: Path) -> None:
    kept = io.BytesIO(archive(tmp_path / "a.zip", **{"who.bm.wav": b"1"}).read_bytes())
    data = bytearray(kept.getvalue())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(bytes(data))
    with sound_files.opened(tmp_path / "a.zip") as (file,):
        assert "mot de passe" in (file.refusal or "")
