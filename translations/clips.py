"""Sound: reads what people upload, brings it to one level and one form for telephones, and keeps it by its hash.

Files come from strangers: ffmpeg sees only plain sound formats and local files, so that a disguised playlist fetches nothing.
Call `accept` and `draft_voice` before opening a transaction: they run for seconds. Thresholds were tried on synthetic speech.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from runtime import disk
from translations.cut_short import cut_short
from translations.errors import TranslationError
from translations.models import Clip, Content, Variant, VariantState

MOST_BYTES = 30_000_000
MOST_SECONDS = 300
PROMPT_SECONDS = 30
MEDIA_TYPE = "audio/wav"

STRANGERS = (
    *("-protocol_whitelist", "file,pipe"),
    *("-format_whitelist", "wav,mp3,flac,ogg,matroska,webm,mov,mp4,m4a,3gp,amr,aac"),
)
"""What ffmpeg is told before it reads a file from outside: plain sounds on this disk, nothing else."""
_RATE = 16_000
_LEVEL = -19.0
_DRAFT_GAIN = 2.0  # brings espeak-ng's French to about that level
_WAV_HEAD, _WAV_SECOND = 44, 16_000
_EXACT = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
_RAW = ("-f", "f32le", "-ar", str(_RATE), "-ac", "1")
_SILENCE = "silenceremove=start_periods=1:start_threshold=-45dB:start_silence={}"
_TRIM = f"{_SILENCE.format(0.05)},areverse,{_SILENCE.format(0.15)},areverse"
# ebur128 says -70 under 0.4 s and misjudges padding: a short clip is measured as a loop of itself.
_LOOP = f"aloop=loop=-1:size={10 * _RATE},atrim=0:10,"
_MORE_SECONDS = 30  # ffmpeg counts by the file's clock, and a damaged one of hours must not shrink below the limit
_LIMIT_SECONDS = 60
_CUT_SHORT = "L'enregistrement s'arrête avant sa fin : l'envoi a été coupé. Envoyez le fichier de nouveau."
_UNREADABLE = "Ce fichier n'est pas un enregistrement lisible. Envoyez un fichier WAV, MP3, M4A, OGG, WEBM ou AMR."


class ClipError(TranslationError):
    """A sound that cannot be used; the text is the French sentence for the person who sent it."""


class ToolMissing(ClipError):
    """A program is not installed on this machine; `tool` is its name."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"Le programme {tool} n'est pas installé sur cette machine. Demandez à l'administration.")
        self.tool = tool


@dataclass(frozen=True)
class Sound:
    """A sound in the store: `path` is the 8 kHz 16-bit mono WAV, its MP3 for browsers lies beside it; `bytes` are the WAV's.

    `warning` is a French sentence for the author, or None. `upload_sha256` is the hash of the file as it came.
    """

    sha256: str
    path: Path
    seconds: float
    bytes: int
    media_type: str = MEDIA_TYPE
    synthetic: bool = False
    warning: str | None = None
    upload_sha256: str | None = None


@dataclass(frozen=True)
class _Levels:
    peak_db: float
    rms_db: float
    spread_db: float
    clipped: float  # share of samples at the peak


def path_of(var: Path, sha256: str, suffix: str = ".wav") -> Path:
    """Where the sound of that hash lies: `.wav` for telephones, `.mp3` for browsers, `.flac` the master, `.upload` as it came."""
    return var / "sounds" / sha256[:2] / f"{sha256}{suffix}"


def store(var: Path, data: bytes, suffix: str = ".wav", *, sha256: str | None = None) -> tuple[str, Path]:
    """Keep bytes under their SHA-256 (or beside the sound of `sha256`); on the disk for good when this returns."""
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    path = path_of(var, sha256, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.put(path, data)
    return sha256, path


def accept(data: bytes, var: Path, *, most_seconds: int = MOST_SECONDS, most_bytes: int = MOST_BYTES) -> Sound:
    """Check an uploaded sound and keep it, as it came and as telephones play it. ClipError says in French what to do."""
    if len(data) > most_bytes:
        raise ClipError(f"Le fichier dépasse {most_bytes // 1_000_000} Mo.")
    _tool("ffmpeg")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        levels, seconds = _decode(data, folder)
        if seconds > most_seconds:
            limit = f"{most_seconds // 60} minutes" if most_seconds >= 120 else f"{most_seconds} secondes"
            raise ClipError(f"L'enregistrement dure trop longtemps : {limit} au plus.")
        _refuse_bad_levels(levels)
        sound = _finish(folder, var)
        store(var, (folder / "master.flac").read_bytes(), ".flac", sha256=sound.sha256)
    store(var, data, ".upload", sha256=sound.sha256)
    noisy = levels.spread_db < 25
    return replace(
        sound,
        warning="Il y a du bruit derrière la voix. Écoutez avant de proposer." if noisy else None,
        upload_sha256=hashlib.sha256(data).hexdigest(),
    )


def draft_voice(text: str, var: Path) -> Sound:
    """French words spoken by espeak-ng, for tests and the simulator only. ToolMissing without espeak-ng or ffmpeg.

    Its level never varies, so one pass of ffmpeg does where a person's recording needs six.
    """
    _tool("espeak-ng")
    _tool("ffmpeg")
    with tempfile.TemporaryDirectory() as name:
        spoken, wav, mp3 = (Path(name) / file for file in ("spoken.wav", "clip.wav", "clip.mp3"))
        # Words go in by stdin: as an argument, a text beginning with "-" would be an option.
        _run(["espeak-ng", "-v", "fr", "-s", "150", "--stdin", "-w", str(spoken)], text.encode())
        filters = f"highpass=f=150,{_TRIM},volume={_DRAFT_GAIN}dB,alimiter=limit=0.708:level=false"
        phone = ["-af", filters, *_EXACT, "-c:a", "pcm_s16le", "-ar", "8000", str(wav)]
        browser = ["-af", filters, *_EXACT, "-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000", str(mp3)]
        _ffmpeg(["-i", str(spoken)], [*phone, *browser])
        return replace(_keep(wav, mp3, var), synthetic=True)


def attach(
    session: Session,
    variant: Variant,
    sound: Sound,
    staff_id: int | None,
    now: datetime,
    *,
    core_end_s: float | None = None,
    licence: str = "",
) -> Clip:
    """Make a sound the newest clip of a variant. ClipError if it already serves another content or language.

    New sound takes a variant out of review, so that nobody approves what they have not heard; an approved text stays approved
    while its sound waits.
    """
    _refuse_reuse(session, variant, sound)
    last = session.scalar(select(func.max(Clip.version)).where(Clip.variant_id == variant.id)) or 0
    clip = Clip(
        version=last + 1,
        sha256=sound.sha256,
        media_type=sound.media_type,
        bytes=sound.bytes,
        seconds=sound.seconds,
        core_end_s=core_end_s,
        synthetic=sound.synthetic,
        upload_sha256=sound.upload_sha256,
        licence=licence,
        uploaded_by=staff_id,
        uploaded_at=now,
    )
    variant.clips.append(clip)
    if not sound.synthetic and variant.state in (VariantState.TO_HEAR, VariantState.TO_REVIEW):
        variant.state = VariantState.DRAFT
        variant.checked_by = variant.checked_at = None
    session.flush()
    return clip


def _refuse_reuse(session: Session, variant: Variant, sound: Sound) -> None:
    if sound.synthetic:
        return  # two prompts may share their words, and a draft voice then says them alike
    if session.scalar(select(Clip.id).where(Clip.sha256 == sound.sha256, Clip.synthetic).limit(1)):
        raise ClipError("C'est la voix de synthèse du brouillon. Enregistrez une personne qui parle cette langue.")
    elsewhere = (Content.id != variant.content_id) | (Variant.language != variant.language)
    used = select(Content.title).join(Variant).join(Clip).where(Clip.sha256 == sound.sha256, elsewhere).limit(1)
    if title := session.scalar(used):
        raise ClipError(f"Ce son est déjà utilisé pour « {title} ».")


def _refuse_bad_levels(levels: _Levels) -> None:
    if levels.peak_db > -0.1 and levels.clipped > 0.001:
        raise ClipError("Le son est saturé. Éloignez le micro et recommencez.")
    if levels.rms_db < -40:
        raise ClipError("On entend à peine la voix. Rapprochez le micro.")


def _decode(data: bytes, folder: Path) -> tuple[_Levels, float]:
    """Write `folder`/raw as mono float samples and the master beside it; the levels and seconds of what came."""
    source, raw, most = folder / "upload", folder / "raw", MOST_SECONDS + _MORE_SECONDS
    source.write_bytes(data)
    first = ["-map", "0:a:0", "-t", str(most)]
    master = [*first, *_EXACT, "-c:a", "flac", "-ar", str(_RATE), "-ac", "1", str(folder / "master.flac")]
    ended, said = _ffmpeg(
        [*STRANGERS, "-i", str(source)], [*first, "-af", "astats=measure_perchannel=none", *_RAW, str(raw), *master]
    )
    seconds = _seconds(raw)
    if cut_short(data, said, seconds, most):
        raise ClipError(_CUT_SHORT)
    if not ended or not seconds:
        raise ClipError(_UNREADABLE)
    samples = _figure(said, "Number of samples")
    spread = _figure(said, "RMS peak dB") - _figure(said, "RMS trough dB")
    clipped = _figure(said, "Peak count") / samples if samples else 0.0
    return _Levels(_figure(said, "Peak level dB"), _figure(said, "RMS level dB"), spread, clipped), seconds


def _finish(folder: Path, var: Path) -> Sound:
    """Level, trim, level again by one gain, and keep as WAV and MP3; the order matters, a faint take would lose its ends."""
    raw, trimmed, wav, mp3 = (folder / name for name in ("raw", "trimmed", "clip.wav", "clip.mp3"))
    low_cut = "highpass=f=150"
    first = _LEVEL - _loudness(raw, f"{low_cut},")
    _ffmpeg([*_RAW, "-i", str(raw), "-af", f"{low_cut},volume={first:.2f}dB,{_TRIM}"], [*_RAW, str(trimmed)])
    if _seconds(trimmed) < 0.3:
        raise ClipError("L'enregistrement est trop court.")
    gain = _LEVEL - _loudness(trimmed, "aresample=8000,")  # as telephones hear it: a hiss above 4 kHz would count as voice
    last = f"volume={gain:.2f}dB,aresample=8000,alimiter=limit=0.708:level=false"
    _ffmpeg([*_RAW, "-i", str(trimmed), "-af", last], [*_EXACT, "-c:a", "pcm_s16le", "-ar", "8000", str(wav)])
    _ffmpeg(["-i", str(wav)], [*_EXACT, "-c:a", "libmp3lame", "-b:a", "32k", "-ar", "16000", str(mp3)])
    return _keep(wav, mp3, var)


def _keep(wav: Path, mp3: Path, var: Path) -> Sound:
    if not (wav.exists() and mp3.exists()):
        raise ClipError(_UNREADABLE)  # ffmpeg refused, or took longer than it may
    data = wav.read_bytes()
    sha256, path = store(var, data)
    store(var, mp3.read_bytes(), ".mp3", sha256=sha256)
    return Sound(sha256, path, round((len(data) - _WAV_HEAD) / _WAV_SECOND, 3), len(data))


def _loudness(raw: Path, before: str) -> float:
    """Integrated loudness in LUFS, at least -70."""
    loop = _LOOP if _seconds(raw) < 3 else ""
    _, said = _ffmpeg([*_RAW, "-i", str(raw), "-af", f"{before}{loop}ebur128=framelog=verbose"], ["-f", "null", "-"])
    return max(-70.0, _figure(said.rpartition("Summary:")[2], "I"))


def _figure(said: str, name: str) -> float:
    found = re.search(rf"\b{name}:\s+(\S+)", said)
    return float(found.group(1)) if found else float("-inf")


def _seconds(raw: Path) -> float:
    return raw.stat().st_size / 4 / _RATE if raw.exists() else 0.0


def _tool(name: str) -> None:
    if shutil.which(name) is None:
        raise ToolMissing(name)


def _ffmpeg(source: list[str], target: list[str]) -> tuple[bool, str]:
    """Whether ffmpeg came to its end, and what it said."""
    return _run(["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-y", *source, *target], b"")


def _run(command: list[str], given: bytes) -> tuple[bool, str]:
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=_LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False, ""
    return done.returncode == 0, done.stderr.decode(errors="replace")
