"""What staff see of the library: the themes by languages, what waits for review, and the words that changed.

Nothing is stored here: an expired text counts as outdated from its last valid moment, without anybody writing it down.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from translations import placeholders, review
from translations.languages import SOURCE, chain
from translations.library import Way, choose, clip_of, current, fallbacks, is_shipped, newest_variants, sms_of
from translations.models import Clip, Content, ContentKind, Language, Theme, Variant, VariantState
from translations.sms import Encoding, measure


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


class Task(StrEnum):
    """What a variant waits for: a second speaker, or Validation."""

    HEAR = "hear"
    APPROVE = "approve"


REVIEWED = {VariantState.TO_HEAR: Task.HEAR, VariantState.TO_REVIEW: Task.APPROVE}


@dataclass(frozen=True)
class Piece:
    """A run of words, with the spaces after them."""

    change: Change
    text: str


@dataclass(frozen=True)
class Cell:
    """One content in one language. `state` is None where nothing is written; `source_changed`: the French is newer.

    `parts` counts the SMS of one sending, 0 without a text.
    """

    state: VariantState | None
    variant_id: int | None = None
    parts: int = 0
    encoding: Encoding | None = None
    has_sound: bool = False
    source_changed: bool = False


@dataclass(frozen=True)
class ContentRow:
    """A content, its French words (the SMS, else what is said) and its cells by language code."""

    content_id: int
    key: str
    title: str
    kind: ContentKind
    cells: Mapping[str, Cell]
    french: str = ""


@dataclass(frozen=True)
class ThemeRow:
    """A theme (code and name None for contents without one) and how many of its contents stand in each state, by language."""

    code: int | None
    name: str | None
    contents: tuple[ContentRow, ...]

    def counts(self, language: str) -> Counter[VariantState | None]:
        """Contents by state; None counts the missing."""
        return Counter(row.cells[language].state for row in self.contents)


@dataclass(frozen=True)
class Waiting:
    """A variant on page « À approuver »; `mine` says that this member of staff wrote or recorded it and may not review it."""

    variant: Variant
    task: Task
    mine: bool
    parts: int
    difference: tuple[Piece, ...]
    fingerprint: str


@dataclass(frozen=True)
class InForce:
    """What is sent or played today: words of a `language`, by their id; the shipped French without one; None for nothing."""

    language: str | None
    variant_id: int | None


def matrix(
    session: Session, now: datetime, kinds: Sequence[ContentKind] = (ContentKind.MESSAGE,), *, archived: bool = False
) -> list[ThemeRow]:
    """Every theme, in the order of its code, with its contents of these kinds; contents without a theme come last."""
    languages = list(session.scalars(select(Language.code).where(Language.active).order_by(Language.menu_number)))
    contents = list(session.scalars(select(Content).where(Content.kind.in_(kinds), Content.archived == archived)))
    variants = {(v.content_id, v.language): v for v in newest_variants(session, [content.id for content in contents])}
    rows: dict[int | None, list[ContentRow]] = {}
    for content in sorted(contents, key=lambda one: one.key):
        french = variants.get((content.id, SOURCE))
        cells = {code: _cell(variants.get((content.id, code)), french, now) for code in languages}
        said = (french.text or french.spoken or "") if french is not None else ""
        row = ContentRow(content.id, content.key, content.title, content.kind, cells, said)
        rows.setdefault(content.theme_code, []).append(row)
    themes = session.scalars(select(Theme).order_by(Theme.code))
    found = [ThemeRow(theme.code, theme.name, tuple(rows.get(theme.code, ()))) for theme in themes]
    return [*found, ThemeRow(None, None, tuple(rows[None]))] if None in rows else found


def standing(session: Session, now: datetime) -> dict[str, Counter[VariantState | None]]:
    """By language, how many of all contents stand in each state; None counts the missing."""
    kinds = [kind for kind in ContentKind if kind is not ContentKind.ANSWER]
    found: dict[str, Counter[VariantState | None]] = {}
    for row in matrix(session, now, kinds):
        for content in row.contents:
            for code, cell in content.cells.items():
                found.setdefault(code, Counter())[cell.state] += 1
    return {code: found.get(code, Counter()) for code in session.scalars(select(Language.code))}


def pending(session: Session, staff_id: int) -> list[Waiting]:
    """What waits for a second speaker or for Validation, oldest first."""
    waiting = []
    for variant in sorted(newest_variants(session), key=lambda one: (one.written_at, one.id)):
        task = REVIEWED.get(review.stage(variant))
        if task is not None and not variant.content.archived:
            mine = staff_id in review.authors(session, variant)
            parts = measure(placeholders.worst(sms_of(variant), placeholders.longest(variant.content))).parts
            changed = difference(last_approved_text(session, variant), sms_of(variant) or variant.spoken or "")
            waiting.append(Waiting(variant, task, mine, parts, changed, review.fingerprint(variant)))
    return waiting


def tasks(session: Session, staff_id: int) -> list[tuple[Task, str]]:
    """What `pending` holds that is not this person's own work, as tasks and languages: one query, for every page's menu."""
    return [
        (REVIEWED.get(state) or (Task.HEAR if checked is None else Task.APPROVE), language)
        for state, language, waiting, checked in session.execute(_tasks(), {"me": staff_id})
        if waiting is not None or state in REVIEWED
    ]


@cache
def _tasks() -> Select[VariantState, str, int, datetime | None]:
    """State, language and waiting sound of what somebody else than `me` wrote; made once, since making it takes longest."""
    older, own, sound, other = aliased(Variant), aliased(Variant), aliased(Clip), aliased(Clip)
    me: BindParameter[int] = bindparam("me", type_=BigInteger)
    newest = select(func.max(own.version)).where(*_of_the_same(own, Variant)).scalar_subquery()
    before = select(func.coalesce(func.max(older.version), 0)).where(*_of_the_same(older, Variant))
    before = before.where(older.approved_at.is_not(None), older.version < Variant.version).correlate(Variant)
    wrote = select(own.id).where(*_of_the_same(own, Variant), own.author_id == me, own.version <= Variant.version)
    wrote = wrote.where(own.version > before.scalar_subquery()).correlate(Variant)
    heard = select(Clip.variant_id).where(Clip.synthetic.is_(False), Clip.approved_at.is_(None))  # few, and found fast
    last = select(func.max(other.version)).where(other.variant_id == Variant.id, other.synthetic.is_(False)).scalar_subquery()
    waits = (sound.variant_id == Variant.id) & (sound.version == last) & sound.approved_at.is_(None)
    return (
        select(Variant.state, Variant.language, sound.id, sound.checked_at)
        .join(Content, Content.id == Variant.content_id)
        .outerjoin(sound, waits)
        .where(Variant.version == newest, Content.archived.is_(False), sound.uploaded_by.is_distinct_from(me))
        .where(Variant.state.in_(REVIEWED) | (Variant.state == VariantState.APPROVED) & Variant.id.in_(heard))
        .where(~wrote.exists())
    )


def returned(session: Session, staff_id: int) -> list[Variant]:
    """The drafts that came back to this author with a reason, and were not changed since."""
    back = select(Variant).where(
        Variant.state == VariantState.DRAFT, Variant.returned_reason.is_not(None), Variant.author_id == staff_id
    )
    return [one for one in session.scalars(back.order_by(Variant.id)) if current(session, one.content_id, one.language) is one]


def _of_the_same(one: type[Variant], other: type[Variant]) -> tuple[ColumnElement[bool], ...]:
    return (one.content_id == other.content_id, one.language == other.language)


def last_approved_text(session: Session, variant: Variant) -> str:
    """The words of the last approved version before this one; "" when there was none."""
    before = session.scalar(
        select(Variant)
        .where(
            Variant.content_id == variant.content_id,
            Variant.language == variant.language,
            Variant.version < variant.version,
            Variant.approved_at.is_not(None),
        )
        .order_by(Variant.version.desc())
        .limit(1)
    )
    return "" if before is None else sms_of(before) or before.spoken or ""


def since_approval(session: Session, variant: Variant | None) -> tuple[Piece, ...]:
    """What changed in these words since the last approved ones before them; () where there were none, or they are approved."""
    if variant is None or variant.approved_at is not None:
        return ()
    before = last_approved_text(session, variant)
    return difference(before, sms_of(variant) or variant.spoken or "") if before else ()


def in_force(session: Session, content: Content, language: str, now: datetime) -> InForce:
    """What listeners of a language get of a content today: approved words along its chain, else what the program came with."""
    way = Way.VOICE if content.kind is ContentKind.PROMPT else Way.SMS
    chosen = choose(session, content, chain(language, fallbacks(session)), way, now=now)
    if chosen is not None:
        return InForce(chosen.language, chosen.id)
    return InForce(SOURCE if content.kind is ContentKind.REPLY and is_shipped(content) else None, None)


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """The two texts word by word: the added and same pieces make `new`, the removed and same ones `old`, spaces apart."""
    before, after = re.findall(r"\S+\s*", old), re.findall(r"\S+\s*", new)
    pieces = []
    match = SequenceMatcher(a=[word.strip() for word in before], b=[word.strip() for word in after], autojunk=False)
    for tag, a, b, c, d in match.get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Change.SAME, "".join(after[c:d])))
            continue
        if b > a:
            pieces.append(Piece(Change.REMOVED, "".join(before[a:b])))
        if d > c:
            pieces.append(Piece(Change.ADDED, "".join(after[c:d])))
    return tuple(pieces)


def _cell(variant: Variant | None, french: Variant | None, now: datetime) -> Cell:
    if variant is None:
        return Cell(None)
    expired = variant.valid_until is not None and variant.valid_until <= now
    size = measure(placeholders.worst(sms_of(variant), placeholders.longest(variant.content))) if variant.text else None
    return Cell(
        state=VariantState.OUTDATED if expired and variant.state is VariantState.APPROVED else variant.state,
        variant_id=variant.id,
        parts=size.parts if size else 0,
        encoding=size.encoding if size else None,
        has_sound=clip_of(variant) is not None,
        source_changed=review.stale(variant, french),
    )
