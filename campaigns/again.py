"""Sending once more to those a sending did not reach, as a sending of its own that the first one's account does not change.

A failed message stays failed (promises.md 1); what is sent again is new, counted and priced apart. Once only for each sending:
the failed of the second are then the second's.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns import schedule
from campaigns.audiences import FAILED_CALLS
from campaigns.errors import CampaignError
from campaigns.filters import Filter
from campaigns.firing import window
from campaigns.models import Campaign, CampaignEvent, CampaignState, Occurrence, OccurrenceState, Recipient
from messaging import settling
from messaging.errors import NotSettled
from messaging.exchange import DISPATCH, FAN_OUT, Exchange
from messaging.models import Broadcast, BroadcastState, Call, Message, MessageState


def retry_failed(session: Session, exchange: Exchange, broadcast: Broadcast, staff_id: int, now: datetime) -> Broadcast:
    """A new sending to the failed of an ended one, after the usual window to cancel.

    CampaignError: "not_ended", "cancelled" (the campaign), "already_retried", "none_failed".
    """
    session.refresh(broadcast, with_for_update=True)
    if broadcast.state not in (BroadcastState.FINISHED, BroadcastState.CANCELLED):
        raise CampaignError("not_ended", broadcast.id)
    event = _event(session, broadcast)
    _wake(event.campaign)
    if was_retried(session, event.campaign_id, broadcast.id):
        raise CampaignError("already_retried", broadcast.id)
    if not _failed(session, broadcast.id):
        raise CampaignError("none_failed", broadcast.id)
    again = _copy(broadcast, event, staff_id, now + window(exchange.settings), now)
    session.add(again)
    session.flush()
    row = Occurrence(event_id=event.id, due_at=now, fired_at=now, state=OccurrenceState.FIRED, broadcast_id=again.id)
    row.key = f"again:{broadcast.id}"  # no due time of the event's own
    session.add(row)
    exchange.work.nudge(session, FAN_OUT, again.id)
    session.flush()
    return again


def send_skipped(session: Session, exchange: Exchange, campaign: Campaign, occurrence: Occurrence, now: datetime) -> Broadcast:
    """Send what the clock skipped, « quand même ». CampaignError: "cancelled" (the campaign), "not_skipped"."""
    _wake(campaign)
    return schedule.send_skipped(session, exchange, occurrence, now)


def was_retried(session: Session, campaign_id: int, broadcast_id: int) -> bool:
    """Whether the failed of this sending were sent to again."""
    made = schedule.broadcasts_of(session, campaign_id)
    return any(Filter.from_json(one.audience).failed_of == broadcast_id for one in made)


def resend_unknown(session: Session, exchange: Exchange, broadcast: Broadcast, staff_id: int, now: datetime) -> int:
    """Send the messages of unknown fate again: some people may read them twice. How many; expired and stopped ones stay."""
    mine = select(Message).where(Message.broadcast_id == broadcast.id, Message.state == MessageState.UNKNOWN)
    sent = 0
    for message in session.scalars(mine.order_by(Message.id)).all():
        try:
            settling.resend(session, message, staff_id, now, "campaign")
        except NotSettled:
            continue
        exchange.work.nudge(session, DISPATCH, message.channel_id)
        sent += 1
    return sent


def _wake(campaign: Campaign) -> None:
    """A finished campaign runs once more, so that it can be paused and ends when its last sending has."""
    if campaign.state is CampaignState.CANCELLED:
        raise CampaignError("cancelled", campaign.id)
    if campaign.state is CampaignState.FINISHED:
        campaign.state = CampaignState.RUNNING


def _event(session: Session, broadcast: Broadcast) -> CampaignEvent:
    query = select(CampaignEvent).join(Occurrence, Occurrence.event_id == CampaignEvent.id)
    return session.scalars(query.where(Occurrence.broadcast_id == broadcast.id)).one()


def _copy(broadcast: Broadcast, event: CampaignEvent, staff_id: int, leaves: datetime, now: datetime) -> Broadcast:
    """The same sending, planned again for those it failed to reach."""
    return Broadcast(
        title=broadcast.title,
        content_id=broadcast.content_id,
        route=broadcast.route,
        audience={**broadcast.audience, "failed_of": broadcast.id},
        state=BroadcastState.PLANNED,
        due_at=now,
        not_before=leaves,
        expires_at=leaves + timedelta(hours=event.expires_hours),
        quiet_hours=broadcast.quiet_hours,
        phase=broadcast.phase,
        priority=broadcast.priority,
        series=broadcast.series,
        purse=broadcast.purse,
        created_by=staff_id,
        confirmed_by=broadcast.confirmed_by,
        created_at=now,
    )


def _failed(session: Session, broadcast_id: int) -> bool:
    mine = Recipient.broadcast_id == broadcast_id
    texts = select(Recipient.id).join(Message, Message.id == Recipient.message_id)
    calls = select(Recipient.id).join(Call, Call.id == Recipient.call_id)
    return (
        session.scalar(texts.where(mine, Message.state == MessageState.FAILED).limit(1)) is not None
        or session.scalar(calls.where(mine, Call.state.in_(FAILED_CALLS), Call.retry.is_(False)).limit(1)) is not None
    )
