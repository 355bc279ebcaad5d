"""The simulator's clockwork: post what is due to our own webhooks, again after a 5xx, and play the phones that answer calls.

A phone nobody holds hears every call to its end and presses the keys of the channel's setting `auto_keys` ("1,2"), one a
question, then nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging.errors import MessagingError
from messaging.exchange import Exchange
from messaging.gateways.simulator import Simulator
from messaging.models import Channel, SimulatorEvent
from messaging.steps import Gather, Record, Redirect, Step, StepError, from_json, length, sounds

log = structlog.get_logger(__name__)

AT_ONCE = 200
MOST_TRIES = 8
FIRST_RETRY = timedelta(seconds=10)
THINKS = 2.0  # seconds before a key


class NoSimulator(MessagingError):
    """This installation has no simulator."""


@dataclass(frozen=True)
class _Told:
    """What one post came to."""

    event: SimulatorEvent
    status: int
    body: str


def network(exchange: Exchange) -> Simulator:
    """The simulator gateway; NoSimulator without one."""
    gateway = exchange.gateways.get(Simulator.name)
    if not isinstance(gateway, Simulator):
        raise NoSimulator
    return gateway


def deliver(exchange: Exchange, now: datetime) -> int:
    """Post everything due, oldest first; how many posts were taken. What they cause may be due at once, too."""
    taken = 0
    while due := _due(exchange, now):
        told = [_post(exchange, event) for event in due]
        with exchange.database.writing() as session:
            taken += sum(_settle(session, one, now) for one in told)
    return taken


def _due(exchange: Exchange, now: datetime) -> list[SimulatorEvent]:
    with exchange.database.reading() as session:
        rows = select(SimulatorEvent).where(SimulatorEvent.done_at.is_(None), SimulatorEvent.due_at <= now)
        return list(session.scalars(rows.order_by(SimulatorEvent.due_at, SimulatorEvent.id).limit(AT_ONCE)))


def _post(exchange: Exchange, event: SimulatorEvent) -> _Told:
    form: dict[str, str] = json.loads(event.form)
    sent = {name: value for name, value in form.items() if not name.startswith("_")}
    try:
        status, body = network(exchange).post(event.path, sent)
    except Exception:  # in tests errors come through the client; a network only sees a failure
        log.exception("simulator.post", event_id=event.id)
        status, body = 500, ""
    return _Told(event, status, body)


def _settle(session: Session, told: _Told, now: datetime) -> bool:
    row = session.get(SimulatorEvent, told.event.id, with_for_update=True)
    if row is None or row.done_at is not None:
        return False  # another process was faster; our routes take the same news twice
    row.status = told.status
    if told.status >= 500 and row.failures + 1 < MOST_TRIES:
        row.failures += 1
        row.due_at = now + FIRST_RETRY * 2 ** (row.failures - 1)
        return False
    row.done_at = now
    if row.action == "listen" and told.status == 200:
        _listen(session, row, told.body)
    return told.status < 300


def _listen(session: Session, row: SimulatorEvent, body: str) -> None:
    """Follow the steps of one answer: the next thing this phone does becomes a row of its own."""
    form: dict[str, str] = json.loads(row.form)
    try:
        answer = json.loads(body)
        steps = from_json(answer)
    except (ValueError, StepError):
        steps = ()
    spent, heard = length(steps), sum(clip.seconds for clip in sounds(steps) if clip.core_end_s is not None)
    talked = float(form.get("_seconds", "0")) + spent
    listened = float(form.get("_heard", "0")) + heard
    base: dict[str, str] = {name: value for name, value in form.items() if name in ("id", "ref", "phone")}
    base |= {"_heard": str(listened), "heard": str(listened)}
    last = steps[-1] if steps else None
    if isinstance(last, (Gather, Record, Redirect)):
        key = _key(session, row, form) if isinstance(last, Gather) else ""
        waits = THINKS if key else last.first_s if isinstance(last, Gather) else 0.0
        after = {**base, "event": "turn", "digits": key, "_seconds": str(talked + waits), "_asked": _next_asked(form, last)}
        _later(session, row, spent + waits, _path(last.next), after, "listen")
        return
    over = {**base, "event": "completed", "seconds": str(max(1, round(talked)))}
    _later(session, row, spent, urlsplit(row.path).path, over, "post")


def _next_asked(form: Mapping[str, str], last: Step) -> str:
    return str(int(form.get("_asked", "0")) + isinstance(last, Gather))


def _key(session: Session, row: SimulatorEvent, form: Mapping[str, str]) -> str:
    settings = json.loads(session.get_one(Channel, row.channel_id).settings or "{}")
    keys = [key.strip() for key in str(settings.get("auto_keys", "")).split(",")]
    asked = int(form.get("_asked", "0"))
    return keys[asked] if asked < len(keys) else ""


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _later(session: Session, row: SimulatorEvent, seconds: float, path: str, form: Mapping[str, str], action: str) -> None:
    session.add(
        SimulatorEvent(
            channel_id=row.channel_id,
            action=action,
            due_at=row.due_at + timedelta(seconds=seconds),
            path=path,
            form=json.dumps(dict(form)),
            failures=0,
        )
    )
