"""One whole campaign by two people who touch no mouse: Tab, arrows, Space, Enter; each stop shows where one is."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from console.staff import RoleName as R
from tests.browser.acts import until
from tests.browser.conftest import SignIn
from tests.browser.house import House

# What has the focus: its words, whether an outline of 2 px or more shows it, and whether it is on the screen.
HERE = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const words = one.labels?.length ? [...one.labels].map(each => each.textContent).join(' ')
    : one.getAttribute('aria-label') || (one.matches('input, select, textarea') ? one.value : one.textContent);
  return {
    words: words.replace(/\\s+/g, ' ').trim(),
    body: one === document.body,
    shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== 'none',
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""
FARTHEST = 200
ANY = ".+"
NO_MOUSE = "sessionStorage.getItem('mouse') === null"


class Keys:
    """A person at a keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script("addEventListener('pointerdown', () => sessionStorage.setItem('mouse', '1'), true)")

    def to(self, words: str) -> None:
        """Tab until something whose words begin so has the focus; every stop on the way is seen."""
        for _ in range(FARTHEST):
            self.page.keyboard.press("Tab")
            here = self._here()
            assert here["body"] or here["shown"], f"nothing shows the focus on {here['words']!r}"
            assert here["body"] or here["inside"], f"the focus left the screen on {here['words']!r}"
            if re.match(words, here["words"]):
                return
        raise AssertionError(f"no Tab comes to {words!r} under « {self.page.title()} »")

    def _here(self) -> dict[str, Any]:
        here: dict[str, Any] = self.page.evaluate(HERE)
        if here["body"] or here["inside"]:
            return here
        self.page.wait_for_timeout(500)  # a page that grows just then scrolls a moment later
        return dict(self.page.evaluate(HERE))

    def enter(self, words: str) -> None:
        """Go there and press Enter, which leads to another page."""
        self.to(words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def skip(self) -> None:
        """Past the menu, by the first link of the page."""
        self.to("Aller au contenu")
        self.page.keyboard.press("Enter")

    def fill(self, words: str, text: str) -> None:
        """Go to a field, and write over what stands in it."""
        self.to(words)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def tick(self, words: str) -> None:
        """Go to a box, or to a group of which one is chosen, and press Space."""
        self.to(words)
        self.page.keyboard.press("Space")

    def choose(self, first: str, words: str) -> None:
        """Go to a list of choices, and down it until the one of these words is chosen."""
        self.to(first)
        for _ in range(FARTHEST):
            if re.search(words, self.page.evaluate(HERE)["words"]):
                self.page.keyboard.press("Space")
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow comes to {words!r}")


def _write(keys: Keys, title: str) -> None:
    keys.enter("Messages")
    keys.enter("Nouveau message")
    keys.fill("Titre", title)
    keys.to("Thème")
    keys.page.keyboard.press("ArrowDown")
    keys.fill("Source", "OMS")
    keys.tick(ANY)
    keys.enter("Créer et écrire le texte")
    keys.fill("Texte du SMS", "Couvrez la bouillie de votre enfant pour que les mouches n'y viennent pas.")
    keys.enter("Enregistrer et proposer")


def test_a_campaign_goes_from_blank_to_sent_by_keyboard_alone(house: House, sign_in: SignIn) -> None:
    title = "La bouillie couverte"
    fanta, boubacar = Keys(sign_in(R.COMMUNICATION, name="fanta")), Keys(sign_in(R.VALIDATION, name="boubacar"))
    fanta.page.goto(f"{house.url}/")
    _write(fanta, title)

    boubacar.page.goto(f"{house.url}/")
    boubacar.enter("À approuver")
    boubacar.enter(title)
    boubacar.enter("Approuver")

    fanta.enter("Campagnes")
    fanta.enter("Nouvelle campagne")
    fanta.fill("Nom de la campagne", "Au clavier")
    fanta.choose(ANY, title)
    fanta.enter("Enregistrer et continuer")
    fanta.fill("Codes de clubs", "1041")
    fanta.enter("Enregistrer et continuer")
    fanta.skip()
    fanta.choose("SMS|Appel|Le canal", "^SMS")
    fanta.enter("Enregistrer et continuer")
    fanta.choose("Dès la confirmation|À la date", "Dès la confirmation")
    fanta.enter("Enregistrer et continuer")
    fanta.enter(r"Envoyer à \d+ numéro")
    expect(fanta.page.get_by_role("heading", level=1)).to_contain_text("Au clavier")
    until(fanta.page, fanta.page.get_by_role("button", name="Envoyer tout de suite"))
    fanta.enter("Envoyer tout de suite")
    expect(fanta.page.locator(".equation")).to_contain_text(re.compile(r"= [1-9]\d* partis?"), timeout=60_000)
    assert fanta.page.evaluate(NO_MOUSE)
    assert boubacar.page.evaluate(NO_MOUSE)
