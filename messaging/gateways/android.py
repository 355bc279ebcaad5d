"""SMS Gateway for Android: an ordinary phone as a gateway, through the vendor's cloud, a private server or the local network.

The surprising thing: the phone reports the delivery of each part of a long text, and the reports of one text differ in nothing
but the webhook's own id. A text is delivered when as many have come as it has parts.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from messaging.gateways import http
from messaging.gateways.protocol import (
    Account,
    Asked,
    Capabilities,
    Cause,
    IncomingSms,
    Line,
    Outcome,
    OutgoingSms,
    Probe,
    Refused,
    Sent,
    Setting,
    SmsOnly,
    StatusReport,
    Unreadable,
    WebhookRequest,
    missing,
)
from messaging.gateways.redaction import redacted

CLOUD = "https://api.sms-gate.app/3rdparty/v1"
MESSAGES = "/messages"
OLD_MESSAGES = "/message"  # ‡ of older applications, on the local network only
SHORTEST_LIFE = 5  # seconds; without any the cloud refuses everything once something has waited for a day
SIGNED_WITHIN = timedelta(days=2)  # ‡ whether a repeated webhook is signed anew: the last repetition comes after two days

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

STATES: Mapping[str, str] = {
    "Pending": "wired",
    "Processed": "wired",
    "Cancelling": "wired",
    "Sent": "sent",
    "Delivered": "delivered",
    "Failed": "failed",
    "Cancelled": "failed",
}
RECEIVED = "sms:received"
EVENTS: Mapping[str, str] = {
    "sms:sent": "sent",
    "sms:delivered": "delivered",
    "sms:failed": "failed",
    "sms:cancelled": "failed",
}
TIMES = ("deliveredAt", "sentAt", "failedAt", "cancelledAt")
# What a phone's reason holds, in this order. The words without underscores are ‡: the application writes sentences there.
REASONS: Mapping[str, tuple[str, Cause]] = {
    "RESULT_ERROR_LIMIT_EXCEEDED": ("errored", Cause.PHONE_LIMIT),
    "GENERIC_FAILURE": ("errored", Cause.MODEM),  # often no credit
    "RIL_MODEM_ERR": ("errored", Cause.MODEM),
    "NO_DEFAULT_SMS_APP": ("errored", Cause.SENDER),
    "NO SIM": ("errored", Cause.SENDER),
    "SIM NOT FOUND": ("errored", Cause.SENDER),
    "PERMISSION": ("errored", Cause.SENDER),
}
OTHER_REASON = ("failed", Cause.OTHER)
SHOWN = ("ttl", "simNumber", "deviceId", "withDeliveryReport", "id")


class Android(SmsOnly):
    """The gateway. Webhooks are signed with the phone's own key."""

    name = "android"
    capabilities = Capabilities(ours_in_receipts=True, looks_up=True, idempotent=True)
    settings: tuple[Setting, ...] = (
        Setting("base_url", default=CLOUD),
        Setting("username"),
        Setting("password", secret=True),
        Setting("signing_key", secret=True),
        Setting("sim_number", required=False, choices=("1", "2", "3")),
        Setting("device_id", required=False),
    )
    acknowledgement = ("", "text/plain")

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return _open(account)

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        wrong = missing(self.settings, settings)
        address = urlsplit(_base(settings))
        if address.scheme not in ("http", "https") or not address.hostname:
            wrong.append("base_url")
        return wrong

    def verify(self, account: Account, request: WebhookRequest) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        stamp, signature = headers.get("x-timestamp", ""), headers.get("x-signature", "")
        key = str(account.settings.get("signing_key", ""))
        if not key or not stamp.isascii() or not stamp.isdigit() or not signature.isascii():
            raise Refused("not signed")
        expected = hmac.new(key.encode(), request.body + stamp.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature.lower()):
            raise Refused("wrong signature")
        if request.at is not None and abs(int(stamp[:12]) - request.at.timestamp()) > SIGNED_WITHIN.total_seconds():
            raise Refused("an old signature")

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        event, key, payload = _event(request)
        if event != RECEIVED:
            raise Unreadable(event)
        sender = _word(payload, "sender") or _word(payload, "phoneNumber")
        if not sender or not key:
            raise Refused("sender or id is missing")
        return IncomingSms(
            key=key,  # the payload's messageId is made from the text: two equal ones share it
            sender=sender,
            text=_word(payload, "message"),
            provider_at=_moment(_word(payload, "receivedAt")),
            raw=request.body.decode("utf-8", "replace"),
        )

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        event, key, payload = _event(request)
        if event not in EVENTS:
            raise Unreadable(event)  # app:started, system:ping, sms:batch:…: nothing about one message
        reference = _word(payload, "messageId")
        if not reference or not key:
            raise Refused("messageId or id is missing")
        status, cause, code = EVENTS[event], None, ""
        if event == "sms:failed":
            status, cause, code = _failure(_word(payload, "reason"))
        elif event == "sms:cancelled":
            cause, code = Cause.OTHER, "cancelled"
        parts = _parts(payload) if status == "delivered" else 1
        return StatusReport(
            reference,
            status,
            code=key if parts > 1 else code,
            parts=parts,
            cause=cause,
            number=_word(payload, "recipient") or _word(payload, "phoneNumber") or None,
            provider_at=next((_moment(_word(payload, name)) for name in TIMES if _word(payload, name)), None),
        )


@asynccontextmanager
async def _open(account: Account) -> AsyncIterator[Line]:
    headers = {"Authorization": aiohttp.encode_basic_auth(*_credentials(account))}
    async with http.open_session(headers=headers) as session:
        yield _Line(session, account)


class _Line(Line):
    def __init__(self, session: aiohttp.ClientSession, account: Account) -> None:
        self._session, self._account = session, account
        self._base = _base(account.settings)
        self._served = self._base.endswith("/v1")  # by a server, not by the phone itself
        self._messages = MESSAGES

    async def send(self, sms: OutgoingSms) -> Sent:
        body = self._body(sms)
        request = "\n".join(f"{name}={body[name]}" for name in SHOWN if name in body) + f"\ntextMessage=({len(sms.text)})"
        request = redacted(request, self._private())
        try:
            reply = await self._ask("POST", "", json=body)
        except http.NoAnswer as failure:
            return failure.sent(request)
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
            status, cause, code = _failure(_first_error(found))
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
        except http.NoAnswer as failure:
            return Probe(Cause.NO_CONNECTION, failure.code)
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


def _event(request: WebhookRequest) -> tuple[str, str, Mapping[str, Any]]:
    """The webhook's event, its own id and its payload; Refused for what is none."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Refused("not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("payload"), dict):
        raise Refused("not a webhook")
    return _word(body, "event"), _word(body, "id"), body["payload"]


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _parts(payload: Mapping[str, Any]) -> int:
    count = payload.get("partsCount")
    return count if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= 255 else 1


def _failure(reason: str) -> tuple[str, Cause, str]:
    said = reason.upper()
    word = next((word for word in REASONS if word in said), "")
    return *REASONS.get(word, OTHER_REASON), word or redacted(reason)[:40]


def _first_error(found: Mapping[str, Any]) -> str:
    recipients = found.get("recipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else {}
    return _word(first, "error") if isinstance(first, dict) else ""


def _credentials(account: Account) -> tuple[str, str]:
    return str(account.settings.get("username", "")), str(account.settings.get("password", ""))


def _base(settings: Mapping[str, Any]) -> str:
    return str(settings.get("base_url") or CLOUD).rstrip("/")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
