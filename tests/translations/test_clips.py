"""Sound as people send it: read, refused with a sentence, brought to telephones' form, kept once."""

import hashlib
import io
import shutil
import struct
import wave
from collections.abc import Iterator
from datetime import datetime
from math import pi, sin
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from runtime.database import Database
from tests.world import World
from translations import clips
from translations.clips import ClipError, Sound
from translations.models import Variant, VariantState

ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")
espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed: no draft voice")
RATE = 16_000


def wav(seconds: float, loud: float = 0.3, *, pauses: bool = True, square: bool = False) -> bytes:
    """Half-second bursts of a 440 Hz tone, as the pauses of speech; `loud` is the peak, 1 for full scale."""
    second = bytearray()  # a whole number of waves, so that it can be repeated
    for i in range(RATE):
        wave_at = sin(2 * pi * 440 * i / RATE)
        level = loud if not pauses or i < RATE // 2 else 0.0002
        value = (1.0 if wave_at >= 0 else -1.0) if square else wave_at
        second += struct.pack("<h", int(32767 * level * value))
    samples = (bytes(second) * (int(seconds) + 1))[: 2 * int(seconds * RATE)]
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return kept.getvalue()


def sound(data: bytes = b"sound", *, synthetic: bool = False) -> Sound:
    digest = hashlib.sha256(data).hexdigest()
    return Sound(digest, Path("unused"), 2.0, len(data), synthetic=synthetic)


@pytest.fixture
def session(database: Database, world: World) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


def test_bytes_are_kept_once_under_their_hash(tmp_path: Path) -> None:
    sha256, path = clips.store(tmp_path, b"abc")
    assert clips.store(tmp_path, b"abc") == (sha256, path)
    assert sha256 == hashlib.sha256(b"abc").hexdigest()
    assert path == tmp_path / "sounds" / "ba" / f"{sha256}.wav"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"abc"


@ffmpeg
def test_an_upload_becomes_what_telephones_play(tmp_path: Path) -> None:
    data = wav(3.0)
    found = clips.accept(data, tmp_path)
    with wave.open(str(found.path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.getnframes() / 8000 == pytest.approx(found.seconds, abs=0.02)
    assert found.path == clips.path_of(tmp_path, found.sha256)
    assert found.bytes == found.path.stat().st_size
    assert found.path.with_suffix(".upload").read_bytes() == data
    assert found.path.with_suffix(".mp3").stat().st_size < found.bytes / 2
    assert (found.media_type, found.synthetic, found.warning) == ("audio/wav", False, None)


@ffmpeg
def test_the_same_sound_twice_is_one_file(tmp_path: Path) -> None:
    data = wav(1.0)
    assert clips.accept(data, tmp_path) == clips.accept(data, tmp_path)


def loudness(path: Path, times: int = 1) -> float:
    """LUFS of a clip of the store, played so many times."""
    raw = path.with_suffix(".raw")
    with wave.open(str(path)) as file:
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes())) * times
    raw.write_bytes(struct.pack(f"<{len(samples) * 2}f", *(s / 32768 for sample in samples for s in (sample, sample))))
    return clips._loudness(raw, "")


@ffmpeg
@pytest.mark.parametrize(
    ("seconds", "loud"),
    [
        pytest.param(4.0, 0.05, id="faint"),
        pytest.param(4.0, 0.9, id="loud"),
        pytest.param(0.35, 0.1, id="one-short-word"),
    ],
)
def test_faint_loud_and_short_takes_come_out_alike(tmp_path: Path, seconds: float, loud: float) -> None:
    found = clips.accept(wav(seconds, loud), tmp_path)
    assert loudness(found.path, 1 if seconds > 3 else 10) == pytest.approx(-19, abs=1.0)


@ffmpeg
def test_a_playlist_in_disguise_plays_no_other_file(tmp_path: Path) -> None:
    other = clips.accept(wav(2.0), tmp_path).path.with_suffix(".mp3")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{other}\n#EXT-X-ENDLIST\n"
    with pytest.raises(ClipError, match="lisible"):
        clips.accept(playlist.encode(), tmp_path)


@ffmpeg
def test_silence_around_the_words_is_cut(tmp_path: Path) -> None:
    data = wav(4.5)  # ends with half a second of tone after a pause; begins with tone
    quiet = io.BytesIO()
    with wave.open(io.BytesIO(data)) as read, wave.open(quiet, "wb") as write:
        write.setparams(read.getparams())
        write.writeframes(b"\0\0" * RATE * 2 + read.readframes(read.getnframes()) + b"\0\0" * RATE * 2)
    assert clips.accept(quiet.getvalue(), tmp_path).seconds == pytest.approx(4.7, abs=0.15)


@ffmpeg
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "lisible", id="empty"),
        pytest.param(b"ceci n'est pas un son" * 50, "lisible", id="text"),
        pytest.param(wav(0.2), "trop court", id="short"),
        pytest.param(wav(2.0, 0.002), "à peine", id="faint"),
        pytest.param(wav(2.0, 0.0), "à peine", id="silent"),
        pytest.param(wav(2.0, 1.0, square=True), "saturé", id="saturated"),
    ],
)
def test_a_sound_nobody_could_use_is_refused_with_a_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(ClipError, match=sentence):
        clips.accept(data, tmp_path)
    assert not (tmp_path / "sounds").exists()


def test_a_file_too_big_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"^Le fichier dépasse 30 Mo\.$"):
        clips.accept(b"0" * 30_000_001, tmp_path)


@ffmpeg
@pytest.mark.parametrize(
    ("seconds", "most", "sentence"),
    [
        pytest.param(3.0, 2, "2 secondes au plus", id="prompt"),
        pytest.param(121.0, 120, "2 minutes au plus", id="message"),
    ],
)
def test_a_recording_too_long_is_refused(tmp_path: Path, seconds: float, most: int, sentence: str) -> None:
    with pytest.raises(ClipError, match=sentence):
        clips.accept(wav(seconds), tmp_path, most_seconds=most)


@ffmpeg
def test_noise_behind_the_voice_is_a_warning_only(tmp_path: Path) -> None:
    assert "bruit" in (clips.accept(wav(2.0, pauses=False), tmp_path).warning or "")


@pytest.mark.parametrize("tool", ["ffmpeg", "espeak-ng"])
def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(clips.ToolMissing, match=tool) as found:
        clips.accept(b"x", tmp_path) if tool == "ffmpeg" else clips.draft_voice("Bonjour", tmp_path)
    assert found.value.tool == tool


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_program_that_fails_half_way_is_an_unreadable_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in writes samples but never the clip, as an ffmpeg without MP3 or out of time does."""
    program(tmp_path, "ffmpeg", 'for last; do :; done; case "$last" in */raw|*/trimmed) head -c 64000 /dev/zero > "$last";; esac')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    spoken = 'while [ "$1" != -w ]; do shift; done; cat > "$2"'
    program(tmp_path, "espeak-ng", spoken)
    with pytest.raises(ClipError, match="lisible"):
        clips.draft_voice("Bonjour", tmp_path / "var")


@espeak
@ffmpeg
def test_the_draft_voice_says_the_words_and_is_marked(tmp_path: Path) -> None:
    short, long = (clips.draft_voice(text, tmp_path) for text in ("-v en", "Lavez vos mains au savon avant de donner à manger."))
    assert (short.synthetic, long.synthetic) == (True, True)
    assert 0.3 < short.seconds < long.seconds < 6


@espeak
@ffmpeg
def test_a_draft_voice_without_words_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(ClipError):
        clips.draft_voice("", tmp_path)


def test_each_sound_is_a_new_version_of_the_clip(session: Session, world: World, now: datetime) -> None:
    variant = session.get_one(Variant, world.variants["eau-propre"])
    first = clips.attach(session, variant, sound(b"1"), world.staff["fanta"], now, core_end_s=1.5, licence="CC BY")
    second = clips.attach(session, variant, sound(b"2"), None, now)
    assert [clip.version for clip in variant.clips] == [1, 2]
    assert (first.core_end_s, first.licence, first.uploaded_by, first.uploaded_at) == (1.5, "CC BY", world.staff["fanta"], now)
    assert (second.core_end_s, second.seconds, second.approved_at) == (None, 2.0, None)
    assert variant.state is VariantState.APPROVED


@pytest.mark.parametrize(
    ("before", "synthetic", "after"),
    [
        pytest.param(VariantState.TO_REVIEW, False, VariantState.DRAFT, id="new-voice-in-review"),
        pytest.param(VariantState.TO_HEAR, False, VariantState.DRAFT, id="new-voice-to-hear"),
        pytest.param(VariantState.TO_REVIEW, True, VariantState.TO_REVIEW, id="draft-voice-in-review"),
    ],
)
def test_a_new_voice_takes_words_out_of_review(
    session: Session, world: World, now: datetime, before: VariantState, synthetic: bool, after: VariantState
) -> None:
    variant = session.get_one(Variant, world.variants["eau-propre"])
    variant.state = before
    clips.attach(session, variant, sound(synthetic=synthetic), world.staff["fanta"], now)
    assert variant.state is after
    assert (variant.checked_by is None) == (after is VariantState.DRAFT)


def test_one_sound_serves_one_content_in_one_language(session: Session, world: World, now: datetime) -> None:
    here, there = (session.get_one(Variant, world.variants[key]) for key in ("eau-propre", "premier-lait"))
    clips.attach(session, here, sound(), None, now)
    clips.attach(session, here, sound(), None, now)
    with pytest.raises(ClipError, match="déjà utilisé pour « eau-propre »"):
        clips.attach(session, there, sound(), None, now)
    bambara = Variant(content_id=here.content_id, language="bm", written_at=now)
    session.add(bambara)
    with pytest.raises(ClipError, match="déjà utilisé"):
        clips.attach(session, bambara, sound(), None, now)


def test_a_draft_voice_may_say_two_contents_but_never_pass_for_a_person(session: Session, world: World, now: datetime) -> None:
    here, there = (session.get_one(Variant, world.variants[key]) for key in ("eau-propre", "premier-lait"))
    for variant in (here, there):
        assert clips.attach(session, variant, sound(synthetic=True), None, now).synthetic
    with pytest.raises(ClipError, match="voix de synthèse"):
        clips.attach(session, here, sound(), world.staff["fanta"], now)
