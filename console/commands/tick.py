"""`tick`: the clock's work, once, at a given time; for tests, for a demonstration, and after an outage."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import click
from flask import current_app
from flask.cli import with_appcontext

from console.commands.saying import Moment, busy, refuse, utc
from console.edge import now, reading
from runtime.installation import Installation

AHEAD = timedelta(minutes=1)


@click.command("tick")
@click.option("--at", type=Moment(), help="Moment à jouer, par exemple 2026-03-18T10:00Z ; maintenant si rien n'est dit.")
@with_appcontext
def command(at: datetime | None) -> None:
    """Faire une fois le travail de l'horloge : lancer ce qui est dû, envoyer, répondre, appliquer les accusés."""
    with reading() as session:
        today, place = now(session), session.get(Installation, 1)
    at = utc(at) if at else today
    if place is not None and not place.simulation and at > today + AHEAD:
        raise refuse("Cette installation est réelle : ce moment est à venir, et les messages partiraient avant l'heure.")
    once = cast(Callable[[datetime], list[str]], current_app.extensions["lamen.once"])
    with busy("Travail de l'horloge…"):
        names = once(at)
    click.echo(f"{at.isoformat(timespec='seconds')} : {', '.join(names)}.")
