"""A translator's sheet that comes back: each line is checked against what stands here now, and the good ones enter as drafts.

Nothing is written before a person has seen the plan. A line is refused where its French or its translation changed since the
export: somebody else's work would be lost, or words approved that translate another text.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from translations import drafts, placeholders, review
from translations.library import slots, sms_of
from translations.models import Content, ContentKind, Variant
from translations.sms import Encoding, measure, prepare
from translations.worksheets import FIELDS, KINDS, OPTIONS, Line, Returned, lines, most_parts


class Refusal(StrEnum):
    """Why a line stays out."""

    UNKNOWN = "unknown"
    TWICE = "twice"
    LANGUAGE = "language"
    SOURCE_CHANGED = "source_changed"
    CHANGED_HERE = "changed_here"
    SLOTS = "slots"
    OPTIONS = "options"
    TOO_LONG = "too_long"
    SAME_AS_FRENCH = "same_as_french"


@dataclass(frozen=True)
class Remark:
    """What is wrong with a line: `column` is at fault, `said` and `most` are figures or words of the refusal."""

    row: int
    key: str
    column: str
    why: Refusal
    said: str = ""
    most: str = ""


@dataclass(frozen=True)
class Change:
    """One line that may enter: new words for a content, as the translator's columns hold them."""

    row: int
    line: Line
    text: str | None
    spoken: str | None
    options: tuple[str, ...]
    dear: bool

    @property
    def content(self) -> Content:
        """What is translated."""
        return self.line.content


@dataclass(frozen=True)
class Plan:
    """What a sheet would do: lines to write, lines refused, and how many are empty or say what stands here already."""

    ready: tuple[Change, ...]
    refused: tuple[Remark, ...]
    empty: int
    unchanged: int

    @property
    def dear(self) -> int:
        """How many new texts hold letters that double the price."""
        return sum(change.dear for change in self.ready)


def check(session: Session, language: str, returned: Iterable[Returned]) -> Plan:
    """Compare every line with what stands here now; nothing is written."""
    known = {line.content.key: line for line in lines(session, language, KINDS)}
    rows = list(returned)
    times = Counter(row.get("clé") for row in rows)
    ready: list[Change] = []
    refused: list[Remark] = []
    empty = unchanged = 0
    for row in rows:
        written = tuple(prepare(row.get(name)).strip() for name in FIELDS)
        line = known.get(row.get("clé"))
        if not any(written):
            empty += 1
        elif line is not None and written == line.written and times[line.content.key] == 1:
            unchanged += 1
        elif found := _fault(row, line, language, written, times):
            refused.append(found)
        else:
            assert line is not None  # _fault named an unknown key
            ready.append(_change(row, line, written))
    return Plan(tuple(ready), tuple(refused), empty, unchanged)


def carry_out(session: Session, plan: Plan, staff_id: int, now: datetime) -> int:
    """Write the good lines as drafts of the person who brought the sheet; how many."""
    for change in plan.ready:
        target = change.line.target
        drafts.write(
            session,
            change.content,
            change.line.language,
            change.text,
            change.spoken,
            list(change.options),
            staff_id,
            now,
            seen=review.fingerprint(target) if target else "",
        )
    return len(plan.ready)


def _fault(row: Returned, line: Line | None, language: str, written: Sequence[str], times: Counter[str]) -> Remark | None:
    key = row.get("clé")
    if line is None:
        return Remark(row.number, key, "clé", Refusal.UNKNOWN)
    if row.get("langue") != language:
        return Remark(row.number, key, "langue", Refusal.LANGUAGE, row.get("langue"), language)
    if times[key] > 1:
        return Remark(row.number, key, "clé", Refusal.TWICE, str(times[key]))
    if row.get("versions") != line.versions:
        french = row.get("versions").split("/")[0] != str(line.french.version)
        return Remark(row.number, key, "versions", Refusal.SOURCE_CHANGED if french else Refusal.CHANGED_HERE)
    return _unfit(row, line, dict(zip(FIELDS, written, strict=True)))


def _unfit(row: Returned, line: Line, said: dict[str, str]) -> Remark | None:
    key, text = line.content.key, placeholders.as_known(line.content, said["texte"])
    options = [said[name] for name in OPTIONS if said[name]]
    if text and slots(text) != slots(line.french.text or ""):
        wanted = " ".join(f"{{{name}}}" for name in sorted(slots(line.french.text or "")))
        return Remark(row.number, key, "texte", Refusal.SLOTS, wanted)
    if line.content.kind is ContentKind.QUESTION and text and len(options) != len(line.french.options):
        return Remark(row.number, key, OPTIONS[0], Refusal.OPTIONS, str(len(options)), str(len(line.french.options)))
    if text and line.french.text and text == line.french.text and len(text) > 20:
        return Remark(row.number, key, "texte", Refusal.SAME_AS_FRENCH)
    parts = measure(placeholders.worst(_sent(text, options), placeholders.longest(line.content))).parts
    if parts > most_parts(line.content.kind):
        return Remark(row.number, key, "texte", Refusal.TOO_LONG, str(parts), str(most_parts(line.content.kind)))
    return None


def _sent(text: str, options: Sequence[str]) -> str:
    return sms_of(Variant(text=text, options=list(options))) if text else ""


def _change(row: Returned, line: Line, written: Sequence[str]) -> Change:
    text, spoken, *options = written
    kept = tuple(option for option in options if option)
    dear = measure(_sent(text, kept)).encoding is Encoding.UCS2
    return Change(row.number, line, text or None, spoken or None, kept, dear)
