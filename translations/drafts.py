"""Words typed by somebody, kept as a draft: a new version, or this author's own draft written over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from translations import placeholders
from translations.languages import SOURCE
from translations.library import current
from translations.models import Clip, Content, Variant, VariantState
from translations.review import Fault, ReviewError, cleaned, fingerprint, human_clip


def write(
    session: Session,
    content: Content,
    language: str,
    text: str | None,
    spoken: str | None,
    options: list[str],
    staff_id: int | None,
    now: datetime,
    *,
    machine_written: bool = False,
    seen: str | None = None,
    simplified: Sequence[str] = (),
) -> Variant:
    """Save words as a draft. A new version, unless the newest is this author's own draft; unchanged words change nothing.

    Editing approved words unpublishes them until they are approved again. `seen` is the fingerprint of what the author opened
    ("" for nothing): ReviewError(CHANGED) if somebody else saved meanwhile. Sound is kept only if what it says did not change.
    `simplified` are the letters whose cheap spelling the author accepted, « ɛ→è »; they add to those accepted before. The same
    words saved over outdated ones are a new draft: somebody found that they still say what the French says.
    """
    before = current(session, content.id, language)
    mine = before is not None and _still_typing(before, staff_id, machine_written)
    if seen is not None and seen != (fingerprint(before) if before else "") and not mine:
        raise ReviewError(Fault.CHANGED)
    words = _words(content, text, spoken, options)
    outdated = before is not None and before.state is VariantState.OUTDATED
    if before is not None and (before.text, before.spoken, before.options) == words and not outdated:
        return before
    variant = before if before is not None and mine else _new_version(session, content, language, before)
    variant.text, variant.spoken, variant.options = words
    variant.author_id, variant.written_at, variant.machine_written = staff_id, now, machine_written
    variant.simplified = _still_simplified([*(before.simplified if before else ()), *simplified], variant)
    french = current(session, content.id, SOURCE) if language != SOURCE else None
    variant.source_version = french.version if french else None
    session.flush()
    if before is not None and variant is not before:
        _keep_sound(before, variant)
        session.flush()
    return variant


def _words(
    content: Content, text: str | None, spoken: str | None, options: list[str]
) -> tuple[str | None, str | None, list[str]]:
    said = placeholders.as_known(content, cleaned(text) or "") or None
    return said, cleaned(spoken), [one for option in options if (one := cleaned(option))]


def _new_version(session: Session, content: Content, language: str, before: Variant | None) -> Variant:
    variant = Variant(content_id=content.id, language=language, version=before.version + 1 if before else 1)
    session.add(variant)
    return variant


def _still_typing(variant: Variant, staff_id: int | None, machine_written: bool) -> bool:
    own = staff_id is not None and variant.author_id == staff_id and variant.machine_written == machine_written
    return own and variant.state is VariantState.DRAFT and variant.returned_reason is None and not variant.clips


def _keep_sound(before: Variant, variant: Variant) -> None:
    """The newest human sound goes on to the next version while it still says the same; it has to be approved again."""
    said = before.spoken or before.text
    sound = human_clip(before)
    if sound is None or said not in (None, variant.spoken or variant.text):
        return
    kept = ("sha256", "media_type", "bytes", "seconds", "core_end_s", "licence", "uploaded_by", "uploaded_at")
    variant.clips.append(Clip(version=1, **{name: getattr(sound, name) for name in kept}))


def _still_simplified(letters: Sequence[str], variant: Variant) -> list[str]:
    """Without those that stand in the words again."""
    said = f"{variant.text} {variant.options}"
    return [one for one in dict.fromkeys(letters) if one.partition("→")[0] not in said]
