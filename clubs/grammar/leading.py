"""Read the keywords whose leading figures count and whose rest is a note: FAIT, RAS, AN, the supervisors', AC, INS, NF."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

from clubs.grammar.binding import Setting, take_bare_club, take_one, take_setting
from clubs.grammar.damm import is_club_code
from clubs.grammar.tokens import NUMBER, ItemType, lex, repaired, spaced
from clubs.grammar.values import Kind, Parsed, Problem, ProblemId, Values
from clubs.grammar.words import OTHER_ACTION, POLITE, SKIPPED_BEFORE_NUMBER, Vocabulary
from messaging.cleaning import Cleaned

DUE_DAYS = 30
LONGEST_DUE = 365
LONGEST_NUMBER = 6
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.FAIT: ("action_no", "quantity"),
    Kind.RAS: ("reason",),
    Kind.AN: ("report_no",),
    Kind.VAL: ("report_no",),
    Kind.REF: ("report_no",),
    Kind.VU: ("report_no", "women", "men"),
    Kind.PAUSE: ("club", "days"),
    Kind.REPRISE: ("club",),
}
NUMBER_WANTED = frozenset({Kind.VAL, Kind.REF, Kind.VU, Kind.PAUSE, Kind.REPRISE})
NO_STRAY_FIGURE = frozenset({Kind.FAIT, Kind.AN}) | NUMBER_WANTED
"""A figure further on in these could be the number meant, so it is asked back rather than taken for a note."""


def read_leading(cleaned: Cleaned, kind: Kind, start: int, today: date, vocabulary: Vocabulary) -> Parsed:
    """`FAIT 3 40 arbres`, `RAS 3 C1032 D15`, `AN 57`, `PAUSE 1032 14`."""
    items, _ = lex(cleaned, start, vocabulary.labels_of.get(kind, {}), vocabulary.skipped | SKIPPED_BEFORE_NUMBER)
    setting = take_setting(items, today)
    if kind is Kind.RAS:
        take_bare_club(setting, len(FIELDS[kind]))
    rest = setting.items
    figures: list[str] = []
    while rest and rest[0].type is ItemType.VALUE and not rest[0].plus and (rest[0].text.isdigit() or rest[0].text == "X"):
        figures.append(rest.pop(0).text)
    note = cleaned.original(rest[0].start, len(cleaned.text)) if rest else ""
    base = Values(club=setting.club, date=setting.day, note=note or None)
    problem = setting.problem
    if rest and rest[0].type is not ItemType.WORD:
        problem = problem or Problem(ProblemId.NUMBER, rest[0].text)
    elif kind in NO_STRAY_FIGURE and any(item.solid for item in rest):
        problem = problem or Problem(ProblemId.NUMBER, "")
    elif kind is Kind.AN and not figures and any(item.text not in POLITE for item in rest):
        problem = problem or Problem(ProblemId.UNDO_WHICH)
    if problem is not None:
        return Parsed(kind, base, problem)
    return _fill(kind, figures, base, setting)


def _fill(kind: Kind, figures: list[str], base: Values, setting: Setting) -> Parsed:
    names = [name for name in FIELDS[kind] if name not in setting.seen]
    if len(figures) > len(names):
        return Parsed(kind, base, Problem(ProblemId.SURPLUS, figures[len(names)]))
    if any(len(digits) > LONGEST_NUMBER for digits in figures):
        return Parsed(kind, base, Problem(ProblemId.GLUED, max(figures, key=len)))
    values = base
    for name, digits in zip(names, figures, strict=False):
        figure: Any = digits if name == "club" else None if digits == "X" else int(digits)
        values = replace(values, **{name: figure})
    wanted = [name for name in FIELDS[kind] if getattr(values, name) is None]
    if kind in NUMBER_WANTED and wanted:
        return Parsed(kind, values, Problem(ProblemId.NUMBER, wanted[0]))
    return Parsed(kind, values)


def read_action(cleaned: Cleaned, start: int, today: date, vocabulary: Vocabulary) -> Parsed:
    """`AC 2 E15 40 pieds`: a one-digit type, E days, C and D at the head in any order; all the rest is the action."""
    items, _ = lex(cleaned, start, vocabulary.labels_of[Kind.AC], frozenset())
    setting = Setting([])
    head = 0
    type_digit: str | None = None
    due: str | None = None
    while head < len(items):
        item = items[head]
        figure = items[head + 1] if item.type is ItemType.LABEL and head + 1 < len(items) else item
        if used := take_one(setting, items, head, today):
            head += used
        elif item.field == "due_days" and due is None and figure.text.isdigit():
            due = figure.text
            head += 1 if figure is item else 2
        elif type_digit is None and item.type is ItemType.VALUE and re.fullmatch("[0-9]", item.text) and item.solid:
            type_digit = item.text
            head += 1
        else:
            break
    note = cleaned.original(items[head].start, len(cleaned.text)) if head < len(items) else ""
    values = Values(
        action_type=OTHER_ACTION if type_digit is None else int(type_digit),
        due_days=DUE_DAYS if due is None else int(due[:LONGEST_NUMBER]),
        note=note or None,
        club=setting.club,
        date=setting.day,
    )
    problem = setting.problem
    if problem is None and not 1 <= (values.due_days or 0) <= LONGEST_DUE:
        problem = Problem(ProblemId.DUE, due or "")
    if problem is None and not re.search(r"[^\W\d_]", note) and values.action_type == OTHER_ACTION:
        problem = Problem(ProblemId.NO_TEXT)
    return Parsed(Kind.AC, values, problem)


def read_phone(cleaned: Cleaned, kind: Kind, start: int, vocabulary: Vocabulary) -> Parsed:
    """`INS 70 12 34 56`, `NF C1032 70123456`: digits joined, the country code dropped; validity is judged where the channel is
    known."""
    text = spaced(cleaned)[start:]
    labels = "|".join(sorted(vocabulary.labels(("club",)), key=len, reverse=True))
    named = re.search(rf"(?<![A-Z])(?:{labels}) *({NUMBER})(?![0-9OIL])", text)
    club = repaired(named[1]) if named else None
    digits = re.sub(r"[ /+]", "", text.replace(named[0], " ", 1) if named else text)
    digits = repaired(digits) if re.fullmatch(r"[0-9OIL]*[0-9][0-9OIL]*", digits) else digits
    local = re.fullmatch(r"(?:(?:00)?223)?([0-9]{8})", digits)
    if club is not None and not is_club_code(club):
        return Parsed(kind, problem=Problem(ProblemId.CLUB_BAD, club))
    if local is None:
        return Parsed(kind, problem=Problem(ProblemId.PHONE, digits[:16]))
    return Parsed(kind, Values(phone=f"+223{local[1]}", club=club))
