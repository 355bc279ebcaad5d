"""Whether the service lives (`/healthz`), may be sent work (`/readyz`), and its figures for Prometheus (`/metrics`).

Ready means: the database answers, its tables are those of this code, and a clock ticked within the last minute.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import structlog
from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue

from messaging import figures, money, windows
from runtime import backups, clock, metrics, migrate, spool
from runtime.database import Session
from runtime.installation import business_time
from runtime.metrics import Reading

if TYPE_CHECKING:
    from messaging.exchange import Exchange

log = structlog.get_logger(__name__)

OLD_BEAT = timedelta(seconds=60)
OLD_SPOOL_SECONDS = 60.0
Values = dict[tuple[str, ...], float]

blueprint = Blueprint("health", __name__)


def _exchange() -> "Exchange":
    return cast("Exchange", current_app.extensions["lamen"])


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 while this process answers at all."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when everything needed is there, else 503; the body names each part."""
    try:
        with _exchange().database.reading() as session:
            parts = _parts(session, datetime.now(UTC))
    except Exception:  # whatever a database that is away raises, the answer is the same
        log.exception("readyz.database")
        parts = {"database": "away"}
    ready = all(part == "ok" for name, part in parts.items() if name != "clock_age_seconds")
    return jsonify(status="ok" if ready else "not ready", **parts), 200 if ready else 503


def _parts(session: Session, wall: datetime) -> dict[str, str | float | None]:
    tables = migrate.current(session)
    if tables != migrate.head():
        return {"database": "ok", "migrations": "behind" if tables is None else f"at {tables}, not {migrate.head()}"}
    beat = clock.last_beat(session)
    age = None if beat is None else round((wall - beat).total_seconds(), 1)
    ticks = age is not None and age < OLD_BEAT.total_seconds()
    waits = spool.oldest_seconds(_exchange().settings.var, wall.timestamp()) > OLD_SPOOL_SECONDS
    return {
        "database": "ok",
        "migrations": "ok",
        "clock": "ok" if ticks else "still",
        "clock_age_seconds": age,
        "spool": "waiting" if waits else "ok",
    }


@blueprint.get("/metrics")
def measures() -> Response:
    """The figures, in Prometheus's text form."""
    exchange = _exchange()
    with exchange.database.reading() as session:
        read = _readings(session, datetime.now(UTC))
    return Response(metrics.page(read, exchange.settings), content_type=metrics.CONTENT_TYPE)


def _readings(session: Session, wall: datetime) -> list[Reading]:
    now = business_time(session, wall)
    return [*_sending(session, now), *_money(session, now), *_messages(session), *_running(session)]


def _sending(session: Session, now: datetime) -> Iterator[Reading]:
    place, queues = ("channel", "kind"), figures.queues(session, now)
    waiting: Values = {(one.channel, one.kind): float(one.length) for one in queues}
    yield Reading("lamen_queue_length", "Due and not yet sent.", place, waiting)
    oldest: Values = {(one.channel, one.kind): one.oldest for one in queues}
    yield Reading("lamen_queue_oldest_seconds", "How long the oldest has been due.", place, oldest)
    what = "1 for each reason why a channel sends less than it could, or soon will: paused, breaker, throttled, slow, low."
    troubles: Values = {(one.channel, one.kind): 1.0 for one in figures.troubles(session, now)}
    yield Reading("lamen_channel_trouble", what, place, troubles)


def _money(session: Session, now: datetime) -> Iterator[Reading]:
    caps = money.in_force(session, windows.of(_exchange().settings), now)
    yield Reading("lamen_budget_cap_fcfa", "The caps in force.", ("scope",), {(one.scope,): float(one.cap) for one in caps})
    left: Values = {(one.scope,): float(one.cap - one.reserved) for one in caps}
    yield Reading("lamen_budget_left_fcfa", "What is left of them.", ("scope",), left)


def _messages(session: Session) -> Iterator[Reading]:
    states: Values = {key: float(count) for key, count in figures.states(session).items()}
    yield Reading("lamen_messages", "SMS by direction and state.", ("direction", "state"), states)
    yield Reading("lamen_inbound_messages", "SMS that ever came in.", (), {(): float(figures.inbound(session))})


def _running(session: Session) -> Iterator[Reading]:
    beat, copies = clock.last_beat(session), backups.copies(_exchange().settings.backup_path)
    ticked: Values = {(): beat.timestamp()} if beat else {}
    yield Reading("lamen_clock_beat_timestamp_seconds", "When a clock last ticked.", (), ticked)
    begun: Values = {(): copies[0].at.timestamp()} if copies else {}
    yield Reading("lamen_backup_timestamp_seconds", "When the last backup was begun.", (), begun)
    jumped: Values = {(): float(bool(clock.jumped(session)))}
    yield Reading("lamen_clock_jumped", "1 while nothing is fired: the wall clock jumped.", (), jumped)
