"""The one file that knows every other: it puts the parts together and registers pages, webhooks, commands, work and beats.

`create_app` starts nothing, so that commands and tests may use it; `serve` is what a web server calls.
"""

import gc
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from types import ModuleType
from typing import cast

import structlog
from flask import Flask, Response, g, request
from flask_compress import Compress
from sqlalchemy import MetaData
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client
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
from campaigns import answers, broadcasts, conversations, enrolments, firing, recorders, telling, voiced
from clubs import feedback, reminders, spot_checks
from console import api, assets, commands, doors, frame, health
from console.commands import begin, service
from demonstration import voices
from messaging import beats, calls, lookup, outbox, probing, purging, settling
from messaging.exchange import CONVERSE, DIAL, DISPATCH, FAN_OUT, LOOK_UP, PROBE, Exchange
from messaging.gateways.registry import gateways
from results import prepared
from runtime import audit, backups, crypto, logs, metrics, spool
from runtime.clock import Beat, Clock
from runtime.database import Base, Database
from runtime.installation import business_time
from runtime.jobs import Distributed
from runtime.journal import Journal
from runtime.settings import Settings, load
from runtime.work import Immediate, Inline, WorkEngine
from webhooks import door, routes

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
    app = make_app(settings)
    seat(app, settings, database, work or _engine(settings, database))
    return app


def make_app(settings: Settings) -> Flask:
    """Every page, route and command. They ask `app.extensions` for what they work on, which `seat` puts there."""
    app = Flask("lamen", static_folder=str(assets.SOURCE))
    _watch(app)
    app.register_blueprint(health.blueprint)
    frame.register(app, settings)
    api.register(app)
    commands.register(app)
    for command in (begin.begin, service.db, service.worker, service.clock, service.trust_clock):
        app.cli.add_command(command)
    _wrap(app, settings)
    return app


def seat(app: Flask, settings: Settings, database: Database, work: WorkEngine) -> None:
    """Give `app` its database, gateways, work and clock; what was there before is left to its owner."""
    database.journal = Journal(settings.journal_path)
    exchange = _exchange(app, settings, database, work)
    _register_work(exchange)
    app.extensions["lamen"] = exchange
    routes.seat(app, exchange)
    app.extensions["lamen.once"] = Once(exchange)
    app.extensions["lamen.clock"] = Clock(
        database, _beats(exchange), lease_seconds=settings.clock_lease_seconds, tick_seconds=settings.tick_seconds
    )


class Once:
    """The clock's work run by hand at a given moment, and what follows from it, until nothing is left.

    In an application of its own, made at the first call: its webhook routes must nudge the work that is run here, not that of
    the first one.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._at = datetime.now(UTC)

    def __call__(self, at: datetime) -> list[str]:
        """Run everything due at `at`; the names of the beats."""
        self._at = at
        work, clock = self._parts
        for _ in range(ROUNDS):
            names = clock.run_all(at)
            if not work.run_all():
                break
        return names

    @cached_property
    def _parts(self) -> tuple[Immediate, Clock]:
        work = Immediate()
        app = create_app(self._exchange.settings, database=self._exchange.database, work=work)
        _register_work(cast(Exchange, app.extensions["lamen"]), lambda: self._at)
        return work, cast(Clock, app.extensions["lamen.clock"])


def run() -> Flask:
    """`make run`: prepare the installation, then serve it. In one process, because loading the code is most of a start."""
    app = create_app()
    with app.app_context():
        link = begin.prepare()
    exchange, clock = cast(Exchange, app.extensions["lamen"]), cast(Clock, app.extensions["lamen.clock"])
    serve(app)
    if exchange.settings.run_clock:
        clock.ticked.wait(2.0)  # what it logs comes before the link, which a person must find at the end
    begin.greet(exchange.settings, link)
    return app


def serve(app: Flask | None = None) -> Flask:
    """The application of a web server: with its workers and, unless the setting says otherwise, its clock."""
    app = app or create_app()
    exchange, clock = cast(Exchange, app.extensions["lamen"]), cast(Clock, app.extensions["lamen.clock"])
    spool.prepare(exchange.settings.var)  # a service that could not keep a webhook must not start
    gc.freeze()  # the code and the tables stay: looking them over again and again for garbage would cost a tenth of every answer
    exchange.work.start()
    if exchange.settings.run_clock:
        clock.start()

    def end() -> None:
        threading.main_thread().join()
        exchange.stopping.set()
        clock.stop()
        exchange.work.stop()

    # Not atexit: it runs only after the interpreter has waited for threads that wait for `stopping`.
    threading.Thread(target=end, name="end", daemon=False).start()
    return app


def _engine(settings: Settings, database: Database) -> WorkEngine:
    return Distributed(database) if settings.work_engine == "procrastinate" else Inline(settings.work_threads)


def _exchange(app: Flask, settings: Settings, database: Database, work: WorkEngine) -> Exchange:
    def post(path: str, form: dict[str, str]) -> tuple[int, str]:
        """The simulator speaks to our own routes, in this process, through the same application as everybody."""
        response = Client(app).post(path, data=form)
        return response.status_code, response.get_data(as_text=True)

    return Exchange(settings, database, gateways(post), work)


def _register_work(exchange: Exchange, at: Callable[[], datetime] | None = None) -> None:
    def today() -> datetime:
        with exchange.database.reading() as session:
            return business_time(session, datetime.now(UTC))

    now = at or today

    work = exchange.work
    work.register(DISPATCH, lambda channel: _ignore(outbox.dispatch(exchange, channel, now)))
    work.register(DIAL, lambda channel: _ignore(calls.dial(exchange, channel, now)))
    work.register(FAN_OUT, lambda broadcast: _ignore(broadcasts.fan_out(exchange, broadcast, now())))
    work.register(CONVERSE, lambda message: _ignore(conversations.on_sms(exchange, message, now())))
    work.register(LOOK_UP, lambda channel: _ignore(lookup.ask(exchange, channel, now())))
    work.register(PROBE, lambda channel: _ignore(probing.probe(exchange, channel, now())))
    work.register(prepared.PREPARE, lambda number: _ignore(prepared.prepare(exchange, number, now)))
    work.register(backups.BACK_UP, lambda _: _back_up(exchange))
    work.register(voices.SPEAK, lambda _: _ignore(voices.speak(exchange, now())))


def _beats(exchange: Exchange) -> list[Beat]:
    tick = exchange.settings.tick_seconds
    plan: tuple[tuple[Callable[[Exchange, datetime], object], float, bool], ...] = (
        (firing.redate_all, 60.0, True),
        (firing.fire_due, tick, True),
        (broadcasts.start_due, tick, True),
        (broadcasts.continue_all, 30.0, True),
        (broadcasts.finish, 30.0, False),
        (conversations.sweep, 10.0, False),
        (telling.welcome, 30.0, False),
        (settling.requeue_stale, 30.0, False),
        (voiced.fetch_recordings, 10.0, False),
        (answers.deliver, 30.0, False),
        (recorders.take_dictations, 10.0, False),
        (enrolments.suspend_unheard, 3600.0, False),
        (lookup.look_up, 30.0, False),
        (beats.apply_pending, 30.0, False),
        (beats.replay_spool, 10.0, False),
        (beats.deliver_simulated, tick, False),
        (beats.probe_channels, 3600.0, False),
        (beats.cap_days, 3600.0, False),
        (purging.purge, 3600.0, False),
        (reminders.expect, 3600.0, False),
        (spot_checks.due, 3600.0, False),
        (feedback.tell, 3600.0, False),
        (prepared.tidy, 600.0, False),
        (_nudge_backup, 60.0, False),
        (_check_trail, 86400.0, False),
        (_sweep_jobs, 30.0, False),
    )

    def beat(run: Callable[[Exchange, datetime], object], seconds: float, fires: bool) -> Beat:
        return Beat(run.__name__.lstrip("_"), seconds, lambda now: _ignore(run(exchange, now)), fires)

    return [beat(*line) for line in plan]


def _check_trail(exchange: Exchange, _now: datetime) -> None:
    with exchange.database.reading() as session:
        audit.check(session)


def _nudge_backup(exchange: Exchange, _now: datetime) -> None:
    # By the wall: a simulation's moved time says nothing about how old a copy is.
    if backups.due(exchange.database, exchange.settings, datetime.now(UTC)):
        with exchange.database.writing() as session:
            exchange.work.nudge(session, backups.BACK_UP)


def _back_up(exchange: Exchange) -> None:
    wall = datetime.now(UTC)
    if backups.due(exchange.database, exchange.settings, wall):
        backups.make(exchange.database, exchange.settings, wall)
        backups.thin(exchange.database, exchange.settings, wall)


def _sweep_jobs(exchange: Exchange, _now: datetime) -> None:
    if isinstance(exchange.work, Distributed):
        exchange.work.sweep()


def _ignore(_count: object) -> None:
    """How many were done interests nobody here."""


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
        rule = request.url_rule
        package, _, endpoint = (rule.endpoint if rule else "").rpartition(".")
        if package == "webhooks":
            metrics.webhook_seconds.labels(endpoint, str(response.status_code)).observe(took)
        # The route's pattern, not the path: a webhook's path holds its token.
        route = rule.rule if rule else None
        log.debug("request", method=request.method, route=route, status=response.status_code, milliseconds=round(took * 1000))
        return response


def _seen_off(hooks: Flask, settings: Settings) -> None:
    """What the providers' answers have in common with every other: they are timed, and carry the security headers."""
    doors.protect(hooks, settings)
    _watch(hooks)


def _wrap(app: Flask, settings: Settings) -> None:
    Compress(app)
    # Every address of a static file carries its digest, so that browsers may keep it.
    static = assets.prepare(settings.var / "static")
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(static), prefix="static/", max_age=YEAR_SECONDS)  # type: ignore[method-assign]
    door.hang(app, lambda hooks: _seen_off(hooks, settings))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
