"""What comes in: stored once and raw, STOP before anything else, machines and loops left unanswered."""

from datetime import datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import func, select

from messaging import contacts
from messaging.exchange import DISPATCH, Exchange
from messaging.gateways.protocol import IncomingSms
from messaging.inbox import receive
from messaging.limits import IDENTICAL_REPLIES
from messaging.models import (
    Channel,
    Consent,
    Contact,
    ContactState,
    Direction,
    Kind,
    Message,
    MessageState,
    OptOut,
    WebhookBody,
)
from messaging.queue import queue_reply
from messaging.settling import requeue_stale
from runtime.work import Immediate
from tests.messaging.fakes import Scripted, push, reply, send, with_gateway
from tests.world import World


def take(exchange: Exchange, world: World, now: datetime, text: str, **given: object) -> Message | None:
    incoming = IncomingSms(**{"key": None, "sender": world.numbers["awa"], "text": text, "raw": f"raw {text}", **given})  # type: ignore[arg-type]
    with exchange.database.writing() as session:
        return receive(session, session.get_one(Channel, world.channel), incoming, now)


def test_a_message_is_kept_raw_and_waits_for_its_conversation(exchange: Exchange, world: World, now: datetime) -> None:
    message = take(exchange, world, now, "Bonjour", key="m1")
    assert message is not None
    assert (message.state, message.contact_id, message.text) == (MessageState.RECEIVED, world.contacts["awa"], "Bonjour")
    with exchange.database.reading() as session:
        assert session.scalars(select(WebhookBody.body)).all() == ["raw Bonjour"]
        assert session.get_one(Contact, world.contacts["awa"]).last_heard_at == now


def test_the_same_provider_id_counts_once(exchange: Exchange, world: World, now: datetime) -> None:
    assert take(exchange, world, now, "2", key="m1")
    assert take(exchange, world, now + timedelta(days=2), "2", key="m1") is None


def test_without_an_id_the_same_words_within_five_seconds_count_once(exchange: Exchange, world: World, now: datetime) -> None:
    assert take(exchange, world, now, "2")
    assert take(exchange, world, now + timedelta(seconds=4), "2") is None
    assert take(exchange, world, now + timedelta(seconds=4), "3")
    assert take(exchange, world, now + timedelta(seconds=10), "2")


def test_the_same_word_counts_again_once_we_have_written_in_between(exchange: Exchange, world: World, now: datetime) -> None:
    assert take(exchange, world, now, "2")
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    assert take(exchange, world, now + timedelta(seconds=1), "2")


def test_a_stranger_becomes_a_contact(exchange: Exchange, world: World, now: datetime) -> None:
    message = take(exchange, world, now, "AIDE", sender="00010099")
    assert message is not None
    with exchange.database.reading() as session:
        assert session.get_one(Contact, message.contact_id).number == "+22300010099"


def test_what_databases_refuse_is_taken_out_of_the_text(exchange: Exchange, world: World, now: datetime) -> None:
    message = take(exchange, world, now, "CR\0 12\ud800 18 7")
    assert message is not None
    assert message.text == "CR 12 18 7"


def test_stop_is_honoured_in_the_same_transaction_with_one_confirmation(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        waiting = push(session, world, "awa", now).id
    message = take(exchange, world, now, "stop svp")
    assert message is not None
    assert (message.state, message.reason, message.reply_kind) == (MessageState.HANDLED, "stop", "INFO")
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.STOPPED
        assert session.get_one(Message, waiting).state is MessageState.SUPPRESSED
        assert session.scalar(select(func.count()).select_from(OptOut)) == 1
        standing = select(Consent).where(Consent.contact_id == world.contacts["awa"], Consent.withdrawn_at.is_(None))
        assert session.scalars(standing).all() == []
    again = take(exchange, world, now + timedelta(minutes=1), "STOP")
    assert again is not None
    assert again.reply_kind == "NONE"
    gateway = Scripted()
    send(with_gateway(exchange, gateway), world, now)
    assert [sms.number for sms in gateway.ledger] == [world.numbers["awa"]]


def test_an_opt_out_named_by_the_provider_needs_no_word_of_ours(exchange: Exchange, world: World, now: datetime) -> None:
    take(exchange, world, now, "wypisz", opts_out=True)
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.STOPPED


def test_a_question_about_weaning_stops_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    message = take(exchange, world, now, "je veux arreter le sein")
    assert message is not None
    assert message.state is MessageState.RECEIVED
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.ACTIVE


def test_a_stop_stem_elsewhere_has_staff_look(exchange: Exchange, world: World, now: datetime) -> None:
    take(exchange, world, now, "il faut que vos messages s'arretent maintenant merci bien")
    with exchange.database.reading() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
    assert (contact.doubt, contact.doubt_at) == ("stop", now)


@pytest.mark.parametrize("sender", ["OrangeInfo", "36085", "7402"], ids=["a name", "our own code", "a short code"])
def test_machines_are_stored_and_never_answered(sender: str, exchange: Exchange, world: World, now: datetime) -> None:
    message = take(exchange, world, now, "STOP", sender=sender)
    assert message is not None
    assert (message.state, message.reason) == (MessageState.HANDLED, "machine")
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, message.contact_id)
        answer = queue_reply(session, exchange, contact, "Merci.", now, channel_id=world.channel, answers=message)
    assert answer is None


def test_what_holds_no_words_is_stored_and_never_answered(exchange: Exchange, world: World, now: datetime) -> None:
    incoming = IncomingSms(key="k", sender=world.numbers["awa"], text="", raw="text=%06%05", binary=True)
    with exchange.database.writing() as session:
        message = receive(session, session.get_one(Channel, world.channel), incoming, now)
        assert message is not None
        assert (message.state, message.reason) == (MessageState.HANDLED, "binary")
        assert session.scalars(select(WebhookBody.body)).one() == "text=%06%05"


def test_a_week_old_message_is_stored_and_not_acted_upon(exchange: Exchange, world: World, now: datetime) -> None:
    message = take(exchange, world, now, "STOP", provider_at=now - timedelta(days=8))
    assert message is not None
    assert (message.state, message.reason) == (MessageState.HANDLED, "too_old")
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.ACTIVE


def test_more_than_twenty_in_ten_minutes_is_a_loop_in_which_stop_still_works(
    exchange: Exchange, world: World, now: datetime
) -> None:
    states = [take(exchange, world, now + timedelta(seconds=20 * n), f"mot {n}") for n in range(22)]
    reasons = [message.reason for message in states if message is not None]
    assert reasons == [None] * 20 + ["loop"] * 2
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).doubt == "loop"
    take(exchange, world, now + timedelta(seconds=450), "STOP")
    with exchange.database.reading() as session:
        assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.STOPPED


def answers(exchange: Exchange, world: World, times: list[datetime], texts: list[str], cap: int = 1000) -> int:
    count = 0
    for at, text in zip(times, texts, strict=True):
        with exchange.database.writing() as session:
            contact = session.get_one(Contact, world.contacts["awa"])
            one = queue_reply(session, exchange, contact, text, at, channel_id=world.channel, answers=None, cap=cap)
            count += one is not None
    return count


def test_of_many_replies_three_leave_in_any_minute_and_the_others_wait(exchange: Exchange, world: World, now: datetime) -> None:
    times = [now + timedelta(seconds=n) for n in range(8)]
    assert answers(exchange, world, times, [f"texte {n}" for n in range(8)]) == 8
    with exchange.database.reading() as session:
        mine = select(Message.not_before).where(Message.contact_id == world.contacts["awa"], Message.kind == Kind.REPLY)
        leaves = [(at - now).total_seconds() for at in session.scalars(mine.order_by(Message.id))]
    assert leaves == [0, 1, 2, 60, 61, 62, 120, 121]


def test_a_reply_that_waited_is_nudged_when_its_moment_comes(exchange: Exchange, world: World, now: datetime) -> None:
    answers(exchange, world, [now] * 4, [f"texte {n}" for n in range(4)])
    work = cast(Immediate, exchange.work)
    work.register(DISPATCH, lambda channel_id: None)  # whoever was told of all four took three
    work.run_all()
    requeue_stale(exchange, now + timedelta(seconds=59))
    assert work.waiting == []
    requeue_stale(exchange, now + timedelta(seconds=60))
    assert [nudge[0] for nudge in work.waiting] == [DISPATCH]


def test_five_identical_replies_in_half_an_hour_are_enough(exchange: Exchange, world: World, now: datetime) -> None:
    times = [now + timedelta(minutes=2 * n) for n in range(8)]
    assert answers(exchange, world, times, ["pareil"] * 8) == IDENTICAL_REPLIES


@pytest.mark.parametrize("cap", [10, 40], ids=["anybody", "a facilitator"])
def test_the_replies_of_a_day_have_a_cap(cap: int, exchange: Exchange, world: World, now: datetime) -> None:
    times = [now + timedelta(minutes=2 * n) for n in range(45)]
    assert answers(exchange, world, times, [f"texte {n}" for n in range(45)], cap=cap) == cap


def test_a_number_that_comes_back_after_its_erasure_is_still_stopped(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        gone = contacts.find_or_create(session, "+22300010077", now)
        contacts.stop(session, gone, now, "sms")
        session.query(OptOut).update({"contact_id": None})
        session.delete(gone)
    with exchange.database.writing() as session:
        back = contacts.find_or_create(session, "+22300010077", now)
        assert back.state is ContactState.STOPPED
        assert contacts.resume(session, back, now)
        assert not contacts.resume(session, back, now)
    with exchange.database.reading() as session:
        assert session.scalars(select(Contact.state).where(Contact.id == back.id)).one() is ContactState.ACTIVE


def test_outgoing_and_incoming_are_told_apart(exchange: Exchange, world: World, now: datetime) -> None:
    take(exchange, world, now, "STOP")
    with exchange.database.reading() as session:
        found = session.execute(select(Message.direction, Message.kind).order_by(Message.id)).all()
    assert [tuple(row) for row in found] == [(Direction.IN, Kind.REPLY), (Direction.OUT, Kind.CONFIRMATION)]
