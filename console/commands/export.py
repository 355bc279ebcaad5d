"""`export results`, `export dhis2`: the results of a period as files; never a number, a name, a village or a text."""

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


@command.command("dhis2")
@click.argument("file", metavar="FICHIER", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--from", "since", type=DAY, required=True, metavar="AAAA-MM-JJ", help="Premier jour du premier mois.")
@click.option("--to", "until", type=DAY, required=True, metavar="AAAA-MM-JJ", help="Dernier jour du dernier mois.")
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="Correspondance (TOML)."
)
@click.option("--dry-run", is_flag=True, help="Dire ce qui manque, sans rien écrire.")
def dhis2_file(file: Path, since: datetime, until: datetime, mapping: Path, dry_run: bool) -> None:
    """Écrire les chiffres de mois entiers dans FICHIER, comme DHIS2 les importe (dataValueSets)."""
    from results import dhis2
    from results.scope import Scope

    try:
        with busy("Préparation…"), reading() as session:
            read = dhis2.read(mapping.read_text(encoding="utf-8"))
            made, run = dhis2.document(session, Scope(since.date(), until.date()), read, now(session).date())
    except dhis2.MappingError as error:
        raise refuse(str(error)) from error
    for words, names in (
        ("Indicateurs sans correspondance", run.indicators),
        ("Communes sans correspondance", run.areas),
        ("Noms que rien ne porte", run.unknown),
        ("Valeurs cachées", run.hidden),
        ("Valeurs absentes", run.empty),
    ):
        if names:
            click.echo(f"{words} ({len(names)}) : {', '.join(names)}")
    if not dry_run:
        file.write_bytes(dhis2.written(made))
    click.echo(f"{run.values} valeurs{' seraient écrites' if dry_run else f' dans {file}'}.")
