"""What leaves next: the due times of campaigns that the clock has not turned into a sending yet."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import Campaign, CampaignEvent, CampaignState


@dataclass(frozen=True)
class Coming:
    """One due time to come."""

    campaign_id: int
    name: str
    due_at: datetime


def coming(session: Session, limit: int = 5) -> list[Coming]:
    """The next due times, the nearest first."""
    query = (
        select(Campaign.id, Campaign.name, CampaignEvent.next_due)
        .join(CampaignEvent.campaign)
        .where(CampaignEvent.next_due.is_not(None), Campaign.state.in_((CampaignState.SCHEDULED, CampaignState.RUNNING)))
        .order_by(CampaignEvent.next_due, CampaignEvent.id)
        .limit(limit)
    )
    return [Coming(id_, name, due) for id_, name, due in session.execute(query) if due is not None]
