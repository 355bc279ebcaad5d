"""What may not be published."""

from dataclasses import replace

import pytest

from dialogue.checks import Problem, ProblemKind
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, End, Node, Note, Put, Route, Speak
from dialogue.values import Line, Wait, choice, number

BYE = End()
LINES = (Line("menu"),)


def ask(wait: Wait, *routes: tuple[str, str], lines: tuple[Line, ...] = LINES, give_up: str = "") -> Ask:
    return Ask(lines, wait, tuple(Route(key, to) for key, to in routes), give_up=give_up)


def flow(keys: tuple[tuple[str, str], ...] = (), first: str = "a", **nodes: Node) -> Flow:
    return Flow("f", 1, first, nodes, keys=tuple(Route(key, to) for key, to in keys))


GOOD = flow(
    (("0", BACK), ("*", "aside")),
    a=ask(choice("1"), ("1", "end")),
    aside=Speak(LINES, BACK),
    end=BYE,
)


def test_a_sound_flow_has_no_problem() -> None:
    assert GOOD.check() == []


@pytest.mark.parametrize(
    ("broken", "kind", "node", "detail"),
    [
        pytest.param(flow(first="b", a=BYE), "unknown_node", "", "b", id="an unknown first node"),
        pytest.param(flow(a=Speak((), "b")), "unknown_node", "a", "b", id="an unknown next node"),
        pytest.param(flow(a=ask(choice("1"), ("1", "b"))), "unknown_node", "a", "b", id="an unknown route"),
        pytest.param(
            flow(a=ask(choice("1"), ("1", "end"), give_up="b"), end=BYE), "unknown_node", "a", "b", id="unknown give-up"
        ),
        pytest.param(flow(a=Branch("x", (Route("1", "b"),), "end"), end=BYE), "unknown_node", "a", "b", id="a case"),
        pytest.param(flow((("0", "b"),), a=BYE), "unknown_node", "", "b", id="an unknown target of a flow key"),
        pytest.param(flow(a=BYE, b=BYE), "unreachable", "b", "", id="a node nobody reaches"),
        pytest.param(flow((("0", "b"),), a=BYE, b=BYE), "unreachable", "b", "", id="a flow key without an ask"),
        pytest.param(flow(a=Speak((), "b"), b=Put("x", 1, "a")), "endless", "a", "", id="two nodes in a circle"),
        pytest.param(flow(a=Note("x", "a")), "endless", "a", "", id="a node leading to itself"),
        pytest.param(flow(a=ask(choice("1"), ("1", "a"))), "no_end", "a", "", id="a menu without a way out"),
        pytest.param(flow(a=ask(choice("1"), ("1", "end"), ("1", "a")), end=BYE), "two_routes", "a", "1", id="two routes"),
        pytest.param(
            flow(a=Branch("x", (Route("1", "end"), Route("1", "end")), "end"), end=BYE),
            "two_routes",
            "a",
            "1",
            id="two cases for one value",
        ),
        pytest.param(replace(GOOD, keys=(*GOOD.keys, Route("0", "end"))), "two_routes", "", "0", id="two flow keys"),
        pytest.param(flow(a=ask(choice("1"), ("1", "end"), ("2", "end")), end=BYE), "stray_route", "a", "2", id="a stray route"),
        pytest.param(
            flow(a=ask(number(0, 9), (ANY, "end"), ("2", "end")), end=BYE),
            "stray_route",
            "a",
            "2",
            id="a key route at a number",
        ),
        pytest.param(flow(a=ask(choice("1", "2"), ("1", "end")), end=BYE), "no_route", "a", "2", id="a key without a route"),
        pytest.param(flow(a=ask(number(0, 9)), end=BYE), "no_route", "a", ANY, id="a number without a route"),
        pytest.param(flow(a=ask(choice("12"), ("12", "end")), end=BYE), "bad_key", "a", "12", id="a key of two digits"),
        pytest.param(
            flow(a=ask(choice("1", words={"oui": "2"}), ("1", "end")), end=BYE), "bad_key", "a", "2", id="a word astray"
        ),
        pytest.param(replace(GOOD, keys=(Route("x", BACK),)), "bad_key", "", "x", id="a flow key that is no key"),
        pytest.param(flow(a=ask(number(9, 1), (ANY, "end")), end=BYE), "bad_wait", "a", "", id="an empty range"),
        pytest.param(flow(a=ask(replace(number(0, 9), first_s=0), (ANY, "end")), end=BYE), "bad_wait", "a", "", id="no time"),
        pytest.param(flow(a=ask(choice()), end=BYE), "bad_wait", "a", "", id="a choice of nothing"),
        pytest.param(flow(a=ask(choice("1"), ("1", "end"), lines=()), end=BYE), "silent", "a", "", id="an ask that says nothing"),
        pytest.param(Flow("f", 1, "@a", {"@a": BYE}), "bad_name", "@a", "", id="a reserved name"),
        pytest.param(Flow("f", 1, "", {"": BYE}), "bad_name", "", "", id="an empty name"),
        pytest.param(
            flow((("0", BACK),), a=Speak((), "b"), b=Speak((), BACK)), "back_without_key", "b", "", id="back from nowhere"
        ),
    ],
)
def test_a_broken_flow_is_not_published(broken: Flow, kind: str, node: str, detail: str) -> None:
    assert Problem(ProblemKind(kind), node, detail) in broken.check()


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(flow((("9", "end"),), a=ask(choice()), end=BYE), id="a choice among the flow's keys alone"),
        pytest.param(flow(a=ask(choice("1", "2"), (ANY, "end")), end=BYE), id="one route for every key"),
        pytest.param(flow((("9", "end"),), a=ask(choice("1"), ("1", "a")), end=BYE), id="a menu left by a flow key"),
        pytest.param(
            flow(a=Speak((), "b"), b=ask(choice("1", "2"), ("1", "a"), ("2", "end")), end=BYE), id="a circle that waits"
        ),
    ],
)
def test_a_flow_is_not_refused_for_this(sound: Flow) -> None:
    assert sound.check() == []
