"""What a killed sender left behind: settled by evidence where silence proves something, left to people where it does not."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from messaging import outcomes, settling, windows
from messaging.calls import dial
from messaging.exchange import DISPATCH, Exchange
from messaging.gateways.protocol import Later, Outcome, Sent
from messaging.gateways.simulator import Simulator
from messaging.lookup import look_up
from messaging.models import Attempt, Budget, Call, CallState, Message, MessageState, SimulatorEvent
from messaging.outbox import dispatch
from messaging.outcomes import Answer
from tests.messaging.fakes import Scripted, push, reply, send, with_gateway
from tests.messaging.test_calls import dialled, queued
from tests.messaging.test_claim import taken
from tests.world import World


def lost(exchange: Exchange, world: World, now: datetime) -> str:
    """A claimed message whose sender died; its attempt's id."""
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    taken(exchange, world, now)
    _lease_over(exchange, now)
    with exchange.database.reading() as session:
        return session.scalars(select(Attempt.id)).one()


def _lease_over(exchange: Exchange, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.execute(update(Message).values(lease_until=0.0).where(Message.lease_until.is_not(None)))
        session.execute(update(Call).values(lease_until=0.0).where(Call.lease_until.is_not(None)))
    settling.requeue_stale(exchange, now)


def _state(exchange: Exchange) -> MessageState:
    with exchange.database.reading() as session:
        return session.scalars(select(Message.state)).one()


def test_what_the_simulator_never_took_is_sent_again_at_once(exchange: Exchange, world: World, now: datetime) -> None:
    lost(exchange, world, now)
    assert _state(exchange) is MessageState.UNKNOWN
    assert look_up(exchange, now) == 1
    assert (DISPATCH, world.channel) in exchange.work.waiting  # type: ignore[attr-defined]
    assert dispatch(exchange, world.channel, lambda: now) == 1
    assert _state(exchange) is MessageState.WIRED


def test_a_look_up_uses_up_none_of_the_allowed_attempts(exchange: Exchange, world: World, now: datetime) -> None:
    lost(exchange, world, now)
    look_up(exchange, now)
    with exchange.database.reading() as session:
        message = session.scalars(select(Message)).one()
    assert message.attempts - message.uncounted == 0


def test_a_sender_that_was_only_slow_cannot_deliver_what_was_sent_again(exchange: Exchange, world: World, now: datetime) -> None:
    attempt = lost(exchange, world, now)
    look_up(exchange, now)
    late = Sent(Outcome.WIRED, "sim-late", later=(Later(1.0, "/hooks/x/status", {}),))
    with exchange.database.writing() as session:
        outcomes.record(session, world.channel, [Answer(attempt, late)], windows.of(exchange.settings), now)
    with exchange.database.reading() as session:
        assert session.scalars(select(SimulatorEvent)).all() == []
    assert _state(exchange) is MessageState.QUEUED


def test_silence_proves_nothing_on_any_other_gateway(exchange: Exchange, world: World, now: datetime) -> None:
    other = Scripted()
    other.capabilities = replace(Simulator.capabilities, takes_with_our_record=False)
    lost(exchange, world, now)
    assert look_up(with_gateway(exchange, other), now) == 0
    assert _state(exchange) is MessageState.UNKNOWN


@pytest.mark.parametrize("code", [pytest.param("timeout", id="too slow"), pytest.param("", id="without a word")])
def test_an_answer_that_left_it_open_is_no_silence(exchange: Exchange, world: World, now: datetime, code: str) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(with_gateway(exchange, Scripted(say=lambda _: Sent(Outcome.UNKNOWN, code=code))), world, now)
    assert look_up(exchange, now) == 0
    assert _state(exchange) is MessageState.UNKNOWN


def test_a_receipt_is_evidence_that_it_was_taken(exchange: Exchange, world: World, now: datetime) -> None:
    lost(exchange, world, now)
    with exchange.database.writing() as session:
        session.execute(update(Attempt).values(rank=outcomes.RANKS["wired"]))
    assert look_up(exchange, now) == 0


def test_the_price_of_what_was_never_taken_is_given_back(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add(Budget(scope=f"channel:{world.channel}", cap=100, reserved=0))
        push(session, world, "awa", now)
    taken(exchange, world, now)
    _lease_over(exchange, now)
    look_up(exchange, now)
    with exchange.database.reading() as session:
        assert session.scalars(select(Budget.reserved)).one() == 0


def test_a_call_nobody_took_is_dialled_again_and_one_that_rang_is_not(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now, "awa", "oumar")
    dialled(exchange, world, now)
    with exchange.database.writing() as session:
        first = session.scalars(select(Call).order_by(Call.id)).first()
        assert first is not None
        session.execute(
            update(Attempt).where(Attempt.call_id == first.id).values(ended_at=None, outcome=None, external_id=None, rank=0)
        )
        first.lease_until, first.lease_boot = 0.0, "before"
    settling.requeue_stale(exchange, now + timedelta(minutes=4))
    assert look_up(exchange, now + timedelta(minutes=4)) == 1
    with exchange.database.reading() as session:
        states = list(session.scalars(select(Call.state).order_by(Call.id)))
    assert states == [CallState.QUEUED, CallState.UNKNOWN]
    assert dial(exchange, world.channel, lambda: now + timedelta(minutes=4)) == 1
