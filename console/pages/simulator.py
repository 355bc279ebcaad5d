"""Simulateur: three pretended phones on the production path, a clock to move forward, a network to disturb.

A phone shown here is held in the hand: its calls ring until somebody answers on this page, while all others answer by themselves.
"""

import json
from datetime import timedelta
from typing import Any

from flask import abort, request, url_for
from flask import session as flask_session

from clubs.phones import AT_MOST
from console import club_words, handsets
from console.access import EVERYONE, Answer, Pages, R, who
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import back, done, render
from console.handsets import STAFF_NUMBER, own
from console.words import _, lazy
from messaging import channels, contacts, simulator_phone
from messaging.gateways.simulator import Fault
from messaging.models import Call, Channel, Contact
from messaging.recordings import SoundError
from messaging.steps import Reject
from runtime import audit
from runtime.database import Session
from runtime.installation import InstallationError, advance

pages = Pages("simulator")
MAY = EVERYONE - {R.LECTURE}
JUMPS = {
    "10": lazy("10 minutes"),
    "60": lazy("1 heure"),
    "180": lazy("3 heures"),
    "1440": lazy("1 jour"),
    "10080": lazy("7 jours"),
}
FAULTS = {
    Fault.LOST: lazy("Les SMS se perdent"),
    Fault.LATE: lazy("Les accusés arrivent dix minutes plus tard"),
    Fault.DOUBLED: lazy("Les accusés arrivent deux fois"),
    Fault.OUT_OF_ORDER: lazy("Les accusés arrivent dans le désordre"),
    Fault.REFUSING: lazy("Le réseau refuse la connexion"),
    Fault.SLOW: lazy("Le réseau répond trop tard"),
    Fault.ERROR_500: lazy("Le réseau répond par une erreur"),
}
CHOSEN = ("membre", "animatrice")
MOST_KEYS = 24
KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")


@pages.page("/simulateur", roles=MAY)
def index() -> Answer:
    """The three phones; which ones stands in the address, else they are those last taken together."""
    with reading() as session:
        channel = _channel(session)
        shown = handsets.in_hand(session, _held(channel) if channel else [], _last())
        faults = _faults(channel) if channel else frozenset()
        screens = {phone.role: handsets.screen_of(session, phone.contact) for phone in shown if phone.contact is not None}
        return render(
            "simulator/index.html",
            phones=shown,
            screens=screens,
            faults=faults,
            FAULTS=FAULTS,
            JUMPS=JUMPS,
            at=now(session),
            channel=channel,
            role_names=club_words.ROLES,
            at_most=AT_MOST,
            in_view=_in_view(),
        )


@pages.page("/simulateur/ecran/<int:number>", roles=MAY)
def screen(number: int) -> Answer:
    """The screen of one phone, asked again every few seconds."""
    with reading() as session:
        contact = own(session, number)
        return render("simulator/screen.html", contact=contact, in_view=_in_view(), **handsets.screen_of(session, contact))


@pages.page("/simulateur/prendre", roles=MAY, post=True)
def take() -> Answer:
    """Take phones in hand: from now on their calls ring here."""
    with writing() as session:
        channel = _needed(session)
        wanted: dict[str, Any] = {role: request.form.get(role, type=handsets.id_of) for role in CHOSEN}
        held = [own(session, number).number for number in wanted.values() if number]
        _set(channel, "by_hand", [*(number for number in held if number), STAFF_NUMBER])
    flask_session["phones"] = {"of": who().id, **wanted}
    return done(url_for("simulator.index", membre=wanted["membre"], animatrice=wanted["animatrice"]))


@pages.page("/simulateur/bureau", roles=MAY, post=True)
def office() -> Answer:
    """Take the office's pretended phone."""
    with writing() as session:
        contacts.find_or_create(session, STAFF_NUMBER, now(session))
    return done(_where())


@pages.page("/simulateur/prendre/<int:number>", roles=MAY, post=True)
def hold(number: int) -> Answer:
    """Take one phone in hand."""
    _taken(number)
    return done(_where(), _("Ce téléphone est pris : ses appels sonnent ici."))


@pages.page("/simulateur/ecrire/<int:number>", roles=MAY, post=True)
def write(number: int) -> Answer:
    """Send an SMS from a phone."""
    text = request.form.get("text", "").strip()
    if not text:
        return done(_where(), _("Écrivez d'abord un SMS."))
    contact, channel = _taken(number)
    with reading() as session:
        at = now(session)
    return _after(simulator_phone.write(exchange(), channel, contact.number or "", text, at))


@pages.page("/simulateur/bip/<int:number>", roles=MAY, post=True)
def bip(number: int) -> Answer:
    """Let it ring once."""
    contact, channel = _taken(number)
    said = simulator_phone.bip(exchange(), channel, contact.number or "")
    return _after(said, _("Le bip est parti. %(what)s", what=_called_back(number)))


@pages.page("/simulateur/appeler/<int:number>", roles=MAY, post=True)
def ring(number: int) -> Answer:
    """Call the line and stay on it."""
    contact, channel = _taken(number)
    said = simulator_phone.call_line(exchange(), channel, contact.number or "")
    refused = any(isinstance(step, Reject) for step in said.steps)
    return _after(said, _("La ligne ne décroche pas. %(what)s", what=_called_back(number)) if refused else None)


@pages.page("/simulateur/appel/<int:number>", roles=MAY, post=True)
def call(number: int) -> Answer:
    """Pick up, press a key, wait, or hang up."""
    with reading() as session:
        found = session.get(Call, number) or abort(404)
        own(session, found.contact_id)
        at = now(session)
    act = request.form.get("act", "")
    if act == "answer":
        return _after(simulator_phone.answer(exchange(), found))
    if act == "hang_up":
        return _after(simulator_phone.hang_up(exchange(), found, at))
    typed = request.form.get("keys", "").strip()
    if typed and len(typed) <= MOST_KEYS and all(key in KEYS for key in typed):
        finished = "#" if typed.endswith("#") else ""
        return _after(simulator_phone.press(exchange(), found, typed.removesuffix("#"), at, finished))
    key = request.form.get("key", "")
    return _after(simulator_phone.press(exchange(), found, key if key in KEYS else "", at))


@pages.page("/simulateur/voix/<int:number>", roles=MAY, post=True)
def voice(number: int) -> Answer:
    """Say a sound from a file where the call records."""
    with reading() as session:
        found = session.get(Call, number) or abort(404)
        own(session, found.contact_id)
        at = now(session)
    sent = request.files.get("sound")
    try:
        return _after(simulator_phone.speak(exchange(), found, sent.read() if sent else b"", at))
    except SoundError:
        return done(_where(), _("Ce fichier n'est pas un enregistrement lisible."))


@pages.page("/simulateur/horloge", roles=MAY, post=True)
def clock() -> Answer:
    """Move the clock forward; refused outside a simulation."""
    minutes = request.form.get("by", "")
    if minutes not in JUMPS:
        abort(400)
    try:
        with writing() as session:
            advance(session, timedelta(minutes=int(minutes)))
            audit.record(session, wall_time(), "clock.advance", "installation", 1, staff_id=who().id, minutes=int(minutes))
    except InstallationError:
        return done(_where(), _("L'horloge ne s'avance que dans une simulation."))
    return done(_where(), _("L'horloge a avancé de %(by)s.", by=JUMPS[minutes]))


@pages.page("/simulateur/reseau", roles=MAY, post=True)
def network() -> Answer:
    """Switch the pretended network's faults."""
    wanted: list[str] = [fault.value for fault in Fault if fault.value in request.form.getlist("fault")]
    with writing() as session:
        _set(_needed(session), "faults", wanted)
    return done(_where(), _("Le réseau va bien.") if not wanted else _("Le réseau est perturbé."))


def _taken(number: int) -> tuple[Contact, Channel]:
    """The phone that somebody uses here, from now on held in the hand: what it starts must ring on this page."""
    with writing() as session:
        contact, channel = own(session, number), _needed(session)
        held = _held(channel)
        if contact.number not in held:
            _set(channel, "by_hand", [*held, contact.number or ""])
    return contact, channel


def _called_back(number: int) -> str:
    with reading() as session:
        return handsets.called_back(session, _needed(session), session.get_one(Contact, number), now(session))


def _channel(session: Session) -> Channel | None:
    return session.query(Channel).filter_by(gateway=channels.SIMULATOR, state="active").order_by(Channel.id).first()


def _needed(session: Session) -> Channel:
    return _channel(session) or abort(404)


def _held(channel: Channel) -> list[str]:
    return [number for number in str(json.loads(channel.settings or "{}").get("by_hand", "")).split(",") if number]


def _faults(channel: Channel) -> frozenset[str]:
    return frozenset(str(json.loads(channel.settings or "{}").get("faults", "")).split(","))


def _set(channel: Channel, name: str, words: list[str]) -> None:
    settings = {**json.loads(channel.settings or "{}"), name: ",".join(words)}
    channel.settings = json.dumps({key: value for key, value in settings.items() if value})


def _in_view() -> dict[str, int | None]:
    """The phones on the page, which its own forms and each screen asked again must name: no act may change what is shown."""
    return {role: request.args.get(role, type=handsets.id_of) for role in CHOSEN}


def _last() -> dict[str, int | None]:
    """The phones this person last took in this browser, where several may work."""
    last: dict[str, int | None] = flask_session.get("phones", {})
    return last if last.get("of") == who().id else {}


def _where() -> str:
    return back(url_for("simulator.index"))


def _after(answered: simulator_phone.Answered, words: str | None = None) -> Answer:
    if answered.status >= 300:
        return done(_where(), _("Notre service a répondu par l'erreur %(status)s.", status=answered.status))
    return done(_where(), words)
