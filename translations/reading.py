"""What can be said, as other systems read it: contents with the newest words of each language, and who approved them when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime.paging import Slice, matching
from translations.library import newest_variants, sms_of
from translations.models import Clip, Content, ContentKind, Variant, VariantState
from translations.sms import measure


@dataclass(frozen=True)
class SoundLine:
    """The newest sound of some words, without the sound itself; a synthetic one is never approved."""

    id: int
    seconds: float
    bytes: int
    synthetic: bool
    uploaded_by: int | None
    uploaded_at: datetime
    checked_by: int | None
    checked_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None


@dataclass(frozen=True)
class VariantLine:
    """The newest words in one language; `parts` counts the SMS of one sending, 0 without a text. `by` are ids of staff."""

    id: int
    language: str
    version: int
    state: VariantState
    text: str | None
    spoken: str | None
    options: list[str]
    parts: int
    machine_written: bool
    source_version: int | None
    author_id: int | None
    written_at: datetime
    checked_by: int | None
    checked_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    sound: SoundLine | None


@dataclass(frozen=True)
class ContentLine:
    """Something to say; `key` is its stable name, which campaigns may use."""

    id: int
    key: str
    kind: ContentKind
    title: str
    theme: int | None
    life_stage: str | None
    source: str
    archived: bool
    variants: list[VariantLine]


def contents(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    key: str | None = None,
    kind: ContentKind | None = None,
    theme: int | None = None,
    archived: bool | None = None,
) -> list[ContentLine]:
    """Contents by id."""
    query = part.of(select(Content), Content.id)
    query = matching(
        query,
        (Content.id, id),
        (Content.key, key),
        (Content.kind, kind),
        (Content.theme_code, theme),
        (Content.archived, archived),
    )
    rows = list(session.scalars(query))
    words: dict[int, list[VariantLine]] = {}
    for variant in newest_variants(session, [row.id for row in rows]):
        words.setdefault(variant.content_id, []).append(_variant(variant))
    return [_content(row, words.get(row.id, [])) for row in rows]


def _content(row: Content, words: list[VariantLine]) -> ContentLine:
    return ContentLine(
        id=row.id,
        key=row.key,
        kind=row.kind,
        title=row.title,
        theme=row.theme_code,
        life_stage=row.life_stage,
        source=row.source,
        archived=row.archived,
        variants=sorted(words, key=lambda one: one.language),
    )


def _variant(row: Variant) -> VariantLine:
    text = sms_of(row)
    return VariantLine(
        id=row.id,
        language=row.language,
        version=row.version,
        state=row.state,
        text=row.text,
        spoken=row.spoken,
        options=list(row.options),
        parts=measure(text).parts if text else 0,
        machine_written=row.machine_written,
        source_version=row.source_version,
        author_id=row.author_id,
        written_at=row.written_at,
        checked_by=row.checked_by,
        checked_at=row.checked_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        sound=_sound(row.clips[-1]) if row.clips else None,
    )


def _sound(row: Clip) -> SoundLine:
    return SoundLine(
        id=row.id,
        seconds=row.seconds,
        bytes=row.bytes,
        synthetic=row.synthetic,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        checked_by=row.checked_by,
        checked_at=row.checked_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
    )
