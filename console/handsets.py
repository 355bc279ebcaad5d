"""The pretended phones as the simulator shows them: which are in hand, what stands on each screen, what a call says."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import abort, request

from campaigns.voice import written
from clubs.models import Role
from clubs.phones import AT_MOST, Handset, handsets, reachable
from console.access import scope
from console.edge import now
from console.words import _, clock, lazy, moment
from messaging import bips, contacts, simulator_phone
from messaging.models import Call, CallState, Channel, Contact
from messaging.numbers import is_simulated
from messaging.steps import Gather, Play, Record, Say, Step, from_json
from runtime.database import Session

SHOWN_FOR = timedelta(minutes=10)  # the last words of a call that is over
STAFF_NUMBER = "+22309990001"  # the office's own pretended phone: a stranger to every club
NO_CALL_BACK = {
    "number": lazy("Pas de rappel : ce numéro n'est pas un mobile du Mali."),
    "pending": lazy("Un rappel est déjà en route."),
    "live": lazy("Pas de rappel : ce téléphone est déjà en communication."),
    "day": lazy("Pas de rappel : ce téléphone a eu tous ses rappels du jour. Un inconnu en a un, un inscrit cinq."),
    "hour": lazy("Pas de rappel : la ligne a rappelé trop de monde cette heure-ci."),
    "strangers": lazy("Pas de rappel : la ligne a rappelé trop d'inconnus cette heure-ci."),
    "no_channel": lazy("Pas de rappel : aucun canal ne peut appeler ce numéro."),
}


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


def in_hand(session: Session, held: Collection[str], last: Mapping[str, int | None]) -> list[InHand]:
    """The three phones of the page, by its address, else the `last` chosen; `held` are the numbers whose calls ring there."""
    villages = scope(session)
    found = []
    for role, title, kind in (("membre", _("Villageoise"), Role.MEMBER), ("animatrice", _("Animatrice"), Role.FACILITATOR)):
        choices = handsets(session, kind, villages)
        number = request.args.get(role, type=id_of)
        contact = own(session, number) if number else _usable(session, last.get(role) or 0)
        if contact is None and choices:
            contact = own(session, choices[0].contact_id)
        more, choices = len(choices) > AT_MOST, choices[:AT_MOST]
        found.append(InHand(role, title, contact, choices, contact is None or contact.number in held, more))
    office = contacts.find(session, STAFF_NUMBER)
    found.append(InHand("bureau", _("Bureau (numéro inconnu)"), office, [], office is None or STAFF_NUMBER in held))
    return found


def screen_of(session: Session, contact: Contact) -> dict[str, object]:
    """What the template of a screen is given."""
    on_air = _on_air(session, contact)
    return {
        "bubbles": simulator_phone.thread(session, contact),
        "on_air": on_air,
        "over": None if on_air else _over(session, contact),
        "cost": simulator_phone.cost(session, contact),
    }


def _on_air(session: Session, contact: Contact) -> OnAir | None:
    found = simulator_phone.ringing(session, contact)
    if found is None or found.state is CallState.DIALLING:
        return None
    steps = from_json(found.last_answer) if found.last_answer and found.state is CallState.ANSWERED else ()
    recorded = [step for step in steps if isinstance(step, Record)]
    return OnAir(
        found,
        found.state is CallState.RINGING,
        tuple(_pieces(session, steps)),
        any(isinstance(step, Gather) for step in steps),
        any(isinstance(step, Gather) and step.digits == 1 for step in steps),
        bool(recorded),
        recorded[0].max_s if recorded else 0,
    )


def _over(session: Session, contact: Contact) -> tuple[Piece, ...] | None:
    """The last words of the call that has just ended by itself."""
    found = simulator_phone.last_talk(session, contact, now(session) - SHOWN_FOR)
    return tuple(_pieces(session, from_json(found.last_answer))) if found is not None and found.last_answer else None


def _pieces(session: Session, steps: Sequence[Step]) -> Iterator[Piece]:
    """Each sound at this page's own address, whatever public address providers are given."""
    spoken = [piece for step in steps for piece in (step.prompts if isinstance(step, Gather) else (step,))]
    sounds = [sound for piece in spoken if isinstance(piece, Play) for sound in piece.clips]
    words = written(session, (sound.label for sound in sounds), now(session))
    for piece in spoken:
        if isinstance(piece, Say):
            yield Piece(piece.text)
        elif isinstance(piece, Play):
            for sound in piece.clips:
                said = _("Ce qui vient d'être enregistré") if sound.label == "recording" else words.get(sound.label, "")
                yield Piece(said or _("(un son, sans paroles)"), urlsplit(sound.url).path, sound.seconds)


def called_back(session: Session, channel: Channel, contact: Contact, at: datetime) -> str:
    """When the service calls this phone back after its bip, or why it does not."""
    when, why = bips.standing(session, channel, contact, at)
    if why is None and when is not None:
        soon = when - at <= timedelta(minutes=1)
        return (
            _("On rappelle dans la minute.") if soon else _("La nuit, on ne rappelle pas : appel le %(when)s.", when=moment(when))
        )
    if when is not None:
        return _("Pas de rappel : un seul toutes les dix minutes. Refaites un bip à partir de %(when)s.", when=clock(when))
    return str(NO_CALL_BACK[why or ""])


def own(session: Session, contact_id: int) -> Contact:
    """A pretended phone that this reader may use; 404."""
    return _usable(session, contact_id) or abort(404)


def _usable(session: Session, contact_id: int) -> Contact | None:
    contact = session.get(Contact, contact_id)
    if contact is None or contact.number is None or not is_simulated(contact.number):
        return None
    if contact.number != STAFF_NUMBER and not reachable(session, contact_id, scope(session)):
        return None
    return contact


def id_of(word: str) -> int:
    """A row's id in an address or a form; ValueError for what no database could hold."""
    number = int(word)
    if not 0 < number < 2**31:
        raise ValueError
    return number
