"""A gateway whose answers a test chooses, and short ways to queue what it sends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from messaging.contacts import find_or_create
from messaging.exchange import Exchange
from messaging.gateways.protocol import Account, Line, Outcome, OutgoingCall, OutgoingSms, Sent
from messaging.gateways.simulator import Post, Simulator
from messaging.models import Broadcast, BroadcastState, Channel, Contact, Message, Route
from messaging.outbox import dispatch
from messaging.queue import queue_push, queue_reply
from tests.world import World
from translations.models import Variant

Say = Callable[[OutgoingSms], Sent]


def wired(sms: OutgoingSms) -> Sent:
    """Everything is accepted."""
    return Sent(Outcome.WIRED, f"theirs-{sms.reference}")


def _nowhere(path: str, form: dict[str, str]) -> tuple[int, str]:
    return 204, ""


@dataclass
class Scripted(Simulator, Line):
    """Answers what `say` says after `seconds`; `ledger` holds what was asked for, `most` how many requests were open at once."""

    post: Post = _nowhere
    say: Say = wired
    seconds: float = 0.0
    ledger: list[OutgoingSms] = field(default_factory=list)
    called: list[OutgoingCall] = field(default_factory=list)
    dialled: Callable[[OutgoingCall], Sent] = lambda call: Sent(Outcome.WIRED, f"theirs-{call.reference}")
    open: int = 0
    most: int = 0

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return self._line()

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        yield self

    async def send(self, sms: OutgoingSms) -> Sent:
        self.ledger.append(sms)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.open -= 1
        return self.say(sms)

    async def dial(self, call: OutgoingCall) -> Sent:
        self.called.append(call)
        return self.dialled(call)


def with_gateway(exchange: Exchange, gateway: Simulator) -> Exchange:
    """The same exchange behind another network."""
    return replace(exchange, gateways={"simulator": gateway})


def send(exchange: Exchange, world: World, now: datetime) -> int:
    """Dispatch the world's channel at a moment that stands still."""
    return dispatch(exchange, world.channel, lambda: now)


def reply(session: Session, exchange: Exchange, world: World, name: str, now: datetime, text: str = "Merci.") -> Message:
    """A queued reply to one person of the world."""
    contact = session.get_one(Contact, world.contacts[name])
    message = queue_reply(session, exchange, contact, text, now, channel_id=world.channel, answers=None, cap=1000)
    assert message is not None
    return message


def broadcast(session: Session, world: World, now: datetime, state: BroadcastState = BroadcastState.RUNNING) -> Broadcast:
    """A broadcast of the world's first message that expires in two days."""
    row = Broadcast(
        title="Eau propre",
        content_id=world.contents["eau-propre"],
        route=Route.SMS,
        audience={},
        state=state,
        due_at=now,
        not_before=now,
        expires_at=now + timedelta(days=2),
        cursor=-1,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def push(session: Session, world: World, name: str, now: datetime, sending: Broadcast | None = None) -> Message:
    """A queued push to one person of the world."""
    sending = sending or broadcast(session, world, now)
    contact = session.get_one(Contact, world.contacts[name])
    variant = session.get_one(Variant, world.variants["eau-propre"])
    channel = session.get_one(Channel, world.channel)
    message = queue_push(session, sending, contact, variant, variant.text or "", now, channel)
    session.flush()
    return message


def crowd(session: Session, exchange: Exchange, world: World, count: int, now: datetime) -> Sequence[int]:
    """Replies to `count` new numbers; the messages' ids."""
    found = []
    for place in range(count):
        contact = find_or_create(session, f"+2230{2_000_000 + place * 10:07}", now)
        message = queue_reply(session, exchange, contact, "Merci.", now, channel_id=world.channel, answers=None)
        assert message is not None
        found.append(message.id)
    return found
