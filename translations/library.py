"""What can be said and in which words: loads the content files, finds the variant a listener gets, fills automatic replies.

Only the newest version of a variant is ever sent: an edit unpublishes the text before it until somebody approves again. Replies
and prompts share labels (one is the SMS form of the other), so their contents' keys begin with `reply:` and `prompt:`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from translations import content_files
from translations.content_entries import Entry, MessageText, PromptText, QuizText, ReplyText, Sourced
from translations.errors import TranslationError
from translations.languages import SEED, SOURCE
from translations.models import Clip, Content, ContentKind, Language, Theme, Variant, VariantState

_SLOT = re.compile(r"\{(\w+)\}")
_DIGITS = ("un", "deux", "trois")
TITLE = 120


class LibraryError(TranslationError):
    """A label nobody wrote, a {name} without its value, or a way that is neither SMS nor voice."""


class Way(StrEnum):
    """How words reach a listener; equal to the same words of messaging's routes, which this package may not import."""

    SMS = "sms"
    VOICE = "voice"


class Words(Protocol):
    """What decides whether words may go: of a Variant, or of what was read of one."""

    @property
    def language(self) -> str: ...
    @property
    def state(self) -> VariantState: ...
    @property
    def machine_written(self) -> bool: ...
    @property
    def valid_from(self) -> datetime | None: ...
    @property
    def valid_until(self) -> datetime | None: ...


class Playable(Protocol):
    """What decides whether a sound may be played: of a Clip, or of what was read of one."""

    @property
    def synthetic(self) -> bool: ...
    @property
    def approved_at(self) -> datetime | None: ...


WordsT = TypeVar("WordsT", bound=Words)
SoundT = TypeVar("SoundT", bound=Playable)


@dataclass(frozen=True)
class LoadReport:
    """Keys by what loading did. `conflicts` were edited by a person since: the file's words were left out.

    `quizzes` are all the questions of the files, for `campaigns.quizzes.load`.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    conflicts: tuple[str, ...]
    quizzes: tuple[QuizText, ...]


@dataclass(frozen=True)
class Rendered:
    """An automatic reply ready to send; `variant_id` is None for the shipped French text, which nobody has approved."""

    text: str
    variant_id: int | None
    label: str
    language: str


@dataclass(frozen=True)
class _Piece:
    key: str
    kind: ContentKind
    title: str
    text: str | None
    spoken: str | None
    options: tuple[str, ...] = ()


def reply_key(label: str) -> str:
    """The content key of an automatic SMS."""
    return f"reply:{label}"


def prompt_key(label: str) -> str:
    """The content key of a line of the voice service."""
    return f"prompt:{label}"


def explanation_key(question: str) -> str:
    """The content key of a question's explanation."""
    return f"{question}:why"


def seed_languages(session: Session) -> int:
    """Add the languages of `languages.SEED` that are missing, and say how many; rows that exist stay as staff left them."""
    known = {row.code: row.menu_number for row in session.scalars(select(Language))}
    used = set(known.values())
    missing = [one for one in SEED if one.code not in known]
    for one in missing:
        # A number that staff gave to another language stays theirs; the seed's others keep those printed on the cards.
        number = one.number if one.number not in used else max(used | {seed.number for seed in SEED}) + 1
        used.add(number)
        row = Language(code=one.code, name=one.french_name, autonym=one.autonym, locale=one.cldr_locale, menu_number=number)
        row.fallback = one.fallback
        session.add(row)
        session.flush()  # one by one: a language points to the one it falls back on
    return len(missing)


def seed_themes(session: Session, folder: Path = content_files.SHIPPED) -> int:
    """Add the themes of the content files that are missing, and say how many."""
    known = set(session.scalars(select(Theme.code)))
    missing = [theme for theme in content_files.read(folder).themes if theme.code not in known]
    session.add_all(Theme(code=theme.code, name=theme.name, short=theme.short, group=theme.group) for theme in missing)
    session.flush()
    return len(missing)


def load(session: Session, folder: Path, now: datetime) -> LoadReport:
    """Bring the contents up to date with `folder`; loading twice changes nothing. Languages and themes must be seeded.

    New words become a new French draft, whatever stood there before. Raises `content_files.ContentFileError` with every mistake.
    """
    files = content_files.read(folder)
    known = {row.key: row for row in session.scalars(select(Content).options(selectinload(Content.variants)))}
    outcomes: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": [], "conflicts": []}
    for entry in (*files.messages, *files.quizzes, *files.replies, *files.prompts):
        for piece in _pieces(entry):
            outcomes[_load_piece(session, known.get(piece.key), entry, piece, now)].append(piece.key)
    session.flush()
    return LoadReport(**{name: tuple(keys) for name, keys in outcomes.items()}, quizzes=files.quizzes)


def _pieces(entry: Entry) -> Iterator[_Piece]:
    match entry:
        case MessageText():
            yield _Piece(entry.key, ContentKind.MESSAGE, entry.title, entry.text, entry.voice)
        case QuizText():
            said = [entry.question, *(f"Pour « {o} », tapez {d}." for d, o in zip(_DIGITS, entry.options, strict=False))]
            yield _Piece(entry.key, ContentKind.QUESTION, entry.question, entry.question, " ".join(said), entry.options)
            why = explanation_key(entry.key)
            yield _Piece(why, ContentKind.EXPLANATION, entry.question, entry.explanation, entry.explanation)
        case ReplyText():
            yield _Piece(reply_key(entry.label), ContentKind.REPLY, entry.title, entry.text, None)
        case PromptText():
            yield _Piece(prompt_key(entry.label), ContentKind.PROMPT, entry.label, None, entry.text or None)


def _load_piece(session: Session, content: Content | None, entry: Entry, piece: _Piece, now: datetime) -> str:
    if content is None:
        content = Content(key=piece.key, kind=piece.kind)
        _describe(content, entry, piece)
        content.variants = [_draft(piece, 1, now)]
        session.add(content)
        return "added"
    if content.file_digest == entry.digest:
        return "unchanged"
    french = [variant for variant in content.variants if variant.language == SOURCE]
    newest = french[-1] if french else None
    if newest is None or (newest.text, newest.spoken, tuple(newest.options)) != (piece.text, piece.spoken, piece.options):
        if newest is not None and newest.author_id is not None:
            content.title = piece.title[:TITLE]  # what it is called is the file's in any case
            return "conflicts"
        content.variants.append(_draft(piece, newest.version + 1 if newest else 1, now))
    _describe(content, entry, piece)
    return "changed"


def _describe(content: Content, entry: Entry, piece: _Piece) -> None:
    content.title, content.file_digest = piece.title[:TITLE], entry.digest
    if isinstance(entry, Sourced):
        content.theme_code, content.source, content.certainty = entry.theme, entry.source, entry.mark.value
        content.facts = list(entry.facts)


def _draft(piece: _Piece, version: int, now: datetime) -> Variant:
    words = Variant(language=SOURCE, version=version, text=piece.text, spoken=piece.spoken, options=list(piece.options))
    words.written_at = now
    return words


def current(session: Session, content_id: int, language: str) -> Variant | None:
    """The newest version: the one people work on and the only one that may be sent."""
    return session.scalar(
        select(Variant)
        .where(Variant.content_id == content_id, Variant.language == language)
        .order_by(Variant.version.desc())
        .limit(1)
    )


def newest_variants(session: Session, content_ids: Sequence[int] | None = None) -> list[Variant]:
    """The newest version of each content in each language, with its clips; of all contents when none are named."""
    latest = select(Variant.content_id, Variant.language, func.max(Variant.version).label("version"))
    latest = latest.group_by(Variant.content_id, Variant.language)
    if content_ids is not None:
        latest = latest.where(Variant.content_id.in_(content_ids))
    last = latest.subquery()
    same = (Variant.content_id == last.c.content_id, Variant.language == last.c.language, Variant.version == last.c.version)
    return list(session.scalars(select(Variant).join(last, same[0] & same[1] & same[2]).options(selectinload(Variant.clips))))


def sendable(variant: Words, now: datetime) -> bool:
    """True for words that were approved, are valid at `now` and were written by a person."""
    begun = variant.valid_from is None or variant.valid_from <= now
    lasting = variant.valid_until is None or now < variant.valid_until
    return variant.state is VariantState.APPROVED and begun and lasting and not variant.machine_written


def clip_of(variant: Variant, allow_french_drafts: bool = False) -> Clip | None:
    """The sound that may be played: the newest human one, once approved; else the French draft voice where drafts are allowed.

    A newer recording that waits for approval silences the one before it, as an edit does with a text; not so a prompt's, because
    a menu that falls silent helps nobody and its words have not changed.
    """
    kind = variant.content.kind if variant.content is not None else None
    return playable(kind, variant.language, variant.clips, allow_french_drafts)


def playable(kind: ContentKind | None, language: str, clips: Iterable[SoundT], allow_french_drafts: bool) -> SoundT | None:
    """`clip_of`, of clips in the order of their versions, wherever they were read from."""
    clips = list(clips)
    human = [clip for clip in clips if not clip.synthetic]
    if kind is ContentKind.PROMPT:
        human = [clip for clip in human if clip.approved_at is not None]
    if human and human[-1].approved_at is not None:
        return human[-1]
    drafts = [clip for clip in clips if clip.synthetic]
    return drafts[-1] if drafts and allow_french_drafts and language == SOURCE else None


def choose(
    session: Session, content: Content, languages: Sequence[str], route: str, *, now: datetime, allow_french_drafts: bool = False
) -> Variant | None:
    """The first variant along the chain that may go by this route ("sms" needs a text, "voice" a clip), or None.

    An approved one always comes before a French draft, which is for simulator channels alone. LibraryError for another route.
    """
    if route not in (Way.SMS, Way.VOICE):
        raise LibraryError(f"words go by SMS or by voice, not by {route!r}")
    return among(newest_variants(session, [content.id]), languages, route, now=now, allow_french_drafts=allow_french_drafts)


def among(
    newest: Iterable[Variant], languages: Sequence[str], route: str, *, now: datetime, allow_french_drafts: bool = False
) -> Variant | None:
    """`choose`, among the newest variants of one content, read before."""
    by_language = {variant.language: variant for variant in newest}

    def carries(variant: Variant) -> bool:
        return bool(variant.text if route == Way.SMS else clip_of(variant, allow_french_drafts))

    return first_of([by_language[code] for code in languages if code in by_language], now, allow_french_drafts, carries)


def first_of(chain: Sequence[WordsT], now: datetime, drafts_too: bool, carries: Callable[[WordsT], bool]) -> WordsT | None:
    """`choose`, among the newest words in each language, wherever they were read from."""
    french = [words for words in chain if drafts_too and words.language == SOURCE and not words.machine_written]
    approved = [words for words in chain if sendable(words, now)]
    drafts = [words for words in french if words.state in (VariantState.DRAFT, VariantState.TO_HEAR, VariantState.TO_REVIEW)]
    return next((words for words in (*approved, *drafts) if carries(words)), None)


def reply_text(session: Session, label: str, languages: Sequence[str], *, now: datetime, **values: object) -> Rendered:
    """An automatic reply in the first language of the chain that has it approved, else the shipped French text.

    A translation that asks for a {name} we have no value for is passed over. LibraryError for an unknown label, or where
    the shipped text itself lacks a value.
    """
    content = session.scalar(select(Content).where(Content.key == reply_key(label)))
    variant = choose(session, content, languages, Way.SMS, now=now) if content else None
    if variant is not None and variant.text and slots(variant.text) <= values.keys():
        return Rendered(fill(variant.text, values), variant.id, label, variant.language)
    shipped = _shipped_replies().get(label)
    if shipped is None:
        raise LibraryError(f"no reply is called {label!r}")
    return Rendered(fill(shipped, values), None, label, SOURCE)


def is_shipped(content: Content) -> bool:
    """Whether the program came with this reply, and so always has French words for it."""
    return content.key.removeprefix(reply_key("")) in _shipped_replies()


def fallbacks(session: Session) -> dict[str, str | None]:
    """Which language stands in for which, as `languages.chain` reads it."""
    return dict(session.execute(select(Language.code, Language.fallback)).all())


def sms_of(variant: Variant) -> str:
    """The words as an SMS: a question carries its options, each after the digit to send back."""
    return " ".join([variant.text or "", *(f"{digit} {option}" for digit, option in enumerate(variant.options, start=1))]).strip()


def slots(text: str) -> set[str]:
    """The {names} to fill in a text."""
    return set(_SLOT.findall(text))


def fill(text: str, values: Mapping[str, object]) -> str:
    """Replace each {name} by its value and nothing else: braces within a value stay as they are.

    LibraryError names the missing ones.
    """
    if missing := slots(text) - values.keys():
        raise LibraryError(f"no value for {', '.join(sorted(missing))}")
    return _SLOT.sub(lambda found: str(values[found.group(1)]), text)


@cache
def _shipped_replies() -> Mapping[str, str]:
    return {reply.label: reply.text for reply in content_files.read().replies}
