"""The places in the series, child by child: which step comes next, who rests, who comes back; in the words of field.md."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time

from tests.year.programme import DAY, Programme

UNHEARD = 90 * DAY


@dataclass
class Place:
    """A child's place: the step that comes next, None at its end; `came` are those that came."""

    birth: date
    since: datetime
    step: int | None = None
    state: str = "active"
    came: set[int] = field(default_factory=set)


class Series:
    """Every place, by person."""

    def __init__(self, given: Programme, begins: datetime) -> None:
        self._given = given
        self._months = next(one.months for one in given.sendings if one.months)
        self._of_phone: dict[int, list[int]] = defaultdict(list)
        self.places = {person: Place(birth, begins) for person, birth in given.births.items()}
        for person, place in self.places.items():
            place.step = min(self._open(place), default=None)
            phone = given.people[person].phone
            if phone is not None:
                self._of_phone[phone].append(person)

    def at(self, place: Place, step: int) -> datetime:
        """Nine o'clock on the first of its month."""
        months = place.birth.year * 12 + place.birth.month - 1 + self._months[step]
        return datetime.combine(date(months // 12, months % 12 + 1, 1), time(9), place.since.tzinfo)

    def _open(self, place: Place) -> Iterator[int]:
        """The steps that neither came nor lie before the place was given."""
        steps = range(len(self._months))
        return (step for step in steps if step not in place.came and self.at(place, step) >= place.since)

    def behind(self, phone: int, *states: str) -> list[int]:
        """The people behind a phone whose place is in one of these states."""
        return [person for person in self._of_phone[phone] if self.places[person].state in states]

    def due(self, until: datetime) -> dict[tuple[int, datetime], list[int]]:
        """Who comes to which step by then, at most one step each."""
        found: dict[tuple[int, datetime], list[int]] = defaultdict(list)
        for person, place in self.places.items():
            if place.state == "active" and place.step is not None and self.at(place, place.step) <= until:
                found[place.step, self.at(place, place.step)].append(person)
        return found

    def next(self, person: int) -> datetime | None:
        """When this person's next step is due; None for one who has none."""
        place = self.places.get(person)
        if place is None or place.state != "active" or place.step is None:
            return None
        return self.at(place, place.step)

    def move_on(self, person: int) -> None:
        """The step came; the next is a later one that did not come yet."""
        place = self.places[person]
        assert place.step is not None
        done = place.step
        place.came.add(done)
        place.step = min((step for step in self._open(place) if step > done), default=None)

    def unheard(self, heard: dict[int, datetime], now: datetime) -> list[int]:
        """The people to suspend: nobody heard of their phone for 90 days."""
        found = []
        for phone in self._of_phone:
            for person in self.behind(phone, "active"):
                since = self.places[person].since
                if now - heard.get(phone, since) >= UNHEARD and now - since >= UNHEARD:
                    found.append(person)
        return found

    def resume(self, person: int, at: datetime) -> None:
        """Begin again, with what is due from now on."""
        place = self.places[person]
        place.state, place.since = "active", at
        place.step = min(self._open(place), default=None)

    def leave(self, person: int, state: str) -> bool:
        """End or suspend a place; False where that changes nothing."""
        place = self.places[person]
        if place.state == "ended" or (state == "suspended" and place.state != "active"):
            return False
        place.state, place.step = state, None
        return True

    def fall_behind(self, person: int) -> None:
        """Somebody's hand moved the place past a step that did not come."""
        place = self.places[person]
        if place.state == "active" and place.step is not None and place.step + 1 < len(self._months):
            place.step += 1

    def repair(self) -> None:
        """Staff have all places looked through: each goes to its first step that did not come."""
        for place in self.places.values():
            if place.state == "active":
                place.step = min(self._open(place), default=None)
