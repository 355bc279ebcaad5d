"""What a campaign that was written down would do at its next time, for the page that checks it and for other systems."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from campaigns import sources
from campaigns.calendar import first_due
from campaigns.counting import Count, counted
from campaigns.filters import Filter
from campaigns.firing import FIRING, leaves_at, purse_of
from campaigns.models import Campaign, CampaignEvent
from campaigns.plan import Forecast, forecast
from messaging import windows
from messaging.exchange import Exchange
from messaging.models import Broadcast
from runtime.settings import Settings
from translations.models import Content


def estimate(session: Session, exchange: Exchange, campaign: Campaign, at: datetime) -> Forecast:
    """The forecast of a campaign's first event at the time it is due next."""
    event = campaign.events[0]
    due = due_at(session, event, at, ZoneInfo(exchange.settings.timezone))
    content = session.get_one(Content, event.content_id)
    wanted = Filter.from_json(campaign.audience)
    expires = due + timedelta(hours=event.expires_hours)
    purse = purse_of(campaign.id)
    hours = event.quiet_hours
    return forecast(session, exchange, content, wanted, campaign.route, due, expires, at, quiet_hours=hours, purse=purse)


def due_at(session: Session, event: CampaignEvent, at: datetime, zone: ZoneInfo) -> datetime:
    """When an event is reckoned to be due: where nothing has given it a day yet, as if it were now."""
    due = first_due(event, sources.known(session, event, at.astimezone(zone).date()), at, zone) or event.starts_at or at
    return max(due, at) if event.repeat in sources.OPEN_ENDED else due


def departure(session: Session, settings: Settings, event: CampaignEvent, due: datetime, now: datetime) -> datetime:
    """When what is due then would really begin to leave: after its window to cancel, and within the hours."""
    leaves = leaves_at(due, now, settings)
    return windows.in_force(session, settings).next_open(leaves) if event.quiet_hours else leaves


def next_departure(session: Session, settings: Settings, campaign: Campaign, now: datetime) -> datetime | None:
    """The same of the next due time of a campaign's first event; None where nothing dates it yet, or nothing is to come."""
    event = campaign.events[0] if campaign.events else None
    if event is None or event.next_due is None or campaign.state not in FIRING:
        return None if event is None else event.next_due
    return departure(session, settings, event, event.next_due, now)


def expected(session: Session, exchange: Exchange, broadcast: Broadcast, now: datetime) -> Count | None:
    """Whom a sending whose list is not made yet would reach, and for how much; None for one of a series, which knows whom by its
    own list."""
    if broadcast.series:
        return None
    content = session.get_one(Content, broadcast.content_id)
    at = max(broadcast.not_before, now)
    return counted(session, exchange, content, Filter.from_json(broadcast.audience), broadcast.route, at, now)
