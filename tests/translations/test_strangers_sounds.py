"""What people really send: five formats come out even; what nobody can use is refused with a sentence."""

import re
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.translations import strangers
from tests.translations.test_clips import wav
from translations import clips
from translations.clips import ClipError
from translations.cut_short import cut_short

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")


def lufs(path: Path) -> float:
    """Integrated loudness by ffmpeg's own ebur128."""
    said = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-i", str(path), "-af", "ebur128=framelog=verbose", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    return float(re.findall(r"\bI:\s+(\S+) LUFS", said)[-1])


def probe(path: Path) -> str:
    """What ffmpeg says the sound of a file is."""
    ask = ["ffmpeg", "-hide_banner", "-nostdin", "-i", str(path)]
    said = subprocess.run(ask, capture_output=True, text=True, check=False).stderr
    return str(re.findall(r"Audio: (.*)", said)[0])


def test_five_formats_come_out_within_one_lu_of_each_other(tmp_path: Path) -> None:
    sent = {name: strangers.made(tmp_path, name) for name in strangers.FORMATS} | {"old-amr": strangers.old_amr()}
    assert lufs(tmp_path / "iphone-m4a.m4a") < lufs(tmp_path / "chrome-webm.webm") - 20, "they must not be even before"
    loud = {name: lufs(clips.accept(data, tmp_path).path) for name, data in sent.items()}
    assert max(loud.values()) - min(loud.values()) <= 1.0, loud
    assert all(-20 <= level <= -18 for level in loud.values()), loud


def test_four_forms_are_kept_of_one_upload(tmp_path: Path) -> None:
    data = strangers.made(tmp_path, "whatsapp-ogg")
    found = clips.accept(data, tmp_path)
    assert found.path.with_suffix(".upload").read_bytes() == data
    assert re.match(r"pcm_s16le.*8000 Hz, 1 channels|pcm_s16le.*8000 Hz, mono", probe(found.path))
    assert re.match(r"flac, 16000 Hz, mono", probe(found.path.with_suffix(".flac")))
    assert re.match(r"mp3.*32 kb/s", probe(found.path.with_suffix(".mp3")))


def text_named_mp3(_: Path) -> bytes:
    return b"Bonjour, ceci est une lettre.\n" * 400


def silent(_: Path) -> bytes:
    return wav(3.0, 0.0)


REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "a-text-named-mp3": (text_named_mp3, "Envoyez un fichier WAV, MP3, M4A, OGG, WEBM ou AMR."),
    "a-silent-file": (silent, "On entend à peine la voix. Rapprochez le micro."),
}


@pytest.mark.parametrize(("make", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_nobody_can_use_is_refused_with_a_sentence(tmp_path: Path, make: Callable[[Path], bytes], sentence: str) -> None:
    data = make(tmp_path)
    with pytest.raises(ClipError, match=re.escape(sentence)):
        clips.accept(data, tmp_path / "var")
    assert not (tmp_path / "var").exists()


def test_three_hours_are_refused_soon_and_leave_little_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, scratch = strangers.three_hours(tmp_path), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    weights: list[int] = []
    done = threading.Event()

    def weigh() -> None:
        while not done.wait(0.02):
            weights.append(sum(file.stat().st_size for file in scratch.rglob("*") if file.is_file()))

    watch = threading.Thread(target=weigh)
    watch.start()
    began = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    try:
        with pytest.raises(ClipError, match=r"^L'enregistrement dure trop longtemps : 5 minutes au plus\.$"):
            clips.accept(data, tmp_path / "var")
    finally:
        done.set()
        watch.join()
    spent = time.process_time() - began[0] + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began[1]
    assert spent < 10, "seconds of the processor"
    assert len(data) <= max(weights) < len(data) + 40_000_000, "the upload and five minutes of it, never three hours"
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        pytest.param("mp3", ["-b:a", "64k"], id="mp3"),
        pytest.param("ogg", ["-c:a", "libopus", "-b:a", "24k"], id="ogg"),
        pytest.param("webm", ["-c:a", "libopus", "-live", "1"], id="webm"),
        pytest.param("m4a", ["-c:a", "aac"], id="m4a-with-its-index-last"),
        pytest.param("m4a", ["-c:a", "aac", "-movflags", "+faststart"], id="m4a-with-its-index-first"),
        pytest.param("wav", [], id="wav"),
        pytest.param("flac", [], id="flac"),
    ],
)
def test_a_file_whose_sending_broke_off_is_refused_and_whole_it_is_taken(tmp_path: Path, suffix: str, options: list[str]) -> None:
    path = tmp_path / f"whole.{suffix}"
    strangers.ffmpeg("-f", "lavfi", "-i", strangers.SPEECH.format(rate=48_000, seconds=5), *options, str(path))
    data = path.read_bytes()
    with pytest.raises(ClipError, match="s'arrête avant sa fin"):
        clips.accept(data[: len(data) * 6 // 10 + 7], tmp_path / "var")
    assert clips._decode(data, tmp_path)[1] == pytest.approx(5, abs=0.2)


def test_a_recorder_that_never_wrote_its_length_is_taken(tmp_path: Path) -> None:
    data = bytearray(wav(2.0))
    for unknown in (0, 0xFFFFFFFF):
        data[4:8] = unknown.to_bytes(4, "little")
        assert not cut_short(bytes(data), "Duration: 00:00:02.00, bitrate", 2.0, 301)


def test_the_limit_of_a_prompt_is_thirty_seconds(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"trop longtemps : 30 secondes au plus\.$"):
        clips.accept(wav(31.0), tmp_path, most_seconds=clips.PROMPT_SECONDS)
