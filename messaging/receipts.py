"""Delivery reports: kept once each, applied forwards only, and kept waiting when they come before what they are about.

A report may arrive before our own commit, twice, or in the wrong order; each attempt has a rank that only grows, so the order
in which reports are applied never matters. Where each part of a long text is reported, one part delivered only proves that the
text was sent: a family that got half of it was not reached.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from messaging.channels import pause
from messaging.gateways.protocol import Cause, StatusReport
from messaging.models import Attempt, Channel, ChannelState, Contact, Message, MessageState, StatusUpdate
from messaging.money import release
from messaging.numbers import normalise
from messaging.outcomes import ABOUT_NUMBERS, RANKS, AboutContact, fail_or_retry
from messaging.retry import RULES
from messaging.rows import insert_once
from messaging.states import allowed, move
from messaging.windows import Windows
from runtime.crypto import blind

log = structlog.get_logger(__name__)

KEPT = timedelta(days=7)
ADOPTED_WITHIN = timedelta(hours=24)
AT_ONCE = 500
_RELEASED = (MessageState.FAILED, MessageState.ERRORED)


def apply(
    session: Session,
    channel: Channel,
    report: StatusReport,
    now: datetime,
    windows: Windows,
    adopts: bool = False,
    told: list[AboutContact] | None = None,
) -> bool:
    """Store one report and apply it if we know what it is about. False for a repeated one.

    `adopts`: the gateway's receipts never carry our id, so one may be matched by number (promises.md 1, adoption).
    What it says about the number itself is added to `told`, for a transaction of its own.
    """
    number = None if report.number is None else normalise(report.number)
    key = {"reference": report.reference, "status": report.status, "code": report.code}
    fresh = insert_once(
        session,
        StatusUpdate,
        channel_id=channel.id,
        number_index=None if number is None else blind(number),
        provider_at=report.provider_at,
        received_at=now,
        parts=report.parts,
        cause=None if report.cause is None else report.cause.value,
        **key,
    )
    if not fresh:
        return False
    update = session.scalars(select(StatusUpdate).filter_by(channel_id=channel.id, **key)).one()
    apply_one(session, update, now, windows, adopts, told)
    _rest(session, [update])
    return True


def apply_one(
    session: Session,
    update: StatusUpdate,
    now: datetime,
    windows: Windows,
    adopts: bool = False,
    told: list[AboutContact] | None = None,
) -> bool:
    """Apply one stored report; False when what it is about is still unknown."""
    attempt = attempt_of(session, update.channel_id, update.reference) or (_adopt(session, update, now) if adopts else None)
    if attempt is None or attempt.message_id is None:
        return False
    rows = select(Message).where(Message.id == attempt.message_id).with_for_update(key_share=True)
    message = session.scalars(rows.execution_options(populate_existing=True)).one()
    session.refresh(attempt)
    update.applied_at, update.message_id = now, message.id
    if told is not None and update.cause in ABOUT_NUMBERS:
        told.append(AboutContact(message.contact_id, Cause(update.cause)))
    status = update.status if _whole(session, attempt, update) else MessageState.SENT.value
    if attempt.rank < RANKS[status]:
        attempt.rank = RANKS[status]
        if update.parts == 1:
            attempt.error_code = update.code or attempt.error_code
        _advance(session, message, attempt, update, MessageState(status), now, windows)
    session.flush()
    return True


def apply_pending(
    session: Session,
    now: datetime,
    windows: Windows,
    adopting: frozenset[int] = frozenset(),
    told: list[AboutContact] | None = None,
) -> int:
    """Try the waiting reports of the last seven days again; how many found their message. `adopting`: channel ids."""
    # Only those that have something to find: reports about nothing of ours would otherwise keep newer ones waiting.
    waiting = (StatusUpdate.applied_at.is_(None), StatusUpdate.received_at > now - KEPT, _findable(adopting))
    rows = session.scalars(select(StatusUpdate).where(*waiting).order_by(StatusUpdate.id).limit(AT_ONCE)).all()
    found = sum(apply_one(session, row, now, windows, row.channel_id in adopting, told) for row in rows)
    _rest(session, rows)
    return found


def _findable(adopting: frozenset[int]) -> ColumnElement[bool]:
    named = or_(Attempt.id == StatusUpdate.reference, Attempt.external_id == StatusUpdate.reference)
    ours = exists().where(Attempt.channel_id == StatusUpdate.channel_id, Attempt.message_id.is_not(None), named)
    unknown = exists().where(
        Contact.number_index == StatusUpdate.number_index,
        Message.contact_id == Contact.id,
        Message.channel_id == StatusUpdate.channel_id,
        Message.state == MessageState.UNKNOWN,
    )
    return or_(ours, and_(StatusUpdate.channel_id.in_(adopting), unknown))


def apply_early(
    session: Session,
    channel_id: int,
    references: list[str],
    now: datetime,
    windows: Windows,
    told: list[AboutContact] | None = None,
) -> int:
    """The waiting reports of attempts just recorded, within their own transaction."""
    if not references:
        return 0
    mine = (StatusUpdate.channel_id == channel_id, StatusUpdate.reference.in_(references), StatusUpdate.applied_at.is_(None))
    rows = session.scalars(select(StatusUpdate).where(*mine).order_by(StatusUpdate.id)).all()
    found = sum(apply_one(session, row, now, windows, told=told) for row in rows)
    _rest(session, rows)
    return found


def _whole(session: Session, attempt: Attempt, update: StatusUpdate) -> bool:
    """Whether what is reported holds for every part. Under the message's lock, so that two last parts cannot miss each other."""
    if update.parts <= 1 or update.status != MessageState.DELIVERED:
        return True
    named = [attempt.id] + ([attempt.external_id] if attempt.external_id else [])
    same = (StatusUpdate.channel_id == update.channel_id, StatusUpdate.reference.in_(named))
    told = select(func.count(StatusUpdate.code.distinct())).where(*same, StatusUpdate.status == update.status)
    return (session.scalar(told) or 0) >= update.parts


def _advance(
    session: Session,
    message: Message,
    attempt: Attempt,
    update: StatusUpdate,
    to: MessageState,
    now: datetime,
    windows: Windows,
) -> None:
    claimed_at = message.sending_at
    newest = attempt.number == message.attempts
    if not newest and to is not MessageState.DELIVERED:
        return  # an earlier try's failure says nothing about the one under way
    if to in _RELEASED:
        # Whether to try again is the cause's business, whatever word the provider used. Not from a state already behind it.
        if not allowed(message, MessageState.FAILED) or not newest:
            return
        cause = Cause(update.cause) if update.cause else Cause.UNDELIVERED
        fail_or_retry(message, cause, update.code, now)
        release(session, [(message, claimed_at)], windows)
    elif allowed(message, to):
        move(message, to, now)
        message.external_id = message.external_id or _free_id(session, message, attempt)


def _rest(session: Session, updates: Sequence[StatusUpdate]) -> None:
    """Rest the channels that need a person, as if an answer had said so: a phone tells only afterwards that it has no SIM.

    Last in a transaction: channels are locked after messages.
    """
    told = [(one.channel_id, Cause(one.cause)) for one in updates if one.applied_at is not None and one.cause]
    for channel_id, cause in sorted(dict(one for one in told if RULES[one[1]].pauses_channel).items()):
        rows = select(Channel).where(Channel.id == channel_id).with_for_update(key_share=True)
        channel = session.scalars(rows.execution_options(populate_existing=True)).one()
        if channel.state is ChannelState.ACTIVE:
            pause(channel, cause.value)
            log.error("channel.paused", channel=channel_id, cause=cause.value)


def _free_id(session: Session, message: Message, attempt: Attempt) -> str | None:
    if attempt.external_id is None:
        return None
    same = {"channel_id": message.channel_id, "direction": message.direction, "external_id": attempt.external_id}
    return None if session.scalar(select(Message.id).filter_by(**same)) else attempt.external_id


def attempt_of(session: Session, channel_id: int, reference: str) -> Attempt | None:
    """The attempt of this channel that a report names, by our id or else by theirs, if we know it by now."""
    ours = session.get(Attempt, reference)
    if ours is not None:
        return ours if ours.channel_id == channel_id else None
    theirs = select(Attempt).where(Attempt.channel_id == channel_id, Attempt.external_id == reference)
    return session.scalars(theirs.order_by(Attempt.started_at.desc()).limit(1)).first()


def _adopt(session: Session, update: StatusUpdate, now: datetime) -> Attempt | None:
    """The one attempt this report can only be about: exactly one open unknown to that number in 24 h, nothing sending."""
    contact_id = session.scalar(select(Contact.id).where(Contact.number_index == update.number_index))
    if update.number_index is None or contact_id is None:
        return None
    mine = (Message.contact_id == contact_id, Message.channel_id == update.channel_id)
    open_ = select(Message).where(*mine, Message.state.in_([MessageState.UNKNOWN, MessageState.SENDING]))
    found = [row for row in session.scalars(open_) if row.sending_at is None or row.sending_at > now - ADOPTED_WITHIN]
    if len(found) != 1 or found[0].state is not MessageState.UNKNOWN:
        return None
    newest = select(Attempt).where(Attempt.message_id == found[0].id).order_by(Attempt.number.desc()).limit(1)
    attempt = session.scalars(newest).one()
    attempt.external_id = update.reference
    session.flush()
    log.info("receipt.adopted", message=found[0].id, update=update.id)
    return attempt
