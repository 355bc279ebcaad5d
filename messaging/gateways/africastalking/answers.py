"""What Africa's Talking answers to a request, read into our outcomes; every answer is matched to a number, never to a place.

An answer that cannot be read whole is unknown, not refused: it came after the request had left. The SDK would give `str` instead
of a dictionary whenever the content type is spelt another way; the body is parsed here whatever it is called.
"""

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from messaging.gateways.africastalking.words import CALLS, CODES, HTTP, REFUSALS, Meaning
from messaging.gateways.http import Reply
from messaging.gateways.protocol import Cause, Outcome, OutgoingCall, OutgoingSms, Probe, Sent
from messaging.gateways.redaction import redacted

LONGEST_CODE = 40
NOBODY = "None"  # what it writes where others leave a field empty
Json = dict[str, Any]


def read_sent(reply: Reply, batch: Sequence[OutgoingSms]) -> list[Sent]:
    """One answer for each message of the request, in their order; one that the answer does not name is unknown."""
    if (refused := _by_status(reply, batch[0].at)) is not None:
        return [refused] * len(batch)
    data = _body(reply).get("SMSMessageData")
    if not isinstance(data, dict) or not isinstance(recipients := data.get("Recipients"), list):
        return [_unread(reply)] * len(batch)
    if not recipients:
        return [_refused(reply, data.get("Message"))] * len(batch)
    named = _by_number(recipients, "number")
    return [_one_sms(reply, _next(named, sms.number), sms) for sms in batch]


def read_called(reply: Reply, call: OutgoingCall) -> Sent:
    """The answer to a call. Its `errorMessage` is the text "None" when there is no error."""
    if (refused := _by_status(reply, call.at)) is not None:
        return refused
    said = _body(reply)
    if not isinstance(entries := said.get("entries"), list):
        return _unread(reply)
    if not entries:
        return _refused(reply, said.get("errorMessage"))
    entry = _next(_by_number(entries, "phoneNumber"), call.number)
    if entry is None:
        return replace(_unread(reply), code="not_named")
    status = _text(entry.get("status"))
    return _meant(reply, CALLS.get(status), status, _text(entry.get("sessionId")), f"status={status}")


def read_account(reply: Reply) -> Probe:
    """The account's balance, such as "KES 1785.50"; nothing left is a cause of its own."""
    if reply.status in HTTP:
        return Probe(HTTP[reply.status][1], f"HTTP {reply.status}")
    if not _taken(reply):
        return Probe(Cause.BUSY_GATEWAY, f"HTTP {reply.status}")
    data = _body(reply).get("UserData")
    balance = _text(data.get("balance")) if isinstance(data, dict) else ""
    try:
        left = Decimal(balance.split()[-1])
    except (InvalidOperation, IndexError):
        return Probe(Cause.OTHER, "no balance in the answer")
    return Probe(None if left > 0 else Cause.CREDIT, balance=balance[:LONGEST_CODE])


def _one_sms(reply: Reply, entry: Json | None, sms: OutgoingSms) -> Sent:
    if entry is None:
        return replace(_unread(reply), code="not_named")
    code, status = _text(entry.get("statusCode")), _text(entry.get("status"))
    shown = f"code={code} status={status} cost={_text(entry.get('cost'))} parts={_text(entry.get('messageParts'))}"
    return _meant(reply, CODES.get(code), code, _text(entry.get("messageId")), redacted(shown, (sms.number, sms.text)))


def _meant(reply: Reply, meaning: Meaning | None, code: str, theirs: str, shown: str) -> Sent:
    # A word we do not know may mean either; only a report, or a person, can tell.
    outcome, cause = meaning or (Outcome.UNKNOWN, None)
    taken = theirs if theirs != NOBODY and outcome in (Outcome.WIRED, Outcome.UNKNOWN) else ""
    return Sent(
        outcome,
        external_id=taken or None,
        cause=cause,
        code="" if outcome is Outcome.WIRED else _short(code),
        response=f"HTTP {reply.status} {redacted(shown)} id={theirs[:96]}",
        status=reply.status,
        milliseconds=reply.milliseconds,
    )


def _by_status(reply: Reply, now: datetime) -> Sent | None:
    """What the HTTP code alone says, None when the body must be read."""
    if _taken(reply):
        return None
    refused: Meaning = (Outcome.FAILED, Cause.OTHER) if 400 <= reply.status < 500 else (Outcome.UNKNOWN, None)
    outcome, cause = HTTP.get(reply.status, refused)
    return Sent(
        outcome,
        cause=cause,
        code=str(reply.status),
        retry_after=reply.retry_after(now) if cause is Cause.THROTTLED else None,
        response=f"HTTP {reply.status}",  # its body may repeat the numbers and the key
        status=reply.status,
        milliseconds=reply.milliseconds,
    )


def _refused(reply: Reply, reason: Any) -> Sent:
    word = _text(reason)
    cause = next((cause for name, cause in REFUSALS.items() if name in word), Cause.SENDER)
    shown = f"HTTP {reply.status} refused: {redacted(word)}"
    code = _short(word) or "refused"
    return Sent(Outcome.ERRORED, cause=cause, code=code, response=shown, status=reply.status, milliseconds=reply.milliseconds)


def _unread(reply: Reply) -> Sent:
    return Sent(
        Outcome.UNKNOWN,
        code="unreadable",
        response=f"HTTP {reply.status}",
        status=reply.status,
        milliseconds=reply.milliseconds,
    )


def _taken(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def _body(reply: Reply) -> Json:
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _by_number(entries: Sequence[Any], name: str) -> Mapping[str, deque[Json]]:
    found: defaultdict[str, deque[Json]] = defaultdict(deque)
    for entry in entries:
        if isinstance(entry, dict):
            found[_digits(_text(entry.get(name)))].append(entry)
    return found


def _next(named: Mapping[str, deque[Json]], number: str) -> Json | None:
    waiting = named.get(_digits(number))
    return waiting.popleft() if waiting else None


def _digits(number: str) -> str:
    return "".join(char for char in number if char.isdigit())


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


def _short(word: str) -> str:
    return redacted(word)[:LONGEST_CODE]
