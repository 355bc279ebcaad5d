"""States and flows are kept as JSON, and read back strictly."""

import json
from typing import Any

import pytest

from dialogue.errors import DialogueError
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, End, Note, Put, Route, Speak
from dialogue.values import Line, State, choice, number
from tests.dialogue.storage import kept_flow, kept_state

STATE = State("main", 3, "menu", {"name": "Awa", "women": 18, "heard_s": 12.5, "radio": True, "men": None}, 1, 7, ("a",))

FLOW = Flow(
    "report",
    2,
    "hello",
    {
        "hello": Speak((Line("who", {"club": "$club", "turn": 2}),), "count"),
        "count": Ask((Line("women_ask"),), number(0, 80, unknown=True), (Route(ANY, "kind"),), save="women"),
        "kind": Branch("women", (Route("", "menu"),), "mark"),
        "mark": Put("seen", True, "tell"),
        "tell": Note("report", "menu", {"women": "$women"}),
        "menu": Ask((Line("menu"),), choice("1", words={"oui": "1"}), (Route("1", "bye"),), give_up="bye"),
        "bye": End((Line("goodbye"),)),
    },
    keys=(Route("0", BACK),),
)


def spoiled(document: dict[str, object], path: str, value: object) -> Any:
    """The document with one place replaced; a value of `...` removes it."""
    whole = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    place = whole
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    if value is ...:
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return whole


def test_a_state_comes_back_from_json_as_it_was() -> None:
    assert kept_state(STATE) == STATE


def test_a_flow_comes_back_from_json_as_it_was() -> None:
    assert kept_flow(FLOW) == FLOW
    assert FLOW.check() == []


def test_a_flow_names_every_line_it_may_say() -> None:
    assert FLOW.labels() == {"who", "women_ask", "menu", "no_key", "wrong_key", "goodbye", "give_up"}


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="cut short"),
        pytest.param("[]", id="a list"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param("1" * 10_000, id="a number without end"),
    ],
)
def test_what_is_no_flow_is_refused(stored: str) -> None:
    with pytest.raises(DialogueError, match=r"^flow: "):
        Flow.from_json(stored)


@pytest.mark.parametrize("stored", [None, [], "menu", 3])
def test_what_is_no_state_is_refused(stored: object) -> None:
    with pytest.raises(DialogueError, match=r"^state: "):
        State.from_document(stored)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param("node", ..., "state.node: missing", id="no node"),
        pytest.param("node", 4, "state.node: expected text", id="a node that is no text"),
        pytest.param("version", "3", "state.version: expected a whole number", id="a version in text"),
        pytest.param("version", True, "state.version: expected a whole number", id="a version that is true"),
        pytest.param("tries", -1, "state.tries: expected zero or more", id="negative tries"),
        pytest.param("steps", 1.5, "state.steps: expected a whole number", id="half a step"),
        pytest.param("variables", [], "state.variables: expected an object", id="variables in a list"),
        pytest.param("variables.name", [1], r"state.variables.name: expected text, a number", id="a list in a variable"),
        pytest.param("variables.name", float("inf"), "state.variables.name: expected", id="an infinite variable"),
        pytest.param("back", "a", "state.back: expected a list", id="back that is no list"),
        pytest.param("back.0", 1, "state.back.0: expected text", id="back to a number"),
        pytest.param("extra", 1, "state.extra: unknown field", id="a field too many"),
    ],
)
def test_a_broken_state_names_its_broken_place(path: str, value: object, problem: str) -> None:
    with pytest.raises(DialogueError, match=f"^{problem}"):
        State.from_document(spoiled(STATE.document(), path, value))


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param("nodes.bye.do", "dance", "flow.nodes.bye.do: unknown kind of node", id="an unknown kind of node"),
        pytest.param("nodes.bye", 1, "flow.nodes.bye: expected an object", id="a node that is no object"),
        pytest.param("nodes.bye.next", "menu", "flow.nodes.bye.next: unknown field", id="a field of another kind"),
        pytest.param("nodes.menu.wait.kind", "smell", "flow.nodes.menu.wait.kind: unknown", id="an unknown wait"),
        pytest.param("nodes.menu.wait.unknown", 0, "flow.nodes.menu.wait.unknown: expected true", id="a flag as 0"),
        pytest.param("nodes.menu.wait.words.oui", 1, "flow.nodes.menu.wait.words.oui: expected text", id="a word"),
        pytest.param("nodes.menu.wait.odd", 1, "flow.nodes.menu.wait.odd: unknown field", id="an odd field in a wait"),
        pytest.param("nodes.hello.lines.0.values.turn", True, "flow.nodes.hello.lines.0.values.turn", id="said true"),
        pytest.param("nodes.hello.lines.0.odd", 1, "flow.nodes.hello.lines.0.odd: unknown field", id="an odd line"),
        pytest.param("nodes.menu.routes.0.odd", 1, "flow.nodes.menu.routes.0.odd: unknown field", id="an odd route"),
        pytest.param("odd", 1, "flow.odd: unknown field", id="an odd field in the flow"),
    ],
)
def test_a_broken_flow_names_its_broken_place(path: str, value: object, problem: str) -> None:
    with pytest.raises(DialogueError, match=f"^{problem}"):
        Flow.from_json(json.dumps(spoiled(FLOW.document(), path, value)))


def test_an_error_never_repeats_what_a_person_said() -> None:
    with pytest.raises(DialogueError) as caught:
        Flow.from_json('{"name": {"question": "secret de Awa"')
    assert "Awa" not in str(caught.value)
    assert caught.value.where == "flow"
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None
