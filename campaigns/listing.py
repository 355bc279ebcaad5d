"""Where every campaign stands, for the page that lists them: when it leaves next, and what is wrong with a schedule.

A schedule whose audience became empty or whose text expired would say nothing on its day: it is told beforehand.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from campaigns.audiences import count
from campaigns.drafts import ASKED
from campaigns.estimates import next_departure
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence
from messaging import windows
from messaging.channels import trains
from messaging.models import Broadcast, Channel, ChannelState
from runtime.settings import Settings
from translations.library import clip_of, newest_variants, sendable
from translations.models import Content


class Wrong(StrEnum):
    """Why a scheduled campaign would reach nobody."""

    EMPTY = "empty"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Line:
    """One campaign. `leaves_at` is when its next sending would leave, `last` when its latest was due."""

    campaign: Campaign
    content: str
    leaves_at: datetime | None
    last: datetime | None
    wrong: Wrong | None


@dataclass(frozen=True)
class Happened:
    """One due time that came: what was made of it."""

    occurrence: Occurrence
    event: CampaignEvent
    broadcast: Broadcast | None


def counts(session: Session) -> dict[CampaignState, int]:
    """How many campaigns stand in each state."""
    return dict(session.execute(select(Campaign.state, func.count()).group_by(Campaign.state)).all())


def lines(
    session: Session, states: Collection[CampaignState], now: datetime, settings: Settings, offset: int, limit: int
) -> list[Line]:
    """A slice of the campaigns in these states, the newest first."""
    query = (
        select(Campaign)
        .where(Campaign.state.in_(states))
        .options(selectinload(Campaign.events))
        .order_by(Campaign.id.desc())
        .offset(offset)
        .limit(limit)
    )
    found = list(session.scalars(query))
    titles = _titles(session, found)
    last = _last(session, [one.id for one in found])
    allowed = windows.in_force(session, settings)
    return [
        Line(
            one,
            ", ".join(titles[event.content_id] for event in one.events),
            next_departure(allowed, settings, one, now),
            last.get(one.id),
            wrong(session, one, now, settings),
        )
        for one in found
    ]


def to_confirm(session: Session, staff_id: int) -> list[Campaign]:
    """The drafts that wait for a second person who may be this one, the oldest first."""
    mine = Campaign.created_by.is_not_distinct_from(staff_id)
    query = select(Campaign).where(Campaign.state == CampaignState.DRAFT, Campaign.step == ASKED, ~mine)
    return list(session.scalars(query.order_by(Campaign.id)))


def wrong(session: Session, campaign: Campaign, now: datetime, settings: Settings) -> Wrong | None:
    """What would make a campaign that waits for its day reach nobody; None for any other campaign."""
    waits = [event for event in campaign.events if event.next_due is not None]
    if campaign.state not in (CampaignState.SCHEDULED, CampaignState.RUNNING) or not waits:
        return None
    for event in waits:
        due = max(now, event.next_due or now)
        words = newest_variants(session, [event.content_id])
        if not _trains(session) and not any(sendable(one, due) and (one.text or clip_of(one)) for one in words):
            return Wrong.EXPIRED
    today = now.astimezone(ZoneInfo(settings.timezone)).date()
    audience = count(session, Filter.from_json(campaign.audience), campaign.route, today)
    return None if audience.numbers else Wrong.EMPTY


def happened(session: Session, campaign_id: int) -> list[Happened]:
    """Every due time of a campaign that came, the latest first."""
    query = (
        select(Occurrence, CampaignEvent, Broadcast)
        .join(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
        .outerjoin(Broadcast, Broadcast.id == Occurrence.broadcast_id)
        .where(CampaignEvent.campaign_id == campaign_id)
        .order_by(Occurrence.due_at.desc(), Occurrence.id.desc())
    )
    return [Happened(*row) for row in session.execute(query)]


def campaign_of(session: Session, broadcast_id: int) -> int | None:
    """The campaign that a sending belongs to."""
    query = (
        select(CampaignEvent.campaign_id)
        .join(Occurrence, Occurrence.event_id == CampaignEvent.id)
        .where(Occurrence.broadcast_id == broadcast_id)
    )
    return session.scalar(query)


def _trains(session: Session) -> bool:
    """Whether some channel may send French drafts, in training."""
    return any(trains(channel) for channel in session.scalars(select(Channel).where(Channel.state == ChannelState.ACTIVE)))


def _titles(session: Session, campaigns: Collection[Campaign]) -> dict[int, str]:
    ids = {event.content_id for one in campaigns for event in one.events}
    return dict(session.execute(select(Content.id, Content.title).where(Content.id.in_(ids))).all())


def _last(session: Session, ids: list[int]) -> dict[int, datetime]:
    query = (
        select(CampaignEvent.campaign_id, func.max(Broadcast.due_at))
        .join(Occurrence, Occurrence.event_id == CampaignEvent.id)
        .join(Broadcast, Broadcast.id == Occurrence.broadcast_id)
        .where(CampaignEvent.campaign_id.in_(ids))
        .group_by(CampaignEvent.campaign_id)
    )
    return dict(session.execute(query).all())
