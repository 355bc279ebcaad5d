"""`begin`: everything between an empty folder and a service somebody can sign in to; `make run` calls it before each start.

A second call changes nothing but the sign-in link, which is new each time and works once.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import click
from flask import current_app
from flask.cli import with_appcontext

from campaigns import quizzes
from console.credentials import add_staff, link_address, make_link
from console.staff import RoleName, Staff
from demonstration import voices
from messaging import channels
from messaging.models import Channel
from runtime import jobs, migrate
from runtime.database import Base, Session
from runtime.installation import installation
from runtime.journal import Journal
from translations import content_files, library

if TYPE_CHECKING:
    from messaging.exchange import Exchange
    from runtime.settings import Settings

FIRST = "admin"
SIMULATOR = ("simulateur", "simulator", "36085")
# Prices of the order of Mali's, so that a demonstration shows what a sending would cost.
SIMULATOR_SETTINGS = {"training": "oui", "price_per_part": "15", "price_per_minute": "108"}


def _exchange() -> "Exchange":
    return cast("Exchange", current_app.extensions["lamen"])


def lay_tables(exchange: "Exchange") -> tuple[str | None, str]:
    """Bring our tables, and the work engine's, to what this version expects; the revision before, and after."""
    moved = migrate.upgrade(exchange.database, Base.metadata)
    if isinstance(exchange.work, jobs.Distributed):
        jobs.prepare(exchange.database)
    return moved


def load_contents(session: Session, now: datetime) -> library.LoadReport:
    """Languages, themes and the shipped contents; loading twice changes nothing."""
    library.seed_languages(session)
    library.seed_themes(session)
    report = library.load(session, content_files.SHIPPED, now)
    quizzes.load(session, report.quizzes, now)
    return report


def _first_channel(session: Session, now: datetime) -> None:
    name, gateway, number = SIMULATOR
    both = (channels.SMS, channels.VOICE)
    if session.query(Channel).first() is None:
        channels.add(session, name, gateway, number, SIMULATOR_SETTINGS, now, kinds=both, default_for=both)


def _first_person(session: Session, now: datetime) -> Staff:
    found = session.query(Staff).filter_by(username=FIRST).one_or_none()
    return found or add_staff(session, FIRST, "Administration", {RoleName.ADMINISTRATION, RoleName.COMMUNICATION}, now)


@click.command()
@with_appcontext
def begin() -> None:
    """Prepare tables, contents and a first account, then print the address and a sign-in link that works once."""
    greet(_exchange().settings, prepare())


def greet(settings: "Settings", link: str) -> None:
    """Say where to go, and how to get in; the last words of a start, which nothing else should push out of sight."""
    click.echo(f"Adresse : {settings.base_url}")
    click.echo(f"Lien de connexion, valable une fois : {link}")


def prepare() -> str:
    """All of `begin` but its last words, inside an application context; the sign-in link."""
    exchange, now = _exchange(), datetime.now(UTC)
    before, after = lay_tables(exchange)
    if before != after:
        click.echo(f"Base de données prête (version {after}).")
    with exchange.database.writing() as session:
        fresh = not session.query(Staff).first()
        installation(session)
        report = load_contents(session, now)
        _first_channel(session, now)
        person = _first_person(session, now)
        session.flush()
        link = link_address(make_link(session, person, now))
    if report.added or report.changed:
        click.echo(f"Contenus : {len(report.added)} ajoutés, {len(report.changed)} changés.")
    if fresh:
        _load_demonstration()
    with exchange.database.writing() as session:
        if installation(session).demonstration:
            exchange.work.nudge(session, voices.SPEAK)  # a minute of work: the service starts without waiting for it
    Journal(exchange.settings.journal_path).place()  # begun now, and not by the first backup after the link was said
    return link


def _load_demonstration() -> None:
    group = current_app.cli.commands.get("demo")
    load = group.commands.get("load") if isinstance(group, click.Group) else None
    if load is not None:
        load.main(args=["--sans-voix"], standalone_mode=False)
