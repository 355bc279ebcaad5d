"""Turns what a conversation says into the steps of a call: clips in the caller's language, keys to wait for.

A line without a clip is left out, so that a language goes live with the prompts it has; on the simulator alone a French line
without one is read by a synthetic voice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.wording import fallbacks
from dialogue.values import Line, Turn, Wait, WaitKind
from messaging.steps import Gather, Hangup, Play, Record, Say, Sound, Step
from translations import library
from translations.languages import SOURCE, chain
from translations.models import Clip, Content

CONTENT = "content:"


def label_of(content_id: int) -> str:
    """The label under which a flow names a content."""
    return f"{CONTENT}{content_id}"


@dataclass(frozen=True)
class Voice:
    """One language on one channel. `sounds` is the address clips are fetched from, without a final slash."""

    session: Session
    language: str
    sounds: str
    drafts: bool
    now: datetime

    def steps(self, turn: Turn, next_address: str) -> tuple[Step, ...]:
        """What the provider is to do: say the replies, then wait at `next_address` or hang up."""
        said = self.say(turn.replies)
        if turn.wait is None:
            return (*said, Hangup())
        if turn.wait.kind is WaitKind.SOUND:
            return (*said, Record(next_address, max_s=turn.wait.max_s, silence_s=turn.wait.silence_s))
        return (_gather(turn.wait, said, next_address),)

    def say(self, lines: Iterable[Line]) -> tuple[Play | Say, ...]:
        """The lines as sound; neighbouring clips go in one Play."""
        steps: list[Play | Say] = []
        for line in lines:
            found = self._line(line)
            if isinstance(found, Sound) and steps and isinstance(steps[-1], Play):
                steps[-1] = Play((*steps[-1].clips, found))
            elif isinstance(found, Sound):
                steps.append(Play((found,)))
            elif found is not None:
                steps.append(found)
        return tuple(steps)

    def can_say(self, content_id: int, language: str | None = None) -> bool:
        """Whether a content has words for the ear, in `language` itself or else along this one's chain."""
        content = self.session.get_one(Content, content_id)
        chosen = self._clip(content, (language,) if language else self._chain(self.language))
        return chosen is not None or (self.drafts and language in (None, SOURCE) and self._draft(content) is not None)

    def _line(self, line: Line) -> Sound | Say | None:
        content = self._content(line.label)
        if content is None:
            return None
        # Each language offers itself in its own voice, whatever the call speaks.
        own = line.values.get("language")
        clip = self._clip(content, (str(own),) if own else self._chain(self.language))
        if clip is not None:
            core = clip.core_end_s if line.label.startswith(CONTENT) else None
            return Sound(f"{self.sounds}/{clip.sha256}.wav", clip.seconds, core, line.label)
        return self._draft(content) if self.drafts and own in (None, SOURCE) else None

    def _content(self, label: str) -> Content | None:
        if label.startswith(CONTENT):
            return self.session.get(Content, int(label.removeprefix(CONTENT)))
        return self.session.scalar(select(Content).where(Content.key == library.prompt_key(label)))

    def _clip(self, content: Content, languages: Sequence[str]) -> Clip | None:
        variant = library.choose(
            self.session, content, languages, library.Way.VOICE, now=self.now, allow_french_drafts=self.drafts
        )
        return library.clip_of(variant, self.drafts) if variant else None

    def _draft(self, content: Content) -> Say | None:
        variant = library.current(self.session, content.id, SOURCE)
        words = (variant.spoken or variant.text) if variant and not variant.machine_written else None
        return Say(words, SOURCE) if words else None

    def _chain(self, language: str) -> tuple[str, ...]:
        return chain(language, fallbacks(self.session))


def _gather(wait: Wait, said: tuple[Play | Say, ...], next_address: str) -> Gather:
    alone = wait.kind is WaitKind.CHOICE
    return Gather(
        said,
        next_address,
        digits=1 if alone else 0,
        finish="" if alone else "#",
        first_s=wait.first_s,
        between_s=wait.between_s,
    )
