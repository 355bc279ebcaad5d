"""What is decided about a recorded voice, what it needs to go on air, and when it is deleted."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from messaging import contacts, moderation, reading, recordings
from messaging.exchange import Exchange
from messaging.models import Contact, Moderation, Purpose, Recording
from messaging.moderation import ModerationError
from runtime.paging import Slice
from tests.voices import asked_aloud, recording
from tests.world import World

DAY = timedelta(days=1)


def gone(exchange: Exchange, at: datetime) -> bool:
    """Whether the purge of that moment deletes the only sound there is."""
    with exchange.database.writing() as session:
        return recordings.purge(session, exchange.settings.var, at) == 1


def kept(exchange: Exchange, world: World, now: datetime, decide: str, agrees: bool) -> int:
    id_ = asked_aloud(exchange, world, now, agrees=agrees)
    with exchange.database.writing() as session:
        row, staff = session.scalars(select(Recording)).one(), world.staff["fanta"]
        row.transcript = "Le mil suffit"
        if decide == "approve":
            moderation.approve(row, staff, now)
        elif decide == "refuse":
            moderation.refuse(row, staff, "on n'entend rien", now)
        elif decide == "quarantine":
            moderation.quarantine(row, staff, now)
    return id_


@pytest.mark.parametrize(
    ("decide", "agrees", "days"),
    [
        pytest.param("", True, 90, id="nobody decided"),
        pytest.param("refuse", True, 90, id="refused"),
        pytest.param("approve", False, 90, id="approved, not for the radio"),
        pytest.param("approve", True, 730, id="approved, for the radio"),
    ],
)
def test_a_voice_is_kept_for_so_many_days(
    exchange: Exchange, world: World, now: datetime, decide: str, agrees: bool, days: int
) -> None:
    id_ = kept(exchange, world, now, decide, agrees)
    path = recordings.path_of(exchange.settings.var, recording(exchange, id_).sha256)
    assert not gone(exchange, now + days * DAY - timedelta(hours=1))
    assert path.is_file()
    assert gone(exchange, now + days * DAY)
    assert not path.exists()
    assert recording(exchange, id_).transcript is None, "what was typed of it goes with it"


def test_an_approved_voice_goes_once_its_speaker_says_stop(exchange: Exchange, world: World, now: datetime) -> None:
    kept(exchange, world, now, "approve", agrees=True)
    assert not gone(exchange, now + 100 * DAY)
    with exchange.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, world.contacts["awa"]), now + DAY, "key")
    assert gone(exchange, now + 100 * DAY)


def test_a_quarantined_voice_stays_until_a_day_after_it_was_closed(exchange: Exchange, world: World, now: datetime) -> None:
    kept(exchange, world, now, "quarantine", agrees=False)
    late = now + 1000 * DAY
    assert not gone(exchange, late)
    with exchange.database.writing() as session:
        moderation.close(session.scalars(select(Recording)).one(), late)
    assert not gone(exchange, late + timedelta(hours=23))
    assert gone(exchange, late + DAY)


@pytest.mark.parametrize(("decide", "told"), [("approve", 1), ("quarantine", 0)], ids=["approved", "put apart"])
def test_a_call_told_to_other_systems_hides_that_a_voice_was_put_apart(
    exchange: Exchange, world: World, now: datetime, decide: str, told: int
) -> None:
    kept(exchange, world, now, decide, agrees=False)
    with exchange.database.reading() as session:
        [call] = reading.calls(session, Slice())
    assert len(call.recordings) == told


def test_what_was_no_disclosure_after_all_is_kept_long_enough_to_decide(exchange: Exchange, world: World, now: datetime) -> None:
    kept(exchange, world, now, "quarantine", agrees=False)
    late = now + 100 * DAY
    with exchange.database.writing() as session:
        moderation.release(session.scalars(select(Recording)).one(), world.staff["fanta"], late)
    assert not gone(exchange, late + 13 * DAY)
    assert gone(exchange, late + 14 * DAY)


def test_a_voice_leaves_only_approved_cleared_and_agreed(exchange: Exchange, world: World, now: datetime) -> None:
    kept(exchange, world, now, "", agrees=True)
    with exchange.database.writing() as session:
        row = session.scalars(select(Recording)).one()
        leaves = select(Recording.id).where(*moderation.may_leave())
        with pytest.raises(ModerationError, match="not_approved"):
            moderation.clear(session, row, now)
        moderation.approve(row, world.staff["fanta"], now)
        assert session.scalar(leaves) is None
        moderation.clear(session, row, now)
        assert session.scalar(leaves) == row.id
        moderation.take_back(session, row, now)
        assert session.scalar(leaves) is None
        with pytest.raises(ModerationError, match="no_consent"):
            moderation.clear(session, row, now)


@pytest.mark.parametrize("ends", ["stop", "withdraw"])
def test_a_new_yes_on_the_same_phone_frees_no_older_voice(exchange: Exchange, world: World, now: datetime, ends: str) -> None:
    kept(exchange, world, now, "approve", agrees=True)
    with exchange.database.writing() as session:
        row, awa = session.scalars(select(Recording)).one(), session.get_one(Contact, world.contacts["awa"])
        moderation.clear(session, row, now)
        if ends == "stop":
            contacts.stop(session, awa, now, "key")
            contacts.resume(session, awa, now)
        else:
            contacts.withdraw(session, awa, Purpose.AIR, now)
        contacts.consent(session, awa, Purpose.AIR, now + DAY, via="voice", script_version="voice-1")
        assert session.scalar(select(Recording.id).where(*moderation.may_leave())) is None
        with pytest.raises(ModerationError, match="no_consent"):
            moderation.clear(session, row, now + DAY)


def test_a_refusal_says_why_and_a_new_decision_ends_the_clearance(exchange: Exchange, world: World, now: datetime) -> None:
    kept(exchange, world, now, "approve", agrees=True)
    with exchange.database.writing() as session:
        row, staff = session.scalars(select(Recording)).one(), world.staff["fanta"]
        moderation.clear(session, row, now)
        with pytest.raises(ModerationError, match="no_reason"):
            moderation.refuse(row, staff, "", now)
        moderation.refuse(row, staff, "un nom est dit", now)
        assert (row.moderation, row.reason, row.cleared_at) == (Moderation.REFUSED, "un nom est dit", None)


@pytest.mark.parametrize("decide", ["approve", "refuse"])
def test_what_is_put_apart_is_not_decided_about(exchange: Exchange, world: World, now: datetime, decide: str) -> None:
    kept(exchange, world, now, "quarantine", agrees=True)
    with exchange.database.reading() as session:
        row, staff = session.scalars(select(Recording)).one(), world.staff["fanta"]
        with pytest.raises(ModerationError, match="quarantined"):
            moderation.approve(row, staff, now) if decide == "approve" else moderation.refuse(row, staff, "bruit", now)
