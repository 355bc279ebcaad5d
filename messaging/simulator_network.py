"""The simulator's clockwork: post what is due to our own webhooks, again after a 5xx, and play the phones that answer calls.

A phone nobody holds hears every call to its end and presses the keys of the channel's setting `auto_keys` ("1,2"), one a
question, then nothing. A phone held in the hand is hung up on once it has been told the last words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from messaging.errors import MessagingError
from messaging.exchange import Exchange
from messaging.gateways.simulator import Simulator
from messaging.models import Call, CallState, Channel, SimulatorEvent
from messaging.steps import Gather, Record, Redirect, Step, StepError, from_json, length, sounds

log = structlog.get_logger(__name__)

AT_ONCE = 200
MOST_TRIES = 8
FIRST_RETRY = timedelta(seconds=10)
THINKS = 2.0  # seconds before a key
GOES_ON = (Gather, Record, Redirect)
"""Last steps after which a call is not over."""
_HANG_UP = "hang_up"  # an event's action: posted to a call that is still on
_GONE = 410


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


def hang_up_after(session: Session, channel: Channel, external_id: str, path: str, phone: str, last: Sequence[Step]) -> None:
    """Once this call has heard its last steps the network ends it, unless its holder has hung up by then."""
    call = session.scalars(_on_air(channel.id, external_id)).first()
    if call is None or call.heard_at is None or call.answered_at is None:
        return
    over = call.heard_at + timedelta(seconds=length(last))
    talked = (over - call.answered_at).total_seconds()
    form = {"id": external_id, "phone": phone, "event": "completed", "seconds": str(max(1, round(talked)))}
    if call.core_end_s is not None:
        form["heard"] = str(talked)
    session.add(_event(channel.id, over, path, form, _HANG_UP))


def _on_air(channel_id: int, external_id: str) -> Select[Call]:
    return select(Call).filter_by(channel_id=channel_id, external_id=external_id, state=CallState.ANSWERED)


def _due(exchange: Exchange, now: datetime) -> list[SimulatorEvent]:
    with exchange.database.reading() as session:
        rows = select(SimulatorEvent).where(SimulatorEvent.done_at.is_(None), SimulatorEvent.due_at <= now)
        return list(session.scalars(rows.order_by(SimulatorEvent.due_at, SimulatorEvent.id).limit(AT_ONCE)))


def _post(exchange: Exchange, event: SimulatorEvent) -> _Told:
    form: dict[str, str] = json.loads(event.form)
    if event.action == _HANG_UP:
        with exchange.database.reading() as session:
            if session.scalars(_on_air(event.channel_id, form["id"])).first() is None:
                return _Told(event, _GONE, "")  # its holder was faster
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
    if isinstance(last, GOES_ON):
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
    session.add(_event(row.channel_id, row.due_at + timedelta(seconds=seconds), path, form, action))


def _event(channel_id: int, due_at: datetime, path: str, form: Mapping[str, str], action: str) -> SimulatorEvent:
    plain = json.dumps(dict(form))
    return SimulatorEvent(channel_id=channel_id, action=action, due_at=due_at, path=path, form=plain, failures=0)
