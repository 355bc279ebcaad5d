"""What is due now: each due time of a campaign's events becomes one occurrence with its broadcast, or is said to be skipped.

A broadcast is made one cancel window before its due time, so that officers can look at it and stop it and it still leaves on
time; one made late leaves a window later.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaigns.audiences import Filter, count
from campaigns.calendar import decide, dues, first_due, next_due
from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState, Repeat
from messaging import broadcasts as sendings
from messaging.exchange import DIAL, DISPATCH, FAN_OUT, Exchange
from messaging.models import Broadcast, BroadcastState, Call, Message
from messaging.states import move
from runtime.database import skip_locked
from runtime.settings import Settings
from runtime.work import WorkEngine
from translations.models import Content

LIVE = (BroadcastState.PLANNED, BroadcastState.RUNNING, BroadcastState.PAUSED)
FIRING = (CampaignState.SCHEDULED, CampaignState.RUNNING)


def confirm(campaign: Campaign, staff_id: int) -> None:
    """A second person stands for a large sending; CampaignError("own_campaign") for the one who wrote it."""
    if staff_id == campaign.created_by:
        raise CampaignError("own_campaign", campaign.id)
    campaign.confirmed_by = staff_id


def schedule(session: Session, campaign: Campaign, now: datetime, settings: Settings) -> None:
    """Hand a draft to the clock.

    CampaignError: `not_a_draft`, `no_event`, `past_date` (with the event's id), `second_person` for more numbers than one
    person may send to.
    """
    if campaign.state is not CampaignState.DRAFT:
        raise CampaignError("not_a_draft", campaign.id)
    if not campaign.events:
        raise CampaignError("no_event", campaign.id)
    zone = ZoneInfo(settings.timezone)
    for event in campaign.events:
        event.next_due = first_due(event, now, zone)
        if event.next_due is None and event.repeat is not Repeat.STAGE:
            raise CampaignError("past_date", event.id)
    if campaign.confirmed_by is None:
        audience = count(session, Filter.from_json(campaign.audience), campaign.route, now.astimezone(zone).date())
        if audience.numbers > settings.second_approval_above:
            raise CampaignError("second_person", campaign.id)
    campaign.state = CampaignState.SCHEDULED


def unschedule(session: Session, campaign: Campaign) -> None:
    """Back to a draft, before anything was fired; CampaignError("not_scheduled") after that."""
    _lock(session, campaign)
    if campaign.state is not CampaignState.SCHEDULED:
        raise CampaignError("not_scheduled", campaign.id)
    campaign.state = CampaignState.DRAFT
    for event in campaign.events:
        event.next_due = None


def fire_due(exchange: Exchange, now: datetime) -> int:
    """Claim each due event in a transaction of its own; returns how many broadcasts were made.

    Two clocks at once: the second finds the campaign locked or the event no longer due, and UNIQUE(event, due) stands behind.
    """
    horizon = now + _window(exchange.settings)
    ready = (
        select(CampaignEvent.id)
        .join(Campaign, Campaign.id == CampaignEvent.campaign_id)
        .where(CampaignEvent.next_due <= horizon, Campaign.state.in_(FIRING))
        .order_by(CampaignEvent.next_due, CampaignEvent.id)
    )
    with exchange.database.reading() as session:
        ids = list(session.scalars(ready))
    return sum(_fire(exchange, id_, now) for id_ in ids)


def _fire(exchange: Exchange, event_id: int, now: datetime) -> int:
    zone = ZoneInfo(exchange.settings.timezone)
    with exchange.database.writing() as session:
        # The campaign is locked, not the event: whoever pauses or cancels takes the same row first.
        claim = select(Campaign).join(Campaign.events).where(CampaignEvent.id == event_id)
        campaign = session.scalar(claim.with_for_update(of=Campaign, skip_locked=skip_locked(session)))
        if campaign is None or campaign.state not in FIRING:
            return 0
        event = session.get_one(CampaignEvent, event_id)
        due = dues(event, now + _window(exchange.settings), zone)
        if not due:
            return 0
        fired = 0
        for at, state in decide(event, due, now, zone).items():
            fired += _occur(session, exchange, event, at, state, now)
        event.next_due = next_due(event, due[-1], zone)
        event.campaign.state = CampaignState.RUNNING
        return fired


def _occur(
    session: Session, exchange: Exchange, event: CampaignEvent, due: datetime, state: OccurrenceState, now: datetime
) -> int:
    broadcast: Broadcast | None = None
    leaves = max(due, now + _window(exchange.settings))
    if state is OccurrenceState.FIRED and leaves >= due + timedelta(hours=event.expires_hours):
        state = OccurrenceState.SKIPPED  # it would expire before it could leave
    if state is OccurrenceState.FIRED:
        broadcast = _broadcast(session, event, due, leaves, now)
        exchange.work.nudge(session, FAN_OUT, broadcast.id)
    occurrence = Occurrence(event_id=event.id, due_at=due, fired_at=now, state=state)
    occurrence.broadcast_id = broadcast.id if broadcast else None
    session.add(occurrence)
    session.flush()
    return 1 if broadcast else 0


def _broadcast(session: Session, event: CampaignEvent, due: datetime, leaves: datetime, now: datetime) -> Broadcast:
    campaign = event.campaign
    content = session.get_one(Content, event.content_id)
    broadcast = Broadcast(
        title=(campaign.name if len(campaign.events) == 1 else content.title)[:120],
        content_id=content.id,
        route=campaign.route,
        audience=campaign.audience,
        state=BroadcastState.PLANNED,
        due_at=due,
        not_before=leaves,
        expires_at=due + timedelta(hours=event.expires_hours),
        quiet_hours=event.quiet_hours,
        phase=event.phase,
        created_by=campaign.created_by,
        confirmed_by=campaign.confirmed_by,
        created_at=now,
    )
    session.add(broadcast)
    session.flush()
    return broadcast


def send_skipped(session: Session, exchange: Exchange, occurrence: Occurrence, now: datetime) -> Broadcast:
    """A person sends what the clock skipped; CampaignError("not_skipped") for anything else, so that nothing leaves twice."""
    _lock(session, occurrence)
    if occurrence.state is not OccurrenceState.SKIPPED:
        raise CampaignError("not_skipped", occurrence.id)
    event = session.get_one(CampaignEvent, occurrence.event_id)
    broadcast = _broadcast(session, event, now, now + _window(exchange.settings), now)
    occurrence.state, occurrence.broadcast_id, occurrence.fired_at = OccurrenceState.FIRED, broadcast.id, now
    exchange.work.nudge(session, FAN_OUT, broadcast.id)
    return broadcast


def skipped(session: Session, campaign_id: int) -> list[Occurrence]:
    """The due times of a campaign that nothing was sent for, oldest first."""
    of = select(CampaignEvent.id).where(CampaignEvent.campaign_id == campaign_id)
    query = select(Occurrence).where(Occurrence.event_id.in_(of), Occurrence.state == OccurrenceState.SKIPPED)
    return list(session.scalars(query.order_by(Occurrence.due_at)))


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


def _window(settings: Settings) -> timedelta:
    return timedelta(minutes=settings.cancel_window_minutes)
