"""Brings recorded sounds to their contents, by names like `label.language.wav`: each is a new clip to be heard, never approved.

Files are read and brought to telephones' form before a transaction opens, because that takes seconds each.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from translations import drafts, review
from translations.clips import MOST_SECONDS, PROMPT_SECONDS, Sound, attach
from translations.errors import TranslationError
from translations.library import current, prompt_key
from translations.models import Clip, Content, ContentKind, Language, Variant, VariantState
from translations.review import ReviewError

SUFFIXES = frozenset({"wav", "mp3", "m4a", "ogg", "opus", "oga", "webm", "flac", "aac", "amr", "3gp", "mp4"})
SPOKEN = frozenset(ContentKind) - {ContentKind.REPLY}


class NameRefused(TranslationError):
    """A file name that says nothing we know; the text is the French sentence for the person who sent it."""


@dataclass(frozen=True)
class Target:
    """What a sound says: a content in one language, and how long it may be."""

    content_id: int
    title: str
    language: str
    most_seconds: int


def target_of(session: Session, name: str) -> Target:
    """What `label.language.wav` names: a prompt's label, or the key of a message, question or explanation (`:` written `.`).

    NameRefused for another form, an unknown label or language, and for contents that are only read.
    """
    parts = name.rsplit(".", 2)
    if len(parts) != 3 or not all(parts):
        raise NameRefused("Le nom n'a pas la forme « nom.langue.wav », par exemple « who.bm.wav ».")
    label, language, suffix = parts
    if suffix.lower() not in SUFFIXES:
        raise NameRefused(f"« .{suffix} » n'est pas une sorte de son connue. Envoyez un fichier WAV, MP3, M4A, OGG, WEBM ou AMR.")
    if session.get(Language, language.lower()) is None:
        raise NameRefused(f"La langue « {language} » n'existe pas ici. Les codes sont sur la page « Serveur vocal ».")
    keys = (prompt_key(label), label, label.replace(".", ":"))
    found = {row.key: row for row in session.scalars(select(Content).where(Content.key.in_(keys)))}
    content = next((found[key] for key in keys if key in found), None)
    if content is None or content.kind not in SPOKEN:
        raise NameRefused(f"« {label} » n'est le nom d'aucune annonce ni d'aucun message.")
    return Target(content.id, content.title, language.lower(), most_seconds(content))


def most_seconds(content: Content) -> int:
    """How long a sound of this content may be."""
    return PROMPT_SECONDS if content.kind is ContentKind.PROMPT else MOST_SECONDS


def known(session: Session, content_id: int, language: str, upload_sha256: str) -> bool:
    """Whether this very file was already taken in for this content and language."""
    same = select(Clip.id).join(Variant).where(Variant.content_id == content_id, Variant.language == language)
    return session.scalar(same.where(Clip.upload_sha256 == upload_sha256).limit(1)) is not None


def receive(
    session: Session, content_id: int, language: str, sound: Sound, staff_id: int | None, now: datetime, *, licence: str = ""
) -> Clip:
    """Attach a sound to the newest words in its language, or to none where nothing is written: that is a spoken variant.

    ClipError where the sound serves another content or language already.
    """
    variant = current(session, content_id, language)
    if variant is None:
        content = session.get_one(Content, content_id)
        variant = drafts.write(session, content, language, None, None, [], staff_id, now)
    return attach(session, variant, sound, staff_id, now, licence=licence)


def propose(session: Session, content_id: int, language: str, staff_id: int | None, now: datetime) -> bool:
    """Send a draft with a human sound to its second listener; False where it waits already or the review refuses it."""
    variant = current(session, content_id, language)
    if variant is None or variant.state is not VariantState.DRAFT or review.waiting_sound(variant) is None:
        return False
    try:
        review.propose(session, variant.id, staff_id, now)
    except ReviewError:
        return False
    return True
