"""`channel …`: our numbers on gateways, the secret addresses their providers call, and whether they answer.

The sentences are those of the channel's pages. Everything that loads slowly is imported where it is used.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from console.commands.saying import refuse, table
from console.edge import exchange, now, reading, wall_time, writing
from runtime.database import Session

if TYPE_CHECKING:
    from messaging.gateways.protocol import Gateway
    from messaging.models import Channel

command = AppGroup("channel", help="Les canaux : nos numéros chez les opérateurs.")

WHY = {
    "name_taken": "Un canal porte déjà ce nom. Choisissez-en un autre.",
    "real_in_simulation": "Cette installation est une simulation : seul le canal « simulator » y est possible.",
    "not_a_number": "Les prix, débits et nombres sont des nombres entiers.",
    "own_failover": "Un canal ne peut pas se secourir lui-même.",
}


def _settings(pairs: tuple[str, ...]) -> Mapping[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise refuse(f"« {wrong[0]} » n'est pas de la forme clé=valeur.")
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


def _known(gateway: "Gateway", settings: Mapping[str, str]) -> None:
    """Refuse a setting that neither the gateway nor a channel has: a slip of the pen would be stored and never used."""
    from console.channel_form import COLUMNS

    names = {*(one.name for one in gateway.settings), *COLUMNS}
    strange = sorted(set(settings) - names)
    if strange:
        raise refuse(f"Le réglage « {strange[0]} » n'existe pas. Les réglages possibles : {', '.join(sorted(names))}.")


def _judge(gateway: "Gateway", settings: Mapping[str, str]) -> None:
    wrong = gateway.check(settings)
    if wrong:
        raise refuse(f"Réglages à corriger : {', '.join(wrong)}.")


@command.command("add")
@click.argument("name", metavar="NOM")
@click.option("--gateway", required=True, metavar="SORTE", help="Sorte de passerelle, par exemple simulator.")
@click.option("--number", required=True, metavar="N", help="Numéro ou code court du canal.")
@click.option("--setting", "pairs", multiple=True, metavar="CLÉ=VALEUR", help="Un réglage ; à répéter.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(["sms", "voice", "bip"]), help="À répéter ; SMS si rien n'est dit."
)
@click.option("--default-for", multiple=True, metavar="CODE", help="Langue ou opérateur servis d'abord ; à répéter.")
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
    _known(kind, settings)
    _judge(kind, settings)
    try:
        with writing() as session:
            channel = channels.add(session, name, gateway, number, settings, now(session), kinds or ("sms",), default_for)
            audit.record(session, wall_time(), "channel.add", "channel", channel.id, actor_kind="command")
    except ChannelError as error:
        raise refuse(WHY.get(error.why, f"Ce canal est refusé : {error.why}.")) from error
    _addresses(channel)


@command.command("edit")
@click.argument("name", metavar="NOM")
@click.option("--setting", "pairs", multiple=True, required=True, metavar="CLÉ=VALEUR", help="Un réglage ; vide l'enlève.")
def edit(name: str, pairs: tuple[str, ...]) -> None:
    """Changer des réglages d'un canal ; ceux qui ne sont pas nommés restent."""
    from console.channel_form import COLUMNS
    from messaging import channels
    from messaging.errors import ChannelError
    from runtime import audit

    settings = _settings(pairs)
    with reading() as session:
        channel = _channel(session, name)
    kind = _gateway(channel)
    _known(kind, settings)
    own = {key: value for key, value in settings.items() if key not in COLUMNS}
    whole = json.loads(channel.settings or "{}") | own
    _judge(kind, {key: value for key, value in whole.items() if value != ""})
    try:
        with writing() as session:
            row = _channel(session, name)
            channels.configure(row, settings)
            audit.record(session, wall_time(), "channel.edit", "channel", row.id, actor_kind="command")
    except ChannelError as error:
        raise refuse(WHY.get(error.why, f"Ce réglage est refusé : {error.why}.")) from error
    click.echo(f"Le canal « {name} » est enregistré. `channel check {name}` l'essaie.")


@command.command("bundle")
@click.argument("name", metavar="NOM")
@click.option("--units", required=True, type=click.IntRange(1), metavar="N", help="Nombre de SMS achetés.")
@click.option("--expires", required=True, type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), metavar="DATE", help="Dernier jour.")
@click.option("--price", default=0, type=click.IntRange(0), metavar="F", help="Prix payé, en FCFA.")
def bundle(name: str, units: int, expires: datetime, price: int) -> None:
    """Noter un forfait de SMS acheté pour la SIM d'un canal."""
    from messaging import capacity
    from messaging.exchange import DISPATCH
    from runtime import audit

    with writing() as session:
        channel, today = _channel(session, name), now(session).date()
        if expires.date() < today:
            raise refuse("Cette date est passée. Écrivez le dernier jour du forfait.")
        capacity.add_bundle(session, channel, units, expires.date(), price)
        audit.record(session, wall_time(), "channel.bundle", "channel", channel.id, actor_kind="command", units=units)
        exchange().work.nudge(session, DISPATCH, channel.id)
        left = capacity.units_left(session, channel.id, today)
    click.echo(f"Forfait noté. Il reste {left} SMS sur le canal « {name} ».")


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
    """Demander au fournisseur si le compte d'un canal est en ordre ; rien n'est envoyé."""
    from console import channel_states
    from console.words import bare
    from messaging import probing

    with reading() as session:
        channel, at = _channel(session, name), now(session)
    wrong = channel_states.wrong_settings(channel.gateway, _gateway(channel).check(json.loads(channel.settings or "{}")))
    if wrong:
        raise refuse(bare(" ".join(wrong)))
    probe = probing.probe(exchange(), channel.id, at)
    said = [bare(sentence) for sentence in channel_states.found(probe)]
    if probe.cause is not None:
        raise refuse("\n".join([*said, *([f"Réponse : {probe.detail}"] if probe.detail else [])]))
    for sentence in said:
        click.echo(sentence)
    if channel.paused_reason:
        click.echo(bare(channel_states.why_paused(channel.paused_reason)))


@command.command("addresses")
@click.argument("name", metavar="NOM")
def addresses(name: str) -> None:
    """Montrer les adresses secrètes d'un canal et où les coller ; c'est noté au journal."""
    from runtime import audit

    with writing() as session:
        channel = _channel(session, name)
        audit.record(session, wall_time(), "channel.addresses", "channel", channel.id, actor_kind="command")
    _addresses(channel)


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
    _addresses(channel)


def _addresses(channel: "Channel") -> None:
    from console.channel_words import pasted
    from console.words import bare
    from messaging import channels

    for kind, url, where in pasted(channel.gateway, channels.webhook_urls(channel, exchange().settings.base_url)):
        click.echo(f"{kind:<10} {url}")
        if where:
            click.echo(f"{'':<10} {bare(where)}")


def _gateway(channel: "Channel") -> "Gateway":
    found = exchange().gateways.get(channel.gateway)
    if found is None:
        raise refuse(f"La passerelle « {channel.gateway} » n'existe plus dans cette version.")
    return found


def _channel(session: Session, name: str) -> "Channel":
    from messaging.models import Channel, ChannelState

    found = session.query(Channel).filter(Channel.name == name, Channel.state != ChannelState.REMOVED).one_or_none()
    if found is None:
        raise refuse(f"Aucun canal ne s'appelle « {name} ». `channel list` les montre.")
    return found
