"""How fast a channel may send, in SMS parts a minute and an hour, when it rests, and the breaker that rests a failing gateway.

All of it lives in the channel's row, which the claim locks: any number of processes share one pace.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from messaging.gateways.protocol import Cause, Outcome
from messaging.models import Attempt, Channel

MINUTE, HOUR = 60, 3600
MISSES_IN_ROW = 10
MISSES_SHARE = (50, 0.5)  # at least so many in a minute, and this share of all
BREAKER_FIRST = timedelta(seconds=60)
BREAKER_LONGEST = timedelta(minutes=15)
REST_FIRST = timedelta(seconds=2)
REST_LONGEST = timedelta(minutes=5)

Outcomes = Sequence[tuple[Outcome, Cause | None]]


def room(channel: Channel, now: datetime) -> int:
    """The parts this channel may still send in the minute and the hour that end now."""
    minute = channel.parts_per_minute - sum(_last_minute(channel, now).values())
    if channel.parts_per_hour:
        minute = min(minute, channel.parts_per_hour - sum(_last_hour(channel, now).values()))
    return max(0, minute)


def spend(channel: Channel, parts: int, now: datetime) -> None:
    """Count parts as sent now. One long message may overdraw an empty minute; the next waits for it."""
    pace = _last_minute(channel, now)
    second = str(int(now.timestamp()))
    pace[second] = pace.get(second, 0) + parts
    channel.pace = pace
    if channel.parts_per_hour:
        hour = _last_hour(channel, now)
        minute = str(int(now.timestamp()) // MINUTE)
        hour[minute] = hour.get(minute, 0) + parts
        channel.pace_hour = hour


def seconds_until_room(channel: Channel, now: datetime) -> float:
    """How long until the oldest counted second leaves the minute, or the oldest minute the hour; 0 while there is room."""
    if room(channel, now):
        return 0
    waits = []
    pace, hour = _last_minute(channel, now), _last_hour(channel, now)
    if pace and sum(pace.values()) >= channel.parts_per_minute:
        waits.append(min(int(second) for second in pace) + MINUTE + 1 - now.timestamp())
    if channel.parts_per_hour and hour and sum(hour.values()) >= channel.parts_per_hour:
        waits.append((min(int(minute) for minute in hour) + 1) * MINUTE + HOUR - now.timestamp())
    return max(0.0, *waits) if waits else 0


def _last_minute(channel: Channel, now: datetime) -> dict[str, int]:
    newest = int(now.timestamp())
    return {second: parts for second, parts in (channel.pace or {}).items() if newest - MINUTE <= int(second) <= newest}


def _last_hour(channel: Channel, now: datetime) -> dict[str, int]:
    # A minute counts until all of it is an hour ago: a SIM's own limit is not ours to round down.
    newest = int(now.timestamp()) // MINUTE
    return {minute: parts for minute, parts in (channel.pace_hour or {}).items() if newest - MINUTE <= int(minute) <= newest}


def rests(channel: Channel, now: datetime) -> float:
    """Seconds this channel still rests because its provider asked for fewer requests; 0 if it does not."""
    return 0.0 if channel.rest_until is None else max(0.0, (channel.rest_until - now).total_seconds())


def slow_down(channel: Channel, outcomes: Outcomes, retry_after: int | None, now: datetime) -> None:
    """Rest after a throttled answer: for as long as the provider asks, else for a pause that doubles until one is accepted."""
    if any(cause is Cause.THROTTLED for _, cause in outcomes):
        pause = min(REST_FIRST * 2**channel.rest_step, REST_LONGEST)
        until = now + max(pause, timedelta(seconds=retry_after or 0))
        if not rests(channel, now):
            channel.rest_since = channel.rest_since if channel.rest_step else now
            channel.rest_step = min(channel.rest_step + 1, 10)
        channel.rest_until = max(until, channel.rest_until or until)
    elif channel.rest_step and not rests(channel, now) and any(outcome is Outcome.WIRED for outcome, _ in outcomes):
        channel.rest_step, channel.rest_since, channel.rest_until = 0, None, None


def is_open(channel: Channel, now: datetime) -> bool:
    """Whether the breaker keeps this channel from sending."""
    return channel.breaker_until is not None and now < channel.breaker_until


def on_trial(channel: Channel) -> bool:
    """After a rest one single request goes first."""
    return channel.breaker_step > 0


def close(channel: Channel) -> None:
    """Forget the failures: something was answered, or a person has looked."""
    channel.misses_in_row = channel.breaker_step = 0
    channel.breaker_since = channel.breaker_until = channel.breaker_reason = None


def record(session: Session, channel: Channel, outcomes: Outcomes, now: datetime) -> None:
    """Count a group of outcomes, one a request; open, prolong or close the breaker.

    Throttling and refusals of one text say nothing of the gateway's health; an answer of any other kind than a miss closes it.
    """
    last: str | None = None
    for outcome, cause in outcomes:
        if outcome in (Outcome.WIRED, Outcome.FAILED):
            close(channel)
        elif outcome in (Outcome.ERRORED, Outcome.UNKNOWN) and cause is not Cause.THROTTLED:
            channel.misses_in_row += 1
            last = cause.value if cause is not None else "no_answer"
    if last is None or is_open(channel, now):
        return
    if channel.breaker_step > 0 or channel.misses_in_row >= MISSES_IN_ROW or _half_missed(session, channel, now):
        channel.breaker_since = channel.breaker_since or now
        channel.breaker_until = now + min(BREAKER_FIRST * 2**channel.breaker_step, BREAKER_LONGEST)
        channel.breaker_reason = last
        channel.breaker_step = min(channel.breaker_step + 1, 10)


def _half_missed(session: Session, channel: Channel, now: datetime) -> bool:
    # A throttled attempt is neither a miss nor a success.
    counted = or_(Attempt.cause.is_(None), Attempt.cause != Cause.THROTTLED.value)
    recent = (Attempt.channel_id == channel.id, Attempt.ended_at > now - timedelta(seconds=MINUTE), counted)
    counts = select(Attempt.outcome, func.count()).where(*recent).group_by(Attempt.outcome)
    found: dict[str | None, int] = dict(session.execute(counts).all())
    missed = found.get(Outcome.ERRORED, 0) + found.get(Outcome.UNKNOWN, 0)
    most, share = MISSES_SHARE
    return missed >= most and missed >= share * sum(count for outcome, count in found.items() if outcome is not None)
