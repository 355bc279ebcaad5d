"""What a claim writes on the rows it took: the lease, the attempt, and which of them leave in one request.

An attempt is new for each try, with one exception: where the provider takes the same reference once, what staff send again keeps
its reference, so that it cannot arrive twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import uuid6
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging.gateways.protocol import Outcome, OutgoingSms
from messaging.models import Attempt, Message, MessageState
from messaging.states import move
from runtime.database import LeaseTime, lease_time
from runtime.settings import Settings

DEFAULT_LIFE = 24 * 3600
NOT_TAKEN = "not_taken"  # the outcome a look-up gives to an attempt: whatever its sender says later is too late
SENT_AGAIN = "sent_again"  # the code of an attempt made again under its own reference

Taken = list[tuple[Message, str]]
"""Messages that may leave, each with its number."""
Alike = tuple[str | None, str | None, int]


@dataclass(frozen=True)
class Claimed:
    """One message on its way, with everything its sender needs: no row is read again before the answer.

    Those of one `request` leave together; "" leaves alone.
    """

    message_id: int
    attempt_id: str
    sms: OutgoingSms
    request: str = ""


def together(row: Message) -> Alike:
    """What messages must have in common to share a request."""
    return (row.text, row.encoding, row.parts)


def lease(
    session: Session, settings: Settings, taken: Taken, now: datetime, holder: str, bulk: int, idempotent: bool
) -> tuple[Claimed, ...]:
    """Put these rows in the hands of `holder`, at most `bulk` of one text in a request; with it their attempts."""
    until = lease_time(session)
    kept = _kept_attempts(session, [row for row, _ in taken]) if idempotent else {}
    requests: dict[Alike, list[Message]] = {}
    claimed = []
    for message, number in taken:
        request = ""
        if bulk > 1:
            same = requests.setdefault(together(message), [])
            if len(same) == bulk:
                same.clear()
            same.append(message)
            request = f"{holder}-{same[0].id}"
        _hold(settings, message, now, until, request or holder)
        attempt = _attempt(message, kept.get(message.id), now)
        session.add(attempt)
        life = DEFAULT_LIFE if message.expires_at is None else int((message.expires_at - now).total_seconds())
        sms = OutgoingSms(attempt.id, number, message.text or "", message.encoding or "", message.parts, life, now)
        claimed.append(Claimed(message.id, attempt.id, sms, request))
    session.flush()
    return tuple(claimed)


def _hold(settings: Settings, message: Message, now: datetime, since: LeaseTime, holder: str) -> None:
    move(message, MessageState.SENDING, now)
    message.lease_until = since.seconds + settings.message_lease_seconds
    message.lease_boot, message.lease_holder = since.boot, holder


def _attempt(message: Message, kept: Attempt | None, now: datetime) -> Attempt:
    if kept is not None:
        kept.started_at, kept.looked, kept.error_code = now, 0, SENT_AGAIN
        kept.ended_at = kept.outcome = kept.cause = None
        return kept
    message.attempts += 1
    return Attempt(
        id=str(uuid6.uuid7()),
        message_id=message.id,
        channel_id=message.channel_id,
        number=message.attempts,
        started_at=now,
    )


def _kept_attempts(session: Session, messages: Sequence[Message]) -> dict[int, Attempt]:
    """Attempts to be made again under the same reference: staff resend an unknown, and this gateway takes one reference once."""
    again = {message.id: message for message in messages if message.attempts}
    if not again:
        return {}
    # A receipt would have raised the rank: what the provider proved to have taken must not be asked for in vain.
    silent = (Attempt.outcome == Outcome.UNKNOWN.value, Attempt.rank == 0)
    rows = select(Attempt).where(Attempt.message_id.in_(again), *silent)
    found = {}
    for attempt in session.scalars(rows.execution_options(populate_existing=True)):
        message = again[attempt.message_id or 0]
        if (attempt.number, attempt.channel_id) == (message.attempts, message.channel_id):
            found[message.id] = attempt
    return found
