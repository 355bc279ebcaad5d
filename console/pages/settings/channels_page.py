"""One channel: how it goes, its secret addresses, its test, its bundles, its last exchanges.

The addresses are passwords: they are shown by a deliberate act that is written down, and once.
"""

import asyncio
import uuid
from dataclasses import dataclass

from flask import session, url_for

from console import channel_form, channel_states, channel_words
from console.access import Answer, Pages, who
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import Typed, done, render
from console.pages.settings.channels import ADMIN, existing
from console.words import _
from messaging import capacity, channels, figures, probing, timeline
from messaging.exchange import DIAL, DISPATCH
from messaging.gateways.protocol import Account, Gateway, Outcome, OutgoingSms, Sent
from messaging.models import Bundle, Channel, ChannelState
from messaging.numbers import is_simulated, normalise
from messaging.outcomes import exchange_log
from runtime import audit
from runtime.installation import Installation
from translations.sms import Encoding

pages = Pages("channel")
LAST = 20


@pages.page("/reglages/canaux/<int:number>", roles=ADMIN)
def show(number: int) -> Answer:
    """How the channel goes."""
    with reading() as transaction:
        channel, at = existing(transaction, number), now(transaction)
        troubles = [channel_states.trouble(one) for one in figures.troubles(transaction, at) if one.channel_id == number]
        queues = [queue for queue in figures.queues(transaction, at) if queue.channel == channel.name]
        bundles = capacity.bundles(transaction, number, at.date())
        second = transaction.get(Channel, channel.failover_id) if channel.failover_id else None
        exchanges = timeline.latest(transaction, number, LAST)
    fresh = session.pop("fresh_channel", None) == number
    gateway = exchange().gateways.get(channel.gateway)
    return render(
        "settings/channel_show.html",
        channel=channel,
        at=at,
        troubles=troubles,
        queues=queues,
        bundles=bundles,
        second=second,
        exchanges=exchanges,
        addresses=_addresses(channel) if fresh else [],
        old_until=channel.old_token_until if channel.old_token_until and wall_time() < channel.old_token_until else None,
        words=channel_words.gateway_words(channel.gateway),
        kinds=[channel_form.KINDS[kind] for kind in channel.kinds if kind in channel_form.KINDS],
        health=channel_states.health(channel),
        paused=channel_states.why_paused(channel.paused_reason),
        inbound=channel_form.INBOUND,
        can=gateway.capabilities if gateway else None,
    )


@pages.page("/reglages/canaux/<int:number>/adresses", roles=ADMIN, post=True)
def addresses(number: int) -> Answer:
    """Show the secret addresses, once, on the channel's page."""
    with writing() as transaction:
        existing(transaction, number)
        audit.record(transaction, now(transaction), "show_addresses", "channel", number, staff_id=who().id)
    session["fresh_channel"] = number
    return done(url_for("channel.show", number=number) + "#adresses")


@pages.page("/reglages/canaux/<int:number>/jeton", roles=ADMIN, post=True)
def rotate(number: int) -> Answer:
    """New webhook addresses; the old ones answer for seven days more."""
    with writing() as transaction:
        channels.rotate_token(existing(transaction, number), now(transaction))
        audit.record(transaction, now(transaction), "rotate_token", "channel", number, staff_id=who().id)
    session["fresh_channel"] = number
    return done(url_for("channel.show", number=number), _("Nouvelles adresses. Les anciennes répondent encore sept jours."))


@pages.page("/reglages/canaux/<int:number>/pause", roles=ADMIN, post=True)
def pause(number: int) -> Answer:
    """Pause a channel, which keeps its queue, or let it send again."""
    with writing() as transaction:
        row = existing(transaction, number)
        pausing = row.state is ChannelState.ACTIVE
        if pausing:
            channels.pause(row, "staff")
        else:
            channels.resume(row)
        act = "pause_channel" if pausing else "resume_channel"
        audit.record(transaction, now(transaction), act, "channel", number, staff_id=who().id)
        if not pausing:
            exchange().work.nudge(transaction, DISPATCH, number)
            exchange().work.nudge(transaction, DIAL, number)
    said = _("Canal en pause. Sa file l'attend.") if pausing else _("Le canal envoie de nouveau.")
    return done(url_for("channel.show", number=number), said)


@pages.page("/reglages/canaux/<int:number>/forfaits", roles=ADMIN, form=True)
def bundles(number: int) -> Answer:
    """The bundles bought for this channel, and one more."""
    with reading() as transaction:
        channel, today = existing(transaction, number), now(transaction).date()
    form = Typed.sent_or({"price": 0})
    if form.sent:
        units = form.whole("units", needed=_("Écrivez le nombre de SMS du forfait."), least=1, most=10_000_000)
        price = form.whole("price", most=100_000_000)
        expires = form.day("expires_on", needed=_("Écrivez le dernier jour du forfait."))
        if expires is not None and expires < today:
            form.wrong("expires_on", _("Cette date est passée. Écrivez le dernier jour du forfait."))
        if not form.errors and expires is not None:
            with writing() as transaction:
                capacity.add_bundle(transaction, existing(transaction, number), units, expires, price)
                audit.record(transaction, now(transaction), "add_bundle", "channel", number, staff_id=who().id, units=units)
                exchange().work.nudge(transaction, DISPATCH, number)
            return done(url_for("channel.bundles", number=number), _("Forfait ajouté."))
    with reading() as transaction:
        rows = transaction.query(Bundle).filter_by(channel_id=number).order_by(Bundle.expires_on.desc(), Bundle.id.desc()).all()
    values = {"channel": channel, "form": form, "rows": rows, "today": today}
    return render("settings/channel_bundles.html", **values), 422 if form.errors else 200


@pages.page("/reglages/canaux/<int:number>/forfaits/<int:bundle>", roles=ADMIN, post=True)
def correct(number: int, bundle: int) -> Answer:
    """Staff read on the phone how many units are left."""
    form = Typed.sent_or()
    left = form.whole("left", needed=_("Écrivez le nombre de SMS qui restent."), most=10_000_000)
    if form.errors:
        return done(url_for("channel.bundles", number=number), next(iter(form.errors.values())))
    with writing() as transaction:
        channel = existing(transaction, number)
        row = transaction.query(Bundle).filter_by(id=bundle, channel_id=number).one_or_none()
        if row is not None:
            capacity.correct(row, left)
            if left and channel.paused_reason == capacity.BUNDLE:
                channels.resume(channel)
                exchange().work.nudge(transaction, DISPATCH, number)
            audit.record(transaction, now(transaction), "correct_bundle", "channel", number, staff_id=who().id, left=left)
    return done(url_for("channel.bundles", number=number), _("Reste corrigé."))


@dataclass(frozen=True)
class Tried:
    """What a test gave: our words and the provider's."""

    good: bool
    words: list[str]
    raw: str


@pages.page("/reglages/canaux/<int:number>/essai", roles=ADMIN, form=True)
def test(number: int) -> Answer:
    """Ask the provider about the account, or send one SMS to a number of one's own."""
    with reading() as transaction:
        channel = existing(transaction, number)
    form, tried, gateway = Typed.sent_or(), None, exchange().gateways.get(channel.gateway)
    wrong = gateway.check(channel_form.stored(channel)) if gateway else []
    if form.sent and gateway is not None:
        tried = _sms(form, channel, gateway) if form.value("act") == "sms" else _probe(channel)
        if tried is not None:
            with writing() as transaction:
                audit.record(transaction, now(transaction), "test_channel", "channel", number, staff_id=who().id, good=tried.good)
    values = {
        "channel": channel,
        "form": form,
        "problems": channel_states.wrong_settings(channel.gateway, wrong),
        "tried": tried,
        "gateway": gateway,
        "name": channel_words.gateway_name(channel.gateway),
    }
    return render("settings/channel_test.html", **values), 422 if form.errors else 200


def _probe(channel: Channel) -> Tried:
    with reading() as transaction:
        at = now(transaction)
    probe = probing.probe(exchange(), channel.id, at)
    return Tried(probe.cause is None, channel_states.found(probe), probe.detail)


def _sms(form: Typed, channel: Channel, gateway: Gateway) -> Tried | None:
    to = normalise(form.text("to", needed=_("Écrivez un numéro.")))
    if to is None:
        form.wrong("to", _("Ce numéro n'est pas lisible. Écrivez ses 8 chiffres."))
    elif is_simulated(to) != gateway.capabilities.simulated:
        form.wrong("to", _("Ce canal ne peut pas écrire à ce numéro. Un numéro d'essai commence par 0."))
    if _stopped():
        form.wrong("", _("Les envois sont arrêtés. Reprenez-les d'abord."))
    if form.errors or to is None:
        return None
    with reading() as transaction:
        at = now(transaction)
    text = "Ceci est un essai de Lamen. Ne repondez pas."
    sms = OutgoingSms(str(uuid.uuid4()), to, text, Encoding.GSM7.value, 1, 600, at)
    sent = asyncio.run(_send(gateway, channels.account(channel, exchange().settings.base_url), sms))
    with writing() as transaction:
        transaction.add(exchange_log(channel.id, sent, at))
    return Tried(sent.outcome is Outcome.WIRED, [channel_states.sent(sent)], sent.response)


async def _send(gateway: Gateway, account: Account, sms: OutgoingSms) -> Sent:
    async with gateway.line(account) as line:
        return await line.send(sms)


def _stopped() -> bool:
    with reading() as transaction:
        row = transaction.get(Installation, 1)
    return row is not None and row.stopped_at is not None


def _addresses(channel: Channel) -> list[tuple[str, str, str]]:
    urls = channels.webhook_urls(channel, exchange().settings.base_url)
    return [(str(channel_words.HOOKS[kind]), url, where) for kind, url, where in channel_words.pasted(channel.gateway, urls)]
