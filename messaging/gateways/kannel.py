"""Kannel 1.4.5: sendsms, its receipts and its inbound SMS, all of them GET requests between hosts of our own.

The surprising thing: Kannel answers 202, and later even "delivered", to texts that it has damaged. It turns what GSM-7 lacks into
question marks when told coding=0, cuts what is longer than its max-messages, and sends nothing as if it were something. So the
coding is always said, parts are counted before anything leaves, and an empty text does not leave.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit

import aiohttp
from yarl import URL

from messaging.gateways import http
from messaging.gateways.protocol import (
    Account,
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
from messaging.gateways.redaction import redacted, shape
from translations.sms import Encoding

PATH = "/cgi-bin/sendsms"
INBOUND = "id=%I&from=%p&to=%P&text=%a&charset=%C&coding=%c&ts=%T&smsc=%i&udh=%u"
"""What follows `…/hooks/<token>/sms?` in the `get-url` of Kannel's sms-service; Kannel fills in the escapes."""
RECEIPT = "type=%d&answer=%A&at=%T&fid=%F"

TAKEN = ("0:", "3:")  # 0: Accepted for delivery, 3: Queued for later delivery
ANSWERS: Mapping[int, tuple[Outcome, Cause | None]] = {
    400: (Outcome.FAILED, Cause.THIS_TEXT),  # receiver missing or empty, charset misformed
    403: (Outcome.ERRORED, Cause.CREDENTIALS),  # Authorization failed for sendsms
    503: (Outcome.ERRORED, Cause.BUSY_GATEWAY),  # Temporal failure, try again later.
}

ALL_RECEIPTS = 31  # dlr-mask: the sum of the types
TYPES: Mapping[str, str] = {
    "1": "delivered",
    "2": "failed",
    "4": "sent",  # buffered: the handset is away, the operator keeps trying
    "8": "sent",  # accepted by the operator
    "16": "failed",  # refused by the operator
}
# The end that the operator writes in its receipt (SMPP 3.4, appendix B). An unlisted one leaves the type's meaning.
ENDS: Mapping[str, Cause] = {
    "UNDELIV": Cause.UNDELIVERED,
    "EXPIRED": Cause.TIMEOUT,
    "DELETED": Cause.OTHER,
    "REJECTD": Cause.OTHER,
}
# The operator's refusals by SMPP code; every other one is tried again once, and so is that of a long text, which has no code.
REFUSALS: Mapping[int, tuple[str, Cause | None]] = {
    0x0B: ("failed", Cause.DEAD_NUMBER),
    # ‡ Throttled: Kannel itself sends it again, for ever; that the validity ends this is to be confirmed with the operator.
    0x58: ("wired", None),
}
OTHER_REFUSAL = ("failed", Cause.MODEM)

CHARSETS: Mapping[str, str] = {"": "utf-8", "utf-8": "utf-8", "iso-8859-1": "latin-1", "utf-16be": "utf-16-be"}

_NACK = re.compile(r"NACK/0x([0-9a-fA-F]{8})")
_END = re.compile(r"\bstat:([A-Z]+)")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHOWN = ("charset", "coding", "dlr-mask", "validity", "smsc")


class Kannel(SmsOnly):
    """The gateway. The token in our addresses is the only proof of its webhooks: Kannel signs nothing."""

    name = "kannel"
    capabilities = Capabilities(ours_in_receipts=True)
    settings: tuple[Setting, ...] = (
        Setting("base_url", default="http://127.0.0.1:13013"),
        Setting("username"),
        Setting("password", secret=True),
        # Kannel's own max-messages for this user: without default, because a wrong one cuts texts silently.
        Setting("max_parts"),
        Setting("smsc", required=False),
    )
    acknowledgement = ("", "text/plain")

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return _open(account)

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        wrong = missing(self.settings, settings)
        if _whole(settings.get("max_parts")) is None and "max_parts" not in wrong:
            wrong.append("max_parts")
        address = urlsplit(_base(settings))
        # The password stands in the address of each request: it must not leave this host.
        if address.scheme != "http" or address.hostname not in _LOOPBACK:
            wrong.append("base_url")
        return wrong

    def verify(self, account: Account, request: WebhookRequest) -> None:
        names = [name for name, _ in request.asked]
        if len(names) != len(set(names)):
            raise Refused("a field stands twice")

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        _need(request, "from", "id")
        text = _text(request)
        return IncomingSms(
            key=request.field("id"),
            sender=request.field("from"),
            text=text or "",
            provider_at=_moment(request.field("ts")),
            raw=request.query,
            binary=text is None,
        )

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        _need(request, "id", "type")
        kind, answer = request.field("type"), request.field("answer")
        if kind not in TYPES:
            raise Unreadable(f"type {kind}")
        status, cause, code = TYPES[kind], None, ""
        if kind == "16":
            status, cause, code = _refusal(answer)
        elif kind == "2":
            end = _END.search(answer)
            code = end[1] if end else ""
            cause = ENDS.get(code, Cause.UNDELIVERED)
        return StatusReport(request.field("id"), status, code=code, cause=cause, provider_at=_moment(request.field("at")))


@asynccontextmanager
async def _open(account: Account) -> AsyncIterator[Line]:
    async with http.open_session() as session:
        yield _Line(session, account)


class _Line(Line):
    def __init__(self, session: aiohttp.ClientSession, account: Account) -> None:
        self._session, self._account = session, account
        self._url = f"{_base(account.settings)}{PATH}"
        self._most_parts = _whole(account.settings.get("max_parts")) or 1

    async def send(self, sms: OutgoingSms) -> Sent:
        fields = self._fields(sms)
        request = shape(fields, SHOWN)
        if sms.parts > self._most_parts or not sms.text:
            return Sent(Outcome.FAILED, cause=Cause.THIS_TEXT, code="too_long" if sms.text else "empty", request=request)
        try:
            reply = await self._get(fields)
        except http.NoAnswer as failure:
            return failure.sent(request)
        return self._sent(sms, reply, request)

    async def probe(self) -> Probe:
        """A message to nobody: Kannel looks at the password first, then misses the receiver."""
        try:
            reply = await self._get(self._credentials())
        except http.NoAnswer as failure:
            return Probe(Cause.NO_CONNECTION, failure.code)
        detail = f"{reply.status} {redacted(reply.text, self._private())}"
        if reply.status == 400:
            return Probe(detail=detail)
        _, cause = ANSWERS.get(reply.status, (None, Cause.OTHER))
        return Probe(cause, detail)

    async def _get(self, fields: Mapping[str, str]) -> http.Reply:
        # Encoded here: our receipt's address holds escapes that must reach Kannel as they are.
        return await http.ask(
            self._session, "GET", URL(f"{self._url}?{urlencode(fields, quote_via=quote, safe='')}", encoded=True)
        )

    def _credentials(self) -> dict[str, str]:
        settings = self._account.settings
        return {"username": str(settings.get("username", "")), "password": str(settings.get("password", ""))}

    def _fields(self, sms: OutgoingSms) -> dict[str, str]:
        fields = {
            **self._credentials(),
            "from": self._account.number,
            "to": sms.number,
            "text": sms.text,
            "charset": "UTF-8",
            "coding": "0" if sms.encoding == Encoding.GSM7 else "2",
            "dlr-mask": str(ALL_RECEIPTS),
            "dlr-url": f"{self._account.hooks}/status?id={quote(sms.reference, safe='')}&{RECEIPT}",
            "validity": str(max(1, sms.life // 60)),
        }
        if smsc := str(self._account.settings.get("smsc", "")):
            fields["smsc"] = smsc
        return fields

    def _private(self) -> list[str]:
        return [*self._credentials().values(), self._account.hooks]

    def _sent(self, sms: OutgoingSms, reply: http.Reply, request: str) -> Sent:
        outcome, cause = ANSWERS.get(reply.status, (Outcome.UNKNOWN, None))
        if reply.status == 202 and reply.text.startswith(TAKEN):
            outcome = Outcome.WIRED
        return Sent(
            outcome,
            # Kannel's own ids differ between the receipts of one message; ours stands in their address.
            external_id=sms.reference if outcome is Outcome.WIRED else None,
            cause=cause,
            code="" if outcome is Outcome.WIRED else str(reply.status),
            retry_after=reply.retry_after(sms.at),
            request=request,
            response=redacted(reply.text, [*self._private(), sms.number, sms.text]),
            status=reply.status,
            milliseconds=reply.milliseconds,
        )


def _refusal(answer: str) -> tuple[str, Cause | None, str]:
    found = _NACK.search(answer)
    if found is None:
        return *OTHER_REFUSAL, ""
    code = int(found[1], 16)
    return *REFUSALS.get(code, OTHER_REFUSAL), f"0x{code:08x}"


def _text(request: WebhookRequest) -> str | None:
    """The words, None where there are none: UTF-8 with mo-recode (‡ older ones make Latin-1 of what fits), UTF-16 without."""
    charset = CHARSETS.get(request.field("charset").lower())
    if charset is None:  # 8-BIT, or letters we do not know: kept, for staff to look at
        return None
    # From the bytes: a UTF-16 letter may hold the byte of an ASCII one.
    written = (value for name, _, value in (pair.partition("=") for pair in request.query.split("&")) if name == "text")
    return unquote_to_bytes(next(written, "").replace("+", " ")).decode(charset, "replace")


def _need(request: WebhookRequest, *names: str) -> None:
    for name in names:
        if not request.field(name):
            raise Refused(f"{name} is missing")


def _base(settings: Mapping[str, Any]) -> str:
    return str(settings.get("base_url") or Kannel.settings[0].default).rstrip("/")


def _moment(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isascii() and seconds.isdigit() and len(seconds) < 12 else None


def _whole(given: Any) -> int | None:
    said = str(given or "")
    return int(said) if said.isascii() and said.isdigit() and 0 < int(said) < 256 else None
