"""The flows people meet: a pushed message and a called-back bip, each with its quiz."""

from collections.abc import Sequence

import pytest

from dialogue.engine import resume, start
from dialogue.errors import DialogueError
from dialogue.flow import Flow
from dialogue.flows import QuizScript, main_flow, outgoing_flow
from dialogue.values import Happened, Input, Pressed, Said, TimedOut, Turn
from tests.dialogue.storage import kept_flow

QUIZ = QuizScript(3, "quiz:3:question", ("1", "2", "3"), "2", ("quiz:3:explanation",))
OUTGOING = outgoing_flow("content:12", explanation=["content:12:why"], quiz=QUIZ, languages=["fr", "bm", "dts"])
MAIN = main_flow(latest=["content:12"], quiz=QUIZ, languages=["fr", "bm"])
ALL = {
    "outgoing, bare": outgoing_flow("content:12"),
    "outgoing, all": OUTGOING,
    "outgoing, languages": outgoing_flow("content:12", languages=["fr", "bm"]),
    "main, empty": main_flow(),
    "main, latest": main_flow(latest=["content:12"]),
    "main, quiz": main_flow(quiz=QUIZ),
    "main, all": MAIN,
}


def play(flow: Flow, *inputs: Input) -> Turn:
    turn = start(flow)
    for given in inputs:
        turn = resume(flow, turn.state, given)
    return turn


def labels(turn: Turn) -> list[str]:
    return [line.label for line in turn.replies]


@pytest.mark.parametrize("flow", ALL.values(), ids=ALL.keys())
def test_every_flow_may_be_published_and_stored(flow: Flow) -> None:
    assert flow.check() == []
    assert kept_flow(flow) == flow


def answer(key: str, right: bool) -> Happened:
    return Happened("answer", {"quiz": 3, "question": "quiz:3:question", "key": key, "right": right})


@pytest.mark.parametrize(
    ("given", "verdict", "happened"),
    [
        pytest.param(Pressed("2"), "quiz_right", answer("2", True), id="right by key"),
        pytest.param(Said("Rep 2"), "quiz_right", answer("2", True), id="right by SMS"),
        pytest.param(Pressed("3"), "quiz_wrong", answer("3", False), id="wrong by key"),
        pytest.param(Said("1."), "quiz_wrong", answer("1", False), id="wrong by SMS"),
    ],
)
def test_a_quiz_tells_right_from_wrong_and_gives_the_fact(given: Input, verdict: str, happened: Happened) -> None:
    asked = play(OUTGOING, Pressed("2"))
    assert labels(asked) == ["quiz_intro", "quiz:3:question"]
    turn = resume(OUTGOING, asked.state, given)
    assert labels(turn) == [verdict, "quiz:3:explanation", "goodbye"]
    assert turn.happened == (happened,)
    assert turn.ended


def test_a_quiz_can_be_heard_again() -> None:
    assert labels(play(OUTGOING, Pressed("2"), Pressed("0"))) == ["quiz:3:question"]


def test_an_unanswered_quiz_is_kept_as_a_draft() -> None:
    turn = play(OUTGOING, Pressed("2"), TimedOut(), TimedOut(), TimedOut())
    assert turn.happened == (Happened("draft_kept", {"node": "quiz_question"}),)


def test_a_pushed_message_is_said_before_anything_is_asked() -> None:
    turn = start(OUTGOING)
    assert labels(turn) == ["jingle", "who", "content:12", "content:12:why", "menu_out", "menu_out_more"]
    assert turn.wait is not None
    assert set(turn.wait.keys) == set("12*09")


def test_a_pushed_message_without_extras_offers_replay_stop_and_repeat() -> None:
    turn = start(outgoing_flow("content:12"))
    assert labels(turn)[-1] == "menu_out"
    assert turn.wait is not None
    assert set(turn.wait.keys) == set("109")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        pytest.param([Pressed("1")], ["content:12", "content:12:why", "menu_out", "menu_out_more"], id="replay"),
        pytest.param([Pressed("0")], ["menu_out", "menu_out_more"], id="repeat"),
        pytest.param([Pressed("2")], ["quiz_intro", "quiz:3:question"], id="quiz"),
        pytest.param([Pressed("9")], ["stop_sure"], id="stop asks first"),
        pytest.param([Pressed("9"), Pressed("2")], ["menu_out", "menu_out_more"], id="no stop"),
        pytest.param([Pressed("2"), Pressed("9"), Said("non")], ["quiz:3:question"], id="no stop, back to the quiz"),
        pytest.param([Pressed("*")], ["lang_choose"] * 3, id="language"),
        pytest.param([TimedOut(), TimedOut(), TimedOut()], ["goodbye"], id="nobody presses"),
    ],
)
def test_the_menu_after_a_message(inputs: Sequence[Input], said: list[str]) -> None:
    assert labels(play(OUTGOING, *inputs)) == said


@pytest.mark.parametrize("yes", [Pressed("1"), Said("Oui")], ids=["by key", "by SMS"])
@pytest.mark.parametrize("flow", [OUTGOING, MAIN], ids=["outgoing", "main"])
def test_stop_happens_once_confirmed(flow: Flow, yes: Input) -> None:
    turn = play(flow, Pressed("9"), yes)
    assert turn.happened == (Happened("stop"),)
    assert labels(turn) == ["stop_done"]
    assert turn.ended


def test_each_language_says_its_own_number() -> None:
    turn = play(OUTGOING, Pressed("*"))
    assert [dict(line.values) for line in turn.replies] == [
        {"language": "fr", "key": 1},
        {"language": "bm", "key": 2},
        {"language": "dts", "key": 3},
    ]


def test_a_language_chosen_at_the_menu_repeats_the_message_in_it() -> None:
    turn = play(OUTGOING, Pressed("*"), Pressed("2"))
    assert turn.happened == (Happened("language", {"language": "bm"}),)
    assert labels(turn)[0] == "content:12"


def test_a_language_chosen_during_the_quiz_repeats_the_question() -> None:
    turn = play(OUTGOING, Pressed("2"), Pressed("*"), Pressed("3"))
    assert turn.happened == (Happened("language", {"language": "dts"}),)
    assert labels(turn) == ["quiz:3:question"]


def test_one_language_is_no_choice() -> None:
    turn = play(outgoing_flow("content:12", languages=["fr"]), Pressed("*"))
    assert labels(turn) == ["wrong_key", "menu_out"]


def test_a_bip_opens_the_main_menu_with_what_there_is() -> None:
    turn = start(MAIN)
    assert labels(turn) == ["who", "menu_main"] + [
        part
        for option, key in [
            ("option_latest", "digit_1"),
            ("option_quiz", "digit_5"),
            ("option_stop", "digit_9"),
            ("option_repeat", "digit_0"),
            ("option_language", "star"),
        ]
        for part in ("to_choose", option, "press", key)
    ]
    assert turn.wait is not None
    assert set(turn.wait.keys) == set("1509*")


def test_the_main_menu_comes_back_after_each_choice() -> None:
    after_latest = play(MAIN, Pressed("1"))
    assert labels(after_latest)[:3] == ["latest", "content:12", "menu_main"]
    after_quiz = resume(MAIN, play(MAIN, Pressed("5")).state, Pressed("2"))
    assert labels(after_quiz)[:3] == ["quiz_right", "quiz:3:explanation", "menu_main"]
    after_language = play(MAIN, Pressed("*"), Pressed("1"))
    assert labels(after_language)[0] == "menu_main"


def test_a_bip_without_a_quiz_plays_the_latest_message_at_once() -> None:
    turn = start(main_flow(latest=["content:12"]))
    assert labels(turn)[:4] == ["who", "latest", "content:12", "menu_main"]
    assert "option_quiz" not in labels(turn)


def test_a_bip_with_nothing_new_says_so_and_still_takes_a_stop() -> None:
    turn = start(main_flow())
    assert labels(turn)[:3] == ["who", "no_content", "menu_main"]
    assert labels(resume(main_flow(), turn.state, Pressed("9"))) == ["stop_sure"]


def test_a_bip_with_a_quiz_alone_does_not_offer_a_message() -> None:
    turn = start(main_flow(quiz=QUIZ))
    assert labels(turn)[:2] == ["who", "menu_main"]
    assert "option_latest" not in labels(turn)


@pytest.mark.parametrize(
    ("keys", "right"),
    [
        pytest.param((), "1", id="no option"),
        pytest.param(("1", "2", "3", "1"), "1", id="four options"),
        pytest.param(("1", "4"), "1", id="an option 4"),
        pytest.param(("1", "2"), "3", id="a right answer that is no option"),
    ],
)
def test_a_quiz_without_sense_is_refused(keys: tuple[str, ...], right: str) -> None:
    with pytest.raises(DialogueError, match=r"^quiz\."):
        QuizScript(1, "q", keys, right)


def test_a_ninth_language_is_refused() -> None:
    with pytest.raises(DialogueError, match=r"^languages"):
        main_flow(languages=list("abcdefghi"))
    assert main_flow(languages=list("abcdefgh")).check() == []
