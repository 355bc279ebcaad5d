"""Every page: nothing that axe finds, no sideways scrolling on a small telephone, and a weight that a 2G link carries."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import SignIn
from tests.browser.house import House
from tests.browser.walk import EVERYTHING, addresses

FIRST_VISIT, LATER = 50 * 1024, 15 * 1024
WIDE_EVERY = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
PAGES_AT_LEAST = 25


def test_axe_finds_nothing_on_any_page(house: House, sign_in: SignIn) -> None:
    page, axe = sign_in(*EVERYTHING, name="tout"), Axe()
    found: dict[str, list[str]] = {}
    count = 0
    for address in addresses(page, house.url):
        count += 1
        for violation in axe.run(page).response["violations"]:
            where = [" ".join(map(str, node["target"])) for node in violation["nodes"][:3]]
            found.setdefault(address.removeprefix(house.url), []).append(f"{violation['id']}: {', '.join(where)}")
    assert found == {}
    assert count >= PAGES_AT_LEAST


def test_no_page_scrolls_sideways_at_320_pixels(house: House, sign_in: SignIn) -> None:
    page = sign_in(*EVERYTHING, name="tout", width=320)
    wide = {}
    for address in addresses(page, house.url):
        width = page.evaluate(WIDE_EVERY)
        if width > 320:
            wide[address.removeprefix(house.url)] = (width, page.evaluate(CULPRITS))
    assert wide == {}


CULPRITS = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > 321 && !one.closest('.table'))
  .slice(0, 3).map(one => one.tagName + '.' + one.className)"""


def _weigh(page: Page, address: str) -> int:
    """Compressed bytes of one visit, headers included, as Chromium's network saw them."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    total = 0

    def add(event: dict[str, Any]) -> None:
        nonlocal total
        total += int(event["encodedDataLength"])

    client.on("Network.loadingFinished", add)
    page.goto(address, wait_until="networkidle")
    client.detach()
    return total


@pytest.mark.parametrize(
    "path", ["/villages", "/", "/campagnes", "/simulateur"], ids=["the 64 villages", "accueil", "campagnes", "simulateur"]
)
def test_pages_weigh_little_on_a_first_visit_and_less_later(house: House, sign_in: SignIn, path: str) -> None:
    page = sign_in(*EVERYTHING, name="tout")
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.clearBrowserCache")
    first, later = _weigh(page, f"{house.url}{path}"), _weigh(page, f"{house.url}{path}")
    print(f"{path}: {first} bytes on a first visit, {later} later")
    assert first <= FIRST_VISIT
    assert later <= LATER
    assert later > 500, "nothing was measured"
