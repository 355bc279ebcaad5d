"""Going on by a second channel: only what the first provably did not take, only for the channel's own reasons (F15)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from messaging import channels, failover, settling
from messaging.contacts import find_or_create
from messaging.exchange import DISPATCH, Exchange
from messaging.gateways.protocol import Account, Cause, Line, Outcome, OutgoingSms, Sent
from messaging.models import Attempt, Budget, Channel, ChannelState, Message, MessageState
from messaging.outbox import dispatch
from messaging.queue import queue_reply
from tests.messaging.fakes import Scripted, reply, with_gateway
from tests.world import World

HOURS = timedelta(hours=2)
SERIAL = count(1)
REFUSED = Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION, code="refused")
MOVES = (
    Cause.NO_CONNECTION,
    Cause.BUSY_GATEWAY,
    Cause.CREDENTIALS,
    Cause.CREDIT,
    Cause.SENDER,
    Cause.THROTTLED,
    Cause.PHONE_LIMIT,
)


@dataclass
class TwoWays(Scripted):
    """Two channels on one network: the first answers what `script` says, the second takes everything."""

    first: int = 0
    script: Callable[[], Sent] = lambda: REFUSED
    asked: list[tuple[int, OutgoingSms, Sent]] = field(default_factory=list)

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return self._of(account.channel_id)

    @asynccontextmanager
    async def _of(self, channel_id: int):  # type: ignore[no-untyped-def]
        ways = self

        class Way(Line):
            async def send(self, sms: OutgoingSms) -> Sent:
                said = ways.script() if channel_id == ways.first else Sent(Outcome.WIRED, f"second-{sms.reference}")
                ways.asked.append((channel_id, sms, said))
                return said

        yield Way()


@dataclass
class Pair:
    """The first channel, its second, and the network of both."""

    exchange: Exchange
    first: int
    second: int
    network: TwoWays

    def send(self, now: datetime, channel: int | None = None) -> int:
        return dispatch(self.exchange, channel or self.first, lambda: now)

    def through(self, channel: int) -> list[tuple[OutgoingSms, Sent]]:
        return [(sms, said) for where, sms, said in self.network.asked if where == channel]


@pytest.fixture
def pair(exchange: Exchange, world: World, now: datetime) -> Pair:
    with exchange.database.writing() as session:
        second = channels.add(session, "second", "simulator", "36086", {"price_per_part": "25"}, now)
        session.get_one(Channel, world.channel).failover_id = second.id
        network = TwoWays(first=world.channel)
        return Pair(with_gateway(exchange, network), world.channel, second.id, network)


def one(pair: Pair, world: World, now: datetime) -> int:
    with pair.exchange.database.writing() as session:
        return reply(session, pair.exchange, world, "awa", now).id


def message(pair: Pair, message_id: int) -> Message:
    with pair.exchange.database.reading() as session:
        return session.get_one(Message, message_id)


def test_what_six_tries_could_not_hand_over_goes_by_the_second_channel(pair: Pair, world: World, now: datetime) -> None:
    with pair.exchange.database.writing() as session:
        session.add_all([Budget(scope=f"channel:{pair.first}", cap=100), Budget(scope=f"channel:{pair.second}", cap=100)])
    message_id = one(pair, world, now)
    for tries in range(6):
        pair.send(now + tries * HOURS)
        settling.requeue_stale(pair.exchange, now + (tries + 1) * HOURS)
    found = message(pair, message_id)
    assert (found.channel_id, found.state, found.price, found.attempts - found.uncounted) == (
        pair.second,
        MessageState.QUEUED,
        25,
        0,
    )
    assert pair.send(now + 6 * HOURS, pair.second) == 1
    assert message(pair, message_id).state is MessageState.WIRED
    with pair.exchange.database.reading() as session:
        assert dict(session.execute(select(Budget.scope, Budget.reserved)).all()) == {
            f"channel:{pair.first}": 0,
            f"channel:{pair.second}": 25,
        }


@pytest.mark.parametrize("cause", [Cause.CREDENTIALS, Cause.CREDIT, Cause.SENDER], ids=str)
def test_what_needs_a_person_lets_the_queue_go_on_elsewhere(cause: Cause, pair: Pair, world: World, now: datetime) -> None:
    pair.network.script = lambda: Sent(Outcome.ERRORED, cause=cause)
    message_id = one(pair, world, now)
    with pair.exchange.database.writing() as session:
        session.get_one(Channel, pair.first).in_flight = 1
    pair.send(now)
    waiting = one(pair, world, now)
    settling.requeue_stale(pair.exchange, now)
    assert (DISPATCH, pair.second) in pair.exchange.work.waiting  # type: ignore[attr-defined]
    assert pair.send(now, pair.second) == 2
    assert {message(pair, one_).state for one_ in (message_id, waiting)} == {MessageState.WIRED}


def test_an_open_breaker_lets_the_queue_go_on_elsewhere(pair: Pair, world: World, now: datetime) -> None:
    message_id = one(pair, world, now)
    with pair.exchange.database.writing() as session:
        first = session.get_one(Channel, pair.first)
        first.breaker_until, first.breaker_step = now + timedelta(seconds=60), 1
    settling.requeue_stale(pair.exchange, now)
    assert message(pair, message_id).channel_id == pair.second


@pytest.mark.parametrize(
    "why", ["paused by staff", "no second channel", "second paused", "second rests", "throttled", "second carries calls only"]
)
def test_otherwise_what_waits_stays(why: str, pair: Pair, world: World, now: datetime) -> None:
    message_id = one(pair, world, now)
    with pair.exchange.database.writing() as session:
        first, second = session.get_one(Channel, pair.first), session.get_one(Channel, pair.second)
        channels.pause(first, "staff" if why == "paused by staff" else "credit")
        if why == "no second channel":
            first.failover_id = None
        elif why == "second paused":
            channels.pause(second, "credit")
        elif why == "second rests":
            second.breaker_until = now + timedelta(seconds=60)
        elif why == "second carries calls only":
            second.kinds = ["voice"]
        elif why == "throttled":
            channels.resume(first)
            first.rest_until = now + timedelta(seconds=60)
    settling.requeue_stale(pair.exchange, now)
    assert message(pair, message_id).channel_id == pair.first


ANSWERS = st.one_of(
    st.just(Sent(Outcome.UNKNOWN, code="timeout")),
    st.sampled_from([Sent(Outcome.ERRORED, cause=cause) for cause in Cause]),
    st.sampled_from([Sent(Outcome.FAILED, cause=cause) for cause in Cause]),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(ANSWERS, min_size=1, max_size=4), idempotent=st.booleans())
def test_nothing_unknown_and_nothing_that_is_the_numbers_fault_ever_takes_the_second_channel(
    script: list[Sent], idempotent: bool, pair: Pair, world: World, now: datetime
) -> None:
    pair.network.capabilities = replace(Scripted.capabilities, idempotent=idempotent)
    pair.network.asked.clear()
    answers: Iterator[Sent] = iter([*script, *[REFUSED] * 50])
    pair.network.script = lambda: next(answers)
    number = f"+2230{7_000_000 + next(SERIAL):07}"
    with pair.exchange.database.writing() as session:
        contact = find_or_create(session, number, now)
        queued = queue_reply(session, pair.exchange, contact, "Merci.", now, channel_id=pair.first, answers=None, cap=1000)
        assert queued is not None
        message_id = queued.id
        queued.expires_at = now + timedelta(days=30)
    for step in range(len(script) + 7):
        at = now + step * timedelta(hours=4)
        with pair.exchange.database.writing() as session:
            row = session.get_one(Message, message_id)
            if row.state is MessageState.UNKNOWN:
                settling.resend(session, row, world.staff["fanta"], at, "essai")
        pair.send(at)
        settling.requeue_stale(pair.exchange, at)
        pair.send(at, pair.second)
        with pair.exchange.database.writing() as session:
            channels.resume(session.get_one(Channel, pair.first))
    # Of this message alone: what earlier examples left behind is tried again too.
    refused, gone_on = ([said for sms, said in pair.through(way) if sms.number == number] for way in (pair.first, pair.second))
    if gone_on:
        assert all(said.outcome is not Outcome.UNKNOWN and said.cause in MOVES for said in refused)
        assert len(gone_on) == 1
    with pair.exchange.database.reading() as session:
        row = session.get_one(Message, message_id)
        assert row.channel_id == (pair.second if gone_on else pair.first)


def test_a_report_that_came_before_the_refusal_keeps_a_message_where_it_is(pair: Pair, world: World, now: datetime) -> None:
    message_id = one(pair, world, now)
    pair.send(now)
    with pair.exchange.database.writing() as session:
        session.scalars(select(Attempt)).one().rank = 1
        channels.pause(session.get_one(Channel, pair.first), "credit")
        assert failover.shift_waiting(session, pair.exchange, now) == 0
    assert message(pair, message_id).channel_id == pair.first


def test_second_channels_carry_sms_and_are_as_real_as_the_first(pair: Pair, now: datetime) -> None:
    with pair.exchange.database.writing() as session:
        first = session.get_one(Channel, pair.first)
        session.add(
            Channel(name="v", gateway="simulator", number="1", kinds=["voice"], token="v", token_index=b"v", created_at=now)
        )
        session.add(Channel(name="k", gateway="kannel", number="2", kinds=["sms"], token="k", token_index=b"k", created_at=now))
        gone = Channel(name="g", gateway="simulator", number="3", kinds=["sms"], token="g", token_index=b"g", created_at=now)
        gone.state = ChannelState.REMOVED
        session.add(gone)
        session.flush()
        assert [one_.id for one_ in failover.candidates(session, first)] == [pair.second]
