"""From a verified webhook to our rows: one transaction each, the same for a live request and for one kept in the spool.

The provider is answered as soon as the first transaction has committed; the conversation follows as work of its own, but for
voice, whose answer is the conversation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from messaging import call_events, channels, exchanges, inbox, outcomes, receipts, windows
from messaging.errors import MessagingError
from messaging.exchange import CONVERSE, DIAL, DISPATCH, Exchange
from messaging.gateways.protocol import Account, CallStep, Cause, Gateway, Unreadable, WebhookRequest
from messaging.models import Call, Channel, ChannelLog, MessageState, WebhookBody
from messaging.rows import settle
from messaging.states import LIVE_CALLS
from messaging.steps import Step

log = structlog.get_logger(__name__)

LONGEST_KEY, LONGEST_CODE = 96, 40
LONGEST_CALL = 24 * 3600  # seconds
FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)

OnCall = Callable[[Session, Exchange, Call, CallStep, datetime], tuple[Step, ...]]
"""The conversation by voice: the steps that follow one turn of one call."""


@dataclass(frozen=True)
class Known:
    """The channel behind a token, as much of it as outlives the transaction that found it.

    `row` is the channel itself, of no transaction: to be read, never changed. Known with `seen`, it serves later requests, too,
    at a business time `moved` from the wall's: the transaction that stores one first makes sure that nothing has changed.
    """

    channel_id: int
    gateway: Gateway
    account: Account
    row: Channel | None = None
    seen: channels.Seen | None = None
    moved: timedelta = timedelta()


class Changed(MessagingError):
    """What was known of a channel no longer holds; nothing was stored."""


@dataclass(frozen=True)
class Spoken:
    """What to answer a voice request: a body and its content type."""

    body: str
    content_type: str


def identify(exchange: Exchange, token: str, now: datetime) -> Known | None:
    """The channel of a webhook address, or None."""
    with exchange.database.reading() as session:
        return _known(exchange, channels.by_token(session, token, now))


def arrive(exchange: Exchange, token: str, wall: datetime) -> tuple[Known | None, datetime]:
    """`identify` at the business time of `wall`, which is the second value."""
    with exchange.database.reading() as session:
        channel, now = channels.arrived(session, token, wall)
        return _known(exchange, channel), now


def remember(exchange: Exchange, token: str, wall: datetime) -> Known | None:
    """`arrive` for the requests that will follow, too; a token that is about to end is asked about each time."""
    with exchange.database.reading() as session:
        channel, now = channels.arrived(session, token, wall)
        known = _known(exchange, channel)
        if known is None or channel is None:
            return None
        lasting = channel.token == token
        return replace(known, moved=now - wall, seen=channels.seen(session, channel.id) if lasting else None)


def _known(exchange: Exchange, channel: Channel | None) -> Known | None:
    if channel is None or channel.gateway not in exchange.gateways:
        return None
    account = channels.account(channel, exchange.settings.base_url)
    return Known(channel.id, exchange.gateways[channel.gateway], account, channel)


def take_sms(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Store an SMS; its conversation and, after a STOP, its confirmation are nudged."""
    try:
        incoming = known.gateway.read_sms(known.account, request)
    except Unreadable as error:
        _odd(exchange, known, "sms", error, now)
        return
    incoming = replace(
        incoming,
        key=_short(incoming.key, LONGEST_KEY),
        sender=_plain(incoming.sender),
        provider_at=_sane(incoming.provider_at, now),
        raw=_plain(incoming.raw),
    )
    with exchange.database.writing() as session:
        message = inbox.receive(session, session.get_one(Channel, known.channel_id), incoming, now)
        if message is None:
            session.add(exchanges.log_of(known.channel_id, "sms", request, incoming, now, note="repeated"))
            return
        session.add(exchanges.log_of(known.channel_id, "sms", request, incoming, now, message_id=message.id))
        if message.state is MessageState.RECEIVED:
            exchange.work.nudge(session, CONVERSE, message.id)
        else:
            exchange.work.nudge(session, DISPATCH, known.channel_id)


def take_status(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Store and apply a delivery report; a word we do not know is logged and changes nothing."""
    try:
        report = known.gateway.read_status(known.account, request)
    except Unreadable as error:
        _odd(exchange, known, "status", error, now)
        return
    report = replace(
        report,
        reference=_short(report.reference, LONGEST_KEY) or "?",
        code=_short(report.code, LONGEST_CODE) or "",
        number=_short(report.number, LONGEST_KEY),
        provider_at=_sane(report.provider_at, now),
    )
    with exchange.database.writing() as session:
        hours = windows.of(exchange.settings)
        channel = session.get_one(Channel, known.channel_id)
        told: list[outcomes.AboutContact] = []
        fresh = receipts.apply(session, channel, report, now, hours, known.gateway.capabilities.adopts, told)
        attempt, note = receipts.attempt_of(session, known.channel_id, report.reference), "" if fresh else "repeated"
        about = None if attempt is None else attempt.message_id
        session.add(exchanges.log_of(known.channel_id, "status", request, report, now, message_id=about, note=note))
    _tell(exchange, told, now)


def take_call(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime, on_call: OnCall) -> Spoken | None:
    """Apply a call's event; the steps to answer with, or None where the provider wants none. May raise `Changed`."""
    try:
        step = known.gateway.read_call(known.account, request)
    except Unreadable as error:
        _odd(exchange, known, "call", error, now)
        return None
    step = _fitting(step)
    with exchange.database.writing() as session:
        channel = _channel(session, known)
        told: list[outcomes.AboutContact] = []
        heard = call_events.take(session, channel, step, now, windows.of(exchange.settings))
        # A bip may be called back; a call that ended frees a line for the next one.
        if heard.call is not None and (step.inbound or heard.call.state not in LIVE_CALLS):
            exchange.work.nudge(session, DIAL, heard.call.channel_id)
        if heard.call is not None and step.cause in outcomes.ABOUT_NUMBERS:
            told.append(outcomes.AboutContact(heard.call.contact_id, Cause(step.cause)))
        given, turn = heard.steps, 0
        if given is None and heard.call is not None:
            given = on_call(session, exchange, heard.call, step, now)
            call_events.answered_with(heard.call, given, now)
            turn = heard.call.turn
        about = None if heard.call is None else heard.call.id
        exchanges.write(session, exchanges.log_of(known.channel_id, "call", request, step, now, call_id=about))
        if heard.call is not None:
            settle(session, heard.call)
    _tell(exchange, told, now)
    return Spoken(*known.gateway.render(given, turn)) if given else None


def take_recording(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Keep the announcement of a recording; its sound is fetched by a job, never by a webhook."""
    try:
        recorded = known.gateway.read_recording(known.account, request)
    except Unreadable as error:
        _odd(exchange, known, "recording", error, now)
        return
    with exchange.database.writing() as session:
        body = _plain(request.body.decode("utf-8", "replace"))
        session.add(WebhookBody(channel_id=known.channel_id, kind="recording", received_at=now, body=body))
        session.add(exchanges.log_of(known.channel_id, "recording", request, recorded, now))


def _channel(session: Session, known: Known) -> Channel:
    """As it was when it was found: a call's step asks only whether that still holds."""
    if known.row is None or known.seen is None:
        return session.get_one(Channel, known.channel_id)
    if channels.seen(session, known.channel_id) != known.seen:
        raise Changed
    return channels.seated(session, known.row)


def _tell(exchange: Exchange, told: list[outcomes.AboutContact], now: datetime) -> None:
    if told:
        with exchange.database.writing() as session:
            outcomes.tell_contacts(session, told, now)


def _fitting(step: CallStep) -> CallStep:
    return replace(
        step,
        external_id=_short(step.external_id, LONGEST_KEY) or "?",
        number=_plain(step.number),
        reference=_short(step.reference, LONGEST_KEY),
        digits=None if step.digits is None else _plain(step.digits),
        finished_on=_plain(step.finished_on),
        code=_short(step.code, LONGEST_CODE) or "",
        seconds=step.seconds if step.seconds is None or 0 <= step.seconds <= LONGEST_CALL else None,
        turn=step.turn if step.turn is None or 0 <= step.turn <= LONGEST_CALL else None,
    )


def _plain(text: str) -> str:
    # What PostgreSQL refuses would otherwise be answered 500, and repeated, for ever.
    return inbox.cleaned(text)


def _short(text: str | None, longest: int) -> str | None:
    return None if text is None else _plain(text)[:longest]


def _sane(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and FIRST_DAY <= at <= now + timedelta(days=2) else None


def _odd(exchange: Exchange, known: Known, kind: str, error: Unreadable, now: datetime) -> None:
    log.warning("webhook.unreadable", channel=known.channel_id, kind=kind)
    with exchange.database.writing() as session:
        _channel(session, known)
        # Only a word's shape is kept: it came from outside and might hold anything.
        word = "".join(char for char in error.word[:24] if char.isalpha() or char in "_-")
        session.add(ChannelLog(channel_id=known.channel_id, at=now, inbound=True, status=200, request=kind, response=word))
