"""From a verified webhook to our rows: one transaction each, the same for a live request and for one kept in the spool.

The provider is answered as soon as the first transaction has committed; the conversation follows as work of its own, but for
voice, whose answer is the conversation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from messaging import call_events, channels, inbox, receipts, windows
from messaging.exchange import CONVERSE, DIAL, DISPATCH, Exchange
from messaging.gateways.protocol import Account, CallStep, Gateway, Unreadable, WebhookRequest
from messaging.models import Call, Channel, ChannelLog, MessageState, WebhookBody
from messaging.states import LIVE_CALLS
from messaging.steps import Step

log = structlog.get_logger(__name__)

OnCall = Callable[[Session, Exchange, Call, CallStep, datetime], tuple[Step, ...]]
"""The conversation by voice: the steps that follow one turn of one call."""


@dataclass(frozen=True)
class Known:
    """The channel behind a token, as much of it as outlives the transaction that found it."""

    channel_id: int
    gateway: Gateway
    account: Account


@dataclass(frozen=True)
class Spoken:
    """What to answer a voice request: a body and its content type."""

    body: str
    content_type: str


def identify(exchange: Exchange, token: str, now: datetime) -> Known | None:
    """The channel of a webhook address, or None."""
    with exchange.database.reading() as session:
        channel = channels.by_token(session, token, now)
        if channel is None or channel.gateway not in exchange.gateways:
            return None
        return Known(channel.id, exchange.gateways[channel.gateway], channels.account(channel, exchange.settings.base_url))


def take_sms(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Store an SMS; its conversation and, after a STOP, its confirmation are nudged."""
    incoming = known.gateway.read_sms(known.account, request)
    with exchange.database.writing() as session:
        message = inbox.receive(session, session.get_one(Channel, known.channel_id), incoming, now)
        if message is None:
            return
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
    with exchange.database.writing() as session:
        hours = windows.of(exchange.settings)
        channel = session.get_one(Channel, known.channel_id)
        receipts.apply(session, channel, report, now, hours, known.gateway.capabilities.adopts)


def take_call(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime, on_call: OnCall) -> Spoken | None:
    """Apply a call's event; the steps to answer with, or None where the provider wants none."""
    try:
        step = known.gateway.read_call(known.account, request)
    except Unreadable as error:
        _odd(exchange, known, "call", error, now)
        return None
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, known.channel_id)
        heard = call_events.take(session, channel, step, now, windows.of(exchange.settings))
        # A bip may be called back; a call that ended frees a line for the next one.
        if heard.call is not None and (step.inbound or heard.call.state not in LIVE_CALLS):
            exchange.work.nudge(session, DIAL, known.channel_id)
        given, turn = heard.steps, 0
        if given is None and heard.call is not None:
            given = on_call(session, exchange, heard.call, step, now)
            call_events.answered_with(heard.call, given)
            turn = heard.call.turn
    return Spoken(*known.gateway.render(given, turn)) if given else None


def take_recording(exchange: Exchange, known: Known, request: WebhookRequest, now: datetime) -> None:
    """Keep the announcement of a recording; fetching it is a job of the voice issue, never of a webhook."""
    known.gateway.read_recording(known.account, request)
    with exchange.database.writing() as session:
        body = request.body.decode("utf-8", "replace")
        session.add(WebhookBody(channel_id=known.channel_id, kind="recording", received_at=now, body=body))


def _odd(exchange: Exchange, known: Known, kind: str, error: Unreadable, now: datetime) -> None:
    log.warning("webhook.unreadable", channel=known.channel_id, kind=kind)
    with exchange.database.writing() as session:
        # Only a word's shape is kept: it came from outside and might hold anything.
        word = "".join(char for char in error.word[:24] if char.isalpha() or char in "_-")
        session.add(ChannelLog(channel_id=known.channel_id, at=now, inbound=True, status=200, request=kind, response=word))
