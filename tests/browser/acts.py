"""What people do on the pages, in their order: the stories are told with these."""

import io
import re

import xlsxwriter
from playwright.sync_api import Locator, Page, expect
from python_calamine import CalamineWorkbook

TEXT = "Lavez-vous les mains au savon avant de donner la bouillie au petit enfant."
MEMBERS = "club;sexe\n1010;F\n9999;F\n"
SURVEY = "indicateur;enquête;début;fin;n;valeur\nmdd;SMART 2025;01/11/2025;30/11/2025;420;21,3\npoids;;;;;\n"


def press(page: Page | Locator, words: str | re.Pattern[str]) -> None:
    """The first button of that name."""
    page.get_by_role("button", name=words).first.click()


def write(page: Page, base: str, title: str, text: str = TEXT) -> None:
    """Write a message and propose it."""
    page.goto(f"{base}/messages")
    press(page, "Nouveau message")
    page.get_by_label("Titre").fill(title)
    page.get_by_label("Thème").select_option(index=1)
    page.get_by_label("Source", exact=True).fill("OMS")
    page.locator("input[name=certainty]").first.check()
    press(page, "Créer et écrire le texte")
    page.get_by_label("Texte du SMS").fill(text)
    press(page, "Enregistrer et proposer")


def approve(page: Page, base: str, title: str) -> None:
    """Read what waits under that title and approve it."""
    page.goto(f"{base}/a-approuver")
    page.get_by_role("link", name=re.compile(title)).first.click()
    press(page, "Approuver")


def send(page: Page, base: str, name: str, content: str, clubs: str) -> None:
    """A campaign in five steps; `content` stands in the label of what is sent."""
    page.goto(f"{base}/campagnes/nouvelle")
    page.get_by_label("Nom de la campagne").fill(name)
    page.locator("label", has_text=content).locator("input:enabled").first.check()
    press(page, "Enregistrer et continuer")
    page.get_by_label("Codes de clubs").fill(clubs)
    page.get_by_label("Un téléphone par club").uncheck()
    press(page, "Enregistrer et continuer")
    page.locator("input[name=route][value=sms]").check()
    press(page, "Enregistrer et continuer")
    page.locator("input[name=when][value=now]").check()
    press(page, "Enregistrer et continuer")
    press(page, re.compile(r"Envoyer à \d+ numéro"))


def begin_campaign(page: Page, base: str) -> str:
    """Go through the five steps without sending; the address of the last, which leads back to each."""
    page.goto(f"{base}/campagnes/nouvelle")
    page.locator("input[name=content]:enabled").first.check()
    for _ in range(4):
        press(page, "Enregistrer et continuer")
        page.wait_for_load_state()
    return page.url


def bring_members(page: Page, base: str, sheet: str = MEMBERS) -> str:
    """Choose a file of members; the address that shows its columns."""
    return bring(page, f"{base}/contacts/import", "membres.csv", sheet.encode())


def bring(page: Page, address: str, name: str, data: bytes) -> str:
    """Choose a file on the page that asks for one; the address that shows how it was read."""
    page.goto(address)
    page.get_by_label("Fichier").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
    press(page, re.compile("^Lire le "))
    page.wait_for_load_state()
    return page.url


def import_members(page: Page, base: str) -> None:
    """Bring members and keep the good rows, so that there is an import to take back."""
    bring_members(page, base)
    page.get_by_role("button", name="Vérifier les lignes").click()
    press(page, re.compile("^Importer 1 ligne"))
    page.wait_for_load_state()


def take_sheet(page: Page, base: str, language: str) -> list[list[str]]:
    """A translator's sheet, as their spreadsheet opens it; `language` as its name stands in the list."""
    page.goto(f"{base}/messages/traduire")
    page.locator("#take-language").select_option(label=language)
    with page.expect_download() as begun:
        press(page, "Tableau (XLSX)")
    sheet = CalamineWorkbook.from_path(str(begun.value.path())).get_sheet_by_index(0)
    return [[str(cell) for cell in row] for row in sheet.to_python()]


def bring_sheet(page: Page, base: str, language: str, rows: list[list[str]]) -> str:
    """Bring a translator's sheet back; the address of what would be written."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    page.goto(f"{base}/messages/traduire")
    form = page.locator("form[enctype='multipart/form-data']")
    form.get_by_label("Langue").select_option(label=language)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    form.get_by_label("Fichier").set_input_files({"name": "feuille.xlsx", "mimeType": kind, "buffer": buffer.getvalue()})
    press(form, "Lire la feuille")
    page.wait_for_load_state()
    return page.url


def propose_word(page: Page, base: str, word: str) -> None:
    """A word of the reports that nobody has confirmed yet."""
    page.goto(f"{base}/mots-des-rapports")
    page.get_by_label("Langue").select_option(index=2)
    page.get_by_label("Le mot, comme on l'écrit sur un téléphone").fill(word)
    page.get_by_label("Ce qu'il veut dire").select_option(index=3)
    press(page, "Ajouter")


def phone(page: Page, role: str) -> Locator:
    """One of the pretended phones of the page « Simulateur »: membre, animatrice."""
    return page.locator(f"section[aria-labelledby=phone-{role}]")


def says(page: Page, role: str, text: str) -> None:
    """Send an SMS from a phone."""
    phone(page, role).get_by_label("SMS").fill(text)
    press(phone(page, role), "Envoyer")
    page.wait_for_load_state()


def receives(page: Page, role: str, text: str | re.Pattern[str]) -> None:
    """Wait until a phone shows what it received."""
    expect(phone(page, role).locator(".theirs", has_text=text).last).to_be_visible(timeout=60_000)


def later(page: Page, words: str) -> None:
    """Give time to the clock, on the page where anybody can: « Simulateur », which is shown."""
    press(page.locator("section[aria-labelledby=clock]"), words)
    page.wait_for_load_state()


def take_phones(page: Page, base: str, place: int = 0) -> str:
    """Take the phones in hand of the club at that place in the lists; its code."""
    page.goto(f"{base}/simulateur")
    for role in ("membre", "animatrice"):
        page.locator(f"select#{role}").select_option(index=place)
    words = page.locator("select#membre option:checked").inner_text()
    press(page, "Prendre ces téléphones")
    page.wait_for_load_state()
    found = re.search(r"\d{4}", words)
    assert found is not None
    return found[0]


def until(page: Page, wanted: Locator) -> None:
    """Look at the page again until it shows that: a minute at most."""
    for _ in range(120):
        if wanted.count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError("it never came")
