"""Transaction 1 of sending: take as many queued messages as the channel has free places, each with its lease and its attempt.

A place is one request. Where a provider takes one text for many numbers, those messages share a place, told apart from others in
the database by the holder of their lease.

Locks, always in this order: installation and running broadcasts (shared), channel, messages, contacts (both SKIP LOCKED: a
busy contact's message stays queued), budgets last. SQLite's single writer needs none of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from messaging import capacity, channels, leasing, pace, windows
from messaging.channels import SIMULATOR
from messaging.gateways.protocol import Capabilities
from messaging.guards import UNASKED, Go, Guards, Later, Never
from messaging.leasing import Claimed, Taken, together
from messaging.models import (
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
from runtime.installation import Installation, Opening, installation
from runtime.settings import Settings

log = structlog.get_logger(__name__)

ROUNDS = 20  # batches of refused rows one claim looks at before it lets others write
MOST_ROWS = 1000  # of one claim, however many a request carries: its transaction holds their locks
LONGEST_WAIT = 61.0  # seconds a dispatch stays for its channel's pace; after a longer rest the sweep begins another
PLAIN = Capabilities()


class Idle(StrEnum):
    """Why a claim took nothing."""

    STOPPED = "stopped"
    RESTORED = "restored"
    PAUSED = "paused"
    SIMULATION = "simulation"
    CLOSED = "closed"
    BREAKER = "breaker"
    BUSY = "busy"
    FULL = "full"
    PACE = "pace"
    RESTS = "rests"
    EMPTY = "empty"


@dataclass(frozen=True)
class Claim:
    """What was taken; with nothing, why. `wait` is seconds until the pace allows more."""

    taken: tuple[Claimed, ...] = ()
    idle: Idle | None = None
    wait: float = 0


def claim(
    session: Session,
    settings: Settings,
    channel_id: int,
    now: datetime,
    holder: str,
    capabilities: Capabilities = PLAIN,
) -> Claim:
    """Claim for one channel within the caller's transaction; `capabilities` are its gateway's."""
    running = running_broadcasts(session, now)
    ready = ready_channel(session, channel_id, now)
    if not isinstance(ready, Channel):
        return Claim(idle=ready)
    if rest := pace.rests(ready, now):
        return Claim(idle=Idle.RESTS, wait=_soon(rest))
    bulk = 1 if pace.on_trial(ready) else capabilities.bulk
    places = _free_places(session, ready, bulk)
    if places <= 0:
        return Claim(idle=Idle.FULL)
    if pace.room(ready, now) <= 0:
        return Claim(idle=Idle.PACE, wait=_soon(pace.seconds_until_room(ready, now)))
    taker = _Taker(session, settings, ready, now, running, places, bulk)
    taken = taker.take()
    if not taken and taker.allowance.empty:
        channels.pause(ready, capacity.BUNDLE)
        log.warning("channel.paused", channel=ready.id, cause=capacity.BUNDLE)
        return Claim(idle=Idle.PAUSED)
    claimed = leasing.lease(session, settings, taken, now, holder, bulk, capabilities.idempotent)
    return Claim(claimed, None if claimed else Idle.EMPTY)


def _soon(wait: float) -> float:
    return wait if wait <= LONGEST_WAIT else 0


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
    if place.holds:
        return Idle.RESTORED
    rows = select(Channel).where(Channel.id == channel_id).with_for_update(key_share=True, skip_locked=True)
    channel = session.scalar(rows.execution_options(populate_existing=True))
    if channel is None:
        return Idle.BUSY
    if channel.state is not ChannelState.ACTIVE:
        return Idle.PAUSED
    if channel.gateway != SIMULATOR and (place.simulation or place.demonstration or place.offset_seconds):
        log.warning("claim.simulation", channel=channel.id)
        return Idle.SIMULATION
    if channel.gateway != SIMULATOR and place.opening is Opening.CLOSED:
        return Idle.CLOSED
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


def _free_places(session: Session, channel: Channel, bulk: int) -> int:
    requests = func.count() if bulk == 1 else func.count(Message.lease_holder.distinct())
    busy = select(requests).select_from(Message).where(Message.channel_id == channel.id)
    sending = session.scalar(busy.where(Message.state == MessageState.SENDING)) or 0
    if pace.on_trial(channel):
        return 1 if sending == 0 else 0
    return channel.in_flight - sending


class _Taker:
    """One claim's choice of rows: what is due, allowed, affordable and within the channel's means, until its places are full."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        channel: Channel,
        now: datetime,
        running: Sequence[int],
        places: int,
        bulk: int,
    ) -> None:
        self._session, self._settings, self._channel, self._now = session, settings, channel, now
        self._running, self._places, self._bulk = running, places, bulk
        self._hours = windows.in_force(session, settings)
        self._given: dict[int, int] = {}
        self.allowance = capacity.allowance(session, channel, self._hours.local_day(now).date())

    def take(self) -> Taken:
        taken: Taken = []
        seen: set[int] = set()
        for _ in range(ROUNDS):
            wanted = min(self._places * self._bulk, max(self._places, MOST_ROWS)) - len(taken)
            if wanted <= 0 or pace.room(self._channel, self._now) <= 0 or self.allowance.empty:
                break
            rows = self._candidates(wanted, seen)
            seen.update(row.id for row in rows)
            if self._bulk > 1:
                rows = self._fitting(rows, taken)
            if not rows:
                break
            taken += self._judged(rows)
            self._session.flush()
        return taken

    def _fitting(self, rows: list[Message], taken: Taken) -> list[Message]:
        """Those that need no more requests than there are places; the others stay queued."""
        each = Counter(together(row) for row, _ in taken)
        requests = sum(-(-count // self._bulk) for count in each.values())
        fitting = []
        for row in rows:
            more = 1 if each[together(row)] % self._bulk == 0 else 0
            if requests + more <= self._places:
                requests += more
                each[together(row)] += 1
                fitting.append(row)
        return fitting

    def _candidates(self, limit: int, seen: set[int]) -> list[Message]:
        mine = (Message.channel_id == self._channel.id, Message.state == MessageState.QUEUED, Message.not_before <= self._now)
        allowed = or_(Message.broadcast_id.is_(None), Message.broadcast_id.in_(self._running))
        rows = (
            select(Message)
            .where(*mine, *trusted(self._session, Message, self._now), allowed)
            .order_by(Message.priority, Message.not_before, Message.id)
            .limit(limit)
        )
        if seen:
            rows = rows.where(Message.id.not_in(seen))
        locked = rows.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
        return list(self._session.scalars(locked))

    def _judged(self, rows: list[Message]) -> Taken:
        people = lock_contacts(self._session, {row.contact_id for row in rows})
        free: list[Outgoing] = [row for row in rows if row.contact_id in people]
        guards = Guards(self._session, self._settings, self._channel, self._hours, self._now, free, people, self._given)
        passed: list[Message] = []
        for row in rows:
            if row.contact_id not in people:
                continue
            verdict = guards.judge(row)
            if isinstance(verdict, Go):
                passed.append(row)
            else:
                refuse(row, verdict, self._now)
        return self._afforded(passed, people)

    def _afforded(self, rows: list[Message], people: dict[int, Contact]) -> Taken:
        purse = Purse(self._session, self._hours, self._now, rows)
        taken: Taken = []
        for row in rows:
            if pace.room(self._channel, self._now) <= 0 or not self.allowance.holds(row.parts):
                break
            if not purse.reserve(row):
                move(row, MessageState.HELD, self._now, "budget")
                continue
            pace.spend(self._channel, row.parts, self._now)
            self.allowance.take(row.parts)
            taken.append((row, people[row.contact_id].number or ""))
        return taken
