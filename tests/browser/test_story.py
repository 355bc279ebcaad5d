"""The story of the main job, told in the browser alone: from signing in to the spreadsheet, on every person's own screen."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from console.staff import RoleName as R
from tests.browser.acts import TEXT, approve, later, receives, says, send, take_phones, write
from tests.browser.conftest import SignIn
from tests.browser.house import House


def _value(page: Page, words: str) -> int:
    cell = page.locator("tr", has=page.get_by_role("rowheader", name=words, exact=True)).locator("td strong").first
    return int(re.sub(r"\D", "", cell.inner_text()))


def test_from_signing_in_to_the_spreadsheet(house: House, sign_in: SignIn, tmp_path: Path) -> None:
    title = "Mains propres avant la bouillie"
    fanta = sign_in(R.COMMUNICATION, name="fanta")
    write(fanta, house.url, title)
    approve(sign_in(R.VALIDATION, name="boubacar"), house.url, title)

    club = take_phones(fanta, house.url)
    send(fanta, house.url, "Les mains", title, club)
    shown = fanta.url
    take_phones(fanta, house.url)
    later(fanta, "1 heure")
    receives(fanta, "membre", TEXT)
    fanta.goto(shown)
    expect(fanta.locator(".equation")).to_contain_text(re.compile(r"= [1-9]\d* partis?"))

    send(fanta, house.url, "La question", "question,", club)
    take_phones(fanta, house.url)
    later(fanta, "1 heure")
    receives(fanta, "membre", re.compile(r"\b1 .+ 2 "))
    says(fanta, "membre", "1")
    receives(fanta, "membre", re.compile("juste|bonne réponse"))

    says(fanta, "membre", "STOP")
    receives(fanta, "membre", re.compile("plus de message"))
    fanta.goto(f"{house.url}/resultats")
    before = _value(fanta, "Séances tenues")
    fanta.goto(f"{house.url}/simulateur")
    says(fanta, "animatrice", "CR 12 18 7 9 1")
    receives(fanta, "animatrice", re.compile("18"))

    fanta.goto(f"{house.url}/resultats")
    assert _value(fanta, "Séances tenues") == before + 1
    with fanta.expect_download() as begun:
        fanta.get_by_role("button", name=re.compile("XLSX")).or_(fanta.get_by_role("link", name=re.compile("XLSX"))).click()
    file = tmp_path / "classeur.xlsx"
    begun.value.save_as(file)
    book = CalamineWorkbook.from_path(str(file))
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    assert any(before + 1 in row for row in rows if "Séances tenues" in row)
    assert "+223" not in str(rows)
