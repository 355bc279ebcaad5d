"""One whole campaign without JavaScript: everything works by forms and links, only slower."""

import re

from playwright.sync_api import Page, expect

from console.staff import RoleName as R
from tests.browser.conftest import SignIn
from tests.browser.house import House


def _next(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer et continuer").click()


def test_a_campaign_is_made_counted_sent_and_cancelled_without_scripts(house: House, sign_in: SignIn) -> None:
    page = sign_in(R.COMMUNICATION, name="kadia", scripts=False)
    page.goto(f"{house.url}/campagnes/nouvelle")
    page.get_by_label("Nom de la campagne").fill("Sans script")
    page.locator("input[name=content]:enabled").first.check()
    _next(page)
    _next(page)  # of nobody's choosing: all clubs, one phone each
    page.locator("input[name=route][value=sms]").check()
    _next(page)
    page.locator("input[name=when][value=now]").check()
    _next(page)
    page.get_by_role("button", name=re.compile(r"Envoyer à \d+ numéros")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sans script")
    page.get_by_role("link", name="Actualiser").first.click()
    page.get_by_role("button", name="Arrêter").first.click()
    expect(page.get_by_text("Campagne arrêtée. Plus rien ne part.")).to_be_visible()


def test_what_is_wrong_is_said_and_what_was_typed_is_kept_without_scripts(house: House, sign_in: SignIn) -> None:
    page = sign_in(R.COMMUNICATION, name="kadia", scripts=False)
    page.goto(f"{house.url}/messages/nouveau")
    page.get_by_label("Titre").fill("Le jardin")
    page.get_by_role("button", name="Créer et écrire le texte").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Titre")).to_have_value("Le jardin")
