"""The service as the fault tests run it: everything real but the gateway, which speaks to the pretended provider, and the beats,
which come each second instead of each half minute, so that a lost queue costs a test no minute.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
from flask import Flask
from sqlalchemy import select

import wsgi
from campaigns import broadcasts
from messaging import outbox
from messaging.away import is_away
from messaging.exchange import Exchange
from messaging.gateways.protocol import Account, Cause, Line, Outcome, OutgoingSms, Sent
from messaging.gateways.simulator import Simulator
from messaging.models import Broadcast, Channel
from runtime import crypto, logs, settings
from runtime.clock import Clock
from runtime.database import Database
from runtime.installation import business_time
from runtime.jobs import Distributed
from runtime.work import Inline, WorkEngine

BEAT_SECONDS = 1.0
PAUSE_SECONDS = 0.05


class Wire(Simulator):
    """A gateway over HTTP, which can look nothing up; the channel's setting `network` is the provider's address."""

    capabilities = replace(Simulator.capabilities, takes_with_our_record=False)

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return _open(str(account.settings["network"]))


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[Line]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield _Line(session, f"{url}/send")


class _Line(Line):
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def send(self, sms: OutgoingSms) -> Sent:
        body = {"reference": sms.reference, "number": sms.number}
        try:
            async with self._session.post(self._url, json=body) as answer:
                if answer.status == 503:
                    return Sent(Outcome.ERRORED, cause=Cause.BUSY_GATEWAY, status=503)
                return Sent(Outcome.WIRED, (await answer.json())["id"], status=200)
        except aiohttp.ClientConnectorError:
            return Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION)
        except (aiohttp.ClientError, ValueError):
            return Sent(Outcome.UNKNOWN, code="no_answer")


def serve() -> Flask:
    """What granian calls."""
    application = wsgi.create_app()
    _dress(application)
    return wsgi.serve(application)


def _dress(application: Flask) -> None:
    """Put the pretended provider behind the simulator's channels, and let the clock hurry."""
    exchange = cast(Exchange, application.extensions["lamen"])
    gateways = cast(dict[str, Any], exchange.gateways)
    if "network" in _settings(exchange):
        gateways["simulator"] = Wire(gateways["simulator"].post)
    clock = cast(Clock, application.extensions["lamen.clock"])
    clock.beats = tuple(replace(beat, every_seconds=min(beat.every_seconds, BEAT_SECONDS)) for beat in clock.beats)


def _settings(exchange: Exchange) -> str:
    with exchange.database.reading() as session:
        return " ".join(session.scalars(select(Channel.settings)))


def send(exchange: Exchange) -> None:
    """One sender, again and again; a database that is away for a moment ends it no more than it ends the real workers."""
    while True:
        try:
            send_once(exchange)
        except Exception as error:
            if not is_away(error):
                raise
            traceback.print_exc()
        time.sleep(PAUSE_SECONDS)


def send_once(exchange: Exchange) -> None:
    """Go on with every fan-out, then dispatch every channel."""

    def now() -> datetime:
        with exchange.database.reading() as session:
            return business_time(session, datetime.now(UTC))

    with exchange.database.reading() as session:
        channels = list(session.scalars(select(Channel.id)))
        open_ = list(session.scalars(select(Broadcast.id).where(Broadcast.cursor >= 0)))
    for broadcast_id in open_:
        broadcasts.fan_out(exchange, broadcast_id, now())
    for channel_id in channels:
        outbox.dispatch(exchange, channel_id, now)


def be(application: Flask, role: str) -> None:
    """Be one process of the service until killed."""
    given = settings.load()
    logs.configure(given)
    crypto.use(crypto.load_keys(given.key_path))
    database = Database(given.database_url)
    work: WorkEngine = Distributed(database) if given.work_engine == "procrastinate" else Inline(given.work_threads)
    wsgi.seat(application, given, database, work)
    _dress(application)
    print(f"ready {os.getpid()}", flush=True)
    if role == "sender":
        send(cast(Exchange, application.extensions["lamen"]))
    elif role == "clock":
        cast(Clock, application.extensions["lamen.clock"]).start()
        threading.Event().wait()
    elif role == "alone":
        wsgi.serve(application)
        threading.Event().wait()
    elif isinstance(work, Distributed):
        work.work()


def nursery() -> None:
    """Fork one process for each line on stdin, a role with its environment and log: loading and making the application anew for
    each would take most of a test's time.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    given = settings.load()
    crypto.use(crypto.load_keys(given.key_path))
    application = wsgi.make_app(given)
    for line in sys.stdin:
        if os.fork() == 0:
            _child(application, json.loads(line))
    os.killpg(0, signal.SIGKILL)  # the tests are gone: nobody else would end these processes


def _child(application: Flask, asked: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
    os.dup2(log, sys.stderr.fileno())
    os.environ.update(asked["env"])
    try:
        be(application, asked["role"])
    except BaseException:  # or this child would go on as a second nursery
        traceback.print_exc()
    print(f"{asked['role']} {os.getpid()} ended by itself", file=sys.stderr, flush=True)
    os._exit(1)


if __name__ == "__main__":
    nursery()
