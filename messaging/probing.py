"""Ask a channel's provider how our account stands, and keep what it says on the channel's row: nothing is sent.

It never raises: whoever asks wants a sentence, and a provider that cannot be reached is one.
"""

import asyncio
import re
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import channels
from messaging.exchange import PROBE, Exchange
from messaging.gateways.protocol import TOTAL_SECONDS, Account, Cause, Gateway, Probe
from messaging.models import Channel, ChannelState

log = structlog.get_logger(__name__)

HEALTHY = "ok"
LOW_UNITS = 100
_AMOUNT = re.compile(r"-?\d{1,3}(?:[\s,]\d{3})+(?:[.,]\d+)?|-?\d+(?:[.,]\d+)?")


def probe(exchange: Exchange, channel_id: int, now: datetime, seconds: float = TOTAL_SECONDS) -> Probe:
    """What the provider says within so many seconds. To be called outside any transaction."""
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, channel_id)
        account, name = channels.account(channel, exchange.settings.base_url), channel.gateway
    gateway = exchange.gateways.get(name)
    found = Probe(Cause.OTHER, "gateway") if gateway is None else _asked(gateway, account, seconds)
    with exchange.database.writing() as session:
        rows = select(Channel).where(Channel.id == channel_id).with_for_update(key_share=True)
        _keep(session.scalars(rows.execution_options(populate_existing=True)).one(), found, now)
    return found


def is_low(channel: Channel) -> bool:
    """Whether what is left, as last told, is below the channel's own limit; without one, nothing left or fewer than 100 units."""
    if channel.units is not None:
        return channel.units < (channel.warn_below or LOW_UNITS)
    amount = amount_of(channel.balance or "")
    return amount is not None and (amount < channel.warn_below if channel.warn_below else amount <= 0)


def amount_of(balance: str) -> float | None:
    """The number in a balance as its provider words it ("XOF 1 250,50"), None without any."""
    found = _AMOUNT.search(balance)
    if found is None:
        return None
    # A space or comma before three digits parts thousands; any other comma is the decimal one.
    return float(re.sub(r"[\s,](?=\d{3}(?!\d))", "", found[0]).replace(",", "."))


def nudge_probes(session: Session, exchange: Exchange) -> int:
    """Ask later, each by itself, for every balance that a provider tells; how many."""
    telling = [
        name for name, one in exchange.gateways.items() if one.capabilities.tells_balance and not one.capabilities.simulated
    ]
    ids = session.scalars(select(Channel.id).where(Channel.gateway.in_(telling), Channel.state != ChannelState.REMOVED)).all()
    for channel_id in ids:
        exchange.work.nudge(session, PROBE, channel_id)
    return len(ids)


def _asked(gateway: Gateway, account: Account, seconds: float) -> Probe:
    async def run() -> Probe:
        async with gateway.line(account) as line:
            return await asyncio.wait_for(line.probe(), seconds)

    try:
        return asyncio.run(run())
    except TimeoutError:
        return Probe(Cause.TIMEOUT, "timeout")
    except Exception:  # whatever a gateway file forgot to catch
        log.exception("probe.raised", channel=account.channel_id)
        return Probe(Cause.OTHER, "exception")


def _keep(channel: Channel, found: Probe, now: datetime) -> None:
    channel.checked_at = now
    channel.health = HEALTHY if found.cause is None else found.cause.value
    channel.health_detail = found.detail[:200] or None
    if found.balance:
        channel.balance = found.balance[:80]
    if found.units is not None:
        channel.units, channel.units_expire = found.units, found.expires
