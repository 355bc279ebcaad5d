"""Calls out and back: claimed once, moved by events, tried again by cause, paid by the minute."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from messaging import call_events, contacts, money, settling, waiting
from messaging.calls import dial
from messaging.exchange import DIAL, Exchange
from messaging.gateways.protocol import CallStep, Cause, Outcome, Sent
from messaging.models import (
    Attempt,
    BroadcastState,
    Budget,
    Call,
    CallState,
    Channel,
    Contact,
    ContactState,
    Kind,
    Purpose,
)
from messaging.queue import queue_call
from messaging.steps import Gather, Hangup, Play, Sound, to_json
from runtime.installation import installation
from tests.calls import tell
from tests.messaging.fakes import Scripted, broadcast, with_gateway
from tests.world import World
from translations.models import Variant

MESSAGE = Play((Sound("https://x/a.wav", 30.0, 15.0),))


def queued(
    exchange: Exchange, world: World, now: datetime, *names: str, state: BroadcastState = BroadcastState.RUNNING
) -> list[int]:
    with exchange.database.writing() as session:
        sending = broadcast(session, world, now, state)
        variant, channel = session.get_one(Variant, world.variants["eau-propre"]), session.get_one(Channel, world.channel)
        people = [session.get_one(Contact, world.contacts[name]) for name in names or ("awa",)]
        calls = [queue_call(session, sending, person, variant, now, channel, Kind.PUSH) for person in people]
        session.flush()
        return [call.id for call in calls]


def dialled(exchange: Exchange, world: World, now: datetime, gateway: Scripted | None = None) -> Scripted:
    gateway = gateway or Scripted()
    dial(with_gateway(exchange, gateway), world.channel, lambda: now)
    return gateway


def get(exchange: Exchange, call_id: int) -> Call:
    with exchange.database.reading() as session:
        return session.get_one(Call, call_id)


def event(exchange: Exchange, world: World, now: datetime, name: str, **given: object) -> call_events.Heard:
    """One event of the only attempt so far, or of `reference`."""
    with exchange.database.writing() as session:
        newest = session.scalars(select(Attempt.id).order_by(Attempt.started_at.desc(), Attempt.id.desc())).first() or "none"
        step = CallStep(f"theirs-{newest}", world.numbers["awa"], name, **{"reference": newest, **given})  # type: ignore[arg-type]
        return tell(session, exchange, world, step, now)


def test_an_accepted_call_stays_dialling_with_the_providers_id(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    gateway = dialled(exchange, world, now)
    call = get(exchange, call_id)
    assert (call.state, call.lease_until) == (CallState.DIALLING, None)
    assert (call.external_id or "").startswith("theirs-")
    assert [one.number for one in gateway.called] == [world.numbers["awa"]]


def test_a_call_goes_its_way_and_is_paid_by_the_minute(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        session.add(Budget(scope=f"channel:{world.channel}", cap=1000))
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "ringing")
    assert get(exchange, call_id).state is CallState.RINGING
    heard = event(exchange, world, now, "answered")
    assert heard.steps is None  # the conversation must be asked
    with exchange.database.writing() as session:
        call = session.get_one(Call, call_id)
        call.last_answer = to_json((MESSAGE, Hangup()), 1)
        call_events.answered_with(call, (MESSAGE, Hangup()), now)
    event(exchange, world, now + timedelta(seconds=70), "completed", seconds=70, heard=30.0)
    call = get(exchange, call_id)
    assert (call.state, call.seconds, call.seconds_heard, call.core_reached, call.price) == (
        CallState.COMPLETED,
        70,
        30.0,
        True,
        120,
    )
    with exchange.database.reading() as session:
        assert session.scalar(select(Budget.reserved)) == 120


def test_a_line_cut_before_the_core_is_tried_once_more_the_next_day(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    for day in range(2):
        at = now + timedelta(days=day, hours=day)
        dialled(exchange, world, at)
        event(exchange, world, at, "answered")
        with exchange.database.writing() as session:
            call = session.get_one(Call, call_id)
            call.last_answer = to_json((Gather((MESSAGE,), "https://x?turn=1"),), 1)
            call_events.answered_with(call, (Gather((MESSAGE,), "https://x?turn=1"),), at)
        event(exchange, world, at, "completed", seconds=9, heard=8.0)
        settling.requeue_stale(exchange, now + timedelta(days=1, hours=1))
    assert get(exchange, call_id).state is CallState.DROPPED
    assert (get(exchange, call_id).attempts, get(exchange, call_id).retry) == (2, False)


@pytest.mark.parametrize(
    ("ended", "low", "high"),
    [
        pytest.param("busy", 12, 18, id="busy: a quarter of an hour"),
        pytest.param("no_answer", 96, 144, id="no answer: two hours"),
    ],
)
def test_a_call_that_did_not_get_through_waits_by_its_cause(
    ended: str, low: int, high: int, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "ringing")
    event(exchange, world, now, ended)
    call = get(exchange, call_id)
    assert (call.state.value, call.retry) == (ended, True)
    assert low <= (call.not_before - now).total_seconds() / 60 <= high


def test_four_attempts_are_made_and_the_last_stands(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    with exchange.database.writing() as session:
        session.get_one(Call, call_id).expires_at = None
        settings = replace(exchange, settings=exchange.settings.model_copy(update={"pushes_per_day": 9, "pushes_per_week": 9}))
    for attempt in range(6):
        at = now + timedelta(minutes=20 * attempt)
        settling.requeue_stale(settings, at)
        dialled(settings, world, at)
        if get(exchange, call_id).state is CallState.DIALLING:
            event(exchange, world, at, "busy")
    call = get(exchange, call_id)
    assert (call.state, call.attempts, call.retry) == (CallState.BUSY, 4, False)


def test_our_own_trunks_failure_uses_up_no_attempt(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    down = Scripted(dialled=lambda _: Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION))
    dialled(exchange, world, now, down)
    call = get(exchange, call_id)
    assert (call.state, call.retry, call.attempts - call.uncounted) == (CallState.ERRORED, True, 0)
    for hours in range(1, 6):
        settling.requeue_stale(exchange, now + timedelta(minutes=20 * hours))
        dialled(exchange, world, now + timedelta(minutes=20 * hours), down)
    assert get(exchange, call_id).state is CallState.FAILED


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(Sent(Outcome.FAILED, cause=Cause.DEAD_NUMBER), CallState.FAILED, id="refused for good"),
        pytest.param(Sent(Outcome.UNKNOWN), CallState.UNKNOWN, id="no answer read"),
        pytest.param(Sent(Outcome.NOT_BEGUN), CallState.QUEUED, id="not begun"),
    ],
)
def test_what_the_gateway_answers_decides(
    answer: Sent, state: CallState, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    gateway = Scripted(dialled=lambda _: answer)
    behind = with_gateway(exchange, gateway)
    if answer.outcome is Outcome.NOT_BEGUN:
        moments: list[int] = []

        def moment() -> datetime:
            moments.append(1)
            behind.stopping.set()
            return now

        dial(behind, world.channel, moment)
        assert gateway.called == []
    else:
        dial(behind, world.channel, lambda: now)
    assert get(exchange, call_id).state is state
    if answer.cause is Cause.DEAD_NUMBER:
        with exchange.database.reading() as session:
            assert session.get_one(Contact, world.contacts["awa"]).state is ContactState.DEAD


def test_a_gateway_that_raises_or_dawdles_leaves_an_unknown(exchange: Exchange, world: World, now: datetime) -> None:
    def explode(_: object) -> Sent:
        raise RuntimeError("a gateway forgot to catch this")

    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now, Scripted(dialled=explode))
    assert get(exchange, call_id).state is CallState.UNKNOWN
    event(exchange, world, now, "answered")  # the first voice request proves that it was taken
    assert get(exchange, call_id).state is CallState.ANSWERED


def test_one_line_is_kept_for_callers(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now, "awa", "sory", "moussa", "binta", "oumar")
    assert len(dialled(exchange, world, now).called) == 3


def test_a_number_is_in_one_call_at_a_time(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    with exchange.database.writing() as session:
        contact, channel = session.get_one(Contact, world.contacts["awa"]), session.get_one(Channel, world.channel)
        queue_call(session, None, contact, None, now, channel, Kind.REPLY)
    assert len(dialled(exchange, world, now).called) == 1
    assert len(dialled(exchange, world, now).called) == 0


def test_a_call_needs_its_own_consent(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
        assert contacts.withdraw(session, contact, Purpose.CALL, now) == 1
        call = session.get_one(Call, call_id)
        assert (call.state, call.reason) == (CallState.SUPPRESSED, "no_consent")


def test_a_paused_broadcast_keeps_its_calls(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now, state=BroadcastState.PAUSED)
    assert dialled(exchange, world, now).called == []


def test_a_call_over_budget_waits_aloud_until_the_cap_is_raised(exchange: Exchange, world: World, now: datetime) -> None:
    scope = f"channel:{world.channel}"
    with exchange.database.writing() as session:
        session.add(Budget(scope=scope, cap=10))
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    call = get(exchange, call_id)
    assert (call.state, call.reason, call.not_before) == (CallState.QUEUED, "budget", now + timedelta(hours=1))
    with exchange.database.reading() as session:
        [wait] = waiting.waits(session, now, call.broadcast_id)
        assert (wait.why, wait.count, wait.until) == (waiting.Why.BUDGET, 1, now + timedelta(hours=1))
    with exchange.database.writing() as session:
        money.set_cap(session, scope, 60, now)
    dialled(exchange, world, now)
    assert get(exchange, call_id).state is CallState.DIALLING


def test_silence_ends_a_call(exchange: Exchange, world: World, now: datetime) -> None:
    dialling, ringing, answered = queued(exchange, world, now, "awa", "sory", "moussa")
    dialled(exchange, world, now)
    with exchange.database.writing() as session:
        session.get_one(Call, ringing).state = CallState.RINGING
        session.get_one(Call, ringing).ringing_at = now
        session.get_one(Call, answered).state = CallState.ANSWERED
        session.get_one(Call, answered).answered_at = session.get_one(Call, answered).heard_at = now
    settling.requeue_stale(exchange, now + timedelta(minutes=4))
    assert get(exchange, dialling).state is CallState.UNKNOWN
    assert get(exchange, ringing).state is CallState.NO_ANSWER
    assert get(exchange, answered).state is CallState.ANSWERED
    settling.requeue_stale(exchange, now + timedelta(minutes=16))
    assert get(exchange, answered).state is CallState.DROPPED


def test_a_call_is_ended_after_six_minutes(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "answered")
    assert event(exchange, world, now + timedelta(minutes=5), "turn").steps is None
    assert event(exchange, world, now + timedelta(minutes=7), "turn").steps == (Hangup(),)


def test_late_and_repeated_events_change_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "answered")
    event(exchange, world, now, "ringing")
    event(exchange, world, now, "busy")
    assert get(exchange, call_id).state is CallState.ANSWERED
    event(exchange, world, now, "completed", seconds=3)
    event(exchange, world, now, "completed", seconds=3)
    assert get(exchange, call_id).state is CallState.DROPPED
    assert event(exchange, world, now, "turn").steps == (Hangup(),)


@pytest.mark.parametrize(("seconds", "state"), [(12, CallState.DROPPED), (0, CallState.NO_ANSWER)], ids=["spoken", "never"])
def test_a_final_status_alone_tells_whether_anybody_answered(
    seconds: int, state: CallState, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "completed", seconds=seconds)
    assert get(exchange, call_id).state is state


def test_news_of_an_earlier_try_does_not_move_the_one_under_way(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    with exchange.database.reading() as session:
        first = session.scalars(select(Attempt.id)).one()
    event(exchange, world, now, "busy")
    later = now + timedelta(minutes=20)
    settling.requeue_stale(exchange, later)
    with exchange.database.writing() as session:  # a busy line heard nothing: the day's push is still to come
        session.get_one(Call, call_id).kind = Kind.REPLY
    dialled(exchange, world, later)
    with exchange.database.writing() as session:
        step = CallStep("theirs-old", world.numbers["awa"], "no_answer", reference=first)
        tell(session, exchange, world, step, later)
    assert get(exchange, call_id).state is CallState.DIALLING


def test_an_event_of_no_call_we_know_ends_that_call(exchange: Exchange, world: World, now: datetime) -> None:
    assert event(exchange, world, now, "answered").steps == (Hangup(),)
    assert event(exchange, world, now, "completed").steps == ()


def test_a_channel_without_voice_dials_nothing(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).kinds = ["sms"]
    assert dialled(exchange, world, now).called == []


def test_waiting_calls_are_nudged_by_the_sweep(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    settling.requeue_stale(exchange, now)
    assert (DIAL, world.channel) in exchange.work.waiting  # type: ignore[attr-defined]


def test_after_a_rest_one_single_call_is_tried(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now, "awa", "sory", "moussa")
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).breaker_step = 1
        session.get_one(Channel, world.channel).breaker_until = now
    dialled(exchange, world, now, Scripted(dialled=lambda _: Sent(Outcome.UNKNOWN)))
    with exchange.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_tout_arreter_stops_calls(exchange: Exchange, world: World, now: datetime) -> None:
    queued(exchange, world, now)
    with exchange.database.writing() as session:
        installation(session).stopped_at = now
    assert dialled(exchange, world, now).called == []


@pytest.mark.parametrize(
    "before", [(), ("ringing",), ("ringing", "answered")], ids=["at once", "while it rings", "once answered"]
)
def test_a_machine_that_answers_ends_the_call_and_costs_its_minute(
    before: tuple[str, ...], exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    for name in (*before, "machine"):
        event(exchange, world, now, name)
    event(exchange, world, now, "completed", seconds=4)
    call = get(exchange, call_id)
    assert (call.state, call.seconds, call.price) == (CallState.MACHINE, 4, 60)
