"""The prompts of a voice pack as those who record them see them: what to say, when it is said, and how far its sound has come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from translations import packs
from translations.languages import SOURCE
from translations.library import clip_of, newest_variants, prompt_key, sendable
from translations.models import Content, Variant, VariantState
from translations.review import stage, waiting_sound


@dataclass(frozen=True)
class Take:
    """One prompt in one language: the `french` words, `when` they are said, and the `words` of the language where written.

    `state` is the sound's, None without a person's voice. `ready`: calls can play it. `waits`: a newer sound is in review.
    """

    label: str
    content_id: int
    when: str
    french: str
    words: str
    variant: Variant | None
    state: VariantState | None
    ready: bool
    waits: bool

    @property
    def draft(self) -> bool:
        """Recorded, and not yet proposed to anybody."""
        return self.state is VariantState.DRAFT


def takes(session: Session, now: datetime, language: str, labels: Iterable[str]) -> list[Take]:
    """The prompts of these labels, in their order; those that no content file brought here are left out."""
    wanted = {prompt_key(label): label for label in labels}
    contents = {row.key: row.id for row in session.scalars(select(Content).where(Content.key.in_(wanted)))}
    rows = {(row.content_id, row.language): row for row in newest_variants(session, list(contents.values()))}
    lacking = set(packs.missing(session, now, language, wanted.values()))
    return [
        _take(label, contents[key], rows.get((contents[key], language)), rows.get((contents[key], SOURCE)), label in lacking, now)
        for key, label in wanted.items()
        if key in contents
    ]


def _take(label: str, content_id: int, variant: Variant | None, french: Variant | None, lacks: bool, now: datetime) -> Take:
    prompt = packs.prompts().get(label)
    human = any(not clip.synthetic for clip in variant.clips) if variant else False
    own = variant is not None and sendable(variant, now) and clip_of(variant) is not None
    state = (variant.state if own else stage(variant)) if variant and human else None
    if not lacks and not human:
        # The jingle of another language counts as this one's: shown as approved, though nothing is recorded here.
        state = VariantState.APPROVED
    return Take(
        label=label,
        content_id=content_id,
        when=prompt.when if prompt else "",
        french=(french.spoken or "") if french else "",
        words=(variant.spoken or "") if variant else "",
        variant=variant,
        state=state,
        ready=not lacks,
        waits=human and own and variant is not None and waiting_sound(variant) is not None,
    )
