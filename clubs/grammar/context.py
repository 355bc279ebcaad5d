"""All that judging a text may depend on, loaded by the caller: who sent it, what stands, what is waiting for an answer.

Everything is a value, so that a conversation can be played on without a database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from clubs.grammar.replies import FRENCH_REPLIES
from clubs.grammar.values import NOTHING, Flag, Kind, Problem, Values
from clubs.grammar.words import FRENCH, LANGUAGES, RECIPES, THEMES, Language, Vocabulary

DRAFT_HOURS = 24
UNDO_HOURS = 48
PLAUSIBLE_DELAY = timedelta(days=7)
"""A gateway's send time further back is not believed."""
CLOCK_SKEW = timedelta(minutes=10)


@cache
def valid_number(number: str) -> bool:
    """Whether an E.164 number is a real one; sample numbers (+22300...) and simulator numbers (+2230...) are not."""
    import phonenumbers  # 15 MB of metadata, wanted by INS and NF only

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


class Sender(StrEnum):
    """Who a number belongs to; MACHINE is a name, a short code or one of our own numbers."""

    FACILITATOR = "facilitator"
    SUPERVISOR = "supervisor"
    MEMBER = "member"
    UNKNOWN = "unknown"
    MACHINE = "machine"


class State(StrEnum):
    """Where a version of a report stands; the words are those of the stored rows."""

    VALID = "valid"
    HELD = "held"
    UNVERIFIED = "unverified"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


STANDING = frozenset({State.VALID, State.HELD, State.UNVERIFIED})


@dataclass(frozen=True)
class Version:
    """One version of a numbered report; `own` when this phone sent it."""

    number: int
    kind: Kind
    values: Values
    at: datetime
    version: int = 1
    order: int = 1
    state: State = State.VALID
    own: bool = True

    @property
    def session(self) -> tuple[str | None, date | None]:
        """Club and day."""
        return self.values.club, self.values.date


@dataclass(frozen=True)
class Draft:
    """A report we asked back about; `problem` is what was asked."""

    kind: Kind
    values: Values
    at: datetime
    problem: Problem
    flags: frozenset[Flag] = frozenset()


class Asked(StrEnum):
    """What a prompt asks; the first four take a digit, the others OUI or NON."""

    SESSION = "session"
    CLUB = "club"
    REASON = "reason"
    QUIZ = "quiz"
    LANGUAGE = "language"
    HOLD = "hold"
    CONSENT = "consent"
    JOIN = "join"


BY_DIGIT = frozenset({Asked.SESSION, Asked.CLUB, Asked.REASON, Asked.QUIZ, Asked.LANGUAGE})
BY_YES = frozenset({Asked.HOLD, Asked.CONSENT, Asked.JOIN})


@dataclass(frozen=True)
class Prompt:
    """An open question to this phone. `number`: the report concerned; `ref`: the caller's own id; `options`: what the
    digits 1, 2... stand for; `kind`, `values`, `flags`: the report that waits for the answer."""

    asked: Asked
    at: datetime
    until: datetime
    number: int | None = None
    ref: str = ""
    options: tuple[str, ...] = ()
    kind: Kind = Kind.NONE
    values: Values = NOTHING
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True)
class OpenAction:
    """An action decided and not yet done; numbers count within a club."""

    number: int
    club: str
    type: int = 9


@dataclass(frozen=True)
class Recent:
    """An action or question of the last day, by its cleaned words."""

    kind: Kind
    words: str


@dataclass(frozen=True)
class Context:
    """`clubs` are the facilitator's or, for a supervisor, those of her villages. `reports` hold every version this phone
    may touch: its own of 48 h, those of its clubs' recent days, those awaiting the supervisor. `records` is False where
    nothing is stored (command line): a number then counts as existing. Actions count within a club: `next_action_of` a code."""

    now: datetime
    sender: Sender = Sender.FACILITATOR
    clubs: tuple[str, ...] = ()
    sent_at: datetime | None = None
    zone: str = "Africa/Bamako"
    known_club: Callable[[str], bool] = lambda code: True
    valid_number: Callable[[str], bool] = valid_number
    reports: tuple[Version, ...] = ()
    draft: Draft | None = None
    prompts: tuple[Prompt, ...] = ()
    actions: tuple[OpenAction, ...] = ()
    recent: frozenset[Recent] = frozenset()
    undone_at: datetime | None = None
    handovers: frozenset[int] = frozenset()
    next_report: int = 1
    next_action: int = 1
    next_action_of: Callable[[str], int | None] = lambda code: None
    next_inquiry: int = 1
    periods: tuple[tuple[str, date, date], ...] = ()
    opted_out: bool = False
    helps: int = 0
    records: bool = True
    themes: Mapping[int, tuple[str, str]] = field(default_factory=lambda: THEMES)
    recipes: frozenset[int] = RECIPES
    languages: tuple[Language, ...] = LANGUAGES
    vocabulary: Vocabulary = FRENCH
    replies: Mapping[str, str] = field(default_factory=lambda: FRENCH_REPLIES)

    @property
    def today(self) -> date:
        """The local day of sending if plausible, else of arrival."""
        moment = self.now
        if self.sent_at is not None and self.now - PLAUSIBLE_DELAY <= self.sent_at <= self.now + CLOCK_SKEW:
            moment = self.sent_at
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def current(self, number: int) -> Version | None:
        """The latest standing version of a report."""
        versions = [row for row in self.reports if row.number == number and row.state in STANDING]
        return max(versions, key=lambda row: row.version, default=None)

    def standing(self) -> list[Version]:
        """The current version of each report, oldest number first."""
        found = (self.current(number) for number in sorted({row.number for row in self.reports}))
        return [row for row in found if row is not None]

    def period_of(self, club: str | None, day: date) -> tuple[date, date]:
        """The club's own expected-report period around `day`, by default that day alone: a phone may report for several."""
        return next(((first, last) for code, first, last in self.periods if code == club and first <= day <= last), (day, day))

    def prompt_for(self, answers: frozenset[Asked]) -> Prompt | None:
        """The newest open prompt that such an answer fits."""
        fitting = [prompt for prompt in self.prompts if prompt.asked in answers and self.now <= prompt.until]
        return max(fitting, key=lambda prompt: prompt.at, default=None)

    def open_draft(self) -> Draft | None:
        """The draft of the last 24 h."""
        if self.draft is None or self.now - self.draft.at > timedelta(hours=DRAFT_HOURS):
            return None
        return self.draft
