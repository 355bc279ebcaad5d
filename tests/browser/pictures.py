"""`python -m tests.browser.pictures FOLDER`: a picture of each page at 320 and 1280 pixels, to be looked at by people."""

import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from tests.browser.house import LAUNCH, House, opened
from tests.browser.walk import EVERYTHING, Walk

WIDTHS = (320, 1280)


def take(house: House, folder: Path) -> int:
    """Write the pictures; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)  # type: ignore[arg-type]
        page = browser.new_context(locale="fr-FR").new_page()
        page.goto(house.link(*EVERYTHING, name="tout"))
        page.get_by_role("button", name="Entrer").click()
        page.wait_for_load_state()
        for address in Walk(page, house.url).addresses():
            name = re.sub(r"\W+", "-", urlsplit(address).path).strip("-") or "accueil"
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
                count += 1
        browser.close()
    return count


def main() -> None:
    """Open an installation in a temporary folder and take its pictures."""
    with tempfile.TemporaryDirectory(prefix="lamen-pictures-") as name, opened(Path(name)) as house:
        print(take(house, Path(sys.argv[1])), "pictures")


if __name__ == "__main__":
    main()
