"""`members import`: a sheet of members, its bad rows told by their own number, the rest imported only on confirmation."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console.commands.saying import busy, refuse
from console.edge import now, reading, writing

if TYPE_CHECKING:
    from clubs.imports import ImportPlan, Remark
    from clubs.sheets import Sheet

command = AppGroup("members", help="Les membres des clubs.")


@command.command("import")
@click.argument("file", metavar="FICHIER", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Vérifier seulement, sans rien enregistrer.")
@click.option("--yes", is_flag=True, help="Importer les bonnes lignes sans demander.")
@click.option("--encoding", help="Codage d'un CSV, par exemple cp1252, quand il est mal deviné.")
def bring(file: Path, dry_run: bool, yes: bool, encoding: str | None) -> None:
    """Importer des membres d'un tableau XLSX, ODS, XLS ou CSV."""
    from clubs import imports
    from clubs.rows import HEADINGS
    from clubs.sheets import SheetError
    from clubs.sheets import read as read_sheet

    try:
        with busy("Lecture et vérification…"), reading() as session:
            sheet = read_sheet(file.read_bytes(), file.name, HEADINGS, encoding)
            at = now(session)
            plan = None if yes and not dry_run else imports.check(session, sheet, at.date())
        if plan is not None:
            _tell(plan)
    except SheetError as error:
        raise refuse(str(error)) from error
    if dry_run:
        click.echo("Rien n'a été enregistré (essai).")
        return
    if plan is not None:
        _possible(plan)
        click.confirm(f"Importer {len(plan.ready)} lignes ?", abort=True)
    _write(sheet, plan)


def _write(sheet: "Sheet", shown: "ImportPlan | None") -> None:
    """Import the plan that was shown and confirmed; without one, the plan as it is now."""
    from clubs import imports
    from clubs.sheets import SheetError

    try:
        with busy("Enregistrement…"), writing() as session:
            at = now(session)
            plan = imports.check(session, sheet, at.date())
            if shown is None:
                _tell(plan)
                _possible(plan)
            elif plan != shown:
                raise refuse("Les membres ont changé pendant ce temps. Recommencez pour voir le nouveau résultat.")
            done = imports.carry_out(session, plan, at)
    except SheetError as error:
        raise refuse(str(error)) from error
    click.echo(f"{done.members} membres importés, {done.contacts} numéros, {done.consents} accords.")


def _possible(plan: "ImportPlan") -> None:
    if not plan.ready:
        raise refuse("Aucune ligne ne peut être importée. Corrigez le fichier, puis recommencez.")


def _tell(plan: "ImportPlan") -> None:
    if plan.unknown_columns:
        click.echo(f"Colonnes ignorées : {', '.join(plan.unknown_columns)}.")
    _group("Refusées", plan.refused)
    _group("Enregistrées, sans aucun envoi", plan.warned)
    click.echo(
        f"{plan.rows} lignes lues : {len(plan.ready)} peuvent être importées, dont {len(plan.warned)} sans envoi ; "
        f"{plan.rows - len(plan.ready)} refusées."
    )


def _group(title: str, remarks: "Iterable[Remark]") -> None:
    found = sorted(remarks, key=lambda remark: remark.row)
    if not found:
        return
    click.echo(f"{title} ({len(found)}) :")
    for remark in found:
        click.echo(f"  ligne {remark.row}, {remark.column} : {remark.sentence}")
    click.echo()
