"""The one file that knows every other: it puts the parts together and registers pages, webhooks, commands, work and beats.

`create_app` starts nothing, so that commands and tests may use it; `serve` is what a web server calls.
"""

import atexit
import importlib
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import ModuleType
from typing import Any, cast

import structlog
from flask import Flask, Response, g, request
from flask_compress import Compress
from sqlalchemy import MetaData
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, TestResponse
from whitenoise import WhiteNoise

import campaigns.models
import clubs.models
import clubs.records
import console.staff
import messaging.models
import results.models
import runtime.audit
import runtime.installation
import translations.models
from console import assets, frame, health
from console.commands import begin, service
from messaging.exchange import CONVERSE, DIAL, DISPATCH, FAN_OUT, Exchange
from messaging.gateways.protocol import Gateway
from runtime import crypto, logs, metrics
from runtime.clock import Beat, Clock
from runtime.database import Base, Database
from runtime.installation import business_time
from runtime.jobs import Distributed
from runtime.settings import Settings, load
from runtime.work import Immediate, Inline, WorkEngine

log = structlog.get_logger(__name__)

# Every file with rows; naming them here is what makes their tables known to Alembic.
ROWS: tuple[ModuleType, ...] = (
    *(runtime.audit, runtime.installation, translations.models, messaging.models),
    *(clubs.models, clubs.records, campaigns.models, results.models, console.staff),
)
ROUNDS = 20  # a beat may leave work that makes the next beat useful: a call's keys, a receipt
YEAR_SECONDS = 31_536_000
REQUEST_ID = "X-Request-ID"


def metadata() -> MetaData:
    """Every table of every package."""
    return Base.metadata


def create_app(settings: Settings | None = None, *, database: Database | None = None, work: WorkEngine | None = None) -> Flask:
    """The service as a WSGI application, nothing running yet. A caller that brings its own database has loaded its own keys."""
    settings = settings or load()
    logs.configure(settings)
    if database is None:
        crypto.use(crypto.load_keys(settings.key_path))
        database = Database(settings.database_url)
    app = Flask("lamen", static_folder=str(assets.SOURCE))
    exchange = _exchange(app, settings, database, work or _engine(settings, database))
    app.extensions["lamen"] = exchange
    _watch(app)
    app.register_blueprint(health.blueprint)
    frame.register(app, exchange)
    _later(app, exchange)
    for command in (begin.begin, service.db, service.worker, service.clock):
        app.cli.add_command(command)
    _register_work(exchange)
    app.extensions["lamen.once"] = partial(once, exchange)
    app.extensions["lamen.clock"] = Clock(
        database, _beats(exchange), lease_seconds=settings.clock_lease_seconds, tick_seconds=settings.tick_seconds
    )
    _wrap(app, settings)
    return app


def once(exchange: Exchange, at: datetime) -> list[str]:
    """Run the clock's work as if it were `at`, and what follows from it, until nothing is left; the names of the beats.

    In an application of its own: its webhook routes must nudge the work that is run here, not that of the first one.
    """
    work = Immediate()
    app = create_app(exchange.settings, database=exchange.database, work=work)
    inner, clock = cast(Exchange, app.extensions["lamen"]), cast(Clock, app.extensions["lamen.clock"])
    _register_work(inner, lambda: at)
    for _ in range(ROUNDS):
        names = clock.run_all(at)
        if not work.run_all():
            break
    return names


def run() -> Flask:
    """`make run`: prepare the installation, then serve it. In one process, because loading the code is most of a start."""
    app = create_app()
    with app.app_context():
        begin.prepare()
    return serve(app)


def serve(app: Flask | None = None) -> Flask:
    """The application of a web server: with its workers and, unless the setting says otherwise, its clock."""
    app = app or create_app()
    exchange, clock = cast(Exchange, app.extensions["lamen"]), cast(Clock, app.extensions["lamen.clock"])
    exchange.work.start()
    if exchange.settings.run_clock:
        clock.start()

    def end() -> None:
        exchange.stopping.set()
        clock.stop()
        exchange.work.stop()

    atexit.register(end)
    return app


def _engine(settings: Settings, database: Database) -> WorkEngine:
    return Distributed(database) if settings.work_engine == "procrastinate" else Inline(settings.work_threads)


def _exchange(app: Flask, settings: Settings, database: Database, work: WorkEngine) -> Exchange:
    def post(path: str, form: dict[str, str]) -> TestResponse:
        """The simulator speaks to our own routes, in this process, through the same application as everybody."""
        return Client(app).post(path, data=form)

    gateways: dict[str, Gateway] = {}
    simulator = _part("messaging.gateways.simulator")
    if simulator is not None:
        gateways["simulator"] = simulator.Simulator(post)
    return Exchange(settings, database, gateways, work)


def _part(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:  # only while packages are being written: replaced by plain imports when all stand
        log.error("part.missing", part=name, why=repr(error))
        return None


def _later(app: Flask, exchange: Exchange) -> None:
    routes = _part("webhooks.routes")
    if routes is not None:
        app.register_blueprint(routes.blueprint)
    for name in ("console.api", "console.commands"):
        register = getattr(_part(name), "register", None)
        if register is None:
            continue
        try:
            register(app)
        except ImportError as error:  # as above
            log.error("part.missing", part=name, why=repr(error))


def _register_work(exchange: Exchange, at: Callable[[], datetime] | None = None) -> None:
    def today() -> datetime:
        with exchange.database.reading() as session:
            return business_time(session, datetime.now(UTC))

    now = at or today

    def with_now(module: str, name: str, moment: Callable[[], Any]) -> Callable[[int], None]:
        def run(subject: int) -> None:
            getattr(importlib.import_module(module), name)(exchange, subject, moment())

        return run

    def converse(message_id: int) -> None:
        with exchange.database.writing() as session:
            importlib.import_module("campaigns.conversations").on_sms(session, exchange, message_id, now())

    exchange.work.register(DISPATCH, with_now("messaging.outbox", "dispatch", lambda: now))
    exchange.work.register(DIAL, with_now("messaging.calls", "dial", lambda: now))
    exchange.work.register(FAN_OUT, with_now("campaigns.broadcasts", "fan_out", now))
    exchange.work.register(CONVERSE, converse)


def _beats(exchange: Exchange) -> list[Beat]:
    tick = exchange.settings.tick_seconds
    beats = []
    for module, name, seconds, fires in (
        ("campaigns.schedule", "fire_due", tick, True),
        ("messaging.outbox", "requeue_stale", 30.0, False),
    ):
        run = getattr(_part(module), name, None)
        if run is not None:
            beats.append(Beat(name, seconds, partial(run, exchange), fires))
    if isinstance(exchange.work, Distributed):
        work = exchange.work
        beats.append(Beat("sweep_jobs", 30.0, lambda _now: _ignore(work.sweep())))
    return beats


def _ignore(_count: int) -> None:
    """A beat's count interests nobody."""


def _watch(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = uuid.uuid4().hex  # never the caller's own: it would be theirs to forge in our log
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        took = time.perf_counter() - g.get("began", time.perf_counter())
        response.headers[REQUEST_ID] = g.get("request_id", "")
        if request.blueprint == "webhooks":
            metrics.webhook_seconds.labels((request.endpoint or "").rpartition(".")[2], str(response.status_code)).observe(took)
        # The route's pattern, not the path: a webhook's path holds its token.
        route = request.url_rule.rule if request.url_rule else None
        log.debug("request", method=request.method, route=route, status=response.status_code, milliseconds=round(took * 1000))
        return response


def _wrap(app: Flask, settings: Settings) -> None:
    Compress(app)
    # Every address of a static file carries its digest, so that browsers may keep it.
    static = assets.prepare(settings.var / "static")
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(static), prefix="static/", max_age=YEAR_SECONDS)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
