"""Read a text: which keyword, which figures, which single problem. Nothing here knows who sent it.

A text is never half read: when one item has no place, the figures of the whole report are left out, not only that one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from clubs.grammar.binding import LONGEST_COUNT, Unreadable, bind, split_note, take_bare_club, take_setting
from clubs.grammar.keyword import Head, find_head, find_near
from clubs.grammar.leading import read_action, read_leading, read_phone
from clubs.grammar.tokens import Item, ItemType, lex, spaced
from clubs.grammar.values import COUNTED, Flag, Kind, Parsed, Problem, ProblemId, Values
from clubs.grammar.words import FRENCH, POLITE, WEAK_YES, Vocabulary
from messaging.cleaning import Cleaned, clean
from messaging.keywords import is_stop, is_stop_question

_DIGIT_ANSWER = re.compile(r" *(?:R|REP|REPONSE)? *([0-9]) *")
_UNCLEAR = re.compile(r"[ 0-9OIL/+]*")
FEWEST_FOR_A_REPORT = 3
"""Figures without a keyword make a report from so many on (rule 13)."""
MOST_WORDS_OF_A_YES = 3
LONGEST_TEXT = 1600
"""Ten parts. A longer text is nobody's report: it goes to staff unread, so that no text costs a second to read."""
_RADIO = {"1": True, "01": True, "OUI": True, "0": False, "00": False, "NON": False, "X": None}


def parse(text: str, today: date, vocabulary: Vocabulary = FRENCH) -> Parsed:
    """What `text` says, were it sent on `today`; exactly one reading, never an exception."""
    if is_stop(text):
        return Parsed(Kind.STOP)
    if len(text) > LONGEST_TEXT:
        return Parsed(Kind.NONE, Values(note=text.strip() or None))
    cleaned = clean(text)
    plain = spaced(cleaned)
    head = find_head(plain, vocabulary)
    if head is not None:
        return _read_keyword(cleaned, head, today, vocabulary)
    if is_stop_question(text):
        return Parsed(Kind.Q, Values(note=text.strip()))
    digit = _DIGIT_ANSWER.fullmatch(plain)
    if digit is not None:
        return Parsed(Kind.DIGIT, Values(digit=int(digit[1])))
    return _read_without_keyword(cleaned, plain, today, vocabulary)


def parse_as(kind: Kind, text: str, today: date, vocabulary: Vocabulary = FRENCH) -> Parsed:
    """The figures of `text`, a report of this kind without its keyword: how a label completes a draft."""
    return _read_counted(clean(text), kind, 0, today, vocabulary)


def _read_keyword(cleaned: Cleaned, head: Head, today: date, vocabulary: Vocabulary) -> Parsed:
    kind, end = head.kind, head.end
    rest = cleaned.original(end, len(cleaned.text))
    if kind in COUNTED:
        return _read_counted(cleaned, kind, end, today, vocabulary)
    readers: Mapping[Kind, Callable[[], Parsed]] = {
        Kind.AC: lambda: read_action(cleaned, end, today, vocabulary),
        Kind.Q: lambda: _read_question(cleaned, end),
        Kind.AIDE: lambda: Parsed(kind, Values(note=rest if re.search(r"\w", rest) else None)),
        Kind.LANGUE: lambda: Parsed(kind, Values(note=rest if re.search(r"\w", rest) else None)),
        Kind.FIN: lambda: _alone(cleaned, end),
        Kind.OUI: lambda: _yes_or_no(cleaned, head),
        Kind.NON: lambda: _yes_or_no(cleaned, head),
        Kind.INS: lambda: read_phone(cleaned, kind, end, vocabulary),
        Kind.NF: lambda: read_phone(cleaned, kind, end, vocabulary),
    }
    if kind in readers:
        return readers[kind]()
    return read_leading(cleaned, kind, end, today, vocabulary)


def _read_question(cleaned: Cleaned, end: int) -> Parsed:
    text = re.sub(r"^[\s.,;:/\-_*#]+", "", cleaned.original(end, len(cleaned.text)))
    if not re.search(r"[^\W\d_]", clean(text).text):
        return Parsed(Kind.Q, problem=Problem(ProblemId.NO_TEXT))
    return Parsed(Kind.Q, Values(note=text))


def _alone(cleaned: Cleaned, end: int) -> Parsed:
    """FIN says a series is over only when nothing else is said: `FIN 3` is far more likely FINI 3."""
    rest = spaced(cleaned)[end:].strip()
    if not rest:
        return Parsed(Kind.FIN)
    return Parsed(Kind.NONE, problem=Problem(ProblemId.PROPOSAL, f"FINI {rest[:8]}" if rest[0].isdigit() else "FINI"))


def _yes_or_no(cleaned: Cleaned, head: Head) -> Parsed:
    flags = frozenset({Flag.WEAK_YES}) if head.alias in WEAK_YES else frozenset()
    others = [word for word in spaced(cleaned)[head.end :].split() if word not in POLITE | {head.alias}]
    plain = not others or (len(others) < MOST_WORDS_OF_A_YES and not any(char.isdigit() for word in others for char in word))
    if not plain or {"OUI", "NON", "PAS", "MAIS"} & set(others):
        return Parsed(head.kind, problem=Problem(ProblemId.YES_ALONE), flags=flags)
    of_radio = head.kind is Kind.NON and "RADIO" in others
    return Parsed(head.kind, Values(note="RADIO" if of_radio else None), flags=flags)


def _read_without_keyword(cleaned: Cleaned, plain: str, today: date, vocabulary: Vocabulary) -> Parsed:
    near = find_near(plain, vocabulary)
    if near is not None:
        return Parsed(Kind.NONE, problem=Problem(ProblemId.PROPOSAL, near))
    items, _ = lex(cleaned, 0, vocabulary.labels_of[Kind.CR], vocabulary.skipped)
    core, _ = split_note(items)
    figures = sum(item.solid for item in core)
    paired = any(item.type is ItemType.PAIR for item in core) or (
        figures > 0 and any(item.type is ItemType.LABEL for item in core)
    )
    wordless = all(item.type is not ItemType.WORD for item in core)
    if figures >= FEWEST_FOR_A_REPORT or (paired and wordless):
        report = _read_counted(cleaned, Kind.CR, 0, today, vocabulary)
        return replace(report, flags=report.flags | {Flag.INFERRED})
    if plain.strip() and (_UNCLEAR.fullmatch(plain) or (figures and wordless)):
        return Parsed(Kind.NONE, problem=Problem(ProblemId.UNCLEAR))
    return Parsed(Kind.NONE, Values(note=cleaned.raw.strip() or None))


def _read_counted(cleaned: Cleaned, kind: Kind, start: int, today: date, vocabulary: Vocabulary) -> Parsed:
    items, worded = lex(cleaned, start, vocabulary.labels_of[kind], vocabulary.skipped, vocabulary.number_words)
    shape = vocabulary.shapes[kind]
    setting = take_setting(items, today)
    take_bare_club(setting, len(shape.positions))
    core, after = split_note(setting.items)
    note = cleaned.original(after[0].start, len(cleaned.text)) if after else ""
    values = Values(club=setting.club, date=setting.day, note=note or None)
    flags = frozenset({Flag.NUMBER_WORDS}) if worded else frozenset()
    if any(item.text == "X" and item.type is not ItemType.WORD for item in core):
        flags |= {Flag.AS_WRITTEN}
    named = after[0].text if core and after and core[-1].type is ItemType.VALUE and core[-1].solid else ""
    try:
        bound = bind(core, after, shape)
        if vocabulary.counts_something_else(named, kind):
            raise Unreadable(ProblemId.UNKNOWN_WORD, named)
        read = _to_values(bound)
    except Unreadable as error:
        return Parsed(kind, _certain(error).over(values), error.problem, flags)
    labelled = sum(bool(item.field) for item in core) == len(bound) and bool(bound or setting.seen)
    return Parsed(kind, read.over(values), setting.problem, flags, labelled)


def _certain(error: Unreadable) -> Values:
    """The figures before the one that stopped the reading, unless they are unreadable too (`CR OUI l`)."""
    try:
        return _to_values(error.certain)
    except Unreadable:
        return Values()


def _to_values(bound: Mapping[str, Item]) -> Values:
    read: dict[str, object] = {}
    for name, item in bound.items():
        if item.plus and (name != "theme" or len(item.plus) > 1 or item.plus[0] == item.text or not item.plus[0].isdigit()):
            raise Unreadable(ProblemId.PLUS, item.text)
        if name == "radio" and item.text not in _RADIO:
            others = {other: found for other, found in bound.items() if other != "radio"}
            raise Unreadable(ProblemId.RADIO, item.text, others)
        read[name] = _RADIO[item.text] if name == "radio" else _count(item.text)
        if item.plus:
            read["more_themes"] = (_count(item.plus[0]),)
    return Values(**read)  # type: ignore[arg-type]  # field names come from the shapes, whose test checks them


def _count(text: str) -> int | None:
    if text == "X":
        return None
    if not text.isdigit():
        raise Unreadable(ProblemId.UNKNOWN_WORD, text)
    if len(text) > LONGEST_COUNT:
        raise Unreadable(ProblemId.GLUED, text)
    return int(text)
