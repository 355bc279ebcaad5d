"""Stop words are honoured everywhere, and nobody who asks about weaning is cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clubs.grammar.words import ALIASES
from messaging.cleaning import clean
from messaging.keywords import FRENCH, KEYWORDS, StopWords, is_stop, is_stop_question, stop_stem_elsewhere

STOPS = [
    *("STOP", "stop", "Stop.", "STOP!", "«stop»", "ＳＴＯＰ", "s\u200btop", "S T O P", "arrêt", "ARRET", "Arrêter", "arretez"),
    *(
        "stop svp",
        "svp stop",
        "je veux arreter",
        "Arrêtez ces messages",
        "merci de arreter",
        "arrete",
        "STOP 2",
        "stop2",
        "stop?",
    ),
    *("stop je ne veux plus recevoir vos messages du tout", "ARRET\nmerci"),
]
QUESTIONS = [
    *("je veux arreter le sein", "Arreter la bouillie", "ARRETER ALLAITEMENT", "stop lait", "arrêter de téter", "arreter bébé"),
    *("quand arreter le sein de mon enfant", "stop bouillie svp", "stop le sein", "Arrêter les œufs"),
]
NEITHER = [
    *("", "   ", "bonjour", "STOPPER", "CR 12 18 7 stop", "Q stop", "on peut stop ?", "je stop 2 jours", "oui stop"),
    *("il faut que vous puissiez arreter", "ici non stop", "un arrete municipal"),
]
FOR_STAFF = [
    *("CR 12 18 7 stop", "oui stop", "stopper", "il faut que vous puissiez arreter", "svp aretez", "un arrete municipal"),
    "je ne veux plus de messages, desabonnez moi",
]


@pytest.mark.parametrize("text", STOPS, ids=repr)
def test_this_text_opts_out(text: str) -> None:
    assert is_stop(text)
    assert not stop_stem_elsewhere(text)


@pytest.mark.parametrize("text", QUESTIONS, ids=repr)
def test_a_stop_word_beside_feeding_is_a_question(text: str) -> None:
    assert not is_stop(text)
    assert is_stop_question(text)
    assert not stop_stem_elsewhere(text)


@pytest.mark.parametrize("text", NEITHER, ids=repr)
def test_this_text_neither_opts_out_nor_asks(text: str) -> None:
    assert not is_stop(text)
    assert not is_stop_question(text)


@pytest.mark.parametrize("text", FOR_STAFF, ids=repr)
def test_a_stop_stem_elsewhere_goes_to_staff(text: str) -> None:
    assert stop_stem_elsewhere(text)


@pytest.mark.parametrize("text", ["Q stop", "on peut stop ?", "bonjour", ""], ids=repr)
def test_a_question_or_a_greeting_does_not_go_to_staff(text: str) -> None:
    assert not stop_stem_elsewhere(text)


def test_another_language_is_another_row() -> None:
    table = StopWords(frozenset({"DABILA"}), frozenset({"DABILA"}), ("DABIL",), ("SIN",))
    assert is_stop("a dabila", table)
    assert not is_stop("dabila sin", table)
    assert not is_stop("stop", table)


def test_the_keywords_known_here_are_those_of_the_report_grammar() -> None:
    grammar = {alias for alias in ALIASES if " " not in alias} - {"OK"}
    assert grammar == KEYWORDS
    assert not FRENCH.words & grammar


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing_and_every_letter_knows_its_origin(text: str) -> None:
    once = clean(text)
    assert len(once.origin) == len(once.text)
    assert clean(once.text).text == once.text
    assert all(0 <= place < len(text) for place in once.origin)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("é", "E"), ("e\u0301", "E"), ("١٢", "12"), ("１２", "12"), ("1\u200b2", "12"), ("①", "1"), ("ﬁn", "FIN"),
        ("a\tb\r\nc", "A B  C"), ("\x00a\ud800", "A"), ("18²", "18\ufffd"), ("18½", "18\ufffd"), ("①②", "\ufffd\ufffd"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_text_is_cleaned(text: str, expected: str) -> None:
    assert clean(text).text == expected


def test_the_words_as_written_are_found_again() -> None:
    cleaned = clean("cr 12 Merci à toutes, ﬁn")
    start = cleaned.text.index("MERCI")
    assert cleaned.original(start, len(cleaned.text)) == "Merci à toutes, ﬁn"
    assert cleaned.original(3, 3) == ""
