"""The editor's own count of parts, in a real browser, beside the server's: the same on two thousand texts.

What the browser asks for, the application in this process answers, so that no demonstration has to be loaded and served.
"""

import re
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, expect

from console.staff import RoleName as R
from runtime.database import Database
from tests.console.conftest import signing_in
from tests.peers.texts import edges, texts
from tests.world import World
from translations.sms import Encoding, measure

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
TYPED_AT_ONCE = """
texts => texts.map(text => {
  const field = document.getElementById("text"), line = document.getElementById("live");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return [line.dataset.wide === "true", Number(line.dataset.signs), Number(line.dataset.parts)];
})
"""
SECONDS = 20.0  # for all of them, on a machine busy with other tests


def looking_through(browser: Browser, client: FlaskClient) -> Page:
    """A page whose every request this client answers."""

    def answer(route: Route) -> None:
        asked = route.request
        path, headers = asked.url.removeprefix("http://lamen.test"), {"HX-Request": asked.headers.get("hx-request", "")}
        kind = asked.headers.get("content-type")
        got = client.open(path, method=asked.method, data=asked.post_data_buffer, content_type=kind, headers=headers)
        route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.data)

    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR").new_page()
    page.route("**/*", answer)
    return page


@pytest.fixture
def editor(browser: Browser, app: Flask, database: Database, world: World) -> Page:
    """The editor of a message in Bambara, not yet written."""
    page = looking_through(browser, signing_in(app, database)(R.LANGUE))
    page.goto(f"http://lamen.test/messages/{world.contents['eau-propre']}/bm")
    expect(page.get_by_label("Texte du SMS")).to_be_visible()
    return page


def test_the_editor_counts_two_thousand_texts_as_the_server_does(editor: Page) -> None:
    said = [
        *(one.text for one in texts()),
        *edges(),
        "",
        " ",
        "\t",
        "é\u0301",
        "a\x1bb",
        "Chez {village}, {date}.",
        "Chez {VILLAGE}, { daté }.",
    ]
    begun = time.monotonic()
    counted = editor.evaluate(TYPED_AT_ONCE, said)
    assert time.monotonic() - begun < SECONDS
    wrong = []
    for text, (wide, signs, parts) in zip(said, counted, strict=True):
        # A text field gives every new line as one sign, as an SMS counts it.
        filled = re.sub(r"\{village\}", "Kani-Gogouna Bandiagara", text.strip(), flags=re.IGNORECASE)
        size = measure(re.sub(r"\{ ?dat[eé] ?\}", "24/11", filled))
        if (size.encoding is Encoding.UCS2, size.characters, size.parts) != (wide, signs, parts):
            wrong.append((text, size, wide, signs, parts))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("Dɛ " + "a" * 80, "2 SMS par numéro", id="a-letter-of-bambara"),
        pytest.param("a" * 161, "2 SMS par numéro", id="one-letter-too-many"),
        pytest.param("Aw ni ce {prenom}. " + "a" * 138, "2 SMS par numéro", id="with-the-longest-name-two"),
    ],
)
def test_what_is_typed_is_counted_at_once_and_then_by_the_server_alike(editor: Page, text: str, told: str) -> None:
    editor.get_by_label("Texte du SMS").fill(text)
    line = editor.locator("#live")
    assert (line.text_content() or "").startswith(told), "before any answer of the server"
    # Only the server sets the count in bold: its fragment has come.
    expect(line.locator("strong")).to_have_text(told)
