"""Every page that links lead to, one address a kind of page, as somebody finds them who may open everything."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Page

from console.staff import RoleName as R

EVERYTHING = (R.ADMINISTRATION, R.COMMUNICATION, R.VALIDATION, R.LANGUE, R.SUIVI, R.PROTECTION)
FILES = re.compile(r"\.(csv|xlsx|zip|json|svg)$|/sons/|/hooks/")
# What no link leads to: pages of a form's first step, of nobody, and of mistakes.
UNLINKED = ("/connexion", "/nulle-part", "/entrer/rien")
MOST = 80


def _kind(address: str) -> str:
    """`/messages/12/fr` and `/messages/7/bm` are one kind of page."""
    path = re.sub(r"/\d+", "/N", urlsplit(address).path)
    path = re.sub(r"/messages/langues/\w+/", "/messages/langues/X/", path)
    path = re.sub(r"^/voix/\w+/\w", "/voix/X/X", re.sub(r"/dire/\w+$", "/dire/X", path))
    return re.sub(r"(/messages/N/|/contacts/import/)\w+$", r"\1X", path)


def five_steps(page: Page, base: str) -> str:
    """Begin a campaign and go through its steps without sending it; the address of the last, which leads back to each."""
    page.goto(f"{base}/campagnes/nouvelle")
    page.locator("input[name=content]:enabled").first.check()
    for _ in range(4):
        page.get_by_role("button", name="Enregistrer et continuer").first.click()
        page.wait_for_load_state()
    return page.url


def addresses(page: Page, base: str) -> Iterator[str]:
    """Go to each kind of page once, beginning at Accueil; `page` shows the address that is given."""
    waiting = [f"{base}/", five_steps(page, base), *(f"{base}{path}" for path in UNLINKED)]
    seen = {_kind(address) for address in waiting}
    given = 0
    while waiting and given < MOST:
        address = waiting.pop(0)
        page.goto(address)
        given += 1
        found = page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
        for href in found:
            there = urljoin(address, href).partition("#")[0]
            if there.startswith(base) and not FILES.search(urlsplit(there).path) and _kind(there) not in seen:
                seen.add(_kind(there))
                waiting.append(there)
        yield address
