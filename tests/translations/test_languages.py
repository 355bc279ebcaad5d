"""The content languages and the order in which a text is looked for."""

import pytest
from babel import Locale, UnknownLocaleError
from hypothesis import given
from hypothesis import strategies as st

from translations.languages import SEED, ContentLanguage, chain, fallbacks, find, menu
from translations.sms import measure

CODES = st.sampled_from(["fr", "bm", "ffm", "dts", "xx"])
IDS = [language.code for language in SEED]


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
    assert chain(language.code, fallbacks()) == expected


def test_a_chain_follows_each_fallback_in_turn() -> None:
    assert chain("khq", {"khq": "ses", "ses": "fr", "fr": None}) == ("khq", "ses", "fr")


def test_a_chain_stops_at_french_even_where_french_has_a_fallback() -> None:
    assert chain("fr", {"fr": "bm", "bm": "fr"}) == ("fr",)


def test_a_loop_ends_in_french() -> None:
    assert chain("dts", {"dts": "dds", "dds": "dts"}) == ("dts", "dds", "fr")


def test_an_unknown_code_is_tried_and_then_french() -> None:
    assert chain("xx", fallbacks()) == ("xx", "fr")


@given(CODES, st.dictionaries(CODES, st.none() | CODES))
def test_no_table_makes_a_chain_endless_or_repeat(code: str, table: dict[str, str | None]) -> None:
    found = chain(code, table)
    assert found[0] == code
    assert found[-1] == "fr"
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param("2", "bm", id="number"),
        pytest.param(" Bambara. ", "bm", id="French name, with a stop"),
        pytest.param("FRANÇAIS", "fr", id="capitals and cedilla"),
        pytest.param("francais", "fr", id="without cedilla"),
        pytest.param("songhaï", "ses", id="diaeresis"),
        pytest.param("Toro-So", "dts", id="hyphen"),
        pytest.param("peulh", "ffm", id="another spelling"),
        pytest.param("dogon", None, id="dogon alone means none"),
        pytest.param("9", None, id="a number beyond the list"),
        pytest.param("", None, id="nothing"),
        pytest.param("wolof", None, id="a language we do not speak"),
    ],
)
def test_what_follows_langue_names_a_language(answer: str, code: str | None) -> None:
    found = find(answer)
    assert (found.code if found else None) == code


def test_no_two_languages_answer_to_one_name() -> None:
    names = [name for language in SEED for name in {str(language.number), language.code, language.sms_name, *language.aliases}]
    assert len(set(names)) == len(names)


def test_the_menu_is_cheap_to_send() -> None:
    assert menu().startswith("1 francais, 2 bambara, ")
    assert measure(menu()).dear == ()
