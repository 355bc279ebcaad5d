"""The kinds of node a flow is made of.

Routes are a list, not a mapping, so that an edited flow with two routes for one key can be read, shown and refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from dialogue.values import Line, Value, Wait

BACK = "@back"
"""A target: the Ask left by the latest key of the whole flow (the key itself may lead here: "repeat")."""

ANY = "any"
"""A route's key: every accepted answer without a route of its own."""


@dataclass(frozen=True)
class Route:
    key: str
    to: str


@dataclass(frozen=True)
class Speak:
    lines: tuple[Line, ...]
    next: str


@dataclass(frozen=True)
class Ask:
    """Says `lines` and waits. The answer goes into variable `save`, unless that is empty.

    A sound also sets `<save>_seconds`: its length, or null when the answer was typed. After silence or a wrong answer
    come `no_key` or `wrong_key` and the lines again; then `give_up`, a node, or the flow's own polite end with a draft.
    With `once` nothing is said again: the first silence or wrong answer gives up.
    """

    lines: tuple[Line, ...]
    wait: Wait
    routes: tuple[Route, ...]
    save: str = ""
    no_key: tuple[Line, ...] = (Line("no_key"),)
    wrong_key: tuple[Line, ...] = (Line("wrong_key"),)
    give_up: str = ""
    once: bool = False


@dataclass(frozen=True)
class Branch:
    """Chooses by the written form of a variable: `true`, `false`, digits, the text itself, or empty for null."""

    variable: str
    cases: tuple[Route, ...]
    otherwise: str


@dataclass(frozen=True)
class Put:
    """Sets a variable; `$name` copies another one."""

    variable: str
    value: Value
    next: str


@dataclass(frozen=True)
class Note:
    """Tells the host that something happened; `$name` in `values` stands for a variable."""

    kind: str
    next: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Consult:
    """Asks the host, which answers within the same turn (`engine.told`) with the key of a route: what a PIN is worth.

    `$name` in `values` stands for a variable.
    """

    kind: str
    routes: tuple[Route, ...]
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class End:
    lines: tuple[Line, ...] = ()


Node: TypeAlias = Speak | Ask | Branch | Put | Note | Consult | End


def targets(node: Node) -> Iterator[str]:
    """The names a node leads to, `@back` included."""
    match node:
        case Ask():
            yield from (route.to for route in node.routes)
            if node.give_up:
                yield node.give_up
        case Branch():
            yield from (case.to for case in node.cases)
            yield node.otherwise
        case Consult():
            yield from (route.to for route in node.routes)
        case Speak() | Put() | Note():
            yield node.next
        case End():
            return


def lines_of(node: Node) -> Iterator[Line]:
    """Every line a node may say."""
    match node:
        case Ask():
            yield from (*node.lines, *node.no_key, *node.wrong_key)
        case Speak() | End():
            yield from node.lines
        case _:
            return
