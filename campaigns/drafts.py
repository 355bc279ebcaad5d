"""A campaign in the making: begun with a message, changed step by step, copied from an older one.

Whoever changed a draft last counts as its author: the second person who confirms a large sending is then never the one who
last touched it. What another system wrote has no author (None).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignEvent, CampaignState, CatchUp, Given, Priority, Repeat, SeasonKind
from clubs.models import MarketRule
from messaging.models import Route
from translations.models import Content

FIRST, AUDIENCE, ROUTE, DATE, CHECK, ASKED = 1, 2, 3, 4, 5, 6
"""`Campaign.step`: the furthest of five steps reached; `ASKED` once a second person was asked to confirm."""
NAME = 120


@dataclass(frozen=True)
class When:
    """When an event is due: `until` for a weekly one, `expires_hours` from each due time on; no `starts_at`: once confirmed."""

    starts_at: datetime | None = None
    repeat: Repeat = Repeat.ONCE
    until: datetime | None = None
    expires_hours: int = 24
    catch_up: CatchUp = CatchUp.SEND_LATE
    quiet_hours: bool = True
    phase: str | None = None
    priority: Priority = Priority.NORMAL
    market: MarketRule | None = None
    season: SeasonKind | None = None
    days_into: int | None = None
    weekly: bool = False
    hours_after: int | None = None
    question_id: int | None = None
    given: Given | None = None


def begin(session: Session, content: Content, name: str, staff_id: int | None, now: datetime) -> Campaign:
    """A new draft that says `content`; without a name it takes the content's title."""
    campaign = Campaign(name=(name or content.title)[:NAME], audience=Filter().to_json(), created_at=now, created_by=staff_id)
    campaign.step, campaign.route, campaign.state = AUDIENCE, Route.SMS, CampaignState.DRAFT
    campaign.events = [CampaignEvent(content_id=content.id)]
    session.add(campaign)
    session.flush()
    return campaign


def say(campaign: Campaign, content: Content, name: str, staff_id: int) -> None:
    """Another message or name; CampaignError("not_a_draft") once it was scheduled, here and below."""
    _touch(campaign, staff_id, FIRST)
    event = campaign.events[0]
    if event.content_id != content.id:
        event.phase = None
    event.content_id = content.id
    campaign.name = (name or content.title)[:NAME]


def address(campaign: Campaign, wanted: Filter, staff_id: int | None) -> None:
    """Another audience."""
    _touch(campaign, staff_id, AUDIENCE)
    campaign.audience = wanted.to_json()


def carry(campaign: Campaign, route: Route, staff_id: int | None) -> None:
    """Another kind of channel."""
    _touch(campaign, staff_id, ROUTE)
    campaign.route = route


def date(campaign: Campaign, when: When, staff_id: int | None) -> None:
    """Other dates."""
    _touch(campaign, staff_id, DATE)
    event = campaign.events[0]
    event.starts_at, event.repeat, event.until = when.starts_at, when.repeat, when.until
    event.expires_hours, event.catch_up = when.expires_hours, when.catch_up
    event.quiet_hours, event.phase = when.quiet_hours, when.phase
    event.market, event.season, event.days_into, event.weekly = when.market, when.season, when.days_into, when.weekly
    event.hours_after, event.question_id, event.given = when.hours_after, when.question_id, when.given
    campaign.priority = when.priority


def ask(campaign: Campaign) -> None:
    """A second person is asked to confirm."""
    _must_be_draft(campaign)
    campaign.step = ASKED


def duplicate(session: Session, campaign: Campaign, staff_id: int, now: datetime) -> Campaign:
    """A draft with the same message, audience and channel, without a date."""
    wanted = Filter.from_json(campaign.audience).as_drafted
    copy = Campaign(name=campaign.name, audience=wanted.to_json(), route=campaign.route, created_at=now)
    copy.created_by, copy.step, copy.state, copy.priority = staff_id, DATE, CampaignState.DRAFT, campaign.priority
    copy.events = [
        CampaignEvent(
            content_id=event.content_id,
            expires_hours=event.expires_hours,
            catch_up=event.catch_up,
            quiet_hours=event.quiet_hours,
            phase=event.phase,
            repeat=event.repeat,
            market=event.market,
            season=event.season,
            days_into=event.days_into,
            weekly=event.weekly,
            hours_after=event.hours_after,
            question_id=event.question_id,
            given=event.given,
            months_after=event.months_after,
        )
        for event in campaign.events
    ]
    session.add(copy)
    session.flush()
    return copy


def _touch(campaign: Campaign, staff_id: int | None, step: int) -> None:
    _must_be_draft(campaign)
    campaign.created_by, campaign.confirmed_by = staff_id, None
    campaign.step = max(min(campaign.step, CHECK), step + 1)


def _must_be_draft(campaign: Campaign) -> None:
    if campaign.state is not CampaignState.DRAFT:
        raise CampaignError("not_a_draft", campaign.id)
