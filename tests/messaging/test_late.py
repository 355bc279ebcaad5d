"""What comes back when its sending is over, when the clock is wrong, or when somebody holds the rows for a moment."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from messaging import broadcasts, contacts, settling
from messaging.calls import dial
from messaging.exchange import Exchange
from messaging.models import Broadcast, BroadcastState, Call, CallState, Channel, Contact, Kind, Message, MessageState
from messaging.queue import queue_call
from runtime.clock import ClockLease
from runtime.installation import Installation, installation
from tests.messaging.fakes import Scripted, broadcast, push, reply, send, with_gateway
from tests.messaging.test_claim import taken
from tests.world import World
from translations.models import Variant


def finished(exchange: Exchange, world: World, now: datetime) -> int:
    """A broadcast over but for one push that came back to the queue; its id."""
    with exchange.database.writing() as session:
        sending = broadcast(session, world, now, BroadcastState.FINISHED)
        push(session, world, "awa", now, sending)
        return sending.id


def test_a_push_that_comes_back_after_its_broadcast_finished_still_leaves(
    exchange: Exchange, world: World, now: datetime
) -> None:
    finished(exchange, world, now)
    assert len(taken(exchange, world, now).taken) == 1


def test_after_its_expiry_a_finished_broadcast_sends_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = finished(exchange, world, now)
    with exchange.database.writing() as session:
        session.get_one(Broadcast, id_).due_at = now - timedelta(days=1)
        session.get_one(Broadcast, id_).expires_at = now
    assert taken(exchange, world, now).taken == ()


def test_a_finished_broadcast_can_be_held_and_cancelled(exchange: Exchange, world: World, now: datetime) -> None:
    id_ = finished(exchange, world, now)
    with exchange.database.writing() as session:
        broadcasts.pause(session, session.get_one(Broadcast, id_), now)
    assert taken(exchange, world, now).taken == ()
    with exchange.database.writing() as session:
        assert broadcasts.cancel(session, session.get_one(Broadcast, id_), now) == 1


def waiting_call(exchange: Exchange, world: World, now: datetime) -> int:
    """A broadcast's call that was busy and waits for its next try; its id."""
    with exchange.database.writing() as session:
        sending = broadcast(session, world, now)
        variant, channel = session.get_one(Variant, world.variants["eau-propre"]), session.get_one(Channel, world.channel)
        person = session.get_one(Contact, world.contacts["awa"])
        call = queue_call(session, sending, person, variant, now, channel, Kind.PUSH)
        call.state, call.retry = CallState.BUSY, True
        session.flush()
        return call.id


def test_a_stopped_number_leaves_no_call_waiting_for_ever(exchange: Exchange, world: World, now: datetime) -> None:
    call_id = waiting_call(exchange, world, now)
    with exchange.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, world.contacts["awa"]), now, "sms")
    with exchange.database.writing() as session:
        call = session.get_one(Call, call_id)
        assert (call.state, call.retry) == (CallState.SUPPRESSED, False)
        assert broadcasts.finish_done(session, now) == 1


def test_a_call_that_expires_or_is_queued_again_waits_for_no_try(exchange: Exchange, world: World, now: datetime) -> None:
    call_id = waiting_call(exchange, world, now)
    settling.requeue_stale(exchange, now)
    with exchange.database.writing() as session:
        call = session.get_one(Call, call_id)
        assert (call.state, call.retry) == (CallState.QUEUED, False)
        call.state, call.retry = CallState.BUSY, True
    settling.requeue_stale(exchange, now + timedelta(days=2))
    with exchange.database.reading() as session:
        call = session.get_one(Call, call_id)
        assert (call.state, call.retry) == (CallState.EXPIRED, False)


def test_while_the_wall_clock_is_doubted_only_answers_leave_and_nothing_expires(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        session.add(ClockLease(name="clock", jumped_at=now))
        unasked = push(session, world, "sory", now).id
        call = queue_call(
            session,
            None,
            session.get_one(Contact, world.contacts["moussa"]),
            None,
            now,
            session.get_one(Channel, world.channel),
            Kind.PUSH,
        )
        answer = reply(session, exchange, world, "awa", now).id
        late = reply(session, exchange, world, "binta", now)
        late.expires_at, late_id = now - timedelta(days=300), late.id
        session.flush()
        call_id = call.id
    assert [one.message_id for one in taken(exchange, world, now).taken] == [answer]
    gateway = Scripted()
    dial(with_gateway(exchange, gateway), world.channel, lambda: now)
    assert gateway.called == []
    settling.requeue_stale(exchange, now + timedelta(days=300))
    with exchange.database.writing() as session:
        rows = [session.get_one(Message, unasked), session.get_one(Message, late_id)]
        assert {(row.state, row.not_before, row.reason) for row in rows} == {(MessageState.QUEUED, now, None)}
        assert session.get_one(Call, call_id).state is CallState.QUEUED
        session.get_one(ClockLease, "clock").jumped_at = None
    assert [one.message_id for one in taken(exchange, world, now).taken] == [unasked]


def test_a_row_held_for_a_moment_delays_a_dispatch_and_does_not_end_it(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        installation(session)
        reply(session, exchange, world, "awa", now)
        queue_call(
            session,
            None,
            session.get_one(Contact, world.contacts["moussa"]),
            None,
            now,
            session.get_one(Channel, world.channel),
            Kind.REPLY,
        )
    held = threading.Event()

    def hold() -> None:
        with exchange.database.writing() as session:
            session.scalars(select(Installation).with_for_update()).one()
            held.set()
            time.sleep(0.3)

    asked: list[Callable[[], int]] = [
        lambda: send(with_gateway(exchange, Scripted()), world, now),
        lambda: dial(with_gateway(exchange, Scripted()), world.channel, lambda: now),
    ]
    for ask in asked:
        held.clear()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(5)
        done = ask()
        thread.join()
        assert done == 1
