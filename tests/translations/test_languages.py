"""The content languages and the order in which a text is looked for."""

import pytest
from babel import Locale, UnknownLocaleError
from hypothesis import given
from hypothesis import strategies as st

from clubs.grammar.words import LANGUAGES
from translations.languages import SEED, ContentLanguage, chain

CODES = st.sampled_from(["fr", "bm", "ffm", "dts", "xx"])
IDS = [language.code for language in SEED]
FALLBACKS = {language.code: language.fallback for language in SEED}


def test_the_languages_to_begin_with_are_those_of_the_region() -> None:
    assert IDS == ["fr", "bm", "ffm", "dts", "dds", "dto", "djm", "ses"]
    assert [language.number for language in SEED] == list(range(1, 9))


@pytest.mark.parametrize("language", SEED, ids=IDS)
def test_a_locale_is_named_only_where_cldr_speaks_the_same_language(language: ContentLanguage) -> None:
    if language.cldr_locale is None:
        with pytest.raises(UnknownLocaleError):
            Locale.parse(language.code)
    else:
        assert Locale.parse(language.cldr_locale).language == language.code


@pytest.mark.parametrize("language", SEED, ids=IDS)
def test_an_unconfirmed_autonym_is_the_french_name(language: ContentLanguage) -> None:
    assert language.autonym_confirmed or language.autonym == language.french_name


@pytest.mark.parametrize("language", SEED, ids=IDS)
def test_every_language_falls_back_on_french_and_on_no_neighbour(language: ContentLanguage) -> None:
    expected = ("fr",) if language.code == "fr" else (language.code, "fr")
    assert chain(language.code, FALLBACKS) == expected


def test_a_chain_follows_each_fallback_in_turn() -> None:
    assert chain("khq", {"khq": "ses", "ses": "fr", "fr": None}) == ("khq", "ses", "fr")


def test_a_chain_stops_at_french_even_where_french_has_a_fallback() -> None:
    assert chain("fr", {"fr": "bm", "bm": "fr"}) == ("fr",)


def test_a_loop_ends_in_french() -> None:
    assert chain("dts", {"dts": "dds", "dds": "dts"}) == ("dts", "dds", "fr")


def test_an_unknown_code_is_tried_and_then_french() -> None:
    assert chain("xx", FALLBACKS) == ("xx", "fr")


@given(CODES, st.dictionaries(CODES, st.none() | CODES))
def test_no_table_makes_a_chain_endless_or_repeat(code: str, table: dict[str, str | None]) -> None:
    found = chain(code, table)
    assert found[0] == code
    assert found[-1] == "fr"
    assert len(set(found)) == len(found)


def test_the_menu_of_langue_has_the_same_numbers() -> None:
    assert [(one.number, one.code) for one in SEED] == [(one.number, one.tag) for one in LANGUAGES]
