"""A place in a series: what comes next, and its end."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from campaigns import enrolments
from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignEvent, Enrolment, EnrolmentState, Repeat
from clubs.models import Member
from runtime.database import Database
from runtime.installation import installation
from tests.world import World

ZONE = ZoneInfo("Africa/Bamako")


def series(session: Session, world: World, now: datetime, *months: int) -> Campaign:
    installation(session).series = True
    campaign = Campaign(name="Mille jours", created_at=now)
    session.add(campaign)
    session.flush()
    for month in months:
        session.add(
            CampaignEvent(
                campaign_id=campaign.id, content_id=world.contents["eau-propre"], repeat=Repeat.STAGE, months_after=month
            )
        )
    session.flush()
    session.refresh(campaign)
    return campaign


def enrol(session: Session, campaign: Campaign, world: World, anchor: date, now: datetime) -> Enrolment:
    return enrolments.enrol(session, campaign, session.get_one(Member, world.members["awa"]), anchor, now, ZONE)


def test_the_next_event_is_the_first_to_come(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        campaign = series(session, world, now, 6, 0, 1, 13)
        row = enrol(session, campaign, world, date(2026, 2, 17), now)
        assert row.anchor_month == date(2026, 2, 1)
        assert row.next_due == datetime(2026, 8, 1, 9, tzinfo=UTC)
        assert row.next_event_id == campaign.events[0].id


def test_months_run_over_the_year(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        assert enrol(session, series(session, world, now, 11), world, date(2026, 2, 1), now).next_due == datetime(
            2027, 1, 1, 9, tzinfo=UTC
        )


def test_a_series_already_over_has_nothing_next(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        row = enrol(session, series(session, world, now, 0), world, date(2025, 1, 1), now)
        assert (row.next_due, row.next_event_id, row.state) == (None, None, EnrolmentState.ACTIVE)


def test_who_ends_may_come_back_to_the_same_place(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        campaign = series(session, world, now, 6)
        row = enrol(session, campaign, world, date(2026, 2, 1), now)
        enrolments.end(row, now)
        assert (row.state, row.ended_at, row.next_due) == (EnrolmentState.ENDED, now, None)
        enrolments.end(row, datetime(2030, 1, 1, tzinfo=UTC))
        assert row.ended_at == now
        again = enrol(session, campaign, world, date(2026, 2, 1), now)
        assert again is row
        assert (again.state, again.ended_at) == (EnrolmentState.ACTIVE, None)


def test_a_campaign_without_stages_enrols_nobody(database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        campaign = series(session, world, now)
        with pytest.raises(CampaignError, match="no_series"):
            enrol(session, campaign, world, date(2026, 2, 1), now)
