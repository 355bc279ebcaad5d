"""From a verified webhook to our rows: one transaction each, the same for a live request and for one kept in the spool.

The provider is answered as soon as the first transaction has committed; the conversation follows as work of its own. Voice,
whose answer is the conversation, is `call_intake`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from messaging import channels, exchanges, inbox, outcomes, receipts, windows
from messaging.errors import MessagingError
from messaging.exchange import CONVERSE, DISPATCH, Exchange
from messaging.gateways.protocol import Account, Gateway, Unreadable, WebhookRequest
from messaging.models import Channel, ChannelLog, MessageState, WebhookBody

log = structlog.get_logger(__name__)

LONGEST_KEY, LONGEST_CODE = 96, 40
LONGEST_CALL = 24 * 3600  # seconds
FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


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
        odd(exchange, known, "sms", error, now)
        return
    incoming = replace(
        incoming,
        key=short(incoming.key, LONGEST_KEY),
        sender=_plain(incoming.sender),
        provider_at=_sane(incoming.provider_at, now),
        raw=_plain(incoming.raw),
    )
    with exchange.database.writing() as session:
        message = inbox.receive(session, session.get_one(Channel, known.channel_id), incoming, now)
        if message is None:
            exchanges.write(session, exchanges.log_of(known.channel_id, "sms", request, incoming, now, note="repeated"))
            return
        exchanges.write(session, exchanges.log_of(known.channel_id, "sms", request, incoming, now, message_id=message.id))
        if message.state is MessageState.RECEIVED:
            exchange.work.nudge(session, CONVERSE, message.id)
        else:
            exchange.work.nudge(session, DISPATCH, known.channel_id)


def take_status(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Store and apply a delivery report; a word we do not know is logged and changes nothing."""
    try:
        report = known.gateway.read_status(known.account, request)
    except Unreadable as error:
        odd(exchange, known, "status", error, now)
        return
    report = replace(
        report,
        reference=short(report.reference, LONGEST_KEY) or "?",
        code=short(report.code, LONGEST_CODE) or "",
        number=short(report.number, LONGEST_KEY),
        provider_at=_sane(report.provider_at, now),
    )
    with exchange.database.writing() as session:
        hours = windows.of(exchange.settings)
        channel = session.get_one(Channel, known.channel_id)
        told: list[outcomes.AboutContact] = []
        fresh = receipts.apply(session, channel, report, now, hours, known.gateway.capabilities.adopts, told)
        attempt, note = receipts.attempt_of(session, known.channel_id, report.reference), "" if fresh else "repeated"
        about = None if attempt is None else attempt.message_id
        exchanges.write(session, exchanges.log_of(known.channel_id, "status", request, report, now, message_id=about, note=note))
    tell(exchange, told, now)


def take_recording(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Keep the announcement of a recording; its sound is fetched by a job, never by a webhook."""
    try:
        recorded = known.gateway.read_recording(known.account, request)
    except Unreadable as error:
        odd(exchange, known, "recording", error, now)
        return
    with exchange.database.writing() as session:
        body = _plain(request.body.decode("utf-8", "replace"))
        session.add(WebhookBody(channel_id=known.channel_id, kind="recording", received_at=now, body=body))
        exchanges.write(session, exchanges.log_of(known.channel_id, "recording", request, recorded, now))


def channels_of(session: Session, known: Sequence[Known]) -> dict[int, Channel]:
    """The channels by their id, each as it was when it was found; of one that was remembered only whether that holds is asked.

    Raises Changed.
    """
    rows: dict[int, Channel] = {}
    for channel_id in sorted({one.channel_id for one in known}):
        remembered = {one.seen: one.row for one in known if one.channel_id == channel_id and one.row and one.seen is not None}
        if not remembered:
            rows[channel_id] = session.get_one(Channel, channel_id)
            continue
        stored = channels.seen(session, channel_id)
        if remembered.keys() != {stored}:
            raise Changed
        rows[channel_id] = channels.seated(session, remembered[stored])
    return rows


def tell(exchange: Exchange, told: Sequence[outcomes.AboutContact], now: datetime) -> None:
    """Write down what was told of numbers, after what told it."""
    if told:
        with exchange.database.writing() as session:
            outcomes.tell_contacts(session, told, now)


def _plain(text: str) -> str:
    # What PostgreSQL refuses would otherwise be answered 500, and repeated, for ever.
    return inbox.cleaned(text)


def short(text: str | None, longest: int) -> str | None:
    """What a column can hold of it."""
    return None if text is None else _plain(text)[:longest]


def _sane(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and FIRST_DAY <= at <= now + timedelta(days=2) else None


def odd(exchange: Exchange, known: Known, kind: str, error: Unreadable, now: datetime) -> None:
    """Keep that a webhook came whose words we do not know."""
    log.warning("webhook.unreadable", channel=known.channel_id, kind=kind)
    with exchange.database.writing() as session:
        channels_of(session, [known])
        # Only a word's shape is kept: it came from outside and might hold anything.
        word = "".join(char for char in error.word[:24] if char.isalpha() or char in "_-")
        session.add(ChannelLog(channel_id=known.channel_id, at=now, inbound=True, status=200, request=kind, response=word))
