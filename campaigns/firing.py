"""What is due is turned into sendings: each due time of a campaign's events becomes one occurrence with its broadcast, or is said
to be skipped.

A broadcast is made one cancel window before its due time, so that officers can look at it and stop it and it still leaves on
time; one made late leaves a window later.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from campaigns import enrolments, sources
from campaigns.calendar import Due, Known, decide, dues, next_due
from campaigns.filters import Filter
from campaigns.models import (
    Campaign,
    CampaignEvent,
    CampaignState,
    DueMember,
    Occurrence,
    OccurrenceState,
    Priority,
    Repeat,
)
from messaging.exchange import FAN_OUT, Exchange
from messaging.models import Broadcast, BroadcastState
from runtime.database import Json, skip_locked
from runtime.installation import installation
from runtime.settings import Settings
from translations.models import Content

FIRING = (CampaignState.SCHEDULED, CampaignState.RUNNING)
RANKS = {Priority.HIGH: -5, Priority.NORMAL: 0, Priority.LOW: 5}
"""Added to the priority of every message: still after replies and reminders."""
REGULAR = (Repeat.WEEKLY, Repeat.MARKET)
MOMENT = timedelta(seconds=1)
NOWHERE = 0
"""The village of an audience whose villages are none of the campaign's: an empty choice would mean all."""
LATE, EXPIRED, RESTORED = "late", "expired", "restored"
"""Why nothing was sent for a due time."""


def fire_due(exchange: Exchange, now: datetime) -> int:
    """Claim each due event in a transaction of its own; returns how many broadcasts were made.

    Two clocks at once: the second finds the campaign locked or the event no longer due, and UNIQUE(event, due) stands behind.
    """
    horizon = now + window(exchange.settings)
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
        event = _claimed(session, event_id)
        if event is None:
            return 0
        if event.repeat is Repeat.STAGE and not installation(session).series:
            return 0
        horizon = now + window(exchange.settings)
        due = open_dues(session, event, now, horizon, zone)
        states = decide(event, [one.at for one in due], now, zone, _follows(session, event, due, now, zone))
        fired = sum(_occur(session, exchange, event, one, states[one.at], now) for one in due)
        _redate(session, event, now, horizon, zone)
        if due:
            event.campaign.state = CampaignState.RUNNING
        return fired


def open_dues(session: Session, event: CampaignEvent, now: datetime, until: datetime, zone: ZoneInfo) -> list[Due]:
    """The due times of an event through `until` that nothing was made of yet, none at the moment of another."""
    return _open(session, event, sources.known(session, event, now.astimezone(zone).date()), until, zone)


def _open(session: Session, event: CampaignEvent, known: Known, until: datetime, zone: ZoneInfo) -> list[Due]:
    rows = session.execute(select(Occurrence.due_at, Occurrence.key).where(Occurrence.event_id == event.id)).all()
    taken, keys = {at for at, _ in rows}, {key for _, key in rows if key is not None}
    # What a week or a market gave before was settled in its turn: looking back over years of it would cost more each day.
    settled = max((at for at, key in rows if key is None), default=None) if event.repeat in REGULAR else None
    found: list[Due] = []
    for due in dues(event, known, settled, until, zone):
        if due.key in keys or (due.key is None and due.members is None and due.at in taken):
            continue
        at = due.at
        while at in taken:  # two stations air at once, or a birth is entered after the others' step was made
            at += MOMENT
        taken.add(at)
        found.append(replace(due, at=at))
    return found


def _follows(session: Session, event: CampaignEvent, due: list[Due], now: datetime, zone: ZoneInfo) -> bool:
    """Whether something comes after the last of these that a missed one may be merged into."""
    if event.repeat is Repeat.STAGE:
        later = (one.months_after or 0 for one in event.campaign.events if one.repeat is Repeat.STAGE)
        return any(month > (event.months_after or 0) for month in later)
    return bool(due) and next_due(event, sources.known(session, event, now.astimezone(zone).date()), due[-1].at, zone) is not None


def _redate(session: Session, event: CampaignEvent, now: datetime, horizon: datetime, zone: ZoneInfo) -> None:
    """Write down when the clock must look at this event next, and at the other steps of its series."""
    session.flush()
    steps = [one for one in event.campaign.events if one.repeat is Repeat.STAGE and event.repeat is Repeat.STAGE]
    for one in steps or [event]:
        one.next_due = _next(session, one, now, horizon, zone)


def _next(session: Session, event: CampaignEvent, now: datetime, horizon: datetime, zone: ZoneInfo) -> datetime | None:
    """The first due time that nothing was made of, missed or to come."""
    if event.repeat is Repeat.STAGE:
        return sources.first_step(session, event)
    known = sources.known(session, event, now.astimezone(zone).date())
    missed = _open(session, event, known, horizon, zone)
    return missed[0].at if missed else next_due(event, known, horizon, zone)


def redate_all(exchange: Exchange, now: datetime) -> int:
    """Take up what was entered since: markets, seasons, episodes, answers, births; how many events have another next day."""
    zone = ZoneInfo(exchange.settings.timezone)
    moving = (
        select(CampaignEvent)
        .join(Campaign, Campaign.id == CampaignEvent.campaign_id)
        .where(CampaignEvent.repeat.in_(sources.MOVING), Campaign.state.in_(FIRING))
        .options(contains_eager(CampaignEvent.campaign))
    )
    with exchange.database.reading() as session:
        events = list(session.scalars(moving.order_by(CampaignEvent.id)))
        stale = [event.id for event in events if _next(session, event, now, now, zone) != event.next_due]
    return sum(_redated(exchange, id_, now) for id_ in stale)


def _redated(exchange: Exchange, event_id: int, now: datetime) -> bool:
    with exchange.database.writing() as session:
        event = _claimed(session, event_id)
        if event is None:
            return False
        before = event.next_due
        event.next_due = _next(session, event, now, now, ZoneInfo(exchange.settings.timezone))
        return event.next_due != before


def _claimed(session: Session, event_id: int) -> CampaignEvent | None:
    """The event with its campaign locked, if that still fires and nobody else holds it."""
    # The campaign is locked, not the event: whoever pauses or cancels takes the same row first.
    claim = select(Campaign).join(Campaign.events).where(CampaignEvent.id == event_id)
    campaign = session.scalar(claim.with_for_update(of=Campaign, skip_locked=skip_locked(session)))
    if campaign is None or campaign.state not in FIRING:
        return None
    return session.get_one(CampaignEvent, event_id)


def _occur(session: Session, exchange: Exchange, event: CampaignEvent, due: Due, state: OccurrenceState, now: datetime) -> int:
    leaves = leaves_at(due.at, now, exchange.settings)
    reason = LATE if state is OccurrenceState.SKIPPED else None
    if state is OccurrenceState.FIRED and leaves >= due.at + timedelta(hours=event.expires_hours):
        state, reason = OccurrenceState.SKIPPED, EXPIRED  # it would expire before it could leave
    restored = installation(session).restored_at
    if state is OccurrenceState.FIRED and restored is not None and due.at <= restored:
        state, reason = OccurrenceState.SKIPPED, RESTORED  # it may have been sent after the backup was made
    occurrence = Occurrence(event_id=event.id, due_at=due.at, fired_at=now, state=state, key=due.key, reason=reason)
    session.add(occurrence)
    session.flush()
    occurrence.audience = _audience(event, due, occurrence.id)
    _come(session, exchange, event, due, occurrence)
    if state is not OccurrenceState.FIRED:
        return 0
    broadcast = make_broadcast(session, event, occurrence, due.at, leaves, now)
    occurrence.broadcast_id = broadcast.id
    exchange.work.nudge(session, FAN_OUT, broadcast.id)
    session.flush()
    return 1


def _audience(event: CampaignEvent, due: Due, occurrence_id: int) -> Json | None:
    """The filter of a due time that is not for all the campaign's audience."""
    if due.villages is None and due.members is None:
        return None
    wanted = audience_of(event, due)
    return (wanted if due.members is None else replace(wanted, due_in=occurrence_id)).to_json()


def audience_of(event: CampaignEvent, due: Due) -> Filter:
    """Whom a due time is for, but for the members whose own time it is: they are given beside it."""
    if due.members is not None:
        # A series is for those who have a place in it, an answer is followed by what the phone that gave it gets.
        base = Filter() if event.repeat is Repeat.STAGE else Filter.from_json(event.campaign.audience)
        return replace(base, one_phone_per_club=False)
    wanted = Filter.from_json(event.campaign.audience)
    if due.villages is None:
        return wanted
    here = due.villages.intersection(wanted.villages) if wanted.villages else due.villages
    return replace(wanted, villages=tuple(sorted(here)) or (NOWHERE,))


def _come(session: Session, exchange: Exchange, event: CampaignEvent, due: Due, occurrence: Occurrence) -> None:
    """Note each member whose own time it was, and let those in a series go on to their next step."""
    for member_id in sorted(due.members or ()):
        session.add(DueMember(event_id=event.id, member_id=member_id, occurrence_id=occurrence.id, due_at=due.at))
    if event.repeat is Repeat.STAGE:
        enrolments.move_on(session, event, due.members or frozenset(), ZoneInfo(exchange.settings.timezone))


def make_broadcast(
    session: Session, event: CampaignEvent, occurrence: Occurrence, due: datetime, leaves: datetime, now: datetime
) -> Broadcast:
    """The broadcast of an occurrence, planned."""
    campaign = event.campaign
    content = session.get_one(Content, event.content_id)
    broadcast = Broadcast(
        title=(campaign.name if len(campaign.events) == 1 else content.title)[:120],
        content_id=content.id,
        route=campaign.route,
        audience=campaign.audience if occurrence.audience is None else occurrence.audience,
        state=BroadcastState.PLANNED,
        due_at=due,
        not_before=leaves,
        expires_at=due + timedelta(hours=event.expires_hours),
        quiet_hours=event.quiet_hours,
        phase=event.phase,
        priority=RANKS[campaign.priority],
        series=event.repeat is Repeat.STAGE,
        purse=purse_of(campaign.id),
        created_by=campaign.created_by,
        confirmed_by=campaign.confirmed_by,
        created_at=now,
    )
    session.add(broadcast)
    session.flush()
    return broadcast


def purse_of(campaign_id: int) -> str:
    """The scope under which all the sendings of a campaign share a cap."""
    return f"campaign:{campaign_id}"


def leaves_at(due: datetime, now: datetime, settings: Settings) -> datetime:
    """When a sending may leave that is due at `due` and is made now or later."""
    return max(due, now + window(settings))


def window(settings: Settings) -> timedelta:
    """How long a sending can be cancelled before it leaves."""
    return timedelta(minutes=settings.cancel_window_minutes)
