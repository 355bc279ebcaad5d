"""The messages of messy.txt, whose meaning was written down from the field guide before the parser read them.

Asking back is a miss, of which two in a hundred are allowed; a figure that nobody sent is never stored.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from clubs.grammar.context import Asked, Context, OpenAction, Prompt, Sender, State, Version
from clubs.grammar.judge import judge
from clubs.grammar.values import Kind, Values
from clubs.grammar.verdict import Do, Verdict
from tests.clubs.grammar.world import MOUSSA, NOW, STRANGER, SUPERVISOR, WITH_WORDS, play

REPORT = Version(57, Kind.CR, Values(theme=12, women=18, men=7, club="1032", date=NOW.date()), NOW - timedelta(hours=1))
QUIZ = Prompt(Asked.QUIZ, NOW, NOW + timedelta(hours=72), options=("a", "b", "c"))
WHO: dict[str, Context] = {
    "m": MOUSSA,
    "r": replace(MOUSSA, reports=(REPORT,), next_report=58, actions=(OpenAction(3, "1032"),)),
    "d": replace(MOUSSA, clubs=("1032", "2043")),
    "u": STRANGER,
    "p": replace(MOUSSA, sender=Sender.MEMBER, clubs=("1032",), prompts=(QUIZ,)),
    "s": replace(SUPERVISOR, clubs=("1032",), reports=(replace(REPORT, state=State.HELD, own=False),), next_report=58),
    "w": WITH_WORDS,
    "k": replace(MOUSSA, sender=Sender.MACHINE),
}
STORES = {Do.STORE, Do.HOLD, Do.ACTION, Do.DONE, Do.CONFIRM, Do.SPOT_CHECK, Do.PAUSE, Do.UNDO, Do.ACCEPT, Do.CANCEL, Do.ANSWER}
LETTERS = {
    "F": "women",
    "H": "men",
    "J": "youth",
    "M": "mothers",
    "AV": "before",
    "AP": "after",
    "N": "voters",
    "P": "recipe",
    "E": "children",
    "V": "villages",
    "Y": "event_type",
    "A": "action_type",
    "Z": "reason",
    "X": "due_days",
    "Q": "quantity",
    "No": "report_no",
    "days": "days",
    "T": "theme",
    "R": "radio",
    "C": "club",
    "D": "date",
    "L": "language",
}
FREE = {"note", "phone", "digit", "action_no"}
"""Words and numbers that no figure is made of; the number of an action or a report is the effect's."""


@dataclass(frozen=True)
class Line:
    who: str
    outcome: str
    kind: str
    said: tuple[str, ...]
    text: str

    @property
    def values(self) -> dict[str, Any]:
        """What must be stored, by field."""
        found: dict[str, Any] = {}
        for piece in self.said:
            match = re.fullmatch(r"(AV|AP|No|days|[A-Z])(.+)", piece)
            assert match is not None, piece
            found[LETTERS[match[1]]] = value_of(match[1], match[2])
        themes = found.get("theme")
        if isinstance(themes, tuple):
            found |= {"theme": themes[0], "more_themes": themes[1:]}
        if self.kind == "FAIT":
            found.pop("voters", None)  # N is the action's number there
        if self.kind in {"CR", "QZ", "DC", "EV", "RAS", "AC", "FAIT"}:
            found = {"club": "1032", "date": NOW.date()} | found
        if self.kind in {"PAUSE", "REPRISE"}:
            found["club"] = "1032"
        return found


def value_of(letter: str, written: str) -> Any:
    if letter in {"C", "L"}:
        return written
    if letter == "D":
        month, day = written.split("-")
        return date(2026, int(month), int(day))
    if letter == "R":
        return written == "1"
    if letter == "T" and "+" in written:
        return tuple(map(int, written.split("+")))
    return int(written)


def unescaped(text: str) -> str:
    text = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return text.replace(r"\n", "\n").replace(r"\t", "\t").replace(r"\r", "\r")


def lines() -> list[Line]:
    """Every message of the file."""
    rows = Path(__file__).with_name("messy.txt").read_text(encoding="utf-8").split("\n")
    parts = [row.split(" | ", 2) for row in rows if row and not row.startswith("#")]
    found = []
    for who, expected, text in parts:
        outcome, kind, *said = [*expected.split(), "", ""]
        found.append(Line(who, outcome, kind, tuple(piece for piece in said if piece), unescaped(text)))
    return found


def heard(line: Line) -> Verdict:
    *earlier, last = line.text.split(" >> ")
    return judge(last, play(WHO[line.who], earlier))


def stored(verdict: Verdict) -> dict[str, Any] | None:
    """The figures that this verdict stores, None when it stores none."""
    if verdict.effect.do not in STORES:
        return None
    return {name: value for name, value in verdict.values.known().items() if name not in FREE}


def is_wrong(line: Line, verdict: Verdict) -> bool:
    """Whether a figure is stored that the message does not say."""
    figures = stored(verdict)
    if figures is None:
        return False
    return line.outcome not in {"ACK", "FIX", "HOLD"} or line.kind != verdict.kind or figures != line.values


def as_expected(line: Line, verdict: Verdict) -> bool:
    if verdict.outcome != line.outcome or (line.kind and verdict.kind != line.kind):
        return False
    return stored(verdict) in (None, line.values)


LINES = lines()


def test_no_figure_is_ever_stored_that_nobody_sent() -> None:
    wrong = [f"{line.who} {line.text!r}: {verdict}" for line in LINES if is_wrong(line, verdict := heard(line))]
    assert not wrong, "\n".join(wrong)


def test_ninety_eight_in_a_hundred_messy_messages_are_taken_as_the_field_guide_says() -> None:
    missed = [f"{line.who} {line.text!r}: {verdict}" for line in LINES if not as_expected(line, verdict := heard(line))]
    assert len(LINES) >= 300
    assert len(missed) <= len(LINES) * 0.02, "\n".join(missed)


@pytest.mark.parametrize(
    ("text", "values"), [("CR 12 18 8", {"men": 8}), ("CR 12 18 7 9", {"youth": 9}), ("AC 2 jardin", {"action_type": 2})]
)
def test_the_check_itself_sees_a_wrong_figure(text: str, values: dict[str, int]) -> None:
    line = Line("m", "ACK", "CR", ("T12", "F18", "H7"), text)
    verdict = heard(line)
    assert {name: getattr(verdict.values, name) for name in values} == values
    assert is_wrong(line, verdict)
    assert is_wrong(replace(line, outcome="ASK"), verdict)
