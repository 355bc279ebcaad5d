"""Turns what a conversation says into the steps of a call: clips in the caller's language, keys to wait for.

A line without a clip is left out, so that a language goes live with the prompts it has; on the simulator alone a French line
without one is read by a synthetic voice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.wording import fallbacks
from dialogue.values import Line, Turn, Wait, WaitKind
from messaging import recordings
from messaging.models import Recording
from messaging.steps import Gather, Hangup, Play, Record, Say, Sound, Step
from translations import library, numbers, packs
from translations.content_entries import Pack
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
        for line in (one for given in lines for one in spelled(given, self.language)):
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

    def has(self, *labels: str, language: str | None = None) -> bool:
        """Whether every one of these prompts can be said, in `language` itself or else along this one's chain."""
        return all(self._sayable(label, language) for label in labels)

    def offers(self, pack: Pack, *labels: str) -> bool:
        """Whether a choice that speaks with these prompts may be offered: its pack in service, drafts where these are played."""
        return (self.drafts or pack in packs.live_packs(self.session, self.language, self.now)) and self.has(*labels)

    def variant_of(self, label: str) -> int | None:
        """The variant whose words or sound a prompt has in this language: what was agreed to."""
        content = self._content(label)
        if content is None:
            return None
        chosen = library.choose(
            self.session,
            content,
            self._chain(self.language),
            library.Way.VOICE,
            now=self.now,
            allow_french_drafts=self.drafts,
        )
        chosen = chosen or (library.current(self.session, content.id, SOURCE) if self.drafts else None)
        return chosen.id if chosen is not None else None

    def _sayable(self, label: str, language: str | None) -> bool:
        content = self._content(label)
        if content is None:
            return False
        if self._clip(content, (language,) if language else self._chain(self.language)) is not None:
            return True
        return self.drafts and language in (None, SOURCE) and self._draft(content) is not None

    def _line(self, line: Line) -> Sound | Say | None:
        if line.label == "recording":
            return self._said(line)
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

    def _said(self, line: Line) -> Sound | None:
        """What the caller just recorded, as soon as it is here."""
        row = self.session.get(Recording, int(line.values["id"]))
        if row is None or not row.sha256:
            return None
        return Sound(f"{self.sounds}/said/{recordings.replay_name(row.sha256, self.now)}.wav", row.seconds, None, line.label)

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
        return chain(language, self._fallbacks)

    @cached_property
    def _fallbacks(self) -> Mapping[str, str | None]:
        """Asked once, not for each prompt of a turn."""
        return fallbacks(self.session)


def spelled(line: Line, language: str) -> tuple[Line, ...]:
    """The prompts behind a line that says a figure: `count` (n, unit), `theme` (n), `digits` (n); the unknown is not said."""
    n = str(line.values.get("n", ""))
    match line.label:
        case "count":
            said = numbers.say_count(language, int(n), str(line.values["unit"])) if n else ()
        case "theme":
            said = (f"option_theme_{n[0]}",) if n else ()
        case "digits":
            said = numbers.say_digits(n)
        case _:
            return (line,)
    return tuple(Line(label) for label in said)


def _gather(wait: Wait, said: tuple[Play | Say, ...], next_address: str) -> Gather:
    alone = wait.kind is WaitKind.CHOICE
    return Gather(
        said,
        next_address,
        digits=1 if alone else wait.digits,
        finish="" if alone else "#",
        first_s=wait.first_s,
        between_s=wait.between_s,
    )
