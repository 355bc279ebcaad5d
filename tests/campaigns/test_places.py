"""A place in a series given by staff: with an agreement on paper at once, else after the phone's own OUI; ended by one button."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns import conversations, enrolments, places, schedule, taken_back
from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Enrolment, EnrolmentState, Repeat
from campaigns.places import Given, Paper
from clubs.models import Member
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import (
    Channel,
    ChannelState,
    Consent,
    Contact,
    Direction,
    Kind,
    Message,
    MessageState,
    OpenPrompt,
    Purpose,
    Route,
)
from runtime.installation import installation
from runtime.journal import Journal
from tests.world import World

PAPER = Paper(date(2026, 3, 10), "Issa", "12")
MARCH = date(2026, 3, 1)
ACTIVE, SUSPENDED, ENDED = EnrolmentState.ACTIVE, EnrolmentState.SUSPENDED, EnrolmentState.ENDED


def series(session: Session, exchange: Exchange, world: World, now: datetime, name: str = "Mois après mois") -> Campaign:
    installation(session).series = True
    campaign = Campaign(name=name, audience=Filter(one_phone_per_club=False).to_json(), route=Route.SMS, created_at=now)
    campaign.created_by = world.staff["fanta"]
    campaign.events = [
        CampaignEvent(content_id=world.contents["eau-propre"], repeat=Repeat.STAGE, months_after=month) for month in (1, 6, 9)
    ]
    session.add(campaign)
    session.flush()
    schedule.schedule(session, campaign, now, exchange.settings)
    return campaign


def give(
    session: Session, exchange: Exchange, world: World, campaign: Campaign, who: str, paper: Paper | None, now: datetime
) -> Given:
    return places.give(session, exchange, campaign, session.get_one(Member, world.members[who]), MARCH, paper, now)


def standing(session: Session, contact_id: int) -> list[Consent]:
    mine = (Consent.contact_id == contact_id, Consent.purpose == Purpose.SERIES, Consent.withdrawn_at.is_(None))
    return list(session.scalars(select(Consent).where(*mine).order_by(Consent.id)))


def states(session: Session) -> dict[int, EnrolmentState]:
    return dict(session.execute(select(Enrolment.member_id, Enrolment.state)).all())


def test_an_agreement_on_paper_is_kept_with_its_proof_and_the_series_begins(
    exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        assert give(session, exchange, world, series(session, exchange, world, now), "binta", PAPER, now) is Given.BEGUN
        (one,) = standing(session, world.contacts["binta"])
        assert (one.member_id, one.via, one.witness, one.register_page) == (world.members["binta"], "register", "Issa", "12")
        assert one.given_at == datetime(2026, 3, 10, 12, tzinfo=UTC)
        (place,) = places.of(session, world.members["binta"])
        assert (place.series, place.row.state, place.row.next_due) == (
            "Mois après mois",
            ACTIVE,
            datetime(2026, 4, 1, 9, tzinfo=UTC),
        )
        assert places.followed(session, world.members.values()) == {world.members["binta"]}


def test_without_paper_the_phone_is_asked_and_its_oui_begins_the_series(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        assert give(session, exchange, world, series(session, exchange, world, now), "binta", None, now) is Given.ASKED
        assert states(session) == {world.members["binta"]: SUSPENDED}
        assert standing(session, world.contacts["binta"]) == []
        (asked,) = session.scalars(select(Message).where(Message.kind == Kind.REMINDER))
        assert "Tapez OUI" in (asked.text or "")
        message = Message(direction=Direction.IN, channel_id=world.channel, contact_id=world.contacts["binta"], kind=Kind.REPLY)
        message.state, message.text = MessageState.RECEIVED, "oui"
        message.not_before = message.created_at = message.provider_at = now + timedelta(hours=2)
        session.add(message)
        session.flush()
        number = message.id
    conversations.on_sms(exchange, number, now + timedelta(hours=2))
    with exchange.database.reading() as session:
        assert states(session) == {world.members["binta"]: ACTIVE}
        (one,) = standing(session, world.contacts["binta"])
        assert (one.via, one.script_version) == ("sms", "sms-shipped"), "the text that was agreed to, in its version"


def test_where_no_sms_may_leave_the_place_waits_to_be_asked_by_voice(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        campaign = series(session, exchange, world, now)
        session.execute(update(Channel).values(state=ChannelState.REMOVED))
        assert give(session, exchange, world, campaign, "binta", None, now) is Given.WAITS
        assert session.scalars(select(OpenPrompt)).all() == []
        assert session.scalar(select(enrolments.TO_ASK), {"contact": world.contacts["binta"]})


def test_an_agreement_of_her_sister_on_the_shared_phone_is_not_awas(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        one, two = series(session, exchange, world, now), series(session, exchange, world, now, "Autre")
        give(session, exchange, world, one, "kadia", PAPER, now)
        assert give(session, exchange, world, one, "awa", None, now) is Given.ASKED
        assert give(session, exchange, world, two, "kadia", None, now) is Given.BEGUN, "her own stands already"
        assert states(session) == {world.members["kadia"]: ACTIVE, world.members["awa"]: SUSPENDED}


def stopped(session: Session, world: World, now: datetime) -> None:
    contacts.stop(session, session.get_one(Contact, world.contacts["binta"]), now, "sms")


def no_push(session: Session, world: World, now: datetime) -> None:
    contacts.withdraw(session, session.get_one(Contact, world.contacts["binta"]), Purpose.PUSH, now)


def no_phone(session: Session, world: World, now: datetime) -> None:
    session.get_one(Member, world.members["binta"]).contact_id = None


def off(session: Session, world: World, now: datetime) -> None:
    installation(session).series = False


def over(session: Session, world: World, now: datetime) -> None:
    session.execute(update(Campaign).values(state=CampaignState.CANCELLED))


def nothing(session: Session, world: World, now: datetime) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "anchor", "paper", "code"),
    [
        pytest.param(stopped, MARCH, PAPER, "stopped", id="the-number-said-stop"),
        pytest.param(no_push, MARCH, None, "no_push_consent", id="a-phone-that-may-not-be-asked"),
        pytest.param(no_phone, MARCH, PAPER, "no_phone", id="no-telephone"),
        pytest.param(off, MARCH, PAPER, "series_off", id="series-switched-off"),
        pytest.param(over, MARCH, PAPER, "not_open", id="a-series-that-is-over"),
        pytest.param(nothing, date(2027, 1, 1), PAPER, "month", id="ten-months-ahead"),
        pytest.param(nothing, date(2023, 2, 1), PAPER, "month", id="more-than-three-years-ago"),
    ],
)
def test_what_forbids_a_place_is_said_and_writes_nothing(
    exchange: Exchange, world: World, now: datetime, change: Callable[..., None], anchor: date, paper: Paper | None, code: str
) -> None:
    with exchange.database.writing() as session:
        campaign = series(session, exchange, world, now)
        change(session, world, now)
        session.flush()
        member = session.get_one(Member, world.members["binta"])
        with pytest.raises(CampaignError, match=code):
            places.give(session, exchange, campaign, member, anchor, paper, now)
        assert states(session) == {}
        assert standing(session, world.contacts["binta"]) == []


def test_a_second_place_in_one_series_is_refused_until_the_first_ends(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        campaign = series(session, exchange, world, now)
        assert [one.id for one in places.on_offer(session)] == [campaign.id]
        give(session, exchange, world, campaign, "binta", PAPER, now)
        with pytest.raises(CampaignError, match="already_there"):
            give(session, exchange, world, campaign, "binta", PAPER, now)
        assert places.finish(session, places.of(session, world.members["binta"])[0].row, now)
        assert give(session, exchange, world, campaign, "binta", PAPER, now) is Given.BEGUN


def test_a_place_that_ended_after_a_backup_ends_again_from_the_journal_and_no_other(
    exchange: Exchange, world: World, now: datetime, tmp_path: Path
) -> None:
    journal = exchange.database.journal = Journal(tmp_path / "journal")
    with exchange.database.writing() as session:
        for campaign in (series(session, exchange, world, now), series(session, exchange, world, now, "Autre")):
            give(session, exchange, world, campaign, "awa", PAPER, now)
    before = journal.place()
    with exchange.database.writing() as session:
        other, left = (place.row for place in places.of(session, world.members["awa"]))
        places.finish(session, left, now)
    with exchange.database.writing() as session:  # as a backup knows it
        session.execute(update(Enrolment).values(state=ACTIVE, ended_at=None))
    noted = journal.since(before)
    for expected in (1, 0):
        with exchange.database.writing() as session:
            assert taken_back.again(session, noted, now)["leave"] == expected
    strange = [replace(one, member_id=world.members["moussa"], place=other.id) for one in noted]
    with exchange.database.writing() as session:
        assert taken_back.again(session, strange, now)["leave"] == 0
    with exchange.database.reading() as session:
        assert (session.get_one(Enrolment, left.id).state, session.get_one(Enrolment, other.id).state) == (ENDED, ACTIVE)


def test_the_last_place_of_a_person_ends_her_agreement_and_no_other(exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        one, two = series(session, exchange, world, now), series(session, exchange, world, now, "Autre")
        for campaign, who in ((one, "awa"), (two, "awa"), (one, "kadia")):
            give(session, exchange, world, campaign, who, PAPER, now)
        second, first = places.of(session, world.members["awa"])

        def agreed() -> set[int | None]:
            return {consent.member_id for consent in standing(session, world.contacts["awa"])}

        awa, kadia = world.members["awa"], world.members["kadia"]
        assert places.finish(session, first.row, now)
        assert agreed() == {awa, kadia}, "she follows the other still"
        assert places.finish(session, second.row, now)
        assert agreed() == {kadia}
        assert not places.finish(session, second.row, now)
        assert places.finish(session, places.of(session, kadia)[0].row, now)
        assert agreed() == set()
        assert set(states(session).values()) == {ENDED}
