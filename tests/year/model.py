"""What must become of every message, reckoned by brute force from field.md and promises.md: day by day, phone by phone.

It shares no code with the service. Slow and plain on purpose: every rule stands here once more, in the words of the books.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from tests.year.days import whose
from tests.year.hours import opens
from tests.year.programme import DAY, Happening, Person, Programme, Sending
from tests.year.series import Series

MINUTE = timedelta(minutes=1)
READY = timedelta(minutes=10)
"""A sending is made ready, and can be stopped, ten minutes before it leaves."""
LATE = timedelta(hours=6)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
ASKED_FOR = 14 * DAY
Due = tuple[datetime, list[int] | None, list[int] | None]
Fired = tuple[Sending, datetime, datetime, list[int] | None, list[int] | None]
Fate = tuple[str, str]
"""("sent", the day), ("skipped", why) or ("expired", "")."""


@dataclass
class Push:
    """One message on its way to one phone."""

    key: tuple[str, datetime]
    phone: int
    rank: int
    leaves: datetime
    expires: datetime
    order: tuple[int, int]
    slot: str | None
    kept: frozenset[date]
    series: bool
    people: list[int] = field(default_factory=list)


def reckon(given: Programme) -> "Model":
    """Play the programme."""
    model = Model(given)
    waiting = list(given.happenings)
    for tick in given.ticks:
        while waiting and waiting[0].at <= tick:
            model.happen(waiting.pop(0))
        model.tick(tick)
    return model


class Model:
    """`occasions`: each due time and what was made of it; `fates`: each person of each due time and what became of theirs."""

    def __init__(self, given: Programme) -> None:
        self.given = given
        self.occasions: dict[tuple[str, datetime], str] = {}
        self.fates: dict[tuple[str, datetime, int], Fate] = {}
        self.pushes: list[Push] = []
        self.sent: dict[int, list[datetime]] = defaultdict(list)
        self._open: dict[int, list[Push]] = defaultdict(list)
        self._stopped: set[int] = set()
        self._agreed = {phone for phone, one in enumerate(given.phones) if one.agreed}
        self._to_series = {phone for phone, one in enumerate(given.phones) if one.series}
        self._asked: dict[int, datetime] = {}
        self._heard: dict[int, datetime] = {}
        self._answered: dict[int, datetime] = {}
        self._followed: set[int] = set()
        self._created = 0
        self._cache_at: tuple[datetime, int] | None = None
        self._cache: dict[tuple[str, datetime], list[Due]] = {}
        self._phones: dict[tuple[str, datetime], frozenset[int]] = {}
        self._days: dict[tuple[str, date], list[int] | bool | None] = {}
        self._checked: date | None = None
        begins = datetime.combine(given.first, time(6), given.away[0].tzinfo)
        self.begins = begins
        self.series = Series(given, begins)

    def happen(self, one: Happening) -> None:
        if one.what in ("stop", "back", "heard", "yes", "fin") or (one.what == "answer" and one.whom not in self._answered):
            self._heard[one.whom] = one.at
        match one.what:
            case "stop":
                self._stopped.add(one.whom)
                self._agreed.discard(one.whom)
                self._to_series.discard(one.whom)
                self._asked.pop(one.whom, None)
                for push in self._open.pop(one.whom, []):
                    self._end(push, ("skipped", "stopped"))
            case "back" if one.whom in self._stopped:
                self._stopped.discard(one.whom)
                self._agreed.add(one.whom)
            case "yes" if self._asked.pop(one.whom, one.at) > one.at:
                self._agreed.add(one.whom)
                for person in self.series.behind(one.whom, "suspended"):
                    self._to_series.add(one.whom)
                    self.series.resume(person, one.at)
            case "answer":
                self._answered.setdefault(one.whom, one.at)
            case "fin":
                for person in self.series.behind(one.whom, "active", "suspended"):
                    self._to_series.discard(one.whom)
                    self._leave(person, "ended")
            case "end":
                self._leave(one.whom, "ended")
            case "behind":
                self.series.fall_behind(one.whom)
            case "repair":
                self.series.repair()

    def _leave(self, person: int, state: str) -> None:
        if not self.series.leave(person, state):
            return
        phone, places = self.given.people[person].phone, self.series.places
        for push in list(self._open.get(phone, [])) if phone is not None else []:
            others = [one for one in push.people if one != person and places[one].state == "active"] if push.series else [0]
            if push.series and person in push.people and not others:
                self._open[push.phone].remove(push)
                self._end(push, ("skipped", "series_over"))

    def tick(self, now: datetime) -> None:
        if self._checked != now.date():
            self._checked = now.date()
            self._suspend(now)
        made: list[tuple[datetime, int, list[Fired]]] = []
        for number, sending in enumerate(self.given.sendings):
            if sending.months:
                made += self._steps_due(number, sending, now)
                continue
            due = [one for one in self._dues(sending, now + READY) if (sending.name, one[0]) not in self.occasions]
            if due:
                fired = self._judge(sending, due, now)
                made.append((due[0][0], number, fired))
        for _, _, fired in sorted(made, key=lambda one: one[:2]):
            for sending, at_, leaves, villages, people in fired:
                self._send(sending, at_, leaves, villages, people, now)
        for phone in list(self._open):
            self._phone(phone, now)

    def _suspend(self, now: datetime) -> None:
        for person in self.series.unheard(self._heard, now):
            phone = self.given.people[person].phone or 0
            self._leave(person, "suspended")
            self._to_series.discard(phone)
            if phone not in self._stopped:
                self._asked[phone] = now + ASKED_FOR

    def _dues(self, sending: Sending, until: datetime) -> list[Due]:
        """Each due time with its villages (None: all) and its people (None: the villages')."""
        found: list[Due] = []
        if sending.after_radio is not None:
            heard = [number for number, one in enumerate(self.given.places) if one.heard]
            found = [(airs + timedelta(hours=sending.after_radio), heard, None) for airs in self.given.episodes]
        elif sending.after_answer is not None:
            groups: dict[datetime, list[int]] = defaultdict(list)
            for phone, answered in self._answered.items():
                if phone not in self._followed:
                    groups[answered + timedelta(hours=sending.after_answer)].append(phone)
            for at_, phones in groups.items():
                found.append((at_, None, [n for n, one in enumerate(self.given.people) if one.phone in phones]))
        else:
            day = self.given.first
            while day <= min(until.date(), self.given.last):
                villages_ = self._whose(sending, day)
                if not isinstance(villages_, bool):
                    found.append((datetime.combine(day, time(sending.hour), self.begins.tzinfo), villages_, None))
                day += DAY
        return sorted((one for one in found if self.begins <= one[0] <= until), key=lambda one: one[0])

    def _whose(self, sending: Sending, day: date) -> list[int] | bool | None:
        if (sending.name, day) not in self._days:
            self._days[sending.name, day] = whose(self.given, sending, day)
        return self._days[sending.name, day]

    def _judge(self, sending: Sending, due: list[Due], now: datetime) -> list[Fired]:
        fired = []
        for number, (at_, villages, people) in enumerate(due):
            state = self._missed(sending, at_, now)
            if (
                state == "skipped"
                and sending.policy == "send_next"
                and (number < len(due) - 1 or self._comes_again(sending, at_))
            ):
                state = "merged"
            leaves = max(at_, now + READY)
            if state == "fired" and leaves >= at_ + timedelta(hours=sending.hours):
                state = "skipped"
            self.occasions[sending.name, at_] = state
            if sending.after_answer is not None:
                self._followed |= {self.given.people[one].phone or 0 for one in people or ()}
            if state == "fired":
                fired.append((sending, at_, leaves, villages, people))
        return fired

    def _missed(self, sending: Sending, at_: datetime, now: datetime) -> str:
        """Within five minutes nothing is late; late by at most six hours and the same day may still be sent."""
        if now - at_ <= 5 * MINUTE:
            return "fired"
        if sending.policy == "send_late" and now - at_ <= LATE and now.date() == at_.date():
            return "fired"
        return "skipped"

    def _comes_again(self, sending: Sending, after: datetime) -> bool:
        return any(at_ > after for at_, _, _ in self._dues(sending, after + 370 * DAY))

    def _steps_due(self, number: int, sending: Sending, now: datetime) -> list[tuple[datetime, int, list[Fired]]]:
        """Each step is an event of its own; those at one step and month are sent to together. One step a look at the clock."""
        made = []
        for (step, at_), people in sorted(self.series.due(now + READY).items()):
            one = Sending(f"{sending.name} {step}", sending.rank, sending.policy, sending.hours, 9, months=sending.months)
            while (one.name, at_) in self.occasions:  # those who fell behind come to a step of their own
                at_ += SECOND
            made.append((at_, number + step, self._judge(one, [(at_, None, people)], now)))
            for person in people:
                self.series.move_on(person)
        return made

    def _send(
        self,
        sending: Sending,
        at_: datetime,
        leaves: datetime,
        villages: list[int] | None,
        people: list[int] | None,
        now: datetime,
    ) -> None:
        self._created += 1
        pushes: dict[int, Push] = {}
        for number in sorted(self._audience(sending, villages, people)):
            who = self.given.people[number]
            why = self._left_out(sending, number, who, now.date())
            kept = self._kept(sending, who.phone, max(now, leaves), at_ + timedelta(hours=sending.hours), now)
            slot = self.given.slots.get(who.club)
            expires = at_ + timedelta(hours=sending.hours)
            if why is None and self._free(max(now, leaves), expires, kept) is None:
                why = "priority"
            if why is not None:
                self.fates[sending.name, at_, number] = ("skipped", why)
                continue
            assert who.phone is not None
            if who.phone not in pushes:
                start = self._free(max(now, leaves), expires, kept)
                assert start is not None
                push = Push(
                    (sending.name, at_),
                    who.phone,
                    sending.rank,
                    start,
                    expires,
                    (self._created, number),
                    slot,
                    kept,
                    bool(sending.months),
                )
                pushes[who.phone] = push
                self.pushes.append(push)
                self._open[who.phone].append(push)
            pushes[who.phone].people.append(number)

    def _audience(self, sending: Sending, villages: list[int] | None, people: list[int] | None) -> list[int]:
        if people is not None:
            return people
        here = [
            number for number, one in enumerate(self.given.people) if villages is None or self.given.clubs[one.club] in villages
        ]
        return here if sending.everybody else [number for number in here if number < len(self.given.clubs)]

    def _left_out(self, sending: Sending, number: int, who: Person, today: date) -> str | None:
        if who.phone is None:
            return "no_phone"
        village = self.given.places[self.given.clubs[who.club]]
        if who.phone in self._stopped:
            return "stopped"
        if village.paused_until is not None and village.paused_until >= today:
            return "paused"
        if who.phone not in self._agreed:
            return "no_consent"
        if sending.months and self.series.places[number].state != "active":
            return "series_over"
        if sending.months and who.phone not in self._to_series:
            return "no_series_consent"
        return None

    def _kept(self, sending: Sending, phone: int | None, begins: datetime, expires: datetime, now: datetime) -> frozenset[date]:
        """The days on which something more important is due to this phone, as far as one knows."""
        days: set[date] = set()
        if phone is None:
            return frozenset()
        for other in self.given.sendings:
            if other.rank >= sending.rank:
                continue
            if other.months:
                for person in self.series.behind(phone, "active"):
                    at_ = self.series.next(person)
                    if at_ is not None and begins.date() <= at_.date() and at_ <= expires:
                        days.add(at_.date())
                continue
            for due in self._cached(other, expires, now):
                known = (other.name, due[0]) in self.occasions
                if not known and due[0].date() >= begins.date() and phone in self._reached(other, due):
                    days.add(due[0].date())
        return frozenset(days)

    def _cached(self, other: Sending, expires: datetime, now: datetime) -> list[Due]:
        if self._cache_at != (now, self._created):
            self._cache_at, self._cache, self._phones = (now, self._created), {}, {}
        if (other.name, expires) not in self._cache:
            self._cache[other.name, expires] = self._dues(other, expires)
        return self._cache[other.name, expires]

    def _reached(self, other: Sending, due: Due) -> frozenset[int]:
        """The phones that a due time to come is for, of those it could reach."""
        at_, villages, people = due
        if (other.name, at_) not in self._phones:
            numbers = people if people is not None else self._audience(other, villages, None)
            found = set()
            for number in numbers:
                who = self.given.people[number]
                if people is not None or self._left_out(other, number, who, at_.date()) is None:
                    found.add(-1 if who.phone is None else who.phone)
            self._phones[other.name, at_] = frozenset(found)
        return self._phones[other.name, at_]

    def _free(self, start: datetime, expires: datetime, kept: frozenset[date]) -> datetime | None:
        moment = start
        while moment.date() in kept:
            moment = opens(self.given.ramadan, datetime.combine(moment.date() + DAY, time(), moment.tzinfo), None)
            if moment >= expires:
                return None
        return moment

    def _phone(self, phone: int, now: datetime) -> None:
        mine = self._open[phone]
        for push in sorted(mine, key=lambda one: (one.rank, one.leaves, one.order)):
            if push.leaves > now and push.expires > now:
                continue
            fate = self._try(push, mine, now)
            if fate is not None:
                self._end(push, fate)
                mine.remove(push)
        if not mine:
            del self._open[phone]

    def _try(self, push: Push, mine: list[Push], now: datetime) -> Fate | None:
        if push.expires <= now:
            return ("expired", "")
        moment = opens(self.given.ramadan, now, push.slot)
        if moment > now:
            push.leaves = moment
            return None
        if now.date() in push.kept:
            return self._tomorrow(push, self._midnight(now), "priority")
        week = [one for one in self.sent[push.phone] if one >= now - WEEK]
        if len(week) >= 3:
            return self._tomorrow(push, week[-3] + WEEK, "week_limit")
        if any(one.date() == now.date() for one in week):
            return self._tomorrow(push, self._midnight(now), "day_limit")
        if any(
            one.rank < push.rank and one.leaves < self._midnight(now) and one.expires > now for one in mine if one is not push
        ):
            return self._tomorrow(push, self._midnight(now), "priority")
        self.sent[push.phone].append(now)
        return ("sent", now.date().isoformat())

    def _midnight(self, now: datetime) -> datetime:
        return datetime.combine(now.date() + DAY, time(), now.tzinfo)

    def _tomorrow(self, push: Push, earliest: datetime, why: str) -> Fate | None:
        moment = opens(self.given.ramadan, earliest, push.slot)
        while moment.date() in push.kept:
            moment = opens(self.given.ramadan, self._midnight(moment), push.slot)
        if moment >= push.expires:
            return ("skipped", why)
        push.leaves = moment
        return None

    def _end(self, push: Push, fate: Fate) -> None:
        for person in push.people:
            self.fates[(*push.key, person)] = fate
