"""The sweep, and what only a person may do with a message nobody knows the fate of."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from messaging import broadcasts, contacts, settling
from messaging.errors import ForbiddenMove, NotSettled
from messaging.exchange import DISPATCH, Exchange
from messaging.gateways.protocol import Outcome, Sent
from messaging.models import Attempt, Broadcast, BroadcastState, Contact, Message, MessageState
from runtime.audit import AuditEntry
from tests.messaging.fakes import Scripted, broadcast, push, reply, send, with_gateway
from tests.messaging.test_claim import taken
from tests.world import World


def unknown(exchange: Exchange, world: World, now: datetime) -> int:
    with exchange.database.writing() as session:
        message_id = reply(session, exchange, world, "awa", now).id
    send(with_gateway(exchange, Scripted(say=lambda _: Sent(Outcome.UNKNOWN))), world, now)
    return message_id


def test_a_killed_senders_message_becomes_unknown_after_its_lease(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    taken(exchange, world, now)
    assert settling.requeue_stale(exchange, now + timedelta(days=1)) == 0  # business time frees no lease
    with exchange.database.writing() as session:
        session.execute(update(Message).values(lease_until=0.0))
    assert settling.requeue_stale(exchange, now) == 1
    with exchange.database.reading() as session:
        message, attempt = session.scalars(select(Message)).one(), session.scalars(select(Attempt)).one()
    assert (message.state, message.reason) == (MessageState.UNKNOWN, "lease")
    assert attempt.outcome == "unknown"


def test_a_lease_of_an_earlier_boot_is_over(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    taken(exchange, world, now)
    with exchange.database.writing() as session:
        session.execute(update(Message).values(lease_boot="before", lease_until=9e12))
    assert settling.requeue_stale(exchange, now) == 1


def test_a_lost_nudge_costs_a_minute(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    exchange.work._waiting.clear()  # type: ignore[attr-defined]  # the queue is wiped, as after its loss
    settling.requeue_stale(exchange, now + timedelta(seconds=59))
    assert (DISPATCH, world.channel) not in exchange.work.waiting  # type: ignore[attr-defined]
    settling.requeue_stale(exchange, now + timedelta(seconds=60))
    assert (DISPATCH, world.channel) in exchange.work.waiting  # type: ignore[attr-defined]


def test_what_expires_while_it_waits_is_said_to_have_expired(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        push(session, world, "awa", now)
    assert settling.requeue_stale(exchange, now + timedelta(days=2)) == 1
    with exchange.database.reading() as session:
        assert session.scalars(select(Message.state)).all() == [MessageState.EXPIRED]


def test_staff_may_send_an_unknown_again_and_it_is_written_down(exchange: Exchange, world: World, now: datetime) -> None:
    message_id = unknown(exchange, world, now)
    with exchange.database.writing() as session:
        settling.resend(session, session.get_one(Message, message_id), world.staff["fanta"], now, "pas reçu")
    gateway = Scripted()
    send(with_gateway(exchange, gateway), world, now)
    assert len(gateway.ledger) == 1
    with exchange.database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.staff_id, entry.subject_id) == ("message.resend", world.staff["fanta"], message_id)
        assert len(set(session.scalars(select(Attempt.id)))) == 2


@pytest.mark.parametrize("why", ["stopped", "expired", "not_unknown"])
def test_an_unknown_is_not_sent_again_after_stop_expiry_or_settlement(
    why: str, exchange: Exchange, world: World, now: datetime
) -> None:
    message_id = unknown(exchange, world, now)
    with exchange.database.writing() as session:
        message = session.get_one(Message, message_id)
        if why == "stopped":
            contacts.stop(session, session.get_one(Contact, world.contacts["awa"]), now, "sms")
        elif why == "expired":
            message.expires_at = now
        else:
            settling.give_up(session, message, world.staff["fanta"], now, "perdu")
        session.flush()
        with pytest.raises(NotSettled) as refused:
            settling.resend(session, message, world.staff["fanta"], now, "encore")
    assert refused.value.why == why


def test_staff_may_give_an_unknown_up_once(exchange: Exchange, world: World, now: datetime) -> None:
    message_id = unknown(exchange, world, now)
    with exchange.database.writing() as session:
        message = session.get_one(Message, message_id)
        settling.give_up(session, message, world.staff["fanta"], now, "perdu")
        assert (message.state, message.reason) == (MessageState.FAILED, "given_up")
        with pytest.raises(NotSettled):
            settling.give_up(session, message, world.staff["fanta"], now, "perdu")


def test_staff_may_hold_a_queued_message_and_let_it_go(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        message = reply(session, exchange, world, "awa", now)
        settling.hold(session, message, world.staff["fanta"], now, "à revoir")
    assert taken(exchange, world, now).taken == ()
    with exchange.database.writing() as session:
        message = session.get_one(Message, message.id)
        settling.unhold(session, message, world.staff["fanta"], now)
        with pytest.raises(NotSettled):
            settling.unhold(session, message, world.staff["fanta"], now)
    assert len(taken(exchange, world, now).taken) == 1
    with exchange.database.writing() as session, pytest.raises(ForbiddenMove):
        settling.hold(session, session.get_one(Message, message.id), world.staff["fanta"], now, "trop tard")


def test_a_broadcast_ends_when_nothing_of_it_can_leave_any_more(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        sending = broadcast(session, world, now)
        push(session, world, "awa", now, sending)
        assert broadcasts.finish_done(session, now) == 0
    send(with_gateway(exchange, Scripted()), world, now)
    with exchange.database.writing() as session:
        assert broadcasts.finish_done(session, now) == 1
        assert session.get_one(Broadcast, sending.id).state is BroadcastState.FINISHED


def test_resuming_lets_what_the_budget_held_go_on(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        sending = broadcast(session, world, now)
        message = push(session, world, "awa", now, sending)
        message.state, message.reason = MessageState.HELD, "budget"
        session.flush()
        broadcasts.pause(session, sending, now)
        broadcasts.resume(session, sending, now)
    assert len(taken(exchange, world, now).taken) == 1
