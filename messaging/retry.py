"""What to do after each cause of a failure: data, so that a new provider only needs to name its causes.

Throttling is nobody's fault: it uses up no attempt. What needs a person pauses the channel, and its rows wait.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from messaging.gateways.protocol import Cause
from messaging.models import Call, CallState, Message

MOST_ATTEMPTS = 6
MOST_CALLS = 4
SPREAD = 0.2
SHORTEST_HEARD = 5  # seconds; under it the call counts as refused


@dataclass(frozen=True)
class Rule:
    """`delays` for the first, second… counted try after this cause; empty: none. `counts`: uses up an attempt."""

    delays: tuple[timedelta, ...] = ()
    counts: bool = True
    pauses_channel: bool = False


def _minutes(*minutes: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=one) for one in minutes)


_TRANSIENT = _minutes(0.5, 2, 10, 30, 60)
RULES: Mapping[Cause, Rule] = {
    Cause.NO_CONNECTION: Rule(_TRANSIENT),
    Cause.BUSY_GATEWAY: Rule(_TRANSIENT),
    Cause.THROTTLED: Rule(_TRANSIENT, counts=False),
    Cause.PHONE_LIMIT: Rule(_minutes(60, 60, 60, 60, 60)),
    Cause.ABSENT: Rule(_minutes(180, 180, 180, 180, 180)),
    Cause.MODEM: Rule(_minutes(10)),
    Cause.CREDENTIALS: Rule(_minutes(10), counts=False, pauses_channel=True),
    Cause.CREDIT: Rule(_minutes(10), counts=False, pauses_channel=True),
    Cause.SENDER: Rule(_minutes(10), counts=False, pauses_channel=True),
    Cause.DEAD_NUMBER: Rule(),
    Cause.OPT_OUT: Rule(),
    Cause.THIS_TEXT: Rule(),
    Cause.UNDELIVERED: Rule(),
    Cause.TIMEOUT: Rule(),
    Cause.OTHER: Rule(),
}


@dataclass(frozen=True)
class Next:
    """When to try again, and whether the try just made counts; None means never."""

    at: datetime
    counts: bool = True


def next_sms(message: Message, cause: Cause | None, now: datetime, retry_after: int | None = None) -> Next | None:
    """The next try of an SMS after `cause`, with ±20 %; never past its expiry. `retry_after` in seconds is honoured."""
    rule = RULES[cause or Cause.OTHER]
    counted = message.attempts - message.uncounted
    place = counted - 1 if rule.counts else message.uncounted
    if not rule.delays or (rule.counts and (counted >= MOST_ATTEMPTS or place >= len(rule.delays))):
        return None
    delay = _spread(rule.delays[min(place, len(rule.delays) - 1)])
    at = now + max(delay, timedelta(seconds=retry_after or 0))
    if message.expires_at is not None and at >= message.expires_at:
        return None
    return Next(at, rule.counts)


class Ending(StrEnum):
    """Why a call did not do what it was for."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"  # unreachable, too
    REFUSED = "refused"  # or cut within seconds: it was not wanted now
    UNHEARD = "unheard"  # a person or a machine answered, and the core of the message was not reached
    TRUNK = "trunk"  # our line's or our provider's own failure


class NextDay(StrEnum):
    """A delay that is no span of time."""

    BEST_HOUR = "best_hour"


Delay = timedelta | NextDay
CALL_DELAYS: Mapping[Ending, tuple[Delay, ...]] = {
    Ending.BUSY: _minutes(15, 15, 15),
    Ending.NO_ANSWER: (timedelta(hours=2), NextDay.BEST_HOUR, NextDay.BEST_HOUR),
    Ending.REFUSED: (NextDay.BEST_HOUR,) * 3,
    Ending.UNHEARD: (NextDay.BEST_HOUR,),
    Ending.TRUNK: _minutes(15, 15, 15),
}
"""By ending, the delay after its first, second… time (voice/README.md 4); four counted attempts in all."""
_REFUSALS = frozenset({"603", "607", "608", "CALL_REJECTED"})
_STATES = {CallState.BUSY: Ending.BUSY, CallState.NO_ANSWER: Ending.NO_ANSWER, CallState.ERRORED: Ending.TRUNK}


def ending(call: Call, ended: CallState) -> Ending | None:
    """Why a call that came to `ended` is to be tried again; None for one that is done with."""
    if ended is CallState.BUSY and call.error_code in _REFUSALS:
        return Ending.REFUSED
    if ended not in (CallState.DROPPED, CallState.MACHINE):
        return _STATES.get(ended)
    if ended is CallState.DROPPED and (call.seconds or 0) < SHORTEST_HEARD:
        return Ending.REFUSED
    # Where something was said that has no core, nobody can say that it was not heard.
    return Ending.UNHEARD if call.core_end_s is not None or call.turn == 0 else None


def next_call(call: Call, why: Ending | None, before: int, now: datetime, next_day: Callable[[], datetime]) -> Next | None:
    """The next try of a call that ended so, `before` times already; None where there is none, or only past its expiry.

    `next_day` says when on another day; it is asked only then.
    """
    counted = call.attempts - call.uncounted
    if why is None or call.attempts == 0 or call.core_reached:
        return None
    if before >= len(CALL_DELAYS[why]) or (counted >= MOST_CALLS and why is not Ending.TRUNK):
        return None
    delay = CALL_DELAYS[why][before]
    at = next_day() if isinstance(delay, NextDay) else now + _spread(delay)
    return None if call.expires_at is not None and at >= call.expires_at else Next(at, why is not Ending.TRUNK)


def _spread(delay: timedelta) -> timedelta:
    return delay * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311  # spreads load, guards no secret
