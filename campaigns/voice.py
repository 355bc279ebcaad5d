"""Turns what a conversation says into the steps of a call: clips in the caller's language, keys to wait for.

A line without a clip is left out, so that a language goes live with the prompts it has; on the simulator alone a French line
without one is read by a synthetic voice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from campaigns.wording import fallbacks
from dialogue.values import Line, Turn, Wait, WaitKind
from messaging import recordings
from messaging.models import Recording
from messaging.steps import Gather, Hangup, Play, Record, Say, Sound, Step
from translations import library, numbers, packs
from translations.content_entries import Pack
from translations.hearing import Ear, Name
from translations.languages import SOURCE, chain

CONTENT = "content:"
RECORDING = "recording"  # the label of what somebody said


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

    def say(self, lines: Sequence[Line]) -> tuple[Play | Say, ...]:
        """The lines as sound; neighbouring clips go in one Play. What was said before is said again as it was."""
        key = (self.sounds, self.language, self.drafts, *((line.label, *line.values.items()) for line in lines))
        known: tuple[Play | Say, ...] | None = self._ear.recall(key)
        if known is None:
            said = [one for given in lines for one in spelled(given, self.language)]
            self._learn(said)
            known = self._sound(said)
            if not any(line.label == RECORDING for line in said):
                self._ear.remember(key, known)
        return known

    def _sound(self, said: Sequence[Line]) -> tuple[Play | Say, ...]:
        steps: list[Play | Say] = []
        for line in said:
            found = self._line(line)
            if isinstance(found, Sound) and steps and isinstance(steps[-1], Play):
                steps[-1] = Play((*steps[-1].clips, found))
            elif isinstance(found, Sound):
                steps.append(Play((found,)))
            elif found is not None:
                steps.append(found)
        return tuple(steps)

    def learn(self, content_ids: Iterable[int]) -> None:
        """Read these contents at once; each would be read by itself when it is asked about."""
        self._ear.listen(content_ids, self._chain(self.language))

    def can_say(self, content_id: int, language: str | None = None) -> bool:
        """Whether a content has words for the ear, in `language` itself or else along this one's chain."""
        return self._sayable(content_id, language)

    def has(self, *labels: str, language: str | None = None) -> bool:
        """Whether every one of these prompts can be said, in `language` itself or else along this one's chain."""
        ear = self._ear if language else self._prompts
        return all(self._sayable(library.prompt_key(label), language, ear) for label in labels)

    def speaks(self, label: str, languages: Iterable[str]) -> list[str]:
        """Those of `languages` in which a prompt or a content can be said."""
        name, asked = name_of(label), tuple(languages)
        self._ear.listen((name,), asked)
        return [code for code in asked if self._sayable(name, code)]

    def offers(self, pack: Pack, *labels: str) -> bool:
        """Whether a choice that speaks with these prompts may be offered: its pack in service, drafts where these are played."""
        return (self.drafts or pack in self._live) and self.has(*labels)

    def variant_of(self, label: str) -> int | None:
        """The variant whose words or sound a prompt has in this language: what was agreed to."""
        name = name_of(label)
        chosen = self._ear.choose(name, self._chain(self.language)) or (self._ear.source(name) if self.drafts else None)
        return chosen.variant_id if chosen is not None else None

    def _sayable(self, name: Name, language: str | None, ear: Ear | None = None) -> bool:
        if (ear or self._ear).choose(name, (language,) if language else self._chain(self.language)) is not None:
            return True
        return self.drafts and language in (None, SOURCE) and self._draft(name) is not None

    def _line(self, line: Line) -> Sound | Say | None:
        if line.label == RECORDING:
            return self._said(line)
        name, languages = name_of(line.label), self._languages(line)
        chosen = self._ear.choose(name, languages)
        clip = chosen.clip(self.drafts) if chosen is not None else None
        if clip is not None:
            core = clip.core_end_s if line.label.startswith(CONTENT) else None
            return Sound(f"{self.sounds}/{clip.sha256}.wav", clip.seconds, core, line.label)
        return self._draft(name) if self.drafts and SOURCE in languages else None

    def _languages(self, line: Line) -> tuple[str, ...]:
        """Each language offers itself in its own voice, whatever the call speaks."""
        own = line.values.get("language")
        return (str(own),) if own else self._chain(self.language)

    def _said(self, line: Line) -> Sound | None:
        """What the caller just recorded, as soon as it is here."""
        row = self.session.get(Recording, int(line.values["id"]))
        if row is None or not row.sha256:
            return None
        return Sound(f"{self.sounds}/said/{recordings.replay_name(row.sha256, self.now)}.wav", row.seconds, None, line.label)

    def _draft(self, name: Name) -> Say | None:
        found = self._ear.source(name)
        words = (found.spoken or found.text) if found and not found.machine_written else None
        return Say(words, SOURCE) if words else None

    def _learn(self, lines: Sequence[Line]) -> None:
        """Read everything a turn says at once."""
        spoken = [line for line in lines if line.label != RECORDING]
        self._ear.listen({name_of(line.label) for line in spoken}, {code for line in spoken for code in self._languages(line)})

    def _chain(self, language: str) -> tuple[str, ...]:
        # French falls back on nothing: most calls need not ask.
        return (SOURCE,) if language == SOURCE else chain(language, self._fallbacks)

    @cached_property
    def _ear(self) -> Ear:
        return Ear(self.session, self.now, self.drafts)

    @cached_property
    def _live(self) -> frozenset[Pack]:
        ear, key = self._prompts, ("live", self.language)
        live: frozenset[Pack] | None = ear.recall(key)
        if live is None:
            live = packs.live_among(
                self.session, self.language, lambda label, code: ear.approved(library.prompt_key(label), code)
            )
            ear.remember(key, live)
        return live

    @cached_property
    def _prompts(self) -> Ear:
        """With every prompt read: who asks what there is to offer asks about many."""
        self._ear.listen_to_prompts(packs.prompts(), self._chain(self.language))
        return self._ear

    @cached_property
    def _fallbacks(self) -> Mapping[str, str | None]:
        """Asked once, not for each prompt of a turn."""
        return fallbacks(self.session)


def written(session: Session, labels: Iterable[str], now: datetime) -> dict[str, str]:
    """The French words of what labels say, as far as they are written, for those who read along; approved or not."""
    names = {label: name_of(label) for label in labels if label and label != RECORDING}
    ear = Ear(session, now, True)
    ear.listen(names.values(), ())
    found = {label: ear.source(name) for label, name in names.items()}
    return {label: one.spoken or one.text or "" for label, one in found.items() if one is not None}


def name_of(label: str) -> Name:
    """The content behind a label of a flow."""
    return int(label.removeprefix(CONTENT)) if label.startswith(CONTENT) else library.prompt_key(label)


def spelled(line: Line, language: str) -> tuple[Line, ...]:
    """The prompts behind a line that says a figure: `count` (n, unit), `theme` (n), `radio` (1 or 0), `digits` (n).

    The unknown is not said.
    """
    n = str(line.values.get("n", ""))
    match line.label:
        case "count":
            said = numbers.say_count(language, int(n), str(line.values["unit"])) if n else ()
        case "theme":
            said = (f"option_theme_{n[0]}",) if n else ()
        case "radio":
            said = ("radio_yes" if n == "1" else "radio_no",) if n else ()
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
