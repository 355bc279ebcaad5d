"""Channels: our numbers on gateways. A webhook address is shown once, when its token is made; credentials never again."""

import asyncio
import json
import uuid
from dataclasses import dataclass

from flask import abort, session, url_for

from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from messaging import channels
from messaging.errors import ChannelError
from messaging.gateways.protocol import Account, Gateway, Outcome, OutgoingSms, Sent
from messaging.models import Channel, ChannelState
from messaging.numbers import is_simulated, normalise
from runtime import audit
from runtime.installation import Installation

pages = Pages("channels")
ADMIN = {R.ADMINISTRATION}
WHOLE = ("in_flight", "parts_per_minute", "calls_at_once", "price_per_part", "price_per_minute")


@pages.page("/reglages/canaux", roles=ADMIN)
def index() -> Answer:
    """Every channel, and the addresses of one whose token was just made."""
    with reading() as transaction:
        rows = transaction.query(Channel).filter(Channel.state != ChannelState.REMOVED).order_by(Channel.id).all()
        fresh_id = session.pop("fresh_channel", None)
        fresh = next((row for row in rows if row.id == fresh_id), None)
    urls = channels.webhook_urls(fresh, exchange().settings.base_url) if fresh else {}
    return render("settings/channels.html", channels=rows, fresh=fresh, urls=urls)


@pages.page("/reglages/canaux/nouveau", roles=ADMIN, form=True)
def new() -> Answer:
    """Add a channel."""
    form = Typed.sent_or({"gateway": "simulator", "kinds": ["sms"]})
    kinds = sorted(exchange().gateways) or ["simulator"]
    if form.sent:
        name = form.text("name", needed=_("Donnez un nom au canal."), most=40)
        gateway = form.one_of("gateway", kinds, needed=_("Choisissez une passerelle."))
        number = form.text("number", needed=_("Écrivez le numéro que les gens verront."), most=24)
        carries = [kind for kind in form.many("kinds") if kind in (channels.SMS, channels.VOICE)]
        if not carries:
            form.wrong("kinds", _("Cochez au moins SMS ou appels."))
        settings = _settings(form)
        if not form.errors:
            try:
                with writing() as transaction:
                    channel = channels.add(transaction, name, gateway, number, settings, now(transaction), carries)
                    audit.record(transaction, now(transaction), "add_channel", "channel", channel.id, staff_id=who().id)
                session["fresh_channel"] = channel.id
                return done(url_for("channels.index"), _("Canal ajouté. Copiez ses adresses : elles ne seront plus montrées."))
            except ChannelError as error:
                form.wrong(*_refusal(error.why))
    return render("settings/channel.html", form=form, kinds=kinds, channel=None), 422 if form.errors else 200


@pages.page("/reglages/canaux/<int:number>", roles=ADMIN, form=True)
def edit(number: int) -> Answer:
    """Rates, prices and credentials of a channel."""
    channel = _channel(number)
    form = Typed.sent_or({name: getattr(channel, name) for name in WHOLE} | {"default_for": " ".join(channel.default_for)})
    if form.sent:
        whole = {name: str(form.whole(name, least=0 if name.startswith("price") else 1, most=100_000)) for name in WHOLE}
        if not form.errors and not 1 <= int(whole["in_flight"]) <= 500:
            form.wrong("in_flight", _("Écrivez un nombre entier entre %(least)s et %(most)s.", least=1, most=500))
        settings = _settings(form)
        if not form.errors:
            with writing() as transaction:
                row = transaction.get_one(Channel, number)
                channels.configure(row, {**settings, **whole})
                row.default_for = form.text("default_for").split()
                audit.record(transaction, now(transaction), "change_channel", "channel", number, staff_id=who().id)
            return done(url_for("channels.index"), _("Canal enregistré."))
    names = sorted(json.loads(channel.settings or "{}"))
    return render("settings/channel.html", form=form, kinds=[], channel=channel, names=names), 422 if form.errors else 200


@pages.page("/reglages/canaux/<int:number>/pause", roles=ADMIN, post=True)
def pause(number: int) -> Answer:
    """Pause a channel, which keeps its queue, or let it send again."""
    _channel(number)
    with writing() as transaction:
        row = transaction.get_one(Channel, number)
        pausing = row.state is ChannelState.ACTIVE
        row.state = ChannelState.PAUSED if pausing else ChannelState.ACTIVE
        row.paused_reason = "staff" if pausing else None
        act = "pause_channel" if pausing else "resume_channel"
        audit.record(transaction, now(transaction), act, "channel", number, staff_id=who().id)
        if not pausing:
            exchange().work.nudge(transaction, "dispatch", number)
    said = _("Canal en pause. Sa file l'attend.") if pausing else _("Le canal envoie de nouveau.")
    return done(url_for("channels.index"), said)


@pages.page("/reglages/canaux/<int:number>/jeton", roles=ADMIN, post=True)
def rotate(number: int) -> Answer:
    """New webhook addresses; the old ones answer for seven days more."""
    _channel(number)
    with writing() as transaction:
        channels.rotate_token(transaction.get_one(Channel, number), now(transaction))
        audit.record(transaction, now(transaction), "rotate_token", "channel", number, staff_id=who().id)
    session["fresh_channel"] = number
    return done(url_for("channels.index"), _("Nouvelles adresses. Les anciennes répondent encore sept jours."))


@dataclass(frozen=True)
class Tried:
    """What a test gave: our words and the provider's."""

    good: bool
    words: str
    raw: str


@pages.page("/reglages/canaux/<int:number>/essai", roles=ADMIN, form=True)
def test(number: int) -> Answer:
    """Check the settings and send one SMS to a number of one's own."""
    channel, form = _channel(number), Typed.sent_or()
    gateway = exchange().gateways.get(channel.gateway)
    problems = gateway.check(json.loads(channel.settings or "{}")) if gateway else [channel.gateway]
    tried: Tried | None = None
    if form.sent and gateway is not None:
        to = normalise(form.text("to", needed=_("Écrivez un numéro.")))
        if to is None:
            form.wrong("to", _("Ce numéro n'est pas lisible. Écrivez ses 8 chiffres."))
        elif is_simulated(to) != (channel.gateway == channels.SIMULATOR):
            form.wrong("to", _("Ce canal ne peut pas écrire à ce numéro. Un numéro d'essai commence par 0."))
        if _stopped():
            form.wrong("", _("Les envois sont arrêtés. Reprenez-les d'abord."))
        if not form.errors and to is not None:
            tried = _try(gateway, channels.account(channel, exchange().settings.base_url), to)
            with writing() as transaction:
                audit.record(transaction, now(transaction), "test_channel", "channel", number, staff_id=who().id, good=tried.good)
    values = {"channel": channel, "form": form, "problems": problems, "tried": tried, "known": gateway is not None}
    return render("settings/channel_test.html", **values), 422 if form.errors else 200


def _try(gateway: Gateway, account: Account, to: str) -> Tried:
    with reading() as transaction:
        at = now(transaction)
    text = "Ceci est un essai de Lamen. Ne repondez pas."
    sms = OutgoingSms(str(uuid.uuid4()), to, text, "gsm7", 1, 600, at)
    sent = asyncio.run(_send(gateway, account, sms))
    words = {
        Outcome.WIRED: _("La passerelle a pris le SMS."),
        Outcome.ERRORED: _("La passerelle n'a pas pris le SMS. Réessayez dans quelques minutes."),
        Outcome.FAILED: _("La passerelle refuse ce SMS. Vérifiez le compte et l'expéditeur."),
    }
    unknown = _("La passerelle n'a pas répondu à temps. Le SMS est peut-être parti.")
    return Tried(sent.outcome is Outcome.WIRED, words.get(sent.outcome, unknown), sent.response)


async def _send(gateway: Gateway, account: Account, sms: OutgoingSms) -> Sent:
    async with gateway.line(account) as line:
        return await line.send(sms)


def _stopped() -> bool:
    with reading() as transaction:
        row = transaction.get(Installation, 1)
    return row is not None and row.stopped_at is not None


def _channel(number: int) -> Channel:
    with reading() as transaction:
        found = transaction.get(Channel, number)
    if found is None or found.state is ChannelState.REMOVED:
        abort(404)
    return found


def _settings(form: Typed) -> dict[str, str]:
    """The lines key=value of the credentials' box."""
    found: dict[str, str] = {}
    for line in form.text("settings").splitlines():
        key, equals, value = line.partition("=")
        if line.strip() and not (equals and key.strip()):
            form.wrong("settings", _("La ligne « %(line)s » n'a pas la forme clé=valeur.", line=line.strip()[:20]))
        elif key.strip() in WHOLE:
            form.wrong("settings", _("« %(key)s » se règle par son propre champ.", key=key.strip()))
        elif line.strip():
            found[key.strip()] = value.strip()
    return found


def _refusal(why: str) -> tuple[str, str]:
    return {
        "name_taken": ("name", _("Un canal porte déjà ce nom. Prenez-en un autre.")),
        "real_in_simulation": ("gateway", _("Cette installation est une simulation. Seul le simulateur peut y être ajouté.")),
    }.get(why, ("", _("Ce canal n'a pas pu être ajouté : %(why)s.", why=why)))
