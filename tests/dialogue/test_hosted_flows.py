"""Flows that consult their host: a facilitator's report, a question recorded, a stranger's call, who listened."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue import facilitator
from dialogue.checks import ProblemKind
from dialogue.engine import resume, start, told
from dialogue.flow import Flow
from dialogue.flows import QuizScript, main_flow, outgoing_flow
from dialogue.nodes import Consult, End, Node, Route
from dialogue.stranger import stranger_flow
from dialogue.values import Ended, Happened, Input, Line, Pressed, Recorded, TimedOut
from tests.dialogue.hosted import Answers, consulted, labels, play
from tests.dialogue.storage import kept_flow, kept_state

QUIZ = QuizScript(3, "quiz:3:question", ("1", "2"), "2")
EVERYTHING = main_flow(
    latest=["content:1"],
    quiz=QUIZ,
    languages=["fr", "bm"],
    themes={1: ["content:1"], 6: ["content:2"]},
    answers=["content:3"],
    summary=[Line("content:4")],
    asks=True,
    reports=True,
)
REPORT = main_flow(reports=True, first=facilitator.FIRST)
ASKING = outgoing_flow("content:1", asks=True, declares=True, quiz=QUIZ, series=True, languages=["fr", "bm"])
ALL = {
    "menu, everything": EVERYTHING,
    "menu, a report first": REPORT,
    "menu, guided": main_flow(reports=True, guided=(12, ["content:1"]), first=facilitator.FIRST),
    "menu, asks": main_flow(asks=True),
    "outgoing, everything": ASKING,
    "outgoing, for women": outgoing_flow("content:1", audience="woman", declares=True),
    "stranger": stranger_flow(),
    "stranger, languages": stranger_flow(languages=["fr", "bm"]),
}
RIGHT: Answers = {"pin": ("right", {"clubs": 1, "club": "1032", "draft": False})}
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Pressed, st.sampled_from([*"1234567890*", "12", "1234", "18", "12*18*7"]), st.sampled_from(["", "#"])),
    st.builds(Recorded, st.just("7"), st.floats(0, 90), st.sampled_from(Ended)),
    st.just(TimedOut()),
)


@pytest.mark.parametrize("flow", ALL.values(), ids=ALL.keys())
def test_every_flow_may_be_published_and_stored(flow: Flow) -> None:
    assert flow.check() == []
    assert kept_flow(flow) == flow


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(list(ALL.values())), st.lists(inputs, max_size=30), st.data())
def test_whatever_the_host_answers_a_flow_waits_or_ends_and_its_pin_is_never_stored(
    flow: Flow, pressed: list[Input], data: st.DataObject
) -> None:
    turn = start(flow)
    for one in [None, *pressed]:
        if turn.ended:
            break
        if one is not None:
            turn = resume(flow, turn.state, one)
        while turn.consult is not None:
            assert turn.state is not None
            node = flow.nodes[turn.state.node]
            assert isinstance(node, Consult)
            turn = told(flow, turn, data.draw(st.sampled_from([route.key for route in node.routes])))
        assert turn.ended is (turn.wait is None)
        if turn.state is not None:
            assert turn.state.variables.get("pin") is None
            assert kept_state(turn.state) == turn.state


def test_a_host_that_answers_nonsense_ends_the_call_kindly() -> None:
    turn = told(REPORT, resume(REPORT, start(REPORT).state, Pressed("1234")), "nonsense")
    assert turn.ended
    assert labels(turn) == ["give_up"]
    assert told(REPORT, start(REPORT), "right").happened == (Happened("lost"),)


def test_what_was_said_before_a_consult_is_said_first() -> None:
    turn = play(REPORT, [Pressed("1234"), Pressed("12", "#"), Pressed("5", "#"), Pressed("2", "#")], RIGHT)
    assert labels(turn) == ["youth_ask"]
    turn = play(REPORT, [Pressed("1234"), Pressed("99", "#")], {**RIGHT, "theme": ("bad", {})})
    assert labels(turn) == ["theme_bad"]


def test_a_report_is_read_back_before_it_is_stored() -> None:
    given = [Pressed("1234"), *(Pressed(keys, "#") for keys in ("12", "18", "7", "9", "")), Pressed("1")]
    turn = play(REPORT, given, {**RIGHT, "theme": ("theme", {"theme": 12})})
    assert [line for line in turn.replies if line.label == "count"] == [
        Line("count", {"n": 18, "unit": "unit_women"}),
        Line("count", {"n": 7, "unit": "unit_men"}),
        Line("count", {"n": 9, "unit": "unit_youth"}),
        Line("count", {"n": "", "unit": "unit_mothers"}),
    ]
    assert labels(consulted(REPORT, resume(REPORT, turn.state, Pressed("1")), {})) == ["saved", "goodbye"]
    assert labels(consulted(REPORT, resume(REPORT, turn.state, Pressed("3")), {})) == ["dropped"]


SPOKEN = Recorded("7", 20.0)


@pytest.mark.parametrize(
    ("given", "said", "happened"),
    [
        pytest.param([Pressed("2")], ["menu_main"], [], id="no adult there"),
        pytest.param([Pressed("1")], ["rec_how", "rec_no_names"], [], id="how"),
        pytest.param([Pressed("1"), Recorded("7", 1.0)], ["no_key", "rec_how", "rec_no_names"], [], id="too short"),
        pytest.param([Pressed("1"), SPOKEN], ["recording", "rec_menu"], [], id="replayed"),
        pytest.param(
            [Pressed("1"), SPOKEN, Pressed("2")],
            ["rec_how", "rec_no_names"],
            [Happened("recording_deleted", {"sound": "7", "again": True})],
            id="once more",
        ),
        pytest.param(
            [Pressed("1"), SPOKEN, Pressed("3")],
            ["rec_deleted", "menu_main"],
            [Happened("recording_deleted", {"sound": "7", "again": False})],
            id="deleted",
        ),
        pytest.param([Pressed("1"), SPOKEN, Pressed("1")], ["rec_kept", "air_ask"], [], id="kept"),
        pytest.param(
            [Pressed("1"), SPOKEN, Pressed("1"), Pressed("1")],
            ["air_yes", "receipt", "digits", "menu_main"],
            [Happened("air", {"sound": "7", "yes": True})],
            id="on air",
        ),
        pytest.param(
            [Pressed("1"), SPOKEN, Pressed("1"), TimedOut()],
            ["air_no", "receipt", "digits", "menu_main"],
            [Happened("air", {"sound": "7", "yes": False})],
            id="silence is no",
        ),
    ],
)
def test_a_question_by_voice(given: list[Input], said: list[str], happened: list[Happened]) -> None:
    turn = play(main_flow(asks=True), [Pressed("3"), *given], {"recorded": ("kept", {"inquiry": 12})})
    assert labels(turn)[: len(said)] == said
    assert list(turn.happened) == happened


def test_who_listened_is_asked_once_after_a_general_message_and_silence_goes_on() -> None:
    turn = start(ASKING)
    assert labels(turn) == ["jingle", "who", "content:1", "who_listened"]
    woman = resume(ASKING, turn.state, Pressed("1"))
    assert woman.happened == (Happened("listener", {"who": "woman"}),)
    assert labels(resume(ASKING, turn.state, TimedOut()))[0] == "menu_out"


def test_a_message_for_women_asks_first_and_says_nothing_of_itself_to_others() -> None:
    flow = outgoing_flow("content:1", audience="woman", declares=True)
    turn = start(flow)
    assert labels(turn) == ["jingle", "who", "aud_woman"]
    heard = resume(flow, turn.state, Pressed("1"))
    assert heard.happened == (Happened("listener", {"who": "woman"}),)
    assert labels(heard) == ["content:1", "menu_out"]
    assert labels(resume(flow, turn.state, TimedOut())) == ["goodbye"]


def test_eight_ends_a_series_and_only_where_there_is_one() -> None:
    turn = play(ASKING, [TimedOut(), Pressed("8")])
    assert turn.happened == (Happened("series_over"),)
    assert labels(turn) == ["series_done", "goodbye"]
    assert labels(play(outgoing_flow("content:1"), [Pressed("8")]))[0] == "wrong_key"


def test_the_main_menu_offers_what_there_is_in_the_order_of_its_keys() -> None:
    offered = [label for label in labels(start(EVERYTHING)) if label.startswith("option_")]
    names = ("latest", "themes", "ask", "answers", "quiz", "facilitator", "summary", "stop", "repeat", "language")
    assert offered == [f"option_{name}" for name in names]
    themes = play(EVERYTHING, [Pressed("2")])
    assert labels(themes)[:5] == ["theme_list", "to_choose", "option_theme_1", "press", "digit_1"]
    assert labels(play(EVERYTHING, [Pressed("2"), Pressed("6")]))[0] == "content:2"


@pytest.mark.parametrize(
    ("given", "answer", "said", "happened"),
    [
        pytest.param([Pressed("1")], "good", ["consent_yes", "club_ask"], [Happened("consent", {"yes": True})], id="yes"),
        pytest.param([Pressed("2")], "good", ["consent_no", "goodbye"], [Happened("consent", {"yes": False})], id="no"),
        pytest.param([Pressed("1"), Pressed("1032", "#")], "good", ["goodbye"], [], id="a club"),
        pytest.param([Pressed("1"), Pressed("1033", "#")], "bad", ["club_bad"], [], id="no such club"),
        pytest.param([Pressed("1"), TimedOut()], "good", ["goodbye"], [], id="no club"),
    ],
)
def test_a_stranger_agrees_and_may_name_a_club(
    given: list[Input], answer: str, said: list[str], happened: list[Happened]
) -> None:
    turn = play(stranger_flow(), given, {"join": (answer, {})})
    assert labels(turn) == said
    assert list(turn.happened) == happened


def test_a_consult_without_routes_or_into_nowhere_is_refused() -> None:
    nodes: dict[str, Node] = {
        "a": Consult("pin", (Route("right", "gone"), Route("right", "b"))),
        "b": Consult("x", ()),
        "c": End(),
    }
    kinds = {(problem.kind, problem.node) for problem in Flow("f", 1, "a", nodes).check()}
    assert {
        (ProblemKind.UNKNOWN_NODE, "a"),
        (ProblemKind.TWO_ROUTES, "a"),
        (ProblemKind.NO_ROUTE, "b"),
        (ProblemKind.UNREACHABLE, "c"),
    } <= kinds
