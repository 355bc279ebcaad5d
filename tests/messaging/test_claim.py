"""The claim: what may leave, what may not and why, and that each row is taken once."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import broadcasts, contacts
from messaging.claim import Claim, Idle, claim
from messaging.exchange import Exchange
from messaging.models import (
    Attempt,
    BroadcastState,
    Budget,
    Channel,
    ChannelState,
    Contact,
    ContactState,
    Kind,
    Message,
    MessageState,
    Purpose,
)
from messaging.queue import queue_reply
from runtime.installation import close
from tests.messaging.fakes import Scripted, broadcast, crowd, push, reply, send, with_gateway
from tests.world import World, opened
from translations.models import Variant, VariantState

FRIDAY = datetime.fromisoformat("2026-03-20T13:00:00+00:00")
Change = Callable[[Session, Exchange, World, datetime], None]
NIGHT = datetime.fromisoformat("2026-03-18T22:30:00+00:00")


def taken(exchange: Exchange, world: World, now: datetime) -> Claim:
    with exchange.database.writing() as session:
        return claim(session, exchange.settings, world.channel, now, "test")


def row(exchange: Exchange, message_id: int) -> Message:
    with exchange.database.reading() as session:
        return session.get_one(Message, message_id)


def test_the_attempt_is_committed_with_the_lease_before_anything_is_asked(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        message_id = reply(session, exchange, world, "awa", now).id
    [one] = taken(exchange, world, now).taken
    with exchange.database.reading() as session:
        message = session.get_one(Message, message_id)
        attempt = session.get_one(Attempt, one.attempt_id)
        assert message.state is MessageState.SENDING
        assert message.lease_until is not None
        assert (attempt.message_id, attempt.number, attempt.ended_at) == (message_id, 1, None)
    assert one.sms.number == world.numbers["awa"]
    assert one.sms.reference == one.attempt_id


def test_replies_leave_before_pushes_queued_earlier(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 1
        push(session, world, "sory", now - timedelta(hours=1))
        answer = reply(session, exchange, world, "awa", now).id
    [first] = taken(exchange, world, now).taken
    assert first.message_id == answer


def test_no_more_rows_are_taken_than_places_are_free(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).in_flight = 3
        crowd(session, exchange, world, 5, now)
    assert len(taken(exchange, world, now).taken) == 3
    assert taken(exchange, world, now).idle is Idle.FULL


def stop(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    contacts.stop(session, session.get_one(Contact, world.contacts["awa"]), now, "sms")


def withdraw(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    contacts.withdraw(session, session.get_one(Contact, world.contacts["awa"]), Purpose.PUSH, now)


def dead(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    contacts.mark_dead(session, world.contacts["awa"], now)


def announced(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    session.get_one(Contact, world.contacts["awa"]).state = ContactState.ANNOUNCED


def unapproved(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    variant = session.get_one(Variant, world.variants["eau-propre"])
    variant.state = VariantState.TO_REVIEW


def no_longer_valid(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    session.get_one(Variant, world.variants["eau-propre"]).valid_until = now


def not_yet_valid(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    session.get_one(Variant, world.variants["eau-propre"]).valid_from = now + timedelta(days=1)


def erased(session: Session, exchange: Exchange, world: World, now: datetime) -> None:
    session.get_one(Contact, world.contacts["awa"]).number = None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(stop, "stopped", id="after STOP"),
        pytest.param(withdraw, "no_consent", id="consent withdrawn"),
        pytest.param(dead, "dead_number", id="dead number"),
        pytest.param(announced, "announced", id="only announced"),
        pytest.param(unapproved, "not_approved", id="approval taken back"),
        pytest.param(no_longer_valid, "not_valid", id="text no longer valid"),
        pytest.param(not_yet_valid, "not_valid", id="text not yet valid"),
        pytest.param(erased, "erased", id="erased number"),
    ],
)
def test_a_push_that_may_not_leave_is_suppressed_with_its_reason(
    change: Change, reason: str, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        message_id = push(session, world, "awa", now).id
        change(session, exchange, world, now)
    assert taken(exchange, world, now).taken == ()
    found = row(exchange, message_id)
    assert (found.state, found.reason) == (MessageState.SUPPRESSED, reason)


def test_a_push_queued_although_the_number_is_stopped_is_caught_by_the_claim(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        stop(session, exchange, world, now)
        message_id = push(session, world, "awa", now).id
    taken(exchange, world, now)
    assert row(exchange, message_id).reason == "stopped"


def test_a_stop_spares_direct_replies(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        message_id = reply(session, exchange, world, "awa", now).id
        stop(session, exchange, world, now)
    assert [one.message_id for one in taken(exchange, world, now).taken] == [message_id]


def test_a_training_channel_sends_french_drafts_but_nothing_a_machine_wrote(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).settings = '{"training": "1"}'
        unapproved(session, exchange, world, now)
        push(session, world, "awa", now)
        machine = push(session, world, "sory", now).id
        session.get_one(Message, machine).variant_id = world.variants["premier-lait"]
        written = session.get_one(Variant, world.variants["premier-lait"])
        written.state, written.machine_written = VariantState.DRAFT, True
    assert len(taken(exchange, world, now).taken) == 1
    assert row(exchange, machine).reason == "not_approved"


@pytest.mark.parametrize(
    "state", [BroadcastState.PLANNED, BroadcastState.PAUSED, BroadcastState.CANCELLED], ids=lambda state: str(state)
)
def test_a_broadcast_that_does_not_run_keeps_its_rows_queued(
    state: BroadcastState, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        message_id = push(session, world, "awa", now, broadcast(session, world, now, state)).id
    assert taken(exchange, world, now).idle is Idle.EMPTY
    assert row(exchange, message_id).state is MessageState.QUEUED


def test_pause_resume_and_cancel_bind_every_row_not_yet_sending(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        sending = broadcast(session, world, now)
        message_id = push(session, world, "awa", now, sending).id
        broadcasts.pause(session, sending, now, "doute")
    assert taken(exchange, world, now).taken == ()
    with exchange.database.writing() as session:
        sending = session.merge(sending)
        broadcasts.resume(session, sending, now)
        assert broadcasts.cancel(session, sending, now) == 1
    assert taken(exchange, world, now).taken == ()
    assert row(exchange, message_id).state is MessageState.CANCELLED


def test_tout_arreter_stops_replies_too_until_it_is_undone(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
        broadcasts.stop_all(session, world.staff["adama"], now)
    assert taken(exchange, world, now).idle is Idle.STOPPED
    with exchange.database.writing() as session:
        broadcasts.start_again(session, exchange, world.staff["adama"], now)
    assert len(taken(exchange, world, now).taken) == 1


def test_a_paused_channel_keeps_its_queue(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
        session.get_one(Channel, world.channel).state = ChannelState.PAUSED
    assert taken(exchange, world, now).idle is Idle.PAUSED
    assert send(exchange, world, now) == 0


def test_a_real_channel_sends_nothing_while_the_installation_is_a_simulation(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).gateway = "kannel"
        reply(session, exchange, world, "awa", now)
    assert taken(exchange, world, now).idle is Idle.SIMULATION


def test_a_simulated_number_never_leaves_through_a_real_channel(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        opened(session)
        session.get_one(Channel, world.channel).gateway = "kannel"
        message_id = reply(session, exchange, world, "awa", now).id
    assert taken(exchange, world, now).taken == ()
    assert row(exchange, message_id).reason == "simulated_number"


def test_quiet_hours_move_a_push_to_the_next_window_and_spare_replies(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        pushed = push(session, world, "sory", NIGHT).id
        reply(session, exchange, world, "awa", NIGHT)
    [one] = taken(exchange, world, NIGHT).taken
    assert one.sms.number == world.numbers["awa"]
    found = row(exchange, pushed)
    assert found.state is MessageState.QUEUED
    assert found.not_before == datetime.fromisoformat("2026-03-19T08:00:00+00:00")


def test_the_friday_pause_lasts_until_the_afternoon_window(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        pushed = push(session, world, "sory", FRIDAY).id
    taken(exchange, world, FRIDAY)
    assert row(exchange, pushed).not_before == datetime.fromisoformat("2026-03-20T16:00:00+00:00")


def test_a_broadcast_without_quiet_hours_leaves_at_night(exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        sending = broadcast(session, world, NIGHT)
        sending.quiet_hours = False
        push(session, world, "sory", NIGHT, sending)
    assert len(taken(exchange, world, NIGHT).taken) == 1


def test_what_is_past_its_expiry_expires_instead_of_leaving(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        message = push(session, world, "awa", now)
        message.expires_at = now
    assert taken(exchange, world, now).taken == ()
    assert row(exchange, message.id).state is MessageState.EXPIRED


def test_a_number_gets_one_push_a_day_and_the_second_waits_for_tomorrow(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        push(session, world, "awa", now)
        second = push(session, world, "awa", now).id
    assert len(taken(exchange, world, now).taken) == 1
    assert row(exchange, second).not_before == datetime.fromisoformat("2026-03-19T08:00:00+00:00")


def test_a_fourth_push_within_a_week_is_said_to_be_too_many(exchange: Exchange, world: World, now: datetime) -> None:
    for day in range(3):
        at = now + timedelta(days=day)
        with exchange.database.writing() as session:
            push(session, world, "awa", at)
        assert len(taken(exchange, world, at).taken) == 1
    later = now + timedelta(days=3)
    with exchange.database.writing() as session:
        fourth = push(session, world, "awa", later).id
    assert taken(exchange, world, later).taken == ()
    assert (row(exchange, fourth).state, row(exchange, fourth).reason) == (MessageState.SUPPRESSED, "week_limit")


def test_a_doubtful_stop_holds_pushes_until_staff_have_looked(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        contacts.raise_doubt(session.get_one(Contact, world.contacts["awa"]), now, "stop")
        message_id = push(session, world, "awa", now).id
    taken(exchange, world, now)
    assert row(exchange, message_id).state is MessageState.HELD
    with exchange.database.writing() as session:
        assert contacts.settle_doubt(session, session.get_one(Contact, world.contacts["awa"]), now) == 1
    assert len(taken(exchange, world, now).taken) == 1


def test_a_budget_reserves_up_to_its_cap_and_holds_the_rest_aloud(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add(Budget(scope=f"channel:{world.channel}", cap=35, reserved=0))
        ids = crowd(session, exchange, world, 4, now)
    assert len(taken(exchange, world, now).taken) == 2
    with exchange.database.reading() as session:
        assert session.scalar(select(Budget.reserved)) == 30
        held = session.scalars(select(Message).where(Message.state == MessageState.HELD)).all()
        assert {(message.id in ids, message.reason) for message in held} == {(True, "budget")}


def test_the_minute_of_a_channel_is_counted_in_parts(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).parts_per_minute = 3
        for name in ("awa", "sory", "moussa"):
            reply(session, exchange, world, name, now, "a" * 161)
    assert len(taken(exchange, world, now).taken) == 2
    paced = taken(exchange, world, now + timedelta(seconds=30))
    assert paced.idle is Idle.PACE
    assert 0 < paced.wait <= 31
    assert len(taken(exchange, world, now + timedelta(seconds=62)).taken) == 1


def test_four_senders_at_once_take_each_message_once(exchange: Exchange, world: World, now: datetime) -> None:
    fake = Scripted()
    other = with_gateway(exchange, fake)
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.in_flight, channel.parts_per_minute = 8, 10_000
        ids = crowd(session, exchange, world, 60, now)
    threads = [threading.Thread(target=send, args=(other, world, now)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send(other, world, now)  # whoever found the channel busy last left nothing behind
    assert len(fake.ledger) == len({sms.number for sms in fake.ledger}) == 60
    with exchange.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 60
        states = Counter(session.scalars(select(Message.state).where(Message.id.in_(ids))))
    assert states == {MessageState.WIRED: 60}
    assert fake.most <= 8


def test_no_push_is_claimed_after_a_stop_has_committed(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.in_flight = 2
        ids = crowd(session, exchange, world, 40, now)
        sending = broadcast(session, world, now)
        for message in session.scalars(select(Message).where(Message.id.in_(ids))):
            message.kind, message.broadcast_id = Kind.PUSH, sending.id
            contact = session.get_one(Contact, message.contact_id)
            contacts.consent(session, contact, Purpose.PUSH, now, via="register", script_version="1")
    stopped: dict[int, int] = {}

    def stop_all_numbers() -> None:
        with exchange.database.reading() as session:
            people = session.scalars(select(Message.contact_id).where(Message.id.in_(ids)).order_by(Message.id.desc())).all()
        for contact_id in people:
            with exchange.database.writing() as session:
                contacts.stop(session, session.get_one(Contact, contact_id), now, "sms")
            with exchange.database.reading() as session:
                tries = select(func.count()).select_from(Attempt).join(Message).where(Message.contact_id == contact_id)
                stopped[contact_id] = session.scalar(tries) or 0

    racer = threading.Thread(target=stop_all_numbers)
    racer.start()
    send(with_gateway(exchange, Scripted(seconds=0.002)), world, now)
    racer.join()
    send(with_gateway(exchange, Scripted()), world, now)
    with exchange.database.reading() as session:
        tries = select(Message.contact_id, func.count()).join(Attempt, Attempt.message_id == Message.id)
        after = dict(session.execute(tries.group_by(Message.contact_id)).all())
    assert {contact: after.get(contact, 0) for contact in stopped} == stopped


def test_a_reminder_needs_consent_but_no_room_in_the_day(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        push(session, world, "awa", now)
        contact = session.get_one(Contact, world.contacts["awa"])
        queue_reply(session, exchange, contact, "Rapport?", now, channel_id=world.channel, answers=None, kind=Kind.REMINDER)
    assert len(taken(exchange, world, now).taken) == 2


def test_a_real_channel_sends_nothing_until_a_person_opens_the_installation(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        opened(session)
        session.get_one(Channel, world.channel).gateway = "kannel"
        close(session)
        reply(session, exchange, world, "awa", now)
    assert taken(exchange, world, now).idle is Idle.CLOSED
