"""Stand-in clips, and the search for one in what was heard. No speech, no copyright: each label is its own repeatable babble."""

import hashlib
import io
import wave
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Samples = NDArray[np.float64]
HEARD, NOT_HEARD = 0.9, 0.6
_SYLLABLE = 0.16  # seconds


def babble(label: str, seconds: float) -> Samples:
    """Syllables of five harmonics at a chance pitch, the same for the same label."""
    chance, count = np.random.default_rng(zlib.crc32(label.encode())), int(_SYLLABLE * RATE)
    at, out = np.arange(count) / RATE, []
    for _ in range(max(1, int(seconds / _SYLLABLE))):
        pitch, gains = chance.uniform(110, 320), chance.uniform(0.1, 1, 5)
        tone = sum(gain * np.sin(2 * np.pi * pitch * (place + 1) * at + chance.uniform(0, 6)) for place, gain in enumerate(gains))
        out.append(tone / np.abs(tone).max() * np.sqrt(np.sin(np.pi * (at + 0.5 / RATE) / _SYLLABLE)))
    return np.concatenate(out) * 12_000


def wav(samples: Samples) -> bytes:
    """The bytes of a WAV as telephones play it."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return held.getvalue()


def keep(folder: Path, label: str, seconds: float) -> str:
    """Write a clip under the name of its SHA-256; the name, without its ending."""
    data = wav(babble(label, seconds))
    sha256 = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{sha256}.wav").write_bytes(data)
    return sha256


def load(path: Path) -> Samples:
    """The samples of a WAV."""
    with wave.open(str(path)) as file:
        return samples(file.readframes(file.getnframes()))


def samples(data: bytes) -> Samples:
    """16-bit samples as numbers."""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(float)


def find(heard: Samples, clip: Samples) -> tuple[float, float]:
    """How surely `clip` is inside `heard`, 0 to 1, and at what second.

    By half-second pieces and their median: a jitter buffer may drop 20 ms anywhere, which ruins one long correlation.
    """
    half = RATE // 2
    pieces = [clip[start : start + half] for start in range(0, max(1, len(clip) - half // 2), half)]
    found = [_correlate(heard, piece) for piece in pieces]
    starts = [at - place * half for place, (_, at) in enumerate(found)]
    return float(np.median([score for score, _ in found])), float(np.median(starts)) / RATE


def _correlate(heard: Samples, piece: Samples) -> tuple[float, int]:
    """The best normalised cross-correlation, and its offset in samples."""
    count = len(piece)
    heard = np.pad(heard, (0, max(RATE // 2, count - len(heard) + 1)))  # a hang-up may cut the end of the last clip
    size = 1 << (len(heard) + count - 1).bit_length()
    dot = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size)), size)[: len(heard) - count + 1]
    power = np.concatenate([[0.0], np.cumsum(heard**2)])
    score = dot / np.sqrt(np.maximum(power[count:] - power[:-count], 1.0) * (piece**2).sum())
    return float(score.max()), int(score.argmax())
