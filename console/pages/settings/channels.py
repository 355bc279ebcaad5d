"""Channels, our numbers on gateways: the list, adding one in two steps, and its settings.

In a simulation the forms of real gateways may be read, not sent: what would be typed there could not be stored.
"""

from flask import abort, session, url_for

from console import channel_form, channel_states, channel_words
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from messaging import channels, failover, figures
from messaging.errors import ChannelError
from messaging.gateways.protocol import Gateway
from messaging.models import Channel, ChannelState
from messaging.numbers import normalise
from runtime import audit
from runtime.database import Session
from runtime.installation import Installation
from translations.models import Language

pages = Pages("channels")
ADMIN = {R.ADMINISTRATION}


@pages.page("/reglages/canaux", roles=ADMIN)
def index() -> Answer:
    """Every channel and what troubles it."""
    with reading() as transaction:
        rows = transaction.query(Channel).filter(Channel.state != ChannelState.REMOVED).order_by(Channel.id).all()
        at = now(transaction)
        troubles = {trouble.channel_id: trouble for trouble in figures.troubles(transaction, at)}
    values = {"channels": rows, "troubles": troubles, "said": channel_states.trouble, "name_of": channel_words.gateway_name}
    return render("settings/channels.html", kinds=channel_form.KINDS, **values)


@pages.page("/reglages/canaux/nouveau", roles=ADMIN)
def new() -> Answer:
    """First step: which gateway."""
    known = exchange().gateways
    order = [name for name in channel_words.GATEWAYS if name in known] + sorted(set(known) - set(channel_words.GATEWAYS))
    cards = []
    for name in order:
        words, (does, lacks) = channel_words.gateway_words(name), channel_states.abilities(known[name].capabilities)
        cards.append((name, words, does, lacks + [str(one) for one in words.not_here]))
    return render("settings/channel_gateways.html", cards=cards, simulation=simulated())


@pages.page("/reglages/canaux/nouveau/<gateway>", roles=ADMIN, form=True)
def add(gateway: str) -> Answer:
    """Second step: the channel's number and settings."""
    kind = exchange().gateways.get(gateway) or abort(404)
    form = Typed.sent_or(channel_form.filled(kind, None))
    if form.sent:
        with reading() as transaction:
            given = channel_form.read(form, kind, None, _others(transaction, kind, None), _spoken(transaction))
        if not form.errors:
            try:
                with writing() as transaction:
                    row = channels.add(
                        transaction,
                        given.name,
                        gateway,
                        given.number,
                        given.settings,
                        now(transaction),
                        given.kinds,
                        given.default_for,
                    )
                    audit.record(transaction, now(transaction), "add_channel", "channel", row.id, staff_id=who().id)
                session["fresh_channel"] = row.id
                return done(url_for("channel.show", number=row.id), _("Canal ajouté. Collez ses adresses, puis essayez-le."))
            except ChannelError as error:
                form.wrong(*_refusal(error.why))
    return _form(form, kind, None)


@pages.page("/reglages/canaux/<int:number>/modifier", roles=ADMIN, form=True)
def edit(number: int) -> Answer:
    """The same form for a channel that is there."""
    with reading() as transaction:
        channel = existing(transaction, number)
    kind = exchange().gateways.get(channel.gateway) or abort(404)
    form = Typed.sent_or(channel_form.filled(kind, channel))
    if form.sent:
        with reading() as transaction:
            given = channel_form.read(form, kind, channel, _others(transaction, kind, channel), _spoken(transaction))
            if transaction.query(Channel).filter(Channel.name == given.name, Channel.id != number).first():
                form.wrong(*_refusal("name_taken"))
        if not form.errors:
            try:
                with writing() as transaction:
                    _change(existing(transaction, number), given)
                    audit.record(transaction, now(transaction), "change_channel", "channel", number, staff_id=who().id)
                return done(url_for("channel.show", number=number), _("Canal enregistré."))
            except ChannelError as error:
                form.wrong(*_refusal(error.why))
    return _form(form, kind, channel)


def _change(row: Channel, given: channel_form.Given) -> None:
    channels.configure(row, given.settings)
    row.name, row.number = given.name, normalise(given.number) or given.number
    row.kinds, row.default_for = given.kinds, given.default_for


def _form(form: Typed, gateway: Gateway, channel: Channel | None) -> Answer:
    with reading() as transaction:
        others = [(other.id, other.name) for other in _others(transaction, gateway, channel)]
        chosen = set(channel.default_for) if channel else set()
        languages = transaction.query(Language).order_by(Language.menu_number).all()
    values = {
        "form": form,
        "channel": channel,
        "gateway": gateway,
        "words": channel_words.gateway_words(gateway.name),
        "fields": channel_form.fields(gateway, channel),
        "kinds": channel_form.carried(gateway.capabilities),
        "numbers": channel_form.numbers(gateway.capabilities),
        "others": others,
        "inbound": channel_form.INBOUND.items() if gateway.capabilities.voice else (),
        "spoken": [(each.code, each.name) for each in languages if each.active or each.code in chosen],
        "operators": channel_words.OPERATORS.items(),
        "refused": channel is None and not gateway.capabilities.simulated and simulated(),
    }
    return render("settings/channel.html", **values), 422 if form.errors else 200


def existing(transaction: Session, number: int) -> Channel:
    """The channel of that number; 404 for one that was removed."""
    found = transaction.get(Channel, number)
    if found is None or found.state is ChannelState.REMOVED:
        abort(404)
    return found


def simulated() -> bool:
    """Whether this installation refuses real channels."""
    with reading() as transaction:
        place = transaction.get(Installation, 1)
    return place is None or place.simulation or place.demonstration or bool(place.offset_seconds)


def _others(transaction: Session, gateway: Gateway, channel: Channel | None) -> list[Channel]:
    """The channels that may take what this one cannot. One that is not stored yet is judged by its gateway."""
    return failover.candidates(transaction, channel or Channel(id=0, gateway=gateway.name, kinds=[channels.SMS]))


def _spoken(transaction: Session) -> list[str]:
    return [code for (code,) in transaction.query(Language.code)]


def _refusal(why: str) -> tuple[str, str]:
    return {
        "name_taken": ("name", _("Un canal porte déjà ce nom. Prenez-en un autre.")),
        "real_in_simulation": ("", _("Cette installation est une simulation. Seul le simulateur peut y être ajouté.")),
        "own_failover": ("failover_id", _("Un canal ne peut pas se secourir lui-même. Choisissez-en un autre.")),
    }.get(why, ("", _("Ce canal n'a pas pu être enregistré : %(why)s.", why=why)))
