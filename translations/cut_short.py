"""Tells a sound that stops before its end: an upload that broke off, which ffmpeg reads without complaint.

Only what a file says of itself counts: an MP3 without a header of its own, or a raw AAC, has no end to miss.
"""

import re

_MOST_LOST_S = 1.0  # encoders pad and round
_COMPLAINTS = re.compile(r"File ended prematurely|partial file|moov atom not found")
_DECLARED = re.compile(r"Duration: (\d+):(\d\d):(\d\d\.\d+)")
_GUESSED = "Estimating duration from bitrate"
_UNKNOWN_SIZES = (0, 0xFFFFFFFF - 8)  # what recorders write that never came back to their header


def cut_short(data: bytes, said: str, seconds: float, most_seconds: float) -> bool:
    """Whether `data` breaks off: by its own structure, by what ffmpeg `said`, by the `seconds` (at most `most_seconds`) found."""
    if _COMPLAINTS.search(said) or _riff_lacks(data) or _ogg_lacks(data):
        return True
    found = _DECLARED.search(said)
    if found is None or _GUESSED in said:
        return False
    declared = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    return min(declared, most_seconds) - seconds > _MOST_LOST_S


def _riff_lacks(data: bytes) -> bool:
    size = int.from_bytes(data[4:8], "little")
    return data[:4] == b"RIFF" and size not in _UNKNOWN_SIZES and size < 0xFFFFFF00 and size + 8 > len(data) + 1


def _ogg_lacks(data: bytes) -> bool:
    """Walk the pages: 27 bytes with the count of segments last, the segments' lengths, their bytes."""
    at = 0
    while data[at : at + 4] == b"OggS":
        if at + 27 > len(data):
            return True
        body = at + 27 + data[at + 26]
        end = body + sum(data[at + 27 : body])
        if body > len(data) or end > len(data):
            return True
        at = end
    return False
