"""`backup`: what the clock does by itself, by hand."""

from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console.commands.saying import busy, refuse
from console.edge import database, exchange, wall_time

if TYPE_CHECKING:
    from runtime.backups import Copy

command = AppGroup("backup", help="Les sauvegardes de la base de données.")
MEGABYTE = 1_000_000


def told(copy: "Copy") -> str:
    """One backup in a line."""
    return f"{copy.at.isoformat(timespec='seconds')}  {copy.size / MEGABYTE:.1f} Mo  {copy.path}"


@command.command("make")
def make() -> None:
    """Sauvegarder maintenant, pendant que le service tourne, puis effacer les copies trop vieilles."""
    from runtime import backups

    wall, settings = wall_time(), exchange().settings
    try:
        with busy("Sauvegarde…"):
            copy = backups.make(database(), settings, wall)
    except (backups.BackupError, OSError) as error:
        raise refuse(f"La sauvegarde n'a pas pu être écrite : {error}") from error
    gone = backups.thin(database(), settings, wall)
    click.echo(told(copy) + (f"\n{gone} anciennes copies effacées." if gone else ""))


@command.command("list")
def show() -> None:
    """Les copies gardées, la plus récente d'abord."""
    from runtime import backups

    found = backups.copies(exchange().settings.backup_path)
    for copy in found:
        click.echo(told(copy))
    if not found:
        click.echo("Aucune sauvegarde.")
