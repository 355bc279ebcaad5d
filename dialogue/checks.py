"""What forbids publishing a flow.

A flow without problems always waits or ends, and its `@back` always has somewhere to go: the engine relies on neither,
but a listener should never meet the emergency exits.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dialogue.nodes import ANY, BACK, Ask, Branch, Consult, End, Node, Route, targets
from dialogue.values import KEYS, WaitKind


class ProblemKind(StrEnum):
    BAD_NAME = "bad_name"
    UNKNOWN_NODE = "unknown_node"
    UNREACHABLE = "unreachable"
    ENDLESS = "endless"
    NO_END = "no_end"
    TWO_ROUTES = "two_routes"
    STRAY_ROUTE = "stray_route"
    NO_ROUTE = "no_route"
    BAD_KEY = "bad_key"
    BAD_WAIT = "bad_wait"
    SILENT = "silent"
    BACK_WITHOUT_KEY = "back_without_key"


@dataclass(frozen=True)
class Problem:
    """`node` is empty when the flow itself is at fault; `detail` is the key or name concerned."""

    kind: ProblemKind
    node: str
    detail: str = ""


def problems(first: str, nodes: Mapping[str, Node], keys: tuple[Route, ...]) -> list[Problem]:
    """Every problem, node by node, then those of the whole flow's `keys`."""
    found: list[Problem] = []
    if first not in nodes:
        found.append(Problem(ProblemKind.UNKNOWN_NODE, "", first))
    for name, node in nodes.items():
        found += _of_node(name, node, nodes, keys)
    found += _of_keys(nodes, keys)
    found += _of_paths(first, nodes, keys)
    return found


def _of_node(name: str, node: Node, nodes: Mapping[str, Node], keys: tuple[Route, ...]) -> Iterator[Problem]:
    if not name or name.startswith("@"):
        yield Problem(ProblemKind.BAD_NAME, name)
    for to in targets(node):
        if to != BACK and to not in nodes:
            yield Problem(ProblemKind.UNKNOWN_NODE, name, to)
    if isinstance(node, Branch):
        yield from _doubled(name, node.cases)
    if isinstance(node, Consult):
        yield from _doubled(name, node.routes)
        if not node.routes:
            yield Problem(ProblemKind.NO_ROUTE, name, node.kind)
    if isinstance(node, Ask):
        yield from _doubled(name, node.routes)
        yield from _of_ask(name, node, keys)


def _of_ask(name: str, ask: Ask, keys: tuple[Route, ...]) -> Iterator[Problem]:
    if not ask.lines:
        yield Problem(ProblemKind.SILENT, name)
    wait = ask.wait
    if wait.low > wait.high or min(wait.first_s, wait.between_s, wait.max_s, wait.silence_s) <= 0 or wait.digits < 0:
        yield Problem(ProblemKind.BAD_WAIT, name)
    expected = wait.keys if wait.kind is WaitKind.CHOICE else (ANY,)
    if not expected and not keys:
        yield Problem(ProblemKind.BAD_WAIT, name)
    for key in (*wait.keys, *wait.words.values()):
        if not _is_key(key) or key not in wait.keys:
            yield Problem(ProblemKind.BAD_KEY, name, key)
    routed = {route.key for route in ask.routes}
    for key in routed - {ANY, *expected}:
        yield Problem(ProblemKind.STRAY_ROUTE, name, key)
    for key in expected:
        if not routed & {ANY, key}:
            yield Problem(ProblemKind.NO_ROUTE, name, key)


def _of_keys(nodes: Mapping[str, Node], keys: tuple[Route, ...]) -> Iterator[Problem]:
    yield from _doubled("", keys)
    for route in keys:
        if not _is_key(route.key):
            yield Problem(ProblemKind.BAD_KEY, "", route.key)
        if route.to != BACK and route.to not in nodes:
            yield Problem(ProblemKind.UNKNOWN_NODE, "", route.to)


def _of_paths(first: str, nodes: Mapping[str, Node], keys: tuple[Route, ...]) -> Iterator[Problem]:
    plain = _graph(nodes)
    straight = _reached([first], plain)
    for name in nodes:
        if name in straight and BACK in targets(nodes[name]):
            yield Problem(ProblemKind.BACK_WITHOUT_KEY, name)
    whole = _graph(nodes, keys)
    reached = _reached([first], whole)
    quiet = {name: [to for to in plain[name] if not isinstance(nodes[to], Ask)] for name in nodes}
    ending = _leading_to([name for name in nodes if isinstance(nodes[name], End)], whole)
    for name in nodes:
        if name not in reached:
            yield Problem(ProblemKind.UNREACHABLE, name)
        if not isinstance(nodes[name], Ask) and name in _reached(quiet[name], quiet):
            yield Problem(ProblemKind.ENDLESS, name)
        if name not in ending:
            yield Problem(ProblemKind.NO_END, name)


def _graph(nodes: Mapping[str, Node], keys: tuple[Route, ...] = ()) -> dict[str, list[str]]:
    """Who leads to whom among known nodes. Every Ask takes `keys`, and `@back` may return to any Ask."""
    asks = [name for name in nodes if isinstance(nodes[name], Ask)]
    graph: dict[str, list[str]] = {}
    for name, node in nodes.items():
        to = list(targets(node))
        if isinstance(node, Ask):
            to += [route.to for route in keys if route.to != BACK]
        if BACK in to:
            to += asks
        graph[name] = [target for target in to if target in nodes]
    return graph


def _reached(starts: Iterable[str], graph: Mapping[str, Collection[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [name for name in starts if name in graph]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph[name]
    return seen


def _leading_to(ends: Iterable[str], graph: Mapping[str, Collection[str]]) -> set[str]:
    reverse: dict[str, list[str]] = {name: [] for name in graph}
    for name, to in graph.items():
        for target in to:
            reverse[target].append(name)
    return _reached(ends, reverse)


def _doubled(name: str, routes: tuple[Route, ...]) -> Iterator[Problem]:
    listed = [route.key for route in routes]
    for key in sorted({key for key in listed if listed.count(key) > 1}):
        yield Problem(ProblemKind.TWO_ROUTES, name, key)


def _is_key(key: str) -> bool:
    return len(key) == 1 and key in KEYS
