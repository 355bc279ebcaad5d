"""One text for many numbers in one request, where the provider takes it: each answered for itself, a lost request lost as one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from messaging import capacity
from messaging.claim import claim
from messaging.exchange import Exchange
from messaging.gateways.protocol import Cause, Outcome, OutgoingSms, Sent
from messaging.models import Bundle, Channel, ChannelState, Message, MessageState
from tests.messaging.fakes import Scripted, crowd, reply, send, wired, with_gateway
from tests.world import World


@dataclass
class Wholesale(Scripted):
    """Takes up to three numbers with one text; `batches` holds the numbers of each request."""

    batches: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.capabilities = replace(Scripted.capabilities, bulk=3)

    async def send_many(self, batch: Sequence[OutgoingSms]) -> Sequence[Sent]:
        self.batches.append([sms.number for sms in batch])
        assert len({(sms.text, sms.encoding, sms.parts) for sms in batch}) == 1
        return [self.say(sms) for sms in batch]


def states(exchange: Exchange) -> Counter[MessageState]:
    with exchange.database.reading() as session:
        return Counter(session.scalars(select(Message.state)))


def test_equal_texts_share_requests(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 7, now)
        reply(session, exchange, world, "awa", now, "Autre texte.")
    gateway = Wholesale()
    assert send(with_gateway(exchange, gateway), world, now) == 8
    assert sorted(map(len, gateway.batches)) == [3, 3]
    assert len(gateway.ledger) == 2  # the seventh, and the other text, leave alone
    assert states(exchange) == {MessageState.WIRED: 8}


def test_one_dead_number_of_a_request_fails_alone(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 3, now)

    def say(sms: OutgoingSms) -> Sent:
        return Sent(Outcome.FAILED, cause=Cause.DEAD_NUMBER) if sms.number.endswith("10") else wired(sms)

    send(with_gateway(exchange, Wholesale(say=say)), world, now)
    assert states(exchange) == {MessageState.WIRED: 2, MessageState.FAILED: 1}


def raising(sms: OutgoingSms) -> Sent:
    raise RuntimeError("a gateway forgot to catch this")


@dataclass
class Short(Wholesale):
    """Answers fewer than it was asked."""

    async def send_many(self, batch: Sequence[OutgoingSms]) -> Sequence[Sent]:
        return [wired(sms) for sms in batch[1:]]


@pytest.mark.parametrize(
    ("gateway", "code"),
    [
        pytest.param(Wholesale(say=raising), "exception", id="raises"),
        pytest.param(Short(), "miscounted", id="answers too few"),
    ],
)
def test_a_request_without_its_answer_is_unknown_as_a_whole_and_one_miss(
    gateway: Wholesale, code: str, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 6, now)
    send(with_gateway(exchange, gateway), world, now)
    assert states(exchange) == {MessageState.UNKNOWN: 6}
    with exchange.database.reading() as session:
        assert set(session.scalars(select(Message.error_code))) == {code}
        assert session.get_one(Channel, world.channel).misses_in_row == 2


def test_a_request_is_one_place_in_flight(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 2
        crowd(session, exchange, world, 12, now)
        for place in range(3):
            reply(session, exchange, world, ("awa", "sory", "binta")[place], now, f"Texte {place}.")
    gateway = Wholesale()
    behind = with_gateway(exchange, gateway)
    with exchange.database.writing() as session:
        first = claim(session, exchange.settings, world.channel, now, "test", gateway.capabilities)
        assert len(first.taken) == 6
        assert len({one.request for one in first.taken}) == 2
        again = claim(session, exchange.settings, world.channel, now, "other", gateway.capabilities)
        assert again.idle == "full"
        session.rollback()
    assert send(behind, world, now) == 15
    assert states(exchange) == {MessageState.WIRED: 15}


def test_a_trial_after_a_rest_risks_one_number_only(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).breaker_step = 1
        crowd(session, exchange, world, 3, now)
    gateway = Wholesale(say=lambda sms: Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION))
    assert send(with_gateway(exchange, gateway), world, now) == 1


def test_a_throttled_channel_rests_as_long_as_it_is_told_then_longer_each_time(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 1
        crowd(session, exchange, world, 8, now)
    told = with_gateway(exchange, Scripted(say=lambda sms: Sent(Outcome.ERRORED, cause=Cause.THROTTLED, retry_after=40)))
    assert send(told, world, now) == 1
    assert send(told, world, now + timedelta(seconds=39)) == 0
    assert send(told, world, now + timedelta(seconds=41)) == 1
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, world.channel)
        assert (channel.rest_since, channel.rest_until) == (now, now + timedelta(seconds=81))
        assert channel.rest_step == 2
    assert send(with_gateway(exchange, Scripted()), world, now + timedelta(seconds=90)) == 6
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, world.channel)
        assert (channel.rest_step, channel.rest_since, channel.rest_until) == (0, None, None)


def test_the_hours_limit_is_kept_across_dispatches(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).parts_per_hour = 5
        crowd(session, exchange, world, 12, now)
    behind = with_gateway(exchange, Scripted())
    sent = [send(behind, world, now + timedelta(minutes=minutes)) for minutes in (0, 30, 59, 62, 90, 125)]
    assert sent == [5, 0, 0, 5, 0, 2]


def test_units_are_taken_from_the_bundle_that_expires_first_and_then_the_channel_waits_for_one(
    exchange: Exchange, world: World, now: datetime
) -> None:
    today = now.date()
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.needs_bundle = True
        capacity.add_bundle(session, channel, 3, today + timedelta(days=20))
        capacity.add_bundle(session, channel, 2, today)
        capacity.add_bundle(session, channel, 50, today - timedelta(days=1))
        crowd(session, exchange, world, 7, now)
    behind = with_gateway(exchange, Scripted())
    assert send(behind, world, now) == 5
    with exchange.database.writing() as session:
        assert session.scalars(select(Bundle.left).order_by(Bundle.id)).all() == [0, 0, 50]
        channel = session.get_one(Channel, world.channel)
        assert (channel.state, channel.paused_reason) == (ChannelState.PAUSED, "bundle")
        capacity.add_bundle(session, channel, 100, today)
        assert channel.state is ChannelState.ACTIVE
    assert send(behind, world, now) == 2


def test_what_was_not_taken_uses_no_unit_and_what_may_have_left_does(exchange: Exchange, world: World, now: datetime) -> None:
    answers = iter([Sent(Outcome.UNKNOWN), Sent(Outcome.FAILED, cause=Cause.THIS_TEXT), Sent(Outcome.WIRED, "x")])
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.needs_bundle, channel.in_flight = True, 1
        capacity.add_bundle(session, channel, 10, now.date())
        crowd(session, exchange, world, 3, now)
    send(with_gateway(exchange, Scripted(say=lambda sms: next(answers))), world, now)
    with exchange.database.reading() as session:
        assert capacity.units_left(session, world.channel, now.date()) == 8
