"""A pretended telephone, as the console's simulator page and the demonstration hold it: read, write, bip, answer, press.

Everything it does goes through our own webhook routes, like a real phone's doings through a provider.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import costs, recordings
from messaging.exchange import Exchange
from messaging.models import Call, CallState, Channel, Contact, Direction, Message, MessageState
from messaging.simulator_network import GOES_ON, hang_up_after, network
from messaging.steps import Record, Step, from_json
from runtime.crypto import blind

ARRIVED = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)


@dataclass(frozen=True)
class Bubble:
    """One SMS as the phone shows it; `mine` is what its owner wrote."""

    message_id: int
    at: datetime
    mine: bool
    text: str
    state: MessageState


@dataclass(frozen=True)
class Answered:
    """What our service said: HTTP status, and for calls the steps it plays."""

    status: int
    steps: tuple[Step, ...] = ()


def thread(session: Session, contact: Contact, limit: int = 50) -> list[Bubble]:
    """The last SMS of this phone, oldest first: what reached it and what it wrote."""
    reached = (Message.direction == Direction.IN) | Message.state.in_(ARRIVED)
    rows = select(Message).where(Message.contact_id == contact.id, reached).order_by(Message.id.desc()).limit(limit)
    found = [
        Bubble(row.id, row.wired_at or row.created_at, row.direction is Direction.IN, row.text or "", row.state)
        for row in session.scalars(rows)
    ]
    return sorted(found, key=lambda bubble: (bubble.at, bubble.message_id))


def ringing(session: Session, contact: Contact) -> Call | None:
    """The call this phone is in, or that makes it ring."""
    live = (CallState.DIALLING, CallState.RINGING, CallState.ANSWERED)
    mine = select(Call).where(Call.contact_id == contact.id, Call.state.in_(live))
    return session.scalars(mine.order_by(Call.id.desc()).limit(1)).first()


def last_talk(session: Session, contact: Contact, since: datetime) -> Call | None:
    """This phone's newest call, if our service brought it to its end and `since`."""
    begun = select(Call).where(Call.contact_id == contact.id, Call.state != CallState.QUEUED)
    newest = session.scalars(begun.order_by(Call.id.desc()).limit(1)).first()
    if newest is None or newest.state is not CallState.COMPLETED or newest.ended_at is None or newest.ended_at < since:
        return None
    return newest


def cost(session: Session, contact: Contact) -> int:
    """What this phone has cost us so far, in whole FCFA; its owner pays for what they write themselves."""
    texts = select(func.sum(costs.OF_TEXT)).where(Message.contact_id == contact.id, Message.direction == Direction.OUT)
    calls = select(func.sum(costs.OF_CALL)).where(Call.contact_id == contact.id, Call.direction == Direction.OUT)
    return (session.scalar(texts) or 0) + (session.scalar(calls) or 0)


def write(exchange: Exchange, channel: Channel, number: str, text: str, now: datetime | None = None) -> Answered:
    """Send an SMS from this phone to a simulator channel."""
    form = {"id": f"in-{uuid.uuid4().hex}", "from": number, "to": channel.number, "text": text}
    if now is not None:
        form["at"] = now.isoformat()
    return Answered(network(exchange).post(f"/hooks/{channel.token}/sms", form)[0])


def call_line(exchange: Exchange, channel: Channel, number: str) -> Answered:
    """Call the line and wait: what it plays where it answers, a refusal where it calls back."""
    form = {"id": f"in-{uuid.uuid4().hex}", "phone": number, "direction": "in", "event": "ringing"}
    return _posted(exchange, channel, form)


def bip(exchange: Exchange, channel: Channel, number: str) -> Answered:
    """Let it ring once and hang up; a line that answers has done so by then, and hears nothing."""
    said = call_line(exchange, channel, number)
    with exchange.database.reading() as session:
        mine = select(Call).join(Contact, Contact.id == Call.contact_id).where(Contact.number_index == blind(number))
        begun = session.scalar(mine.where(Call.direction == Direction.IN, Call.state == CallState.ANSWERED).limit(1))
    return said if begun is None else _voice(exchange, begun, {"event": "completed", "seconds": "1"})


def answer(exchange: Exchange, call: Call) -> Answered:
    """Pick up."""
    return _voice(exchange, call, {"event": "answered"})


def press(exchange: Exchange, call: Call, digits: str, now: datetime, finished_on: str = "") -> Answered:
    """Press keys ("" lets the time run out) after what was last said; a call that waits for none changes nothing."""
    steps = from_json(call.last_answer) if call.last_answer else ()
    waits = [step for step in steps if isinstance(step, GOES_ON)]
    if not waits:
        return Answered(409)
    form = {"event": "turn", "digits": digits, "finished": finished_on, "heard": _heard(call, now)}
    return _voice(exchange, call, form, query=waits[-1].next.partition("?")[2])


def speak(exchange: Exchange, call: Call, data: bytes, now: datetime) -> Answered:
    """Say a sound where a recording is awaited; SoundError for bytes that are none, 409 where nothing is recorded."""
    steps = from_json(call.last_answer) if call.last_answer else ()
    if not steps or not isinstance(steps[-1], Record):
        return Answered(409)
    stored = recordings.keep(exchange.settings.var, data)
    form = {"event": "turn", "digits": "", "finished": "#", "recording": stored.sha256, "recorded": str(stored.seconds)}
    return _voice(exchange, call, {**form, "heard": _heard(call, now)}, query=steps[-1].next.partition("?")[2])


def hang_up(exchange: Exchange, call: Call, now: datetime) -> Answered:
    """End or refuse a call."""
    if call.state is not CallState.ANSWERED:
        return _voice(exchange, call, {"event": "busy"})
    seconds = 0 if call.answered_at is None else max(1, round((now - call.answered_at).total_seconds()))
    return _voice(exchange, call, {"event": "completed", "seconds": str(seconds), "heard": _heard(call, now)})


def _heard(call: Call, now: datetime) -> str:
    """Seconds of the message heard: the time since the answer, as far as the message lasts."""
    if call.answered_at is None or call.core_end_s is None:
        return ""
    return str(max(0.0, (now - call.answered_at).total_seconds()))


def _voice(exchange: Exchange, call: Call, form: dict[str, str], query: str = "") -> Answered:
    with exchange.database.reading() as session:
        channel, contact = session.get_one(Channel, call.channel_id), session.get_one(Contact, call.contact_id)
    known = {"id": call.external_id or f"call-{call.id}", "phone": contact.number or ""}
    return _posted(exchange, channel, {**known, **form}, query)


def _posted(exchange: Exchange, channel: Channel, form: dict[str, str], query: str = "") -> Answered:
    path = f"/hooks/{channel.token}/call"
    status, body = network(exchange).post(f"{path}?{query}" if query else path, form)
    steps = from_json(json.loads(body)) if status == 200 and body else ()
    if steps and not isinstance(steps[-1], GOES_ON):
        with exchange.database.writing() as session:
            hang_up_after(session, channel, form["id"], path, form["phone"], steps)
    return Answered(status, steps)
