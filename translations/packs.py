"""Voice packs: which prompts each holds, which of them lack an approved sound in a language, and which packs are in service.

A pack is live once Validation published it and for as long as it is whole: a prompt whose words are edited takes it out of
service until they are approved again. Every other pack speaks between the prompts of pack A, so none is live without it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session

from runtime import audit
from translations import content_files
from translations.content_entries import Pack, PromptText
from translations.errors import TranslationError
from translations.languages import SOURCE
from translations.library import prompt_key
from translations.models import Clip, Content, ContentKind, Variant, VariantState, VoicePack

FIRST = Pack.A
_PUBLISHED = select(VoicePack.pack).where(VoicePack.language == bindparam("language"))


class PackFault(StrEnum):
    """Why a pack is not put in service."""

    MISSING = "missing"
    FIRST_PACK = "first_pack"


class PackError(TranslationError):
    """A pack that cannot be published; `missing` are the labels that lack an approved sound."""

    def __init__(self, fault: PackFault, missing: tuple[str, ...] = ()) -> None:
        super().__init__(f"{fault}: {', '.join(missing)}" if missing else fault)
        self.fault = fault
        self.missing = missing


@dataclass(frozen=True)
class Standing:
    """One pack in one language: how many prompts it has, the labels without an approved sound, and since when it is published."""

    language: str
    pack: Pack
    total: int
    missing: tuple[str, ...]
    published_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether calls may use it, as far as this pack alone goes."""
        return self.published_at is not None and not self.missing


@cache
def prompts() -> Mapping[str, PromptText]:
    """Every prompt the program can say, by label, in the order in which they are recorded."""
    return {prompt.label: prompt for prompt in content_files.read().prompts}


@cache
def labels_of(pack: Pack) -> tuple[str, ...]:
    """The labels of one pack."""
    return tuple(prompt.label for prompt in prompts().values() if prompt.pack is pack)


def standings(session: Session, now: datetime, languages: Iterable[str]) -> dict[tuple[str, Pack], Standing]:
    """Each pack in each of `languages`, by language and pack."""
    codes = list(dict.fromkeys(languages))
    heard = _heard(session, now, codes)
    rows = session.scalars(select(VoicePack).where(VoicePack.language.in_(codes)))
    published = {(row.language, row.pack): row.published_at for row in rows}
    return {
        (code, pack): Standing(
            code, pack, len(labels_of(pack)), _missing(labels_of(pack), code, heard), published.get((code, pack.value))
        )
        for code in codes
        for pack in Pack
    }


def missing(session: Session, now: datetime, language: str, labels: Iterable[str]) -> tuple[str, ...]:
    """Those of `labels` that have no approved sound in a language."""
    return _missing(labels, language, _heard(session, now, [language]))


def live_packs(session: Session, language: str, now: datetime) -> frozenset[Pack]:
    """The packs whose prompts may be played in a language: published, whole, and pack A among them or none."""
    live = {one.pack for one in standings(session, now, [language]).values() if one.live}
    return frozenset(live) if FIRST in live else frozenset()


def live_among(session: Session, language: str, sayable: Callable[[str, str], bool]) -> frozenset[Pack]:
    """`live_packs`, for who has read every prompt: `sayable` tells of a label whether it has an approved sound in a language."""
    published = set(session.scalars(_PUBLISHED, {"language": language}))

    def whole(pack: Pack) -> bool:
        return all(sayable(label, language) or (_wordless(label) and sayable(label, SOURCE)) for label in labels_of(pack))

    live = {pack for pack in Pack if pack.value in published and whole(pack)}
    return frozenset(live) if FIRST in live else frozenset()


def publish(session: Session, language: str, pack: Pack, staff_id: int, now: datetime) -> VoicePack:
    """Put a pack in service in one language; PackError names what is missing. Publishing again changes nothing."""
    known = standings(session, now, [language])
    if lacks := known[language, pack].missing:
        raise PackError(PackFault.MISSING, lacks)
    if pack is not FIRST and not known[language, FIRST].live:
        raise PackError(PackFault.FIRST_PACK)
    row = session.get(VoicePack, (language, pack.value))
    if row is None:
        row = VoicePack(language=language, pack=pack.value, published_at=now, published_by=staff_id)
        session.add(row)
        audit.record(session, now, "voice_pack.publish", "voice_pack", staff_id=staff_id, language=language, pack=pack.value)
    return row


def withdraw(session: Session, language: str, pack: Pack, staff_id: int, now: datetime) -> bool:
    """Take a pack out of service in one language; whether it was in."""
    row = session.get(VoicePack, (language, pack.value))
    if row is None:
        return False
    session.delete(row)
    audit.record(session, now, "voice_pack.withdraw", "voice_pack", staff_id=staff_id, language=language, pack=pack.value)
    session.flush()
    return True


def _heard(session: Session, now: datetime, languages: Iterable[str]) -> set[tuple[str, str]]:
    """Content key and language of every prompt with an approved sound on approved words, in one query: a call waits for it."""
    newest = select(Variant.content_id, Variant.language, func.max(Variant.version).label("version"))
    last = newest.group_by(Variant.content_id, Variant.language).subquery()
    same = (Variant.content_id == last.c.content_id, Variant.language == last.c.language, Variant.version == last.c.version)
    found = (
        select(Content.key, Variant.language)
        .join(Variant, Variant.content_id == Content.id)
        .join(last, same[0] & same[1] & same[2])
        .where(Content.kind == ContentKind.PROMPT, Variant.language.in_({SOURCE, *languages}), *_sendable(now))
    )
    return {(key, language) for key, language in session.execute(found)}


def _sendable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """`library.sendable` and `library.clip_of` as the database can answer them."""
    sound = select(Clip.id).where(Clip.variant_id == Variant.id, ~Clip.synthetic, Clip.approved_at.is_not(None))
    return (
        Variant.state == VariantState.APPROVED,
        ~Variant.machine_written,
        or_(Variant.valid_from.is_(None), Variant.valid_from <= now),
        or_(Variant.valid_until.is_(None), Variant.valid_until > now),
        sound.exists(),
    )


def _missing(labels: Iterable[str], language: str, heard: set[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(label for label in labels if not _has(label, language, heard))


def _has(label: str, language: str, heard: set[tuple[str, str]]) -> bool:
    key = prompt_key(label)
    if (key, language) in heard:
        return True
    return _wordless(label) and (key, SOURCE) in heard


def _wordless(label: str) -> bool:
    """A prompt without words (the jingle) is one sound for all: one sound may not serve two languages of their own."""
    prompt = prompts().get(label)
    return prompt is not None and not prompt.text
