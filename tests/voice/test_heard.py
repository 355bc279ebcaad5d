"""Seconds heard, from our own line to the row of the call: exact, of the message alone."""

from datetime import datetime

import pytest

from messaging import call_events
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep
from messaging.gateways.twilio.gateway import Twilio
from messaging.models import Attempt, Call, CallState, Direction, Kind
from messaging.steps import Gather, Play, Sound, to_json
from tests.calls import tell
from tests.messaging.gateways.twilio_peer import account, call, signed
from tests.world import World

MESSAGE = Sound("https://nut.example/hooks/sounds/aa.wav", 20.0, core_end_s=12.0)
MENU = Sound("https://nut.example/hooks/sounds/bb.wav", 6.0)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        pytest.param("aa.wav=12.25 bb.wav=0.50", (("aa.wav", 12.25), ("bb.wav", 0.5)), id="two sounds"),
        pytest.param("", (), id="none"),
        pytest.param("aa.wav=lots bb.wav=1.00", (("bb.wav", 1.0),), id="one that cannot be read"),
        pytest.param("aa.wav=-3.00", (), id="below nothing"),
    ],
)
def test_what_was_heard_of_each_sound_is_read_from_a_signed_webhook(said: str, read: tuple[tuple[str, float], ...]) -> None:
    request = signed("call", call("in-progress", LamenHeard=said, Digits="2"), "turn=1")
    Twilio().verify(account(), request)
    assert Twilio().read_call(account(), request).sounds == read


@pytest.mark.parametrize(
    ("sounds", "heard", "reached"),
    [
        pytest.param((("aa.wav", 12.0), ("bb.wav", 6.0)), 12.0, True, id="to the end of its core"),
        pytest.param((("aa.wav", 11.9),), 11.9, False, id="not quite"),
        pytest.param((("bb.wav", 6.0),), None, None, id="the menu only"),
        pytest.param((("cc.wav", 30.0),), None, None, id="a sound that was not given"),
        pytest.param((("aa.wav", 3.0), ("aa.wav", 4.0)), 4.0, False, id="twice, none to its core"),
        pytest.param((), None, None, id="nothing told"),
    ],
)
def test_only_the_message_counts_and_its_best_hearing(
    exchange: Exchange,
    world: World,
    now: datetime,
    sounds: tuple[tuple[str, float], ...],
    heard: float | None,
    reached: bool | None,
) -> None:
    steps = (Gather((Play((MESSAGE, MENU)),), "https://nut.example/n?turn=1"),)
    with exchange.database.writing() as session:
        row = Call(
            direction=Direction.OUT,
            channel_id=world.channel,
            contact_id=world.contacts["awa"],
            kind=Kind.PUSH,
            state=CallState.ANSWERED,
            not_before=now,
            dialling_at=now,
            answered_at=now,
            created_at=now,
            attempts=1,
            turn=1,
            last_answer=to_json(steps, 1),
        )
        session.add(row)
        session.flush()
        call_events.answered_with(row, steps, now)
        session.add(Attempt(id="attempt", call_id=row.id, channel_id=world.channel, number=1, started_at=now))
        session.flush()
        step = CallStep("CA1", world.numbers["awa"], "turn", reference="attempt", turn=1, digits="1", sounds=sounds)
        tell(session, exchange, world, step, now)
        assert (row.seconds_heard, row.core_reached) == (heard, reached)
