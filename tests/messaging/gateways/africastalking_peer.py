"""A pretended Africa's Talking on 127.0.0.1, which the official SDK calls: it checks the key and answers as the provider does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.gateways.protocol import Account, OutgoingCall, OutgoingSms, Probe, Sent
from tests.messaging.gateways.contract import AT, AWA, SECRET_TEXT
from tests.peers.served import served

SISTER, SORY = "+22300010002", "+22300010003"
KEY = "not-a-real-key"
CALLS_FROM = "+22300000009"
NOBODY_LISTENS = "http://127.0.0.1:9"
Answer = Callable[[Mapping[str, str]], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """What it was sent, and how it answers: `sms`, `call` and `user` may be replaced by a test."""

    address: str = ""
    seen: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()} | dict(request.query)
        self.seen.append((request.path, request.headers, form))
        self.ports.add(request.transport.get_extra_info("peername")[1] if request.transport else 0)
        if request.headers.get("apiKey") != KEY:
            return web.Response(status=401, text="The supplied authentication is invalid")
        return await self.answers.get(request.path, self.usual)(form)

    async def usual(self, form: Mapping[str, str]) -> web.StreamResponse:
        if "message" in form:
            return said_of(*(recipient(number) for number in form["to"].split(",")))
        if "to" in form:
            entry = {"phoneNumber": form["to"], "status": "Queued", "sessionId": "ATVId_1"}
            return web.json_response({"entries": [entry], "errorMessage": "None"})
        return web.json_response({"UserData": {"balance": "KES 1785.50"}})

    def always(self, path: str, answer: Callable[[], web.Response]) -> None:
        """Answer every request to a path so."""

        async def give(_: Mapping[str, str]) -> web.StreamResponse:
            return answer()

        self.answers[path] = give

    @property
    def forms(self) -> list[Mapping[str, str]]:
        return [form for _, _, form in self.seen]

    def account(self, **settings: str) -> Account:
        given = {"username": "lamen-mali", "api_key": KEY, "base_url": self.address} | settings
        return Account(1, CALLS_FROM, given, "https://nut.example/hooks/t")


def recipient(number: str, code: int = 101, status: str = "Success", message_id: str = "") -> dict[str, Any]:
    message_id = message_id or f"ATXid_{number[-4:]}"
    return {"statusCode": code, "number": number, "status": status, "cost": "KES 0.8000", "messageId": message_id}


def said_of(*recipients: Mapping[str, Any], message: str = "Sent to 1/1 Total Cost: KES 0.8000") -> web.Response:
    return web.json_response({"SMSMessageData": {"Message": message, "Recipients": recipients}}, status=201)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    provider.always("/broken/version1/messaging", lambda: web.Response(status=500))
    with served(provider.handle) as address:
        provider.address = address
        yield provider


def sms(number: str = AWA, text: str = SECRET_TEXT) -> OutgoingSms:
    return OutgoingSms(f"0190a-{number}", number, text, "GSM-7", 1, 3600, AT)


def send(provider: Provider, *batch: OutgoingSms, **settings: str) -> Sequence[Sent]:
    async def go() -> Sequence[Sent]:
        async with AfricasTalking().line(provider.account(**settings)) as line:
            return await line.send_many(batch)

    return asyncio.run(go())


def probe(provider: Provider, **settings: str) -> Probe:
    async def go() -> Probe:
        async with AfricasTalking().line(provider.account(**settings)) as line:
            return await line.probe()

    return asyncio.run(go())


def called(provider: Provider) -> Sent:
    """Dial one number."""

    async def go() -> Sent:
        async with AfricasTalking().line(provider.account()) as line:
            return await line.dial(OutgoingCall("0190a-call", AWA, 45, AT))

    return asyncio.run(go())
