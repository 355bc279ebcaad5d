"""Caps of channels, operators, days and campaigns: reserved at the claim, never passed, given back, begun again, and told of."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from messaging import costs, money, progress, reading, simulator_phone, today, windows
from messaging.exchange import Exchange
from messaging.gateways.protocol import Cause, Outcome, OutgoingSms, Sent
from messaging.models import (
    Broadcast,
    Budget,
    Call,
    CallState,
    Channel,
    Contact,
    Message,
    MessageState,
)
from messaging.money import Scopes, is_low, low
from messaging.states import move
from runtime.installation import installation
from runtime.paging import Slice
from tests.messaging.fakes import Scripted, broadcast, crowd, send, with_gateway
from tests.messaging.test_calls import dialled, event, get, queued
from tests.world import World


def cap(exchange: Exchange, scope: str, francs: int, reserved: int = 0) -> None:
    with exchange.database.writing() as session:
        session.add(Budget(scope=scope, cap=francs, reserved=reserved))


def reserved(exchange: Exchange) -> dict[str, int]:
    with exchange.database.reading() as session:
        return {row.scope: row.reserved for row in session.scalars(select(Budget))}


def refused(sms: OutgoingSms) -> Sent:
    return Sent(Outcome.FAILED, cause=Cause.THIS_TEXT)


def waiting(exchange: Exchange, world: World, now: datetime, count: int, purse: str | None = "campaign:7") -> list[int]:
    with exchange.database.writing() as session:
        ids = list(crowd(session, exchange, world, count, now))
        sending = broadcast(session, world, now)
        sending.purse = purse
        session.flush()
        session.execute(update(Message).where(Message.id.in_(ids)).values(broadcast_id=sending.id))
        session.execute(update(Contact).where(Contact.operator.is_(None)).values(operator="simulator"))
    return ids


@pytest.mark.parametrize("scope", ["channel:1", "operator:simulator", "day:2026-03-18", "campaign:7"])
def test_two_senders_at_once_never_pass_a_cap(scope: str, exchange: Exchange, world: World, now: datetime) -> None:
    fake = Scripted()
    other = with_gateway(exchange, fake)
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 4
    waiting(exchange, world, now, 24)
    cap(exchange, scope, 10 * 15 + 14)
    threads = [threading.Thread(target=send, args=(other, world, now)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send(other, world, now)
    assert (len(fake.ledger), reserved(exchange)) == (10, {scope: 150})
    with exchange.database.reading() as session:
        held = session.scalars(select(Message).where(Message.state == MessageState.HELD)).all()
    assert {(row.reason, len(held)) for row in held} == {("budget", 14)}


def test_a_row_counts_under_every_cap_it_touches_or_under_none(exchange: Exchange, world: World, now: datetime) -> None:
    waiting(exchange, world, now, 3)
    cap(exchange, "channel:1", 1000)
    cap(exchange, "operator:simulator", 30)
    cap(exchange, "campaign:7", 1000, reserved=10)
    send(with_gateway(exchange, Scripted()), world, now)
    assert reserved(exchange) == {"channel:1": 30, "operator:simulator": 30, "campaign:7": 40}


def test_an_operator_that_nobody_noted_is_the_prefixs(exchange: Exchange, world: World, now: datetime) -> None:
    ids = waiting(exchange, world, now, 1, purse=None)
    with exchange.database.writing() as session:
        session.execute(update(Contact).values(operator=None))
        row = session.get_one(Message, ids[0])
        found = Scopes(session, [row], windows.of(exchange.settings)).of(row, now)
    assert found == ["channel:1", "day:2026-03-18", "operator:simulator"]


def test_a_raised_cap_lets_what_waited_leave(exchange: Exchange, world: World, now: datetime) -> None:
    fake = Scripted()
    other = with_gateway(exchange, fake)
    waiting(exchange, world, now, 4)
    cap(exchange, "campaign:7", 30)
    send(other, world, now)
    assert len(fake.ledger) == 2
    with exchange.database.writing() as session:
        money.set_cap(session, "campaign:7", 60, now)
    send(other, world, now)
    assert (len(fake.ledger), reserved(exchange)) == (4, {"campaign:7": 60})


def test_what_waits_for_a_day_leaves_when_the_next_has_begun(exchange: Exchange, world: World, now: datetime) -> None:
    fake = Scripted()
    other = with_gateway(exchange, fake)
    with exchange.database.writing() as session:
        money.set_day_cap(session, windows.of(exchange.settings), now, 30)
    waiting(exchange, world, now, 3)
    with exchange.database.writing() as session:
        session.execute(update(Message).values(expires_at=now + timedelta(days=2)))
        session.execute(update(Broadcast).values(expires_at=now + timedelta(days=2)))
    send(other, world, now)
    assert len(fake.ledger) == 2
    tomorrow = now + timedelta(days=1)
    with exchange.database.writing() as session:
        money.cap_days(session, windows.of(exchange.settings), tomorrow)
        assert money.take_up_again(session, tomorrow) == 1
    send(other, world, tomorrow)
    assert len(fake.ledger) == 3


def test_a_campaigns_first_cap_counts_what_its_sendings_have_cost(exchange: Exchange, world: World, now: datetime) -> None:
    waiting(exchange, world, now, 2)
    send(with_gateway(exchange, Scripted()), world, now)
    with exchange.database.writing() as session:
        money.set_cap(session, "campaign:7", 100, now)
    assert reserved(exchange) == {"campaign:7": 30}


@pytest.mark.parametrize(
    ("francs", "spent", "share", "told"),
    [
        pytest.param(100, 80, 20, False, id="just the share left"),
        pytest.param(100, 81, 20, True, id="less than the share left"),
        pytest.param(100, 100, 20, True, id="nothing left"),
        pytest.param(100, 100, 0, False, id="never told"),
        pytest.param(0, 0, 20, False, id="a cap of nothing"),
    ],
)
def test_a_cap_is_low(francs: int, spent: int, share: int, told: bool) -> None:
    assert is_low(Budget(scope="channel:1", cap=francs, reserved=spent), share) is told


def test_staff_hear_of_todays_caps_and_of_campaigns_that_still_send(exchange: Exchange, world: World, now: datetime) -> None:
    waiting(exchange, world, now, 1)
    for scope in ("channel:1", "operator:orange", "day:2026-03-17", "day:2026-03-18", "campaign:7", "campaign:8"):
        cap(exchange, scope, 100, reserved=95)
    hours = windows.of(exchange.settings)
    with exchange.database.writing() as session:
        assert [one.scope for one in low(session, hours, now)] == ["channel:1", "operator:orange", "day:2026-03-18", "campaign:7"]
        session.execute(update(Broadcast).values(ended_at=now))
        installation(session).warn_share = 5
        assert low(session, hours, now) == []


def spent(exchange: Exchange, world: World, now: datetime, broadcast_id: int) -> set[int]:
    """What each place says that has an amount to tell: the sending, the day, the telephone."""
    with exchange.database.reading() as session:
        phone = session.get_one(Contact, world.contacts["awa"])
        return {
            progress.bill(session, session.get_one(Broadcast, broadcast_id)).spent,
            today.day(session, now - timedelta(hours=12)).spent,
            simulator_phone.cost(session, phone),
        }


def test_a_call_that_expired_undialled_cost_nothing_anywhere(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    call = get(exchange, call_id)
    assert (call.price, spent(exchange, world, now, call.broadcast_id or 0)) == (60, {0})
    with exchange.database.writing() as session:
        move(session.get_one(Call, call_id), CallState.EXPIRED, now, "expired")
    assert spent(exchange, world, now, call.broadcast_id or 0) == {0}
    with exchange.database.reading() as session:
        (line,) = reading.calls(session, Slice(), id=call_id)
    assert line.price == 0


def test_a_try_that_was_paid_stays_paid_when_the_next_one_never_comes(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    assert spent(exchange, world, now, get(exchange, call_id).broadcast_id or 0) == {60}, "set aside while it is under way"
    event(exchange, world, now, "answered")
    event(exchange, world, now, "completed", seconds=100)
    call = get(exchange, call_id)
    with exchange.database.writing() as session:
        row = session.get_one(Call, call_id)
        assert (row.retry, row.settled) == (True, 120)
        move(row, CallState.EXPIRED, now, "expired")
    assert spent(exchange, world, now, call.broadcast_id or 0) == {120}
    with exchange.database.reading() as session:
        assert costs.of_call(session.get_one(Call, call_id)) == 120


def test_a_refused_text_is_no_cost_and_one_given_up_is(exchange: Exchange, world: World, now: datetime) -> None:
    ids = waiting(exchange, world, now, 2)
    send(with_gateway(exchange, Scripted(say=refused)), world, now)
    with exchange.database.writing() as session:
        rows = [session.get_one(Message, id_) for id_ in ids]
        assert {row.state for row in rows} == {MessageState.FAILED}
        rows[0].reason = "given_up"  # of unknown fate, and nobody knows whether it was charged
        sending = session.get_one(Broadcast, rows[0].broadcast_id or 0)
        sending.estimated_cost = 30
    with exchange.database.reading() as session:
        bill = progress.bill(session, session.get_one(Broadcast, sending.id))
    assert (bill.estimated, bill.spent, bill.unsent, bill.otherwise) == (30, 15, 15, 0)


def test_the_caps_in_force_are_there_to_be_watched(exchange: Exchange, world: World, now: datetime) -> None:
    cap(exchange, "channel:1", 100, reserved=95)
    with exchange.database.reading() as session:
        found = money.in_force(session, windows.of(exchange.settings), now)
    assert [(one.scope, one.cap - one.reserved) for one in found] == [("channel:1", 5)]
