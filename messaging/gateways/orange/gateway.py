"""Orange's SMS API for Africa and the Middle East 2.0, as its public documentation describes it.

Surprising: receipts and replies come only after Orange's staff have noted our addresses, and are JSON, so that `request.form` is
empty. ‡ in the comments marks what Orange has yet to confirm.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from messaging.gateways.http import moment
from messaging.gateways.orange.line import open_line
from messaging.gateways.orange.reading import Json, Unexpected, inside, parsed, text_of
from messaging.gateways.orange.tokens import Tokens
from messaging.gateways.orange.words import LONGEST_NAME, STATUSES
from messaging.gateways.protocol import (
    Account,
    Capabilities,
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

BASE = "https://api.orange.com"
SENDER = "tel:+2230000"  # ‡ Mali's
TEL = "tel:"
SENDER_FORM = re.compile(r"tel:\+[0-9]{3,15}")


class Orange(SmsOnly):
    """The gateway; it holds the tokens of all its channels, because a dispatch is shorter than a token's hour."""

    name = "orange"
    capabilities = Capabilities(adopts=True, tells_balance=True)
    settings: tuple[Setting, ...] = (
        Setting("client_id"),
        Setting("client_secret", secret=True),
        Setting("sender_address", required=False, default=SENDER),
        Setting("sender_name", required=False),  # registered with Orange
        Setting("base_url", required=False, default=BASE),
    )
    acknowledgement = ("", "text/plain")

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens or Tokens()

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        base = str(account.settings.get("base_url") or BASE).rstrip("/")
        return open_line(account, self._tokens, base, _sender(account.settings))

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        wrong = missing(self.settings, settings)
        if not SENDER_FORM.fullmatch(_sender(settings)):
            wrong.append("sender_address")
        if len(str(settings.get("sender_name", ""))) > LONGEST_NAME:
            wrong.append("sender_name")
        if not str(settings.get("base_url") or BASE).startswith(("https://", "http://")):
            wrong.append("base_url")
        return wrong

    def verify(self, account: Account, request: WebhookRequest) -> None:
        """The token in the address is the whole proof: nothing is signed."""

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        said = _notified(request, "inboundSMSMessageNotification", "inboundSMSMessage")
        sender, text, at = (text_of(said.get(name)) for name in ("senderAddress", "message", "dateTime"))
        if not sender:
            raise Refused("senderAddress is missing")
        return IncomingSms(
            key=_key(account, (sender, at, text), said),
            sender=sender.removeprefix(TEL),
            text=text,
            provider_at=moment(at),
            raw=request.body.decode("utf-8", "replace"),
        )

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        said = _notified(request, "deliveryInfoNotification")
        if isinstance(several := said.get("deliveryInfo"), list) and len(several) > 1:
            raise Unreadable("several_deliveryInfo")  # ‡ one request has one address, so its receipt has one state
        try:
            info = inside(said, "deliveryInfo")
        except Unexpected as error:
            raise Refused("deliveryInfo is missing") from error
        # ‡ The resource's id; should it come as its whole address, the last part is the id.
        resource = text_of(said.get("callbackData")).rstrip("/").rpartition("/")[2]
        word = text_of(info.get("deliveryStatus"))
        if not resource or not word:
            raise Refused("callbackData or deliveryStatus is missing")
        if word not in STATUSES:
            raise Unreadable(word)
        status, cause = STATUSES[word]
        return StatusReport(
            reference=resource,
            status=status,
            code=word if cause else "",
            cause=cause,
            number=text_of(info.get("address")).removeprefix(TEL) or None,
        )


def _sender(settings: Mapping[str, Any]) -> str:
    """The sender's address as "tel:+…", however it was typed."""
    typed = str(settings.get("sender_address") or SENDER).replace(" ", "").removeprefix(TEL)
    return f"{TEL}+{typed.removeprefix('+')}"


def _notified(request: WebhookRequest, *names: str) -> Json:
    try:
        return inside(parsed(request.body), *names)
    except Unexpected as error:
        raise Refused("not a notification of Orange's") from error


def _key(account: Account, parts: tuple[str, str, str], said: Json) -> str | None:
    """What makes it count once: sender, date and text; without a date their id, if there is one, else nothing does."""
    if not parts[1]:
        return text_of(said.get("messageId")) or None
    # Keyed by the secret address: the plain hash of so short a text could be guessed, and with it the number.
    whole = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(account.hooks.encode(), whole, hashlib.sha256).hex()
