"""Sounds as strangers' telephones and computers make them, short or long, without anybody's voice."""

import random
import subprocess
from pathlib import Path

# Syllables: a tone of changing height with pauses, so that it is levelled as speech is.
SPEECH = "aevalsrc=0.25*sin(2*PI*260*t+40*sin(2*PI*0.5*t))*(lt(mod(t\\,1)\\,0.65)+0.001):s={rate}:d={seconds}"
FORMATS = {
    "mp3-of-four-minutes": ("mp3", 44_100, 240.0, ["-ac", "2", "-b:a", "128k"]),
    "whatsapp-ogg": ("ogg", 48_000, 6.0, ["-c:a", "libopus", "-b:a", "16k", "-ac", "1", "-application", "voip"]),
    "chrome-webm": ("webm", 48_000, 6.0, ["-c:a", "libopus", "-live", "1"]),  # live: no length in its header, as MediaRecorder
    "iphone-m4a": ("m4a", 44_100, 6.0, ["-c:a", "aac", "-b:a", "64k", "-ac", "1"]),
}


def made(folder: Path, name: str) -> bytes:
    """One of `FORMATS`, at a level of its own, as each telephone has."""
    suffix, rate, seconds, options = FORMATS[name]
    level = {"mp3-of-four-minutes": 0, "whatsapp-ogg": -14, "chrome-webm": 6, "iphone-m4a": -20}[name]
    path, piece = folder / f"{name}.{suffix}", folder / f"{name}.wav"
    ffmpeg("-f", "lavfi", "-i", SPEECH.format(rate=rate, seconds=4), str(piece))  # looped: making the tone is the dear part
    loop = ["-stream_loop", "-1", "-i", str(piece), "-t", str(seconds)]
    ffmpeg(*loop, "-af", f"volume={level}dB", *options, str(path))
    return path.read_bytes()


def old_amr(seconds: int = 4) -> bytes:
    """An AMR-NB file of 12.2 kbit/s, written by hand: one frame held like a vowel, then frames without data.

    ffmpeg decodes AMR and, in Debian, cannot write it. A frame is its head (0x3C, no data 0x7C) and 31 bytes; 50 a second.
    """
    vowel = b"\x3c" + random.Random(4).randbytes(31)
    second = vowel * 32 + b"\x7c" * 18
    return b"#!AMR\n" + second * seconds


def three_hours(folder: Path) -> bytes:
    """An MP3 of three hours in 22 MB: ten seconds, again and again."""
    path = folder / "piece.mp3"
    ffmpeg("-f", "lavfi", "-i", SPEECH.format(rate=16_000, seconds=10), "-b:a", "16k", "-ac", "1", "-write_xing", "0", str(path))
    return path.read_bytes() * 1080


def ffmpeg(*words: str) -> None:
    """Run it, or fail with what it said."""
    done = subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y", *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
