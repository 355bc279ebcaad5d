"""What to do after each cause of a failure: data, so that a new provider only needs to name its causes.

Throttling is nobody's fault: it uses up no attempt. What needs a person pauses the channel, and its rows wait.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from messaging.gateways.protocol import Cause
from messaging.models import Call, CallState, Message

MOST_ATTEMPTS = 6
MOST_CALLS = 4
SPREAD = 0.2
RESTING = timedelta(hours=20)  # « the next day »: about the same hour, moved into the push window
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


_CALL_DELAYS: Mapping[CallState, tuple[timedelta, ...]] = {
    CallState.BUSY: _minutes(15, 15, 15),
    CallState.NO_ANSWER: (timedelta(hours=2), RESTING, RESTING),
    CallState.MACHINE: (RESTING,),
    CallState.DROPPED: (RESTING,),
    CallState.ERRORED: _minutes(15, 15, 15),
}


def next_call(call: Call, ended: CallState, now: datetime) -> Next | None:
    """The next try of a call after one of its ways to end (voice/README.md 4); None for heard, last and inbound ones.

    An answered call whose core was not heard is tried once more the next day; a trunk's failure counts as no attempt.
    """
    delays = _CALL_DELAYS.get(ended)
    counted = call.attempts - call.uncounted
    if delays is None or call.attempts == 0 or counted >= MOST_CALLS:
        return None
    if ended in (CallState.DROPPED, CallState.MACHINE) and (call.core_reached or call.core_end_s is None):
        return None
    counts = ended is not CallState.ERRORED
    place = counted - 1 if counts else call.uncounted
    if ended is CallState.DROPPED and (call.seconds or 0) < SHORTEST_HEARD:
        delays = (RESTING,) * MOST_CALLS  # refused: the next day, as often as attempts allow
    if place >= len(delays):
        return None
    at = now + _spread(delays[place])
    return None if call.expires_at is not None and at >= call.expires_at else Next(at, counts)


def _spread(delay: timedelta) -> timedelta:
    return delay * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311  # spreads load, guards no secret
