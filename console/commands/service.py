"""Commands about the service itself: its tables, and the processes of the Procfile beside the web."""

import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import click
from flask import current_app
from flask.cli import with_appcontext

from console.commands.begin import lay_tables
from runtime import audit, jobs, migrate
from runtime.clock import Clock, jumped, trust_wall
from runtime.database import Base

if TYPE_CHECKING:
    from messaging.exchange import Exchange


def _exchange() -> "Exchange":
    return cast("Exchange", current_app.extensions["lamen"])


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
@with_appcontext
def upgrade() -> None:
    """Bring the tables to what this version expects; safe to run again."""
    before, after = lay_tables(_exchange())
    click.echo(f"tables at {after}" if before == after else f"tables from {before or 'nothing'} to {after}")


@db.command()
@with_appcontext
def check() -> None:
    """List where the tables and the code differ; exit 1 if they do."""
    found = migrate.differences(_exchange().database, Base.metadata)
    for one in found:
        click.echo(str(one))
    if found:
        raise SystemExit(1)
    click.echo("tables and code agree")


@click.command()
@click.option("--concurrency", default=4, show_default=True, help="Jobs at once.")
@with_appcontext
def worker(concurrency: int) -> None:
    """Run the jobs of the PostgreSQL queue until told to end."""
    work = _exchange().work
    if not isinstance(work, jobs.Distributed):
        raise click.ClickException("only LAMEN_WORK_ENGINE=procrastinate has workers; otherwise the web process works itself")
    exchange = _exchange()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: exchange.stopping.set())
    work.work(concurrency, stopping=exchange.stopping)


@click.command()
@with_appcontext
def clock() -> None:
    """Tick until told to end. Several may run: one holds the lease, the others wait."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    exchange, ticking = _exchange(), cast(Clock, current_app.extensions["lamen.clock"])
    exchange.work.start()
    ticking.start()
    ended.wait()
    exchange.stopping.set()
    ticking.stop()
    exchange.work.stop()


@click.command("trust-clock")
@with_appcontext
def trust_clock() -> None:
    """Dire que l'heure de la machine est juste, après un saut : les envois reprennent."""
    with _exchange().database.writing() as session:
        since = jumped(session)
        if since is None:
            click.echo("l'horloge n'a pas sauté, rien à faire")
            return
        trust_wall(session)
        audit.record(session, datetime.now(UTC), "clock.trust", "clock", actor_kind="command", jumped_at=since.isoformat())
    click.echo("les envois reprennent")
