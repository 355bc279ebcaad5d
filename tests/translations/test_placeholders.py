"""The words between braces: which a text may hold, how long it gets, and how it reads without a name."""

import pytest

from tests.translations.desk import Desk
from translations import content_files, placeholders
from translations.library import reply_key
from translations.models import Content, ContentKind, Variant, VariantState
from translations.placeholders import Misfit
from translations.review import Fault, ReviewError
from translations.sms import Encoding, measure


@pytest.mark.parametrize(
    ("text", "name", "filled"),
    [
        pytest.param("Bonjour {prenom}, venez.", "Awa", "Bonjour Awa, venez.", id="a-name"),
        pytest.param("Bonjour {prenom}, venez.", None, "Bonjour, venez.", id="no-name-before-a-comma"),
        pytest.param("Bonjour {prenom}. Venez.", None, "Bonjour. Venez.", id="no-name-before-a-point"),
        pytest.param("Venez, {prenom} !", None, "Venez !", id="no-name-after-a-comma"),
        pytest.param("Venez {prenom} ! Merci.", None, "Venez ! Merci.", id="no-name-before-a-blank-and-a-sign"),
        pytest.param("Merci {prenom}\nVenez.", None, "Merci\nVenez.", id="no-name-at-the-end-of-a-line"),
        pytest.param("{prenom}, venez au club.", None, "Venez au club.", id="no-name-at-the-beginning"),
        pytest.param("Merci {prenom}", None, "Merci", id="no-name-at-the-end"),
        pytest.param("Aw {prenom} ni ce", None, "Aw ni ce", id="no-name-in-the-middle"),
        pytest.param("Merci {prenom}.", "{date}", "Merci (date).", id="a-name-that-looks-like-a-place"),
        pytest.param("Merci {autre}.", "Awa", "Merci {autre}.", id="what-nobody-fills-stays-to-be-seen"),
    ],
)
def test_a_text_is_filled_and_leaves_no_gap(text: str, name: str | None, filled: str) -> None:
    assert placeholders.fill(text, {"prenom": name}) == filled


def test_a_name_never_makes_a_cheap_text_dear_and_keeps_its_letters_in_a_dear_one() -> None:
    cheap, dear = (placeholders.fill(text, {"village": "Kɛnyɛ"}) for text in ("A {village}", "ɛ {village}"))
    assert (cheap, dear) == ("A Kènyè", "ɛ Kɛnyɛ")
    assert measure(cheap).encoding is Encoding.GSM7


def test_no_brace_is_offered_nor_folded_and_a_count_is_that_of_what_fills_it(desk: Desk) -> None:
    text = "À {village}, {date}: l’œuf {inconnu} { prenom } {nom du club"
    assert [one.character for one in placeholders.offers(text, {})] == ["À", "’", "œ"]
    assert placeholders.fold_around(text, {*"À’œ{}"}, {}) == "A {village}, {date}: l'oeuf {inconnu} { prenom } {nom du club"
    size = measure(placeholders.worst("{village}{date}", placeholders.longest(desk.content)))
    assert (size.characters, size.dear) == (len("Kani-Gogouna Bandiagara24/11"), ())


def test_a_text_is_counted_with_the_longest_values(desk: Desk) -> None:
    known = placeholders.longest(desk.content)
    assert placeholders.worst("{village}{inconnu}", known) == "Kani-Gogouna Bandiagara{inconnu}"
    shipped = next(one for one in content_files.read().replies if one.sample)
    reply = Content(key=reply_key(shipped.label), kind=ContentKind.REPLY, title="x")
    assert placeholders.worst(shipped.text, placeholders.longest(reply)) == shipped.longest


@pytest.mark.parametrize(
    ("kind", "language", "text", "french", "found"),
    [
        pytest.param(ContentKind.MESSAGE, "fr", "{prenom} {date}", "", Misfit((), ()), id="french-takes-what-it-likes"),
        pytest.param(ContentKind.MESSAGE, "fr", "{nom}", "", Misfit((), ("nom",)), id="a-name-nobody-fills"),
        pytest.param(ContentKind.MESSAGE, "bm", "A", "{club}", Misfit(("club",), ()), id="a-translation-lost-one"),
        pytest.param(ContentKind.MESSAGE, "bm", "{date}", "A", Misfit((), ("date",)), id="a-translation-made-one-up"),
        pytest.param(ContentKind.MESSAGE, "bm", "", "{club}", Misfit((), ()), id="an-oral-variant-has-none"),
        pytest.param(ContentKind.QUESTION, "fr", "{village}?", "", Misfit((), ("village",)), id="nobody-fills-questions"),
        pytest.param(ContentKind.REPLY, "fr", "{autre}", "{no}", Misfit(("no",), ("autre",)), id="a-reply-keeps-its-own"),
    ],
)
def test_names_that_do_not_fit_are_told(kind: ContentKind, language: str, text: str, french: str, found: Misfit) -> None:
    sources = [Variant(text=french, language="fr", author_id=None)] if french or kind is ContentKind.REPLY else []
    assert placeholders.misfit(kind, language, text, sources) == found
    assert bool(found) == bool(found.missing or found.unknown)


def test_a_message_with_a_name_nobody_fills_is_not_proposed(desk: Desk) -> None:
    with pytest.raises(ReviewError) as refused:
        desk.propose(desk.write(text="Bonjour {nom}."))
    assert (refused.value.fault, refused.value.misfit) == (Fault.UNKNOWN_SLOT, Misfit((), ("nom",)))
    assert desk.propose(desk.write(text="Bonjour {prenom}.")).state is VariantState.TO_REVIEW


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("{prénom}", "{prenom}", id="as-french-writes-it"),
        pytest.param("{PRE\u0301NOM} {Date}", "{prenom} {date}", id="capitals-and-a-loose-accent"),
        pytest.param("{ village }", "{village}", id="blanks-inside"),
        pytest.param("{prénon} {nom}", "{prénon} {nom}", id="another-word"),
    ],
)
def test_a_name_is_known_however_french_writes_it(desk: Desk, typed: str, kept: str) -> None:
    assert desk.write(text=f"Bonjour {typed}.").text == f"Bonjour {kept}."


def test_a_sound_says_the_same_to_all(desk: Desk) -> None:
    with pytest.raises(ReviewError) as refused:
        desk.propose(desk.write(text="Bonjour.", spoken="Bonjour {prenom}."))
    assert refused.value.fault is Fault.SPOKEN_SLOT
