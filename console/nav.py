"""The way to every page, in the same order everywhere; an entry shows to those who may open it."""

from dataclasses import dataclass

from flask import Flask, request, url_for

from console.access import Person, declared
from console.words import lazy

# Endpoint, and its words.
ORDER = (
    ("home.index", lazy("Accueil")),
    ("messages.index", lazy("Messages")),
    ("approval.index", lazy("À approuver")),
    ("campaigns.index", lazy("Campagnes")),
    ("calendar.index", lazy("Calendrier")),
    ("inbox.index", lazy("Boîte de réception")),
    ("supervision.index", lazy("Suivi des clubs")),
    ("contacts.index", lazy("Contacts")),
    ("villages.index", lazy("Villages et clubs")),
    ("quizzes.index", lazy("Quiz")),
    ("voice.index", lazy("Serveur vocal")),
    ("radio.index", lazy("Radio")),
    ("results.index", lazy("Résultats")),
    ("closing.index", lazy("Clôturer le mois")),
    ("simulator.index", lazy("Simulateur")),
    ("report_words.index", lazy("Mots des rapports")),
    ("settings.index", lazy("Réglages")),
)


@dataclass(frozen=True)
class Entry:
    """One link; `current` while the page shown belongs to it."""

    endpoint: str
    address: str
    words: str
    current: bool


def entries(app: Flask, person: Person | None) -> list[Entry]:
    """What `person` may open."""
    if person is None:
        return []
    return [
        Entry(endpoint, url_for(endpoint), str(words), _within(url_for(endpoint)))
        for endpoint, words in ORDER
        if person.roles & (declared(app.view_functions[endpoint]) or frozenset())
    ]


def _within(address: str) -> bool:
    return request.path == address or (address != "/" and request.path.startswith(address + "/"))
