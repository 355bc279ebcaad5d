"""What the tests of the Android gateway share: a server that plays the phone and its vendor, and webhooks as it signs them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from messaging.gateways.protocol import Account, WebhookRequest
from tests.messaging.gateways.contract import AWA
from tests.peers.served import cut

KEY = "not-a-real-key"
REFERENCE = "0190a000-0000-7000-8000-000000000001"
SETTINGS = {"username": "FAKE-user", "password": "FAKE-password", "signing_key": KEY}
SIGNED_AT = datetime.fromtimestamp(1_800_000_000, UTC)
VECTOR_BODY = '{"event":"sms:received","id":"e1","payload":{"message":"Bɛ 2"}}'.encode()
VECTOR = "fd9786693bc7363b0e88446d9f6de963f65833d298dcf3cf2816880ea9eab271"


@dataclass
class Server:
    """The vendor's server, or with `path` a phone on the local network; `asked` is (method, path, body) of each request."""

    status: int = 202
    body: Any = None
    path: str = "/messages"
    drops: bool = False
    phones: list[dict[str, str]] = field(default_factory=lambda: [{"id": "phone-1", "lastSeen": "2026-03-18T09:59:00Z"}])
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body: Any = await request.json() if request.body_exists else None
        self.asked.append((request.method, request.path, body))
        if self.drops:
            return cut(request)
        wanted = "Basic " + base64.b64encode(b"FAKE-user:FAKE-password").decode()
        if request.headers.get("Authorization") != wanted:
            return web.json_response({"message": "Unauthorized"}, status=401)
        if request.method == "POST" and request.path.endswith(self.path):
            state = {"id": body["id"], "deviceId": "phone-1", "state": "Pending", "recipients": [{"phoneNumber": AWA}]}
            return web.json_response(self.body or state, status=self.status, headers=self.headers)
        if request.path.endswith("/devices"):
            return web.json_response(self.phones)
        if request.path.endswith("/health") or (request.path == self.path and "limit" in request.query):
            return web.json_response([])
        found = self.messages.get(request.path.rpartition(f"{self.path}/")[2])
        return web.json_response(found) if found else web.json_response({"message": "not found"}, status=404)


def account(base_url: str, **settings: str) -> Account:
    return Account(1, "+22300000099", SETTINGS | {"base_url": base_url} | settings, "https://nut.example/hooks/a-token")


def cloud(address: str, **settings: str) -> Account:
    return account(f"{address}/3rdparty/v1", **settings)


def signed(body: bytes, stamp: int = 1_800_000_000, key: str = KEY, at: datetime = SIGNED_AT) -> WebhookRequest:
    proof = hmac.new(key.encode(), body + str(stamp).encode(), hashlib.sha256).hexdigest()
    headers = {"X-Signature": proof, "X-Timestamp": str(stamp), "Content-Type": "application/json"}
    return WebhookRequest("POST", "/hooks/t/sms", "", "", headers, body, (), at)


def webhook(event: str, key: str = "e1", **payload: Any) -> WebhookRequest:
    body = {"deviceId": "phone-1", "event": event, "id": key, "webhookId": "w1", "payload": payload}
    return signed(json.dumps(body, ensure_ascii=False).encode())
