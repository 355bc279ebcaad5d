"""The simulator end to end: phones that write, ring, answer and press through our own routes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from messaging import simulator_phone as phone
from messaging.beats import deliver_simulated, replay_spool
from messaging.calls import dial
from messaging.exchange import Exchange
from messaging.gateways.simulator import Simulator
from messaging.models import Call, CallState, Channel, Contact, Kind, Message, SimulatorEvent
from messaging.outbox import dispatch
from messaging.queue import queue_call
from messaging.simulator_network import NoSimulator, network
from messaging.steps import Gather, Hangup, Pause, Play, Say, Sound, Step, to_json
from tests.calls import prompt
from tests.messaging.fakes import Scripted, reply, with_gateway
from tests.world import World

SOON = datetime.now(UTC) + timedelta(days=1)  # the routes ask the wall clock: everything of this test is past by then
MESSAGE = Play((Sound("https://x/a.wav", 30.0, 15.0),))


def channel(exchange: Exchange, world: World) -> Channel:
    with exchange.database.reading() as session:
        return session.get_one(Channel, world.channel)


def call_awa(exchange: Exchange, world: World, now: datetime, **settings: str) -> int:
    with exchange.database.writing() as session:
        row = session.get_one(Channel, world.channel)
        row.settings = json.dumps(settings)
        call = queue_call(session, None, session.get_one(Contact, world.contacts["awa"]), None, now, row, Kind.REPLY)
        session.flush()
        call_id = call.id
    dial(exchange, world.channel, lambda: now)
    return call_id


def get(exchange: Exchange, call_id: int) -> Call:
    with exchange.database.reading() as session:
        return session.get_one(Call, call_id)


def test_a_phone_sees_what_it_wrote_and_what_reached_it(exchange: Exchange, world: World) -> None:
    assert phone.write(exchange, channel(exchange, world), world.numbers["awa"], "STOP", datetime.now(UTC)).status == 200
    exchange.work.run_all()  # type: ignore[attr-defined]
    with exchange.database.reading() as session:
        bubbles = phone.thread(session, session.get_one(Contact, world.contacts["awa"]))
    assert bubbles[0].text == "STOP"
    assert [bubble.mine for bubble in bubbles] == [True, False]


def test_a_phone_nobody_holds_hears_its_call_to_the_end(exchange: Exchange, world: World) -> None:
    call_id = call_awa(exchange, world, datetime.now(UTC), auto_keys="1")
    for _ in range(3):
        deliver_simulated(exchange, SOON)
    call = get(exchange, call_id)
    assert call.state in (CallState.COMPLETED, CallState.DROPPED)
    assert (call.seconds or 0) > 0


def test_a_phone_held_by_hand_rings_until_its_owner_answers_presses_and_hangs_up(exchange: Exchange, world: World) -> None:
    now = datetime.now(UTC)
    call_id = call_awa(exchange, world, now, by_hand="*")
    deliver_simulated(exchange, now + timedelta(seconds=2))
    with exchange.database.reading() as session:
        ringing = phone.ringing(session, session.get_one(Contact, world.contacts["awa"]))
    assert ringing is not None
    assert ringing.state is CallState.RINGING
    answered = phone.answer(exchange, ringing)
    assert answered.status == 200
    assert answered.steps
    live = get(exchange, call_id)
    pressed = phone.press(exchange, live, "0", datetime.now(UTC))
    assert pressed.status in (200, 409)
    assert phone.hang_up(exchange, get(exchange, call_id), datetime.now(UTC) + timedelta(seconds=20)).status == 200
    assert get(exchange, call_id).state in (CallState.COMPLETED, CallState.DROPPED)
    deliver_simulated(exchange, SOON)  # the network's late « no answer » is ignored
    assert get(exchange, call_id).state in (CallState.COMPLETED, CallState.DROPPED)


def test_what_is_heard_by_hand_is_counted(exchange: Exchange, world: World) -> None:
    call_id = call_awa(exchange, world, datetime.now(UTC), by_hand="*")
    phone.answer(exchange, get(exchange, call_id))
    with exchange.database.writing() as session:
        call = session.get_one(Call, call_id)
        call.core_end_s, call.last_answer = 15.0, to_json((Gather((MESSAGE,), f"https://x/hooks/{world.token}/call?turn=1"),), 1)
    assert phone.press(exchange, get(exchange, call_id), "", datetime.now(UTC) + timedelta(seconds=20)).status == 200
    assert get(exchange, call_id).core_reached


def hears_goodbye(exchange: Exchange, world: World) -> int:
    """A call held by hand, silent until our service takes its leave in two minutes of words."""
    prompt(exchange, world, "goodbye", " ".join(["Merci"] * 300))
    call_id = call_awa(exchange, world, datetime.now(UTC), by_hand="*")
    heard = phone.answer(exchange, get(exchange, call_id))
    while not isinstance(heard.steps[-1], Hangup):
        heard = phone.press(exchange, get(exchange, call_id), "", datetime.now(UTC))
    return call_id


def test_a_call_held_by_hand_ends_by_itself_when_its_last_words_are_said(exchange: Exchange, world: World) -> None:
    call_id = hears_goodbye(exchange, world)
    said = get(exchange, call_id).heard_at
    assert said is not None
    deliver_simulated(exchange, said + timedelta(seconds=119))
    assert get(exchange, call_id).state is CallState.ANSWERED
    deliver_simulated(exchange, said + timedelta(hours=3))  # however late the clock comes, the call was two minutes
    call = get(exchange, call_id)
    assert (call.state, call.settled) == (CallState.COMPLETED, call.seconds), "a franc a second"
    assert 120 <= (call.seconds or 0) < 130


def test_who_hangs_up_before_the_last_words_are_said_is_not_hung_up_on_again(exchange: Exchange, world: World) -> None:
    call_id = hears_goodbye(exchange, world)
    phone.hang_up(exchange, get(exchange, call_id), datetime.now(UTC) + timedelta(seconds=20))
    deliver_simulated(exchange, SOON)
    assert 20 <= (get(exchange, call_id).seconds or 0) < 30


def test_a_refused_call_is_busy_and_nothing_can_be_pressed(exchange: Exchange, world: World) -> None:
    call_id = call_awa(exchange, world, datetime.now(UTC), by_hand="*")
    assert phone.press(exchange, get(exchange, call_id), "1", SOON).status == 409
    phone.hang_up(exchange, get(exchange, call_id), SOON)
    assert get(exchange, call_id).state is CallState.BUSY


def test_a_bip_from_a_phone_is_refused(exchange: Exchange, world: World) -> None:
    assert phone.bip(exchange, channel(exchange, world), world.numbers["awa"]).status == 200


class Network(Simulator):
    """Our routes, answering what a test says."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        super().__init__(self.take)
        self.answers, self.posted = list(answers), list[tuple[str, dict[str, str]]]()

    def take(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        self.posted.append((path, form))
        status, body = self.answers.pop(0) if self.answers else (204, "")
        if status == 0:
            raise ConnectionError
        return status, body


def with_sms(exchange: Exchange, world: World, now: datetime, gateway: Network) -> Exchange:
    behind = with_gateway(exchange, gateway)
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    dispatch(behind, world.channel, lambda: now)
    return behind


def test_an_event_is_posted_again_after_a_5xx_or_a_lost_connection(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = Network((500, ""), (0, ""), (200, ""), (200, ""))
    behind = with_sms(exchange, world, now, gateway)
    assert deliver_simulated(behind, now + timedelta(seconds=5)) == 0
    assert deliver_simulated(behind, now + timedelta(seconds=60)) == 2
    assert deliver_simulated(behind, now + timedelta(days=9)) == 0


def test_an_event_is_given_up_after_eight_tries_and_at_once_after_a_4xx(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = Network((403, ""), *[(500, "")] * 20)
    behind = with_sms(exchange, world, now, gateway)
    for hours in range(12):
        deliver_simulated(behind, now + timedelta(hours=hours, seconds=5))
    assert len(gateway.posted) == 1 + 8
    with exchange.database.reading() as session:
        assert set(session.scalars(select(SimulatorEvent.status))) == {403, 500}


def test_nothing_is_posted_before_it_is_due(exchange: Exchange, world: World, now: datetime) -> None:
    gateway = Network()
    behind = with_sms(exchange, world, now, gateway)
    assert deliver_simulated(behind, now) == 0
    assert gateway.posted == []


def heard_by(exchange: Exchange, world: World, now: datetime, *answers: tuple[Step, ...], keys: str = "") -> list[dict[str, str]]:
    """What a phone posts while it hears these answers."""
    gateway = Network(*((200, json.dumps(to_json(steps, 1)) if steps else "") for steps in answers))
    behind = with_gateway(exchange, gateway)
    with exchange.database.writing() as session:
        session.get_one(Channel, world.channel).settings = json.dumps({"auto_keys": keys})
        form = json.dumps({"id": "c1", "ref": "r1", "phone": world.numbers["awa"], "event": "answered"})
        row = SimulatorEvent(channel_id=world.channel, action="listen", due_at=now, path="/hooks/t/call", form=form, failures=0)
        session.add(row)
    deliver_simulated(behind, now + timedelta(hours=1))
    return [form for _, form in gateway.posted]


def test_a_phone_presses_its_keys_one_a_question_and_counts_what_it_heard(
    exchange: Exchange, world: World, now: datetime
) -> None:
    ask = (Pause(1.0), Gather((MESSAGE, Say("Tapez un")), "http://x/hooks/t/call?turn=1"))
    posted = heard_by(exchange, world, now, ask, ask, (Say("Merci"), Hangup()), keys="1")
    assert [form["event"] for form in posted] == ["answered", "turn", "turn", "completed"]
    assert [form.get("digits") for form in posted[1:3]] == ["1", ""]
    assert [float(form["heard"]) for form in posted[1:]] == [30.0, 60.0, 60.0]
    assert all(not name.startswith("_") for form in posted for name in form)


def test_an_answer_without_steps_ends_the_call(exchange: Exchange, world: World, now: datetime) -> None:
    assert [form["event"] for form in heard_by(exchange, world, now, ())] == ["answered", "completed"]


def test_an_installation_without_simulator_says_so(exchange: Exchange) -> None:
    with pytest.raises(NoSimulator):
        network(with_gateway(exchange, None))  # type: ignore[arg-type]


def test_an_empty_spool_has_nothing_to_replay(exchange: Exchange, now: datetime) -> None:
    assert replay_spool(exchange, now) == 0


def test_a_message_that_only_left_is_not_on_the_phone(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        message_id = reply(session, exchange, world, "awa", now).id
    with exchange.database.reading() as session:
        assert phone.thread(session, session.get_one(Contact, world.contacts["awa"])) == []
    dispatch(with_gateway(exchange, Scripted()), world.channel, lambda: now)
    with exchange.database.reading() as session:
        [bubble] = phone.thread(session, session.get_one(Contact, world.contacts["awa"]))
        assert session.get_one(Message, message_id).text == bubble.text
