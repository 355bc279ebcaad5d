"""A pretended Orange on 127.0.0.1: it gives tokens, checks them, and answers an SMS as the provider does."""

import asyncio
import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from messaging.gateways.orange.gateway import Orange
from messaging.gateways.protocol import Account, OutgoingSms, Probe, Sent
from tests.messaging.gateways.contract import AT, AWA, SECRET_TEXT
from tests.peers.served import served

CLIENT, SECRET = "not-a-real-client", "not-a-real-secret"
TOKEN_PATH, CONTRACTS_PATH = "/oauth/v3/token", "/sms/admin/v1/contracts"
SEND_PATH = "/smsmessaging/v1/outbound/tel%3A%2B2230000/requests"
NOBODY_LISTENS = "http://127.0.0.1:9"


@dataclass
class Provider:
    """What it was sent, and how it answers. `valid` tokens open everything; `given` counts those asked for."""

    address: str = ""
    given: int = 0
    valid: set[str] = field(default_factory=set)
    life: Any = "3600"
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    answers: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    token_takes: float = 0.0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if request.raw_path in self.answers:
            return self.answers[request.raw_path]()
        if request.path == TOKEN_PATH:
            return await self.token(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid:
            return web.json_response({"code": 42, "message": "Expired credentials", "description": "expired"}, status=401)
        if request.raw_path == CONTRACTS_PATH:
            return web.json_response(
                [{"country": "MLI", "availableUnits": 480, "status": "ACTIVE", "expirationDate": "2026-05-01"}]
            )
        if request.raw_path != SEND_PATH or request.method != "POST":
            return web.json_response({"code": 60, "message": "Resource not found"}, status=404)
        said = await request.json()
        self.bodies.append(said)
        place = f"{self.address}/smsmessaging/v1/outbound/tel:+2230000/requests/r-{len(self.bodies)}"
        sms = said["outboundSMSMessageRequest"]
        return web.json_response({"outboundSMSMessageRequest": sms | {"resourceURL": place}}, status=201)

    async def token(self, request: web.Request) -> web.Response:
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != expected or (await request.post()).get("grant_type") != "client_credentials":
            return web.json_response({"error": "invalid_client"}, status=401)
        await asyncio.sleep(self.token_takes)
        self.given += 1
        self.valid.add(token := f"token-{self.given}")
        return web.json_response({"token_type": "Bearer", "access_token": token, "expires_in": self.life})

    def always(self, path: str, answer: Callable[[], web.Response]) -> None:
        """Answer every request to a path, as it is written on the wire, so."""
        self.answers[path] = answer

    def account(self, **settings: str) -> Account:
        given = {"client_id": CLIENT, "client_secret": SECRET, "base_url": self.address} | settings
        return Account(1, "+2230000", given, "https://nut.example/hooks/secret-token")


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Shut down with the test."""
    provider = Provider()
    with served(provider.handle) as address:
        provider.address = address
        yield provider


def sms(number: str = AWA, text: str = SECRET_TEXT) -> OutgoingSms:
    return OutgoingSms(f"0190a-{number}", number, text, "GSM-7", 1, 3600, AT)


def send(provider: Provider, *batch: OutgoingSms, gateway: Orange | None = None, **settings: str) -> Sequence[Sent]:
    """Send all of them at once over one line."""

    async def go() -> Sequence[Sent]:
        async with (gateway or Orange()).line(provider.account(**settings)) as line:
            return await asyncio.gather(*(line.send(one) for one in batch))

    return asyncio.run(go())


def probe(provider: Provider, gateway: Orange | None = None, **settings: str) -> Probe:
    async def go() -> Probe:
        async with (gateway or Orange()).line(provider.account(**settings)) as line:
            return await line.probe()

    return asyncio.run(go())
