"""The figures of a life by the field guide's formulas, from what happened alone: no row of the product and no line of its code.

Each is a numerator and a denominator (None for a sum) under the product's name for it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tests.quarter.life import Action, Club, Fact, Life, Question, quarter

ON_TIME, LATE = timedelta(hours=72), timedelta(days=14)
Pair = tuple[float, float | None]


@dataclass(frozen=True)
class Part:
    """A period, both days counted, and villages by place; None are all."""

    since: date
    until: date
    villages: frozenset[int] | None = None

    def has(self, village: int, day: date) -> bool:
        """Whether something there on that day belongs to it."""
        return self.since <= day <= self.until and (self.villages is None or village in self.villages)


def standing(life: Life) -> list[Fact]:
    """What counts: a session outdoes the same period's « no session »."""
    held = {(fact.club.code, fact.due) for fact in life.facts if fact.kind == "CR" and fact.stands}
    return [fact for fact in life.facts if fact.stands and not (fact.kind == "RAS" and (fact.club.code, fact.due) in held)]


def figures(life: Life, part: Part) -> dict[str, Pair]:
    """Every figure of the part."""
    facts = [fact for fact in standing(life) if part.has(fact.club.village, fact.day)]
    clubs = [club for club in life.clubs if part.villages is None or club.village in part.villages]
    return {
        **_sessions([fact for fact in facts if fact.kind == "CR"], clubs),
        **_themes(life, part, [fact for fact in facts if fact.kind == "CR"]),
        **_quiz([fact for fact in facts if fact.kind == "QZ"]),
        **_gatherings(facts),
        **_expected(life, part),
        **_actions([action for action in life.actions if action.stands and part.has(action.club.village, action.due)]),
        **_plants([action for action in life.actions if action.done and part.has(action.club.village, action.done)]),
        **_questions([one for one in life.questions if one.heard and part.has(one.club.village, one.heard.date())]),
        **_errors(life, part),
        **_verified(life, part),
    }


def _total(facts: Iterable[Fact], name: str) -> int:
    return sum(fact.values.get(name) or 0 for fact in facts)


def _present(facts: Iterable[Fact]) -> int:
    return sum((fact.values["women"] or 0) + (fact.values["men"] or 0) for fact in facts)


def _sessions(held: list[Fact], clubs: list[Club]) -> dict[str, Pair]:
    women, present = _total(held, "women"), _present(held)
    counted = [fact for fact in held if fact.values["youth"] is not None]
    mothers = [fact for fact in held if fact.values["mothers"] is not None]
    radio = [fact for fact in held if fact.values["radio"] is not None]
    active = {fact.club.code for fact in held}
    return {
        "sessions": (len(held), None),
        "attendances": (present, None),
        "attendance_mean": (present, len(held)),
        "women": (women, present),
        "youth": (_total(counted, "youth"), _present(counted)),
        "mothers": (_total(mothers, "mothers"), len(mothers)),
        "radio": (_total(radio, "radio"), len(radio)),
        "active_clubs": (len(active), len(clubs)),
        "declared": (sum(club.women + club.men for club in clubs), None),
    }


def _themes(life: Life, part: Part, held: list[Fact]) -> dict[str, Pair]:
    """Each club and planned theme of a quarter that they took up in it."""
    first, last = quarter(part.since), quarter(part.until)
    planned = {one for one in life.planned if first <= one[0] <= last}
    themes = ((fact, theme) for fact in held for theme in (fact.values["theme"], fact.values["second"]) if theme)
    done = {(fact.club.code, quarter(fact.day), theme) for fact, theme in themes if (quarter(fact.day), theme) in planned}
    return {"theme_coverage": (len(done), len({fact.club.code for fact in held}) * len(planned))}


def _quiz(quizzes: list[Fact]) -> dict[str, Pair]:
    return {"quiz_gain": (_total(quizzes, "after") - _total(quizzes, "before"), _total(quizzes, "voters"))}


def _gatherings(facts: list[Fact]) -> dict[str, Pair]:
    demos, events = ([fact for fact in facts if fact.kind == kind] for kind in ("DC", "EV"))
    return {
        "demonstrations": (len(demos), None),
        "events": (len(events), None),
        "event_women": (_total(events, "women"), None),
        "event_men": (_total(events, "men"), None),
        "event_villages": (_total(events, "villages"), None),
    }


def punctual(fact: Fact) -> str:
    """On time within 72 hours of the end of the session's day, late within 14 days, then as good as missing."""
    assert fact.heard is not None
    waited = fact.heard - datetime.combine(fact.day + timedelta(days=1), time(), UTC)
    return "on time" if waited <= ON_TIME else "late" if waited <= LATE else "missing"


def fates(life: Life, part: Part) -> dict[tuple[str, date], str]:
    """What became of each session day that was due: the first word that stands settles it."""
    said: dict[tuple[str, date], list[Fact]] = {}
    for fact in life.facts:
        if fact.stands and fact.due is not None:
            said.setdefault((fact.club.code, fact.due), []).append(fact)
    found = {}
    for club in life.clubs:
        for day in club.due(part.until):
            if part.has(club.village, day):
                first = min(said.get((club.code, day), []), key=lambda fact: fact.heard or datetime.max, default=None)
                excused = (club.code, day) in life.excused
                found[club.code, day] = "excused" if excused else punctual(first) if first else "missing"
    return found


def _expected(life: Life, part: Part) -> dict[str, Pair]:
    states = Counter(fates(life, part).values())
    due = states.total() - states["excused"]
    held = sum(1 for one in standing(life) if one.kind == "CR" and part.has(one.club.village, one.day))
    return {
        "completeness": (states["on time"] + states["late"], due),
        "promptness": (states["on time"], due),
        "sessions_held": (held, due),
    }


def _actions(due: list[Action]) -> dict[str, Pair]:
    done = sum(1 for action in due if action.done)
    return {"actions": (done, len(due))}


def _plants(done: list[Action]) -> dict[str, Pair]:
    return {"plants": (sum(action.told or 0 for action in done if action.type == 2), None)}


def _questions(asked: list[Question]) -> dict[str, Pair]:
    waits = [one.answer_after.total_seconds() / 3600 for one in asked if one.answer_after]
    return {
        "questions": (len(waits), len(asked)),
        "questions_open": (len(asked) - len(waits), None),
        "answer_hours": (round(sum(waits), 1), None),
    }


def _errors(life: Life, part: Part) -> dict[str, Pair]:
    received = (fact for fact in [*life.facts, *life.mistaken] if fact.received)
    told = [fact for fact in received if fact.received and part.has(fact.club.village, fact.received.date())]
    return {"report_error": (sum(1 for fact in told if fact.asked), len(told))}


def _verified(life: Life, part: Part) -> dict[str, Pair]:
    seen = [one for one in life.visits if one.stands and part.has(one.fact.club.village, one.fact.day)]
    return {"verification": (sum(one.women + one.men for one in seen), _present(one.fact for one in seen))}
