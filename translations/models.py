"""The rows of what can be said: languages, themes, contents, their variants and clips.

A prompt, an automatic reply, a quiz question and its explanation are contents like any message, so that one path of writing,
checking and approval serves them all. A transaction that changes what calls say ends by saying so to the installation's row.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship

from runtime.database import Base, Id, choice
from runtime.installation import change_words


class ContentKind(StrEnum):
    """What a content is for."""

    MESSAGE = "message"
    QUESTION = "question"
    EXPLANATION = "explanation"
    REPLY = "reply"
    PROMPT = "prompt"
    ANSWER = "answer"


class VariantState(StrEnum):
    """Where a variant stands between its author and its listeners."""

    DRAFT = "draft"
    TO_HEAR = "to_hear"
    TO_REVIEW = "to_review"
    APPROVED = "approved"
    OUTDATED = "outdated"


class Language(Base):
    """A language people speak; `locale` only where CLDR knows it, for dates and numbers."""

    __tablename__ = "language"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    autonym: Mapped[str | None] = mapped_column(String(64))
    locale: Mapped[str | None] = mapped_column(String(16))
    fallback: Mapped[str | None] = mapped_column(ForeignKey("language.code"))
    menu_number: Mapped[int] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)


class Theme(Base):
    """One of the Essential Nutrition Actions, by the two-digit code printed on the facilitator's card."""

    __tablename__ = "theme"
    __table_args__ = (CheckConstraint("code BETWEEN 10 AND 99", name="two_digits"),)

    code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    short: Mapped[str] = mapped_column(String(40))
    group: Mapped[str] = mapped_column(String(40))


class Content(Base):
    """Something to say, in however many languages; `key` is its stable name in content files and flows."""

    __tablename__ = "content"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[ContentKind] = mapped_column(choice(ContentKind), index=True)
    title: Mapped[str] = mapped_column(String(120))
    theme_code: Mapped[int | None] = mapped_column(ForeignKey("theme.code"), index=True)
    life_stage: Mapped[str | None] = mapped_column(String(24))
    source: Mapped[str] = mapped_column(String(200), default="")
    certainty: Mapped[str] = mapped_column(String(1), default="")
    facts: Mapped[list[int]] = mapped_column(default=list)
    file_digest: Mapped[str | None] = mapped_column(String(64))
    archived: Mapped[bool] = mapped_column(default=False)
    variants: Mapped[list["Variant"]] = relationship(back_populates="content", order_by="Variant.version")


class Variant(Base):
    """A content in one language, one version of it; the newest version is the one people work on and the only one sent."""

    __tablename__ = "variant"
    __table_args__ = (
        UniqueConstraint("content_id", "language", "version"),
        CheckConstraint("approved_by IS NULL OR author_id IS NULL OR approved_by <> author_id", name="four_eyes"),
        CheckConstraint("checked_by IS NULL OR author_id IS NULL OR checked_by <> author_id", name="second_speaker"),
        CheckConstraint("state <> 'approved' OR approved_at IS NOT NULL", name="approved_when"),
        Index("ix_variant_state_language", "state", "language"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    content_id: Mapped[int] = mapped_column(ForeignKey("content.id"), index=True)
    language: Mapped[str] = mapped_column(ForeignKey("language.code"))
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[VariantState] = mapped_column(choice(VariantState), default=VariantState.DRAFT)
    text: Mapped[str | None] = mapped_column(Text)
    spoken: Mapped[str | None] = mapped_column(Text)
    options: Mapped[list[str]] = mapped_column(default=list)
    back_translation: Mapped[str | None] = mapped_column(Text)
    simplified: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Letters that its author had written in a cheaper spelling, « ɛ→è », price in sight."""
    machine_written: Mapped[bool] = mapped_column(default=False)
    source_version: Mapped[int | None]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime]
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    checked_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    returned_reason: Mapped[str | None] = mapped_column(Text)
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    content: Mapped[Content] = relationship(back_populates="variants")
    clips: Mapped[list["Clip"]] = relationship(back_populates="variant", order_by="Clip.version")


class Clip(Base):
    """The sound of a variant; synthetic voice is a draft for tests and the simulator and can never be approved."""

    __tablename__ = "clip"
    __table_args__ = (
        UniqueConstraint("variant_id", "version"),
        CheckConstraint("NOT synthetic OR approved_by IS NULL", name="no_synthetic_approval"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    upload_sha256: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(32))
    bytes: Mapped[int]
    seconds: Mapped[float]
    core_end_s: Mapped[float | None]
    synthetic: Mapped[bool] = mapped_column(default=False)
    licence: Mapped[str] = mapped_column(String(80), default="")
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    uploaded_at: Mapped[datetime]
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    checked_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    variant: Mapped[Variant] = relationship(back_populates="clips")


class VoicePack(Base):
    """A voice pack that Validation put in service in one language; without this row its prompts are never played."""

    __tablename__ = "voice_pack"

    language: Mapped[str] = mapped_column(ForeignKey("language.code"), primary_key=True)
    pack: Mapped[str] = mapped_column(String(1), primary_key=True)
    published_at: Mapped[datetime]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Spelling(Base):
    """How a language's editors write one letter when an SMS must be cheap; whoever stands in `confirmed_by` answers for it."""

    __tablename__ = "spelling"

    language: Mapped[str] = mapped_column(ForeignKey("language.code"), primary_key=True)
    letter: Mapped[str] = mapped_column(String(4), primary_key=True)
    replacement: Mapped[str] = mapped_column(String(8))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None]


class GlossaryTerm(Base):
    """A French term and what a language's translators agreed to write for it."""

    __tablename__ = "glossary_term"
    __table_args__ = (UniqueConstraint("language", "term"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    language: Mapped[str] = mapped_column(ForeignKey("language.code"))
    term: Mapped[str] = mapped_column(String(80))
    translation: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(String(200), default="")
    written_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime]


_SAID = (Language, Content, Variant, Clip, VoicePack)
_CHANGED = "words_changed"


def changes_words(session: Session) -> bool:
    """Whether this transaction has changed what calls say, which nobody else may hear yet."""
    return bool(session.info.get(_CHANGED))


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _context: object) -> None:
    if any(isinstance(row, _SAID) for rows in (session.new, session.dirty, session.deleted) for row in rows):
        session.info[_CHANGED] = True


@event.listens_for(Session, "do_orm_execute")
def _changed_at_once(asked: ORMExecuteState) -> None:
    """An update of many rows passes no flush."""
    if not asked.is_select and asked.bind_mapper is not None and asked.bind_mapper.class_ in _SAID:
        asked.session.info[_CHANGED] = True


@event.listens_for(Session, "before_commit")
def _stamp(session: Session) -> None:
    # At the very end: two who edit would otherwise each hold this row while they wait for the other's words.
    if not session.in_nested_transaction():
        session.flush()
        if session.info.pop(_CHANGED, False):
            change_words(session)
