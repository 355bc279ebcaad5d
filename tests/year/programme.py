"""A programme as plain figures, drawn from a seed: villages, clubs, phones, campaigns, and what people do in the time played.

Nothing here knows the service: `tests/year/model.py` reckons from these figures what must become of every message,
`tests/year/played.py` writes them into a database and lets the service run.
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

DAY = timedelta(days=1)
TICKS = ("07:50", "08:00", "08:50", "09:00", "09:30", "11:30", "16:50", "17:00", "19:30", "20:30")
"""When the service looks at its clock: what is due at nine is made ready ten minutes before."""


@dataclass(frozen=True)
class Place:
    """A village; `cycle` None: nobody knows its market."""

    cycle: int | None
    anchor: date
    heard: bool
    paused_until: date | None


@dataclass(frozen=True)
class Phone:
    """One number; `agreed` to be written to, `series` to the series besides."""

    agreed: bool = True
    series: bool = True


@dataclass(frozen=True)
class Person:
    """A member; `phone` is a place in the list of phones. The first of each club is its facilitator."""

    club: int
    phone: int | None


@dataclass(frozen=True)
class Sending:
    """A campaign: what dates it, how important it is (0 first), what becomes of a missed one, how long it may wait."""

    name: str
    rank: int
    policy: str
    hours: int
    hour: int
    everybody: bool = False
    days: tuple[date, ...] = ()
    weekday_from: date | None = None
    market: str | None = None
    season: str | None = None
    days_into: int = 0
    weekly: bool = False
    after_radio: int | None = None
    after_answer: int | None = None
    months: tuple[int, ...] = ()


@dataclass(frozen=True)
class Happening:
    """What people do. A phone: "stop", "back" after it, "heard", "yes" when asked again, "answer", "fin" (its series are over).

    Staff with a person's series: "end", "behind" (moved past a step); "repair" all of them.
    """

    at: datetime
    what: str
    whom: int


@dataclass
class Programme:
    """Everything that is given. `clubs` are places of villages; `slots` what some of them agreed to (hours.py)."""

    first: date
    last: date
    away: tuple[datetime, datetime]
    ramadan: tuple[date, date]
    places: list[Place] = field(default_factory=list)
    clubs: list[int] = field(default_factory=list)
    slots: dict[int, str] = field(default_factory=dict)
    phones: list[Phone] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    seasons: list[tuple[str, date, date]] = field(default_factory=list)
    episodes: list[datetime] = field(default_factory=list)
    births: dict[int, date] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)

    @property
    def ticks(self) -> list[datetime]:
        """The moments at which the service runs, four days beyond the last due day, without those of the outage."""
        days = (self.first + n * DAY for n in range((self.last - self.first).days + 5))
        all_ = [datetime.fromisoformat(f"{day}T{hour}+00:00") for day in days for hour in TICKS]
        return [at for at in all_ if not self.away[0] <= at < self.away[1]]


def at(day: date, hour: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}+00:00")


def draw(seed: int, members: int, first: date, last: date) -> Programme:
    """A programme of so many members; two weeks of outage begin in the middle of the time played, on a morning."""
    chance = random.Random(seed)
    middle = first + (last - first) // 2
    found = Programme(first, last, (at(middle, "08:30"), at(middle + 14 * DAY, "11:00")), _ramadan(first, last))
    _people(found, chance, members)
    _year(found, chance)
    _campaigns(found)
    _happenings(found, chance)
    return found


def _ramadan(first: date, last: date) -> tuple[date, date]:
    begins = first + max(5, (last - first).days // 8) * DAY
    return begins, begins + min(29, (last - first).days // 5) * DAY


def _people(found: Programme, chance: random.Random, members: int) -> None:
    clubs = max(4, round(members * 128 / 3000))
    for number in range(max(3, clubs // 2)):
        paused = found.first + chance.randrange(10, 40) * DAY if number % 9 == 4 else None
        anchor = date(2014, 4, 9) + chance.randrange(7) * DAY
        found.places.append(Place((5, 5, 7, None)[number % 4], anchor, number % 3 != 2, paused))
    found.clubs = [number % len(found.places) for number in range(clubs)]
    found.slots = {club: "evening" if club % 2 else "afternoon" for club in range(0, clubs, 5)}
    for number in range(members):
        club = number % clubs
        facilitates = number < clubs
        if not facilitates and chance.random() < 0.1:
            phone = None
        elif not facilitates and chance.random() < 0.15:
            phone = chance.randrange(len(found.phones))  # a sister's, or the facilitator's own
            if found.people[[one.phone for one in found.people].index(phone)].club != club:
                phone = None
        else:
            found.phones.append(Phone(agreed=chance.random() < 0.95, series=chance.random() < 0.9))
            phone = len(found.phones) - 1
        found.people.append(Person(club, phone))
        if not facilitates and chance.random() < 0.12:
            found.births[number] = _month(found.first, chance.randrange(-9, 4))


def _month(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _year(found: Programme, chance: random.Random) -> None:
    span = (found.last - found.first).days
    lean = found.first + span // 4 * DAY
    found.seasons = [
        ("lean", lean, lean + span // 3 * DAY),
        ("harvest", found.first + span * 2 // 3 * DAY, found.last - span // 10 * DAY),
        ("sian", found.first + span // 6 * DAY, found.first + (span // 6 + 6) * DAY),
    ]
    day = found.first + 3 * DAY
    while day < found.last:
        found.episodes.append(at(day, "20:00"))
        day += chance.choice((9, 14, 15)) * DAY


def _campaigns(found: Programme) -> None:
    monthly = tuple(found.first + n * DAY for n in range(4, (found.last - found.first).days, 28))
    found.sendings = [
        Sending("Chaque semaine", 1, "send_late", 72, 9, weekday_from=found.first + DAY),
        Sending("Veille de marché", 2, "send_next", 60, 9, market="eve"),
        Sending("Jour de marché", 2, "skip", 10, 9, market="on"),
        Sending("Jamais au marché", 2, "skip", 30, 17, market="never", weekday_from=found.first + 2 * DAY),
        Sending("Soudure", 1, "skip", 36, 17, season="lean", days_into=3, weekly=True),
        Sending("Récolte", 0, "send_late", 48, 17, season="harvest", days_into=1),
        Sending("SIAN", 0, "send_late", 24, 9, season="sian"),
        Sending("Après la radio", 1, "send_late", 48, 9, after_radio=13),
        Sending("Après le quiz", 1, "send_late", 48, 9, after_answer=26),
        Sending("Tous les mois", 0, "send_late", 72, 17, everybody=True, days=monthly),
        Sending("Mille jours", 1, "send_late", 72, 9, months=(0, 1, 2, 4, 6, 9, 12)),
    ]


def _happenings(found: Programme, chance: random.Random) -> None:
    """All of them at seven in the morning, before anything is made ready, and none while the service is away."""
    days = [found.first + n * DAY for n in range((found.last - found.first).days)]
    days = [day for day in days if not found.away[0] - DAY <= at(day, "07:00") < found.away[1] + DAY]
    told = set[Happening]()

    def early(day: date, what: str, whom: int) -> None:
        if day in days:
            told.add(Happening(at(day, "07:00"), what, whom))

    for phone in range(len(found.phones)):
        if chance.random() < 0.06:
            day = chance.choice(days)
            early(day, "stop", phone)
            early(day + chance.randrange(3, 60) * DAY, "back", phone)
        elif phone % 4:
            for day in days[phone % 50 :: 50]:
                early(day, "heard", phone)
        elif phone % 8:
            for number in (95, 205, 300):  # nothing was heard of it: it is asked after 90 days, and after each yes again
                early(found.first + number * DAY, "yes", phone)
        if chance.random() < 0.3:
            early(chance.choice(days[1:]), "answer", phone)
    for person in found.births:
        drawn, phone_of = chance.random(), found.people[person].phone
        if drawn < 0.12:
            early(chance.choice(days), "end", person)
        elif drawn < 0.24 and phone_of is not None:
            early(chance.choice(days), "fin", phone_of)
        elif drawn < 0.4:
            early(chance.choice(days), "behind", person)
    for day in days[20::45]:
        early(day, "repair", 0)
    found.happenings = sorted(told, key=lambda one: (one.at, one.what, one.whom))
