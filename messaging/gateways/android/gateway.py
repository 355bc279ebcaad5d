"""Android's webhooks read: what came in, what became of what went out."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from messaging.gateways.android.line import CLOUD, base, open_line
from messaging.gateways.android.words import EVENTS, RECEIVED, TIMES, failure, word
from messaging.gateways.http import moment
from messaging.gateways.protocol import (
    Account,
    Capabilities,
    Cause,
    IncomingSms,
    Line,
    Refused,
    Setting,
    SmsOnly,
    StatusReport,
    Unreadable,
    WebhookRequest,
    missing,
)

SIGNED_WITHIN = timedelta(days=2)  # ‡ whether a repeated webhook is signed anew: the last repetition comes after two days


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
        return open_line(account)

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        wrong = missing(self.settings, settings)
        address = urlsplit(base(settings))
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
        sender = word(payload, "sender") or word(payload, "phoneNumber")
        if not sender or not key:
            raise Refused("sender or id is missing")
        return IncomingSms(
            key=key,  # the payload's messageId is made from the text: two equal ones share it
            sender=sender,
            text=word(payload, "message"),
            provider_at=moment(word(payload, "receivedAt")),
            raw=request.body.decode("utf-8", "replace"),
        )

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        event, key, payload = _event(request)
        if event not in EVENTS:
            raise Unreadable(event)  # app:started, system:ping, sms:batch:…: nothing about one message
        reference = word(payload, "messageId")
        if not reference or not key:
            raise Refused("messageId or id is missing")
        status, cause, code = EVENTS[event], None, ""
        if event == "sms:failed":
            status, cause, code = failure(word(payload, "reason"))
        elif event == "sms:cancelled":
            cause, code = Cause.OTHER, "cancelled"
        parts = _parts(payload) if status == "delivered" else 1
        return StatusReport(
            reference,
            status,
            code=key if parts > 1 else code,
            parts=parts,
            cause=cause,
            number=word(payload, "recipient") or word(payload, "phoneNumber") or None,
            provider_at=next((moment(word(payload, name)) for name in TIMES if word(payload, name)), None),
        )


def _event(request: WebhookRequest) -> tuple[str, str, Mapping[str, Any]]:
    """The webhook's event, its own id and its payload; Refused for what is none."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Refused("not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("payload"), dict):
        raise Refused("not a webhook")
    return word(body, "event"), word(body, "id"), body["payload"]


def _parts(payload: Mapping[str, Any]) -> int:
    count = payload.get("partsCount")
    return count if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= 255 else 1
