"""From a draft to approved words: a second speaker's check, approval by a third eye, and return with a reason.

Nobody reviews words they wrote, nor a sound they sent: all who wrote since the last approved version count as authors, so that
two people cannot approve each other's edits of one text. A page hands back the `fingerprint` it showed; if it no longer
fits, nobody has seen what would be approved.
"""

import hashlib
import json
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime import audit
from translations import placeholders
from translations.errors import TranslationError
from translations.languages import SOURCE
from translations.library import current, newest_variants, slots
from translations.models import Clip, ContentKind, Variant, VariantState
from translations.sms import prepare

OPTIONS = range(2, 4)


class Fault(StrEnum):
    """Why a step of the review is refused."""

    CHANGED = "changed"
    OWN_WORK = "own_work"
    OWN_SOUND = "own_sound"
    EMPTY = "empty"
    OPTIONS = "options"
    SLOTS = "slots"
    UNKNOWN_SLOT = "unknown_slot"
    SPOKEN_SLOT = "spoken_slot"
    MACHINE = "machine"
    SYNTHETIC = "synthetic"
    NOT_DRAFT = "not_draft"
    NOT_PROPOSED = "not_proposed"
    NOT_CHECKED = "not_checked"
    NOT_HEARD = "not_heard"
    NO_BACK_TRANSLATION = "no_back_translation"
    NO_REASON = "no_reason"


class ReviewError(TranslationError):
    """A refused step; `fault` says which rule: the console has its sentence. `misfit` has the words between braces."""

    def __init__(self, fault: Fault, misfit: placeholders.Misfit | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.misfit = misfit


def fingerprint(variant: Variant) -> str:
    """What a reviewer has seen and heard, in 16 hex digits: words, options, version and the newest human sound."""
    sound = human_clip(variant)
    seen = [variant.id, variant.version, variant.text, variant.spoken, variant.options, sound.sha256 if sound else None]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def propose(session: Session, variant_id: int, staff_id: int | None, now: datetime, *, seen: str | None = None) -> Variant:
    """Ask for review: first to a second speaker where there is a sound or another language than French, else to Validation."""
    variant = _opened(session, variant_id, seen)
    if variant.state is not VariantState.DRAFT:
        raise ReviewError(Fault.NOT_DRAFT)
    _refuse_unfit(session, variant)
    variant.state = VariantState.TO_HEAR if _needs_speaker(variant) else VariantState.TO_REVIEW
    variant.returned_reason = None
    _note(session, now, "variant.propose", variant, staff_id)
    return variant


def check_language(
    session: Session,
    variant_id: int,
    staff_id: int,
    back_translation: str | None,
    now: datetime,
    *,
    seen: str | None = None,
    heard: bool = False,
) -> Variant:
    """A second speaker has read the words and `heard` the sound to its end; where there is no text, they say it in French."""
    variant = _opened(session, variant_id, seen)
    sound = waiting_sound(variant)
    if stage(variant) is not VariantState.TO_HEAR:
        raise ReviewError(Fault.NOT_PROPOSED)
    _refuse_own(session, variant, staff_id)
    _refuse_unheard(sound, heard)
    meaning = cleaned(back_translation)
    if meaning is None and not variant.text and variant.language != SOURCE:
        raise ReviewError(Fault.NO_BACK_TRANSLATION)
    variant.back_translation = meaning or variant.back_translation
    if sound is not None:
        sound.checked_by, sound.checked_at = staff_id, now
    if variant.state is VariantState.TO_HEAR:
        variant.checked_by, variant.checked_at, variant.state = staff_id, now, VariantState.TO_REVIEW
    _note(session, now, "variant.check", variant, staff_id)
    return variant


def approve(
    session: Session,
    variant_id: int,
    staff_id: int,
    now: datetime,
    *,
    seen: str | None = None,
    heard: bool = False,
    meaning_kept: bool = False,
) -> Variant:
    """Publish the words and the human sound that waits with them, `heard` to its end; machine words and synthetic voice never.

    New French outdates the approved translations of the French before it, unless whoever approves says that its `meaning_kept`.
    """
    variant = _opened(session, variant_id, seen)
    sound = waiting_sound(variant)
    if variant.state is not VariantState.TO_REVIEW and not (_published(variant) and sound):
        raise ReviewError(Fault.NOT_PROPOSED)
    _refuse_own(session, variant, staff_id)
    _refuse_unfit(session, variant)
    if _needs_speaker(variant) and (sound or variant).checked_at is None:
        raise ReviewError(Fault.NOT_CHECKED)
    _refuse_unheard(sound, heard)
    if variant.state is VariantState.TO_REVIEW:
        variant.state, variant.approved_by, variant.approved_at = VariantState.APPROVED, staff_id, now
        for translated in behind(session, variant):
            if meaning_kept:
                translated.source_version = variant.version
            else:
                translated.state = VariantState.OUTDATED
                _note(session, now, "variant.outdate", translated, staff_id)
    if sound is not None:
        sound.approved_by, sound.approved_at = staff_id, now
    _note(session, now, "variant.approve", variant, staff_id)
    return variant


def send_back(
    session: Session, variant_id: int, staff_id: int, reason: str, now: datetime, *, seen: str | None = None
) -> Variant:
    """Return words to their author with a reason. Of approved words only the waiting sound goes: they stay published."""
    variant = _opened(session, variant_id, seen)
    sound = waiting_sound(variant)
    why = cleaned(reason)
    if why is None:
        raise ReviewError(Fault.NO_REASON)
    if _published(variant) and sound is not None:
        variant.clips.remove(sound)
        session.delete(sound)
    elif variant.state in (VariantState.TO_HEAR, VariantState.TO_REVIEW):
        variant.state, variant.checked_by, variant.checked_at = VariantState.DRAFT, None, None
    else:
        raise ReviewError(Fault.NOT_PROPOSED)
    variant.returned_reason = why
    _note(session, now, "variant.send_back", variant, staff_id)
    return variant


def behind(session: Session, french: Variant) -> list[Variant]:
    """The approved translations of a French older than this one; [] of words in another language."""
    if french.language != SOURCE:
        return []
    newest = newest_variants(session, [french.content_id])
    return [one for one in newest if one.state is VariantState.APPROVED and stale(one, french)]


def stale(variant: Variant | None, french: Variant | None) -> bool:
    """Whether the French is newer than the one this was translated from; not where nobody knows which that was."""
    if variant is None or french is None or variant.language == SOURCE or variant.source_version is None:
        return False
    return variant.source_version < french.version


def authors(session: Session, variant: Variant) -> set[int]:
    """Who wrote since the last approved version before this one, or sent its waiting sound: none of them may review it."""
    versions = session.execute(
        select(Variant.version, Variant.author_id, Variant.approved_at)
        .where(Variant.content_id == variant.content_id, Variant.language == variant.language, Variant.version <= variant.version)
        .order_by(Variant.version.desc())
    ).all()
    found: set[int | None] = set()
    for version, author_id, approved_at in versions:
        if approved_at is not None and version < variant.version:
            break
        found.add(author_id)
    sound = waiting_sound(variant)
    found.add(sound.uploaded_by if sound else None)
    return {staff_id for staff_id in found if staff_id is not None}


def stage(variant: Variant) -> VariantState:
    """How far these words have come with the sound that waits on them: approved words stay published, and their sound goes on."""
    sound = waiting_sound(variant)
    if sound is None or not _published(variant):
        return variant.state
    return VariantState.TO_HEAR if sound.checked_at is None else VariantState.TO_REVIEW


def waiting_sound(variant: Variant) -> Clip | None:
    """The newest human sound, if nobody has approved it yet."""
    sound = human_clip(variant)
    return sound if sound is not None and sound.approved_at is None else None


def human_clip(variant: Variant) -> Clip | None:
    """The newest sound that a person made."""
    return next((clip for clip in reversed(variant.clips) if not clip.synthetic), None)


def cleaned(text: str | None) -> str | None:
    """Words as they are stored, None for no word at all."""
    return prepare(text).strip() or None if text else None


def _opened(session: Session, variant_id: int, seen: str | None) -> Variant:
    variant = session.get_one(Variant, variant_id, with_for_update=True)
    newest = current(session, variant.content_id, variant.language)
    if newest is not variant or (seen is not None and seen != fingerprint(variant)):
        raise ReviewError(Fault.CHANGED)
    return variant


def _refuse_own(session: Session, variant: Variant, staff_id: int) -> None:
    if staff_id in authors(session, variant):
        sound = waiting_sound(variant)
        sent = sound is not None and sound.uploaded_by == staff_id and variant.author_id != staff_id
        raise ReviewError(Fault.OWN_SOUND if sent else Fault.OWN_WORK)


def _refuse_unheard(sound: Clip | None, heard: bool) -> None:
    if sound is not None and not heard:
        raise ReviewError(Fault.NOT_HEARD)


def _refuse_unfit(session: Session, variant: Variant) -> None:
    if variant.machine_written:
        raise ReviewError(Fault.MACHINE)
    if not variant.text and human_clip(variant) is None:
        raise ReviewError(Fault.SYNTHETIC if variant.clips else Fault.EMPTY)
    french = session.scalars(
        select(Variant).where(Variant.content_id == variant.content_id, Variant.language == SOURCE).order_by(Variant.version)
    ).all()
    if variant.text and variant.content.kind is ContentKind.QUESTION:
        count = len(french[-1].options) if french and variant.language != SOURCE else len(variant.options)
        if len(variant.options) not in OPTIONS or len(variant.options) != count:
            raise ReviewError(Fault.OPTIONS)
    if unfit := placeholders.misfit(variant.content.kind, variant.language, variant.text or "", french):
        unknown = unfit.unknown and variant.content.kind in placeholders.FILLED
        raise ReviewError(Fault.UNKNOWN_SLOT if unknown else Fault.SLOTS, unfit)
    if slots(variant.spoken or ""):
        raise ReviewError(Fault.SPOKEN_SLOT)


def _needs_speaker(variant: Variant) -> bool:
    return variant.language != SOURCE or waiting_sound(variant) is not None


def _published(variant: Variant) -> bool:
    return variant.state is VariantState.APPROVED


def _note(session: Session, now: datetime, action: str, variant: Variant, staff_id: int | None) -> None:
    audit.record(session, now, action, "variant", variant.id, staff_id=staff_id, version=variant.version)
