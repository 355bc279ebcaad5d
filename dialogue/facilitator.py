"""Builds a facilitator's report by keypad: PIN, club, figures, read back, confirm.

The flow asks and the host decides: each Consult is answered by the grammar that judges the same report by SMS, so that the two
ways cannot come to differ. A PIN is forgotten before the turn ends, so that it is stored nowhere.
"""

from collections.abc import Mapping

from dialogue.nodes import ANY, Ask, Branch, Consult, End, Node, Note, Put, Route, Speak
from dialogue.parts import option
from dialogue.values import Line, Value, choice, number, text

FIRST = "report_pin"
"""The node at which a facilitator's report begins."""
MOST = 999
LABELS = frozenset({"pin_ask", "theme_ask", "women_ask", "men_ask", "readback", "confirm_ask", "saved"})
"""Without a sound for each of these nothing can be reported by keypad."""
UNITS = {"women": "unit_women", "men": "unit_men", "youth": "unit_youth", "mothers": "unit_mothers"}

_FIGURES: dict[str, Value] = {name: f"${name}" for name in ("theme", *UNITS, "radio", "club", "choice")}
_HANDS: dict[str, Value] = {name: f"${name}" for name in ("before", "after", "voters")}
_PLACES = ("theme", "theme_again", "women", "men", "youth", "mothers", "radio")
_MENDED = ("youth_again", "mothers_again", "nobody", "other", "back")
DRAFTED = frozenset(f"report_{name}" for name in (*_PLACES, *_MENDED))
"""The nodes at which a dropped call leaves a draft worth taking up."""


def report_nodes(*, menu: str = "goodbye", then: str = "goodbye", begins: str = "report_theme") -> dict[str, Node]:
    """The nodes of a report, all named `report_…`; key 0 at the PIN leads to `menu`, a report that is stored to `then`. One that
    is not taken up from a draft begins at `begins`.

    Consults: `pin` (pin): right, with `clubs` (how many), `club` and `draft` learned, wrong, locked, menu. `club` (club): good,
    bad. `resume`: answered by reopening the draft, or gone. `theme` (typed): theme, or all with every figure learned, or bad.
    `judge` and `store` (the figures), `no_session` (club): the routes below. Happened: `report_restarted`, `report_dropped`.
    """
    return _who(menu) | _draft(begins) | _figures() | _mending() | _end(then)


def _who(menu: str) -> dict[str, Node]:
    def pin(label: str) -> Ask:
        lines = (Line(label), *option("option_menu", "0"))
        return Ask(lines, text(digits=4), (Route(ANY, "report_pin_check"),), save="pin", give_up="goodbye")

    def club(label: str) -> Ask:
        return Ask((Line(label),), text(), (Route(ANY, "report_club_check"),), save="club", give_up="goodbye")

    routes = {"right": "right", "wrong": "wrong", "locked": "locked", "menu": "menu"}
    return {
        "report_pin": pin("pin_ask"),
        "report_pin_again": pin("pin_bad"),
        "report_pin_check": Consult("pin", _to({key: f"pin_{name}" for key, name in routes.items()}), {"pin": "$pin"}),
        "report_pin_right": Put("pin", None, "report_clubs"),
        "report_pin_wrong": Put("pin", None, "report_pin_again"),
        "report_pin_menu": Put("pin", None, menu),
        "report_pin_locked": Put("pin", None, "report_locked"),
        "report_locked": End((Line("pin_bad"), Line("goodbye"))),
        "report_clubs": Branch("clubs", (Route("1", "report_drafted"),), "report_club"),
        "report_club": club("club_ask"),
        "report_club_again": club("club_bad"),
        "report_club_check": Consult("club", _to({"good": "drafted", "bad": "club_again"}), {"club": "$club"}),
    }


def _draft(begins: str) -> dict[str, Node]:
    one_two = (Route("1", "report_reopen"), Route("2", "report_restart"))
    return {
        "report_drafted": Branch("draft", (Route("true", "report_resume"),), "report_fresh"),
        "report_resume": Ask((Line("resume_ask"),), choice("1", "2"), one_two, give_up="goodbye"),
        "report_reopen": Consult("resume", _to({"gone": "fresh"})),
        "report_restart": Note("report_restarted", "report_fresh"),
        "report_fresh": Put("choice", None, begins),
    }


def _figures() -> dict[str, Node]:
    def theme(label: str) -> Ask:
        return Ask((Line(label),), text(), (Route(ANY, "report_theme_check"),), save="typed")

    def count(name: str, then: str, *, unknown: bool = False) -> Ask:
        wait = number(0, MOST, unknown=unknown)
        return Ask((Line(f"{name}_ask"),), wait, (Route(ANY, f"report_{then}"),), save=name)

    routes = {"theme": "women", "all": "judge", "bad": "theme_again"}
    return {
        "report_theme": theme("theme_ask"),
        "report_theme_again": theme("theme_bad"),
        "report_theme_check": Consult("theme", _to(routes), {"typed": "$typed"}),
        "report_women": count("women", "men"),
        "report_men": count("men", "youth"),
        "report_youth": count("youth", "mothers", unknown=True),
        "report_mothers": count("mothers", "radio", unknown=True),
        "report_radio": Ask((Line("radio_ask"),), choice("1", "0"), (Route(ANY, "report_judge"),), save="radio"),
    }


def _mending() -> dict[str, Node]:
    """What the judge asks back: one figure again, nobody at all, or a session of another theme on that day."""

    def again(name: str) -> Ask:
        wait = number(0, MOST, unknown=True)
        return Ask((Line(f"{name}_too_many"),), wait, (Route(ANY, "report_judge"),), save=name)

    routes = {
        "ok": "back",
        "theme": "theme_again",
        "youth": "youth_again",
        "mothers": "mothers_again",
        "nobody": "nobody",
        "other": "other",
        "refused": "refused",
    }
    either = (Route("1", "report_correction"), Route("2", "report_second"))
    nobody = (Route("1", "report_no_session"), Route("2", "report_restart"))
    return {
        "report_judge": Consult("judge", _to(routes), _FIGURES),
        "report_youth_again": again("youth"),
        "report_mothers_again": again("mothers"),
        "report_nobody": Ask((Line("nobody"),), choice("1", "2"), nobody),
        "report_no_session": Consult("no_session", _to({"saved": "saved", "refused": "refused"}), {"club": "$club"}),
        "report_other": Ask((Line("other_ask"),), choice("1", "2"), either),
        "report_correction": Put("choice", 1, "report_back"),
        "report_second": Put("choice", 2, "report_back"),
        "report_refused": End((Line("goodbye"),)),
    }


def _end(then: str) -> dict[str, Node]:
    read = tuple(Line("count", {"n": f"${name}", "unit": unit}) for name, unit in UNITS.items())
    lines = (Line("readback"), Line("theme", {"n": "$theme"}), *read, Line("radio", {"n": "$radio"}), Line("confirm_ask"))
    routes = (Route("1", "report_store"), Route("2", "report_restart"), Route("3", "report_drop"))
    return {
        "report_back": Ask(lines, choice("1", "2", "3"), routes),
        "report_store": Consult(
            "store", _to({"saved": "saved", "replaced": "replaced", "refused": "refused"}), {**_FIGURES, **_HANDS}
        ),
        "report_saved": Speak((Line("saved"),), then),
        "report_replaced": Speak((Line("replaced"),), then),
        "report_drop": Note("report_dropped", "report_dropped"),
        "report_dropped": End((Line("dropped"),)),
    }


def _to(routes: Mapping[str, str]) -> tuple[Route, ...]:
    return tuple(Route(key, f"report_{name}") for key, name in routes.items())
