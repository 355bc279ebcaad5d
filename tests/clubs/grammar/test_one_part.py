"""The reply to a report fits one GSM-7 part whatever its figures, and loses none of them."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from clubs.grammar.context import Asked, Context, OpenAction, Prompt
from clubs.grammar.judge import judge
from clubs.grammar.local import LocalWord, vocabulary
from clubs.grammar.replies import FRENCH_REPLIES
from clubs.grammar.values import COUNTED, Kind
from clubs.grammar.words import SHAPES
from tests.clubs.grammar.world import MOUSSA, NOW, SUPERVISOR, play
from translations import content_files
from translations.sms import measure

LONGEST = 159 * "thème à l'oeuvre "
LONG = replace(
    MOUSSA,
    themes=dict.fromkeys((11, 12, 21), (LONGEST[:80], LONGEST[:60])),
    next_report=999_999,
    next_action=9_999,
    next_inquiry=999_999,
    actions=tuple(OpenAction(number, "1032") for number in range(9_900, 9_960)),
)
"""The longest of everything: names of themes as an editor could write them, numbers after years of service."""
COUNTS = st.integers(0, 999)
DAYS = st.integers(0, 45)
LABELS = {"women": "F", "men": "H", "youth": "J", "mothers": "M", "children": "E", "villages": "V", "before": "AV", "after": "AP"}
LABELS |= {"voters": "N", "radio": "R", "theme": "T", "recipe": "P"}


def fits(reply: str) -> bool:
    return len(smsutil.split(reply).parts) == 1 and bool(smsutil.is_valid_gsm(reply)) and len(reply) <= 160


@st.composite
def reports(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from([Kind.CR, Kind.QZ, Kind.DC, Kind.EV]))
    first = draw(st.sampled_from(["12", "12+21", "11"])) if kind is Kind.CR else "12" if kind is Kind.QZ else "4"
    rest = [name for name in SHAPES[kind].fields if name in LABELS and name not in {"theme", "recipe"}]
    counts = {name: draw(st.integers(0, 1)) if name == "radio" else draw(COUNTS) for name in rest if draw(st.booleans())}
    day = NOW.date() - timedelta(days=draw(DAYS))
    figures = " ".join(f"{LABELS[name]}{count}" for name, count in counts.items())
    return f"{kind} {first} {figures} D{day:%d/%m/%Y}"


@settings(max_examples=300, deadline=None)
@given(reports(), reports(), st.sampled_from([MOUSSA, LONG]))
def test_a_stored_reports_reply_is_one_part_and_names_every_figure(first: str, second: str, context: Context) -> None:
    for text, before in ((first, context), (second, play(context, [first])), (second, play(context, [first, "AN"]))):
        verdict = judge(text, before)
        assert fits(verdict.reply), verdict.reply
        if verdict.outcome in {"ACK", "HOLD"} and verdict.kind in COUNTED:
            said = re.findall(r"\d+", verdict.reply)
            for name in set(LABELS) - {"radio", "theme", "recipe"}:
                value = getattr(verdict.values, name)
                assert value is None or str(value) in said, verdict.reply


@pytest.mark.parametrize(
    "texts",
    [
        ["CR 12+21 418 407 825 1 M418"],
        ["CR 12+21 418 407 825 1 M418", "OUI"],
        ["CR 12+21 418 407 825 1 M418", "OUI", "CR 12+21 419 408 826 0 M417", "OUI"],
        ["CR 12+21 18 7 9 1 M6", "CR 12+21 28 17 19 0 M16"],
        ["CR 12+21 18 7 9 1 M6", "CR 11 28 17 19 0 M16", "2"],
        ["CR 12+21 18 7 9 1 M6", "CR 11 28 17 19 0 M16", "1", "AN"],
        ["EV 1 999 999 999", "OUI"],
        ["FAIT", "FAIT 9999 999999"],
        ["CR 99 18 7"],
    ],
    ids=" | ".join,
)
def test_long_conversations_keep_to_one_part(texts: list[str]) -> None:
    for count in range(1, len(texts) + 1):
        verdict = judge(texts[count - 1], play(LONG, texts[: count - 1]))
        assert fits(verdict.reply), verdict.reply


def test_every_sentence_of_the_grammar_fits_one_part_with_its_longest_words() -> None:
    quiz = Prompt(Asked.QUIZ, NOW, NOW + timedelta(hours=72), options=("a", "b", "c"))
    contexts = (LONG, replace(LONG, prompts=(quiz,)), replace(SUPERVISOR, themes=LONG.themes, next_report=999_999))
    texts = ["VAL 999999", "VU 999999 999 999", "PAUSE 1032 365", "REPRISE 1032", "LANGUE", "AIDE", "AIDE AC", "INS 70123456"]
    texts += [
        "AC 1 E365 " + "ê" * 300,
        "Q " + "œ" * 300,
        "CR 12 " + "W" * 200 + " 7",
        "RAS",
        "RAS 3 D28/2",
        "NF 70123456",
        "2",
        "OUI",
    ]
    for context in contexts:
        for text in texts:
            assert fits(judge(text, context).reply), text
    assert all(len(text) <= 160 for label, text in FRENCH_REPLIES.items() if "{" not in text), "sentences without slots"


def test_every_shipped_reply_fits_one_part() -> None:
    for reply in content_files.read().replies:
        assert measure(reply.longest).parts == 1, reply.label


def test_words_of_another_language_do_not_lengthen_a_reply() -> None:
    known = vocabulary((LocalWord("MUSOW", "women"),))
    told = judge("CR 12 musow 18 hommes 7", replace(MOUSSA, vocabulary=known)).reply
    assert told == judge("CR 12 femmes 18 hommes 7", MOUSSA).reply
    assert date(2026, 3, 18) == NOW.date()
