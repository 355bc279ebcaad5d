"""One whole campaign without JavaScript: everything works by forms and links, only slower."""

import re

from playwright.sync_api import expect

from console.staff import RoleName as R
from tests.browser.acts import approve, later, phone, press, send, take_phones, until, write
from tests.browser.conftest import SignIn
from tests.browser.house import House


def test_a_campaign_goes_from_blank_to_the_telephone_without_scripts(house: House, sign_in: SignIn) -> None:
    title, text = "Le puits fermé", "Fermez le puits et gardez l'eau de la famille dans un bidon propre."
    kadia = sign_in(R.COMMUNICATION, name="kadia", scripts=False)
    write(kadia, house.url, title, text)
    approve(sign_in(R.VALIDATION, name="boubacar", scripts=False), house.url, title)
    club = take_phones(kadia, house.url, 3)
    send(kadia, house.url, "Sans script", title, club)
    expect(kadia.get_by_role("heading", level=1)).to_contain_text("Sans script")
    shown = kadia.url
    take_phones(kadia, house.url, 3)
    later(kadia, "1 heure")
    until(kadia, phone(kadia, "membre").locator(".theirs", has_text=text))  # without scripts no page looks by itself
    kadia.goto(shown)
    expect(kadia.locator(".equation")).to_contain_text(re.compile(r"= [1-9]\d* partis?"))


def test_a_campaign_is_counted_sent_and_stopped_without_scripts(house: House, sign_in: SignIn) -> None:
    page = sign_in(R.COMMUNICATION, name="kadia", scripts=False)
    page.goto(f"{house.url}/campagnes/nouvelle")
    page.get_by_label("Nom de la campagne").fill("Arrêtée")
    page.locator("input[name=content]:enabled").first.check()
    for _ in range(4):  # of nobody's choosing: all clubs, one phone each, by the channel and on the day that are offered
        press(page, "Enregistrer et continuer")
    press(page, re.compile(r"Envoyer à \d+ numéros"))
    page.get_by_role("link", name="Actualiser").first.click()
    press(page, "Arrêter")
    expect(page.get_by_text("Campagne arrêtée. Plus rien ne part.")).to_be_visible()


def test_what_is_wrong_is_said_and_what_was_typed_is_kept_without_scripts(house: House, sign_in: SignIn) -> None:
    page = sign_in(R.COMMUNICATION, name="kadia", scripts=False)
    page.goto(f"{house.url}/messages/nouveau")
    page.get_by_label("Titre").fill("Le jardin")
    press(page, "Créer et écrire le texte")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Titre")).to_have_value("Le jardin")
