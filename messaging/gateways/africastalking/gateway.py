"""Africa's Talking, SMS and voice, as its public documentation and its SDK (africastalking 2.0.3) describe them.

Surprising: nothing we send may carry an address or an id of ours. The addresses stand in its dashboard; a report is matched by
its own id, a call by its session id, and only the `turn` of a call travels, in the addresses that our answers name. ‡ in the
comments marks what it has yet to confirm.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Any
from urllib.parse import parse_qs, urlsplit

from messaging.gateways.africastalking import voice
from messaging.gateways.africastalking.line import open_line
from messaging.gateways.africastalking.words import HANGUPS, MOST_NUMBERS, REASONS, STATUSES
from messaging.gateways.protocol import (
    Account,
    CallStep,
    Capabilities,
    IncomingSms,
    Line,
    Recorded,
    Refused,
    Setting,
    StatusReport,
    Unreadable,
    WebhookRequest,
    missing,
)
from messaging.steps import Step

MOST_PAID = 100_000  # whole francs: no call of ours costs as much
RECORDING_HOSTS = ("africastalking.com",)


class AfricasTalking:
    """The gateway. The user `sandbox` reaches the provider's sandbox, whose voice does not work ‡."""

    name = "africastalking"
    capabilities = Capabilities(voice=True, adopts=True, bulk=MOST_NUMBERS, missed_calls=True, tells_balance=True)
    settings: tuple[Setting, ...] = (
        Setting("username"),
        Setting("api_key", secret=True),
        Setting("sender", required=False),  # without one, the account's own default
        Setting("base_url", required=False),  # empty: the SDK's, https://api.… and https://voice.africastalking.com
    )
    acknowledgement = ("", "text/plain")

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return open_line(account)

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        base = str(settings.get("base_url", ""))
        return missing(self.settings, settings) + (["base_url"] if base and not base.startswith(("https://", "http://")) else [])

    def verify(self, account: Account, request: WebhookRequest) -> None:
        """The token in the address is the whole proof: nothing is signed. A field given twice is refused."""
        names = [name for name, _ in request.form]
        if len(names) != len(set(names)):
            raise Refused("a field stands twice")

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        """An inbound SMS, or an opt-out, which names a `senderId` and no text."""
        form = dict(request.form)
        raw = request.body.decode("utf-8", "replace")
        if "from" not in form and form.get("senderId") and form.get("phoneNumber"):
            return IncomingSms(None, form["phoneNumber"], "", opts_out=True, raw=raw)
        _need(form, "from")
        at = moment(form.get("date", ""))
        return IncomingSms(_key(account, form), form["from"], form.get("text", ""), at, raw=raw)

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        """A delivery report. A reason that we do not know leaves a failure a failure: the word is kept as its code."""
        form = dict(request.form)
        _need(form, "id", "status")
        word, reason = form["status"], form.get("failureReason", "")
        if word not in STATUSES:
            raise Unreadable(word)
        status, cause = STATUSES[word]
        if status in ("failed", "errored"):
            status, cause = REASONS.get(reason, (status, cause))
        return StatusReport(
            reference=form["id"],
            status=status,
            code=(reason or word) if cause else "",
            cause=cause,
            number=form.get("phoneNumber") or None,
        )

    def read_call(self, account: Account, request: WebhookRequest) -> CallStep:
        """A voice request while `isActive` is 1, the call's end when it is 0. `callerNumber` is the phone user both ways."""
        form = dict(request.form)
        _need(form, "isActive", "sessionId", "callerNumber")
        if form["isActive"] not in ("0", "1"):
            raise Unreadable(form["isActive"])
        return _turn(form, request.query) if form["isActive"] == "1" else _end(form)

    def read_recording(self, account: Account, request: WebhookRequest) -> Recorded:
        """A recording comes with a voice request; its address is kept as a place, and never fetched as given."""
        form = dict(request.form)
        _need(form, "sessionId", "recordingUrl")
        return Recorded(form["sessionId"], form["recordingUrl"])

    def recording_request(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        """Their recordings lie on hosts of their own, and only these are asked; nothing of ours is shown to them."""
        try:
            found = urlsplit(place)
            host = (found.hostname or "").lower()
            port = found.port
        except ValueError:
            return None
        theirs = any(host == one or host.endswith(f".{one}") for one in RECORDING_HOSTS)
        if found.scheme != "https" or not theirs or port not in (None, 443) or found.username is not None:
            return None
        return f"https://{host}{found.path}" + (f"?{found.query}" if found.query else ""), {}

    def recording_removal(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        return None  # ‡ its documents name no way to delete one

    def render(self, steps: Sequence[Step], turn: int) -> tuple[str, str]:
        return voice.render(steps), voice.CONTENT_TYPE


def _turn(form: Mapping[str, str], query: str) -> CallStep:
    turn = _whole(parse_qs(query).get("turn", [""])[0])
    # ‡ The direction of our own calls is not reliable; that the session is ours is what counts, and messaging knows it.
    inbound = form.get("direction") == "Inbound"
    recording = form.get("recordingUrl") or None
    keys = form.get("dtmfDigits")
    if turn is None:
        event, digits = ("ringing" if inbound else "answered"), None
    else:
        event, digits = "turn", keys if keys is not None or recording else ""
    return CallStep(
        form["sessionId"], form["callerNumber"], event, inbound, turn=turn, digits=digits, recording=recording, untold=True
    )


def _end(form: Mapping[str, str]) -> CallStep:
    word, seconds = form.get("hangupCause", ""), _whole(form.get("durationInSeconds", ""))
    if word and word not in HANGUPS:
        raise Unreadable(word)
    event, cause = HANGUPS.get(word, ("completed", None))
    if seconds:  # ‡ a call that lasted was answered, however it was cut
        event, cause = "completed", None
    inbound = form.get("direction") == "Inbound"
    return CallStep(
        form["sessionId"],
        form["callerNumber"],
        event,
        inbound,
        seconds=seconds,
        untold=True,
        paid=_paid(form),
        cause=cause,
        code=word,
    )


def _paid(form: Mapping[str, str]) -> int | None:
    """What they charged, rounded up to a whole franc; None in another currency, whose rate we do not know."""
    try:
        amount = Decimal(form.get("amount", ""))
    except InvalidOperation:
        return None
    known = form.get("currencyCode") == "XOF" and amount.is_finite() and 0 <= amount < MOST_PAID
    return ceil(amount) if known else None


def moment(text: str) -> datetime | None:
    """A date as this provider writes one: with T and Z, with a space, or with a literal plus between day and hour.

    Without a zone UTC is assumed ‡. None for anything else.
    """
    if len(text) < len("2026-01-31T06:04"):
        return None  # fromisoformat takes a bare day, and days of other calendars, too
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _key(account: Account, form: Mapping[str, str]) -> str | None:
    """What makes it count once: its id, else the whole message with its date. Without a date, the same words may be new ones."""
    if form.get("id"):
        return form["id"]
    if not form.get("date"):
        return None
    said = "\0".join(form.get(name, "") for name in ("from", "to", "text", "date"))
    # Keyed by the secret address: the plain hash of so short a text could be guessed, and with it the number.
    return hmac.digest(account.hooks.encode(), said.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _need(form: Mapping[str, str], *names: str) -> None:
    for name in names:
        if not form.get(name):
            raise Refused(f"{name} is missing")


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
