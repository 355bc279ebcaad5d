"""A campaign's life: handed to the clock, paused, resumed, ended. What the clock then does with it is campaigns/firing.py."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns import sources
from campaigns.audiences import count
from campaigns.calendar import first_due
from campaigns.errors import CampaignError
from campaigns.filters import Filter, frozen
from campaigns.firing import FIRING, make_broadcast, window
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState, Repeat
from messaging import broadcasts as sendings
from messaging.exchange import DIAL, DISPATCH, FAN_OUT, Exchange
from messaging.models import Broadcast, BroadcastState, Call, Message
from messaging.states import move
from runtime.installation import installation
from runtime.settings import Settings
from runtime.work import WorkEngine

LIVE = (BroadcastState.PLANNED, BroadcastState.RUNNING, BroadcastState.PAUSED)


def confirm(campaign: Campaign, staff_id: int) -> None:
    """A second person stands for a large sending; CampaignError("own_campaign") for the one who wrote it."""
    if staff_id == campaign.created_by:
        raise CampaignError("own_campaign", campaign.id)
    campaign.confirmed_by = staff_id


def schedule(session: Session, campaign: Campaign, now: datetime, settings: Settings) -> None:
    """Hand a draft to the clock.

    CampaignError: `not_a_draft`, `no_event`, `past_date` (with the event's id), `incomplete` for an event that nothing could ever
    date, `series_off`, `same_stage`, `second_person` for more numbers than one person may send to.
    """
    if campaign.state is not CampaignState.DRAFT:
        raise CampaignError("not_a_draft", campaign.id)
    if not campaign.events:
        raise CampaignError("no_event", campaign.id)
    zone = ZoneInfo(settings.timezone)
    _check_stages(session, campaign)
    for event in campaign.events:
        if not _whole(session, event):
            raise CampaignError("incomplete", event.id)
        event.since = now
        event.next_due = first_due(event, sources.known(session, event, now.astimezone(zone).date()), now, zone)
        if event.next_due is None and event.repeat not in sources.OPEN_ENDED:
            raise CampaignError("no_market" if event.repeat is Repeat.MARKET else "past_date", event.id)
    wanted = frozen(session, Filter.from_json(campaign.audience))  # what a saved audience becomes later is not approved
    campaign.audience = wanted.to_json()
    if campaign.confirmed_by is None:
        audience = count(session, wanted, campaign.route, now.astimezone(zone).date())
        if audience.numbers > settings.second_approval_above:
            raise CampaignError("second_person", campaign.id)
    campaign.state = CampaignState.SCHEDULED


def _check_stages(session: Session, campaign: Campaign) -> None:
    """A series must be allowed here, and no two of its steps may fall in one month: nobody gets two at once."""
    months = [event.months_after for event in campaign.events if event.repeat is Repeat.STAGE]
    if months and not installation(session).series:
        raise CampaignError("series_off", campaign.id)
    if len(set(months)) < len(months):
        raise CampaignError("same_stage", campaign.id)


def _whole(session: Session, event: CampaignEvent) -> bool:
    match event.repeat:
        case Repeat.MARKET:
            return event.market is not None and event.starts_at is not None
        case Repeat.SEASON:
            return event.season is not None
        case Repeat.EPISODE:
            return event.hours_after is not None and sources.theme_of(session, event) is not None
        case Repeat.ANSWER:
            return event.hours_after is not None and event.question_id is not None and event.given is not None
        case Repeat.STAGE:
            return event.months_after is not None
        case _:
            return True


def unschedule(session: Session, campaign: Campaign) -> None:
    """Back to a draft, before anything was fired; CampaignError("not_scheduled") after that."""
    _lock(session, campaign)
    if campaign.state is not CampaignState.SCHEDULED:
        raise CampaignError("not_scheduled", campaign.id)
    campaign.state = CampaignState.DRAFT
    campaign.audience = Filter.from_json(campaign.audience).as_drafted.to_json()
    for event in campaign.events:
        event.next_due = event.since = None


def send_skipped(session: Session, exchange: Exchange, occurrence: Occurrence, now: datetime) -> Broadcast:
    """A person sends what the clock skipped; CampaignError("not_skipped") for anything else, so that nothing leaves twice."""
    _lock(session, occurrence)
    if occurrence.state is not OccurrenceState.SKIPPED:
        raise CampaignError("not_skipped", occurrence.id)
    event = session.get_one(CampaignEvent, occurrence.event_id)
    broadcast = make_broadcast(session, event, occurrence, now, now + window(exchange.settings), now)
    occurrence.state, occurrence.broadcast_id, occurrence.fired_at = OccurrenceState.FIRED, broadcast.id, now
    exchange.work.nudge(session, FAN_OUT, broadcast.id)
    return broadcast


def broadcasts_of(session: Session, campaign_id: int) -> list[Broadcast]:
    """Every broadcast of a campaign, oldest first."""
    query = (
        select(Broadcast)
        .join(Occurrence, Occurrence.broadcast_id == Broadcast.id)
        .join(CampaignEvent, CampaignEvent.id == Occurrence.event_id)
        .where(CampaignEvent.campaign_id == campaign_id)
    )
    return list(session.scalars(query.order_by(Broadcast.due_at, Broadcast.id)))


def pause(session: Session, campaign: Campaign, now: datetime) -> None:
    """Hold the clock's events and what is under way; CampaignError("not_running") otherwise."""
    _lock(session, campaign)
    if campaign.state not in FIRING:
        raise CampaignError("not_running", campaign.id)
    campaign.state = CampaignState.PAUSED
    for broadcast in broadcasts_of(session, campaign.id):
        if broadcast.state in (BroadcastState.PLANNED, BroadcastState.RUNNING) or _lingers(broadcast, now):
            sendings.pause(session, broadcast, now)


def resume(session: Session, work: WorkEngine, campaign: Campaign, now: datetime) -> None:
    """Go on; due times that passed meanwhile follow each event's catch-up policy. CampaignError("not_paused")."""
    _lock(session, campaign)
    if campaign.state is not CampaignState.PAUSED:
        raise CampaignError("not_paused", campaign.id)
    made = broadcasts_of(session, campaign.id)
    campaign.state = CampaignState.RUNNING if made else CampaignState.SCHEDULED
    for broadcast in made:
        if broadcast.state is BroadcastState.PAUSED:
            sendings.resume(session, broadcast, now)
            nudge(session, work, broadcast)


def cancel(session: Session, campaign: Campaign, now: datetime) -> None:
    """End a campaign: nothing queued leaves any more, nothing else is fired. CampaignError("ended")."""
    _lock(session, campaign)
    if campaign.state in (CampaignState.FINISHED, CampaignState.CANCELLED):
        raise CampaignError("ended", campaign.id)
    campaign.state = CampaignState.CANCELLED
    for event in campaign.events:
        event.next_due = None
    for broadcast in broadcasts_of(session, campaign.id):
        if broadcast.state in LIVE or _lingers(broadcast, now):
            sendings.cancel(session, broadcast, now)


def _lingers(broadcast: Broadcast, now: datetime) -> bool:
    # Finished, but a late report may still bring one of its rows back.
    return broadcast.state is BroadcastState.FINISHED and broadcast.expires_at > now


def send_now(session: Session, work: WorkEngine, broadcast: Broadcast, now: datetime) -> None:
    """Give up the rest of the cancel window; CampaignError("not_planned") when it is over."""
    _lock(session, broadcast)
    if broadcast.state is not BroadcastState.PLANNED:
        raise CampaignError("not_planned", broadcast.id)
    broadcast.not_before = min(broadcast.not_before, now)
    broadcast.due_at = min(broadcast.due_at, now)
    for kind in (Message, Call):
        session.execute(update(kind).where(kind.broadcast_id == broadcast.id, kind.not_before > now).values(not_before=now))
    move(broadcast, BroadcastState.RUNNING, now)
    nudge(session, work, broadcast)
    work.nudge(session, FAN_OUT, broadcast.id)


def nudge(session: Session, work: WorkEngine, broadcast: Broadcast) -> None:
    """Wake the channels that a broadcast uses."""
    for channel_id in session.scalars(select(Message.channel_id).where(Message.broadcast_id == broadcast.id).distinct()):
        work.nudge(session, DISPATCH, channel_id)
    for channel_id in session.scalars(select(Call.channel_id).where(Call.broadcast_id == broadcast.id).distinct()):
        work.nudge(session, DIAL, channel_id)


def _lock(session: Session, row: Campaign | Broadcast | Occurrence) -> None:
    session.flush()
    session.refresh(row, with_for_update=True)
