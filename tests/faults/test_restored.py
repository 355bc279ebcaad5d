"""F19: erased, stopped, restored: who took back stays away, what waited is held, nothing leaves before a person says so."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from campaigns import firing, schedule
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CatchUp, Occurrence, OccurrenceState, Repeat
from clubs import erasing, feedback, inquiries
from clubs.models import Member
from clubs.records import Inquiry, InquiryState, Report, ReportState
from console import restoring
from messaging import contacts, money, queue, settling
from messaging.models import (
    Consent,
    Contact,
    ContactState,
    Message,
    MessageState,
    OptOut,
    Purpose,
    Route,
)
from messaging.restoring import Held, release
from messaging.states import move
from runtime.crypto import blind
from runtime.installation import advance
from tests.faults.house import HOUR, WAITING, House, back_up, house, restore

pytestmark = pytest.mark.faults
__all__ = ["house"]


def test_who_stopped_or_was_erased_after_the_backup_stays_away_and_nothing_leaves_until_a_person_releases(house: House) -> None:
    copy = back_up(house)
    number = house.world.numbers["binta"]
    with house.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, house.world.contacts["awa"]), house.now, "sms")
        erasing.erase(session, session.get_one(Contact, house.world.contacts["binta"]), house.now)
        oumar = session.get_one(Contact, house.world.contacts["oumar"])
        contacts.withdraw(session, oumar, Purpose.PUSH, house.now)
        stranger = contacts.find_or_create(session, "+22300010009", house.now)
        contacts.stop(session, stranger, house.now, "sms")
    restored = restore(house, copy)

    assert restored.taken_back == {"stop": 3, "erase": 1, "withdraw": 1}  # an erasure is a STOP too
    assert house.contact("awa").state is ContactState.STOPPED
    gone = house.contact("binta")
    assert (gone.state, gone.number) == (ContactState.ERASED, None)
    with house.database.writing() as session:
        assert session.scalars(select(Contact.id).where(Contact.number_index == blind(number))).all() == []
        assert session.scalars(select(Member.name).where(Member.contact_id == gone.id)).all() == []
        assert contacts.find_or_create(session, number, house.now).state is ContactState.STOPPED
        assert contacts.find_or_create(session, "+22300010009", house.now).state is ContactState.STOPPED
    waits = {"awa": "suppressed", "binta": "suppressed", "oumar": "suppressed", "moussa": "held", "fatou": "unknown"}
    assert house.states() == waits
    assert restored.held == Held(messages=1, calls=1, unknown=1)

    assert house.send(HOUR) == house.send(timedelta(days=2)) == 0
    with house.database.writing() as session:
        assert release(session, house.exchange, house.world.staff["adama"], house.now + HOUR, send=True) == 2
    house.send(HOUR)
    assert [sms.number for sms in house.gateway.ledger] == [house.world.numbers["moussa"]]
    assert [call.number for call in house.gateway.called] == [house.world.numbers["moussa"]]


def test_a_release_without_what_waited_cancels_it_and_later_messages_leave(house: House) -> None:
    restore(house, back_up(house))
    with house.database.writing() as session:
        assert release(session, house.exchange, None, house.now + HOUR, send=False) == len(WAITING) + 1
        assert release(session, house.exchange, None, house.now + HOUR, send=False) == 0
    assert house.send(HOUR) == 0
    assert set(house.states().values()) == {"cancelled", "unknown"}
    with house.database.writing() as session:
        moussa = session.get_one(Contact, house.world.contacts["moussa"])
        queue.queue_reply(
            session, house.exchange, moussa, "Merci.", house.now + HOUR, channel_id=house.world.channel, answers=None, cap=9
        )
    assert house.send(HOUR) == 1


@pytest.mark.parametrize("send", [True, False], ids=["send", "drop"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_months_words_that_left_after_the_backup_leave_again_only_if_asked_for(house: House, send: bool) -> None:
    turn = datetime(2026, 4, 1, 9, tzinfo=UTC)
    with house.database.writing() as session:
        row = Report(number=1, kind="CR", club_id=house.world.clubs["1032"], reported_at=house.now, state=ReportState.VALID)
        row.session_date, row.values = date(2026, 3, 4), {"theme": 12, "women": 18, "men": 7}
        session.add(row)

    def words() -> int:
        feedback.tell(house.exchange, turn)
        house.send(turn - house.now)
        return len([sms for sms in house.gateway.ledger if "03/2026" in sms.text])

    copy = back_up(house)
    assert words() == 1
    restore(house, copy)
    restoring.release(house.exchange, None, turn, send=send)  # at once: the clock has not ticked since
    assert words() == (2 if send else 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_words_taken_off_the_air_after_the_backup_stay_off_though_no_consent_told_of_them(house: House) -> None:
    with house.database.writing() as session:
        asked = inquiries.write_down(session, "Le lait ?", house.now, contact_id=house.world.contacts["awa"], club_id=None)
        asked.air_text = "Une mère demande : le lait ?"
        inquiries.pass_on(session, asked, house.now)
    copy = back_up(house)
    with house.database.writing() as session:
        assert inquiries.off_air(session, session.get_one(Contact, house.world.contacts["awa"]), house.now) == 1
    assert restore(house, copy).taken_back == {"withdraw": 1}
    with house.database.reading() as session:
        found = session.get_one(Inquiry, asked.id)
        assert (found.state, found.radio_at, found.air_text) == (InquiryState.OPEN, None, None)


@pytest.mark.parametrize("send", [True, False], ids=["send", "drop"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_was_held_before_for_another_reason_waits_for_the_release_too(house: House, send: bool) -> None:
    reasons = {"awa": money.BUDGET, "binta": "doubt", "oumar": settling.STAFF}
    with house.database.writing() as session:
        for message in session.scalars(select(Message).where(Message.state == MessageState.QUEUED)):
            name = next(name for name, id_ in house.world.contacts.items() if id_ == message.contact_id)
            if name in reasons:
                move(message, MessageState.HELD, house.now, reasons[name])
    restored = restore(house, back_up(house))
    assert restored.held.messages == len(WAITING)
    with house.database.writing() as session:
        assert money.take_up_again(session, house.now + HOUR) == 0
    assert {house.states()[name] for name in WAITING} == {"held"}
    with house.database.writing() as session:
        release(session, house.exchange, None, house.now + HOUR, send=send)
    after = {name: house.states()[name] for name in WAITING}
    if send:
        assert after == {**dict.fromkeys(WAITING, "queued"), "oumar": "held"}
    else:
        assert set(after.values()) == {"cancelled"}


def test_what_was_due_before_the_restore_is_said_to_be_skipped_and_what_is_due_after_it_is_sent(house: House) -> None:
    with house.database.writing() as session:
        campaign = Campaign(
            name="Chaque semaine",
            audience=Filter().to_json(),
            route=Route.SMS,
            created_at=house.now,
            created_by=house.world.staff["fanta"],
        )
        event = CampaignEvent(content_id=house.world.contents["premier-lait"], repeat=Repeat.WEEKLY)
        event.starts_at, event.expires_hours, event.catch_up = house.now + HOUR / 2, 48, CatchUp.SEND_LATE
        campaign.events = [event]
        session.add(campaign)
        session.flush()
        schedule.schedule(session, campaign, house.now, house.settings)
    restore(house, back_up(house))
    firing.fire_due(house.exchange, house.now + HOUR)
    firing.fire_due(house.exchange, house.now + HOUR / 2 + timedelta(days=7))
    with house.database.reading() as session:
        rows = session.execute(select(Occurrence.state, Occurrence.reason).order_by(Occurrence.due_at)).all()
    assert [tuple(row) for row in rows] == [(OccurrenceState.SKIPPED, "restored"), (OccurrenceState.FIRED, None)]


def test_a_drill_restores_beside_the_service_and_leaves_it_alone(house: House) -> None:
    with house.database.writing() as session:
        advance(session, HOUR)
    copy = back_up(house)
    before = house.states()
    found = restoring.drill(house.database, house.settings, copy.path, house.now)
    assert found.contacts == len(house.world.contacts)
    assert found.held.messages == len(WAITING)
    assert house.states() == before
    with house.database.reading() as session:
        told = restoring.last_drill(session)
        assert restoring.waiting(session) is None
        assert session.scalar(select(func.count()).select_from(OptOut)) == 0
        assert session.scalar(select(func.count()).select_from(Consent)) != 0
    assert told is not None
    assert told.seconds >= 1
    assert told.at == house.now, "the wall's time, as the copies have it"
    assert [path.name for path in house.settings.backup_path.iterdir()] == [copy.path.name]
    assert house.send() > 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_restore_refuses_a_service_that_runs_another_database_in_its_place_and_a_lost_journal(house: House) -> None:
    copy = back_up(house)

    def refused(**given: bool) -> str:
        with pytest.raises(restoring.RestoreError) as why:
            restoring.restore(house.database, house.settings, copy.path, house.now, **given)
        return str(why.value)

    assert refused() == "not_empty"
    house.settings.journal_path.unlink()
    assert refused(replace=True) == "journal_missing"
    with house.database.writing() as session:
        contacts.stop(session, session.get_one(Contact, house.world.contacts["awa"]), house.now, "sms")
    assert refused(replace=True) == "journal_another"
    restored = restoring.restore(house.database, house.settings, copy.path, house.now, replace=True, any_journal=True)
    assert restored.taken_back == {"stop": 1}
    assert house.states()["awa"] == "suppressed"
