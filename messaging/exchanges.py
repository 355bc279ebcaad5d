"""What is kept of a webhook we understood: the shape of what came and what we made of it; no number, no text, no secret.

Values come from what the gateway read, never from the fields themselves: a provider may put a text or a number into any of them.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from messaging.gateways.protocol import CallStep, IncomingSms, Recorded, StatusReport, WebhookRequest
from messaging.gateways.redaction import redacted
from messaging.models import ChannelLog
from runtime.database import Json, late

MOST_FIELDS = 50
_INSERT = insert(ChannelLog).inline()
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\[\]-]{0,39}")

Understood = IncomingSms | StatusReport | CallStep | Recorded


def log_of(
    channel_id: int,
    kind: str,
    request: WebhookRequest,
    read: Understood,
    now: datetime,
    *,
    message_id: int | None = None,
    call_id: int | None = None,
    note: str = "",
) -> Json:
    """The values of one webhook's `ChannelLog`. `note` is one word of ours, such as "repeated"."""
    said = " ".join(f"{name}={value}" for name, value in _said(read).items() if value not in (None, "", False))
    return {
        "channel_id": channel_id,
        "message_id": message_id,
        "call_id": call_id,
        "at": now,
        "inbound": True,
        "status": 200,
        "request": f"{request.method} {kind}\n{_shape(request)}".rstrip(),
        "response": redacted(f"{said} {note}".strip()),
        "milliseconds": 0,
    }


def write(session: Session, log: Json) -> None:
    """Store a row that nobody will change or ask for: cheaper than to have the session look after it."""
    late(session, _INSERT, log)


def _shape(request: WebhookRequest) -> str:
    """The names of the fields with the lengths of their values."""
    fields = [*request.form, *request.asked]
    if not fields and request.body[:1] == b"{":
        fields = _flat(request.body)
    named = ((name if _NAME.fullmatch(name) else "?", len(value)) for name, value in fields[:MOST_FIELDS])
    return " ".join(f"{name}({length})" for name, length in named)


def _flat(body: bytes) -> list[tuple[str, str]]:
    try:
        return _inner("", json.loads(body))
    except (ValueError, RecursionError):
        return []


def _inner(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for name, inner in value.items() for pair in _inner(f"{prefix}.{name}".lstrip("."), inner)]
    if isinstance(value, list):
        return [pair for inner in value for pair in _inner(f"{prefix}[]", inner)]
    return [(prefix, "" if value is None else str(value))]


def _said(read: Understood) -> dict[str, object]:
    if isinstance(read, IncomingSms):
        return {"id": read.key, "signs": len(read.text), "opts_out": read.opts_out}
    if isinstance(read, StatusReport):
        parts = read.parts if read.parts > 1 else None
        return {"id": read.reference, "status": read.status, "code": read.code, "cause": read.cause, "parts": parts}
    if isinstance(read, CallStep):
        turn = {"id": read.external_id, "event": read.event, "turn": read.turn, "seconds": read.seconds}
        keys = None if read.digits is None else len(read.digits)
        return {**turn, "keys": keys, "code": read.code, "cause": read.cause}
    return {"id": read.external_id, "seconds": read.seconds}
