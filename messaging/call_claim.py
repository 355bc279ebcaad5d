"""Transaction 1 of calling: as many queued calls as the channel has free lines, one line kept for callers.

The same locks, in the same order, and the same guards as for messages; on top of them one live call per number.
"""

from dataclasses import dataclass
from datetime import datetime

import uuid6
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from messaging import pace, windows
from messaging.claim import Idle, lock_contacts, ready_channel, refuse, running_broadcasts, trusted
from messaging.gateways.protocol import OutgoingCall
from messaging.guards import Go, Guards
from messaging.models import Attempt, Call, CallState, Channel, Contact
from messaging.money import Outgoing, Purse, wait_for_budget
from messaging.states import LIVE_CALLS, move
from runtime.database import lease_time
from runtime.settings import Settings

ROUNDS = 20
RING_SECONDS = 45


@dataclass(frozen=True)
class ClaimedCall:
    """One call about to be dialled."""

    call_id: int
    attempt_id: str
    outgoing: OutgoingCall


def claim(session: Session, settings: Settings, channel_id: int, now: datetime, holder: str) -> list[ClaimedCall] | None:
    """Claim for one channel within the caller's transaction; nothing when it may not call now, None when somebody holds it."""
    running = running_broadcasts(session, now)
    channel = ready_channel(session, channel_id, now)
    if not isinstance(channel, Channel):
        return None if channel is Idle.BUSY else []
    if pace.rests(channel, now):
        return []
    taken: list[tuple[Call, str]] = []
    seen: set[int] = set()
    places = free_lines(session, channel)
    for _ in range(ROUNDS):
        if len(taken) >= places:
            break
        rows = _candidates(session, channel, now, places - len(taken), running, seen)
        if not rows:
            break
        seen.update(row.id for row in rows)
        taken += _judged(session, settings, channel, now, rows)
        session.flush()
    return [_lease(session, settings, call, number, now, holder) for call, number in taken]


def free_lines(session: Session, channel: Channel) -> int:
    """How many more calls this channel may begin now; one line stays free for those who call us."""
    live = select(func.count()).select_from(Call).where(Call.channel_id == channel.id, Call.state.in_(LIVE_CALLS))
    used = session.scalar(live) or 0
    if pace.on_trial(channel):
        return 1 if used == 0 else 0
    kept = 1 if channel.calls_at_once > 1 else 0
    return channel.calls_at_once - kept - used


def _candidates(session: Session, channel: Channel, now: datetime, limit: int, running: list[int], seen: set[int]) -> list[Call]:
    due = (Call.channel_id == channel.id, Call.state == CallState.QUEUED, Call.not_before <= now)
    allowed = or_(Call.broadcast_id.is_(None), Call.broadcast_id.in_(running))
    live = select(Call.contact_id).where(Call.state.in_(LIVE_CALLS))
    rows = select(Call).where(*due, *trusted(session, Call, now), allowed, Call.contact_id.not_in(live))
    if seen:
        rows = rows.where(Call.id.not_in(seen))
    rows = rows.order_by(Call.priority, Call.not_before, Call.id).limit(limit)
    locked = rows.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
    return list(session.scalars(locked))


def _judged(session: Session, settings: Settings, channel: Channel, now: datetime, rows: list[Call]) -> list[tuple[Call, str]]:
    people = lock_contacts(session, {row.contact_id for row in rows})
    free: list[Outgoing] = [row for row in rows if row.contact_id in people]
    hours = windows.in_force(session, settings)
    guards = Guards(session, settings, channel, hours, now, free, people)
    purse = Purse(session, hours, now, free)
    # Asked again under the contacts' locks: another channel may have begun to call one of them since.
    live = select(Call.contact_id).where(Call.state.in_(LIVE_CALLS), Call.contact_id.in_(people))
    busy = set(session.scalars(live))
    taken: list[tuple[Call, str]] = []
    for row in rows:
        if row.contact_id not in people or row.contact_id in busy:
            continue
        verdict = guards.judge(row)
        if not isinstance(verdict, Go):
            refuse(row, verdict, now)
        elif not purse.reserve(row):
            wait_for_budget(row, now)
        else:
            busy.add(row.contact_id)
            taken.append((row, _number(people, row)))
    return taken


def _number(people: dict[int, Contact], row: Call) -> str:
    return people[row.contact_id].number or ""


def _lease(session: Session, settings: Settings, call: Call, number: str, now: datetime, holder: str) -> ClaimedCall:
    lease = lease_time(session)
    move(call, CallState.DIALLING, now)
    call.attempts += 1
    call.retry = False
    call.spent, call.settled = call.spent + (call.settled or 0), None
    call.turn, call.last_answer, call.external_id = 0, None, None
    call.ringing_at = call.answered_at = call.heard_at = call.seconds = None
    call.lease_until, call.lease_boot = lease.seconds + settings.message_lease_seconds, lease.boot
    call.lease_holder = holder
    attempt = Attempt(id=str(uuid6.uuid7()), call_id=call.id, channel_id=call.channel_id, number=call.attempts, started_at=now)
    session.add(attempt)
    session.flush()
    return ClaimedCall(call.id, attempt.id, OutgoingCall(attempt.id, number, RING_SECONDS, now))
