"""`restore`: bring a backup back, try it beside the service, and let a restored service send again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console.commands.saying import busy, refuse
from console.edge import database, exchange, reading, wall_time

if TYPE_CHECKING:
    from console.restoring import Restored

command = AppGroup("restore", help="Remettre une sauvegarde en service.")
WHY = {
    "running": "Le service tourne encore. Arrêtez tous ses processus, attendez une minute, puis recommencez.",
    "not_empty": "Il y a déjà une base à cet endroit. Ajoutez --replace : elle sera mise de côté (PostgreSQL : effacée).",
    "other_database": "Cette sauvegarde vient de l'autre sorte de base (SQLite ou PostgreSQL).",
    "newer": "Cette sauvegarde vient d'une version plus récente du programme. Installez cette version, puis recommencez.",
    "other_keys": "Ces clés n'ouvrent pas cette sauvegarde. Remettez le fichier des clés à sa place, puis recommencez.",
    "unfinished": "La sauvegarde est en place, mais la restauration n'est pas finie : rien ne part, rien ne peut reprendre. "
    "Cherchez la cause, puis recommencez avec --replace.",
    "journal_missing": "Le journal des STOP manque. Remettez-le en place, ou ajoutez --any-journal : "
    "les STOP reçus depuis la sauvegarde seront alors perdus.",
    "journal_another": "Ce journal des STOP n'est pas celui de la sauvegarde. Remettez le bon, ou ajoutez --any-journal.",
}
FILE = click.argument("file", metavar="[FICHIER]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))


@command.command("from")
@FILE
@click.option("--replace", is_flag=True, help="Une base est déjà là : la mettre de côté (PostgreSQL : l'effacer).")
@click.option("--any-journal", is_flag=True, help="Accepter un autre journal des STOP, ou aucun.")
def bring(file: Path | None, replace: bool, any_journal: bool) -> None:
    """Restaurer FICHIER, ou la dernière sauvegarde. Rien ne part ensuite avant `restore release`."""
    from console import restoring

    path = file or _newest()
    with _refusing(), busy("Restauration…"):
        found = restoring.restore(database(), exchange().settings, path, wall_time(), replace=replace, any_journal=any_journal)
    _tell(found)
    click.echo("Rien ne part. Démarrez le service, regardez, puis : flask --app wsgi restore release --send ou --drop")


@command.command("drill")
@FILE
def drill(file: Path | None) -> None:
    """Essayer une restauration à côté du service, puis l'effacer : une fois par mois."""
    from console import restoring

    path = file or _newest()
    with _refusing(), busy("Essai de restauration…"):
        found = restoring.drill(database(), exchange().settings, path, wall_time())
    _tell(found)


@command.command("release")
@click.option("--send/--drop", default=None, required=True, help="Laisser partir ce qui attendait, ou l'abandonner.")
def release(send: bool) -> None:
    """Laisser un service restauré envoyer de nouveau. Avec --send, un message peut arriver deux fois."""
    from console import restoring
    from messaging.errors import RestoreUnfinished

    with reading() as session:
        waited = restoring.waiting(session)
    try:
        count = restoring.release(exchange(), None, wall_time(), send=send)
    except RestoreUnfinished as error:
        raise refuse("La restauration n'est pas finie. Recommencez-la : restore from, avec --replace.") from error
    if waited is None:
        raise refuse("Rien n'est retenu : ce service n'a pas été restauré, ou les envois ont déjà repris.")
    click.echo(f"Les envois reprennent. {count} SMS et appels {'repartent' if send else 'abandonnés'}.")


def _newest() -> Path:
    from runtime import backups

    found = backups.copies(exchange().settings.backup_path)
    if not found:
        raise refuse("Aucune sauvegarde n'a été trouvée. Donnez un fichier.")
    return found[0].path


@contextmanager
def _refusing() -> Iterator[None]:
    from console.restoring import RestoreError
    from runtime.backups import BackupError, SealedFileError
    from runtime.crypto import CryptoError

    try:
        yield
    except RestoreError as error:
        cause = f" ({type(error.__cause__).__name__})" if error.__cause__ else ""
        raise refuse(WHY[str(error)] + cause) from error
    except (BackupError, SealedFileError, CryptoError, OSError) as error:
        raise refuse(f"La restauration a échoué, rien n'a changé : {error}") from error


def _tell(found: "Restored") -> None:
    click.echo(f"Sauvegarde du {found.at.isoformat(timespec='seconds')}, restaurée en {found.seconds:.0f} s.")
    click.echo(f"{found.contacts} numéros, {found.held.messages} SMS retenus, {found.held.calls} appels en attente,")
    click.echo(f"{found.held.unknown} SMS au sort inconnu.")
    done = sum(found.taken_back.values())
    click.echo(f"{done} STOP, retraits et effacements du journal refaits.")
