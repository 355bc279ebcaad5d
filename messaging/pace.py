"""How fast a channel may send, in SMS parts a minute, and the breaker that rests a failing gateway.

Both live in the channel's row, which the claim locks: any number of processes share one pace.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging.gateways.protocol import Cause, Outcome
from messaging.models import Attempt, Channel

MINUTE = 60
MISSES_IN_ROW = 10
MISSES_SHARE = (50, 0.5)  # at least so many in a minute, and this share of all
BREAKER_FIRST = timedelta(seconds=60)
BREAKER_LONGEST = timedelta(minutes=15)


def room(channel: Channel, now: datetime) -> int:
    """The parts this channel may still send in the minute that ends now."""
    return max(0, channel.parts_per_minute - sum(_last_minute(channel, now).values()))


def spend(channel: Channel, parts: int, now: datetime) -> None:
    """Count parts as sent now. One long message may overdraw an empty minute; the next waits for it."""
    pace = _last_minute(channel, now)
    second = str(int(now.timestamp()))
    pace[second] = pace.get(second, 0) + parts
    channel.pace = pace


def seconds_until_room(channel: Channel, now: datetime) -> float:
    """How long until the oldest counted second leaves the minute; 0 while there is room."""
    pace = _last_minute(channel, now)
    if room(channel, now) or not pace:
        return 0
    return max(0.0, min(int(second) for second in pace) + MINUTE + 1 - now.timestamp())


def _last_minute(channel: Channel, now: datetime) -> dict[str, int]:
    newest = int(now.timestamp())
    return {second: parts for second, parts in (channel.pace or {}).items() if newest - MINUTE <= int(second) <= newest}


def is_open(channel: Channel, now: datetime) -> bool:
    """Whether the breaker keeps this channel from sending."""
    return channel.breaker_until is not None and now < channel.breaker_until


def on_trial(channel: Channel) -> bool:
    """After a rest one single request goes first."""
    return channel.breaker_step > 0


def record(session: Session, channel: Channel, outcomes: list[tuple[Outcome, Cause | None]], now: datetime) -> None:
    """Count a group of outcomes; open, prolong or close the breaker. Throttling and refusals of one text say nothing."""
    for outcome, cause in outcomes:
        if outcome in (Outcome.WIRED, Outcome.FAILED):
            channel.misses_in_row = 0
            channel.breaker_step, channel.breaker_until = 0, None
        elif outcome in (Outcome.ERRORED, Outcome.UNKNOWN) and cause is not Cause.THROTTLED:
            channel.misses_in_row += 1
    missed = any(outcome in (Outcome.ERRORED, Outcome.UNKNOWN) and cause is not Cause.THROTTLED for outcome, cause in outcomes)
    if not missed or is_open(channel, now):
        return
    if channel.breaker_step > 0 or channel.misses_in_row >= MISSES_IN_ROW or _half_missed(session, channel, now):
        channel.breaker_until = now + min(BREAKER_FIRST * 2**channel.breaker_step, BREAKER_LONGEST)
        channel.breaker_step += 1


def _half_missed(session: Session, channel: Channel, now: datetime) -> bool:
    recent = (Attempt.channel_id == channel.id, Attempt.ended_at > now - timedelta(seconds=MINUTE))
    counts = select(Attempt.outcome, func.count()).where(*recent).group_by(Attempt.outcome)
    found: dict[str | None, int] = dict(session.execute(counts).all())
    missed = found.get(Outcome.ERRORED, 0) + found.get(Outcome.UNKNOWN, 0)
    most, share = MISSES_SHARE
    return missed >= most and missed >= share * sum(count for outcome, count in found.items() if outcome is not None)
