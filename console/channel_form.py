"""The form of a channel: a field for each of its gateway's settings, filled from the channel's row and read back.

A secret goes in and never comes out: its field is always empty, and empty means « keep the one we have ».
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.channel_words import OPERATORS, SettingWords, setting_words
from console.forms import Typed
from console.words import _, lazy
from messaging import channels
from messaging.gateways.protocol import Capabilities, Gateway, Setting
from messaging.models import Channel, Inbound

FORGET = "forget_"
KINDS = {channels.SMS: lazy("SMS"), channels.VOICE: lazy("Appels"), channels.BIP: lazy("Bips, à rappeler")}
INBOUND = {
    Inbound.CALL_BACK: lazy("Ne pas décrocher, puis rappeler : l'appel ne coûte rien à la personne"),
    Inbound.ANSWER: lazy("Décrocher : la personne paie son appel, 10 minutes au plus"),
}
MOST_IN_FLIGHT = 500
# Column, least, most, what stands in the form of a new channel.
WHOLE = (
    ("price_per_part", 0, 100_000, 0),
    ("price_per_minute", 0, 100_000, 0),
    ("billing_step", 1, 3600, 60),
    ("billing_least", 0, 3600, 0),
    ("parts_per_minute", 1, 100_000, 600),
    ("parts_per_hour", 0, 1_000_000, 0),
    ("in_flight", 1, MOST_IN_FLIGHT, 8),
    ("calls_at_once", 1, 10_000, 4),
    ("warn_below", 0, 1_000_000_000, 0),
)
COLUMNS = (
    *(name for name, *_rest in WHOLE),
    "needs_bundle",
    "failover_id",
    "inbound",
)  # what a channel has beside its gateway's settings
BY_CALL = ("price_per_minute", "billing_step", "billing_least", "calls_at_once")
BY_SMS = ("price_per_part", "parts_per_minute", "parts_per_hour", "in_flight", "needs_bundle")


@dataclass(frozen=True)
class Field:
    """One setting of a gateway as a field; `kept` while a secret is stored."""

    setting: Setting
    words: SettingWords
    kept: bool

    @property
    def name(self) -> str:
        """The field's name in the form: a gateway may call a setting `name` too."""
        return f"set_{self.setting.name}"

    @property
    def choices(self) -> list[tuple[str, Any]]:
        """What may be chosen, with its words."""
        return [(choice, self.words.choices.get(choice, choice)) for choice in self.setting.choices]


@dataclass(frozen=True)
class Given:
    """What a valid form says of a channel; `settings` as `channels.configure` takes them."""

    name: str
    number: str
    kinds: list[str]
    default_for: list[str]
    settings: dict[str, str]


def fields(gateway: Gateway, channel: Channel | None) -> list[Field]:
    """The fields of a gateway's settings, in its own order."""
    kept = stored(channel)
    return [Field(one, setting_words(gateway.name, one.name), one.secret and one.name in kept) for one in gateway.settings]


def stored(channel: Channel | None) -> dict[str, Any]:
    """The settings a channel has."""
    found: dict[str, Any] = json.loads(channel.settings or "{}") if channel else {}
    return found


def carried(can: Capabilities) -> list[tuple[str, Any]]:
    """The kinds a gateway can carry, with their words."""
    able = {channels.SMS: can.sms, channels.VOICE: can.voice, channels.BIP: can.missed_calls}
    return [(kind, words) for kind, words in KINDS.items() if able[kind]]


def numbers(can: Capabilities) -> list[str]:
    """The columns with a whole number that mean something for this gateway."""
    unused = {*(() if can.voice else BY_CALL), *(() if can.sms else BY_SMS)}
    return [name for name, *_rest in WHOLE if name not in unused]


def filled(gateway: Gateway, channel: Channel | None) -> dict[str, Any]:
    """The form as it is first shown: a channel's own values, or those to begin with."""
    kept = stored(channel)
    values: dict[str, Any] = {
        field.name: kept.get(field.setting.name, field.setting.default)
        for field in fields(gateway, channel)
        if not field.setting.secret
    }
    if channel is None:
        values |= {name: begin for name, _least, _most, begin in WHOLE} | {"kinds": [channels.SMS]}
        values["inbound"] = Inbound.CALL_BACK.value
        return values | {"parts_per_hour": channels.UNTESTED_PER_HOUR.get(gateway.name, 0)}
    values |= {name: getattr(channel, name) for name, *_rest in WHOLE}
    values |= {name: getattr(channel, name) for name in ("name", "number", "kinds", "needs_bundle", "failover_id", "inbound")}
    operators = [one for one in channel.default_for if one in OPERATORS]
    return values | {"languages": [one for one in channel.default_for if one not in OPERATORS], "operators": operators}


def read(form: Typed, gateway: Gateway, channel: Channel | None, others: Sequence[Channel], spoken: Sequence[str]) -> Given:
    """What was typed, its errors in `form`. `others` may be the second channel; `spoken` are the languages' codes."""
    name, number = form.text("name", needed=_("Donnez un nom au canal."), most=40), _number(form)
    able = [kind for kind, _words in carried(gateway.capabilities)]
    kinds = [kind for kind in form.many("kinds") if kind in able]
    if not kinds:
        form.wrong("kinds", _("Cochez au moins une case."))
    settings = _settings(form, gateway, channel)
    for column, least, most, begin in WHOLE:
        if column in numbers(gateway.capabilities):
            settings[column] = str(form.whole(column, least=least, most=most, otherwise=begin))
    if gateway.capabilities.sms:
        settings["needs_bundle"] = "1" if form.ticked("needs_bundle") else "0"
        settings["failover_id"] = form.one_of("failover_id", [str(other.id) for other in others])
    if gateway.capabilities.voice and (inbound := form.one_of("inbound", list(Inbound))):
        settings["inbound"] = inbound
    first = [one for one in form.many("languages") if one in spoken] + [one for one in form.many("operators") if one in OPERATORS]
    return Given(name, number, kinds, first, settings)


def _number(form: Typed) -> str:
    return form.text("number", needed=_("Écrivez le numéro que les gens verront."), most=24)


def _settings(form: Typed, gateway: Gateway, channel: Channel | None) -> dict[str, str]:
    """The gateway's settings to change; an empty secret is left out, so that the stored one stays."""
    given: dict[str, str] = {}
    for field in fields(gateway, channel):
        value = form.text(field.name)
        if value or not field.kept or form.ticked(FORGET + field.name):
            given[field.setting.name] = value
    _judge(form, gateway, stored(channel) | given)
    return given


def _judge(form: Typed, gateway: Gateway, whole: Mapping[str, Any]) -> None:
    known = {field.setting.name: field for field in fields(gateway, None)}
    for name in gateway.check({key: value for key, value in whole.items() if value != ""}):
        field = known.get(name)
        if field is None:
            form.wrong("", _("« %(word)s » n'est pas un réglage connu. Corrigez-le.", word=name))
        elif whole.get(name):
            form.wrong(field.name, _("« %(name)s » : cette valeur n'est pas valable. Corrigez-la.", name=field.words.label))
        else:
            form.wrong(field.name, _("Remplissez « %(name)s ».", name=field.words.label))
