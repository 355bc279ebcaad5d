"""Sending through the application, or through the server that its phone is tied to, and asking what became of an SMS."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from messaging.gateways import http
from messaging.gateways.android.words import STATES, failure, word
from messaging.gateways.protocol import Account, Asked, Cause, Line, Outcome, OutgoingSms, Probe, Sent, StatusReport
from messaging.gateways.redaction import redacted

CLOUD = "https://api.sms-gate.app/3rdparty/v1"
MESSAGES = "/messages"
OLD_MESSAGES = "/message"  # ‡ of older applications, on the local network only
SHORTEST_LIFE = 5  # seconds; without any the cloud refuses everything once something has waited for a day
SHOWN = ("ttl", "simNumber", "deviceId", "withDeliveryReport", "id")

ANSWERS: Mapping[int, tuple[Outcome, Cause | None]] = {
    201: (Outcome.WIRED, None),  # ‡ of older applications
    202: (Outcome.WIRED, None),
    400: (Outcome.FAILED, Cause.OTHER),
    401: (Outcome.ERRORED, Cause.CREDENTIALS),
    403: (Outcome.ERRORED, Cause.CREDENTIALS),
    409: (Outcome.WIRED, None),  # our id is there already: an earlier request had arrived
    429: (Outcome.ERRORED, Cause.THROTTLED),  # ‡ a proxy before the server
    503: (Outcome.ERRORED, Cause.BUSY_GATEWAY),  # queue limit, phone offline
}


@asynccontextmanager
async def open_line(account: Account) -> AsyncIterator[Line]:
    """A session with the server that the settings name."""
    headers = {"Authorization": aiohttp.encode_basic_auth(*_credentials(account))}
    async with http.open_session(headers=headers) as session:
        yield _Line(session, account)


def base(settings: Mapping[str, Any]) -> str:
    """The address of the server, without a final slash."""
    return str(settings.get("base_url") or CLOUD).rstrip("/")


class _Line(Line):
    def __init__(self, session: aiohttp.ClientSession, account: Account) -> None:
        self._session, self._account = session, account
        self._base = base(account.settings)
        self._served = self._base.endswith("/v1")  # by a server, not by the phone itself
        self._messages = MESSAGES

    async def send(self, sms: OutgoingSms) -> Sent:
        body = self._body(sms)
        request = "\n".join(f"{name}={body[name]}" for name in SHOWN if name in body) + f"\ntextMessage=({len(sms.text)})"
        request = redacted(request, self._private())
        try:
            reply = await self._ask("POST", "", json=body)
        except http.NoAnswer as none:
            return none.sent(request)
        outcome, cause = ANSWERS.get(reply.status, (Outcome.UNKNOWN, None))
        wired = outcome is Outcome.WIRED
        return Sent(
            outcome,
            external_id=sms.reference if wired else None,
            cause=cause,
            code="" if wired else str(reply.status),
            retry_after=reply.retry_after(sms.at),
            request=request,
            response=redacted(reply.text, [*self._private(), sms.number, sms.number.lstrip("+"), sms.text]),
            status=reply.status,
            milliseconds=reply.milliseconds,
        )

    async def look_up(self, asked: Asked) -> StatusReport | None:
        try:
            reply = await self._ask("GET", f"/{quote(asked.reference, safe='')}")
            found = json.loads(reply.body) if reply.status == 200 else None
        except (http.NoAnswer, ValueError):
            return None
        if not isinstance(found, dict) or found.get("id") != asked.reference or found.get("state") not in STATES:
            return None
        status, cause, code = STATES[found["state"]], None, ""
        if found["state"] == "Failed":
            status, cause, code = failure(_first_error(found))
        elif found["state"] == "Cancelled":
            cause, code = Cause.OTHER, "cancelled"
        return StatusReport(asked.reference, status, code=code, cause=cause)

    async def probe(self) -> Probe:
        """Which phones the server knows, else whether the phone itself takes our password."""
        path = "/devices" if self._served else f"{MESSAGES}?limit=1"
        try:
            reply = await http.ask(self._session, "GET", f"{self._base}{path}")
            if reply.status == 404 and not self._served:  # ‡ an older application lists no messages
                reply = await http.ask(self._session, "GET", f"{self._base}/health")
        except http.NoAnswer as none:
            return Probe(Cause.NO_CONNECTION, none.code)
        if reply.status != 200:
            return Probe(ANSWERS.get(reply.status, (None, None))[1] or Cause.OTHER, str(reply.status))
        return self._phones(reply) if self._served else Probe()

    def _phones(self, reply: http.Reply) -> Probe:
        try:
            phones = {str(one["id"]): str(one.get("lastSeen", "")) for one in json.loads(reply.body)}
        except (ValueError, TypeError, KeyError, AttributeError):
            return Probe(Cause.OTHER, "not a list of phones")
        wanted = str(self._account.settings.get("device_id", ""))
        if not phones or (wanted and wanted not in phones):
            return Probe(Cause.SENDER, "no phone")
        return Probe(detail=f"lastSeen {redacted(phones[wanted] if wanted else max(phones.values()))}")

    async def _ask(self, method: str, rest: str, **request: Any) -> http.Reply:
        path = self._messages
        reply = await http.ask(self._session, method, f"{self._base}{path}{rest}", **request)
        if reply.status != 404 or self._served or path == OLD_MESSAGES:
            return reply
        # Nothing was taken where nothing stands. A message it does not know is a 404 too: the path is kept only if it helps.
        again = await http.ask(self._session, method, f"{self._base}{OLD_MESSAGES}{rest}", **request)
        if again.status != 404:
            self._messages = OLD_MESSAGES
        return again

    def _body(self, sms: OutgoingSms) -> dict[str, Any]:
        settings = self._account.settings
        body: dict[str, Any] = {
            "id": sms.reference,
            "phoneNumbers": [sms.number],
            "textMessage": {"text": sms.text},
            "ttl": max(SHORTEST_LIFE, sms.life),
            "withDeliveryReport": True,
        }
        if sim := str(settings.get("sim_number", "")):
            body["simNumber"] = int(sim)
        if device := str(settings.get("device_id", "")):
            body["deviceId"] = device
        return body

    def _private(self) -> list[str]:
        return [*_credentials(self._account), str(self._account.settings.get("signing_key", ""))]


def _first_error(found: Mapping[str, Any]) -> str:
    recipients = found.get("recipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else {}
    return word(first, "error") if isinstance(first, dict) else ""


def _credentials(account: Account) -> tuple[str, str]:
    return str(account.settings.get("username", "")), str(account.settings.get("password", ""))
