"""The ways in which a report goes wrong, and how it ends: each writes the SMS and says by the field guide what stands.

A mess that needs an answer at once is only chosen where the network is there.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tests.quarter import typed
from tests.quarter.life import NO_THEME, THEMES, Fact, Values, code_of
from tests.quarter.network import Sms

if TYPE_CHECKING:
    from tests.quarter.phones import Pen, Typists

MOST_PEOPLE = 80
OLD_DAYS = 14
MINUTE = timedelta(minutes=1)
Mess = Callable[["Typists", "Pen", Fact], None]


def stand(fact: Fact, sms: Sms) -> None:
    """From now on it counts; said when it was said first."""
    fact.stands = True
    fact.heard = fact.heard or sms.heard
    fact.received = fact.received or sms.read


def held(fact: Fact, today: date) -> bool:
    """Whether the rules keep it waiting for OUI."""
    many = fact.kind in typed.ORDER and (fact.values.get("women") or 0) + (fact.values.get("men") or 0) > MOST_PEOPLE
    return many or (today - fact.day).days > OLD_DAYS


def rightly(typists: "Typists", pen: "Pen", fact: Fact, *, plain: bool = False, text: str = "") -> Sms:
    """A right report: it stands, unless the rules hold it; or it was lost and is told again."""
    text = text or typed.report(pen.chance, fact, pen.clock.date(), code=_coded(pen), plain=plain)
    sms = pen.send(text)
    if sms.lost:
        pen.plan(sms.read + timedelta(days=1), lambda again: _discard(rightly(typists, again, fact)))
    elif held(fact, sms.heard.date()):
        fact.asked, fact.received = True, sms.read
        _held(typists, pen, fact, sms)
    else:
        if fact.kind == "RAS" and fact.values["reason"] is None and not sms.delayed:
            reason = pen.chance.choice((1, 2, 4, 5, 6, 9))
            pen.send(str(reason))
            fact.values["reason"] = reason
        _counted(typists, pen, fact, sms)
    return sms


def _understood(typists: "Typists", pen: "Pen", fact: Fact, sms: Sms) -> None:
    """What came of a report that is complete at last."""
    if sms.lost:
        return
    fact.received = sms.read
    if held(fact, sms.heard.date()):
        _held(typists, pen, fact, sms)
    else:
        stand(fact, sms)


def _discard(_sms: Sms) -> None:
    """A script gives nothing back."""


def _coded(pen: "Pen") -> bool:
    return pen.codes or pen.chance.random() < 0.04


def _counted(typists: "Typists", pen: "Pen", fact: Fact, sms: Sms) -> None:
    from tests.quarter.phones import visiting

    stand(fact, sms)
    if fact.kind == "CR" and "{" not in sms.text:
        visiting(typists, fact, sms)
    chance = pen.chance.random()
    if chance < 0.02:
        pen.networks.repeat(sms, timedelta(seconds=pen.chance.randint(2, 200_000)))
    elif chance < 0.04 and not sms.delayed and fact.kind != "RAS":
        pen.clock += pen.chance.randint(1, 20) * MINUTE
        pen.send(sms.text)  # no patience: the same again, under another id


def _held(typists: "Typists", pen: "Pen", fact: Fact, sms: Sms) -> None:
    """OUI within the day for most; the supervisor accepts some; some never answer."""
    fate = pen.chance.choices(("OUI", "NON", "never", "accepted"), (70, 5, 15, 10))[0]
    if fate == "accepted" and not sms.delayed:
        later = sms.read + timedelta(hours=pen.chance.randint(20, 70))
        typists.supervisor(fact.club).plan(later, lambda supervisor: _discard(supervisor.send("VAL {number}", sms)))
        stand(fact, sms)
    elif fate in ("OUI", "NON"):
        pen.then(sms, lambda again: _answer(again, fact, sms, fate))


def _answer(pen: "Pen", fact: Fact, held_one: Sms, word: str) -> None:
    answer = pen.send(pen.chance.choice((word, word.lower(), f"{word}.")))
    if word == "OUI" and not answer.lost and answer.read - held_one.read < timedelta(hours=24):
        stand(fact, held_one)


def _asked_back(typists: "Typists", pen: "Pen", fact: Fact, wrong: str) -> None:
    """A wrong one is asked back; then it is sent rightly, but for the few who give up."""
    sms = pen.send(wrong)
    if sms.lost:
        rightly(typists, pen, fact)
        return
    fact.asked, fact.received = True, sms.read
    if pen.chance.random() < 0.05:
        pen.clock += timedelta(hours=25)  # and nothing for a day: what is sent within it may be meant to complete this
        return

    def again(owner: "Pen") -> None:
        right = owner.send(typed.labelled(owner.chance, fact, owner.clock.date(), code=_coded(owner)))
        _understood(typists, owner, fact, right)

    pen.then(sms, again)


def _plain(pen: "Pen", fact: Fact) -> list[str]:
    day = typed.day_words(pen.chance, fact.day, pen.clock.date())
    return [word for word in (fact.kind, day, f"C{fact.club.code}" if pen.codes else "") if word]


def _with(pen: "Pen", fact: Fact, figures: list[str]) -> str:
    return " ".join([*_plain(pen, fact), *figures])


def wrong_theme(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    figures = typed.in_order(fact)
    _asked_back(typists, pen, fact, _with(pen, fact, [str(pen.chance.choice(NO_THEME)), *figures[1:]]))


def glued(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    figures = typed.in_order(fact)
    _asked_back(typists, pen, fact, _with(pen, fact, [figures[0] + figures[1] + figures[2], *figures[3:]]))


def too_many_youth(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    figures = typed.in_order(fact)[:3]
    present = (fact.values["women"] or 0) + (fact.values["men"] or 0)
    _asked_back(typists, pen, fact, _with(pen, fact, [*figures, str(min(99, present + pen.chance.randint(1, 9)))]))


def twice_the_label(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    values = fact.values
    _asked_back(typists, pen, fact, _with(pen, fact, [f"F{values['women']}", f"F{values['men']}", f"T{typed.theme_of(values)}"]))


def strange_word(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    _asked_back(typists, pen, fact, _with(pen, fact, [*typed.in_order(fact)[:3], "enfants", "5"]))


def to_come(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    tomorrow = pen.clock.date() + timedelta(days=2)
    code = [f"C{fact.club.code}"] if pen.codes else []
    words = [fact.kind, f"D{tomorrow.day}/{tomorrow.month}", *code, *typed.in_order(fact)]
    _asked_back(typists, pen, fact, " ".join(words))


def wrong_code(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    code = fact.club.code
    bad = code[:3] + str((int(code[3]) + pen.chance.randint(1, 9)) % 10)
    day = typed.day_words(pen.chance, fact.day, pen.clock.date())
    _asked_back(typists, pen, fact, " ".join(word for word in ("CR", f"C{bad}", day, *typed.in_order(fact)) if word))


def too_many_right(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    voters = fact.values["voters"] or 0
    figures = [str(fact.values["theme"]), str(fact.values["before"]), str(voters + pen.chance.randint(1, 5)), str(voters)]
    _asked_back(typists, pen, fact, _with(pen, fact, figures))


def no_recipe(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    _asked_back(typists, pen, fact, _with(pen, fact, ["12", *typed.in_order(fact)[1:]]))


def no_event(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    _asked_back(typists, pen, fact, _with(pen, fact, ["8", *typed.in_order(fact)[1:]]))


def no_reason(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    sms = pen.send(f"RAS 8 {' '.join(_plain(pen, fact)[1:])}".strip())
    fact.asked = True
    pen.then(sms, lambda again: _told_reason(again, fact))


def _told_reason(pen: "Pen", fact: Fact) -> None:
    fact.values["reason"] = 1
    stand(fact, pen.send(f"RAS 1 {' '.join(_plain(pen, fact)[1:])}".strip()))


def completed(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """The last figure that is needed is missing; it comes alone with its letter."""
    needed = {"CR": 3, "QZ": 4, "DC": 3, "EV": 3}[fact.kind]
    pen.send(_with(pen, fact, typed.in_order(fact)[: needed - 1]))
    fact.asked = True
    labels, order = typed.LABELS[fact.kind], typed.ORDER[fact.kind]
    rest = [name for name in (*order[needed - 1 :], "mothers") if fact.values.get(name) is not None]
    pieces = [f"{labels[name]}{fact.values[name]}" for name in rest]
    piece = pen.send(" ".join(pieces))
    stand(fact, piece)


def letters(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """O for 0, l for 1: read rightly."""
    figures = " ".join(typed.in_order(fact))
    wrong = typed.typed_letters(pen.chance, figures)
    if fact.kind == "CR" and fact.values["men"] == 0:
        parts = typed.in_order(fact)
        wrong = " ".join([*parts[:2], "O", *parts[3:]])
    tail = [f"M{fact.values['mothers']}"] if fact.values.get("mothers") is not None else []
    rightly(typists, pen, fact, text=_with(pen, fact, [wrong or figures, *tail]))


def without_keyword(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """Figures alone, from a facilitator: a session."""
    figures = typed.in_order(fact)
    tail = [f"M{fact.values['mothers']}"] if fact.values.get("mothers") is not None else []
    rightly(typists, pen, fact, text=" ".join([*_plain(pen, fact)[1:], *figures, *tail]))


def corrected(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """A wrong figure, then the right ones: the last version stands, said when the first was."""
    wrong: Values = {**fact.values}
    name = {"CR": "women", "QZ": "after", "DC": "women", "EV": "men"}[fact.kind]
    wrong[name] = (fact.values[name] or 0) + (1 if fact.kind != "QZ" else 0)
    if fact.kind == "QZ":
        wrong["after"] = 0 if fact.values["after"] else fact.values["voters"]
    mistaken = replace(fact, values=wrong)
    first = pen.send(typed.report(pen.chance, mistaken, pen.clock.date(), code=pen.codes, plain=True))
    pen.clock += pen.chance.randint(5, 90) * MINUTE
    second = pen.send(typed.report(pen.chance, fact, pen.clock.date(), code=pen.codes, plain=True))
    if not first.lost:
        fact.heard = first.heard
    if not second.lost:
        stand(fact, second)
    else:
        raise AssertionError("chosen only where the network is back within the week")


def other_theme(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """The wrong theme, which exists; the right one is then asked about, and 1 says that it is a correction."""
    others = [theme for theme in THEMES if theme not in (fact.values["theme"], fact.values["second"])]
    mistaken = replace(fact, values={**fact.values, "theme": pen.chance.choice(others), "second": None})
    first = pen.send(typed.report(pen.chance, mistaken, pen.clock.date(), code=pen.codes, plain=True))
    pen.send(typed.report(pen.chance, fact, pen.clock.date(), code=pen.codes, plain=True))
    pen.send(pen.chance.choice(("1", "1.", "Rep 1")))
    stand(fact, first)


def taken_back(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """A report for another day or another club, undone; then the right one, or nothing any more."""
    others = [club for club in typists.life.clubs if club.code not in pen.clubs]
    taken = any(one.club is fact.club and one.day == fact.day - timedelta(days=1) for one in typists.life.facts)
    if others and (taken or pen.chance.random() < 0.4):
        mistaken = replace(fact, club=pen.chance.choice(others))
        first = pen.send(typed.report(pen.chance, mistaken, pen.clock.date(), code=True, plain=True))
    else:
        mistaken = replace(fact, day=fact.day - timedelta(days=1))
        first = pen.send(typed.report(pen.chance, mistaken, pen.clock.date(), code=pen.codes, plain=True))
    mistaken.asked, mistaken.received = held(mistaken, first.heard.date()), first.read
    typists.life.mistaken.append(mistaken)
    if pen.chance.random() < 0.5:
        pen.send(pen.chance.choice(("AN", "annulé", "Annuler")))
    else:
        pen.send("AN {number}", first)
    pen.clock += 12 * MINUTE  # a second AN within ten minutes is taken for the same
    if pen.chance.random() < 0.8:
        rightly(typists, pen, fact, plain=True)


def taken_back_to(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """A right report, a correction that was none, and AN: the first version stands again."""
    first = pen.send(typed.report(pen.chance, fact, pen.clock.date(), code=pen.codes, plain=True))
    mistaken = replace(fact, values={**fact.values, "women": (fact.values["women"] or 0) + 2})
    pen.send(typed.report(pen.chance, mistaken, pen.clock.date(), code=pen.codes, plain=True))
    pen.send("AN")
    pen.clock += 12 * MINUTE
    stand(fact, first)


def by_a_neighbour(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """From a phone we do not know, with the club's code: it counts when the supervisor accepts it."""
    neighbour = typists.stranger(fact.club)
    neighbour.clock = pen.clock
    sms = neighbour.send(typed.report(pen.chance, fact, pen.clock.date(), code=True, plain=True))
    fact.received = sms.read
    if pen.chance.random() < 0.6:
        later = sms.read + timedelta(hours=pen.chance.randint(3, 60))
        typists.supervisor(fact.club).plan(later, lambda supervisor: _discard(supervisor.send("VAL {number}", sms)))
        stand(fact, sms)


def which_club(typists: "Typists", pen: "Pen", fact: Fact) -> None:
    """Whoever serves two clubs and names none is asked which, and answers with a digit."""
    text = " ".join([fact.kind, typed.day_words(pen.chance, fact.day, pen.clock.date()), *typed.in_order(fact)])
    tail = f" M{fact.values['mothers']}" if fact.values.get("mothers") is not None else ""
    pen.send(text + tail)
    fact.asked = True
    stand(fact, pen.send(str(pen.clubs.index(fact.club.code) + 1)))


ALWAYS: dict[str, list[Mess]] = {
    "CR": [wrong_theme, glued, too_many_youth, twice_the_label, strange_word, letters, wrong_code, to_come],
    "QZ": [letters, too_many_right, glued],
    "DC": [no_recipe, letters],
    "EV": [no_event],
    "RAS": [rightly],  # type: ignore[list-item]  # what it gives back is of no interest here
}
LIVE: dict[str, list[Mess]] = {
    "CR": [completed, corrected, without_keyword, other_theme, taken_back, taken_back, taken_back_to, by_a_neighbour],
    "QZ": [completed, corrected],
    "DC": [completed, corrected],
    "EV": [completed, corrected],
    "RAS": [no_reason],
}


def choose(typists: "Typists", pen: "Pen", fact: Fact) -> Mess:
    """One that fits; what is held for its size or age is messy enough."""
    if held(fact, pen.clock.date()):
        return rightly  # type: ignore[return-value]
    fitting = [*ALWAYS[fact.kind], *(LIVE[fact.kind] if pen.open else [])]
    if pen.open and pen.codes and fact.kind in typed.ORDER:
        fitting += [which_club] * 3
    if pen.codes:
        fitting = [mess for mess in fitting if mess is not by_a_neighbour]
    return pen.chance.choice(fitting)


assert code_of(103) == "1032"
