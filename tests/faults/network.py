"""The pretended provider of the fault tests: a process of its own that is never killed, and whose ledger judges.

It takes what it answers 200 to, and what it answers nothing to: a sender must not be able to tell that from a lost request.
"""

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

PORTS = range(20_000, 32_000)
READY_SECONDS = 30.0


@dataclass
class Ledger:
    """`taken` in order as (reference, number). `refusing` and `silent` are shares of requests, `seconds` the answer's delay."""

    taken: list[tuple[str, str]]
    chance: random.Random
    refusing: float = 0.0
    silent: float = 0.0
    seconds: float = 0.0

    async def send(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if self.chance.random() < self.refusing:
            return web.json_response({"error": "busy"}, status=503)
        self.taken.append((asked["reference"], asked["number"]))
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.chance.random() < self.silent:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.json_response({"id": f"theirs-{asked['reference']}"})

    async def read(self, _request: web.Request) -> web.Response:
        return web.json_response(self.taken)

    async def change(self, request: web.Request) -> web.Response:
        for name, value in (await request.json()).items():
            setattr(self, name, float(value))
        return web.json_response({})


def serve(port: int, seed: int) -> None:
    """Answer until the test ends this process."""
    ledger = Ledger([], random.Random(seed))
    app = web.Application()
    app.add_routes([web.post("/send", ledger.send), web.get("/ledger", ledger.read), web.post("/change", ledger.change)])
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


@dataclass(frozen=True)
class Provider:
    """The running provider as a test sees it."""

    url: str

    def taken(self) -> Counter[str]:
        """How often each number was taken."""
        return Counter(number for _, number in self._ask("GET", "/ledger"))

    def references(self) -> set[str]:
        """Our attempts' ids as they arrived there."""
        return {reference for reference, _ in self._ask("GET", "/ledger")}

    def change(self, **settings: float) -> None:
        """Answer otherwise from now on."""
        self._ask("POST", "/change", settings)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        async def ask() -> Any:
            async with aiohttp.ClientSession() as session, session.request(method, self.url + path, json=body) as answer:
                return await answer.json()

        return asyncio.run(ask())


def free_port() -> int:
    """A port nobody listens on, under 32768, where no outgoing connection takes one."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port")


def wait_for_port(port: int, seconds: float = READY_SECONDS) -> None:
    """Return once somebody listens there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


@contextmanager
def provider(seed: int) -> Iterator[Provider]:
    """Run the provider for as long as the block lasts."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.faults.network", str(port), str(seed)])
    try:
        wait_for_port(port)
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
