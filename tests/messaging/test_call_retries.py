"""When a call is tried again, by its cause: the table of voice/README.md, line by line; and what its hours taught."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from messaging import hours, retry, settling, windows
from messaging.erasing import erase
from messaging.exchange import Exchange
from messaging.gateways.protocol import Cause
from messaging.hours import Tries
from messaging.models import Call, CallHour, CallState, Contact, ContactState, Direction, Ramadan
from messaging.retry import Ending
from runtime.settings import Settings
from tests.messaging.test_calls import dialled, event, get, queued
from tests.world import World

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)  # a Wednesday
TOMORROW = NOW + timedelta(days=1)
MINUTE = timedelta(minutes=1)


def tried(attempts: int = 1, **values: Any) -> Call:
    given = {"direction": Direction.OUT, "attempts": attempts, "uncounted": 0, "turn": 0, "expires_at": None, **values}
    return Call(**given)


@pytest.mark.parametrize(
    ("why", "delays"),
    [
        pytest.param(Ending.BUSY, (15, 15, 15), id="busy"),
        pytest.param(Ending.NO_ANSWER, (120, "tomorrow", "tomorrow"), id="no answer"),
        pytest.param(Ending.REFUSED, ("tomorrow", "tomorrow", "tomorrow"), id="refused"),
        pytest.param(Ending.UNHEARD, ("tomorrow",), id="core not reached"),
        pytest.param(Ending.TRUNK, (15, 15, 15), id="our trunk"),
    ],
)
def test_each_cause_has_its_delays(why: Ending, delays: tuple[int | str, ...]) -> None:
    for before, delay in enumerate(delays):
        found = retry.next_call(tried(before + 1), why, before, NOW, lambda: TOMORROW)
        assert found is not None
        if delay == "tomorrow":
            assert found.at == TOMORROW
        else:
            assert 0.8 * int(delay) <= (found.at - NOW) / MINUTE <= 1.2 * int(delay)
        assert found.counts is (why is not Ending.TRUNK)
    assert retry.next_call(tried(len(delays) + 1), why, len(delays), NOW, lambda: TOMORROW) is None


@pytest.mark.parametrize(
    ("ended", "values", "why"),
    [
        pytest.param(CallState.BUSY, {}, Ending.BUSY, id="busy"),
        pytest.param(CallState.BUSY, {"error_code": "603"}, Ending.REFUSED, id="SIP 603"),
        pytest.param(CallState.BUSY, {"error_code": "CALL_REJECTED"}, Ending.REFUSED, id="rejected at Africa's Talking"),
        pytest.param(CallState.NO_ANSWER, {}, Ending.NO_ANSWER, id="no answer"),
        pytest.param(CallState.DROPPED, {"seconds": 4, "core_end_s": 12.0, "turn": 1}, Ending.REFUSED, id="under five seconds"),
        pytest.param(CallState.DROPPED, {"seconds": 9, "core_end_s": 12.0, "turn": 1}, Ending.UNHEARD, id="cut before the core"),
        pytest.param(CallState.DROPPED, {"seconds": 9, "turn": 1}, None, id="a menu has no core"),
        pytest.param(CallState.MACHINE, {}, Ending.UNHEARD, id="a machine, before a word"),
        pytest.param(CallState.ERRORED, {}, Ending.TRUNK, id="not dialled"),
        pytest.param(CallState.COMPLETED, {}, None, id="heard"),
        pytest.param(CallState.FAILED, {}, None, id="no such number"),
    ],
)
def test_how_a_call_ended_says_why(ended: CallState, values: dict[str, Any], why: Ending | None) -> None:
    assert retry.ending(tried(**values), ended) is why


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"core_reached": True}, id="core heard"),
        pytest.param({"attempts": 4}, id="four attempts"),
        pytest.param({"attempts": 0}, id="never dialled"),
        pytest.param({"expires_at": NOW + timedelta(hours=3)}, id="only past its expiry"),
    ],
)
def test_there_is_no_next_try(values: dict[str, Any]) -> None:
    assert retry.next_call(tried(**values), Ending.REFUSED, 0, NOW, lambda: TOMORROW) is None


def test_a_busy_line_leaves_no_answer_its_two_hours(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    later = now + timedelta(minutes=20)
    for at, name in ((now, "busy"), (later, "no_answer")):
        settling.requeue_stale(exchange, at)
        with exchange.database.writing() as session:
            session.get_one(Call, call_id).expires_at = None
            session.get_one(Call, call_id).not_before = at
        dialled(exchange, world, at)
        event(exchange, world, at, name)
    call = get(exchange, call_id)
    assert call.state is CallState.NO_ANSWER
    assert timedelta(hours=1.5) < call.not_before - later < timedelta(hours=2.5)


def test_a_machine_is_called_again_the_next_day_once(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    seen = []
    for day in range(2):
        at = now + timedelta(days=day, hours=day)
        settling.requeue_stale(exchange, at)
        with exchange.database.writing() as session:
            session.get_one(Call, call_id).expires_at = None
        dialled(exchange, world, at)
        event(exchange, world, at, "machine")
        event(exchange, world, at, "completed", seconds=6)
        call = get(exchange, call_id)
        seen.append((call.state, call.attempts, call.retry))
    assert seen == [(CallState.MACHINE, 1, True), (CallState.MACHINE, 2, False)]


@pytest.mark.parametrize(
    ("given", "state", "counted"),
    [
        pytest.param({"code": "503"}, CallState.ERRORED, 0, id="the trunk's 503"),
        pytest.param({"cause": Cause.BUSY_GATEWAY}, CallState.ERRORED, 0, id="the provider out of order"),
        pytest.param({"code": "404", "cause": Cause.DEAD_NUMBER}, CallState.FAILED, 1, id="no such number"),
    ],
)
def test_a_failure_is_the_lines_or_the_numbers(
    given: dict[str, object], state: CallState, counted: int, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    event(exchange, world, now, "failed", **given)
    call = get(exchange, call_id)
    assert (call.state, call.retry, call.attempts - call.uncounted) == (state, state is CallState.ERRORED, counted)


# Hours

MANY = {9: Tries(4, 0), 13: Tries(4, 4), 18: Tries(1, 1)}


@pytest.mark.parametrize(
    ("known", "chance", "pick", "hour"),
    [
        pytest.param({}, 0.9, 0.5, 10, id="nothing known: the hour it was"),
        pytest.param({13: Tries(2, 2)}, 0.9, 0.5, 10, id="too little known"),
        pytest.param(MANY, 0.9, 0.5, 13, id="the hour that answers"),
        pytest.param(MANY, 0.1, 0.0, 8, id="one in five by chance: the first"),
        pytest.param(MANY, 0.1, 0.999, 18, id="one in five by chance: the last"),
        pytest.param({9: Tries(9, 1), 10: Tries(9, 1)}, 0.9, 0.5, 11, id="an hour not tried beats two that fail"),
    ],
)
def test_the_best_hour_of_a_number(known: dict[int, Tries], chance: float, pick: float, hour: int) -> None:
    assert hours.best_hour(known, [8, 9, 10, 11, 12, 13, 18], 10, chance, pick) == hour


@pytest.mark.parametrize(
    ("known", "village", "hour"),
    [
        pytest.param({}, {18: Tries(40, 36), 10: Tries(40, 4)}, 18, id="of the number nothing is known, of its village much"),
        pytest.param({18: Tries(6, 0)}, {18: Tries(40, 24), 9: Tries(40, 30)}, 9, id="its own hours weigh against it"),
        pytest.param({9: Tries(1, 1)}, {18: Tries(40, 36)}, 18, id="one lucky answer decides nothing"),
        pytest.param({}, {18: Tries(1, 1)}, 10, id="a village called once"),
    ],
)
def test_a_number_is_called_when_its_village_answers(known: dict[int, Tries], village: dict[int, Tries], hour: int) -> None:
    assert hours.best_hour(known, [8, 9, 10, 11, 12, 13, 18], 10, 0.9, 0.5, village) == hour


def test_a_call_of_a_village_learns_from_that_village_alone(exchange: Exchange, world: World, now: datetime) -> None:
    [call_id] = queued(exchange, world, now)
    with exchange.database.writing() as session:
        call = session.get_one(Call, call_id)
        call.place = world.villages[0]
        for who, tries in (("awa", (4, 3)), ("binta", (6, 1))):
            session.add(CallHour(contact_id=world.contacts[who], hour=18, tried=tries[0], answered=tries[1]))
    with exchange.database.reading() as session:
        assert hours.of_place(session, world.villages[0]) == {18: Tries(4, 3)}
        assert hours.of_place(session, world.villages[1]) == hours.of_place(session, None) == {}


def test_a_closed_hour_is_never_chosen() -> None:
    assert hours.best_hour({3: Tries(9, 9)}, [8, 18], 10, 0.9, 0.5) == 8


def test_the_next_day_lies_within_its_windows() -> None:
    open_hours = windows.of(Settings(push_windows="08:00-12:00,16:00-20:30", friday_pause="12:30-14:30"))
    for _ in range(40):
        at = hours.next_day({17: Tries(9, 9)}, NOW, open_hours)
        assert open_hours.is_open(at)
        assert at.date() == TOMORROW.date()


@pytest.mark.parametrize(
    ("until", "last"),
    [
        pytest.param(TOMORROW, 9, id="a day of life: an hour before it ends"),
        pytest.param(TOMORROW.replace(minute=30), 10, id="the hour in which it ends"),
        pytest.param(TOMORROW.replace(hour=6), 18, id="over before the day opens: past its end"),
    ],
)
def test_the_next_day_comes_before_the_expiry_where_it_can(until: datetime, last: int) -> None:
    open_hours = windows.of(Settings(push_windows="08:00-12:00,16:00-19:00"))
    for _ in range(20):
        at = hours.next_day({18: Tries(9, 9)}, NOW, open_hours, until)
        assert at.hour <= last
        assert (at < until) is (until.hour > 8)


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        pytest.param(("answered", "completed"), (1, 1), id="answered"),
        pytest.param(("ringing", "no_answer"), (1, 0), id="no answer"),
        pytest.param(("busy",), (1, 0), id="busy"),
        pytest.param(("machine",), (1, 0), id="a machine is nobody"),
        pytest.param(("failed",), None, id="a failure says nothing of the hour"),
    ],
)
def test_each_call_teaches_its_hour(
    events: tuple[str, ...], counts: tuple[int, int] | None, exchange: Exchange, world: World, now: datetime
) -> None:
    [call_id] = queued(exchange, world, now)
    dialled(exchange, world, now)
    for name in events:
        event(exchange, world, now + timedelta(seconds=40), name, **({"seconds": 40} if name == "completed" else {}))
    with exchange.database.reading() as session:
        rows = session.scalars(select(CallHour).where(CallHour.contact_id == get(exchange, call_id).contact_id))
        assert [(row.hour, row.tried, row.answered) for row in rows] == ([] if counts is None else [(now.hour, *counts)])


@pytest.mark.parametrize("hour", [8, 17], ids=["before the fast's first hour", "between its hours"])
def test_the_next_day_keeps_to_the_hours_of_a_ramadan_that_begins_then(
    exchange: Exchange, world: World, now: datetime, hour: int
) -> None:
    at = now.replace(hour=hour)
    with exchange.database.writing() as session:
        session.add(Ramadan(first_day=at.date() + timedelta(days=1), last_day=at.date() + timedelta(days=29)))
    [call_id] = queued(exchange, world, at)
    dialled(exchange, world, at)
    event(exchange, world, at + timedelta(seconds=40), "busy", code="603")
    call = get(exchange, call_id)
    assert call.retry
    with exchange.database.reading() as session:
        assert windows.in_force(session, exchange.settings).is_open(call.not_before)


def test_hours_add_up_and_are_forgotten_with_the_number(exchange: Exchange, world: World, now: datetime) -> None:
    open_hours = windows.of(exchange.settings)
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
        for answered in (True, False, True):
            hours.count(session, contact.id, now, open_hours, answered=answered)
        assert hours.of(session, contact.id) == {now.hour: Tries(3, 2)}
        assert erase(session, contact, now)
        assert (hours.of(session, contact.id), contact.state) == ({}, ContactState.ERASED)
