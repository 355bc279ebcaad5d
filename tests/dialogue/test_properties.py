"""Whatever the flow and whatever comes in: it waits or ends, never raises, and its state survives storage."""

from dataclasses import fields, replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dialogue.checks import ProblemKind
from dialogue.engine import Limits, reopen, resume, start
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, End, Node, Note, Put, Route, Speak
from dialogue.values import (
    Ended,
    Input,
    Line,
    Pressed,
    Recorded,
    Said,
    State,
    TimedOut,
    Turn,
    Value,
    Wait,
    choice,
    number,
    sound,
    text,
)
from tests.dialogue.storage import kept_flow, kept_state

FINISHERS = ["", "#", "*"]
any_text = st.text(st.characters(codec=None), max_size=12)
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Said, st.one_of(any_text, st.sampled_from(["1", "rep 2", "3.", "oui", "X", "0", "9", "*", "١"]))),
    st.builds(Pressed, st.text("0123456789*#", max_size=3), st.sampled_from(FINISHERS)),
    st.builds(Pressed, any_text, any_text),
    st.builds(Recorded, any_text, st.floats(), st.sampled_from(Ended)),
    st.just(TimedOut()),
)
names = st.sampled_from(["x", "y", "z"])
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from(["", "1", "true", "$x", "$y", "$$", "$", "$gone"]),
    st.floats(allow_nan=False, allow_infinity=False),
)
said_lines = st.lists(
    st.builds(Line, st.sampled_from(["a", "b"]), st.dictionaries(names, st.sampled_from(["$x", "$y_seconds", 3]))),
    min_size=1,
    max_size=2,
).map(tuple)
waits: st.SearchStrategy[Wait] = st.one_of(
    st.just(choice("1", "2", words={"oui": "1"})),
    st.builds(number, st.integers(0, 2), st.integers(2, 30), unknown=st.booleans()),
    st.builds(text),
    st.builds(sound),
)


@st.composite
def node(draw: st.DrawFn, onward: st.SearchStrategy[str], anywhere: st.SearchStrategy[str]) -> Node:
    """A node leading `onward`; only an Ask may also lead `anywhere`."""
    kind = draw(st.sampled_from(["speak", "ask", "ask", "branch", "put", "note"]))
    if kind == "speak":
        return Speak(draw(said_lines), draw(onward))
    if kind == "branch":
        return Branch(draw(names), (Route(draw(st.sampled_from(["", "1", "true"])), draw(onward)),), draw(onward))
    if kind == "put":
        return Put(draw(names), draw(values), draw(onward))
    if kind == "note":
        return Note("noted", draw(onward), draw(st.dictionaries(names, values)))
    wait = draw(waits)
    routes = (Route("1", draw(onward)), Route("2", draw(anywhere))) if wait.keys else (Route(ANY, draw(onward)),)
    give_up = draw(st.one_of(st.just(""), anywhere))
    return Ask(draw(said_lines), wait, routes, save=draw(st.one_of(st.just(""), names)), give_up=give_up)


@st.composite
def published_flows(draw: st.DrawFn) -> Flow:
    """Flows that pass their check: a main path that may turn back at an Ask, and asides behind the flow's keys."""
    nodes: dict[str, Node] = {}
    for prefix, size, last in (("n", draw(st.integers(1, 6)), "end"), ("aside", draw(st.integers(1, 3)), BACK)):
        path = [f"{prefix}{index}" for index in range(size)]
        for index, name in enumerate(path):
            nodes[name] = draw(node(st.sampled_from([*path[index + 1 :], last]), st.sampled_from([*path, last])))
    nodes["end"] = End(draw(said_lines))
    keys = draw(st.sampled_from([(), (Route("0", BACK),), (Route("0", BACK), Route("*", "aside0"), Route("9", "end"))]))
    flow = Flow("drawn", draw(st.integers(1, 3)), "n0", nodes, keys=keys)
    lost = {problem.node for problem in flow.check() if problem.kind is ProblemKind.UNREACHABLE}
    kept = {name: found for name, found in nodes.items() if name not in lost}
    if "aside0" not in kept:
        flow = replace(flow, keys=tuple(route for route in keys if route.to != "aside0"))
    flow = replace(flow, nodes=kept)
    assume(not flow.check())
    return flow


targets = st.sampled_from(["n0", "n1", "n2", "gone", "", BACK])
any_flows = st.builds(
    Flow,
    st.just("any"),
    st.just(1),
    targets,
    st.dictionaries(st.sampled_from(["n0", "n1", "n2"]), node(targets, targets)),
    keys=st.lists(st.builds(Route, st.sampled_from(["0", "1", "*", "no key"]), targets), max_size=3).map(tuple),
)
PATIENT = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])


def assert_waits_or_ends(turn: Turn, limits: Limits) -> None:
    assert turn.ended is (turn.wait is None)
    if not turn.ended:
        assert turn.state is not None
        assert turn.replies
    if turn.state is not None:
        assert turn.state.steps <= limits.steps
        assert turn.state.tries <= limits.replays


@PATIENT
@given(published_flows(), st.dictionaries(names, values), st.lists(inputs, max_size=25), st.integers(1, 40))
def test_a_published_flow_always_waits_or_ends_and_survives_storage(
    flow: Flow, known: dict[str, Value], given_inputs: list[Input], steps: int
) -> None:
    limits = Limits(steps=steps)
    turn = start(flow, known, limits=limits)
    assert_waits_or_ends(turn, limits)
    for given_input in given_inputs:
        if turn.ended:
            break
        assert turn.state is not None
        stored = kept_state(turn.state)
        assert stored == turn.state
        following = resume(flow, turn.state, given_input, limits=limits)
        assert resume(flow, stored, given_input, limits=limits) == following
        assert resume(kept_flow(flow), stored, given_input, limits=limits) == following
        steps_taken = following.state.steps if following.state else limits.steps + 1
        assert steps_taken > turn.state.steps or "draft_kept" in {happened.kind for happened in following.happened}
        turn = following
        assert_waits_or_ends(turn, limits)
        assert "lost" not in {happened.kind for happened in turn.happened}


@PATIENT
@given(published_flows(), st.sampled_from([Pressed("0"), Pressed("*"), Pressed("1"), Said("2"), Recorded("r", 9)]))
def test_no_conversation_outlives_its_steps(flow: Flow, same: Input) -> None:
    limits = Limits(steps=30)
    turn = start(flow, limits=limits)
    turns = 0
    while not turn.ended:
        turn = resume(flow, turn.state, same, limits=limits)
        turns += 1
    assert turns <= limits.steps


@PATIENT
@given(any_flows, st.lists(inputs, max_size=8))
def test_even_an_unchecked_flow_never_raises(flow: Flow, given_inputs: list[Input]) -> None:
    flow.check()
    assert kept_flow(flow) == flow
    turn = start(flow)
    for given_input in given_inputs:
        assert turn.ended is (turn.wait is None)
        turn = resume(flow, turn.state, given_input)


@PATIENT
@given(published_flows(), inputs, st.data())
def test_a_state_that_is_made_up_never_raises(flow: Flow, given_input: Input, data: st.DataObject) -> None:
    made_up = State(
        flow.name,
        flow.version,
        data.draw(st.sampled_from([*flow.nodes, "gone"])),
        data.draw(st.dictionaries(names, values)),
        tries=data.draw(st.integers(0, 500)),
        steps=data.draw(st.integers(0, 500)),
        back=tuple(data.draw(st.lists(st.sampled_from([*flow.nodes, "gone", BACK]), max_size=4))),
    )
    for turn in (resume(flow, made_up, given_input), reopen(flow, made_up)):
        assert turn.ended is (turn.wait is None)
        assert turn.ended or turn.replies


@PATIENT
@given(st.dictionaries(st.sampled_from([each.name for each in fields(State)]), st.one_of(values, st.lists(values))), inputs)
def test_a_document_that_is_no_state_ends_kindly(stored: dict[str, object], given_input: Input) -> None:
    flow = Flow("f", 1, "a", {"a": End()})
    turn = resume(flow, stored, given_input)
    assert turn.ended
    assert [line.label for line in turn.replies] == ["give_up"]
