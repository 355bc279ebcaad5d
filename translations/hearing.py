"""What can be heard of many contents at once: their words and sounds in several languages, read in one query.

A caller waits for each question to the database. What was read is kept by this process until anybody changes a word or a sound:
each transaction asks first, so that what was approved or withdrawn a moment ago is heard, or no longer heard, at the next step
of every call.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Executable, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from runtime.installation import words_stamp
from translations.languages import SOURCE
from translations.library import first_of, playable, prompt_key, sendable
from translations.models import Clip, Content, ContentKind, Variant, VariantState, changes_words

Name: TypeAlias = str | int
"""A content's key, or its id."""
MOST_MADE = 2000


@dataclass(frozen=True)
class Sounding:
    """One clip of the newest words: what to fetch, seconds, the second by which the core is said (None: not a message)."""

    sha256: str
    seconds: float
    core_end_s: float | None
    synthetic: bool
    approved_at: datetime | None


@dataclass(frozen=True)
class Heard:
    """The newest words of a content in one language, and their clips from the oldest to the newest."""

    variant_id: int
    kind: ContentKind
    language: str
    state: VariantState
    machine_written: bool
    valid_from: datetime | None
    valid_until: datetime | None
    text: str | None
    spoken: str | None
    clips: tuple[Sounding, ...]

    def clip(self, allow_french_drafts: bool) -> Sounding | None:
        """The sound that may be played, as `library.clip_of` says."""
        return self._drafted if allow_french_drafts else self._approved

    @property
    def dated(self) -> bool:
        """Whether these words begin or end to serve on some day."""
        return self.valid_from is not None or self.valid_until is not None

    @cached_property
    def _approved(self) -> Sounding | None:
        return playable(self.kind, self.language, self.clips, False)

    @cached_property
    def _drafted(self) -> Sounding | None:
        return playable(self.kind, self.language, self.clips, True)


_Newer = aliased(Variant)
_newer = exists().where(
    _Newer.content_id == Variant.content_id, _Newer.language == Variant.language, _Newer.version > Variant.version
)
_ROWS = (
    select(
        *(Content.id, Content.key, Variant.id, Content.kind, Variant.language, Variant.state, Variant.machine_written),
        *(Variant.valid_from, Variant.valid_until, Variant.text, Variant.spoken),
        *(Clip.sha256, Clip.seconds, Clip.core_end_s, Clip.synthetic, Clip.approved_at),
    )
    .join(Variant, Variant.content_id == Content.id)
    .outerjoin(Clip, Clip.variant_id == Variant.id)
    .where(~_newer)
    .order_by(Content.id, Clip.version)
)
_PROMPTS = _ROWS.where(Content.kind == ContentKind.PROMPT, Variant.language.in_(bindparam("codes", expanding=True)))


@lru_cache(maxsize=200)
def _named(keys: int, ids: int, codes: int) -> Executable:
    """Asks for so many contents by `key0`…, `id0`…, in languages `code0`…; a list of any length is written anew each time."""
    known = {"key": (Content.key, keys), "id": (Content.id, ids), "code": (Variant.language, codes)}
    among = {
        name: column.in_([bindparam(f"{name}{place}") for place in range(many)]) for name, (column, many) in known.items() if many
    }
    return _ROWS.where(among.pop("code"), or_(*among.values()))


def _numbered(name: str, values: Iterable[Name]) -> dict[str, Name]:
    return {f"{name}{place}": value for place, value in enumerate(values)}


@dataclass
class _Memory:
    """Which contents were read in which languages, those that have words, and what was made of them."""

    read: set[tuple[Name, str]] = field(default_factory=set)
    heard: dict[tuple[Name, str], Heard] = field(default_factory=dict)
    made: dict[Hashable, Any] = field(default_factory=dict)


class _Kept:
    """The newest memory of this process: one at a time, since words change seldom and all calls read the same."""

    memory: tuple[int | None, _Memory] = (None, _Memory())


def _memory(session: Session) -> _Memory:
    if changes_words(session):  # what nobody else may hear yet
        return _Memory()
    with session.no_autoflush:
        stamp = words_stamp(session)
    if stamp is None:
        return _Memory()
    known, memory = _Kept.memory
    if known != stamp:
        memory = _Memory()
        _Kept.memory = (stamp, memory)
    return memory


class Ear:
    """Finds in memory what was read; `listen` reads what was not, in one query however much that is."""

    def __init__(self, session: Session, now: datetime, allow_french_drafts: bool) -> None:
        self._session = session
        self._now = now
        self._drafts = allow_french_drafts
        self._memory = _memory(session)
        self._dated = False

    def recall(self, key: Hashable) -> Any:
        """What was made of words since any of them changed."""
        return None if changes_words(self._session) else self._memory.made.get(key)

    def remember(self, key: Hashable, made: Any) -> None:
        """Keep what was made of the words chosen here, unless one of them serves for a time only."""
        if not self._dated and not changes_words(self._session):
            if len(self._memory.made) >= MOST_MADE:
                self._memory.made.clear()
            self._memory.made[key] = made

    def listen(self, names: Iterable[Name], languages: Iterable[str]) -> None:
        """Read these contents in these languages, and in French, whose words may stand in."""
        if changes_words(self._session):
            self._memory = _Memory()
        codes = sorted({SOURCE, *languages})
        wanted = {(name, code) for name in names for code in codes} - self._memory.read
        if not wanted:
            return
        keys = sorted({name for name, _ in wanted if isinstance(name, str)})
        ids = sorted({name for name, _ in wanted if isinstance(name, int)})
        with self._session.no_autoflush:  # a call changes no words
            asked = _named(len(keys), len(ids), len(codes))
            said = {**_numbered("key", keys), **_numbered("id", ids), **_numbered("code", codes)}
            rows = self._session.connection().execute(asked, said).all()
        self._take(rows, wanted)

    def listen_to_prompts(self, labels: Iterable[str], languages: Iterable[str]) -> None:
        """Read every prompt; those of `labels` that are none have no words."""
        codes = sorted({SOURCE, *languages})
        wanted: set[tuple[Name, str]] = {(prompt_key(label), code) for label in labels for code in codes}
        if wanted <= self._memory.read:
            return
        with self._session.no_autoflush:
            rows = self._session.execute(_PROMPTS, {"codes": codes}).all()
        self._take(rows, wanted)

    def choose(self, name: Name, languages: Sequence[str]) -> Heard | None:
        """The first along the chain with something to play, an approved one always before a French draft."""
        if any((name, code) not in self._memory.read for code in languages):
            self.listen((name,), languages)
        found = [self._memory.heard[name, code] for code in languages if (name, code) in self._memory.heard]
        self._dated = self._dated or any(one.dated for one in found)
        return first_of(found, self._now, self._drafts, lambda one: one.clip(self._drafts) is not None)

    def approved(self, name: Name, language: str) -> bool:
        """Whether it has an approved sound on approved words in this very language, drafts apart."""
        one = self._memory.heard.get((name, language))
        self._dated = self._dated or (one is not None and one.dated)
        return one is not None and sendable(one, self._now) and one.clip(False) is not None

    def source(self, name: Name) -> Heard | None:
        """The newest French words, approved or not."""
        self.listen((name,), ())
        return self._memory.heard.get((name, SOURCE))

    def _take(self, rows: Sequence[Any], wanted: set[tuple[Name, str]]) -> None:
        read: dict[tuple[Name, str], Heard] = {}
        for row in rows:
            clip = () if row.sha256 is None else (Sounding(*row[11:]),)
            known = read[row.key, row.language].clips if (row.key, row.language) in read else ()
            words: Sequence[Any] = (*row[2:11], known + clip)
            read[row.key, row.language] = read[row.id, row.language] = Heard(*words)
        self._memory.heard.update(read)
        self._memory.read.update(wanted)  # last: another thread asks this first
