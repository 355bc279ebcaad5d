"""`staff …`: who may use the console; a forgotten password needs no mail server, only this command."""

import click
from flask.cli import AppGroup

from console.commands.saying import refuse, table
from console.edge import reading, wall_time, writing

command = AppGroup("staff", help="Les utilisateurs de la console.")

ROLES = ("administration", "communication", "validation", "terrain", "lecture", "langue", "suivi", "protection")


@command.command("add")
@click.argument("name", metavar="NOM")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Un rôle ; à répéter.")
@click.option("--display", metavar="TEXTE", help="Nom à montrer, par exemple « Fanta Coulibaly ».")
@click.option("--village", "villages", multiple=True, metavar="CODE", help="Village du rôle terrain ; à répéter.")
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Langue des pages.")
def add(name: str, roles: tuple[str, ...], display: str | None, villages: tuple[str, ...], language: str) -> None:
    """Ajouter un utilisateur et donner un lien qui ouvre la console une fois."""
    from clubs.models import Village
    from console import credentials
    from console.staff import RoleName, give_villages
    from runtime import audit

    wall = wall_time()
    try:
        with writing() as session:
            staff = credentials.add_staff(
                session, name, display or name, {RoleName(role) for role in roles}, wall, language=language
            )
            ids = {code: session.query(Village.id).filter_by(code=code).scalar() for code in villages}
            missing = [code for code, id_ in ids.items() if id_ is None]
            if missing:
                raise refuse(f"Aucun village n'a le code « {missing[0]} ».")
            give_villages(session, staff.id, frozenset(ids.values()))
            audit.record(session, wall, "staff.add", "staff", staff.id, actor_kind="command", roles=" ".join(sorted(roles)))
            token = credentials.make_link(session, staff, wall)
    except ValueError as error:
        raise refuse("Ce nom est déjà pris, ou vide. Choisissez-en un autre.") from error
    _link(credentials.link_address(token))


@command.command("reset")
@click.argument("name", metavar="NOM")
def reset(name: str) -> None:
    """Donner à un utilisateur un lien qui ouvre la console une fois."""
    from console import credentials
    from console.staff import Staff
    from runtime import audit

    wall = wall_time()
    with writing() as session:
        staff = session.query(Staff).filter_by(username=name.strip().lower()).one_or_none()
        if staff is None:
            raise refuse(f"Aucun utilisateur ne s'appelle « {name} ». `staff list` les montre.")
        if not staff.active:
            raise refuse(f"Le compte « {name} » est fermé.")
        staff.failed_sign_ins, staff.refused_until = 0, None
        token = credentials.make_link(session, staff, wall)
        audit.record(session, wall, "staff.reset", "staff", staff.id, actor_kind="command")
    _link(credentials.link_address(token))


def _link(address: str) -> None:
    click.echo("Ce lien ouvre la console une fois, pendant 24 heures :", err=True)
    click.echo(address)


@command.command("list")
def show() -> None:
    """Montrer les utilisateurs et leurs rôles."""
    from console.staff import Staff

    with reading() as session:
        rows = session.query(Staff).order_by(Staff.username).all()
        lines = [
            (
                row.username,
                row.display_name,
                "actif" if row.active else "fermé",
                " ".join(sorted(role.name for role in row.roles)),
            )
            for row in rows
        ]
    table(("nom", "nom montré", "compte", "rôles"), lines)
