"""The story of the main job, told in the browser alone: from signing in to the spreadsheet, on every person's own screen."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from python_calamine import CalamineWorkbook

from console.staff import RoleName as R
from tests.browser.conftest import SignIn
from tests.browser.house import House

TEXT = "Lavez-vous les mains au savon avant de donner la bouillie au petit enfant."


def _button(page: Page | Locator, words: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=words).first.click()


def _written(page: Page, house: House, title: str) -> str:
    """Write a message and propose it; the address of its editor."""
    page.goto(f"{house.url}/messages")
    _button(page, "Nouveau message")
    page.get_by_label("Titre").fill(title)
    page.get_by_label("Thème").select_option(index=1)
    page.get_by_label("Source", exact=True).fill("OMS")
    page.locator("input[name=certainty]").first.check()
    _button(page, "Créer et écrire le texte")
    page.get_by_label("Texte du SMS").fill(TEXT)
    _button(page, "Enregistrer et proposer")
    return page.url


def _approved(page: Page, house: House, title: str) -> None:
    page.goto(f"{house.url}/a-approuver")
    page.get_by_role("link", name=re.compile(title)).first.click()
    _button(page, "Approuver")


def _campaign(page: Page, house: House, name: str, content: str, clubs: str) -> None:
    """The five steps; `content` stands in the label of what is sent."""
    page.goto(f"{house.url}/campagnes/nouvelle")
    page.get_by_label("Nom de la campagne").fill(name)
    page.locator("label", has_text=content).locator("input:enabled").first.check()
    _button(page, "Enregistrer et continuer")
    page.get_by_label("Codes de clubs").fill(clubs)
    page.get_by_label("Un téléphone par club").uncheck()
    _button(page, "Enregistrer et continuer")
    page.locator("input[name=route][value=sms]").check()
    _button(page, "Enregistrer et continuer")
    page.locator("input[name=when][value=now]").check()
    _button(page, "Enregistrer et continuer")
    _button(page, re.compile(r"Envoyer à \d+ numéro"))


def _phone(page: Page, role: str) -> Locator:
    return page.locator(f"section[aria-labelledby=phone-{role}]")


def _says(page: Page, role: str, text: str) -> None:
    _phone(page, role).get_by_label("SMS").fill(text)
    _button(_phone(page, role), "Envoyer")
    page.wait_for_load_state()


def _receives(page: Page, role: str, text: str | re.Pattern[str]) -> None:
    expect(_phone(page, role).locator(".theirs", has_text=text).last).to_be_visible(timeout=60_000)


def _later(page: Page, house: House, words: str) -> None:
    page.goto(f"{house.url}/simulateur")
    _button(page.locator("section[aria-labelledby=clock]"), words)
    page.wait_for_load_state()


def _first_club(page: Page, house: House) -> str:
    page.goto(f"{house.url}/simulateur")
    found = re.search(r"\d{4}", page.locator("select#membre option").first.inner_text())
    assert found is not None
    return found[0]


def _value(page: Page, words: str) -> int:
    cell = page.locator("tr", has=page.get_by_role("rowheader", name=words, exact=True)).locator("td strong").first
    return int(re.sub(r"\D", "", cell.inner_text()))


def test_from_signing_in_to_the_spreadsheet(house: House, sign_in: SignIn, tmp_path: Path) -> None:
    title = "Mains propres avant la bouillie"
    fanta = sign_in(R.COMMUNICATION, name="fanta")
    _written(fanta, house, title)
    _approved(sign_in(R.VALIDATION, name="boubacar"), house, title)

    club = _first_club(fanta, house)
    _campaign(fanta, house, "Les mains", title, club)
    shown = fanta.url
    _later(fanta, house, "1 heure")
    _receives(fanta, "membre", TEXT)
    fanta.goto(shown)
    expect(fanta.locator(".equation")).to_contain_text(re.compile(r"= [1-9]\d* partis?"))

    _later(fanta, house, "1 jour")  # one push a day and number: the question leaves on the next one
    _campaign(fanta, house, "La question", "question,", club)
    _later(fanta, house, "1 heure")
    _receives(fanta, "membre", re.compile(r"\b1 .+ 2 "))
    _says(fanta, "membre", "1")
    _receives(fanta, "membre", re.compile("juste|bonne réponse"))

    _says(fanta, "membre", "STOP")
    _receives(fanta, "membre", re.compile("plus de message"))
    fanta.goto(f"{house.url}/resultats")
    before = _value(fanta, "Séances tenues")
    fanta.goto(f"{house.url}/simulateur")
    _says(fanta, "animatrice", "CR 12 18 7 9 1")
    _receives(fanta, "animatrice", re.compile("18"))

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
