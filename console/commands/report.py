"""`report parse`: what the service would understand of an SMS and answer, without storing anything or asking the database."""

from datetime import datetime

import click
from flask.cli import AppGroup

from console.commands.saying import Moment, as_json, utc

command = AppGroup("report", help="Essayer la grammaire des comptes rendus.")


@command.command("parse")
@click.argument("text", metavar="TEXTE")
@click.option("--at", type=Moment(), required=True, help="Moment de la réception, par exemple 2026-03-18T10:00Z.")
@click.option("--club", required=True, metavar="CODE", help="Code à quatre chiffres du club de l'expéditeur.")
@click.option(
    "--from",
    "sender",
    type=click.Choice(["facilitator", "supervisor", "member", "unknown"]),
    default="facilitator",
    show_default=True,
    help="Qui envoie : une animatrice du club, un autre rôle, ou un numéro inconnu.",
)
@click.option("--after", multiple=True, metavar="TEXTE", help="Ce que le même téléphone a envoyé juste avant ; à répéter.")
def parse(text: str, at: datetime, club: str, sender: str, after: tuple[str, ...]) -> None:
    """Dire en JSON ce que le service comprend de TEXTE et ce qu'il répondrait."""
    from clubs.grammar.explain import explain

    as_json(explain(text, at=utc(at), club=club, sender=sender, after=after))
