"""The library that comes with the product."""

import unicodedata
from collections import Counter
from functools import cache

import pytest

from clubs.grammar.words import LANGUAGES
from translations.content_entries import MAX_EXPLANATION, ContentLibrary, MessageText, Pack, QuizText
from translations.content_files import read
from translations.content_rules import BEGINNINGS
from translations.sms import Encoding, measure


def _words(text: str) -> set[str]:
    return set(text.split())


# field.md 3: the seventeen clips without which no language goes live.
PACK_A = _words(
    "jingle who goodbye not_urgent lang_choose no_key wrong_key give_up system_down consent_ask consent_yes consent_no"
    " stop_sure stop_done club_ask club_bad menu_out"
)
MENU_CLIPS = {f"digit_{n}" for n in range(10)} | _words(
    "star hash to_choose press option_latest option_quiz option_repeat option_language option_stop menu_main menu_out_more"
    " latest no_content quiz_intro quiz_right quiz_wrong callback who_listened aud_woman aud_man aud_group"
)
REPLIES = _words(
    "inbox_received welcome stranger_hello stop_done stop_sure consent_ask consent_yes consent_no language_list language_set"
    " help_general help_cr quiz_right quiz_wrong quiz_late quiz_closed nothing_open error_sorry"
)


@cache
def library() -> ContentLibrary:
    return read()


MESSAGES = [pytest.param(message, id=message.key) for message in library().messages]
QUIZZES = [pytest.param(quiz, id=quiz.key) for quiz in library().quizzes]


def test_there_are_enough_messages_and_questions() -> None:
    assert len(library().messages) >= 36
    assert len(library().quizzes) >= 14


def test_every_theme_but_other_has_a_message() -> None:
    assert {theme.code for theme in library().themes} - {message.theme for message in library().messages} == {91}


def test_themes_have_their_two_digits_and_facts_run_from_1_to_54() -> None:
    assert len(library().themes) == 30
    assert [fact.number for fact in library().facts] == list(range(1, 55))
    assert [fact.number for fact in library().facts if not fact.publishable] == [23]


def test_several_themes_have_their_club_question() -> None:
    asked = Counter(quiz.theme for quiz in library().quizzes if quiz.club_question)
    assert len(asked) >= 10
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_fits_one_sms_in_gsm_letters(message: MessageText) -> None:
    size = measure(message.text)
    assert (size.encoding, size.parts, size.dear) == (Encoding.GSM7, 1, ())


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_begins_with_what_to_do(message: MessageText) -> None:
    assert not message.text.lower().startswith(BEGINNINGS)
    assert 0 < message.text.index(".") < 60


@pytest.mark.parametrize("quiz", QUIZZES)
def test_a_question_and_its_explanation_are_cheap(quiz: QuizText) -> None:
    assert measure(quiz.sms).parts == 1
    assert measure(quiz.explanation).characters <= MAX_EXPLANATION


@pytest.mark.parametrize("verdict", ["quiz_right", "quiz_wrong"])
def test_a_verdict_and_the_longest_explanation_share_one_sms(verdict: str) -> None:
    (reply,) = (reply for reply in library().replies if reply.label == verdict)
    assert measure(f"{reply.text} {'x' * MAX_EXPLANATION}").parts == 1


def test_the_language_list_fits_one_sms_with_the_real_menu() -> None:
    (reply,) = (reply for reply in library().replies if reply.label == "language_list")
    menu = ", ".join(f"{one.number} {one.label}" for one in LANGUAGES)
    assert measure(reply.text.format(langues=menu)).parts == 1


def test_the_automatic_replies_are_all_there() -> None:
    assert {reply.label for reply in library().replies} >= REPLIES


def test_the_consent_text_has_a_version_to_keep_as_proof() -> None:
    assert [(r.label, r.version) for r in library().replies if r.version is not None] == [("consent_ask", 1)]


def test_pack_a_is_the_seventeen_clips_and_pack_b_has_the_menu() -> None:
    assert {prompt.label for prompt in library().prompts if prompt.pack is Pack.A} == PACK_A
    assert {prompt.label for prompt in library().prompts if prompt.pack is Pack.B} >= MENU_CLIPS


def test_only_the_jingle_has_no_words() -> None:
    assert [prompt.label for prompt in library().prompts if not prompt.text] == ["jingle"]


def test_fathers_and_grandmothers_are_spoken_to() -> None:
    texts = [f"{message.text} {message.voice}".lower() for message in library().messages]
    assert sum("père" in text or "mari" in text for text in texts) >= 20
    assert sum("grand-mère" in text or "grands-mères" in text for text in texts) >= 10


def test_every_text_is_composed() -> None:
    texts = [text for m in library().messages for text in (m.title, m.text, m.voice)]
    texts += [text for q in library().quizzes for text in (q.sms, q.explanation)]
    texts += [reply.text for reply in library().replies] + [prompt.text for prompt in library().prompts]
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)


def test_no_two_entries_share_a_digest() -> None:
    every = (*library().themes, *library().messages, *library().quizzes, *library().replies, *library().prompts)
    assert len({entry.digest for entry in every}) == len(every)
