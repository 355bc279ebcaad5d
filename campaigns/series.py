"""A life-stage series as staff see it: its steps in order, and how many have a place in it; never who."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, CatchUp, Enrolment, EnrolmentState, Repeat
from messaging.models import Route
from translations.models import Content

EXPIRES_HOURS = 72
FARTHEST = 36
"""Months after the anchor; steps before a birth count from the expected month, with a minus."""
EARLIEST = -9


@dataclass(frozen=True)
class Line:
    """A series with its steps, (months after, title), and its places by state."""

    campaign: Campaign
    steps: tuple[tuple[int, str], ...]
    places: Counter[EnrolmentState]


def lines(session: Session) -> list[Line]:
    """Every series, the newest first."""
    stage = exists().where(CampaignEvent.campaign_id == Campaign.id, CampaignEvent.repeat == Repeat.STAGE)
    return [line(session, one) for one in session.scalars(select(Campaign).where(stage).order_by(Campaign.id.desc()))]


def line(session: Session, campaign: Campaign) -> Line:
    """One series."""
    titles = dict(session.execute(select(Content.id, Content.title)).all())
    steps = sorted((event.months_after or 0, titles[event.content_id]) for event in campaign.events)
    counted = select(Enrolment.state, func.count()).where(Enrolment.campaign_id == campaign.id).group_by(Enrolment.state)
    return Line(campaign, tuple(steps), Counter(dict(session.execute(counted).all())))


def begin(
    session: Session, name: str, route: Route, steps: list[tuple[int, int]], staff_id: int | None, now: datetime
) -> Campaign:
    """A draft of a series; `steps` are (months after, content id). CampaignError: "no_event", "same_stage"."""
    if not steps:
        raise CampaignError("no_event")
    if len({months for months, _ in steps}) < len(steps):
        raise CampaignError("same_stage")
    campaign = Campaign(name=name[:120], audience=Filter(one_phone_per_club=False).to_json(), route=route, created_at=now)
    campaign.created_by, campaign.state = staff_id, CampaignState.DRAFT
    campaign.events = [
        CampaignEvent(
            content_id=content,
            repeat=Repeat.STAGE,
            months_after=months,
            expires_hours=EXPIRES_HOURS,
            catch_up=CatchUp.SEND_LATE,
        )
        for months, content in sorted(steps)
    ]
    session.add(campaign)
    session.flush()
    return campaign
