"""What a killed sender left behind: settled by evidence where silence proves something, left to people where it does not."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from messaging import outcomes, settling, windows
from messaging.calls import dial
from messaging.exchange import DISPATCH, LOOK_UP, Exchange
from messaging.gateways.protocol import Asked, Cause, Later, Outcome, Sent, StatusReport
from messaging.gateways.simulator import Simulator
from messaging.lookup import ask, look_up
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


@dataclass
class Finder(Scripted):
    """Leaves sendings open, and when asked says what `found` says."""

    found: Callable[[Asked], StatusReport | None] = lambda asked: None
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.say = lambda sms: Sent(Outcome.UNKNOWN, code="timeout")
        self.capabilities = replace(Simulator.capabilities, takes_with_our_record=False, looks_up=True)

    async def look_up(self, asked: Asked) -> StatusReport | None:
        self.asked.append(asked)
        return self.found(asked)


def _open(exchange: Exchange, world: World, now: datetime, gateway: Finder) -> Exchange:
    """An exchange whose one message is unknown."""
    behind = with_gateway(exchange, gateway)
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(behind, world, now)
    return behind


def _asked(behind: Exchange, world: World, at: datetime) -> int:
    look_up(behind, at)
    return ask(behind, world.channel, at) if (LOOK_UP, world.channel) in behind.work.waiting else -1  # type: ignore[attr-defined]


def test_an_unknown_is_asked_about_at_two_and_ten_minutes_and_absence_proves_nothing(
    exchange: Exchange, world: World, now: datetime
) -> None:
    gateway = Finder()
    behind = _open(exchange, world, now, gateway)
    assert _asked(behind, world, now + timedelta(seconds=119)) == -1
    asked = []
    for seconds in (120, 150, 300, 599, 600, 630, 1200, 7200):
        ask(behind, world.channel, now + timedelta(seconds=seconds))
        asked.append(len(gateway.asked))
    assert asked == [1, 1, 1, 1, 2, 2, 2, 2]
    assert (gateway.asked[0].number, gateway.asked[0].at) == (world.numbers["awa"], now)
    assert _state(exchange) is MessageState.UNKNOWN


@pytest.mark.parametrize(
    ("status", "cause", "state"),
    [
        pytest.param("wired", None, MessageState.WIRED, id="taken"),
        pytest.param("delivered", None, MessageState.DELIVERED, id="delivered"),
        pytest.param("failed", Cause.UNDELIVERED, MessageState.FAILED, id="failed"),
    ],
)
def test_what_the_provider_finds_is_evidence(
    status: str, cause: Cause | None, state: MessageState, exchange: Exchange, world: World, now: datetime
) -> None:
    gateway = Finder(found=lambda asked: StatusReport("SM-theirs", status, cause=cause))
    behind = _open(exchange, world, now, gateway)
    assert _asked(behind, world, now + timedelta(minutes=2)) == 1
    assert _state(exchange) is state
    with exchange.database.reading() as session:
        assert session.scalars(select(Attempt.external_id)).one() == "SM-theirs"


def _raising(asked: Asked) -> StatusReport | None:
    raise RuntimeError("a gateway forgot to catch this")


def test_a_provider_that_is_away_is_asked_again(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = Finder(found=_raising)
    behind = _open(exchange, world, now, gateway)
    assert _asked(behind, world, now + timedelta(minutes=2)) == 0
    gateway.found = lambda asked: StatusReport(asked.reference, "wired")
    assert _asked(behind, world, now + timedelta(minutes=3)) == 1
    assert _state(exchange) is MessageState.WIRED


@pytest.mark.parametrize("idempotent", [pytest.param(True, id="taken once"), pytest.param(False, id="any other")])
def test_staff_resend_under_the_same_reference_where_it_is_taken_once(
    idempotent: bool, exchange: Exchange, world: World, now: datetime
) -> None:
    gateway = Scripted(say=lambda sms: Sent(Outcome.UNKNOWN, code="timeout"))
    gateway.capabilities = replace(Simulator.capabilities, idempotent=idempotent)
    behind = with_gateway(exchange, gateway)
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(behind, world, now)
    with exchange.database.writing() as session:
        settling.resend(session, session.scalars(select(Message)).one(), world.staff["fanta"], now, "pas reçu")
    gateway.say = lambda sms: Sent(Outcome.WIRED, status=409)
    assert send(behind, world, now + timedelta(minutes=5)) == 1
    first, second = (sms.reference for sms in gateway.ledger)
    assert (first == second) is idempotent
    assert _state(exchange) is MessageState.WIRED
    with exchange.database.reading() as session:
        assert len(session.scalars(select(Attempt)).all()) == (1 if idempotent else 2)
