"""`demo`: load the demonstration, play one of its days, remove it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup

from console.commands.saying import busy, refuse
from console.credentials import add_staff
from console.edge import now, reading, writing
from console.staff import INVENTED, RoleName, Staff
from demonstration import loading, voices
from demonstration.day import Day
from demonstration.errors import DemonstrationError
from demonstration.stage import Stage
from messaging.exchange import Exchange
from messaging.models import Channel
from runtime.database import Session

command = demo = AppGroup("demo", help="La démonstration : la charger, en jouer une journée, la retirer.")
APPROVERS = (
    (INVENTED[0], "Langue (démo)", RoleName.LANGUE),
    (INVENTED[1], "Validation (démo)", RoleName.VALIDATION),
)
SENTENCES = {
    "real": "Cette installation est réelle. La démonstration a sa propre base de données.",
    "not_empty": "Il y a déjà des clubs ici. La démonstration se charge dans une base vide.",
    "no_simulator": "Il n'y a pas de canal simulateur. Ajoutez-en un d'abord.",
    "no_demonstration": "La démonstration n'est pas chargée ici. Chargez-la avec « demo load ».",
    "real_people": "De vrais numéros ont été importés à côté. Ajoutez --aussi-le-reste pour tout retirer.",
    "nothing_approved": "Aucun message français n'est approuvé ici.",
}


@demo.command("load")
@click.option("--sans-voix", "silent", is_flag=True, help="Ne pas préparer les brouillons de voix.")
def load(silent: bool) -> None:
    """Charger 64 villages, 128 CEAPV, 3 400 personnes et 90 jours d'histoire, tous inventés."""
    try:
        with busy("La démonstration se prépare…"), writing() as session:
            loaded = loading.load(session, now(session), _approvers(session))
    except DemonstrationError as error:
        raise _told(error) from error
    click.echo(
        f"Démonstration chargée : {loaded.clubs} clubs, {loaded.members} personnes, {loaded.reports} rapports, "
        f"{loaded.messages} SMS."
    )
    if silent:
        return
    with busy("La voix de synthèse parle…"):
        spoken = voices.speak(_exchange(), datetime.now(UTC))
    click.echo(f"{spoken} brouillons de voix préparés.")


@demo.command("day")
def day() -> None:
    """Jouer une journée par les vraies adresses web, puis dire ce qui s'est passé."""
    exchange = _exchange()
    with reading() as session:
        channel = session.query(Channel).filter_by(gateway="simulator").order_by(Channel.id).first()
    if channel is None:
        raise refuse(SENTENCES["no_simulator"])
    alone = exchange.settings.work_engine == "inline"
    work = cast(Callable[[datetime], object], current_app.extensions["lamen.once"]) if alone else None
    with busy("La voix de synthèse parle…"):
        voices.speak(exchange, datetime.now(UTC))  # finds nothing to say where the service has run for a minute
    try:
        story = Day(Stage(exchange, channel, work), click.echo).play()
    except DemonstrationError as error:
        raise _told(error) from error
    for line in story.lines:
        click.echo(line)


@demo.command("remove")
@click.option("--aussi-le-reste", "also_real", is_flag=True, help="Retirer aussi les vrais numéros importés à côté.")
def remove(also_real: bool) -> None:
    """Retirer la démonstration : lieux, personnes, messages et approbations."""
    try:
        with writing() as session:
            gone = loading.remove(session, _approvers(session), also_real=also_real)
    except DemonstrationError as error:
        raise _told(error) from error
    click.echo(f"Démonstration retirée : {gone} lignes.")


def _approvers(session: Session) -> tuple[int, int]:
    ids = []
    for username, name, role in APPROVERS:
        found = session.query(Staff).filter_by(username=username).one_or_none()
        staff = found or add_staff(session, username, name, {role}, datetime.now(UTC))
        session.flush()
        ids.append(staff.id)
    return ids[0], ids[1]


def _exchange() -> Exchange:
    return cast(Exchange, current_app.extensions["lamen"])


def _told(error: DemonstrationError) -> click.ClickException:
    return refuse(SENTENCES.get(error.why, f"La démonstration s'est arrêtée : {error.why}."))
