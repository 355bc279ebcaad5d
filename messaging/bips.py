"""Missed calls: refused unanswered, so that they cost the caller nothing, and called back within limits.

The limits are against toll fraud as much as against annoyance: only Malian mobiles, never during a live call, few strangers.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from messaging import channels, contacts
from messaging.models import Call, CallState, Channel, Consent, Contact, ContactState, Direction, Kind, Purpose
from messaging.numbers import is_malian_mobile, is_simulated
from messaging.queue import queue_call
from messaging.states import LIVE_CALLS
from messaging.windows import Windows

log = structlog.get_logger(__name__)

BIP = "bip"
"""The reason of a call that came in and was no more than a bip."""
AFTER = timedelta(seconds=15)
LIFE = timedelta(hours=2)
BETWEEN = timedelta(minutes=10)
PER_DAY, STRANGERS_PER_DAY = 5, 1
PER_HOUR, STRANGERS_PER_HOUR = 200, 50
NIGHT_FROM, NIGHT_TO, MORNING = 22, 5, 8


def call_back(session: Session, channel: Channel, contact: Contact, now: datetime, windows: Windows) -> Call | None:
    """Queue the call back to a bip, or None, with a log line, when a limit says no. The contact is locked first."""
    session.refresh(contact, with_for_update={"key_share": True})
    awake(contact, now)
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


def standing(session: Session, channel: Channel, contact: Contact, now: datetime) -> tuple[datetime | None, str | None]:
    """What comes of a bip of this contact: when we call back, or the limit that says no and, for "ten_minutes", until when."""
    backs = select(Call).where(Call.contact_id == contact.id, Call.direction == Direction.OUT, Call.kind == Kind.REPLY)
    waiting = session.scalar(backs.where(Call.state == CallState.QUEUED).order_by(Call.id.desc()).limit(1))
    if waiting is not None:
        return waiting.not_before, None
    why = _why_not(session, channel, contact, not contacts.has_consent(session, contact.id, Purpose.CALL), now)
    if why == "ten_minutes":
        last = session.scalar(backs.order_by(Call.created_at.desc()).limit(1))
        return (last.created_at + BETWEEN if last is not None else None), why
    return None, why or "no_channel"


def awake(contact: Contact, now: datetime) -> None:
    """A number called us: what a facilitator announced is made active by its own call alone."""
    if contact.state is ContactState.ANNOUNCED:
        contact.state = ContactState.ACTIVE
    contact.last_heard_at = now


def why_not_answered(session: Session, channel: Channel, contact: Contact, now: datetime) -> str | None:
    """The limit by which a call of this contact is not answered, None where it may be. Its caller pays: it may follow another."""
    stranger = not contacts.has_consent(session, contact.id, Purpose.CALL)
    if why := _unfit(channel, contact):
        return why
    if session.scalar(_mine(contact).where(Call.state.in_(LIVE_CALLS))):
        return "live"
    return _full(session, channel, contact, stranger, now)


def _why_not(session: Session, channel: Channel, contact: Contact, stranger: bool, now: datetime) -> str | None:
    if why := _unfit(channel, contact):
        return why
    backs = _mine(contact).where(Call.direction == Direction.OUT, Call.kind == Kind.REPLY)
    if session.scalar(backs.where(Call.state.in_((CallState.QUEUED, *LIVE_CALLS)))):
        return "pending"
    if session.scalar(_mine(contact).where(Call.state.in_(LIVE_CALLS))):
        return "live"
    if session.scalar(backs.where(Call.created_at > now - BETWEEN)):
        return "ten_minutes"
    return _full(session, channel, contact, stranger, now)


def _unfit(channel: Channel, contact: Contact) -> str | None:
    number = contact.number or ""
    unfit = not is_malian_mobile(number) or number == channel.number
    return "number" if unfit or (is_simulated(number) and channel.gateway != "simulator") else None


def _full(session: Session, channel: Channel, contact: Contact, stranger: bool, now: datetime) -> str | None:
    """The contact's day, then the channel's hour: calls back and calls answered count alike."""
    mine = _mine(contact).where(_talk(), Call.created_at > now - timedelta(days=1))
    if (session.scalar(mine) or 0) >= (STRANGERS_PER_DAY if stranger else PER_DAY):
        return "day"
    hour = select(func.count()).select_from(Call).where(_talk(), Call.channel_id == channel.id)
    hour = hour.where(Call.created_at > now - timedelta(hours=1))
    if (session.scalar(hour) or 0) >= PER_HOUR:
        return "hour"
    if stranger and (session.scalar(hour.where(_of_strangers())) or 0) >= STRANGERS_PER_HOUR:
        return "strangers"
    return None


def _mine(contact: Contact) -> Select[int]:
    return select(func.count()).select_from(Call).where(Call.contact_id == contact.id)


def _talk() -> ColumnElement[bool]:
    """A call back, or a call that we answered."""
    answered = and_(Call.answered_at.is_not(None), func.coalesce(Call.reason, "") != BIP)
    return and_(Call.kind == Kind.REPLY, or_(Call.direction == Direction.OUT, answered))


def _of_strangers() -> ColumnElement[bool]:
    agreed = exists().where(
        Consent.contact_id == Call.contact_id, Consent.purpose == Purpose.CALL, Consent.withdrawn_at.is_(None)
    )
    return ~agreed


def _after_night(at: datetime, windows: Windows) -> datetime:
    local = at.astimezone(windows.zone)
    if NIGHT_TO <= local.hour < NIGHT_FROM:
        return at
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if local.hour >= NIGHT_FROM:
        morning += timedelta(days=1)
    return morning.astimezone(at.tzinfo)
