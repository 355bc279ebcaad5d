"""An SMS in, once it is stored: what it means, what changes, and the one reply, committed together.

One phone is served one message at a time, by the provider's time: whoever sends a correction at once must not have it read
before the report. A message that cannot be handled is tried again by the sweep and, after three times, shown to staff.
"""

import traceback
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaigns import quizzes
from campaigns.replies import Replies, Words, languages_of, offer_to_join
from campaigns.telling import tell
from clubs.grammar.context import Context, Sender
from clubs.grammar.judge import judge
from clubs.grammar.verdict import Verdict
from clubs.notices import notices, taken_over
from clubs.reports import apply_verdict
from clubs.standing import context_for
from messaging.exchange import Exchange
from messaging.models import Contact, ContactState, Direction, Message, MessageState
from messaging.queue import queue_reply
from messaging.states import move
from runtime.database import Json
from translations import library
from translations.models import Variant

MOST_FAILURES = 3
SETTLING = timedelta(seconds=5)
"""Left to the nudge that follows the reception before the sweep takes a message."""
SWEEP_AT_MOST = 200

log = structlog.get_logger(__name__)


def on_sms(exchange: Exchange, message_id: int, now: datetime) -> int:
    """Answer a stored message and whatever the same phone sent before it; returns how many were handled."""
    handled = 0
    while (next_id := _next(exchange, message_id)) is not None and _handle(exchange, next_id, now):
        handled += 1
    return handled


def sweep(exchange: Exchange, now: datetime) -> int:
    """Take up what is stored and not handled, whether its nudge was lost or its handling failed; how many were handled."""
    waiting = select(func.min(Message.id)).where(*_waiting(), Message.created_at <= now - SETTLING).group_by(Message.contact_id)
    with exchange.database.reading() as session:
        ids = list(session.scalars(waiting.limit(SWEEP_AT_MOST)))
    return sum(on_sms(exchange, id_, now) for id_ in ids)


def _waiting() -> tuple[ColumnElement[bool], ...]:
    return (
        Message.direction == Direction.IN,
        Message.state == MessageState.RECEIVED,
        Message.handling_failures < MOST_FAILURES,
    )


def _next(exchange: Exchange, message_id: int) -> int | None:
    """The phone's oldest message not yet handled, by the provider's time."""
    contact = select(Message.contact_id).where(Message.id == message_id).scalar_subquery()
    mine = select(Message.id).where(Message.contact_id == contact, *_waiting())
    with exchange.database.reading() as session:
        return session.scalar(mine.order_by(func.coalesce(Message.provider_at, Message.created_at), Message.id).limit(1))


def _handle(exchange: Exchange, message_id: int, now: datetime) -> bool:
    try:
        with exchange.database.writing() as session:
            message = session.get_one(Message, message_id)
            contact = session.get_one(Contact, message.contact_id, with_for_update={"key_share": True})
            session.refresh(message)
            if message.state is MessageState.RECEIVED:  # else another worker was faster
                _converse(session, exchange, message, contact, now)
                move(message, MessageState.HANDLED, now)
        return True
    except Exception as error:  # whatever is wrong with one message must not stop the others
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
        where = ours[-1]
        # Not the error's own words: a database error quotes the values it was given.
        log.error("converse.failed", message=message_id, error=type(error).__name__, file=where.filename, line=where.lineno)
        _count_failure(exchange, message_id, now)
        return False


def _count_failure(exchange: Exchange, message_id: int, now: datetime) -> None:
    with exchange.database.writing() as session:
        message = session.get_one(Message, message_id)
        message.handling_failures += 1
        if message.handling_failures >= MOST_FAILURES:
            contact = session.get_one(Contact, message.contact_id)
            sorry = library.reply_text(session, "error_sorry", languages_of(session, contact), now=now)
            queue_reply(session, exchange, contact, sorry.text, now, channel_id=message.channel_id, answers=message)


def _converse(session: Session, exchange: Exchange, message: Message, contact: Contact, now: datetime) -> None:
    quizzes.open_prompts(session, contact, now)
    announced = contact.state is ContactState.ANNOUNCED
    offer_to_join(session, contact, now)
    rules = exchange.settings
    context = context_for(session, contact, now, sent_at=message.said_at, zone=rules.timezone, number_words=rules.number_words)
    verdict = judge(message.text or "", context)
    changed = apply_verdict(session, verdict, contact, message, now)
    words = Replies(session, message, contact, context, now).carry_out(verdict)
    message.parse, message.reply_kind = _parse(verdict), verdict.outcome.value
    if words.text:
        _reply(session, exchange, message, contact, context, words, now)
    others = notices(session, verdict.effect.do, changed, contact.id, context.today)
    if announced and contact.state is ContactState.ACTIVE:
        others += taken_over(session, now, contact)
    tell(session, exchange, others, now, message.channel_id)


def _parse(verdict: Verdict) -> Json:
    """What was understood, without the words that were sent."""
    said = verdict.as_json()
    values = said["values"]
    assert isinstance(values, dict)
    said["values"] = {name: value for name, value in values.items() if name not in ("note", "phone")}
    return {name: value for name, value in said.items() if name != "reply"}


def _reply(
    session: Session, exchange: Exchange, message: Message, contact: Contact, context: Context, words: Words, now: datetime
) -> None:
    reports = context.sender in (Sender.FACILITATOR, Sender.SUPERVISOR)
    queue_reply(
        session,
        exchange,
        contact,
        words.text,
        now,
        channel_id=message.channel_id,
        answers=message,
        variant=session.get(Variant, words.variant_id) if words.variant_id else None,
        cap=exchange.settings.facilitator_replies_per_day if reports else exchange.settings.replies_per_day,
    )
