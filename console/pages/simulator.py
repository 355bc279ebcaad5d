"""Simulateur: three pretended phones on the production path, a clock to move forward, a network to disturb.

A phone shown here is held in the hand: its calls ring until somebody answers on this page, while all others answer by themselves.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import abort, request, url_for

from campaigns.voice import written
from clubs.models import Role
from clubs.phones import AT_MOST, Handset, handsets, reachable
from console import club_words
from console.access import EVERYONE, Answer, Pages, R, scope, who
from console.edge import exchange, now, reading, wall_time, writing
from console.forms import back, done, render
from console.words import _, lazy, moment
from console.words import clock as clock_words
from messaging import bips, channels, contacts, simulator_phone
from messaging.gateways.simulator import Fault
from messaging.models import Call, CallState, Channel, Contact
from messaging.numbers import is_simulated
from messaging.recordings import SoundError
from messaging.steps import Gather, Play, Record, Reject, Say, Step, from_json
from runtime import audit
from runtime.database import Session
from runtime.installation import InstallationError, advance

pages = Pages("simulator")
MAY = EVERYONE - {R.LECTURE}
STAFF_NUMBER = "+22309990001"  # the office's own pretended phone: a stranger to every club
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
NO_CALL_BACK = {
    "number": lazy("Pas de rappel : ce numéro n'est pas un mobile du Mali."),
    "pending": lazy("Un rappel est déjà en route."),
    "live": lazy("Pas de rappel : ce téléphone est déjà en communication."),
    "day": lazy("Pas de rappel : ce téléphone a eu tous ses rappels du jour. Un inconnu en a un, un inscrit cinq."),
    "hour": lazy("Pas de rappel : la ligne a rappelé trop de monde cette heure-ci."),
    "strangers": lazy("Pas de rappel : la ligne a rappelé trop d'inconnus cette heure-ci."),
    "no_channel": lazy("Pas de rappel : aucun canal ne peut appeler ce numéro."),
}
MOST_KEYS = 24
KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")


@dataclass(frozen=True)
class InHand:
    """One phone as the page shows it."""

    role: str
    title: str
    contact: Contact | None
    choices: list[Handset]
    held: bool = True
    more: bool = False


@dataclass(frozen=True)
class Piece:
    """Something said in a call: its French words, and the address of its sound where there is one."""

    words: str
    url: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class OnAir:
    """A call in progress: what is heard, in order; whether a key, one alone, or a voice is awaited. `step` names this moment."""

    call: Call
    ringing: bool
    pieces: tuple[Piece, ...]
    awaits_key: bool
    one_key: bool
    awaits_voice: bool
    most_seconds: int = 0

    @property
    def step(self) -> str:
        return f"{self.call.id}-{self.call.state.value}-{self.call.turn}"


@pages.page("/simulateur", roles=MAY)
def index() -> Answer:
    """The three phones; which ones stands in the address."""
    with reading() as session:
        channel = _channel(session)
        shown = _in_hand(session, _held(channel) if channel else [])
        faults = _faults(channel) if channel else frozenset()
        screens = {phone.role: _screen(session, phone.contact) for phone in shown if phone.contact is not None}
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
        )


@pages.page("/simulateur/ecran/<int:number>", roles=MAY)
def screen(number: int) -> Answer:
    """The screen of one phone, asked again every few seconds."""
    with reading() as session:
        contact = _own(session, number)
        return render("simulator/screen.html", contact=contact, **_screen(session, contact))


@pages.page("/simulateur/prendre", roles=MAY, post=True)
def take() -> Answer:
    """Take phones in hand: from now on their calls ring here."""
    with writing() as session:
        channel = _needed(session)
        wanted = {role: request.form.get(role, type=_id) for role in ("membre", "animatrice")}
        held = [_own(session, number).number for number in wanted.values() if number]
        _set(channel, "by_hand", [*(number for number in held if number), STAFF_NUMBER])
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
        _own(session, found.contact_id)
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
        _own(session, found.contact_id)
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


def _in_hand(session: Session, held: Collection[str]) -> list[InHand]:
    villages = scope(session)
    found = []
    for role, title, kind in (("membre", _("Villageoise"), Role.MEMBER), ("animatrice", _("Animatrice"), Role.FACILITATOR)):
        choices = handsets(session, kind, villages)
        number = request.args.get(role, type=_id) or (choices[0].contact_id if choices else 0)
        contact = _own(session, number) if number else None
        more, choices = len(choices) > AT_MOST, choices[:AT_MOST]
        found.append(InHand(role, title, contact, choices, contact is None or contact.number in held, more))
    office = contacts.find(session, STAFF_NUMBER)
    found.append(InHand("bureau", _("Bureau (numéro inconnu)"), office, [], office is None or STAFF_NUMBER in held))
    return found


def _screen(session: Session, contact: Contact) -> dict[str, object]:
    bubbles = simulator_phone.thread(session, contact)
    return {"bubbles": bubbles, "on_air": _on_air(session, contact), "cost": simulator_phone.cost(session, contact)}


def _on_air(session: Session, contact: Contact) -> OnAir | None:
    found = simulator_phone.ringing(session, contact)
    if found is None or found.state is CallState.DIALLING:
        return None
    steps = from_json(found.last_answer) if found.last_answer and found.state is CallState.ANSWERED else ()
    spoken = [piece for step in steps for piece in (step.prompts if isinstance(step, Gather) else (step,))]
    recorded = [step for step in steps if isinstance(step, Record)]
    return OnAir(
        found,
        found.state is CallState.RINGING,
        tuple(_pieces(session, spoken)),
        any(isinstance(step, Gather) for step in steps),
        any(isinstance(step, Gather) and step.digits == 1 for step in steps),
        bool(recorded),
        recorded[0].max_s if recorded else 0,
    )


def _pieces(session: Session, spoken: Sequence[Step]) -> Iterator[Piece]:
    """Each sound at this page's own address, whatever public address providers are given."""
    sounds = [sound for piece in spoken if isinstance(piece, Play) for sound in piece.clips]
    words = written(session, (sound.label for sound in sounds), now(session))
    for piece in spoken:
        if isinstance(piece, Say):
            yield Piece(piece.text)
        elif isinstance(piece, Play):
            for sound in piece.clips:
                said = _("Ce qui vient d'être enregistré") if sound.label == "recording" else words.get(sound.label, "")
                yield Piece(said or _("(un son, sans paroles)"), urlsplit(sound.url).path, sound.seconds)


def _taken(number: int) -> tuple[Contact, Channel]:
    """The phone that somebody uses here, from now on held in the hand: what it starts must ring on this page."""
    with writing() as session:
        contact, channel = _own(session, number), _needed(session)
        held = _held(channel)
        if contact.number not in held:
            _set(channel, "by_hand", [*held, contact.number or ""])
    return contact, channel


def _called_back(number: int) -> str:
    """When the service calls this phone back after its bip, or why it does not."""
    with reading() as session:
        contact, channel, at = session.get_one(Contact, number), _needed(session), now(session)
        when, why = bips.standing(session, channel, contact, at)
    if why is None and when is not None:
        soon = when - at <= timedelta(minutes=1)
        return (
            _("On rappelle dans la minute.") if soon else _("La nuit, on ne rappelle pas : appel le %(when)s.", when=moment(when))
        )
    if when is not None:
        return _("Pas de rappel : un seul toutes les dix minutes. Refaites un bip à partir de %(when)s.", when=clock_words(when))
    return str(NO_CALL_BACK[why or ""])


def _own(session: Session, contact_id: int) -> Contact:
    contact = session.get(Contact, contact_id)
    if contact is None or contact.number is None or not is_simulated(contact.number):
        abort(404)
    if contact.number != STAFF_NUMBER and not reachable(session, contact_id, scope(session)):
        abort(404)
    return contact


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


def _id(word: str) -> int:
    """A row's id in an address or a form; ValueError for what no database could hold."""
    number = int(word)
    if not 0 < number < 2**31:
        raise ValueError
    return number


def _where() -> str:
    return back(url_for("simulator.index"))


def _after(answered: simulator_phone.Answered, words: str | None = None) -> Answer:
    if answered.status >= 300:
        return done(_where(), _("Notre service a répondu par l'erreur %(status)s.", status=answered.status))
    return done(_where(), words)
