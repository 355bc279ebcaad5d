"""Numbers, days and counted things as labels of clips."""

import pytest

from translations import numbers, packs
from translations.content_entries import Pack
from translations.languages import SEED


@pytest.mark.parametrize(
    ("n", "labels"),
    [
        pytest.param(0, ["num_0"], id="none"),
        pytest.param(71, ["num_71"], id="seventy-one"),
        pytest.param(100, ["num_100"], id="the-last-whole-clip"),
        pytest.param(101, ["digit_1", "digit_0", "digit_1"], id="digit-by-digit"),
        pytest.param(2050, ["digit_2", "digit_0", "digit_5", "digit_0"], id="thousands"),
    ],
)
def test_a_number_is_one_clip_to_a_hundred_and_its_digits_above(n: int, labels: list[str]) -> None:
    assert list(numbers.say_number("fr", n)) == labels


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        pytest.param("fr", ("num_18", "unit_women"), id="dix-huit-femmes"),
        pytest.param("bm", ("unit_women", "num_18"), id="women-eighteen"),
        pytest.param("zzz", ("num_18", "unit_women"), id="a-language-without-a-rule"),
    ],
)
def test_the_counted_word_stands_where_the_language_wants_it(language: str, labels: tuple[str, ...]) -> None:
    assert numbers.say_count(language, 18, "unit_women") == labels


def test_codes_are_said_digit_by_digit() -> None:
    assert numbers.say_digits("R-407") == ("digit_4", "digit_0", "digit_7")


def test_what_has_no_clip_is_refused() -> None:
    with pytest.raises(numbers.NumberError):
        numbers.say_number("fr", -1)


def test_each_seeded_language_has_a_rule_and_each_label_a_prompt() -> None:
    assert set(numbers.RULES) == {one.code for one in SEED}
    assert {label for n in range(101) for label in numbers.say_number("bm", n)} <= set(packs.labels_of(Pack.C))
    assert set(numbers.say_digits("0123456789")) <= set(packs.labels_of(Pack.B))


def test_the_french_words_of_the_numbers_are_right() -> None:
    said = {n: packs.prompts()[f"num_{n}"].text for n in (21, 61, 70, 71, 80, 81, 91, 99, 100)}
    assert said == {
        21: "vingt et un",
        61: "soixante et un",
        70: "soixante-dix",
        71: "soixante et onze",
        80: "quatre-vingts",
        81: "quatre-vingt-un",
        91: "quatre-vingt-onze",
        99: "quatre-vingt-dix-neuf",
        100: "cent",
    }
