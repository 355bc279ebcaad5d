"""Twilio's REST API of 2010-04-01, its webhooks and TwiML; with another base address, any server that speaks them.

On an outgoing call the listener is To, on an incoming one From: Twilio names the ends of the line, never the person.
"""

import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from messaging.gateways.protocol import (
    Account,
    CallStep,
    Capabilities,
    Cause,
    IncomingSms,
    Line,
    Outcome,
    Recorded,
    Refused,
    Setting,
    StatusReport,
    Unreadable,
    WebhookRequest,
    missing,
)
from messaging.gateways.twilio import signature, twiml
from messaging.gateways.twilio.words import (
    ANSWERED_BY,
    CALL_STATUSES,
    OPT_OUTS,
    RECORDING_STATUSES,
    STATUSES,
    Flavour,
    meaning,
)
from messaging.steps import Step

ACCOUNT_SID = re.compile(r"[A-Za-z0-9-]{1,64}")  # a UUID on other servers
SERVICE_SID = re.compile(r"[A-Za-z0-9-]{1,64}")
RECORDING_SID = re.compile(r"RE[0-9a-fA-F]{32}")
BASE_URL = "https://api.twilio.com"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PROGRESS = "call-progress-events"
HANGUP = "hangup"
HEARD = "LamenHeard"  # a field of messaging.voice, which speaks this API: `name=seconds` of each sound
_SOUND = re.compile(r"([\w.-]{1,80})=(\d{1,5}\.\d\d)")
MISSED = ("busy", "no_answer", "failed")


class Twilio:
    """The gateway."""

    name = "twilio"
    capabilities = Capabilities(voice=True, ours_in_receipts=True, looks_up=True, missed_calls=True, tells_balance=True)
    settings: tuple[Setting, ...] = (
        Setting("account_sid"),
        Setting("auth_token", secret=True),
        Setting("auth_token_next", required=False, secret=True),
        Setting("messaging_service_sid", required=False),
        Setting("base_url", default=BASE_URL),
        Setting("flavour", default=Flavour.TWILIO, choices=tuple(Flavour)),
        Setting("machine_detection", required=False, choices=("Enable", "DetectMessageEnd")),
    )
    acknowledgement = ("<Response/>", "text/xml")

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return _open(account)

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        wrong = missing(self.settings, settings)
        shapes = (("account_sid", ACCOUNT_SID), ("messaging_service_sid", SERVICE_SID))
        wrong += [name for name, shape in shapes if settings.get(name) and not shape.fullmatch(str(settings[name]))]
        return wrong if _private(str(settings.get("base_url") or "https://")) else [*wrong, "base_url"]

    def verify(self, account: Account, request: WebhookRequest) -> None:
        signature.verify(account, request)

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        given = _given(request, ("MessageSid", "SmsSid"), ("From",))
        return IncomingSms(
            key=given.get("MessageSid") or given["SmsSid"],
            sender=given["From"],
            text=given.get("Body", ""),
            opts_out=OPT_OUTS.get(given.get("OptOutType", ""), False),  # a new word there must not lose the message
            raw=request.body.decode("utf-8", "replace"),
            binary=not given.get("Body") and given.get("NumMedia", "0") not in ("", "0"),
        )

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        given = _given(request, ("MessageSid", "SmsSid"), ("MessageStatus", "SmsStatus"))
        # RawDlrDoneDate has no zone, so that it is no time.
        return report(
            signature.asked(request).get("ref") or given.get("MessageSid") or given["SmsSid"],
            given.get("MessageStatus") or given["SmsStatus"],
            given.get("ErrorCode", ""),
            given.get("To"),
        )

    def read_call(self, account: Account, request: WebhookRequest) -> CallStep:
        given, query = _given(request, ("CallSid",)), signature.asked(request)
        caller, called = given.get("From") or given.get("Caller", ""), given.get("To") or given.get("Called", "")
        inbound = given["Direction"] == "inbound" if "Direction" in given else "ref" not in query and caller != account.number
        turn = _whole(query.get("turn", ""))
        event = _event(given, turn)
        known = meaning(given.get("ErrorCode", ""))
        digits, finished_on = _keys(given) if event == "turn" else (None, "")
        return CallStep(
            external_id=given["CallSid"],
            number=caller if inbound else called,
            event=event,
            inbound=inbound,
            reference=query.get("ref") or None,
            turn=turn,
            digits=digits,
            finished_on=finished_on,
            recording=_place(given),
            seconds=_whole(given.get("CallDuration", "")),  # Duration is minutes, as billed
            sounds=_sounds(given.get(HEARD, "")),
            untold=HEARD not in given,
            cause=known[1] if known else None,
            code=given.get("ErrorCode") or given.get("SipResponseCode", ""),
        )

    def read_recording(self, account: Account, request: WebhookRequest) -> Recorded:
        given = _given(request, ("CallSid",))
        status = given.get("RecordingStatus", "completed")
        place = _place(given)
        if not RECORDING_STATUSES.get(status, False) or place is None:
            raise Unreadable(status if place else "RecordingUrl")
        seconds = _whole(given.get("RecordingDuration", ""))
        return Recorded(given["CallSid"], place, None if seconds is None else float(seconds))

    def recording_request(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        """The recording as a WAV, always on the configured server: no other is ever shown our credentials."""
        if RECORDING_SID.fullmatch(place):
            return f"{_recording(account, place)}.wav", _proof(account)
        if not place.startswith("/") or ".." in place:
            return None
        suffix = "" if place.endswith(".wav") else ".wav"
        return f"{_base(account)}{place}{suffix}", _proof(account)

    def recording_removal(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        """Its own resource; one that was announced by a bare path has none that we know."""
        return (f"{_recording(account, place)}.json", _proof(account)) if RECORDING_SID.fullmatch(place) else None

    def render(self, steps: Sequence[Step], turn: int) -> tuple[str, str]:
        return twiml.write(steps), "text/xml"


@asynccontextmanager
async def _open(account: Account) -> AsyncIterator[Line]:
    # The SDK takes a quarter of a second to load: only where a Twilio channel sends.
    from messaging.gateways.twilio.line import TwilioLine

    line = TwilioLine(account)
    try:
        yield line
    finally:
        line.close()


def report(reference: str, word: str, code: str, number: str | None = None) -> StatusReport:
    """One status in our words; Unreadable for a word that we do not know."""
    if word not in STATUSES:
        raise Unreadable(word)
    status, cause, known = STATUSES[word], None, meaning(code)
    if status == "failed" and known is not None:
        cause = known[1]
        status = "errored" if known[0] is Outcome.ERRORED else "failed"
    elif status == "failed":
        cause = Cause.UNDELIVERED
    return StatusReport(reference, status, code=code, cause=cause, number=number or None)


def _event(given: Mapping[str, str], turn: int | None) -> str:
    word = given.get("CallStatus", "")
    if (word or turn is None) and word not in CALL_STATUSES:
        raise Unreadable(word or "CallStatus")
    event = CALL_STATUSES.get(word, "answered")
    if event in MISSED:
        return event
    if ANSWERED_BY.get(given.get("AnsweredBy", ""), False):  # a new word there must not hang up on anybody
        return "machine"
    if turn is not None:
        return "turn"  # also after they hung up: what they had recorded counts
    # News of an answer are not the request for what to say: that one comes on its own.
    return "ringing" if event == "answered" and given.get("CallbackSource") == PROGRESS else event


def _keys(given: Mapping[str, str]) -> tuple[str, str]:
    """Digits, "" after a silence, and the key that ended them. Of a recording Digits is only the key that ended it."""
    digits = given.get("Digits", "")
    if "RecordingUrl" in given or digits == HANGUP:
        return "", "" if digits == HANGUP else digits
    return digits, given.get("FinishedOnKey", "")


def _base(account: Account) -> str:
    return str(account.settings.get("base_url") or BASE_URL).rstrip("/")


def _recording(account: Account, sid: str) -> str:
    return f"{_base(account)}/2010-04-01/Accounts/{account.settings['account_sid']}/Recordings/{sid}"


def _proof(account: Account) -> dict[str, str]:
    given = f"{account.settings['account_sid']}:{account.settings['auth_token']}"
    return {"Authorization": f"Basic {base64.b64encode(given.encode()).decode()}"}


def _place(given: Mapping[str, str]) -> str | None:
    """Where a recording is: its id, or only the path of its address, since an address is never fetched as it was given."""
    sid, path = given.get("RecordingSid", ""), ""
    if RECORDING_SID.fullmatch(sid):
        return sid
    try:
        path = urlsplit(given.get("RecordingUrl", "")).path
    except ValueError:
        return None
    return path if path.startswith("/") and ".." not in path else None


def _sounds(text: str) -> tuple[tuple[str, float], ...]:
    found = (_SOUND.fullmatch(part) for part in text.split(" "))
    return tuple((one[1], float(one[2])) for one in found if one)


def _given(request: WebhookRequest, *wanted: tuple[str, ...]) -> dict[str, str]:
    given = signature.fields(request)
    for names in wanted:
        if not any(given.get(name) for name in names):
            raise Refused(f"{names[0]} is missing")
    return given


def _private(url: str) -> bool:
    """Whether the token may go there: over TLS, or to this very machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        return False


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
