"""The one form of sound on a telephone line here: WAV, 8 kHz, 16 bits, mono, cut in frames of 20 ms."""

import array
import hashlib
import io
import math
import os
import wave
from operator import mul
from pathlib import Path

from messaging.voice.errors import VoiceError

RATE = 8000
BYTES_A_SECOND = 2 * RATE
FRAME = BYTES_A_SECOND // 50  # 20 ms
_LOUD = 300**2  # mean square above which a block counts as a voice
_BLOCK = RATE // 10  # samples


class SoundError(VoiceError):
    """Not a WAV of 8 kHz, 16 bits, mono."""


def read(data: bytes) -> bytes:
    """The samples of a WAV, filled up to whole frames: Asterisk would drop the rest."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                raise SoundError("another kind of WAV")
            samples = bytes(file.readframes(file.getnframes()))
    except (wave.Error, EOFError) as error:
        raise SoundError("no WAV") from error
    return samples + bytes(-len(samples) % FRAME)


def write(path: Path, samples: bytes) -> None:
    """Keep samples as a WAV that appears at once, whole."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with wave.open(str(part), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples)
    part.replace(path)


def seconds(path: Path) -> float:
    """How long a WAV lasts."""
    with wave.open(str(path)) as file:
        return float(file.getnframes() / RATE)


def loud(block: bytes) -> bool:
    """Whether these samples hold a voice."""
    samples = array.array("h", block)
    return bool(sum(map(mul, samples, samples)) > _LOUD * len(samples))


def holds_a_voice(path: Path) -> bool:
    """Whether anybody spoke in this WAV."""
    with wave.open(str(path)) as file:
        while block := file.readframes(_BLOCK):
            if loud(block):
                return True
    return False


def beep(folder: Path) -> Path:
    """The tone before a recording: 0.3 s of 1,000 Hz."""
    path = folder / "beep.wav"
    if not path.exists():
        tone = (int(9000 * math.sin(2 * math.pi * 1000 * place / RATE)) for place in range(RATE * 3 // 10))
        write(path, array.array("h", tone).tobytes())
    return path


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
