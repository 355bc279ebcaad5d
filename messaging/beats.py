"""What messaging asks of the clock, each by the exchange and the business time; how often stands in wsgi.

Running any of them twice finds nothing left to do.
"""

from datetime import datetime

from sqlalchemy import select

from messaging import money, outcomes, probing, receipts, replay, simulator_network, windows
from messaging.exchange import Exchange
from messaging.models import Channel


def apply_pending(exchange: Exchange, now: datetime) -> int:
    """Try delivery reports that came before what they are about, or whose number now has one open unknown."""
    with exchange.database.writing() as session:
        adopters = {name for name, gateway in exchange.gateways.items() if gateway.capabilities.adopts}
        ids = session.scalars(select(Channel.id).where(Channel.gateway.in_(adopters)))
        told: list[outcomes.AboutContact] = []
        done = receipts.apply_pending(session, now, windows.of(exchange.settings), frozenset(ids), told)
    if told:
        with exchange.database.writing() as session:
            outcomes.tell_contacts(session, told, now)
    return done


def replay_spool(exchange: Exchange, now: datetime) -> int:
    """Take up the webhooks that came while the database was away."""
    return replay.replay(exchange, now)


def deliver_simulated(exchange: Exchange, now: datetime) -> int:
    """Let the simulator's network do what is due."""
    return simulator_network.deliver(exchange, now)


def cap_days(exchange: Exchange, now: datetime) -> int:
    """Write down the caps of today and tomorrow, and let what waits for a budget ask anew."""
    with exchange.database.writing() as session:
        written = money.cap_days(session, windows.of(exchange.settings), now)
        money.take_up_again(session, now)
        return written


def probe_channels(exchange: Exchange, now: datetime) -> int:
    """Every hour, ask each provider that tells it what is left of our credit; how many were nudged."""
    with exchange.database.writing() as session:
        return probing.nudge_probes(session, exchange)
