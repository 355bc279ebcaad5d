"""`audio import`: a folder of sounds, told file by file; again changes nothing; nothing comes in approved."""

import shutil
import zipfile
from pathlib import Path

import pytest

from runtime.database import Database
from tests.console.commands.conftest import Run
from tests.translations.test_clips import wav
from tests.world import World
from translations.models import Clip, Variant, VariantState

ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")


@ffmpeg
def test_sounds_come_in_by_name_and_the_bad_ones_are_told(run: Run, database: Database, world: World, tmp_path: Path) -> None:
    assert run("content", "load").exit_code == 0
    archive = tmp_path / "sons.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("who.bm.wav", wav(1.0))
        made.writestr("goodbye.bm.wav", wav(1.0))  # the very same sound
        made.writestr("no_key.bm.mp3", b"ceci n'est pas un son" * 100)
        made.writestr("inconnu.bm.wav", wav(1.0))
    told = run("audio", "import", str(archive), "--par", "fanta")
    assert told.exit_code == 1
    assert "inconnu.bm.wav : refusé. « inconnu » n'est le nom d'aucune annonce" in told.output
    assert "no_key.bm.mp3 : refusé. Ce fichier n'est pas un enregistrement lisible." in told.output
    assert "déjà utilisé pour" in told.output
    assert "Sons reçus : 1. Déjà connus : 0. Refusés : 3." in told.output
    with database.reading() as session:
        clip = session.query(Clip).filter(Clip.variant.has(Variant.language == "bm")).one()
        assert (clip.variant.state, clip.approved_at, clip.uploaded_by) == (VariantState.TO_HEAR, None, world.staff["fanta"])
    again = run("audio", "import", str(archive), "--par", "fanta")
    assert "Sons reçus : 0. Déjà connus : 1. Refusés : 3." in again.output
    with database.reading() as session:
        assert session.query(Clip).filter(Clip.variant.has(Variant.language == "bm")).count() == 1


@ffmpeg
def test_a_folder_alone_ends_well(run: Run, world: World, tmp_path: Path) -> None:
    (tmp_path / "sons").mkdir()
    (tmp_path / "sons" / "eau-propre.fr.wav").write_bytes(wav(1.0))
    told = run("audio", "import", str(tmp_path / "sons"))
    assert (told.exit_code, "Sons reçus : 1. Déjà connus : 0. Refusés : 0." in told.output) == (0, True), told.output


def test_an_unknown_author_and_a_file_that_is_no_archive_are_refused(run: Run, world: World, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"rien")
    assert "Personne ne s'appelle « zoe » ici." in run("audio", "import", str(tmp_path), "--par", "zoe").output
    told = run("audio", "import", str(tmp_path / "a.zip"))
    assert told.exit_code == 1
    assert "ni un dossier ni une archive ZIP" in told.output
