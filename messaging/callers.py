"""Calls that come in: answered where the channel says so, within the limits of bips and while a line is free.

Whoever is not answered is refused unanswered and called back, as on a channel that answers nobody.
"""

from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import bips, channels, contacts
from messaging.gateways.protocol import CallStep
from messaging.models import Call, CallState, Channel, ChannelState, Contact, Direction, Inbound, InboundKey, Kind
from messaging.numbers import normalise
from messaging.rows import insert_once
from messaging.states import LIVE_CALLS, move
from runtime.installation import Opening, installation

log = structlog.get_logger(__name__)
ASKING = ("ringing", "answered")
"""Events of a call that waits for its first answer."""


def answer(session: Session, channel: Channel, step: CallStep, now: datetime) -> Call | None:
    """The call, answered; None where it is to be refused and perhaps called back."""
    number = normalise(step.number)
    if number is None or step.event not in ASKING or not _answers(session, channel):
        return None
    contact = contacts.find_or_create(session, number, now)
    session.refresh(contact, with_for_update={"key_share": True})
    if why := bips.why_not_answered(session, channel, contact, now) or _no_line(session, channel):
        log.info("call.refused", contact=contact.id, limit=why)
        return None
    # One call counts once: a request that comes again finds it by its id, and its end is no missed call.
    if not insert_once(session, InboundKey, channel_id=channel.id, key=f"call:{step.external_id}"[:96], seen_at=now):
        return None
    bips.awake(contact, now)
    call = incoming(channel, contact, step, CallState.RINGING, now)
    call.heard_at = now
    move(call, CallState.ANSWERED, now)  # in the same breath: the limits count those who were answered
    session.add(call)
    session.flush()
    return call


def _answers(session: Session, channel: Channel) -> bool:
    able = channel.inbound is Inbound.ANSWER and channels.VOICE in channel.kinds and channel.state is ChannelState.ACTIVE
    place = installation(session)
    closed = channel.gateway != channels.SIMULATOR and place.opening is Opening.CLOSED
    return able and not closed and place.stopped_at is None


def _no_line(session: Session, channel: Channel) -> str | None:
    live = select(func.count()).select_from(Call).where(Call.channel_id == channel.id, Call.state.in_(LIVE_CALLS))
    return "lines" if (session.scalar(live) or 0) >= channel.calls_at_once else None


def incoming(channel: Channel, contact: Contact, step: CallStep, state: CallState, now: datetime) -> Call:
    """The row of a call that reached us and that we did not ask for."""
    return Call(
        direction=Direction.IN,
        channel_id=channel.id,
        contact_id=contact.id,
        kind=Kind.REPLY,
        state=state,
        external_id=step.external_id,
        not_before=now,
        created_at=now,
        ringing_at=now,
        attempts=0,
        uncounted=0,
        retry=False,
        turn=0,
        price=0,
    )
