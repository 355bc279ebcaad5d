"""`channel …`: our numbers on gateways and the secret addresses their providers call."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console.commands.saying import refuse, table
from console.edge import exchange, now, reading, wall_time, writing
from runtime.database import Session

if TYPE_CHECKING:
    from messaging.models import Channel

command = AppGroup("channel", help="Les canaux : nos numéros chez les opérateurs.")

WHY = {
    "name_taken": "Un canal porte déjà ce nom. Choisissez-en un autre.",
    "real_in_simulation": "Cette installation est une simulation : seul le canal « simulator » y est possible.",
    "not_a_number": "Les prix, débits et nombres sont des nombres entiers.",
}


def _settings(pairs: tuple[str, ...]) -> Mapping[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise refuse(f"« {wrong[0]} » n'est pas de la forme clé=valeur.")
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


@command.command("add")
@click.argument("name", metavar="NOM")
@click.option("--gateway", required=True, metavar="SORTE", help="Sorte de passerelle, par exemple simulator.")
@click.option("--number", required=True, metavar="N", help="Numéro ou code court du canal.")
@click.option("--setting", "pairs", multiple=True, metavar="CLÉ=VALEUR", help="Un réglage ; à répéter.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(["sms", "voice"]), help="SMS, voix ou les deux ; SMS si rien n'est dit."
)
@click.option("--default-for", multiple=True, metavar="LANGUE", help="Langue dont ce canal est le premier choix ; à répéter.")
def add(
    name: str, gateway: str, number: str, pairs: tuple[str, ...], kinds: tuple[str, ...], default_for: tuple[str, ...]
) -> None:
    """Ajouter un canal et donner les adresses à écrire chez l'opérateur."""
    from messaging import channels
    from messaging.errors import ChannelError
    from runtime import audit

    kind = exchange().gateways.get(gateway)
    if kind is None:
        known = ", ".join(sorted(exchange().gateways))
        raise refuse(f"La passerelle « {gateway} » n'existe pas. Les passerelles possibles : {known}.")
    settings = _settings(pairs)
    wrong = kind.check(settings)
    if wrong:
        raise refuse(f"Réglages à corriger : {', '.join(wrong)}.")
    try:
        with writing() as session:
            channel = channels.add(session, name, gateway, number, settings, now(session), kinds or ("sms",), default_for)
            audit.record(session, wall_time(), "channel.add", "channel", channel.id, actor_kind="command")
    except ChannelError as error:
        raise refuse(WHY.get(error.why, f"Ce canal est refusé : {error.why}.")) from error
    _addresses(channels.webhook_urls(channel, exchange().settings.base_url))


def _addresses(urls: Mapping[str, str]) -> None:
    for kind, url in urls.items():
        click.echo(f"{kind:<10} {url}")


@command.command("list")
def show() -> None:
    """Montrer les canaux, sans leurs secrets."""
    from messaging.models import Channel, ChannelState

    with reading() as session:
        rows = session.query(Channel).filter(Channel.state != ChannelState.REMOVED).order_by(Channel.id).all()
    lines = ((row.name, row.gateway, row.number, "+".join(row.kinds), row.state.value, row.paused_reason) for row in rows)
    table(("nom", "passerelle", "numéro", "sorte", "état", "raison"), lines)


@command.command("check")
@click.argument("name", metavar="NOM")
def check(name: str) -> None:
    """Vérifier les réglages d'un canal et montrer ses adresses."""
    from messaging import channels

    with reading() as session:
        channel = _channel(session, name)
    gateway = exchange().gateways.get(channel.gateway)
    if gateway is None:
        raise refuse(f"La passerelle « {channel.gateway} » n'existe plus dans cette version.")
    wrong = gateway.check(json.loads(channel.settings or "{}"))
    _addresses(channels.webhook_urls(channel, exchange().settings.base_url))
    if wrong:
        raise refuse(f"Réglages à corriger : {', '.join(wrong)}.")
    click.echo(f"Le canal « {name} » est bien réglé. État : {channel.state.value}.")


@command.command("rotate")
@click.argument("name", metavar="NOM")
def rotate(name: str) -> None:
    """Changer les adresses secrètes d'un canal ; les anciennes répondent encore sept jours."""
    from messaging import channels
    from runtime import audit

    with writing() as session:
        channel = _channel(session, name)
        channels.rotate_token(channel, now(session))
        audit.record(session, wall_time(), "channel.rotate", "channel", channel.id, actor_kind="command")
    _addresses(channels.webhook_urls(channel, exchange().settings.base_url))


def _channel(session: Session, name: str) -> "Channel":
    from messaging.models import Channel

    found = session.query(Channel).filter_by(name=name).one_or_none()
    if found is None:
        raise refuse(f"Aucun canal ne s'appelle « {name} ». `channel list` les montre.")
    return found
