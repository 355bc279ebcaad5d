"""`catalogs`: collect the console's French words, and say which have no English yet."""

import click

from console import catalogs as words


@click.command("catalogs")
def command() -> None:
    """Bring console/translations up to date with the words of pages and code."""
    untranslated = words.update()
    click.echo(f"{len(untranslated)} mot(s) sans anglais dans {words.NEW.name}.")
