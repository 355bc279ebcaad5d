"""Two campaigns and one phone: the more important goes first, the other waits for a free day or is skipped with its reason."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from campaigns import broadcasts, firing
from campaigns.filters import Filter
from campaigns.models import Priority, Repeat
from messaging.calls import dial
from messaging.exchange import Exchange
from messaging.models import Call, Channel, Contact, Kind, Message, MessageState
from messaging.outbox import dispatch
from messaging.queue import queue_call
from runtime.crypto import blind
from tests.campaigns.test_firing import HOUR, WIDE, fan_out, people, plan
from tests.messaging.fakes import Scripted, broadcast, push, with_gateway
from tests.world import World
from translations.models import Variant


def wait_for(exchange: Exchange, now: datetime, world: World) -> None:
    """Two hours of the outbox, as the clock runs it."""
    broadcasts.start_due(exchange, now)
    dispatch(with_gateway(exchange, Scripted()), world.channel, lambda: now)


def test_the_more_important_goes_first_though_it_is_due_later_that_day(exchange: Exchange, world: World, now: datetime) -> None:
    due = {"repeat": Repeat.ONCE, "starts_at": now + HOUR, "expires_hours": 48}
    later = {"repeat": Repeat.ONCE, "starts_at": now + 7 * HOUR, "expires_hours": 48}
    only = Filter(clubs=(world.clubs["3050"],), one_phone_per_club=False) if "3050" in world.clubs else WIDE
    plan(exchange, world, now, due, wanted=only)
    plan(exchange, world, now, later, wanted=only, priority=Priority.HIGH)
    for moment in (now + HOUR, now + 7 * HOUR):
        firing.fire_due(exchange, moment)
        fan_out(exchange, moment)
        wait_for(exchange, moment + timedelta(minutes=11), world)
    with exchange.database.reading() as session:
        rows = list(session.scalars(select(Message).where(Message.kind == Kind.PUSH).order_by(Message.id)))
    low, high = ([row for row in rows if row.priority == level] for level in (20, 15))
    assert {row.state for row in high} == {MessageState.WIRED}
    assert {row.state for row in low} == {MessageState.QUEUED}
    assert {row.not_before for row in low} == {datetime(2026, 3, 19, 8, tzinfo=UTC)}
    wait_for(exchange, datetime(2026, 3, 19, 8, tzinfo=UTC), world)
    with exchange.database.reading() as session:
        assert {row.state for row in session.scalars(select(Message).where(Message.kind == Kind.PUSH))} == {MessageState.WIRED}


def test_the_lesser_is_skipped_with_its_reason_where_no_day_is_free(exchange: Exchange, world: World, now: datetime) -> None:
    plan(exchange, world, now, {"repeat": Repeat.ONCE, "starts_at": now + HOUR, "expires_hours": 12})
    plan(exchange, world, now, {"repeat": Repeat.ONCE, "starts_at": now + 7 * HOUR}, priority=Priority.HIGH)
    firing.fire_due(exchange, now + HOUR)
    fan_out(exchange, now + HOUR)
    reasons = set(people(exchange, world).values())
    assert reasons == {"priority", "no_phone"}


def test_two_made_at_once_leave_by_their_importance(exchange: Exchange, world: World, now: datetime) -> None:
    due = {"repeat": Repeat.ONCE, "starts_at": now + HOUR, "expires_hours": 12}
    plan(exchange, world, now, due, priority=Priority.LOW)
    plan(exchange, world, now, due)
    firing.fire_due(exchange, now + HOUR)
    fan_out(exchange, now + HOUR)
    wait_for(exchange, now + timedelta(minutes=71), world)
    with exchange.database.reading() as session:
        rows = session.execute(select(Message.priority, Message.state, Message.reason).where(Message.kind == Kind.PUSH)).all()
    assert {(level, state.value, reason) for level, state, reason in rows} == {
        (20, "wired", None),
        (25, "suppressed", "day_limit"),
    }


def test_an_sms_and_a_call_of_two_campaigns_on_two_channels_at_once_reach_a_phone_once_a_day(
    exchange: Exchange, world: World, now: datetime
) -> None:
    fake = Scripted(seconds=0.05)
    other = with_gateway(exchange, fake)
    with exchange.database.writing() as session:
        variant = session.get_one(Variant, world.variants["eau-propre"])
        token = "jeton-de-la-voix-0123456789abcdef-01234567"
        voice = Channel(name="voix", gateway="simulator", number="36086", kinds=["voice"], token=token, created_at=now)
        voice.token_index, voice.calls_at_once = blind(token), 20
        session.add(voice)
        session.flush()
        for name in world.contacts:
            push(session, world, name, now)
            person = session.get_one(Contact, world.contacts[name])
            queue_call(session, broadcast(session, world, now), person, variant, now, voice, Kind.PUSH)
    lines = [(dispatch, world.channel), (dial, voice.id)]
    threads = [threading.Thread(target=run, args=(other, channel, lambda: now)) for run, channel in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run, channel in lines:  # whoever found a contact busy left its row for now
        run(other, channel, lambda: now)
    reached = [sms.number for sms in fake.ledger] + [call.number for call in fake.called]
    assert sorted(reached) == sorted(world.numbers.values())
    with exchange.database.reading() as session:
        kinds = (Message, Call)
        waiting = [at for kind in kinds for at in session.scalars(select(kind.not_before).where(kind.state == "queued"))]
    assert set(waiting) <= {datetime(2026, 3, 19, 8, tzinfo=UTC)}
