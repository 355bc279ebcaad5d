"""What clubs really do in a quarter, drawn from a seed: the truth, before anybody types a word of it.

Nothing here knows the product: codes and rules are those printed in the field guide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

DAMM = (
    *("0317598642", "7092154863", "4206871359", "1750983426", "6123045978"),
    *("3674209581", "5869720134", "8945362017", "9438617205", "2581436790"),
)
THEMES = (11, 12, 13, 21, 22, 31, 32, 41, 51, 61, 71, 81)
REASONS = (1, 2, 3, 4, 6, 9)
NO_THEME = (10, 14, 24, 44, 67, 74, 99)
VILLAGES_PER_SUPERVISOR = 4
NETWORKS = 3

Values = dict[str, int | None]


def code_of(serial: int) -> str:
    """A club's four digits."""
    row = 0
    for digit in str(serial):
        row = int(DAMM[row][int(digit)])
    return f"{serial}{row}"


@dataclass(frozen=True)
class Club:
    """A club, its village by place, its facilitator's phone, the operator's network it hangs on and its calendar."""

    code: str
    village: int
    phone: str
    supervisor: str
    network: int
    every: int
    first: date
    women: int
    men: int

    def due(self, until: date) -> Iterator[date]:
        """Its session days."""
        day = self.first
        while day <= until:
            yield day
            day += timedelta(days=self.every)


@dataclass
class Fact:
    """Something that happened in a club on a day and that its facilitator reports at `at`.

    `kind` is the keyword it is reported with, `due` the session day it belongs to. Typing it settles the rest: `stands` by the
    rules, since `heard`, and `asked` when the first answer was a question back or a hold. `received` is when it reached us.
    """

    kind: str
    club: Club
    day: date
    at: datetime
    values: Values
    due: date | None = None
    stands: bool = False
    heard: datetime | None = None
    asked: bool = False
    received: datetime | None = None


@dataclass
class Action:
    """Something decided: `number` counts within the club, `due` and `done` are days."""

    club: Club
    at: datetime
    day: date
    type: int
    days: int | None
    quantity: int
    done_at: datetime | None
    stands: bool = False
    number: int = 0
    done: date | None = None
    told: int | None = None

    @property
    def due(self) -> date:
        """By when; thirty days where nothing was said."""
        return self.day + timedelta(days=self.days or 30)


@dataclass
class Question:
    """A question from a club, and when staff answer it."""

    club: Club
    at: datetime
    answer_after: timedelta | None
    stands: bool = False
    heard: datetime | None = None
    id: str = ""


@dataclass
class Visit:
    """A supervisor's own count at a session."""

    fact: Fact
    women: int
    men: int
    stands: bool = False


@dataclass
class Life:
    """All of it. `mistaken` was reported and taken back, `planned` are the themes of a quarter, known by its first day, `excused`
    the session days of a club in a pause."""

    start: date
    days: int
    clubs: list[Club]
    facts: list[Fact] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    mistaken: list[Fact] = field(default_factory=list)
    planned: set[tuple[date, int]] = field(default_factory=set)
    pauses: list[tuple[Club, date, int, date | None]] = field(default_factory=list)
    excused: set[tuple[str, date]] = field(default_factory=set)

    @property
    def until(self) -> date:
        """The last day of the period."""
        return self.start + timedelta(days=self.days - 1)


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of day in Bamako."""
    return datetime.combine(day, time(hour, minute), UTC)


def quarter(day: date) -> date:
    """The first day of a day's quarter."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def draw(chance: Random, start: date, clubs: int, days: int) -> Life:
    """A programme and what becomes of it."""
    life = Life(start, days, [_club(chance, start, place, clubs) for place in range(clubs)])
    for first in sorted({quarter(start), quarter(life.until)}):
        life.planned |= {(first, theme) for theme in chance.sample(THEMES, 8)}
    for club in chance.sample(life.clubs, max(1, clubs // 10)):
        _pause(chance, life, club)
    for club in life.clubs:
        for day in club.due(life.until):
            if (club.code, day) not in life.excused:
                _meeting(chance, life, club, day)
    return life


def _club(chance: Random, start: date, place: int, count: int) -> Club:
    village = place // 2
    # In each fifth village one facilitator serves both clubs.
    phone = place - 1 if place % 10 == 9 and place < count else place
    every = chance.choices((7, 14, 5), (80, 14, 6))[0]
    supervisor = f"+2230{5_000_000 + village // VILLAGES_PER_SUPERVISOR * 10:07}"
    first = start + timedelta(days=chance.randrange(min(every, 7)))
    number = f"+2230{3_000_000 + phone * 10:07}"
    people = chance.randint(12, 20), chance.randint(5, 15)
    return Club(code_of(401 + place), village, number, supervisor, village % NETWORKS, every, first, *people)


def _pause(chance: Random, life: Life, club: Club) -> None:
    days = list(club.due(life.until))
    if len(days) < 4:
        return
    begins = chance.choice(days[1:-2]) + timedelta(days=1)
    lasts = 14
    back = begins + timedelta(days=8) if chance.random() < 0.4 else None
    life.pauses.append((club, begins, lasts, back))
    last = back - timedelta(days=1) if back else begins + timedelta(days=lasts)
    # A day is planned in its own morning, before a word that lifts the pause on that day.
    life.excused |= {(club.code, day) for day in days if begins <= day <= (back or last)}


def _meeting(chance: Random, life: Life, club: Club, due: date) -> None:
    fate = chance.choices(("held", "none", "silence", "held after all"), (84, 9, 5, 2))[0]
    if fate == "silence":
        return
    if fate != "held":
        reason = chance.choice(REASONS) if chance.random() < 0.8 else None
        life.facts.append(Fact("RAS", club, due, moment(due, 8, chance.randrange(60)), {"reason": reason}, due))
    if fate == "held":
        shift = chance.choices((0, 1, 2, -1), (84, 8, 4, 4))[0] if club.every > 2 else 0
        day = max(due + timedelta(days=shift), life.start)
        _session(chance, life, club, due, day, _delay(chance))
        if chance.random() < 0.03 and club.every > 5:
            _session(chance, life, club, due, day + timedelta(days=1), 0)  # they met again the next day
    elif fate == "held after all":
        _session(chance, life, club, due, due, 1)


def _delay(chance: Random) -> int:
    kind = chance.choices(("same", "soon", "late", "old"), (70, 20, 7, 3))[0]
    return {"same": 0, "soon": chance.randint(1, 3), "late": chance.randint(4, 14), "old": chance.randint(15, 28)}[kind]


def people(chance: Random) -> Values:
    """Who came: X was typed, or nothing, for what nobody counted."""
    women, men = chance.randint(6, 26), chance.choices((0, chance.randint(1, 14)), (12, 88))[0]
    if chance.random() < 0.015:
        women += 70
    youth = chance.randint(0, (women + men) // 2) if chance.random() < 0.75 else None
    radio = chance.choices((0, 1, None), (25, 55, 20))[0]
    mothers = chance.randint(0, women) if chance.random() < 0.3 else None
    return {"women": women, "men": men, "youth": youth, "radio": radio, "mothers": mothers}


def _session(chance: Random, life: Life, club: Club, due: date, day: date, delay: int) -> None:
    told = day + timedelta(days=delay)
    at = moment(told, chance.randint(16, 19) if not delay else chance.randint(8, 19), chance.randrange(60))
    themes = chance.sample(THEMES, 2)
    values: Values = {"theme": themes[0], "second": themes[1] if chance.random() < 0.05 else None, **people(chance)}
    present = (values["women"] or 0) + (values["men"] or 0)
    life.facts.append(Fact("CR", club, day, at, values, due))
    step = timedelta(minutes=4)
    if chance.random() < 0.55:
        voters = chance.randint(3, max(3, min(present, 40)))
        before = chance.randint(0, voters)
        quiz: Values = {"theme": themes[0], "before": before, "after": chance.randint(before // 2, voters), "voters": voters}
        life.facts.append(Fact("QZ", club, day, at + step, quiz))
    if chance.random() < 0.08:
        demo: Values = {"recipe": chance.randint(1, 9), "women": chance.randint(5, 25), "men": chance.randint(0, 9)}
        demo["children"] = chance.randint(0, 20) if chance.random() < 0.7 else None
        life.facts.append(Fact("DC", club, day, at + 2 * step, demo))
    if chance.random() < 0.04:
        event: Values = {"type": chance.randint(1, 5), "women": chance.randint(5, 40), "men": chance.randint(1, 35)}
        event["villages"] = chance.randint(1, 9) if chance.random() < 0.7 else None
        life.facts.append(Fact("EV", club, day, at + 3 * step, event))
    if chance.random() < 0.25:
        _decision(chance, life, club, day, at + 4 * step)
    if chance.random() < 0.12:
        after = timedelta(hours=chance.randint(2, 150)) if chance.random() < 0.8 else None
        life.questions.append(Question(club, at + 5 * step, after))


def _decision(chance: Random, life: Life, club: Club, day: date, at: datetime) -> None:
    days = chance.choice((None, None, 10, 15, 20, 45))
    waits = timedelta(days=chance.randint(3, 50), minutes=chance.randrange(600))
    done = at + waits if chance.random() < 0.65 else None
    type_ = chance.choice((1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9))
    life.actions.append(Action(club, at, day, type_, days, chance.randint(5, 200), done))


def figures_of(fact: Fact) -> Mapping[str, int]:
    """What was counted, without what nobody said."""
    return {name: value for name, value in fact.values.items() if value is not None}
