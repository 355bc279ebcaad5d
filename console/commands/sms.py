"""`sms count`: what a text costs as an SMS, and why."""

import click
from flask.cli import AppGroup

from console.commands.saying import as_json

command = AppGroup("sms", help="Mesurer un SMS.")


@command.command("count")
@click.argument("text", metavar="TEXTE")
def count(text: str) -> None:
    """Donner en JSON le codage, la longueur, le nombre de SMS et les caractères qui coûtent cher."""
    from translations.sms import measure

    as_json(measure(text).as_json())
