"""`token …`: bearer tokens of the API; each is printed once and cannot be shown again."""

from datetime import timedelta

import click
from flask.cli import AppGroup

from console.commands.saying import refuse, table
from console.edge import reading, wall_time, writing

command = AppGroup("token", help="Les jetons de l'API.")

SCOPES = (
    "read:clubs", "read:people", "read:numbers", "read:messages", "read:inquiries", "read:reports", "read:results",
    "read:contents", "read:campaigns", "write:campaigns",
)  # fmt: skip


@command.command("add")
@click.argument("name", metavar="NOM")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="Un droit ; à répéter.")
@click.option("--village", "codes", multiple=True, help="Code d'un village, s'il ne doit lire que celui-là ; à répéter.")
@click.option("--days", type=click.IntRange(0), default=365, show_default=True, help="Durée de vie ; 0 : sans fin.")
def add(name: str, scopes: tuple[str, ...], codes: tuple[str, ...], days: int) -> None:
    """Faire un jeton et le montrer une seule fois."""
    from clubs.overview import ids_of
    from console.api import tokens

    lives = timedelta(days=days) if days else None
    try:
        with writing() as session:
            villages = ids_of(session, codes)
            token = tokens.make(session, name, frozenset(tokens.Scope(scope) for scope in scopes), wall_time(), lives, villages)
    except LookupError as error:
        raise refuse(f"Aucun village n'a le code « {error} ».") from error
    except ValueError as error:
        if str(error) == "programme":
            raise refuse("Les campagnes sont celles de tout le programme : ce droit ne va pas avec un village.") from error
        raise refuse("Un jeton porte déjà ce nom. Choisissez-en un autre.") from error
    click.echo("Notez ce jeton : il ne sera plus montré.", err=True)
    click.echo(token)


@command.command("list")
def show() -> None:
    """Montrer les jetons, leurs droits et leur dernier usage."""
    from console.staff import ApiToken

    with reading() as session:
        rows = session.query(ApiToken).order_by(ApiToken.id).all()
    wall = wall_time()
    lines = []
    for row in rows:
        ended = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= wall)
        until = row.expires_at.date() if row.expires_at else "sans fin"
        used = row.last_used_at.date() if row.last_used_at else "jamais"
        lines.append((row.name, "fini" if ended else "actif", until, used, " ".join(row.scopes)))
    table(("nom", "état", "jusqu'au", "dernier usage", "droits"), lines)


@command.command("revoke")
@click.argument("name", metavar="NOM")
def revoke(name: str) -> None:
    """Mettre fin à un jeton, tout de suite."""
    from console.api import tokens

    with writing() as session:
        done = tokens.revoke(session, name, wall_time())
    if not done:
        raise refuse(f"Aucun jeton actif ne s'appelle « {name} ». `token list` les montre.")
    click.echo(f"Le jeton « {name} » ne vaut plus rien.")
