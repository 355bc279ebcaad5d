"""What leaves next: the due times of campaigns that the clock has not turned into a sending yet."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.estimates import departure
from campaigns.firing import FIRING
from campaigns.models import Campaign, CampaignEvent
from messaging import windows
from runtime.settings import Settings


@dataclass(frozen=True)
class Coming:
    """One due time to come, and when what is due would leave."""

    campaign_id: int
    name: str
    leaves_at: datetime


def coming(session: Session, settings: Settings, now: datetime, limit: int = 5) -> list[Coming]:
    """What leaves next, the nearest first."""
    query = (
        select(Campaign.name, CampaignEvent)
        .join(CampaignEvent.campaign)
        .where(CampaignEvent.next_due.is_not(None), Campaign.state.in_(FIRING))
        .order_by(CampaignEvent.next_due, CampaignEvent.id)
    )
    allowed = windows.in_force(session, settings)
    found = [
        Coming(event.campaign_id, name, departure(allowed, settings, event, event.next_due, now))
        for name, event in session.execute(query)
        if event.next_due is not None
    ]
    return sorted(found, key=lambda each: each.leaves_at)[:limit]
