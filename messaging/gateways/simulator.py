"""The simulator: a pretended network that speaks to our own webhook routes, so that demonstrations and tests use the real path.

The last two digits of a number decide what happens to it, as with Kannel's SMPP simulator; a channel's `faults` setting makes
the network misbehave. Its later events are plain data (`Sent.later`) that messaging stores as rows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from messaging.gateways.http import moment
from messaging.gateways.protocol import (
    Account,
    CallStep,
    Capabilities,
    Cause,
    IncomingSms,
    Later,
    Line,
    Outcome,
    OutgoingCall,
    OutgoingSms,
    Recorded,
    Refused,
    Sent,
    Setting,
    StatusReport,
    Unreadable,
    WebhookRequest,
)
from messaging.steps import Step, to_json

Post = Callable[[str, dict[str, str]], tuple[int, str]]
"""Posts a form to a path of our own routes; status and body of the answer."""

STATUSES: Mapping[str, tuple[str, Cause | None]] = {
    "accepted": ("wired", None),
    "sent": ("sent", None),
    "delivered": ("delivered", None),
    "undelivered": ("failed", Cause.UNDELIVERED),
    "absent": ("errored", Cause.ABSENT),
    "invalid": ("failed", Cause.DEAD_NUMBER),
}
EVENTS = ("ringing", "answered", "turn", "completed", "busy", "no_answer", "machine", "failed")
SENT_AFTER, DELIVERED_AFTER, LATE = 1.0, 3.0, 600.0
RINGS_AFTER, ANSWERS_AFTER, GIVES_UP_AFTER = 1.0, 5.0, 45.0
SLOW_SECONDS = 20.0


class Fault(StrEnum):
    """What a channel's setting `faults` (words joined by commas) may switch on."""

    LOST = "lost"  # accepted; neither arrives nor is reported
    LATE = "late"  # receipts ten minutes later
    DOUBLED = "doubled"  # every receipt twice
    OUT_OF_ORDER = "out_of_order"  # delivered before sent
    REFUSING = "refusing"  # no connection
    SLOW = "slow"  # answers after our patience
    ERROR_500 = "error_500"  # takes the message, answers 500


class Simulator:
    """The gateway; `post` reaches our own routes in this process."""

    name = "simulator"
    capabilities = Capabilities(
        voice=True, ours_in_receipts=True, adopts=True, missed_calls=True, simulated=True, takes_with_our_record=True
    )
    settings = tuple(Setting(name, required=False) for name in ("training", "faults", "slow_seconds", "by_hand"))
    acknowledgement = ("", "text/plain")

    def __init__(self, post: Post) -> None:
        self.post = post

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return _open(account)

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        known = {fault.value for fault in Fault}
        return [word for word in _words(settings, "faults") if word not in known]

    def verify(self, account: Account, request: WebhookRequest) -> None:
        """The token in the address is the whole proof, as with several real providers; a field given twice is refused."""
        names = [name for name, _ in request.form]
        if len(names) != len(set(names)):
            raise Refused("a field stands twice")

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms:
        _need(request, "from")
        return IncomingSms(
            key=request.field("id") or None,
            sender=request.field("from"),
            text=request.field("text"),
            provider_at=moment(request.field("at")),
            raw=request.body.decode("utf-8", "replace"),
        )

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport:
        _need(request, "id", "status")
        word = request.field("status")
        if word not in STATUSES:
            raise Unreadable(word)
        status, cause = STATUSES[word]
        return StatusReport(
            reference=request.field("ref") or request.field("id"),
            status=status,
            code=request.field("code"),
            cause=cause,
            number=request.field("to") or None,
            provider_at=moment(request.field("at")),
        )

    def read_call(self, account: Account, request: WebhookRequest) -> CallStep:
        _need(request, "id", "phone", "event")
        event = request.field("event")
        if event not in EVENTS:
            raise Unreadable(event)
        return CallStep(
            external_id=request.field("id"),
            number=request.field("phone"),
            event=event,
            inbound=request.field("direction") == "in",
            reference=request.field("ref") or None,
            turn=_whole(request.field("turn")),
            digits=request.field("digits") if event == "turn" else None,
            finished_on=request.field("finished"),
            recording=request.field("recording") or None,
            seconds=_whole(request.field("seconds")),
            heard=_decimal(request.field("heard")),
            recorded=_decimal(request.field("recorded")),
            cause=Cause.DEAD_NUMBER if request.field("code") == "invalid" else None,
            code=request.field("code"),
        )

    def read_recording(self, account: Account, request: WebhookRequest) -> Recorded:
        _need(request, "id", "place")
        return Recorded(request.field("id"), request.field("place"), _decimal(request.field("seconds")))

    def recording_request(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        return None  # its sounds are in our own store before they are announced

    def recording_removal(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        return None  # never had it

    def render(self, steps: Sequence[Step], turn: int) -> tuple[str, str]:
        return json.dumps(to_json(steps, turn)), "application/json"


@asynccontextmanager
async def _open(account: Account) -> AsyncIterator[Line]:
    yield _Line(account)


class _Line(Line):
    def __init__(self, account: Account) -> None:
        self._account = account
        self._faults = frozenset(_words(account.settings, "faults"))
        self._by_hand = frozenset(_words(account.settings, "by_hand"))
        self._path = urlsplit(account.hooks).path

    async def send(self, sms: OutgoingSms) -> Sent:
        external_id = f"sim-{sms.reference}"
        if Fault.REFUSING in self._faults:
            return Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION, code="refused", request="sms", response="connexion refusée")
        if Fault.SLOW in self._faults:
            await asyncio.sleep(float(self._account.settings.get("slow_seconds", SLOW_SECONDS)))
        refused = {"98": (Outcome.ERRORED, Cause.THROTTLED, 429), "97": (Outcome.FAILED, Cause.DEAD_NUMBER, 400)}
        if (answer := refused.get(sms.number[-2:])) is not None:
            outcome, cause, status = answer
            return Sent(outcome, cause=cause, code=cause.value, request="sms", response=cause.value, status=status)
        later = self._receipts(sms, external_id)
        if Fault.ERROR_500 in self._faults:
            return Sent(Outcome.UNKNOWN, code="500", request="sms", response="erreur", status=500, later=later)
        return Sent(Outcome.WIRED, external_id, request="sms", response="accepted", status=202, later=later)

    async def dial(self, call: OutgoingCall) -> Sent:
        external_id = f"sim-{call.reference}"
        if Fault.REFUSING in self._faults:
            return Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION, code="refused", request="call", response="connexion refusée")
        if call.number.endswith("97"):
            return Sent(Outcome.FAILED, cause=Cause.DEAD_NUMBER, code="invalid", request="call", response="invalid", status=400)
        later = tuple(self._ringing(call, external_id))
        if Fault.ERROR_500 in self._faults:
            return Sent(Outcome.UNKNOWN, code="500", request="call", response="erreur", status=500, later=later)
        return Sent(Outcome.WIRED, external_id, request="call", response="accepted", status=202, later=later)

    def _receipts(self, sms: OutgoingSms, external_id: str) -> tuple[Later, ...]:
        if Fault.LOST in self._faults or sms.number.endswith("96"):
            return ()
        last = "undelivered" if sms.number.endswith("99") else "delivered"
        times = {"sent": SENT_AFTER, last: DELIVERED_AFTER}
        if Fault.OUT_OF_ORDER in self._faults:
            times = {last: SENT_AFTER, "sent": DELIVERED_AFTER}
        delay = LATE if Fault.LATE in self._faults else 0.0
        copies = 2 if Fault.DOUBLED in self._faults else 1
        form = {"id": external_id, "ref": sms.reference, "to": sms.number}
        path = f"{self._path}/status"
        return tuple(
            Later(seconds + delay, path, {**form, "status": status}) for status, seconds in times.items() for _ in range(copies)
        )

    def _ringing(self, call: OutgoingCall, external_id: str) -> list[Later]:
        path = f"{self._path}/call"
        form = {"id": external_id, "ref": call.reference, "phone": call.number}
        if Fault.LOST in self._faults:
            return []
        if call.number.endswith("98"):
            return [Later(RINGS_AFTER, path, {**form, "event": "busy"})]
        rings = Later(RINGS_AFTER, path, {**form, "event": "ringing"})
        unanswered = Later(GIVES_UP_AFTER, path, {**form, "event": "no_answer"})
        if call.number.endswith("99"):
            return [rings, unanswered]
        if call.number in self._by_hand or "*" in self._by_hand:
            return [rings, unanswered]  # ignored once somebody has answered
        return [rings, Later(ANSWERS_AFTER, path, {**form, "event": "answered"}, "listen")]


def _words(settings: Mapping[str, Any], name: str) -> list[str]:
    return [word.strip() for word in str(settings.get(name, "")).split(",") if word.strip()]


def _need(request: WebhookRequest, *names: str) -> None:
    for name in names:
        if not request.field(name):
            raise Refused(f"{name} is missing")


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _decimal(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e6 else None
