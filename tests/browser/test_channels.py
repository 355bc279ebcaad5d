"""A channel is added in two steps without scripts, and what only a button shows is readable by everybody too."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console.staff import RoleName
from messaging.models import Channel
from tests.browser.conftest import SignIn
from tests.browser.house import House
from tests.browser.test_pages import WIDE_EVERY

CHANNELS = "/reglages/canaux"


def test_a_channel_is_added_in_two_steps_without_scripts(house: House, sign_in: SignIn) -> None:
    page = sign_in(RoleName.ADMINISTRATION, scripts=False)
    page.goto(f"{house.url}{CHANNELS}")
    page.get_by_role("button", name="Ajouter un canal").click()
    page.get_by_role("button", name="Choisir : Simulateur").click()
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_role("link", name="Donnez un nom au canal.").click()
    page.get_by_label("Nom").fill("Essai à deux pas")
    page.get_by_label("Numéro", exact=True).fill("36090")
    page.get_by_label("Appels", exact=True).check()
    page.get_by_label("SMS par minute").fill("45")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Canal ajouté. Collez ses adresses, puis essayez-le.")).to_be_visible()
    with house.database.reading() as session:
        row = session.query(Channel).filter_by(name="Essai à deux pas").one()
    assert (row.kinds, row.parts_per_minute) == (["sms", "voice"], 45)
    expect(page.get_by_text(f"/hooks/{row.token}/sms")).to_be_visible()
    page.reload()
    expect(page.get_by_text(f"/hooks/{row.token}/sms")).to_have_count(0)


def _click(path: str, name: str) -> Callable[[Page, str], None]:
    def go(page: Page, base: str) -> None:
        page.goto(f"{base}{CHANNELS}{path}")
        page.get_by_role("button", name=name).first.click()
        page.wait_for_load_state()

    return go


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize(
    "go",
    [
        pytest.param(_click("/1", "Montrer les adresses"), id="addresses"),
        pytest.param(_click("/1/essai", "Vérifier le compte"), id="account checked"),
        pytest.param(_click("/1/essai", "Envoyer l'essai"), id="test without a number"),
        pytest.param(_click("/1/forfaits", "Ajouter"), id="bundle with errors"),
        pytest.param(_click("/nouveau/simulator", "Enregistrer"), id="form with errors"),
    ],
)
def test_what_a_button_shows_is_clean_and_narrow(
    house: House, sign_in: SignIn, go: Callable[[Page, str], None], width: int
) -> None:
    page = sign_in(RoleName.ADMINISTRATION, width=width)
    go(page, house.url)
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
    assert page.evaluate(WIDE_EVERY) <= width
