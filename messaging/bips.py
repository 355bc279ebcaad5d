"""Missed calls: refused unanswered, so that they cost the caller nothing, and called back within limits.

The limits are against toll fraud as much as against annoyance: only Malian mobiles, never during a live call, few strangers.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging import channels, contacts
from messaging.models import Call, CallState, Channel, Contact, ContactState, Direction, Kind, Purpose
from messaging.numbers import is_malian_mobile, is_simulated
from messaging.queue import queue_call
from messaging.states import LIVE_CALLS
from messaging.windows import Windows

log = structlog.get_logger(__name__)

AFTER = timedelta(seconds=15)
LIFE = timedelta(hours=2)
BETWEEN = timedelta(minutes=10)
PER_DAY, STRANGERS_PER_DAY = 5, 1
PER_HOUR, STRANGERS_PER_HOUR = 200, 50
NIGHT_FROM, NIGHT_TO, MORNING = 22, 5, 8


def call_back(session: Session, channel: Channel, contact: Contact, now: datetime, windows: Windows) -> Call | None:
    """Queue the call back to a bip, or None, with a log line, when a limit says no. The contact is locked first."""
    session.refresh(contact, with_for_update={"key_share": True})
    if contact.state is ContactState.ANNOUNCED:
        contact.state = ContactState.ACTIVE  # announced by a facilitator: its own bip is what activates it
    number = contact.number or ""
    stranger = not contacts.has_consent(session, contact.id, Purpose.CALL)
    if why := _why_not(session, channel, contact, stranger, now):
        log.info("bip.ignored", contact=contact.id, limit=why)
        return None
    # A number that only takes bips, because calls to it are dear, is called back from another.
    line = channel if channels.VOICE in channel.kinds else channels.choose(session, channels.VOICE, contact.language, number)
    if line is None:
        log.info("bip.ignored", contact=contact.id, limit="no_channel")
        return None
    call = queue_call(session, None, contact, None, now, line, Kind.REPLY)
    call.not_before = _after_night(now + AFTER, windows)
    call.expires_at = call.not_before + LIFE
    call.reason = "bip_stranger" if stranger else "bip"
    session.flush()
    return call


def _why_not(session: Session, channel: Channel, contact: Contact, stranger: bool, now: datetime) -> str | None:
    number = contact.number or ""
    if not is_malian_mobile(number) or number == channel.number:
        return "number"
    if is_simulated(number) and channel.gateway != "simulator":
        return "number"
    mine = select(func.count()).select_from(Call).where(Call.contact_id == contact.id, Call.direction == Direction.OUT)
    if session.scalar(mine.where(Call.state.in_((CallState.QUEUED, *LIVE_CALLS)), Call.kind == Kind.REPLY)):
        return "pending"
    if session.scalar(mine.where(Call.state.in_(LIVE_CALLS))):
        return "live"
    backs = mine.where(Call.kind == Kind.REPLY)
    if session.scalar(backs.where(Call.created_at > now - BETWEEN)):
        return "ten_minutes"
    if (session.scalar(backs.where(Call.created_at > now - timedelta(days=1))) or 0) >= (
        STRANGERS_PER_DAY if stranger else PER_DAY
    ):
        return "day"
    return _channel_full(session, channel, stranger, now)


def _channel_full(session: Session, channel: Channel, stranger: bool, now: datetime) -> str | None:
    hour = (
        select(func.count())
        .select_from(Call)
        .where(
            Call.channel_id == channel.id,
            Call.kind == Kind.REPLY,
            Call.direction == Direction.OUT,
            Call.created_at > now - timedelta(hours=1),
        )
    )
    if (session.scalar(hour) or 0) >= PER_HOUR:
        return "hour"
    if stranger and (session.scalar(hour.where(Call.reason == "bip_stranger")) or 0) >= STRANGERS_PER_HOUR:
        return "strangers"
    return None


def _after_night(at: datetime, windows: Windows) -> datetime:
    local = at.astimezone(windows.zone)
    if NIGHT_TO <= local.hour < NIGHT_FROM:
        return at
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if local.hour >= NIGHT_FROM:
        morning += timedelta(days=1)
    return morning.astimezone(at.tzinfo)
