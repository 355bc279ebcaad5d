"""Takes in a language pack of another programme: what it would bring here, word by word, and then the drafts.

Nothing that stands here is touched: words already written here, in any state, stay, because an edit would take approved ones
out of service. What the pack translates from another French than ours is marked as a source that has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime import audit
from translations import drafts, glossary, placeholders, review, spellings
from translations.glossary import GlossaryError
from translations.language_packs import SHARED, Pack, PackRefused, Words
from translations.languages import SOURCE
from translations.library import newest_variants
from translations.models import Content, ContentKind, Language, Variant
from translations.review import ReviewError

_NOT_IN_SERVICE = "Cette langue n'est pas en service ici : %(name)s. Ouvrez-la dans les réglages."


class Fate(StrEnum):
    """What becomes of one content of a pack."""

    NEW = "new"
    OTHER_FRENCH = "other_french"
    SAME = "same"
    WRITTEN_HERE = "written_here"
    UNKNOWN = "unknown"
    UNFIT = "unfit"


TAKEN = (Fate.NEW, Fate.OTHER_FRENCH)


@dataclass(frozen=True)
class Arrival:
    """One content of a pack beside ours; `content` is None where we have none of that name."""

    words: Words
    fate: Fate
    content: Content | None
    french: Variant | None


@dataclass(frozen=True)
class Intake:
    """What a pack would do: each of its contents, and how many terms and spellings are not known here."""

    arrivals: tuple[Arrival, ...]
    terms: int
    letters: int

    @property
    def taken(self) -> tuple[Arrival, ...]:
        """Those that would enter."""
        return tuple(one for one in self.arrivals if one.fate in TAKEN)

    @property
    def anything(self) -> bool:
        """Whether the pack brings anything at all."""
        return bool(self.taken or self.terms or self.letters)


def check(session: Session, pack: Pack) -> Intake:
    """Compare a pack with what stands here; PackRefused where its language is not in service here."""
    language = session.get(Language, pack.language)
    if language is None or not language.active or pack.language == SOURCE:
        raise PackRefused(_NOT_IN_SERVICE, pack.language_name)
    contents = {row.key: row for row in session.scalars(select(Content).where(Content.kind.in_(SHARED), ~Content.archived))}
    newest = {(one.content_id, one.language): one for one in newest_variants(session)}
    arrivals = tuple(_arrival(words, contents.get(words.key), newest, pack.language) for words in pack.words)
    here = {one.term.casefold() for one in glossary.terms(session, pack.language)}
    terms = sum(term.casefold() not in here for term, _, _ in pack.terms)
    known = spellings.written(session, pack.language)
    return Intake(arrivals, terms, sum(letter not in known for letter, _ in pack.letters))


def carry_out(session: Session, pack: Pack, staff_id: int, now: datetime, *, propose: bool = False) -> Intake:
    """Write what is new as drafts of `staff_id`, who then can neither check nor approve them; with `propose`, ask for their
    review at once. A second time changes nothing."""
    intake = check(session, pack)
    for one in intake.taken:
        assert one.content is not None  # else its fate were another
        words = one.words
        said = (words.text, words.spoken, list(words.options))
        variant = drafts.write(session, one.content, pack.language, *said, staff_id, now, simplified=words.simplified)
        if one.fate is Fate.OTHER_FRENCH and one.french is not None:
            variant.source_version = one.french.version - 1
        if propose:
            _propose(session, variant, staff_id, now)
    for term, translation, note in pack.terms:
        try:
            glossary.save(session, pack.language, term, translation, note, None, now)
        except GlossaryError:
            continue  # agreed on here already
    for letter, spelled in pack.letters:
        spellings.propose(session, pack.language, letter, spelled)
    audit.record(
        session,
        now,
        "take_in_pack",
        "language",
        staff_id=staff_id,
        language=pack.language,
        texts=len(intake.taken),
        terms=intake.terms,
        letters=intake.letters,
    )
    return intake


def _propose(session: Session, variant: Variant, staff_id: int, now: datetime) -> None:
    try:
        review.propose(session, variant.id, staff_id, now)
    except ReviewError:
        return  # a spoken variant whose sound has not come yet stays a draft


def _arrival(words: Words, content: Content | None, newest: Mapping[tuple[int, str], Variant], language: str) -> Arrival:
    if content is None or content.kind.value != words.kind:
        return Arrival(words, Fate.UNKNOWN, None, None)
    french, ours = newest.get((content.id, SOURCE)), newest.get((content.id, language))
    if ours is not None:
        same = (ours.text, ours.spoken, tuple(ours.options)) == (words.text, words.spoken, words.options)
        return Arrival(words, Fate.SAME if same else Fate.WRITTEN_HERE, content, french)
    if not _fits(words, content, french, language):
        return Arrival(words, Fate.UNFIT, content, french)
    from_ours = french is not None and words.french == {
        "text": french.text,
        "spoken": french.spoken,
        "options": list(french.options),
    }
    return Arrival(words, Fate.NEW if from_ours else Fate.OTHER_FRENCH, content, french)


def _fits(words: Words, content: Content, french: Variant | None, language: str) -> bool:
    """Whether our program can send these words: the names between braces and the answers are those of our French."""
    if not words.text and not words.spoken and not words.sound:
        return False
    sources = [french] if french is not None else []
    if placeholders.misfit(content.kind, language, words.text or "", sources):
        return False
    return content.kind is not ContentKind.QUESTION or not french or len(words.options) == len(french.options)
