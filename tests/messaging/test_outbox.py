"""Sending: what each answer of a gateway makes of a message, and that nothing is asked twice by itself."""

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from messaging.exchange import Exchange
from messaging.gateways.protocol import Cause, Outcome, OutgoingSms, Sent
from messaging.models import (
    Attempt,
    Budget,
    Channel,
    ChannelLog,
    ChannelState,
    Contact,
    ContactState,
    Message,
    MessageState,
)
from messaging.outbox import dispatch
from messaging.settling import requeue_stale
from runtime import spool
from tests.messaging.fakes import Scripted, crowd, reply, send, wired, with_gateway
from tests.world import World


def said(outcome: Outcome, cause: Cause | None = None, retry_after: int | None = None) -> Scripted:
    return Scripted(say=lambda sms: Sent(outcome, cause=cause, code="x1", retry_after=retry_after))


def one(exchange: Exchange, world: World, now: datetime, gateway: Scripted) -> Message:
    """What becomes of one reply to Awa behind this gateway."""
    with exchange.database.writing() as session:
        message_id = reply(session, exchange, world, "awa", now).id
    send(with_gateway(exchange, gateway), world, now)
    with exchange.database.reading() as session:
        return session.get_one(Message, message_id)


def test_an_accepted_message_is_wired_with_the_providers_id(exchange: Exchange, world: World, now: datetime) -> None:
    message = one(exchange, world, now, Scripted())
    assert message.state is MessageState.WIRED
    assert (message.external_id or "").startswith("theirs-")
    with exchange.database.reading() as session:
        assert session.scalars(select(ChannelLog.message_id)).all() == [message.id]


@pytest.mark.parametrize(
    ("cause", "low", "high"),
    [
        pytest.param(Cause.NO_CONNECTION, 24, 36, id="nothing left: half a minute"),
        pytest.param(Cause.PHONE_LIMIT, 2880, 4320, id="the phone's own limit: an hour"),
        pytest.param(Cause.ABSENT, 8640, 12960, id="handset absent: three hours"),
        pytest.param(Cause.MODEM, 480, 720, id="modem: ten minutes"),
    ],
)
def test_what_was_provably_not_taken_waits_by_its_cause(
    cause: Cause, low: int, high: int, exchange: Exchange, world: World, now: datetime
) -> None:
    message = one(exchange, world, now, said(Outcome.ERRORED, cause))
    assert message.state is MessageState.ERRORED
    assert low <= (message.not_before - now).total_seconds() <= high


def test_a_provider_that_says_when_is_listened_to(exchange: Exchange, world: World, now: datetime) -> None:
    message = one(exchange, world, now, said(Outcome.ERRORED, Cause.THROTTLED, retry_after=900))
    assert message.not_before == now + timedelta(seconds=900)
    assert message.attempts - message.uncounted == 0


def test_six_attempts_are_made_and_no_seventh(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = said(Outcome.ERRORED, Cause.NO_CONNECTION)
    message = one(exchange, world, now, gateway)
    behind = with_gateway(exchange, gateway)
    for _ in range(10):
        now += timedelta(hours=2)
        requeue_stale(behind, now)
        send(behind, world, now)
    with exchange.database.reading() as session:
        found = session.get_one(Message, message.id)
    assert (found.state, found.reason) == (MessageState.FAILED, "no_connection")
    assert len(gateway.ledger) == len({sms.reference for sms in gateway.ledger}) == 6


def test_no_try_is_planned_past_the_expiry(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now).expires_at = now + timedelta(minutes=30)
    send(with_gateway(exchange, said(Outcome.ERRORED, Cause.PHONE_LIMIT)), world, now)
    with exchange.database.reading() as session:
        assert session.scalars(select(Message.state)).all() == [MessageState.FAILED]


def test_a_message_without_an_answer_is_unknown_and_never_sent_again_by_itself(
    exchange: Exchange, world: World, now: datetime
) -> None:
    gateway = said(Outcome.UNKNOWN)
    message = one(exchange, world, now, gateway)
    assert message.state is MessageState.UNKNOWN
    behind = with_gateway(exchange, gateway)
    for hours in range(1, 30, 4):
        requeue_stale(behind, now + timedelta(hours=hours))
        send(behind, world, now + timedelta(hours=hours))
    assert len(gateway.ledger) == 1


def raising(sms: OutgoingSms) -> Sent:
    raise RuntimeError("a gateway forgot to catch this")


def test_an_error_out_of_the_gateway_is_unknown_too(exchange: Exchange, world: World, now: datetime) -> None:
    assert one(exchange, world, now, Scripted(say=raising)).state is MessageState.UNKNOWN


def test_a_slow_gateway_is_left_after_the_time_limit(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    assert dispatch(with_gateway(exchange, Scripted(seconds=30)), world.channel, lambda: now, total_seconds=0.05) == 1
    with exchange.database.reading() as session:
        message = session.scalars(select(Message)).one()
    assert (message.state, message.error_code) == (MessageState.UNKNOWN, "timeout")


def test_a_slow_answer_does_not_hold_back_the_others(exchange: Exchange, world: World, now: datetime) -> None:
    """The slow request holds one place; the answers read meanwhile are written and their places filled again."""
    wired_while_slow: list[int] = []

    def say(sms: OutgoingSms) -> Sent:
        with exchange.database.reading() as session:
            wired_while_slow.append(len(session.scalars(select(Message.id).where(Message.state == MessageState.WIRED)).all()))
        return wired(sms)

    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 2
        crowd(session, exchange, world, 6, now)
    send(with_gateway(exchange, Scripted(say=say)), world, now)
    assert max(wired_while_slow) >= 2


def test_a_refusal_for_good_fails_and_gives_its_money_back(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add_all([Budget(scope=f"channel:{world.channel}", cap=100), Budget(scope="day:2026-03-18", cap=100)])
    message = one(exchange, world, now, said(Outcome.FAILED, Cause.THIS_TEXT))
    assert (message.state, message.reason) == (MessageState.FAILED, "this_text")
    with exchange.database.reading() as session:
        assert session.scalars(select(Budget.reserved)).all() == [0, 0]


def test_the_price_of_an_unknown_stays_reserved(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add(Budget(scope=f"channel:{world.channel}", cap=100))
    one(exchange, world, now, said(Outcome.UNKNOWN))
    with exchange.database.reading() as session:
        assert session.scalar(select(Budget.reserved)) == 15


@pytest.mark.parametrize(
    ("cause", "state"),
    [
        pytest.param(Cause.DEAD_NUMBER, ContactState.DEAD, id="dead number"),
        pytest.param(Cause.OPT_OUT, ContactState.STOPPED, id="opted out at the provider"),
    ],
)
def test_what_the_gateway_knows_of_a_number_is_written_down(
    cause: Cause, state: ContactState, exchange: Exchange, world: World, now: datetime
) -> None:
    one(exchange, world, now, said(Outcome.FAILED, cause))
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is state


@pytest.mark.parametrize("cause", [Cause.CREDENTIALS, Cause.CREDIT, Cause.SENDER], ids=str)
def test_what_needs_a_person_pauses_the_channel_and_loses_nothing(
    cause: Cause, exchange: Exchange, world: World, now: datetime
) -> None:
    message = one(exchange, world, now, said(Outcome.ERRORED, cause))
    assert message.state is MessageState.ERRORED
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, world.channel)
    assert (channel.state, channel.paused_reason) == (ChannelState.PAUSED, cause.value)


def test_the_breaker_opens_after_ten_misses_tries_one_and_closes(exchange: Exchange, world: World, now: datetime) -> None:
    down = said(Outcome.ERRORED, Cause.NO_CONNECTION)
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 30, now)
    send(with_gateway(exchange, down), world, now)
    assert 10 <= len(down.ledger) <= 18
    assert send(with_gateway(exchange, down), world, now + timedelta(seconds=59)) == 0
    again = said(Outcome.ERRORED, Cause.NO_CONNECTION)
    assert send(with_gateway(exchange, again), world, now + timedelta(seconds=61)) == 1
    assert send(with_gateway(exchange, again), world, now + timedelta(seconds=150)) == 0
    up = Scripted()
    later = now + timedelta(seconds=185)
    assert send(with_gateway(exchange, up), world, later) == 30 - len(down.ledger) - 1
    with exchange.database.reading() as session:
        assert session.get_one(Channel, world.channel).breaker_step == 0


def test_throttling_does_not_open_the_breaker(exchange: Exchange, world: World, now: datetime) -> None:
    busy = said(Outcome.ERRORED, Cause.THROTTLED)
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 20, now)
    for seconds in (0, 3, 10):
        send(with_gateway(exchange, busy), world, now + timedelta(seconds=seconds))
    assert len(busy.ledger) == 20
    with exchange.database.reading() as session:
        assert session.get_one(Channel, world.channel).breaker_until is None


def test_a_process_that_ends_puts_back_what_it_had_not_begun(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = Scripted()
    behind = with_gateway(exchange, gateway)
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 1
        crowd(session, exchange, world, 3, now)

    def end(sms: OutgoingSms) -> Sent:
        behind.stopping.set()
        return wired(sms)

    gateway.say = end
    assert send(behind, world, now) == 1
    with exchange.database.reading() as session:
        states = Counter(session.scalars(select(Message.state)))
    assert states == {MessageState.WIRED: 1, MessageState.QUEUED: 2}


def test_an_end_between_claim_and_request_leaves_the_message_queued(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    calls: list[int] = []
    behind = with_gateway(exchange, gateway := Scripted())

    def moment() -> datetime:
        calls.append(1)  # asked by the claim's transaction: the order to end comes just then
        behind.stopping.set()
        return now

    dispatch(behind, world.channel, moment)
    with exchange.database.reading() as session:
        message = session.scalars(select(Message)).one()
    assert gateway.ledger == []
    assert (message.state, message.attempts, message.uncounted) == (MessageState.QUEUED, 1, 1)


def test_nothing_is_claimed_while_a_webhook_waits_in_the_spool(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    name = spool.keep(exchange.settings.var, {"kind": "sms"})
    assert send(with_gateway(exchange, Scripted()), world, now) == 0
    spool.remove(exchange.settings.var, name)
    assert send(with_gateway(exchange, Scripted()), world, now) == 1


def test_a_budget_is_never_passed_by_many_senders(exchange: Exchange, world: World, now: datetime) -> None:
    behind = with_gateway(exchange, gateway := Scripted())
    with exchange.database.writing() as session:
        session.add(Budget(scope="day:2026-03-18", cap=15 * 11))
        crowd(session, exchange, world, 40, now)
    threads = [threading.Thread(target=send, args=(behind, world, now)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send(behind, world, now)
    assert len(gateway.ledger) == 11
    with exchange.database.reading() as session:
        assert session.scalar(select(Budget.reserved)) == 15 * 11


def test_two_answers_with_one_id_do_not_lose_either_message(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        crowd(session, exchange, world, 2, now)
    send(with_gateway(exchange, Scripted(say=lambda sms: Sent(Outcome.WIRED, "the-same"))), world, now)
    with exchange.database.reading() as session:
        assert Counter(session.scalars(select(Message.state))) == {MessageState.WIRED: 2}
        assert session.scalars(select(Attempt.external_id)).all() == ["the-same", "the-same"]


def test_the_pace_is_waited_for_while_time_passes(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).parts_per_minute = 2
        crowd(session, exchange, world, 3, now)
    moments = iter(range(10_000))
    behind = with_gateway(exchange, gateway := Scripted())
    # Each question moves the clock on by ten seconds, so that the minute is soon over.
    assert dispatch(behind, world.channel, lambda: now + timedelta(seconds=10 * next(moments))) == 3
    assert len(gateway.ledger) == 3
