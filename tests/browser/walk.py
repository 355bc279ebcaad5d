"""Every page of the application's own map, one address each, as somebody finds them who may open everything.

Links are followed first, as people follow them. What no link leads to is filled with the arguments of the page above it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Error, Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from console.frame import found
from console.staff import RoleName as R
from tests.browser import acts

EVERYTHING = (R.ADMINISTRATION, R.COMMUNICATION, R.VALIDATION, R.LANGUE, R.SUIVI, R.PROTECTION)
# Pages that the map does not name: of the sign-in library, of nobody, of a link that is dead.
BESIDE = ("/connexion", "/nulle-part", "/entrer/rien")


def routes() -> MapAdapter:
    """The console's map."""
    app = Flask("walk")
    for blueprint in found():
        app.register_blueprint(blueprint)
    return app.url_map.bind("localhost")


@dataclass
class Walk:
    """One person's walk; `left` is what the map names and nobody came to."""

    page: Page
    base: str
    map: MapAdapter = field(default_factory=routes)
    seen: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """Endpoint to the arguments it was opened with."""
    tried: set[str] = field(default_factory=set)

    def kind(self, address: str) -> tuple[str, Mapping[str, object]] | None:
        """The endpoint of an address and its arguments; None outside of the map."""
        try:
            return self.map.match(urlsplit(address).path, method="GET")
        except HTTPException:
            return None

    @property
    def left(self) -> list[Rule]:
        """The rules of the map, the shortest first, that were not opened."""
        rules = (rule for rule in self.map.map.iter_rules() if "GET" in (rule.methods or ()) and rule.endpoint != "static")
        return sorted((rule for rule in rules if rule.endpoint not in self.seen), key=lambda rule: rule.rule)

    def addresses(self) -> Iterator[str]:
        """Open each page once, beginning at Accueil; `page` shows the address given. Files and parts of pages are passed by."""
        waiting = [f"{self.base}/", *begun(self.page, self.base)]
        while waiting := waiting or self._guessed():
            address = waiting.pop(0)
            known = self.kind(address)
            if known is None or known[0] in self.seen or address in self.tried:
                continue
            self.tried.add(address)
            if self._shows(address, *known):
                yield address
                links = self.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href.split('#')[0])")
                waiting += [one for one in links if one.startswith(self.base)]
        for path in BESIDE:
            self.page.goto(self.base + path)
            yield self.base + path

    def _shows(self, address: str, endpoint: str, arguments: Mapping[str, object]) -> bool:
        """Whether the address is a whole page, and neither a mistake, a file nor a part of a page."""
        try:
            answer = self.page.goto(address)
            whole = bool(self.page.evaluate("document.doctype && document.contentType === 'text/html'"))
        except Error:  # a file to keep
            answer, whole = None, False
        if answer is None or answer.ok:
            self.seen[endpoint] = arguments
        return whole and answer is not None and answer.ok

    def _guessed(self) -> list[str]:
        """An address for each rule that is left, with the arguments of a page that was opened."""
        known = {name: value for arguments in self.seen.values() for name, value in arguments.items() if name != "number"}
        guessed = []
        for rule in self.left:
            above = [one for one in self.map.map.iter_rules() if one.endpoint in self.seen and rule.rule.startswith(one.rule)]
            near = max(above, key=lambda one: len(one.rule), default=None)
            values = {**known, **(self.seen[near.endpoint] if near else {})}
            if rule.arguments <= values.keys():
                guessed.append(self.base + self.map.build(rule.endpoint, {name: values[name] for name in rule.arguments}))
        return [address for address in guessed if address not in self.tried]


def begun(page: Page, base: str) -> list[str]:
    """Do what leaves something to show on the pages that only a form leads to; the addresses of those that no link leads to."""
    acts.write(page, base, "Un texte qui attend")
    acts.propose_word(page, base, "musow")
    rows = acts.take_sheet(page, base, "Bambara")
    check = acts.begin_campaign(page, base)
    acts.import_members(page, base)
    pack = page.request.get(f"{base}/messages/langues/bm/paquet.zip").body()
    return [
        check,
        check.removesuffix("/verifier"),
        acts.bring_members(page, base),
        acts.bring(page, f"{base}/campagnes/publics/listes/nouvelle", "liste.csv", b"club\n1010\n9999\n"),
        acts.bring(page, f"{base}/resultats/enquetes/importer", "enquete.csv", acts.SURVEY.encode()),
        acts.bring(page, f"{base}/messages/paquets", "paquet.zip", pack),
        acts.bring_sheet(page, base, "Bambara", [rows[0], *([*row[:-1], ""] for row in rows[1:3])]),
    ]
