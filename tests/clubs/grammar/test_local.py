"""Words of local languages in reports: as rows, several languages in one SMS, and never at the cost of a French report."""

from dataclasses import replace

import pytest

from clubs.grammar.judge import judge
from clubs.grammar.local import KEYWORDS, MEANINGS, SKIP, LocalWord, Why, french_reports, refusal, spelling, vocabulary
from clubs.grammar.parse import parse
from clubs.grammar.values import Kind
from clubs.grammar.words import ALIASES, FRENCH, SPELLINGS
from tests.clubs.grammar.world import MOUSSA, NOW, read

# Invented for these tests: no real language is shipped before a speaker of it has confirmed its words.
WORDS = tuple(
    LocalWord(spelling(word), means)
    for word, means in (
        ("musow", "women"),
        ("cɛw", "men"),
        ("denmisɛnw", "youth"),
        ("laje", "CR"),
        ("tɔn laje", "CR"),
        ("arugo", "women"),
        ("kuma", "theme"),
        ("ani", SKIP),
        ("ka kɛ", "FAIT"),
    )
)
LOCAL = replace(MOUSSA, vocabulary=vocabulary(WORDS))
ROW_10 = {"club": "1032", "date": "2026-03-18", "theme": 12, "women": 18, "men": 7}


@pytest.mark.parametrize(
    "text",
    [
        "CR 12 musow 18 cɛw 7",
        "CR 12 18 musow 7 CƐW",
        "laje 12 18 7",
        "Laje12 18 7",
        "Tɔn laje: 12, 18, 7",
        "LAJE kuma 12 musow 18 ani hommes 7",
        "cr 12 arugo 18 ani cɛw 7",
        "CR 12 18musow 7cɛw",
        "CR T12musow18cɛw7",
        "laje t12 f18 h7",
        "kuma 12 femmes 18 cɛw 7",
    ],
)
def test_confirmed_words_are_read_also_several_languages_in_one_sms(text: str) -> None:
    verdict = judge(text, LOCAL)
    assert (verdict.outcome, read(verdict)) == ("ACK", ROW_10), verdict


@pytest.mark.parametrize("text", ["CR 12 musow 18 cɛw 7", "laje 12 18 7", "kuma 12 femmes 18 cɛw 7"])
def test_without_the_rows_they_are_asked_back(text: str) -> None:
    assert judge(text, MOUSSA).outcome == "ASK"


def test_a_word_that_names_another_kinds_figure_is_asked_back() -> None:
    assert judge("DC 4 22 6 11 denmisɛnw", LOCAL).outcome == "ASK"


@pytest.mark.parametrize(
    ("word", "means", "why"),
    [
        ("femmes", "men", Why.TAKEN),
        ("rapport", "QZ", Why.TAKEN),
        ("musow", "men", Why.TAKEN),
        ("de", "women", Why.TAKEN),
        ("stopi", "women", Why.STOP),
        ("arrete", "AN", Why.STOP),
        ("six", "women", Why.NUMBER),
        ("hier", "women", Why.NUMBER),
        ("oui", "radio", Why.TAKEN),
        ("voir", "women", Why.EVERYDAY),
        ("mois", "women", Why.EVERYDAY),
        ("ol", "women", Why.DIGITS),
        ("fo", "women", Why.DIGITS),
        ("x", "women", Why.SHORT),
        ("f2", "women", Why.LETTERS),
        ("mu so", "women", Why.LETTERS),
        ("", "women", Why.LETTERS),
        ("a" * 33, "women", Why.LONG),
        ("crm", "CR", Why.CHANGES),
        ("qzn", "QZ", Why.CHANGES),
        ("awo", "OUI", Why.MEANING),
        ("barika", "STOP", Why.MEANING),
    ],
)
def test_a_spelling_in_the_way_is_refused_with_its_reason(word: str, means: str, why: Why) -> None:
    found = refusal(spelling(word), means, WORDS)
    assert found is not None
    assert found.why is why
    assert (found.other != "") == (why in {Why.TAKEN, Why.CHANGES})


@pytest.mark.parametrize("each", WORDS, ids=lambda each: each.word)
def test_a_fit_word_is_taken(each: LocalWord) -> None:
    assert refusal(each.word, each.means, [one for one in WORDS if one != each]) is None
    assert refusal(each.word, each.means, WORDS) is None, "the same spelling with the same meaning in another language"


def test_local_words_change_no_french_report() -> None:
    known = vocabulary(WORDS)
    assert len(french_reports()) > 300
    for text in french_reports():
        assert parse(text, NOW.date(), known) == parse(text, NOW.date(), FRENCH), text


def test_without_words_the_vocabulary_is_the_french_one() -> None:
    assert (vocabulary().aliases, vocabulary().spellings, vocabulary().skipped) == (ALIASES, SPELLINGS, FRENCH.skipped)
    assert vocabulary(WORDS) is vocabulary(WORDS), "made once, with its patterns"


def test_a_word_may_mean_each_label_and_the_keywords_of_members_and_facilitators() -> None:
    assert set(MEANINGS) == {*SPELLINGS, *KEYWORDS, SKIP}
    assert not {Kind.OUI.value, Kind.STOP.value, Kind.VAL.value, Kind.INS.value} & set(MEANINGS)
