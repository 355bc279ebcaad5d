"""One turn after another."""

from dataclasses import replace

import pytest

from dialogue.engine import Limits, Stored, reopen, resume, start
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, End, Node, Note, Put, Route, Speak
from dialogue.values import (
    Happened,
    Input,
    Line,
    Pressed,
    Recorded,
    Said,
    State,
    TimedOut,
    Turn,
    Value,
    choice,
    number,
    sound,
)


def lines(*labels: str) -> tuple[Line, ...]:
    return tuple(Line(label) for label in labels)


def labels(turn: Turn) -> list[str]:
    return [line.label for line in turn.replies]


NODES: dict[str, Node] = {
    "hello": Speak(lines("jingle"), "menu"),
    "menu": Ask(lines("menu"), choice("1", "2"), (Route("1", "count"), Route("2", "tape"))),
    "count": Ask(lines("women_ask"), number(0, 80, unknown=True), (Route(ANY, "many"),), save="women"),
    "many": Branch("women", (Route("", "unknown"), Route("18", "known")), "menu"),
    "unknown": Speak(lines("not_known"), "bye"),
    "known": Note("report", "said", {"women": "$women", "club": "$club", "price": "$$5", "kind": "CR"}),
    "said": Speak((Line("readback", {"women": "$women", "club": "$club", "none": "$none"}),), "bye"),
    "tape": Ask(lines("rec_how"), sound(), (Route(ANY, "kept"),), save="tape", give_up="bye"),
    "kept": Note("recording", "bye", {"sound": "$tape", "seconds": "$tape_seconds"}),
    "aside": Ask(lines("lang"), choice("1", "2"), (Route(ANY, "chosen"),), save="language"),
    "chosen": Note("language", BACK, {"language": "$language"}),
    "bye": End(lines("goodbye")),
}
FLOW = Flow("main", 1, "hello", NODES, keys=(Route("0", BACK), Route("*", "aside"), Route("9", "bye")))


def play(*inputs: Input, flow: Flow = FLOW, limits: Limits = Limits(), **variables: Value) -> Turn:
    turn = start(flow, variables, limits=limits)
    for given in inputs:
        turn = resume(flow, turn.state, given, limits=limits)
    return turn


def test_the_flow_of_these_tests_is_sound() -> None:
    assert FLOW.check() == []


def test_a_start_says_the_first_lines_and_waits() -> None:
    turn = play()
    assert turn.replies == lines("jingle", "menu")
    assert turn.state == State("main", 1, "menu", {}, tries=0, steps=2)
    assert not turn.ended


def test_a_choice_offers_the_keys_of_the_flow_too() -> None:
    turn = play()
    assert turn.wait == choice("1", "2", "0", "*", "9")


def test_a_number_is_awaited_as_the_flow_says() -> None:
    assert play(Pressed("1")).wait == number(0, 80, unknown=True)


def test_an_answer_is_kept_noted_and_said_back() -> None:
    turn = play(Said("Rep 1"), Said("18 "), club="1032")
    assert turn.happened == (Happened("report", {"women": 18, "club": "1032", "price": "$5", "kind": "CR"}),)
    assert turn.replies[0] == Line("readback", {"women": 18, "club": "1032", "none": ""})
    assert labels(turn) == ["readback", "goodbye"]
    assert turn.ended
    assert turn.state is None
    assert turn.wait is None


def test_an_unknown_number_is_null_and_has_its_own_case() -> None:
    assert labels(play(Pressed("1"), Pressed("", "#"))) == ["not_known", "goodbye"]


def test_a_value_without_a_case_goes_elsewhere() -> None:
    assert labels(play(Pressed("1"), Pressed("17", "#"))) == ["menu"]


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        pytest.param("$name", "$name", id="what a person wrote is never a reference"),
        pytest.param(12.6, 13, id="seconds are rounded"),
        pytest.param(True, 1, id="true is one"),
        pytest.param(None, "", id="null is nothing"),
        pytest.param(float("inf"), "", id="infinity is nothing"),
    ],
)
def test_a_line_speaks_text_and_whole_numbers(value: Value, spoken: str | int) -> None:
    flow = Flow("f", 1, "a", {"a": End((Line("say", {"it": "$it"}),))})
    assert start(flow, {"it": value, "name": "Awa"}).replies == (Line("say", {"it": spoken}),)


@pytest.mark.parametrize(
    ("value", "ended_by"),
    [
        pytest.param(True, "yes", id="true"),
        pytest.param("true", "yes", id="the word true"),
        pytest.param(1, "one", id="one"),
        pytest.param("", "null", id="an empty text"),
        pytest.param(None, "null", id="null"),
        pytest.param("x", "other", id="anything else"),
    ],
)
def test_a_branch_compares_written_forms(value: Value, ended_by: str) -> None:
    ends: dict[str, Node] = {name: End(lines(name)) for name in ("yes", "one", "null", "other")}
    branch = Branch("copy", (Route("true", "yes"), Route("1", "one"), Route("", "null")), "other")
    flow = Flow("f", 1, "put", {"put": Put("copy", "$it", "branch"), "branch": branch, **ends})
    assert labels(start(flow, {"it": value})) == [ended_by]


def test_a_recording_is_noted_with_its_length() -> None:
    turn = play(Pressed("2"), Recorded("r1", 9.5))
    assert turn.happened == (Happened("recording", {"sound": "r1", "seconds": 9.5}),)


def test_a_question_typed_in_place_of_a_recording_has_no_length() -> None:
    turn = play(Pressed("2"), Said("Un oeuf ?"))
    assert turn.happened == (Happened("recording", {"sound": "Un oeuf ?", "seconds": None}),)


def test_silence_explains_and_asks_again() -> None:
    turn = play(TimedOut())
    assert labels(turn) == ["no_key", "menu"]
    assert turn.state == State("main", 1, "menu", {}, tries=1, steps=3)
    assert turn.wait is not None


@pytest.mark.parametrize("given", [Pressed("7"), Said("bonjour")], ids=["a wrong key", "free text"])
def test_a_wrong_answer_explains_and_asks_again(given: Input) -> None:
    assert labels(play(given)) == ["wrong_key", "menu"]


def test_the_third_miss_ends_kindly_and_keeps_a_draft() -> None:
    second = play(TimedOut(), Pressed("7"))
    assert not second.ended
    third = resume(FLOW, second.state, TimedOut())
    assert third.ended
    assert labels(third) == ["give_up"]
    assert third.happened == (Happened("draft_kept", {"node": "menu"}),)
    assert third.state is not None
    assert third.state.tries == 0


def test_replays_are_an_option() -> None:
    assert play(TimedOut(), limits=Limits(replays=0)).ended


def test_a_good_key_forgets_earlier_misses() -> None:
    turn = play(TimedOut(), TimedOut(), Pressed("1"), TimedOut(), TimedOut())
    assert labels(turn) == ["no_key", "women_ask"]


def test_giving_up_may_lead_to_a_node_instead() -> None:
    turn = play(Pressed("2"), TimedOut(), TimedOut(), TimedOut())
    assert labels(turn) == ["goodbye"]
    assert turn.happened == ()
    assert turn.state is None


def test_a_draft_is_opened_again_where_it_stood() -> None:
    draft = play(Pressed("1"), TimedOut(), TimedOut(), TimedOut(), club="1032").state
    assert draft is not None
    turn = reopen(FLOW, draft.document())
    assert labels(turn) == ["women_ask"]
    assert turn.state == State("main", 1, "count", {"club": "1032"}, tries=0, steps=1)


def test_a_dropped_call_is_opened_again_without_its_misses() -> None:
    turn = reopen(FLOW, play(TimedOut()).state)
    assert turn.state == State("main", 1, "menu", {}, tries=0, steps=1)


def test_repeat_says_the_question_again_as_a_good_key() -> None:
    turn = play(TimedOut(), Pressed("0"))
    assert labels(turn) == ["menu"]
    assert turn.state == State("main", 1, "menu", {}, tries=0, steps=4)


def test_an_aside_returns_to_the_question_it_left() -> None:
    aside = play(Pressed("1"), Pressed("*"))
    assert labels(aside) == ["lang"]
    turn = resume(FLOW, aside.state, Pressed("2"))
    assert turn.happened == (Happened("language", {"language": "2"}),)
    assert labels(turn) == ["women_ask"]
    assert turn.state is not None
    assert turn.state.back == ()


def test_an_aside_asked_for_twice_returns_once() -> None:
    assert labels(play(Pressed("*"), Pressed("*"), Pressed("1"))) == ["menu"]


def test_asides_within_asides_come_back_one_by_one() -> None:
    other: dict[str, Node] = {
        "sure": Ask(lines("sure"), choice("1", "2"), (Route("1", "bye"), Route("2", BACK))),
    }
    flow = replace(FLOW, nodes=NODES | other, keys=(*FLOW.keys[:2], Route("9", "sure")))
    assert flow.check() == []
    turn = play(Pressed("*"), Pressed("9"), flow=flow)
    assert turn.state is not None
    assert turn.state.back == ("menu", "aside")
    turn = resume(flow, turn.state, Pressed("2"))
    assert labels(turn) == ["lang"]
    assert labels(resume(flow, turn.state, Pressed("1"))) == ["menu"]


def test_going_to_and_fro_between_asides_remembers_each_once() -> None:
    other: dict[str, Node] = {
        "sure": Ask(lines("sure"), choice("1", "2"), (Route("1", "bye"), Route("2", BACK))),
    }
    flow = replace(FLOW, nodes=NODES | other, keys=(*FLOW.keys[:2], Route("9", "sure")))
    turn = play(*[Pressed("*"), Pressed("9")] * 5, flow=flow)
    assert turn.state is not None
    assert turn.state.back == ("menu", "aside")


def test_the_ask_s_own_route_wins_over_the_flow_s_key() -> None:
    flow = replace(FLOW, keys=(Route("1", "bye"), Route("*", "aside")))
    turn = play(flow=flow)
    assert turn.wait == choice("1", "2", "*")
    assert labels(resume(flow, turn.state, Pressed("1"))) == ["women_ask"]


def test_a_key_of_the_flow_is_a_number_where_a_number_is_asked() -> None:
    turn = play(Pressed("1"), Pressed("9", "#"))
    assert labels(turn) == ["menu"]
    assert turn.state is not None
    assert turn.state.variables == {"women": 9}


def test_the_step_limit_ends_a_conversation_that_never_would() -> None:
    turn = play(*[Pressed("0")] * 198)
    assert turn.state is not None
    assert turn.state.steps == 200
    last = resume(FLOW, turn.state, Pressed("0"))
    assert labels(last) == ["give_up"]
    assert last.happened == (Happened("step_limit", {"node": "menu"}),)
    assert last.ended
    assert last.state is None


def test_a_flow_that_runs_in_a_circle_ends_at_the_step_limit() -> None:
    circle = Flow("f", 1, "a", {"a": Speak(lines("again"), "a")})
    turn = start(circle, limits=Limits(steps=5))
    assert labels(turn) == ["again"] * 5 + ["give_up"]


STATE = State("main", 1, "menu")


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(None, id="no state"),
        pytest.param({"flow": "main", "version": 1}, id="half a state"),
        pytest.param(replace(STATE, flow="other"), id="a state of another flow"),
        pytest.param(replace(STATE, version=2), id="a state of another version"),
        pytest.param(replace(STATE, node="gone"), id="a node that is gone"),
        pytest.param(replace(STATE, node="hello"), id="a node that asks nothing"),
    ],
)
def test_a_state_that_does_not_belong_ends_kindly(stored: Stored) -> None:
    for turn in (resume(FLOW, stored, Pressed("1")), reopen(FLOW, stored)):
        assert turn == Turn(None, lines("give_up"), happened=(Happened("lost"),), ended=True)


def test_the_kind_end_is_the_flow_s_own() -> None:
    own = replace(FLOW, give_up=lines("sorry"))
    assert resume(own, None, TimedOut()).replies == lines("sorry")


@pytest.mark.parametrize(
    ("node", "missing"),
    [
        pytest.param(Speak((), "gone"), "gone", id="a next node that is gone"),
        pytest.param(Speak((), BACK), "", id="back from nowhere"),
    ],
)
def test_a_flow_that_was_never_checked_ends_kindly(node: Node, missing: str) -> None:
    turn = start(Flow("f", 1, "a", {"a": node}))
    assert turn == Turn(None, lines("give_up"), happened=(Happened("lost", {"node": missing}),), ended=True)


def test_an_ask_without_a_route_ends_kindly() -> None:
    turn = play(Said("5"), flow=Flow("f", 1, "a", {"a": Ask(lines("a"), number(0, 9), ())}))
    assert turn.happened == (Happened("lost", {"node": ""}),)


def test_an_answer_nobody_keeps_changes_no_variable() -> None:
    ask = Ask(lines("a"), number(0, 9), (Route(ANY, "a"),))
    turn = play(Said("5"), flow=Flow("f", 1, "a", {"a": ask}))
    assert turn.state is not None
    assert turn.state.variables == {}


def test_a_turn_leaves_the_state_it_came_from_alone() -> None:
    asked = play(Pressed("1"))
    before = asked.state.document() if asked.state else {}
    resume(FLOW, asked.state, Said("17"))
    assert asked.state is not None
    assert asked.state.document() == before
