"""The memory card: a language's approved sounds as numbered MP3 files, for players without a screen or a network.

Cheap players sort by file name and know no accents, so each name is its number and plain letters.
"""

import re
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from translations import clips
from translations.library import clip_of, newest_variants, sendable
from translations.models import Content, ContentKind, Theme

LONGEST_NAME = 40
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same sounds make the same archive


@dataclass(frozen=True)
class Track:
    """One sound on the card; `seconds` is its length, `bytes` the size of its MP3."""

    number: int
    title: str
    theme: str
    seconds: float
    bytes: int
    path: Path

    @property
    def length(self) -> str:
        """Minutes and seconds, « 1:05 »."""
        return f"{round(self.seconds) // 60}:{round(self.seconds) % 60:02}"

    @property
    def name(self) -> str:
        """The file's name on the card."""
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        words = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()
        return f"{self.number:03}-{words[:LONGEST_NAME].strip('-') or 'message'}.mp3"


def tracks(session: Session, language: str, var: Path, now: datetime) -> list[Track]:
    """The messages of a language that have an approved sound on this disk, by theme and title, numbered from 1."""
    return by_language(session, var, now).get(language, [])


def by_language(session: Session, var: Path, now: datetime) -> dict[str, list[Track]]:
    """The tracks of every language that has some."""
    rows = session.execute(
        select(Content, Theme.name)
        .outerjoin(Theme, Theme.code == Content.theme_code)
        .where(Content.kind == ContentKind.MESSAGE, ~Content.archived)
        .order_by(Content.theme_code, Content.title, Content.id)
    ).all()
    place = {content.id: at for at, (content, _) in enumerate(rows)}
    found: dict[str, list[Track]] = defaultdict(list)
    for variant in sorted(newest_variants(session, list(place)), key=lambda one: place[one.content_id]):
        content, theme = rows[place[variant.content_id]]
        clip = clip_of(variant) if sendable(variant, now) else None
        path = clips.path_of(var, clip.sha256, ".mp3") if clip is not None else None
        if clip is not None and path is not None and path.exists():
            mine, size = found[variant.language], path.stat().st_size
            mine.append(Track(len(mine) + 1, content.title, theme or "", clip.seconds, size, path))
    return found


def write(given: Sequence[Track], sleeve: str, target: IO[bytes]) -> None:
    """The archive to unpack on a card: the sounds, and `sleeve` as a text beside them."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for track in given:
            archive.writestr(zipfile.ZipInfo(track.name, _WRITTEN), track.path.read_bytes())
        archive.writestr(zipfile.ZipInfo("pochette.txt", _WRITTEN), sleeve.encode())
