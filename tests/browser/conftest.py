"""Chromium as installed, and one installation for all the tests that look at pages."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from console.staff import RoleName
from tests.browser.house import CHROMIUM, LAUNCH, House, opened

SignIn = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium these tests are left out by name."""
    missing = pytest.mark.skip(reason="chromium is not installed: no test in a browser")
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(missing)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of the distribution, for one file: while Playwright is open, nothing else in this process may run asyncio."""
    with sync_playwright() as playwright, playwright.chromium.launch(**LAUNCH) as chromium:  # type: ignore[arg-type]
        yield chromium


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demonstration, served; made once, because loading it takes longer than all the rest."""
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture
def sign_in(browser: Browser, house: House) -> Iterator[SignIn]:
    """`sign_in(RoleName.…, name="fanta", width=1280, scripts=True)`: a page of a browser where that person has signed in."""
    contexts: list[BrowserContext] = []

    def enter(*roles: RoleName, name: str = "", width: int = 1280, scripts: bool = True) -> Page:
        size = {"width": width, "height": 900}
        context = browser.new_context(java_script_enabled=scripts, viewport=size, accept_downloads=True, locale="fr-FR")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(house.link(*roles, name=name))
        page.get_by_role("button", name="Entrer").click()
        page.wait_for_load_state()
        return page

    yield enter
    for context in contexts:
        context.close()
