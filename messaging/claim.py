"""Transaction 1 of sending: take as many queued messages as the channel has free places, each with its lease and its attempt.

Locks, always in this order: installation and running broadcasts (shared), channel, messages, contacts (both SKIP LOCKED: a
busy contact's message stays queued), budgets last. SQLite's single writer needs none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
import uuid6
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from messaging import pace, windows
from messaging.channels import SIMULATOR
from messaging.gateways.protocol import OutgoingSms
from messaging.guards import UNASKED, Go, Guards, Later, Never
from messaging.models import (
    Attempt,
    Broadcast,
    BroadcastState,
    Call,
    Channel,
    ChannelState,
    Contact,
    Message,
    MessageState,
)
from messaging.money import Outgoing, Purse
from messaging.states import move
from runtime.clock import jumped
from runtime.database import LeaseTime, lease_time
from runtime.installation import Installation, installation
from runtime.settings import Settings

log = structlog.get_logger(__name__)

ROUNDS = 20  # batches of refused rows one claim looks at before it lets others write
DEFAULT_LIFE = 24 * 3600


class Idle(StrEnum):
    """Why a claim took nothing."""

    STOPPED = "stopped"
    PAUSED = "paused"
    SIMULATION = "simulation"
    BREAKER = "breaker"
    BUSY = "busy"
    FULL = "full"
    PACE = "pace"
    EMPTY = "empty"


@dataclass(frozen=True)
class Claimed:
    """One message on its way, with everything its sender needs: no row is read again before the answer."""

    message_id: int
    attempt_id: str
    sms: OutgoingSms


@dataclass(frozen=True)
class Claim:
    """What was taken; with nothing, why. `wait` is seconds until the pace allows more."""

    taken: tuple[Claimed, ...] = ()
    idle: Idle | None = None
    wait: float = 0


def claim(session: Session, settings: Settings, channel_id: int, now: datetime, holder: str) -> Claim:
    """Claim for one channel within the caller's transaction."""
    running = running_broadcasts(session, now)
    ready = ready_channel(session, channel_id, now)
    if not isinstance(ready, Channel):
        return Claim(idle=ready)
    places = _free_places(session, ready)
    if places <= 0:
        return Claim(idle=Idle.FULL)
    if pace.room(ready, now) <= 0:
        return Claim(idle=Idle.PACE, wait=pace.seconds_until_room(ready, now))
    taken = _take(session, settings, ready, now, places, running)
    lease = lease_time(session)
    claimed = tuple(_lease(session, settings, message, number, now, lease, holder) for message, number in taken)
    session.flush()
    return Claim(claimed, None if claimed else Idle.EMPTY)


def running_broadcasts(session: Session, now: datetime) -> list[int]:
    """The broadcasts that may send, kept running until this transaction ends: a pause waits for it, or is seen by it."""
    # In a finished one too a row may come back: a report asks for another try, or staff send an unknown again.
    late = and_(Broadcast.state == BroadcastState.FINISHED, Broadcast.expires_at > now)
    rows = select(Broadcast.id).where(or_(Broadcast.state == BroadcastState.RUNNING, late))
    return list(session.scalars(rows.with_for_update(read=True, skip_locked=True)))


def ready_channel(session: Session, channel_id: int, now: datetime) -> Channel | Idle:
    """The channel, locked, if it may send now; else why not."""
    place = _installation(session)
    if place is None:
        return Idle.BUSY
    if place.stopped_at is not None:
        return Idle.STOPPED
    rows = select(Channel).where(Channel.id == channel_id).with_for_update(key_share=True, skip_locked=True)
    channel = session.scalar(rows.execution_options(populate_existing=True))
    if channel is None:
        return Idle.BUSY
    if channel.state is not ChannelState.ACTIVE:
        return Idle.PAUSED
    if channel.gateway != SIMULATOR and (place.simulation or place.demonstration or place.offset_seconds):
        log.warning("claim.simulation", channel=channel.id)
        return Idle.SIMULATION
    return Idle.BREAKER if pace.is_open(channel, now) else channel


def _installation(session: Session) -> Installation | None:
    rows = select(Installation).with_for_update(read=True, skip_locked=True).execution_options(populate_existing=True)
    if (place := session.scalar(rows)) is not None:
        return place
    # Locked by somebody about to stop everything or writing an audit entry, or, on the very first claim, not there yet.
    return None if session.scalar(select(Installation.id)) else installation(session)


def lock_contacts(session: Session, ids: set[int]) -> dict[int, Contact]:
    """Those of these contacts nobody else is changing: a STOP under way keeps its contact's rows queued."""
    rows = select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id)
    locked = rows.with_for_update(key_share=True, skip_locked=True).execution_options(populate_existing=True)
    return {contact.id: contact for contact in session.scalars(locked)}


def trusted(session: Session, model: type[Message] | type[Call], now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What more a row must fulfil while the wall clock jumped: nobody waits for a push, and no expiry can be believed.

    Such rows are left untouched: a time written down now would be as wrong as the clock.
    """
    if jumped(session) is None:
        return ()
    return (model.kind.not_in(UNASKED), or_(model.expires_at.is_(None), model.expires_at > now))


def refuse(row: Outgoing, verdict: Later | Never, now: datetime) -> None:
    """Write down why a row does not leave now."""
    if isinstance(verdict, Later):
        row.not_before, row.reason = verdict.at, "window"
        return
    kind = type(row.state)
    word = "expired" if verdict.expired else "held" if verdict.held else "suppressed"
    move(row, kind(word), now, verdict.reason)


def _free_places(session: Session, channel: Channel) -> int:
    busy = select(func.count()).select_from(Message).where(Message.channel_id == channel.id)
    sending = session.scalar(busy.where(Message.state == MessageState.SENDING)) or 0
    if pace.on_trial(channel):
        return 1 if sending == 0 else 0
    return channel.in_flight - sending


def _take(
    session: Session, settings: Settings, channel: Channel, now: datetime, places: int, running: Sequence[int]
) -> list[tuple[Message, str]]:
    taken: list[tuple[Message, str]] = []
    seen: set[int] = set()
    for _ in range(ROUNDS):
        wanted = places - len(taken)
        if wanted <= 0 or pace.room(channel, now) <= 0:
            break
        rows = _candidates(session, channel, now, wanted, running, seen)
        if not rows:
            break
        seen.update(row.id for row in rows)
        taken += _judged(session, settings, channel, now, rows)
        session.flush()
    return taken


def _candidates(
    session: Session, channel: Channel, now: datetime, limit: int, running: Sequence[int], seen: set[int]
) -> list[Message]:
    due = (Message.channel_id == channel.id, Message.state == MessageState.QUEUED, Message.not_before <= now)
    allowed = or_(Message.broadcast_id.is_(None), Message.broadcast_id.in_(running))
    rows = (
        select(Message)
        .where(*due, *trusted(session, Message, now), allowed)
        .order_by(Message.priority, Message.not_before, Message.id)
        .limit(limit)
    )
    if seen:
        rows = rows.where(Message.id.not_in(seen))
    locked = rows.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
    return list(session.scalars(locked))


def _judged(
    session: Session, settings: Settings, channel: Channel, now: datetime, rows: list[Message]
) -> list[tuple[Message, str]]:
    people = lock_contacts(session, {row.contact_id for row in rows})
    free: list[Outgoing] = [row for row in rows if row.contact_id in people]
    hours = windows.of(settings)
    guards = Guards(session, settings, channel, hours, now, free, people)
    passed: list[Message] = []
    for row in rows:
        if row.contact_id not in people:
            continue
        verdict = guards.judge(row)
        if isinstance(verdict, Go):
            passed.append(row)
        else:
            refuse(row, verdict, now)
    return _afforded(session, hours, channel, now, passed, people)


def _afforded(
    session: Session,
    hours: windows.Windows,
    channel: Channel,
    now: datetime,
    rows: list[Message],
    people: dict[int, Contact],
) -> list[tuple[Message, str]]:
    purse = Purse(session, hours, now, rows)
    taken: list[tuple[Message, str]] = []
    for row in rows:
        if pace.room(channel, now) <= 0:
            break
        if not purse.reserve(row):
            move(row, MessageState.HELD, now, "budget")
            continue
        pace.spend(channel, row.parts, now)
        taken.append((row, people[row.contact_id].number or ""))
    return taken


def _lease(
    session: Session, settings: Settings, message: Message, number: str, now: datetime, lease: LeaseTime, holder: str
) -> Claimed:
    move(message, MessageState.SENDING, now)
    message.attempts += 1
    message.lease_until = lease.seconds + settings.message_lease_seconds
    message.lease_boot, message.lease_holder = lease.boot, holder
    attempt = Attempt(
        id=str(uuid6.uuid7()),
        message_id=message.id,
        channel_id=message.channel_id,
        number=message.attempts,
        started_at=now,
    )
    session.add(attempt)
    life = DEFAULT_LIFE if message.expires_at is None else int((message.expires_at - now).total_seconds())
    sms = OutgoingSms(attempt.id, number, message.text or "", message.encoding or "", message.parts, life, now)
    return Claimed(message.id, attempt.id, sms)
