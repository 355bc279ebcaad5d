"""How many messages of a broadcast a second leave to a provider that answers at once, beside the same requests alone."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import cast

import aiohttp
from sqlalchemy import insert

from campaigns.broadcasts import fan_out
from messaging.exchange import Exchange
from messaging.models import ChannelLog
from messaging.outbox import dispatch
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests import crowd
from tests.faults.network import Provider
from tests.faults.service import Wire
from tests.messaging.fakes import with_gateway
from tests.world import World
from wsgi import create_app

MESSAGES = 10_000
IN_FLIGHT = 100
GROUP = 200


def _now() -> datetime:
    return datetime.now(UTC)


def _requests(url: str) -> float:
    async def run() -> float:
        waiting = iter(range(MESSAGES))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one() -> None:
                for place in waiting:
                    async with session.post(f"{url}/send", json={"reference": str(place), "number": "+0"}) as answer:
                        await answer.json()

            began = time.perf_counter()
            await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
            return time.perf_counter() - began

    return asyncio.run(run())


def _rows(database: Database, channel_id: int) -> float:
    row = {"channel_id": channel_id, "at": _now(), "inbound": False, "request": "bare", "response": "", "milliseconds": 0}
    began = time.perf_counter()
    for _ in range(MESSAGES // GROUP):
        with database.writing() as session:
            session.execute(insert(ChannelLog), [row] * GROUP)
    return time.perf_counter() - began


def measure(database: Database, settings: Settings, world: World, provider: Provider) -> list[tuple[str, float]]:
    """(what, a second): planned, sent, and the two bare floors."""
    crowd.gather(database, world, MESSAGES, _now())
    crowd.channel(database, world, IN_FLIGHT, json.dumps({"network": provider.url}))
    app = create_app(settings, database=database, work=Immediate())
    exchange = with_gateway(cast(Exchange, app.extensions["lamen"]), Wire(lambda path, form: (204, "")))
    broadcast_id = crowd.broadcast(database, world, _now())
    began = time.perf_counter()
    planned = fan_out(exchange, broadcast_id, _now())
    middle = time.perf_counter()
    sent = dispatch(exchange, world.channel, _now)
    ended = time.perf_counter()
    if (planned, sent) != (MESSAGES, MESSAGES):
        raise RuntimeError(f"planned {planned}, sent {sent}")
    return [
        ("messages planned (fan_out)", planned / (middle - began)),
        ("messages sent (claim, request, record)", sent / (ended - middle)),
        ("both, one after the other", sent / (ended - began)),
        (f"bare requests, {IN_FLIGHT} at once", MESSAGES / _requests(provider.url)),
        (f"bare rows, {GROUP} a transaction", MESSAGES / _rows(database, world.channel)),
    ]
