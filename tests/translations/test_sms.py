"""SMS size, the characters that make it dear, and the spellings offered to the author."""

import unicodedata

import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st
from smsutil.codecs import is_valid_gsm

from translations.sms import (
    _GSM_MAP,
    CHEAP,
    DearCharacter,
    Encoding,
    Folding,
    fold,
    measure,
    offers,
    prepare,
    price,
    replacement,
)

ANY_TEXT = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("aeéèàçêœ’«»€[]{}ɛɔɲŋɓɗƴ\u0301\u00a0\x1b\r\n\t😀")))


@pytest.mark.parametrize(
    ("text", "encoding", "characters", "parts"),
    [
        pytest.param("", Encoding.GSM7, 0, 0, id="nothing to send"),
        pytest.param("a" * 160, Encoding.GSM7, 160, 1, id="160 letters fill one part"),
        pytest.param("a" * 161, Encoding.GSM7, 161, 2, id="the 161st opens a second part"),
        pytest.param("a" * 306, Encoding.GSM7, 306, 2, id="2 x 153"),
        pytest.param("a" * 307, Encoding.GSM7, 307, 3, id="2 x 153 + 1"),
        pytest.param("a" * 459, Encoding.GSM7, 459, 3, id="3 x 153"),
        pytest.param("a" * 460, Encoding.GSM7, 460, 4, id="3 x 153 + 1"),
        pytest.param("a" * 158 + "€", Encoding.GSM7, 160, 1, id="a euro as the last two septets"),
        pytest.param("a" * 159 + "€", Encoding.GSM7, 161, 2, id="a euro over the end"),
        pytest.param("a" * 152 + "€" + "a" * 152, Encoding.GSM7, 306, 3, id="a euro is never cut between two parts"),
        pytest.param("a" * 151 + "€" + "a" * 153, Encoding.GSM7, 306, 2, id="a euro that fits before the cut"),
        pytest.param("ɛ" * 70, Encoding.UCS2, 70, 1, id="70 letters outside GSM-7"),
        pytest.param("ɛ" * 71, Encoding.UCS2, 71, 2, id="the 71st"),
        pytest.param("ɛ" * 134, Encoding.UCS2, 134, 2, id="2 x 67"),
        pytest.param("ɛ" * 135, Encoding.UCS2, 135, 3, id="2 x 67 + 1"),
        pytest.param("😀" * 35, Encoding.UCS2, 70, 1, id="an emoji is two units"),
        pytest.param("😀" * 36, Encoding.UCS2, 72, 2, id="36 emojis"),
        pytest.param("a" * 66 + "😀" + "a" * 66, Encoding.UCS2, 134, 3, id="an emoji is never cut between two parts"),
        pytest.param("e\u0301" * 160, Encoding.GSM7, 160, 1, id="decomposed accents are composed first"),
        pytest.param("a\x1bb\x00c", Encoding.GSM7, 3, 1, id="control characters are not sent"),
        pytest.param("\x1b\x00", Encoding.GSM7, 0, 0, id="nothing but control characters"),
    ],
)
def test_a_text_takes_these_units_and_parts(text: str, encoding: Encoding, characters: int, parts: int) -> None:
    size = measure(text)
    assert (size.encoding, size.characters, size.parts) == (encoding, characters, parts)


@given(ANY_TEXT)
@example("a" * 152 + "€" * 10)
@example("😀" * 40)
def test_parts_and_units_agree_with_smsutil_on_any_text(text: str) -> None:
    size, prepared = measure(text), prepare(text)
    if not prepared:
        assert size.parts == 0
        return
    split = smsutil.split(prepared)
    gsm = is_valid_gsm(prepared)
    assert size.encoding is (Encoding.GSM7 if gsm else Encoding.UCS2)
    assert size.parts == len(split.parts)
    assert size.characters == (split.total_bytes if gsm else len(prepared.encode("utf-16-be")) // 2)


@given(ANY_TEXT)
def test_preparing_twice_changes_nothing_more(text: str) -> None:
    once = prepare(text)
    assert prepare(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in once.replace("\n", ""))


def test_line_ends_become_one_kind_and_tabs_stay_a_gap() -> None:
    assert prepare("un\r\ndeux\rtrois\tquatre") == "un\ndeux\ntrois quatre"


def test_a_dear_character_is_told_with_its_place_and_cheap_spelling() -> None:
    assert measure("L'œuf, ê, 卵").dear == (
        DearCharacter("œ", 2, "oe"),
        DearCharacter("ê", 7, "e"),
        DearCharacter("卵", 10, None),
    )


def test_places_are_those_of_the_prepared_text() -> None:
    assert measure("e\u0301e\u0302").dear == (DearCharacter("ê", 1, "e"),)


def test_in_gsm_the_characters_that_count_two_are_told() -> None:
    assert measure("[5 €]").dear == (DearCharacter("[", 0, "("), DearCharacter("€", 3, None), DearCharacter("]", 4, ")"))


def test_in_ucs2_only_those_that_made_it_so_are_told() -> None:
    assert [d.character for d in measure("[ê]").dear] == ["ê"]


def test_french_accents_of_gsm_are_not_dear() -> None:
    assert measure("é è à ù ò É Ç").dear == ()


def test_the_size_as_json_has_the_names_others_rely_on() -> None:
    assert measure("Œuf").as_json() == {
        "encoding": "UCS-2",
        "characters": 3,
        "parts": 1,
        "dear": [{"character": "Œ", "index": 0, "replacement": "OE"}],
    }


@pytest.mark.parametrize("character", list(_GSM_MAP), ids=[f"U+{ord(c):04X}" for c in _GSM_MAP])
def test_every_offered_spelling_is_cheap(character: str) -> None:
    offered = replacement(character)
    assert offered is not None
    assert set(offered) <= CHEAP
    assert character not in CHEAP
    assert unicodedata.is_normalized("NFC", character), "prepare() would change it before the map sees it"


@pytest.mark.parametrize(
    ("character", "gsm", "ascii_only"),
    [
        pytest.param("ê", "e", "e", id="circumflex"),
        pytest.param("ç", "c", "c", id="cedilla"),
        pytest.param("’", "'", "'", id="curly apostrophe"),
        pytest.param("«", '"', '"', id="French quotation mark"),
        pytest.param("À", "A", "A", id="capital A grave"),
        pytest.param("ɛ", "è", "e", id="open e, old Malian spelling"),
        pytest.param("ɔ", "ò", "o", id="open o, old Malian spelling"),
        pytest.param("Ɛ", "E", "E", id="capital open e"),
        pytest.param("ɲ", "ny", "ny", id="palatal n"),
        pytest.param("ŋ", "ng", "ng", id="velar n"),
        pytest.param("ɓ", "b", "b", id="hooked b"),
        pytest.param("\u00a0", " ", " ", id="non-breaking space"),
        pytest.param("\u200b", "", "", id="invisible space"),
        pytest.param("\u0301", "", "", id="tone mark"),
        pytest.param("ā", "a", "a", id="an accent that no map lists"),
        pytest.param("è", None, "e", id="e grave is GSM-7, not ASCII"),
        pytest.param("Ç", None, "C", id="capital C cedilla is GSM-7, not ASCII"),
        pytest.param("a", None, None, id="plain letter"),
        pytest.param("ß", None, None, id="in GSM-7 and without an ASCII spelling"),
        pytest.param("卵", None, None, id="no spelling known"),
        pytest.param("한", None, None, id="a syllable that decomposes into dear letters"),
    ],
)
def test_the_two_foldings_spell_a_character(character: str, gsm: str | None, ascii_only: str | None) -> None:
    assert replacement(character) == gsm
    assert replacement(character, Folding.ASCII) == ascii_only


@pytest.mark.parametrize(
    ("character", "folding", "lost"),
    [
        pytest.param("ɓ", Folding.GSM_SAFE, True, id="hooked letters of Fulfulde"),
        pytest.param("ƴ", Folding.GSM_SAFE, True, id="hooked y"),
        pytest.param("ɛ", Folding.GSM_SAFE, False, id="open e keeps a sign of its own"),
        pytest.param("ɛ", Folding.ASCII, True, id="open e falls together with e"),
        pytest.param("Ɛ", Folding.GSM_SAFE, True, id="capital open e falls together with E"),
        pytest.param("ê", Folding.GSM_SAFE, False, id="circumflex"),
        pytest.param("è", Folding.ASCII, False, id="e grave"),
        pytest.param("ā", Folding.GSM_SAFE, True, id="an accent that no map lists"),
    ],
)
def test_an_offer_warns_when_another_word_may_come_out(character: str, folding: Folding, lost: bool) -> None:
    (offer,) = offers(character, folding)
    assert offer.loses_meaning is lost


def test_offers_come_once_a_character_in_order_with_their_count() -> None:
    found = offers("L’œuf, l’eau, la fête")
    assert [(o.character, o.replacement, o.count) for o in found] == [("’", "'", 2), ("œ", "oe", 1), ("ê", "e", 1)]


def test_only_what_the_author_accepted_is_replaced() -> None:
    assert fold("L’œuf de la fête", accepted="’œ") == "L'oeuf de la fête"
    assert fold("L’œuf de la fête", accepted=()) == "L’œuf de la fête"
    assert fold("卵", accepted="卵") == "卵"


@given(ANY_TEXT)
def test_accepting_every_offer_leaves_nothing_more_to_offer(text: str) -> None:
    folded = fold(text, [o.character for o in offers(text)])
    assert all(c in CHEAP or replacement(c) is None for c in folded)


@given(ANY_TEXT, st.sampled_from(Folding))
def test_accepting_nothing_changes_nothing(text: str, folding: Folding) -> None:
    assert fold(text, (), folding) == prepare(text)


def test_a_price_is_parts_times_numbers_times_tariff() -> None:
    assert price(parts=2, recipients=128, tariff=15) == 3840
