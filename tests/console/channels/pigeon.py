"""A provider that does not exist, with one setting of each sort, to be added, tested and watched on the pages of channels."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from messaging.gateways.kannel import Kannel
from messaging.gateways.protocol import Account, Capabilities, Line, Outcome, OutgoingSms, Probe, Sent, Setting, missing
from messaging.models import Channel
from runtime.database import Database

LIST = "/reglages/canaux"
SECRET = "FAKE-mot-de-passe-long"


@dataclass
class End(Line):
    """A provider's end of the line: it answers as it was told, and keeps what it was sent."""

    says: Probe = field(default_factory=Probe)
    answers: Sent = field(default_factory=lambda: Sent(Outcome.WIRED, "p-1", response="taken"))
    got: list[OutgoingSms] = field(default_factory=list)

    async def send(self, sms: OutgoingSms) -> Sent:
        self.got.append(sms)
        return self.answers

    async def probe(self) -> Probe:
        return self.says


class Pigeon(Kannel):
    """A real provider with one setting of each sort."""

    name = "pigeon"
    capabilities = Capabilities(tells_balance=True)
    settings = (
        Setting("loft", default="https://pigeon.example"),
        Setting("key", secret=True),
        Setting("second_key", secret=True, required=False),
        Setting("breed", choices=("homing", "carrier")),
        Setting("ring", required=False, choices=("left", "right")),
    )

    def __init__(self) -> None:
        self.end = End()

    def check(self, settings: object) -> list[str]:
        assert isinstance(settings, dict)
        return missing(self.settings, settings)

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Line]:
        yield self.end


GIVEN = {
    "name": "Pigeon 1",
    "number": "76000001",
    "kinds": "sms",
    "set_loft": "https://loft.example",
    "set_key": SECRET,
    "set_second_key": "FAKE-second",
    "set_breed": "homing",
    "set_ring": "left",
    "price_per_part": "18",
    "parts_per_minute": "30",
    "parts_per_hour": "60",
    "in_flight": "2",
    "warn_below": "50",
    "needs_bundle": "1",
}


def row(database: Database, number: int) -> Channel:
    with database.reading() as session:
        return session.get_one(Channel, number)


def plain(page: str) -> str:
    """A page's words with ordinary spaces, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page).replace("\u202f", " ").replace("\u00a0", " ").replace("&#39;", "'"))
