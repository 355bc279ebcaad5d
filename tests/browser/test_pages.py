"""Every page of the application's map: nothing that axe finds, no sideways scrolling on a small telephone, and a weight that a
2G link carries. A page that is added is looked at without being named here.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import SignIn
from tests.browser.house import House
from tests.browser.walk import EVERYTHING, Walk

FIRST_VISIT, LATER = 50 * 1024, 15 * 1024
WIDE_EVERY = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
PAGES_AT_LEAST = 100
# Sounds and files that nobody made yet, parts of a page that are asked again, and the link that a sign-in used up.
NO_PAGES = {
    *("prepared.fetch", "messages.sound", "voices.sound", "simulator.screen", "campaigns.figures", "translating.sheet"),
    "entrance.enter",
}
CULPRITS = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > 321 && !one.closest('.table'))
  .slice(0, 3).map(one => one.tagName + '.' + one.className)"""


@dataclass
class Scales:
    """What pages weigh as Chromium's network sees them, headers included."""

    page: Page
    documents: int = 0
    assets: dict[str, int] = field(default_factory=dict)
    """Address of a static file to its bytes when it was fetched; afterwards the browser keeps it."""
    here: set[str] = field(default_factory=set)
    _asked: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        client = self.page.context.new_cdp_session(self.page)
        client.on("Network.requestWillBeSent", self._ask)
        client.on("Network.loadingFinished", self._finish)
        client.send("Network.enable")
        client.send("Network.clearBrowserCache")

    def _ask(self, event: dict[str, Any]) -> None:
        if event["type"] == "Document":
            self.documents, self.here = 0, set()
        path = self._asked[event["requestId"]] = urlsplit(event["request"]["url"]).path
        if path.startswith("/static/"):
            self.here.add(path)

    def _finish(self, event: dict[str, Any]) -> None:
        path, size = self._asked.get(event["requestId"], ""), int(event["encodedDataLength"])
        if path.startswith("/static/"):
            self.assets[path] = max(size, self.assets.get(path, 0))
        else:
            self.documents += size

    @property
    def later(self) -> int:
        """Bytes of the page shown, for a browser that keeps the static files."""
        return self.documents

    @property
    def first(self) -> int:
        """Bytes of the page shown, for a browser that comes to it first."""
        return self.documents + sum(self.assets[path] for path in self.here)


@dataclass
class Found:
    """What is wrong, by page."""

    base: str
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def add(self, address: str, *words: str) -> None:
        """Note something about a page."""
        self.wrong.setdefault(address.removeprefix(self.base), []).extend(words)


def _axe(axe: Axe, page: Page, width: int) -> list[str]:
    return [
        f"{violation['id']} at {width} px: {', '.join(' '.join(map(str, node['target'])) for node in violation['nodes'][:3])}"
        for violation in axe.run(page).response["violations"]
    ]


def test_every_page_is_clean_narrow_and_light(house: House, sign_in: SignIn) -> None:
    page, axe = sign_in(*EVERYTHING, name="tout"), Axe()
    walk, scales, found = Walk(page, house.url), Scales(page), Found(house.url)
    heaviest, count = ("", 0), 0
    for address in walk.addresses():
        count += 1
        found.add(address, *_axe(axe, page, 1280))
        heaviest = max(heaviest, (address, scales.later), key=lambda one: one[1])
        if not 500 < scales.later <= LATER or not scales.later < scales.first <= FIRST_VISIT:
            found.add(address, f"{scales.first} bytes on a first visit, {scales.later} later")
        page.set_viewport_size({"width": 320, "height": 900})
        found.add(address, *_axe(axe, page, 320))
        if (width := page.evaluate(WIDE_EVERY)) > 320:
            found.add(address, f"{width} px wide: {page.evaluate(CULPRITS)}")
        page.set_viewport_size({"width": 1280, "height": 900})
    print(f"{count} pages, the heaviest {heaviest}, static files {sum(scales.assets.values())} bytes")
    assert {address: words for address, words in found.wrong.items() if words} == {}
    assert {rule.endpoint for rule in walk.left} <= NO_PAGES, "no link leads there, and no page above lends its arguments"
    assert count >= PAGES_AT_LEAST


def weigh(page: Page, address: str) -> int:
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


@pytest.mark.parametrize("path", ["/villages", "/simulateur"], ids=["the 64 villages", "simulateur"])
def test_a_second_visit_to_the_same_page_fetches_nothing_but_the_page(house: House, sign_in: SignIn, path: str) -> None:
    page = sign_in(*EVERYTHING, name="tout")
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.clearBrowserCache")
    first, later = weigh(page, f"{house.url}{path}"), weigh(page, f"{house.url}{path}")
    print(f"{path}: {first} bytes on a first visit, {later} later")
    assert first <= FIRST_VISIT
    assert later <= LATER
    assert later > 500, "nothing was measured"
