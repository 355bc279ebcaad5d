"""Campaigns, their sendings and the seasons they follow as other systems read them: flat values in pages."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaigns.accounts import Account, account
from campaigns.drafts import ASKED
from campaigns.models import (
    Campaign,
    CampaignEvent,
    CampaignState,
    CatchUp,
    Given,
    Occurrence,
    Priority,
    Repeat,
    Season,
    SeasonKind,
)
from clubs.models import MarketRule
from messaging.models import Broadcast, BroadcastState, Route
from messaging.progress import bill
from runtime.database import Json
from runtime.paging import Slice, matching


@dataclass(frozen=True)
class EventLine:
    """One content of a campaign; `next_due` is null before scheduling and after the last time. What belongs to another `repeat`
    is null."""

    id: int
    content_id: int
    repeat: Repeat
    starts_at: datetime | None
    until: datetime | None
    market: MarketRule | None
    season: SeasonKind | None
    days_into: int | None
    weekly: bool
    hours_after: int | None
    question_id: int | None
    given: Given | None
    months_after: int | None
    expires_hours: int
    catch_up: CatchUp
    quiet_hours: bool
    phase: str | None
    next_due: datetime | None


@dataclass(frozen=True)
class CampaignLine:
    """A campaign with its events; `audience` is the filter over members. `asked` says that a second person is to confirm it."""

    id: int
    name: str
    state: CampaignState
    asked: bool
    route: Route
    priority: Priority
    audience: Json
    created_at: datetime
    events: list[EventLine]


@dataclass(frozen=True)
class BroadcastLine:
    """One sending; `account` counts its recipients: planned = sent + skipped + failed + pending + unknown, always. Costs are
    whole FCFA; `spent` is what has left so far."""

    id: int
    campaign_id: int | None
    title: str
    content_id: int
    route: Route
    state: BroadcastState
    due_at: datetime
    not_before: datetime
    expires_at: datetime
    phase: str | None
    estimated_cost: int
    spent: int
    created_at: datetime
    fanned_out_at: datetime | None
    ended_at: datetime | None
    account: Account


@dataclass(frozen=True)
class SeasonLine:
    """One year's days of a season, both counted."""

    id: int
    kind: SeasonKind
    first_day: date
    last_day: date


def campaigns(session: Session, part: Slice, *, id: int | None = None, state: CampaignState | None = None) -> list[CampaignLine]:
    """Campaigns by id."""
    query = part.of(select(Campaign).options(selectinload(Campaign.events)), Campaign.id)
    query = matching(query, (Campaign.id, id), (Campaign.state, state))
    return [campaign_line(row) for row in session.scalars(query)]


def campaign_line(row: Campaign) -> CampaignLine:
    """One campaign as a value."""
    events = [_event(event) for event in row.events]
    asked = row.state is CampaignState.DRAFT and row.step == ASKED
    return CampaignLine(row.id, row.name, row.state, asked, row.route, row.priority, row.audience, row.created_at, events)


def _event(row: CampaignEvent) -> EventLine:
    return EventLine(
        id=row.id,
        content_id=row.content_id,
        repeat=row.repeat,
        starts_at=row.starts_at,
        until=row.until,
        market=row.market,
        season=row.season,
        days_into=row.days_into,
        weekly=row.weekly,
        hours_after=row.hours_after,
        question_id=row.question_id,
        given=row.given,
        months_after=row.months_after,
        expires_hours=row.expires_hours,
        catch_up=row.catch_up,
        quiet_hours=row.quiet_hours,
        phase=row.phase,
        next_due=row.next_due,
    )


def broadcasts(
    session: Session,
    part: Slice,
    *,
    id: int | None = None,
    campaign: int | None = None,
    state: BroadcastState | None = None,
    since: datetime | None = None,
) -> list[BroadcastLine]:
    """Sendings by id; `since` is a due time. Each is counted anew, so keep the slice short."""
    query = (
        select(Broadcast, CampaignEvent.campaign_id)
        .outerjoin(Occurrence, Occurrence.broadcast_id == Broadcast.id)
        .outerjoin(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
    )
    query = part.of(query, Broadcast.id)
    query = matching(query, (Broadcast.id, id), (CampaignEvent.campaign_id, campaign), (Broadcast.state, state))
    if since is not None:
        query = query.where(Broadcast.due_at >= since)
    found = session.execute(query).all()
    return [_broadcast(session, row, campaign_id) for row, campaign_id in found]


def _broadcast(session: Session, row: Broadcast, campaign_id: int | None) -> BroadcastLine:
    return BroadcastLine(
        id=row.id,
        campaign_id=campaign_id,
        title=row.title,
        content_id=row.content_id,
        route=row.route,
        state=row.state,
        due_at=row.due_at,
        not_before=row.not_before,
        expires_at=row.expires_at,
        phase=row.phase,
        estimated_cost=row.estimated_cost,
        spent=bill(session, row).spent,
        created_at=row.created_at,
        fanned_out_at=row.fanned_out_at,
        ended_at=row.ended_at,
        account=account(session, row.id),
    )


def seasons(session: Session, part: Slice, *, id: int | None = None, kind: SeasonKind | None = None) -> list[SeasonLine]:
    """Seasons by id."""
    query = part.of(select(Season), Season.id)
    query = matching(query, (Season.id, id), (Season.kind, kind))
    return [SeasonLine(row.id, row.kind, row.first_day, row.last_day) for row in session.scalars(query)]
