"""Transaction 2 of sending: write down what the gateway answered, in groups.

A receipt may have come first: then the row is ahead of us, and only the provider's id is added. Numbers found dead and opt-outs
known to the provider are returned, not applied: contacts are locked before messages elsewhere, so they need a transaction of
their own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from messaging import capacity, channels, contacts, failover, pace, retry
from messaging.gateways.protocol import Cause, Outcome, Sent
from messaging.leasing import NOT_TAKEN
from messaging.models import Attempt, Channel, ChannelLog, ChannelState, Contact, Direction, Message, MessageState, SimulatorEvent
from messaging.money import Outgoing, release
from messaging.states import move
from messaging.windows import Windows

log = structlog.get_logger(__name__)

ABOUT_NUMBERS = (Cause.DEAD_NUMBER, Cause.OPT_OUT)  # causes that say something of the number, not of one try
MAY_HAVE_LEFT = (Outcome.WIRED, Outcome.UNKNOWN)
RANKS = {"wired": 1, "sent": 2, "failed": 3, "errored": 3, "delivered": 4}


@dataclass(frozen=True)
class Answer:
    """One attempt and what came of it; those of one `request` ("" for one of its own) fail together and count once."""

    attempt_id: str
    sent: Sent
    request: str = ""


@dataclass(frozen=True)
class AboutContact:
    """What a gateway told about a number."""

    contact_id: int
    cause: Cause


def record(session: Session, channel_id: int, answers: Sequence[Answer], windows: Windows, now: datetime) -> list[AboutContact]:
    """Record one group of SMS attempts of one channel."""
    by_attempt = {answer.attempt_id: answer.sent for answer in answers}
    mine = Attempt.id.in_(by_attempt)
    messages = _locked(session, select(Attempt.message_id).where(mine))
    # Read under the messages' locks: a look-up may just have ended one.
    attempts = [one for one in session.scalars(select(Attempt).where(mine)) if one.outcome != NOT_TAKEN]
    told: list[AboutContact] = []
    owed: list[tuple[Outgoing, datetime | None]] = []
    elsewhere: list[tuple[Message, Channel]] = []
    second = failover.Second(session, channel_id)
    left = 0
    taken = _taken_ids(session, channel_id, [sent.external_id for sent in by_attempt.values() if sent.external_id])
    for attempt in attempts:
        message, sent = messages[attempt.message_id or 0], by_attempt[attempt.id]
        claimed_at = message.sending_at
        close(attempt, sent, now)
        session.add(exchange_log(channel_id, sent, now, message_id=message.id))
        _identify(message, attempt, sent, taken)
        left += message.parts if sent.outcome in MAY_HAVE_LEFT else 0
        if _is_open(message, attempt):
            other = second.after(message, sent, now)
            if other is not None:
                message.error_code = sent.code or None
                move(message, MessageState.ERRORED, now, (sent.cause or Cause.OTHER).value)
                elsewhere.append((message, other))
            if other is not None or _settle(message, sent, now):
                owed.append((message, claimed_at))
        if sent.cause in ABOUT_NUMBERS:
            told.append(AboutContact(message.contact_id, Cause(sent.cause)))
    remember_later(session, channel_id, [by_attempt[attempt.id] for attempt in attempts], now)
    session.flush()
    channel = account_for(session, channel_id, answers, now)
    if channel.needs_bundle:
        capacity.use(session, channel, left, windows.local_day(now).date())
    release(session, owed, windows)
    for message, other in elsewhere:  # after the release: what was reserved was reserved for the first channel
        failover.shift(message, other, now)
    return told


def _is_open(message: Message, attempt: Attempt) -> bool:
    return message.state in (MessageState.SENDING, MessageState.UNKNOWN) and message.attempts == attempt.number


def close(attempt: Attempt, sent: Sent, now: datetime) -> None:
    """End an attempt; what a receipt already said of it stands."""
    attempt.ended_at, attempt.outcome = now, sent.outcome
    attempt.cause = None if sent.cause is None else sent.cause.value
    attempt.error_code = attempt.error_code or (sent.code or None)
    attempt.external_id = attempt.external_id or sent.external_id
    if sent.outcome is Outcome.WIRED:
        attempt.rank = max(attempt.rank, RANKS["wired"])


def account_for(session: Session, channel_id: int, answers: Sequence[Answer], now: datetime) -> Channel:
    """Count outcomes, one a request, for breaker and pace, and pause a channel that needs a person: wrong password, no credit.

    The channel, locked.
    """
    rows = select(Channel).where(Channel.id == channel_id).with_for_update(key_share=True)
    channel = session.scalars(rows.execution_options(populate_existing=True)).one()
    outcomes = list(dict.fromkeys((one.request or one.attempt_id, one.sent.outcome, one.sent.cause) for one in answers))
    counted = [(outcome, cause) for _, outcome, cause in outcomes]
    pace.record(session, channel, counted, now)
    pace.slow_down(channel, counted, max((one.sent.retry_after or 0 for one in answers), default=0), now)
    for _, cause in counted:
        if cause is not None and retry.RULES[cause].pauses_channel and channel.state is ChannelState.ACTIVE:
            channels.pause(channel, cause.value)
            log.error("channel.paused", channel=channel.id, cause=cause.value)
    return channel


def tell_contacts(session: Session, told: Sequence[AboutContact], now: datetime) -> None:
    """In a transaction of its own: dead numbers and opt-outs that the provider knows of."""
    for about in sorted(told, key=lambda one: one.contact_id):
        if about.cause is Cause.OPT_OUT:
            contacts.stop(session, session.get_one(Contact, about.contact_id), now, "provider")
        else:
            contacts.mark_dead(session, about.contact_id, now)


def put_back(message: Message, now: datetime, reason: str | None) -> None:
    """Back to the queue without having been tried: the request had not begun."""
    move(message, MessageState.QUEUED, now, reason)
    message.uncounted += 1


def fail_or_retry(message: Message, cause: Cause | None, code: str, now: datetime, retry_after: int | None = None) -> None:
    """`errored` with its next moment, or `failed` when there is none; from sending, unknown, wired or sent."""
    following = retry.next_sms(message, cause, now, retry_after)
    reason = (cause or Cause.OTHER).value
    message.error_code = code or reason
    if following is None:
        move(message, MessageState.FAILED, now, reason)
        return
    move(message, MessageState.ERRORED, now, reason)
    message.not_before = following.at
    message.uncounted += 0 if following.counts else 1


def _settle(message: Message, sent: Sent, now: datetime) -> bool:
    """Move the row; True when its price is no longer owed."""
    if sent.outcome is Outcome.WIRED:
        move(message, MessageState.WIRED, now)
    elif sent.outcome is Outcome.ERRORED:
        fail_or_retry(message, sent.cause, sent.code, now, sent.retry_after)
        return True
    elif sent.outcome is Outcome.FAILED:
        message.error_code = sent.code or (sent.cause or Cause.OTHER).value
        move(message, MessageState.FAILED, now, (sent.cause or Cause.OTHER).value)
        return True
    elif sent.outcome is Outcome.NOT_BEGUN and message.state is MessageState.SENDING:
        put_back(message, now, None)
        return True
    elif sent.outcome is Outcome.UNKNOWN and message.state is MessageState.SENDING:
        message.error_code = sent.code or None
        move(message, MessageState.UNKNOWN, now, "no_answer")
    return False


def _identify(message: Message, attempt: Attempt, sent: Sent, taken: set[str]) -> None:
    if sent.external_id is None or attempt.number != message.attempts or message.external_id == sent.external_id:
        return
    if sent.external_id in taken:
        log.warning("external_id.twice", message=message.id)
        return
    taken.add(sent.external_id)
    message.external_id = sent.external_id


def _locked(session: Session, ids: Select[int | None]) -> dict[int, Message]:
    rows = select(Message).where(Message.id.in_(ids)).order_by(Message.id).with_for_update(key_share=True)
    return {message.id: message for message in session.scalars(rows.execution_options(populate_existing=True))}


def _taken_ids(session: Session, channel_id: int, ids: Sequence[str]) -> set[str]:
    same = (Message.channel_id == channel_id, Message.direction == Direction.OUT, Message.external_id.in_(ids))
    return {one for one in session.scalars(select(Message.external_id).where(*same)) if one is not None} if ids else set()


def exchange_log(
    channel_id: int, sent: Sent, now: datetime, *, message_id: int | None = None, call_id: int | None = None
) -> ChannelLog:
    """One exchange as staff see it beside the message; the gateway has already taken out secrets, numbers and texts."""
    return ChannelLog(
        channel_id=channel_id,
        message_id=message_id,
        call_id=call_id,
        at=now,
        inbound=False,
        status=sent.status,
        request=sent.request,
        response=sent.response,
        milliseconds=sent.milliseconds,
    )


def remember_later(session: Session, channel_id: int, answers: Sequence[Sent], now: datetime) -> None:
    """Store what the simulator's network will do, together with the answers it follows from."""
    session.add_all(
        SimulatorEvent(
            channel_id=channel_id,
            action=later.action,
            due_at=now + timedelta(seconds=later.seconds),
            path=later.path,
            form=json.dumps(dict(later.form)),
            failures=0,
        )
        for sent in answers
        for later in sent.later
    )
