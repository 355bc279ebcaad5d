"""Our own numbers on gateways: adding them, their secret webhook addresses, and which one a message takes.

The token in a webhook address is the only protection several providers offer: it is sealed, found by its blind index, and an
old one keeps working for a week after its rotation.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import bindparam, literal, select, type_coerce
from sqlalchemy.orm import Session, load_only, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.types import NullType

from messaging import pace
from messaging.errors import ChannelError
from messaging.gateways.protocol import Account
from messaging.models import Channel, ChannelState, Inbound
from messaging.numbers import is_simulated, normalise, operator_of
from runtime.crypto import blind
from runtime.installation import Installation, installation, note_words

TOKEN_BYTES = 32
OLD_TOKEN_LIFE = timedelta(days=7)
SIMULATOR = "simulator"
SMS, VOICE, BIP = "sms", "voice", "bip"
KINDS = (SMS, VOICE, BIP)
OPERATORS = ("orange", "moov", "telecel")
HOOKS = ("sms", "status", "call", "recording")
UNTESTED_PER_HOUR: Mapping[str, int] = {"android": 60}
"""What a channel of such a gateway may send an hour until somebody has tested its SIM."""
_COLUMNS = (
    *("in_flight", "parts_per_minute", "parts_per_hour", "calls_at_once", "price_per_part", "price_per_minute"),
    *("needs_bundle", "warn_below", "failover_id", "billing_step", "billing_least", "inbound"),
)
_YES, _NO = ("1", "oui", "true", "yes"), ("", "0", "non", "false", "no")
_SAME_OPERATOR: Mapping[str, str] = {"malitel": "moov", "atel": "telecel"}
_HAS_TOKEN = (Channel.token_index == bindparam("token")) | (Channel.old_token_index == bindparam("token"))
_BY_TOKEN = select(Channel).where(_HAS_TOKEN)
# What every webhook asks of its channel; the rest is read where it is asked for.
_OF_A_WEBHOOK = (
    *(Channel.gateway, Channel.number, Channel.settings, Channel.state, Channel.token),
    *(Channel.token_index, Channel.old_token_index, Channel.old_token_until),
)
# The same as it is stored: sealed values are sealed anew by whoever changes them, so that they need not be opened to be compared.
_SEEN = (
    select(*(type_coerce(column, NullType) for column in _OF_A_WEBHOOK), Installation.offset_seconds, Installation.words)
    .outerjoin(Installation, Installation.id == 1)
    .where(Channel.id == bindparam("channel"))
)
Seen: TypeAlias = tuple[Any, ...]
_ONE = select(literal(1).label("id")).subquery()  # a row, whether there is a channel, an installation or neither
_ARRIVED = (
    select(Channel, Installation.offset_seconds)
    .select_from(_ONE)
    .outerjoin(Installation, Installation.id == _ONE.c.id)
    .outerjoin(Channel, _HAS_TOKEN)
    .options(load_only(*_OF_A_WEBHOOK))
    .limit(1)
)


def add(
    session: Session,
    name: str,
    gateway: str,
    number: str,
    settings: Mapping[str, str],
    now: datetime,
    kinds: Sequence[str] = (SMS,),
    default_for: Sequence[str] = (),
) -> Channel:
    """Store a channel with a fresh token. Settings named like a column (price_per_part…) set it; the rest are the gateway's.

    `kinds` are sms, voice and bip; `default_for` holds language codes and names of operators.
    ChannelError: "name_taken", "real_in_simulation", "not_a_number", "not_a_choice" (for such a column), "own_failover".
    """
    if session.scalar(select(Channel.id).where(Channel.name == name)) is not None:
        raise ChannelError("name_taken")
    place = installation(session)
    if gateway != SIMULATOR and (place.simulation or place.demonstration or place.offset_seconds):
        raise ChannelError("real_in_simulation")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    channel = Channel(
        name=name,
        gateway=gateway,
        number=normalise(number) or number.strip(),
        kinds=list(kinds),
        default_for=list(default_for),
        token=token,
        token_index=blind(token),
        state=ChannelState.ACTIVE,
        parts_per_hour=UNTESTED_PER_HOUR.get(gateway, 0),
        breaker_step=0,
        misses_in_row=0,
        rest_step=0,
        created_at=now,
    )
    session.add(channel)
    session.flush()
    configure(channel, settings)
    session.flush()
    return channel


def configure(channel: Channel, settings: Mapping[str, str]) -> None:
    """Change settings; those not named stay. An empty value removes one. ChannelError as in `add`, but for the name."""
    kept: dict[str, Any] = json.loads(channel.settings) if channel.settings else {}
    for key, value in settings.items():
        if key in _COLUMNS:
            setattr(channel, key, _column(channel, key, value))
        elif value == "":
            kept.pop(key, None)
        else:
            kept[key] = value
    channel.settings = json.dumps(kept)


def pause(channel: Channel, reason: str) -> None:
    """Stop sending; the queue waits. `reason` is one word: staff, bundle, or the cause that needs a person."""
    channel.state, channel.paused_reason = ChannelState.PAUSED, reason


def resume(channel: Channel) -> None:
    """Send again, at once and at full pace: what failed before is forgotten."""
    channel.state, channel.paused_reason = ChannelState.ACTIVE, None
    pace.close(channel)
    channel.rest_step, channel.rest_since, channel.rest_until = 0, None, None


def rotate_token(channel: Channel, now: datetime) -> str:
    """A new token; the old one still answers for seven days."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    channel.old_token_index, channel.old_token_until = channel.token_index, now + OLD_TOKEN_LIFE
    channel.token, channel.token_index = token, blind(token)
    return token


def by_token(session: Session, token: str, now: datetime | None = None) -> Channel | None:
    """The channel a webhook address belongs to; removed channels have none."""
    index = blind(token)
    return _meant(session.scalar(_BY_TOKEN, {"token": index}), index, now)


def arrived(session: Session, token: str, wall: datetime) -> tuple[Channel | None, datetime]:
    """`by_token` at the business time of `wall`, which is the second value: all that a webhook must know, asked at once."""
    index = blind(token)
    found, offset = session.execute(_ARRIVED, {"token": index}).one()
    now = wall + timedelta(seconds=offset or 0)
    return _meant(found, index, now), now


def seen(session: Session, channel_id: int) -> Seen:
    """What a webhook's answer depends on, of a channel and of business time, as it is stored: equal while nothing has changed."""
    row = session.connection().execute(_SEEN, {"channel": channel_id}).first()
    if row is None:
        return ()
    note_words(session, row.words)
    return tuple(row)


def seated(session: Session, known: Channel) -> Channel:
    """A channel of this transaction with what a webhook asks of it, from one that was read before and has not changed since."""
    row = Channel()
    for column in (Channel.id, *_OF_A_WEBHOOK):
        set_committed_value(row, column.key, getattr(known, column.key))
    make_transient_to_detached(row)
    session.add(row)
    return row


def _meant(found: Channel | None, index: bytes, now: datetime | None) -> Channel | None:
    """Found by a keyed index, then compared in constant time: the time it takes says nothing about any token."""
    if found is None or found.state is ChannelState.REMOVED:
        return None
    if secrets.compare_digest(found.token_index, index):
        return found
    overlaps = found.old_token_until is not None and (now is None or now < found.old_token_until)
    return found if overlaps and secrets.compare_digest(found.old_token_index or b"", index) else None


def webhook_urls(channel: Channel, base_url: str) -> dict[str, str]:
    """The addresses to give to the provider, by what they are for."""
    return {kind: f"{base_url}/hooks/{channel.token}/{kind}" for kind in HOOKS}


def account(channel: Channel, base_url: str) -> Account:
    """The channel as its gateway sees it."""
    return Account(channel.id, channel.number, json.loads(channel.settings or "{}"), f"{base_url}/hooks/{channel.token}")


def trains(channel: Channel) -> bool:
    """Whether this channel may send French drafts: a simulator's only, by its setting `training`."""
    return channel.gateway == SIMULATOR and str(json.loads(channel.settings or "{}").get("training", "")) in ("1", "true", "oui")


def choose(session: Session, kind: str, language: str | None, number: str) -> Channel | None:
    """The channel of one kind (sms, voice, bip) for one number.

    First the one that is default for its operator, because a network takes its own best, then for the language, then the oldest.
    Simulated numbers only take simulators. A paused channel is still chosen where no other is: its queue waits.
    """
    usable = select(Channel).where(Channel.state != ChannelState.REMOVED).order_by(Channel.id)
    operator = operator_of(number) or ""
    found = [
        channel
        for channel in session.scalars(usable)
        if kind in channel.kinds and (channel.gateway == SIMULATOR or not is_simulated(number))
    ]

    def rank(channel: Channel) -> tuple[bool, bool, bool]:
        served = {_SAME_OPERATOR.get(entry, entry) for entry in channel.default_for}
        return (channel.state is not ChannelState.ACTIVE, operator not in served, (language or "") not in served)

    return min(found, key=rank, default=None)


def _column(channel: Channel, name: str, value: str) -> int | bool | Inbound | None:
    if name == "needs_bundle":
        if value.lower() not in _YES + _NO:
            raise ChannelError("not_a_number")
        return value.lower() in _YES
    if name == "failover_id" and value == "":
        return None
    if name == "inbound":
        if value not in set(Inbound):
            raise ChannelError("not_a_choice")
        return Inbound(value)
    number = _whole(value)
    if name == "billing_step" and number < 1:
        raise ChannelError("not_a_number")
    if name == "failover_id" and number == channel.id:
        raise ChannelError("own_failover")
    return number


def _whole(value: str) -> int:
    if not value.strip().isascii() or not value.strip().isdigit():
        raise ChannelError("not_a_number")
    return int(value)
