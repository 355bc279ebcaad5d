"""The console's words: each has its English, with the same places for values; French spacing stays on pages."""

import ast
import gzip
import re
from datetime import date
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # publishes no types
import pytest
from flask import Flask
from flask.testing import FlaskClient

from console import catalogs, frame, result_words, words
from console.staff import RoleName
from results import surveys
from tests.console.conftest import SignedIn, send

PLACE = re.compile(r"%\((\w+)\)s")
ROOT = Path(frame.__file__).parent


def test_every_word_has_its_english() -> None:
    assert catalogs.missing() == []


def test_a_translation_has_the_places_of_its_source() -> None:
    wrong = []
    for message in catalogs.catalog():
        said = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        told = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        wrong += [
            one for one, other in zip(said, told, strict=False) if set(PLACE.findall(one)) != set(PLACE.findall(other or ""))
        ]
    assert wrong == []


def test_no_word_stands_inside_an_f_string() -> None:
    """Python 3.11 extracts nothing from there: the word would stay French for ever."""
    found = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name)]
                found += [path.name for call in calls if isinstance(call.func, ast.Name) and call.func.id in catalogs.KEYWORDS]
    assert found == []


@pytest.mark.parametrize(
    ("value", "places", "signed", "french", "english"),
    [
        pytest.param(0.96, 2, False, "0,96", "0.96", id="a factor"),
        pytest.param(1234567.0, 1, False, "1 234 567", "1,234,567", id="thousands"),
        pytest.param(12.5, 1, True, "+12,5", "+12.5", id="a gain"),
        pytest.param(-3.0, 0, True, "-3", "-3", id="a loss"),
        pytest.param(0.2, 0, True, "0", "0", id="neither"),
        pytest.param(None, 1, False, "", "", id="nothing"),
    ],
)
def test_a_number_is_written_as_its_page_writes_numbers(
    app: Flask, value: float | None, places: int, signed: bool, french: str, english: str
) -> None:
    for tongue, shown in (("fr", french), ("en", english)):
        with app.test_request_context("/") as context:
            context.session["language"] = tongue
            assert words.bare(words.number(value, places, signed=signed)) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Simulation : rien ne part", "Simulation\u00a0: rien ne part"),
        ("Est-ce vous ?", "Est-ce vous\u202f?"),
        ("Ouvrez « Messages » ici", "Ouvrez «\u00a0Messages\u00a0» ici"),
        ("8 h 30", "8\u00a0h 30"),
        ("https://exemple.org", "https://exemple.org"),
    ],
    ids=["colon", "question mark", "quotes", "hours", "address"],
)
def test_french_spacing_is_added_on_the_page(app: Flask, typed: str, shown: str) -> None:
    with app.test_request_context("/"):
        assert words.spaced(typed) == shown


def test_nought_is_singular_in_french_and_plural_in_english(app: Flask) -> None:
    with app.test_request_context("/"):
        assert words.ngettext("%(num)s minute", "%(num)s minutes", 0) == "0 minute"
    with app.test_request_context("/") as context:
        context.session["language"] = "en"
        assert words.ngettext("%(num)s minute", "%(num)s minutes", 0) == "0 minutes"


@pytest.mark.parametrize(("tongue", "shown"), [("fr", "1 234 minutes"), ("en", "1,234 minutes")], ids=["fr", "en"])
def test_what_is_counted_is_grouped_as_other_numbers_are(app: Flask, tongue: str, shown: str) -> None:
    with app.test_request_context("/") as context:
        context.session["language"] = tongue
        assert words.bare(words.ngettext("%(num)s minute", "%(num)s minutes", 1234)) == shown


def test_the_language_is_changed_for_good_and_an_unknown_one_changes_nothing(signed_in: SignedIn, client: FlaskClient) -> None:
    browser = signed_in(RoleName.COMMUNICATION)
    assert send(browser, "/langue", {"to": "en", "_page": "/compte"}).location == "/compte"
    page = browser.get("/compte").text
    assert '<html lang="en"' in page
    assert "My account" in page
    send(browser, "/langue", {"to": "dts"})
    assert '<html lang="en"' in browser.get("/compte").text
    send(client, "/langue", {"to": "en"})
    assert "Forgotten your password?" in client.get("/connexion").text


def test_a_first_visit_weighs_fifty_kilobytes_at_most_and_a_later_page_fifteen(signed_in: SignedIn, world: object) -> None:
    page = signed_in(RoleName.ADMINISTRATION).get("/").data
    files = [ROOT / "static" / name for name in re.findall(r'/static/([^"?]+)', page.decode())]
    first = len(gzip.compress(page)) + sum(len(brotli.compress(path.read_bytes())) for path in files)
    assert len(files) >= 3
    assert len(gzip.compress(page)) <= 15_000
    assert first <= 50_000


@pytest.mark.parametrize(
    ("on", "french", "english"),
    [(1, "dimanche 1er mars", "Sunday 1 March"), (2, "lundi 2 mars", "Monday 2 March"), (11, "mercredi 11 mars", "Wednesday 11")],
    ids=["the first", "the second", "the eleventh"],
)
def test_the_first_of_a_month_is_said_as_in_french(app: Flask, on: int, french: str, english: str) -> None:
    with app.test_request_context():
        assert words.day(date(2026, 3, on)).startswith(french)
    with app.test_request_context("/") as context:
        context.session["language"] = "en"
        assert words.day(date(2026, 3, on)).startswith(english)


def test_every_indicator_of_a_survey_has_its_english() -> None:
    known = {message.id for message in catalogs.catalog()}
    assert [words_ for words_, _unit in surveys.INDICATORS.values() if words_ not in known] == []


def test_what_no_network_has_is_said_in_words_among_the_operators() -> None:
    assert [result_words.subject("operators", name) for name in ("simulator", "Orange", "non dit")] == [
        "simulateur",
        "Orange",
        "non dit",
    ]
