"""`content load`: messages, quiz questions and replies from files that an officer edits; loading twice changes nothing."""

from pathlib import Path

import click
from flask.cli import AppGroup

from console.commands.saying import busy, refuse
from console.edge import now, writing

command = AppGroup("content", help="Les fichiers de contenu.")


@command.command("load")
@click.argument("folder", metavar="[DOSSIER]", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def load(folder: Path | None) -> None:
    """Charger les fichiers .toml de DOSSIER, ou ceux livrés avec le service, et dire ce qui a changé."""
    from campaigns import quizzes
    from translations import content_files, library

    wanted = folder or content_files.SHIPPED
    try:
        with busy("Chargement…"), writing() as session:
            library.seed_languages(session)
            library.seed_themes(session, wanted)
            at = now(session)
            report = library.load(session, wanted, at)
            questions = quizzes.load(session, report.quizzes, at)
    except content_files.ContentFileError as error:
        raise refuse(f"Rien n'a été chargé. À corriger :\n{error}") from error
    for title, keys in (("Ajoutés", report.added), ("Changés", report.changed)):
        if keys:
            click.echo(f"{title} ({len(keys)}) : {', '.join(keys)}")
    for key in report.conflicts:
        click.echo(f"« {key} » a été réécrit dans la console : le texte du fichier n'a pas été repris.")
    click.echo(
        f"Contenus : {len(report.added)} ajoutés, {len(report.changed)} changés, {len(report.unchanged)} inchangés. "
        f"Questions de quiz : {questions.added} ajoutées, {questions.changed} changées, {questions.unchanged} inchangées."
    )
