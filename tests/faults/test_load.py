"""F9: SMS posted to the web server as fast as this machine takes them: each is stored once. Speed and memory are told.

Only the full form judges them: the short one also runs where ten other things do.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from runtime.database import Database
from tests.crowd import number
from tests.faults.phones import stored
from tests.faults.processes import FILES, FULL, Fleet, family, scaled, wait_until
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", FILES, indirect=True)]

CONNECTIONS = 16
A_SECOND = 200
P99_SECONDS = 0.25
MEGABYTES = 50


def _megabytes(server: int) -> float:
    pages = sum(int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in family(server))
    return pages * 4096 / 2**20


def _post(url: str, seconds: float) -> tuple[list[str], list[float], list[int]]:
    """Post at most A_SECOND a second; the ids answered 2xx, how long each answer took, and every other status."""

    async def run() -> tuple[list[str], list[float], list[int]]:
        taken: list[str] = []
        took: list[float] = []
        others: list[int] = []
        began = time.monotonic()
        places = iter(range(int(seconds * A_SECOND)))
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one() -> None:
                for place in places:
                    await asyncio.sleep(began + place / A_SECOND - time.monotonic())
                    if time.monotonic() > began + seconds:
                        return
                    form = {"id": f"in-{place}", "from": number(place), "text": f"Bonjour {place}"}
                    sent = time.monotonic()
                    async with session.post(url, data=form) as answer:
                        took.append(time.monotonic() - sent)
                        if 200 <= answer.status < 300:
                            taken.append(form["id"])
                        else:
                            others.append(answer.status)

            await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
        return taken, took, others

    return asyncio.run(run())


def test_each_sms_of_a_crowd_that_writes_at_once_is_stored_once(
    database: Database, world: World, fleet: Fleet, figure: Callable[[str], None]
) -> None:
    server, port = fleet.serve()
    url = f"http://127.0.0.1:{port}/hooks/{world.token}/sms"
    _post(url, 1.0)  # what a first request loads is no growth
    before = _megabytes(server.pid)
    taken, took, others = _post(url, seconds := scaled(5, 600))
    growth = _megabytes(server.pid) - before
    p99 = sorted(took)[int(len(took) * 0.99)]
    figure(f"{len(taken) / seconds:.0f} a second, p99 {p99 * 1000:.0f} ms, memory {growth:+.0f} MiB")
    wait_until(lambda: set(taken) <= set(stored(database)))
    assert others == []
    assert set(stored(database).values()) == {1}
    if FULL:
        assert p99 <= P99_SECONDS
        assert growth <= MEGABYTES
