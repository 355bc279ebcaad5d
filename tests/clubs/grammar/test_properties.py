"""What holds for any text at all."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from clubs.grammar.aftermath import after
from clubs.grammar.context import Context, Sender
from clubs.grammar.damm import check_digit, is_club_code
from clubs.grammar.judge import judge
from clubs.grammar.parse import parse
from clubs.grammar.values import Kind, Outcome, Values
from clubs.grammar.verdict import Verdict
from clubs.grammar.words import ALIASES, SHAPES, SPELLINGS, THEMES
from messaging.keywords import is_stop
from tests.clubs.grammar.world import MOUSSA, STRANGER, SUPERVISOR, WITH_WORDS, later

DAY = date(2026, 3, 18)
MARKS = [
    *("12", "18", "7", "9", "1", "13", "21", "2043", "1023", "D15", "D15/3", "C2043", "57", "STOP", "ARRET", "O", "L", "I"),
    *("X", "OUI", "NON", "15h30", "½", "18²", "douze", "sein", "lait"),
]
PIECES = st.one_of(
    st.sampled_from(sorted(ALIASES)),
    st.sampled_from(sorted({spelling for row in SPELLINGS.values() for spelling in row})),
    st.integers(0, 130).map(str),
    st.sampled_from(MARKS),
    st.sampled_from(["", *".,;:/-_*#+?'\n"]),
    st.text(max_size=3),
)
GRAMMATICAL = st.lists(PIECES, max_size=9).map(" ".join) | st.lists(PIECES, max_size=9).map("".join)
TEXTS = st.text(max_size=200) | GRAMMATICAL
SEVERAL = replace(MOUSSA, clubs=("1032", "2043", "2455"))
CONTEXTS = st.sampled_from([MOUSSA, STRANGER, SUPERVISOR, WITH_WORDS, SEVERAL, replace(MOUSSA, sender=Sender.MEMBER, clubs=())])


def fits(verdict: Verdict) -> bool:
    split = smsutil.split(verdict.reply)
    return len(split.parts) <= 1 and (not verdict.reply or smsutil.is_valid_gsm(verdict.reply))


@settings(max_examples=400, deadline=None)
@given(TEXTS, CONTEXTS)
def test_any_text_gets_one_outcome_and_a_reply_of_one_gsm_part(text: str, context: Context) -> None:
    verdict = judge(text, context)
    assert verdict.outcome in set(Outcome)
    assert (verdict.reply == "") == (verdict.outcome is Outcome.NONE)
    assert fits(verdict), verdict.reply
    assert "{" not in verdict.reply


@settings(max_examples=200, deadline=None)
@given(st.lists(GRAMMATICAL, min_size=2, max_size=6), CONTEXTS)
def test_any_conversation_goes_on(texts: list[str], context: Context) -> None:
    for text in texts:
        verdict = judge(text, context)
        assert fits(verdict), verdict.reply
        context = later(after(context, verdict), minutes=3)
        for number in {row.number for row in context.reports}:
            standing = [row for row in context.reports if row.number == number and row.state in {"valid", "unverified"}]
            assert len(standing) <= 1, "two versions of one report count"


@settings(max_examples=300, deadline=None)
@given(TEXTS | st.lists(PIECES, max_size=3).map(" ".join).map(lambda text: f"{text} stop"))
def test_the_grammar_and_the_inbox_agree_on_what_stops(text: str) -> None:
    assert (judge(text, MOUSSA).kind is Kind.STOP) == is_stop(text)


NUMBERS = st.integers(0, 80)
REPORTS = st.tuples(
    st.sampled_from(sorted(THEMES)), NUMBERS, NUMBERS, st.none() | NUMBERS, st.sampled_from([None, True, False])
).map(lambda five: Values(theme=five[0], women=five[1], men=five[2], youth=five[3], radio=five[4]))


def by_position(values: Values, names: tuple[str, ...]) -> list[str]:
    return ["X" if getattr(values, name) is None else str(int(getattr(values, name))) for name in names]


SPACES = st.sampled_from([" ", ".", ",", ";", ":", "-", "_", "*", "#", "  ", " , ", "\n", "...", "\u00a0"])


@settings(max_examples=150, deadline=None)
@given(REPORTS, st.lists(SPACES, min_size=6, max_size=6), st.sampled_from(["CR", "cr", "Kr", "séance", "SEANCE", "rapport"]))
def test_spacing_case_accents_and_separators_never_change_a_report(values: Values, gaps: list[str], keyword: str) -> None:
    pieces = [keyword, *by_position(values, SHAPES[Kind.CR].positions)]
    text = "".join(piece + gap for piece, gap in zip(pieces, gaps, strict=True))
    parsed = parse(text, DAY)
    assert (parsed.kind, parsed.values, parsed.problem) == (Kind.CR, values, None)


LETTERS = {Kind.CR: "TFHJR", Kind.QZ: ("T", "AV", "AP", "N"), Kind.DC: "PFHE"}


def printed(kind: Kind, values: Values) -> str:
    letters = zip(LETTERS[kind], SHAPES[kind].positions, strict=True)
    known = [f"{letter}{int(getattr(values, name))}" for letter, name in letters if getattr(values, name) is not None]
    setting = [f"C{values.club}"] if values.club else []
    setting += [values.date.strftime("D%d/%m/%Y")] if values.date else []
    return " ".join([kind.value, *known, *setting])


CLUBS = st.integers(101, 999).map(lambda serial: f"{serial}{check_digit(str(serial))}")
DAYS = st.integers(0, 45).map(lambda days: DAY - timedelta(days=days))


@st.composite
def whole_reports(draw: st.DrawFn) -> tuple[Kind, Values]:
    kind = draw(st.sampled_from([Kind.CR, Kind.QZ, Kind.DC]))
    fields: dict[str, Any] = {name: draw(st.none() | st.integers(0, 999)) for name in SHAPES[kind].positions}
    if "radio" in fields:
        fields["radio"] = draw(st.none() | st.booleans())
    return kind, Values(**fields, club=draw(st.none() | CLUBS), date=draw(st.none() | DAYS))


@settings(max_examples=200, deadline=None)
@given(whole_reports())
def test_printing_a_report_and_reading_it_back_is_the_identity(report: tuple[Kind, Values]) -> None:
    kind, values = report
    text = printed(kind, values)
    for written in (text, text.lower(), text.replace(" ", "\n")):
        parsed = parse(written, DAY)
        assert (parsed.kind, parsed.values, parsed.problem) == (kind, values, None)


@given(st.integers(101, 999), st.integers(0, 3), st.integers(1, 9))
def test_a_club_code_with_one_wrong_digit_is_never_a_club_code(serial: int, place: int, shift: int) -> None:
    code = f"{serial}{check_digit(str(serial))}"
    wrong = f"{code[:place]}{(int(code[place]) + shift) % 10}{code[place + 1 :]}"
    assert is_club_code(code)
    assert not is_club_code(wrong)


@given(st.integers(101, 999), st.integers(0, 2))
def test_a_club_code_with_two_neighbours_swapped_is_never_a_club_code(serial: int, place: int) -> None:
    code = f"{serial}{check_digit(str(serial))}"
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not is_club_code(swapped)
