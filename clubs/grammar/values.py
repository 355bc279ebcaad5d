"""What a text can mean: kinds, outcomes and the figures read.

A figure that was not said is None, never 0: a zero counts in averages, an unknown does not.
"""

from dataclasses import dataclass, fields, replace
from datetime import date as day
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of a text: stored, stored as a new version, waiting for OUI, asked back, explained, silence."""

    ACK = "ACK"
    FIX = "FIX"
    HOLD = "HOLD"
    ASK = "ASK"
    INFO = "INFO"
    NONE = "NONE"


class Kind(StrEnum):
    """The keyword meant; DIGIT is a bare answer, NONE a text without a keyword."""

    CR = "CR"
    QZ = "QZ"
    DC = "DC"
    EV = "EV"
    RAS = "RAS"
    AC = "AC"
    FAIT = "FAIT"
    AN = "AN"
    Q = "Q"
    OUI = "OUI"
    NON = "NON"
    STOP = "STOP"
    AIDE = "AIDE"
    LANGUE = "LANGUE"
    FIN = "FIN"
    INS = "INS"
    NF = "NF"
    VAL = "VAL"
    REF = "REF"
    VU = "VU"
    PAUSE = "PAUSE"
    REPRISE = "REPRISE"
    DIGIT = "DIGIT"
    NONE = "NONE"


COUNTED = frozenset({Kind.CR, Kind.QZ, Kind.DC, Kind.EV})
"""Reports made of figures, which positions and labels fill."""
VERSIONED = COUNTED | {Kind.RAS}
"""Reports with a number and versions, which AN undoes."""
OF_A_CLUB = VERSIONED | {Kind.AC, Kind.FAIT}
"""What needs a club code and a day."""


@dataclass(frozen=True)
class Values:
    """Everything read; whole numbers, `radio` yes/no, `club` four digits, `date` the session day, `phone` E.164."""

    theme: int | None = None
    more_themes: tuple[int, ...] = ()
    recipe: int | None = None
    reason: int | None = None
    action_type: int | None = None
    event_type: int | None = None
    women: int | None = None
    men: int | None = None
    youth: int | None = None
    mothers: int | None = None
    children: int | None = None
    villages: int | None = None
    before: int | None = None
    after: int | None = None
    voters: int | None = None
    radio: bool | None = None
    due_days: int | None = None
    quantity: int | None = None
    report_no: int | None = None
    action_no: int | None = None
    days: int | None = None
    digit: int | None = None
    club: str | None = None
    date: day | None = None
    note: str | None = None
    phone: str | None = None
    language: str | None = None

    @property
    def themes(self) -> tuple[int, ...]:
        """All themes of the session, the first one first; empty when unknown."""
        return () if self.theme is None else (self.theme, *self.more_themes)

    def known(self) -> dict[str, object]:
        """The fields that carry something."""
        pairs = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: value for name, value in pairs if value is not None and value != ()}

    def over(self, older: "Values") -> "Values":
        """`older` completed and overridden by what is known here."""
        return replace(older, **self.known())  # type: ignore[arg-type]  # names come from fields() above

    def figures(self) -> dict[str, object]:
        """What decides whether two reports say the same: all but the words around the figures."""
        return {name: value for name, value in self.known().items() if name != "note"}


NOTHING = Values()


class ProblemId(StrEnum):
    """Why we ask back. One problem a reply."""

    UNKNOWN_WORD = "unknown_word"
    LONE_LETTER = "lone_letter"
    GLUED = "glued"
    SURPLUS = "surplus"
    REPEATED = "repeated"
    UNPAIRED = "unpaired"
    PLUS = "plus"
    RADIO = "radio"
    DATE_FUTURE = "date_future"
    DATE_BAD = "date_bad"
    DATE_OLD = "date_old"
    DATE_UNCLEAR = "date_unclear"
    CLUB_BAD = "club_bad"
    CLUB_BARE = "club_bare"
    CLUB_MISSING = "club_missing"
    CLUB_CHOICE = "club_choice"
    MISSING = "missing"
    THEME = "theme"
    RECIPE = "recipe"
    REASON = "reason"
    ACTION_TYPE = "action_type"
    EVENT_TYPE = "event_type"
    NOBODY = "nobody"
    YOUTH = "youth"
    MOTHERS = "mothers"
    QUIZ = "quiz"
    DUE = "due"
    NO_TEXT = "no_text"
    ACTION_CHOICE = "action_choice"
    ACTION_UNKNOWN = "action_unknown"
    RAS_AFTER_CR = "ras_after_cr"
    OTHER_THEME = "other_theme"
    PHONE = "phone"
    NUMBER = "number"
    UNDO_WHICH = "undo_which"
    LANGUAGE = "language"
    PROPOSAL = "proposal"
    UNCLEAR = "unclear"
    NOT_OFFERED = "not_offered"
    YES_ALONE = "yes_alone"


@dataclass(frozen=True)
class Problem:
    """`word` names the culprit: a word as cleaned, the name of a missing field, a keyword to propose."""

    id: ProblemId
    word: str = ""


class Flag(StrEnum):
    """Circumstances worth storing beside a report."""

    INFERRED = "inferred"
    UNVERIFIED = "unverified"
    OTHER_CLUB = "other_club"
    LATE = "late"
    NO_SESSION = "no_session"
    NUMBER_WORDS = "number_words"
    WEAK_YES = "weak_yes"
    TELL_SUPERVISOR = "tell_supervisor"
    STOP_STEM = "stop_stem"
    AS_WRITTEN = "as_written"
    """It says itself what is unknown (X, a form, the keypad): nothing of an earlier version fills it."""


@dataclass(frozen=True)
class Parsed:
    """A text read without knowing who sent it. `labelled`: nothing but labels with figures, so it may complete a draft."""

    kind: Kind
    values: Values = NOTHING
    problem: Problem | None = None
    flags: frozenset[Flag] = frozenset()
    labelled: bool = False
