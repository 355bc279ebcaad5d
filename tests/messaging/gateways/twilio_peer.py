"""A server that judges requests as Twilio's documentation does and answers as it is told, and webhooks signed as Twilio signs.

It runs in a thread with a loop of its own, because gateways are asked from `asyncio.run`.
"""

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from messaging.gateways.protocol import Account, Line, WebhookRequest
from messaging.gateways.twilio.gateway import Twilio

SID = "AC" + "0" * 32
TOKEN = "not-a-real-token"
BASIC = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
NUMBER = "+22300000002"
AWA = "+22300010001"
HOOKS = "https://nut.example/hooks/tok"
MESSAGE, CALL, RECORDING = ("SM" + "0" * 31 + "1", "CA" + "0" * 31 + "1", "RE" + "0" * 31 + "1")
FORM = "application/x-www-form-urlencoded"


@dataclass
class TwilioPeer:
    """`answers` are given in order, then the last one again; `asked` holds (method, path, fields) of what was accepted."""

    url: str = ""
    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    delay: float = 0.0
    cut: bool = False
    drip: bool = False

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.answers.append((status, body, {name.replace("_", "-"): value for name, value in headers.items()}))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != BASIC:
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        source = await request.post() if request.method == "POST" else request.query
        fields = {name: [str(one) for one in source.getall(name)] for name in source}
        self.asked.append((request.method, request.path, fields))
        if self.cut:
            assert request.transport is not None
            request.transport.close()
        if self.drip:
            return await self._drip(request)
        await asyncio.sleep(self.delay)
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers, content_type="application/json")

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=201)
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.05)


@contextmanager
def serving() -> Iterator[TwilioPeer]:
    """A peer on a free port of 127.0.0.1, until the block ends."""
    peer, ready, loop = TwilioPeer(), threading.Event(), asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", peer.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(10)
    yield peer
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def server() -> Iterator[TwilioPeer]:
    """A peer of this test's own."""
    with serving() as found:
        yield found


def at_line(given: Account, do: Callable[[Line], Any]) -> Any:
    """What `do` answers, asked of an open line."""

    async def go() -> Any:
        async with Twilio().line(given) as line:
            return await do(line)

    return asyncio.run(go())


def account(base_url: str = "", **settings: str) -> Account:
    """A channel of ours at Twilio."""
    given = {"account_sid": SID, "auth_token": TOKEN, **({"base_url": base_url} if base_url else {}), **settings}
    return Account(1, NUMBER, given, HOOKS)


def sms(**changed: str) -> dict[str, str]:
    """The form of an inbound SMS, as Twilio sends it."""
    where = {f"{end}{what}": "" for end in ("From", "To") for what in ("City", "State", "Zip")}
    return {
        "ToCountry": "ML",
        "SmsMessageSid": MESSAGE,
        "NumMedia": "0",
        "SmsSid": MESSAGE,
        "SmsStatus": "received",
        "FromCountry": "ML",
        "Body": "CR 12 18 7 9 1 Bɛ",
        "To": NUMBER,
        "NumSegments": "1",
        "MessageSid": MESSAGE,
        "AccountSid": SID,
        "From": AWA,
        "ApiVersion": "2010-04-01",
        **where,
        **changed,
    }


def status(word: str, **changed: str) -> dict[str, str]:
    """The form of a delivery report."""
    form = {"SmsSid": MESSAGE, "SmsStatus": word, "MessageStatus": word, "To": AWA, "MessageSid": MESSAGE}
    return form | {"AccountSid": SID, "From": NUMBER, "ApiVersion": "2010-04-01", **changed}


def call(word: str, direction: str = "inbound", **changed: str) -> dict[str, str]:
    """The form of a voice request or call status; on an outgoing call the listener is To."""
    near, far = (AWA, NUMBER) if direction == "inbound" else (NUMBER, AWA)
    ends = {"From": near, "Caller": near, "To": far, "Called": far}
    form = {"CallSid": CALL, "CallStatus": word, "Direction": direction, "AccountSid": SID, "ApiVersion": "2010-04-01"}
    return ends | form | changed


def signed(
    kind: str,
    form: dict[str, str],
    query: str = "",
    token: str = TOKEN,
    base: str = HOOKS,
    algorithm: str = "",
) -> WebhookRequest:
    """What our route would see of this form, posted by Twilio to one of our addresses."""
    url = f"{base}/{kind}" + (f"?{query}" if query else "")
    headers = {"Content-Type": FORM, "X-Twilio-Signature": RequestValidator(token).compute_signature(url, form, algorithm)}
    if algorithm:
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
    return WebhookRequest("POST", f"/hooks/tok/{kind}", url, query, headers, urlencode(form).encode(), tuple(form.items()))


def signed_json(kind: str, body: bytes, query: str = "", token: str = TOKEN) -> WebhookRequest:
    """The same with a JSON body, whose hash stands in the address."""
    query = "&".join(one for one in (query, f"bodySHA256={hashlib.sha256(body).hexdigest()}") if one)
    url = f"{HOOKS}/{kind}?{query}"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": RequestValidator(token).compute_signature(url, {})}
    return WebhookRequest("POST", f"/hooks/tok/{kind}", url, query, headers, body)
