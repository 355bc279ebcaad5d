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
from messaging.exchange import Exchange
from messaging.models import Broadcast
from messaging.windows import Windows
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


def departure(allowed: Windows, settings: Settings, event: CampaignEvent, due: datetime, now: datetime) -> datetime:
    """When what is due then would really begin to leave: after its window to cancel, and within the hours `allowed`."""
    return begins(allowed, event, leaves_at(due, now, settings))


def begins(allowed: Windows, one: CampaignEvent | Broadcast, planned: datetime) -> datetime:
    """When what may leave from `planned` on begins to, within the hours where it keeps to them."""
    return allowed.next_open(planned) if one.quiet_hours else planned


def next_departure(allowed: Windows, settings: Settings, campaign: Campaign, now: datetime) -> datetime | None:
    """The same of what a campaign says next; None where nothing dates it yet, or nothing is to come."""
    coming = [(event, event.next_due) for event in campaign.events if event.next_due is not None]
    if campaign.state not in FIRING:
        return min((due for _event, due in coming), default=None)
    return min((departure(allowed, settings, event, due, now) for event, due in coming), default=None)


def expected(session: Session, exchange: Exchange, broadcast: Broadcast, now: datetime) -> Count | None:
    """Whom a sending whose list is not made yet would reach, and for how much; None for one of a series, which knows whom by its
    own list."""
    if broadcast.series:
        return None
    content = session.get_one(Content, broadcast.content_id)
    at = max(broadcast.not_before, now)
    return counted(session, exchange, content, Filter.from_json(broadcast.audience), broadcast.route, at, now)
