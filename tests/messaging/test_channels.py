"""Our numbers: adding, configuring, rotating tokens, choosing one for a message; contacts and their consents."""

import json
from datetime import datetime, timedelta

import pytest

from messaging import channels, contacts
from messaging.errors import ChannelError
from messaging.exchange import Exchange
from messaging.models import Channel, ChannelState, Contact, ContactState, Message, MessageState, Purpose
from messaging.steps import (
    Gather,
    Hangup,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
    Sound,
    Step,
    StepError,
    core_end,
    from_json,
    to_json,
)
from tests.messaging.fakes import push
from tests.world import World, opened


def test_a_channel_is_added_with_its_own_secret_addresses(exchange: Exchange, world: World, now: datetime) -> None:
    given = {"price_per_part": "12", "user": "lamen"}
    with exchange.database.writing() as session:
        channel = channels.add(session, "essai", "simulator", "36 086", given, now, kinds=("sms", "voice"))
    assert (channel.price_per_part, json.loads(channel.settings)) == (12, {"user": "lamen"})
    urls = channels.webhook_urls(channel, "https://nut.example")
    assert set(urls) == {"sms", "status", "call", "recording"}
    assert urls["sms"] == f"https://nut.example/hooks/{channel.token}/sms"
    assert len(channel.token) >= 43


def test_settings_may_be_changed_and_removed(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channels.configure(channel, {"faults": "lost", "by_hand": "*", "in_flight": "20"})
        channels.configure(channel, {"faults": ""})
        assert (json.loads(channel.settings), channel.in_flight) == ({"by_hand": "*"}, 20)
        with pytest.raises(ChannelError, match="not_a_number"):
            channels.configure(channel, {"in_flight": "many"})


@pytest.mark.parametrize(
    ("name", "gateway", "why"),
    [
        pytest.param("simulateur", "simulator", "name_taken", id="a name twice"),
        pytest.param("kannel", "kannel", "real_in_simulation", id="a real one in a simulation"),
    ],
)
def test_a_channel_that_must_not_be_is_refused(
    name: str, gateway: str, why: str, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session, pytest.raises(ChannelError, match=why):
        channels.add(session, name, gateway, "1", {}, now)


def test_tokens_are_found_by_index_and_the_old_one_for_a_week(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        fresh = channels.rotate_token(channel, now)
        session.flush()
        assert channels.by_token(session, fresh) is channel
        assert channels.by_token(session, world.token, now + timedelta(days=6)) is channel
        assert channels.by_token(session, world.token, now + timedelta(days=7)) is None
        assert channels.by_token(session, "nothing") is None


def test_a_simulated_number_only_takes_a_simulator(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        opened(session)
        session.get_one(Channel, world.channel).default_for = []
        real = channels.add(session, "kannel", "kannel", "36085", {}, now, default_for=("bm",))
        assert channels.choose(session, "sms", "bm", "+22376123456") is real
        assert channels.choose(session, "sms", "fr", "+22376123456") is session.get_one(Channel, world.channel)
        assert channels.choose(session, "sms", "bm", "+22300010001") is session.get_one(Channel, world.channel)
        assert channels.choose(session, "fax", None, "+22300010001") is None
        session.get_one(Channel, world.channel).state = ChannelState.PAUSED
        assert channels.choose(session, "sms", "fr", "+22376123456") is real


@pytest.mark.parametrize(
    ("number", "language", "kind", "chosen"),
    [
        pytest.param("+22376123456", "bm", "sms", "orange", id="its operator before its language"),
        pytest.param("+22366123456", "bm", "sms", "bambara", id="its language where its operator has none"),
        pytest.param("+22350123456", "fr", "sms", "any", id="else the oldest"),
        pytest.param("+22366123456", "fr", "voice", "malitel", id="Malitel is Moov's older name"),
        pytest.param("+22376123456", "fr", "bip", "bips", id="a number to ring"),
    ],
)
def test_a_number_takes_the_channel_of_its_operator_then_of_its_language(
    number: str, language: str, kind: str, chosen: str, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        opened(session)
        session.get_one(Channel, world.channel).state = ChannelState.REMOVED
        for name, kinds, first in (
            ("any", ("sms", "voice"), ()),
            ("bambara", ("sms",), ("bm",)),
            ("orange", ("sms",), ("orange",)),
            ("malitel", ("voice",), ("malitel",)),
            ("bips", ("bip",), ()),
        ):
            channels.add(session, name, "kannel", "36085", {}, now, kinds, first)
        found = channels.choose(session, kind, language, number)
    assert found is not None
    assert found.name == chosen


def test_a_telephone_sends_sixty_an_hour_until_somebody_says_more(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        opened(session)
        assert channels.add(session, "puce", "android", "76123456", {}, now).parts_per_hour == 60
        tested = channels.add(session, "puce 2", "android", "76123457", {"parts_per_hour": "200", "needs_bundle": "oui"}, now)
        assert (tested.parts_per_hour, tested.needs_bundle, tested.settings) == (200, True, "{}")
        assert channels.add(session, "k", "kannel", "36085", {"failover_id": str(tested.id)}, now).failover_id == tested.id
        channels.configure(tested, {"failover_id": "", "needs_bundle": "non", "warn_below": "500"})
        assert (tested.failover_id, tested.needs_bundle, tested.warn_below) == (None, False, 500)
        for wrong, why in (({"failover_id": str(tested.id)}, "own_failover"), ({"needs_bundle": "?"}, "not_a_number")):
            with pytest.raises(ChannelError, match=why):
                channels.configure(tested, wrong)


def test_training_is_for_simulators_only() -> None:
    assert channels.trains(Channel(gateway="simulator", settings='{"training": "oui"}'))
    assert not channels.trains(Channel(gateway="kannel", settings='{"training": "oui"}'))
    assert not channels.trains(Channel(gateway="simulator", settings="{}"))


def test_a_consent_of_one_of_two_sisters_keeps_their_phone_reachable(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
        contacts.withdraw(session, contact, Purpose.PUSH, now)
        for name in ("awa", "kadia"):
            contacts.consent(
                session,
                contact,
                Purpose.PUSH,
                now,
                via="sms",
                script_version="1",
                member_id=world.members[name],
                witness="Moussa",
            )
        message_id = push(session, world, "awa", now).id
        assert contacts.withdraw(session, contact, Purpose.PUSH, now, member_id=world.members["awa"]) == 1
        assert contacts.has_consent(session, contact.id, Purpose.PUSH)
        session.expire_all()
        assert session.get_one(Message, message_id).state is MessageState.QUEUED
        assert contacts.withdraw(session, contact, Purpose.PUSH, now, member_id=world.members["kadia"]) == 1
        session.expire_all()
        assert session.get_one(Message, message_id).state is MessageState.SUPPRESSED
        assert contacts.withdraw(session, contact, Purpose.RECORD, now) == 0


def test_a_stop_counts_once_and_a_stopped_number_does_not_become_dead(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        contact = session.get_one(Contact, world.contacts["awa"])
        assert contacts.stop(session, contact, now, "key")
        assert not contacts.stop(session, contact, now, "key")
        contacts.mark_dead(session, contact.id, now)
        assert contact.state is ContactState.STOPPED


CLIP = Sound("https://x/a.wav", 30.0, 15.0, "core")
EVERY_STEP: tuple[Step, ...] = (
    Play((CLIP,)),
    Say("Bonjour"),
    Pause(0.5),
    Gather((Play((CLIP,)), Say("?")), "https://x?turn=1"),
    Record("https://x?turn=2"),
    Redirect("https://x?turn=3"),
    Reject(),
    Hangup(),
)


def test_every_step_survives_json() -> None:
    stored = json.loads(json.dumps(to_json(EVERY_STEP, 7)))
    assert stored["turn"] == 7
    assert [item["do"] for item in stored["steps"]][:4] == ["play", "say", "pause", "gather"]
    assert from_json(stored) == EVERY_STEP


@pytest.mark.parametrize(
    "stored",
    [{}, {"steps": [{"do": "dance"}]}, {"steps": [{"do": "say"}]}, {"steps": 5}],
    ids=["empty", "strange", "bare", "no list"],
)
def test_json_that_is_none_of_ours_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(StepError):
        from_json(stored)


def test_the_core_of_a_message_is_found_wherever_it_plays() -> None:
    assert core_end((Gather((Say("?"), Play((CLIP,))), "https://x"),)) == 15.0
    assert core_end((Play((Sound("https://x", 1.0),)), Hangup())) is None
