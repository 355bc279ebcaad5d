"""`export results`: the results of a period as a workbook, or as CSV files in a ZIP; never a number, a name or a text."""

from datetime import date, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from console.commands.saying import busy, refuse
from console.edge import now, reading

command = AppGroup("export", help="Exporter en fichiers.")
DAY = click.DateTime(["%Y-%m-%d"])


@command.command("results")
@click.argument("file", metavar="FICHIER", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--from", "since", type=DAY, required=True, metavar="AAAA-MM-JJ", help="Premier jour.")
@click.option("--to", "until", type=DAY, required=True, metavar="AAAA-MM-JJ", help="Dernier jour, compris.")
def results(file: Path, since: datetime, until: datetime) -> None:
    """Écrire les résultats d'une période dans FICHIER : .xlsx, ou .zip pour des CSV."""
    first, last = since.date(), until.date()
    if last < first:
        raise refuse("Le dernier jour vient avant le premier. Corrigez --from ou --to.")
    if file.suffix.lower() not in (".xlsx", ".zip"):
        raise refuse("Donnez un nom de fichier en .xlsx ou en .zip.")
    with busy("Préparation…"):
        data = _data(file, first, last)
    file.write_bytes(data)
    click.echo(f"{file} : {len(data)} octets, du {first:%d/%m/%Y} au {last:%d/%m/%Y}.")


def _data(file: Path, since: date, until: date) -> bytes:
    from results import exports
    from results.scope import Scope

    with reading() as session:
        scope = Scope(since, until)
        if file.suffix.lower() == ".zip":
            return exports.csv_files(session, scope)
        return exports.workbook(session, scope, now(session))
