"""What facilitators and supervisors send to tell of a life, messes included, and which of it counts by the field guide's rules.

One phone writes one thing after another: whatever asks for an answer is answered before the next report begins, unless the
network is away and no answer comes.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from tests.quarter import messes, typed
from tests.quarter.life import Action, Club, Fact, Life, Question, Visit, moment
from tests.quarter.network import Networks, Sms

MINUTE = timedelta(minutes=1)
Script = Callable[["Pen"], None]


@dataclass
class Pen:
    """One phone and the hour at which its owner can write next."""

    phone: str
    network: int | None
    networks: Networks
    chance: Random
    clubs: tuple[str, ...] = ()
    clock: datetime = datetime.min
    waiting: list[tuple[datetime, int, Script]] = field(default_factory=list)
    planned: int = 0

    def plan(self, at: datetime, script: Script) -> None:
        """Write this then, or as soon after as the owner has time."""
        self.planned += 1
        heapq.heappush(self.waiting, (at, self.planned, script))

    def write_all(self) -> None:
        """Everything planned, and what that leads to."""
        while self.waiting:
            at, _, script = heapq.heappop(self.waiting)
            self.clock = at if self.clock.year == 1 else max(self.clock, at)
            script(self)

    @property
    def open(self) -> bool:
        """Whether an answer would come at once."""
        return self.networks.open(self.network, self.clock)

    @property
    def codes(self) -> bool:
        """Whether the owner must say which club."""
        return len(self.clubs) > 1

    def send(self, text: str, numbered_by: Sms | None = None) -> Sms:
        """Send one; `numbered_by` is the SMS whose answer tells the number that stands as {number} in the text."""
        sms = self.networks.send(self.phone, self.network, self.clock, text, numbered_by.id if numbered_by else None)
        self.clock += timedelta(minutes=self.chance.randint(2, 5))
        return sms

    def then(self, sms: Sms, script: Script) -> None:
        """Go on when the answer to `sms` is there: now, or when the network is back."""
        if not sms.delayed:
            script(self)
        else:
            self.plan(sms.read + self.chance.randint(5, 90) * MINUTE, script)


@dataclass
class Typists:
    """Everybody's pens; strangers' phones are made as they are needed."""

    life: Life
    networks: Networks
    chance: Random
    messy: float = 0.12
    pens: dict[str, Pen] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    strangers: int = 0

    def pen(self, club: Club) -> Pen:
        """The facilitator's."""
        if club.phone not in self.pens:
            own = tuple(sorted(one.code for one in self.life.clubs if one.phone == club.phone))
            self.pens[club.phone] = Pen(club.phone, club.network, self.networks, self.chance, own)
        return self.pens[club.phone]

    def supervisor(self, club: Club) -> Pen:
        """The supervisor's, who lives in town, where the network holds."""
        return self.pens.setdefault(club.supervisor, Pen(club.supervisor, None, self.networks, self.chance))

    def stranger(self, club: Club) -> Pen:
        """A neighbour's phone that nobody ever told us of."""
        self.strangers += 1
        return Pen(f"+2230{7_000_000 + self.strangers * 10:07}", club.network, self.networks, self.chance)


def write(life: Life, networks: Networks, chance: Random, messy: float) -> list[Sms]:
    """All that was sent, in the order it reached us; the facts now say whether they stand; `messy` is the share of messes."""
    typists = Typists(life, networks, chance, messy)
    for fact in life.facts:
        typists.pen(fact.club).plan(fact.at, _telling(typists, fact))
    for action in life.actions:
        typists.pen(action.club).plan(action.at, _deciding(typists, action))
    for place, question in enumerate(life.questions):
        typists.pen(question.club).plan(question.at, _asking(typists, question, place))
    for pen in list(typists.pens.values()):
        pen.write_all()
    for club, begins, days, back in life.pauses:
        supervisor = typists.supervisor(club)
        supervisor.plan(moment(begins, 9), lambda pen, club=club, days=days: pen.send(f"PAUSE {club.code} {days}"))  # type: ignore[misc]
        if back is not None:
            supervisor.plan(moment(back, 9), lambda pen, club=club: pen.send(f"REPRISE {club.code}"))  # type: ignore[misc]
    for pen in list(typists.pens.values()):
        pen.write_all()
    return sorted(networks.sent, key=lambda sms: (sms.arrives, sms.at))


def _telling(typists: Typists, fact: Fact) -> Script:
    def tell(pen: Pen) -> None:
        if pen.chance.random() < typists.messy:
            messes.choose(typists, pen, fact)(typists, pen, fact)
        else:
            messes.rightly(typists, pen, fact)

    return tell


def _deciding(typists: Typists, given: Action) -> Script:
    def decide(pen: Pen) -> None:
        sms = pen.send(typed.action(pen.chance, given, pen.clock.date(), code=pen.codes))
        if sms.lost:
            return
        if pen.chance.random() < typists.messy / 2:
            pen.clock += 5 * MINUTE
            if not sms.delayed:
                pen.send(sms.text)  # once more, to be sure: within a day it is the same action
        given.stands = True
        given.number = typists.numbers[given.club.code] = typists.numbers.get(given.club.code, 0) + 1
        if given.done_at is not None:
            pen.plan(max(given.done_at, sms.read + 60 * MINUTE), _finishing(given))

    return decide


def _finishing(given: Action) -> Script:
    def finish(pen: Pen) -> None:
        told = f" {given.quantity}" if given.type == 2 or pen.chance.random() < 0.3 else ""
        code = f"C{given.club.code} " if pen.codes else ""
        sms = pen.send(f"{pen.chance.choice(('FAIT', 'fait', 'Fini'))} {code}{given.number}{told}")
        if sms.lost:
            return
        given.done, given.told = sms.heard.date(), given.quantity if told else None

    return finish


def _asking(typists: Typists, question: Question, place: int) -> Script:
    def ask(pen: Pen) -> None:
        sms = pen.send(typed.question(pen.chance, place))
        if sms.lost:
            return
        question.stands, question.heard, question.id = True, sms.read, sms.id
        if pen.chance.random() < typists.messy / 2 and not sms.delayed:
            pen.clock += 5 * MINUTE
            pen.send(sms.text)

    return ask


def visiting(typists: Typists, fact: Fact, sms: Sms) -> None:
    """Sometimes the supervisor was there and sends her own count."""
    if fact.kind != "CR" or sms.delayed or typists.chance.random() > 0.06:
        return
    women, men = fact.values["women"] or 0, fact.values["men"] or 0
    visit = Visit(fact, max(0, women - typists.chance.randint(0, 3)), men, stands=True)
    typists.life.visits.append(visit)
    later = sms.read + timedelta(hours=typists.chance.randint(12, 40))
    words = f"VU {{number}} {visit.women} {visit.men}"
    typists.supervisor(fact.club).plan(later, lambda pen: _discard(pen.send(words, sms)))


def _discard(_sms: Sms) -> None:
    """A script gives nothing back."""
