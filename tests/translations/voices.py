"""Approved sounds without sound files: what packs and plans count."""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from translations import packs
from translations.content_entries import Pack
from translations.library import prompt_key
from translations.models import Clip, Content, ContentKind, Variant, VariantState


def approve_prompt(session: Session, label: str, language: str, now: datetime, *, approved: bool = True) -> Clip:
    """A prompt of that label with a human sound in `language`, approved by nobody in particular."""
    content = session.scalar(select(Content).where(Content.key == prompt_key(label)))
    if content is None:
        content = Content(key=prompt_key(label), kind=ContentKind.PROMPT, title=label)
        session.add(content)
        session.flush()
    variant = Variant(content_id=content.id, language=language, version=1, spoken=label, options=[], written_at=now)
    variant.state, variant.approved_at = VariantState.APPROVED, now
    session.add(variant)
    clip = a_clip(f"{label}.{language}", now, approved=approved)
    variant.clips.append(clip)
    session.flush()
    return clip


def a_clip(said: str, now: datetime, *, approved: bool = True, synthetic: bool = False) -> Clip:
    """A sound's row; its file is not there."""
    digest = hashlib.sha256(said.encode()).hexdigest()
    clip = Clip(version=1, sha256=digest, media_type="audio/wav", bytes=1, seconds=2.0, synthetic=synthetic, uploaded_at=now)
    clip.approved_at = now if approved else None
    return clip


def approve_pack(session: Session, pack: Pack, language: str, now: datetime, *, but: tuple[str, ...] = ()) -> None:
    """Every prompt of a pack, `but` some."""
    for label in packs.labels_of(pack):
        if label not in but:
            approve_prompt(session, label, language, now)
