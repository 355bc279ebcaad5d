"""A translator's sheet, from the page to the spreadsheet and back: three mistakes are found, and the good lines become drafts."""

import re

from playwright.sync_api import Page, expect

from console.staff import RoleName as R
from tests.browser.acts import bring_sheet, press, take_sheet
from tests.browser.conftest import SignIn
from tests.browser.house import House

TONGUE = "Peul (fulfulde)"
GOOD = "Ndiyam laaɓɗam"


def _figure(page: Page, words: str) -> int:
    return int(page.locator(".figure", has_text=words).locator("strong").inner_text())


def _line(page: Page, key: str) -> str:
    return page.locator("tr", has=page.get_by_role("cell", name=key, exact=True)).inner_text()


def test_a_sheet_goes_out_and_comes_back_with_its_three_mistakes_found(house: House, sign_in: SignIn) -> None:
    page = sign_in(R.LANGUE, name="boubou")
    rows = take_sheet(page, house.url, TONGUE)
    text, source = rows[0].index("texte"), rows[0].index("français")
    bodies = [row for row in rows[1:] if row[source]]
    good, long, copied = (list(row) for row in bodies[:3])
    good[text], long[text], copied[text] = GOOD, "a" * 700, copied[source]
    page_of = bring_sheet(page, house.url, TONGUE, [rows[0], good, long, copied, ["inconnu", *good[1:]]])
    assert (_figure(page, "à enregistrer"), _figure(page, "refusée")) == (1, 3)
    assert "Il en faut" in _line(page, long[0])
    assert "français recopié" in _line(page, copied[0])
    assert "existe pas ici" in _line(page, "inconnu")

    good_and_two = [rows[0], good, [*long[:text], "Ɓii", *long[text + 1 :]], [*copied[:text], "Suka", *copied[text + 1 :]]]
    assert bring_sheet(page, house.url, TONGUE, good_and_two) != page_of
    assert _figure(page, "refusée") == 0
    press(page, re.compile(r"Enregistrer 3 brouillons"))
    expect(page.get_by_text("3 brouillons enregistrés.")).to_be_visible()
    again = {row[0]: row[text] for row in take_sheet(page, house.url, TONGUE)[1:]}
    assert [again[key] for key in (good[0], long[0], copied[0])] == [GOOD, "Ɓii", "Suka"]
