"""Builds the flows of a nutrition message, a quiz and a called-back bip.

Each serves SMS and calls alike: a channel skips the lines it has no words or sound for (a jingle has no text) and joins
the rest of a turn. A host applies what happened before it words the replies of that turn: a new language begins here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.errors import DialogueError
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, End, Node, Note, Put, Route, Speak
from dialogue.values import Line, choice

LANGUAGES_AT_MOST = 8
"""A ninth would take the key that stops everything."""

_YES_NO = choice("1", "2", words={"oui": "1", "non": "2"})


@dataclass(frozen=True)
class QuizScript:
    """One question: `quiz` is its stored id, `keys` one to three options, `right` among them; the rest are labels.

    The line `question` reads out the options too. `explanation` is said after either verdict.
    """

    quiz: int
    question: str
    keys: tuple[str, ...]
    right: str
    explanation: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= 3 or any(key not in {"1", "2", "3"} for key in self.keys):
            raise DialogueError("quiz.keys", "expected one to three of 1, 2, 3")
        if self.right not in self.keys:
            raise DialogueError("quiz.right", "not among the options")


def quiz_flow(quiz: QuizScript, *, name: str = "quiz", version: int = 1) -> Flow:
    """Asks one question. Happened: `answer` with quiz, question (its label), key, right."""
    nodes = _quiz(quiz, then="goodbye") | {"goodbye": _GOODBYE}
    return Flow(name, version, "quiz", nodes, keys=(Route("0", BACK),))


def outgoing_flow(
    core: str,
    *,
    explanation: Sequence[str] = (),
    quiz: QuizScript | None = None,
    languages: Sequence[str] = (),
    name: str = "outgoing",
    version: int = 1,
) -> Flow:
    """A message we push (labels `core`, `explanation`), then 1 replay, 2 quiz, 9 stop, 0 repeat, `*` language.

    Whoever changes language at the menu hears the message again in it. Happened: `answer`, `language` (its code),
    `stop`. Raises `DialogueError` for more than eight languages.
    """
    routes = [Route("1", "core")]
    nodes: dict[str, Node] = {
        # Nothing is asked before the core, which must be complete by second 15 of a call.
        "opening": Speak(_lines("jingle", "who"), "core"),
        "core": Speak(_lines(core, *explanation), "menu"),
    }
    if quiz:
        routes.append(Route("2", "quiz"))
        nodes |= _quiz(quiz, then="goodbye")
    if len(languages) > 1:
        routes.append(Route("*", "other_language"))
        nodes |= _languages("other_language", languages, then="core")
    nodes["menu"] = _menu(_lines("menu_out", *(["menu_out_more"] if quiz else [])), routes)
    return _with_keys(name, version, "opening", nodes, languages)


def main_flow(
    *,
    latest: Sequence[str] = (),
    quiz: QuizScript | None = None,
    languages: Sequence[str] = (),
    name: str = "main",
    version: int = 1,
) -> Flow:
    """The answer to a bip: 1 latest message (its labels), 5 quiz, 9 stop, 0 repeat, `*` language.

    Empty options are skipped; without a quiz, the latest message plays at once. Happened: `answer`, `language` (its
    code), `stop`. Raises `DialogueError` for more than eight languages.
    """
    routes: list[Route] = []
    lines = list(_lines("menu_main"))
    nodes: dict[str, Node] = {}
    if latest:
        routes.append(Route("1", "latest"))
        lines += _option("option_latest", "1")
        nodes["latest"] = Speak(_lines("latest", *latest), "menu")
    if quiz:
        routes.append(Route("5", "quiz"))
        lines += _option("option_quiz", "5")
        nodes |= _quiz(quiz, then="menu")
    lines += _option("option_stop", "9") + _option("option_repeat", "0")
    if len(languages) > 1:
        lines += _option("option_language", "*")
    nodes["menu"] = _menu(tuple(lines), routes)
    greeting = ["who"] if routes else ["who", "no_content"]
    nodes["opening"] = Speak(_lines(*greeting), "latest" if latest and not quiz else "menu")
    return _with_keys(name, version, "opening", nodes, languages)


_GOODBYE = End((Line("goodbye"),))


def _lines(*labels: str) -> tuple[Line, ...]:
    return tuple(Line(label) for label in labels)


def _option(label: str, key: str) -> list[Line]:
    """ "To …, press …": four lines, so that each clip is recorded once."""
    spoken = {"*": "star", "#": "hash"}.get(key, f"digit_{key}")
    return list(_lines("to_choose", label, "press", spoken))


def _menu(lines: tuple[Line, ...], routes: Sequence[Route]) -> Ask:
    # Whoever listens and presses nothing has left no draft: a plain goodbye.
    return Ask(lines, choice(*(route.key for route in routes)), tuple(routes), give_up="goodbye")


def _with_keys(name: str, version: int, first: str, nodes: dict[str, Node], languages: Sequence[str]) -> Flow:
    """Adds what every key of the whole flow needs: repeat, stop and, if there is a choice, language."""
    keys = [Route("0", BACK), Route("9", "stop")]
    nodes = nodes | {
        "stop": Ask(_lines("stop_sure"), _YES_NO, (Route("1", "stopped"), Route("2", BACK))),
        "stopped": Note("stop", "stop_done"),
        "stop_done": End(_lines("stop_done")),
        "goodbye": _GOODBYE,
    }
    if len(languages) > 1:
        keys.append(Route("*", "language"))
        nodes |= _languages("language", languages, then=BACK)
    return Flow(name, version, first, nodes, keys=tuple(keys))


def _quiz(quiz: QuizScript, then: str) -> dict[str, Node]:
    answer = Note(
        "answer",
        "quiz_verdict",
        {"quiz": quiz.quiz, "question": quiz.question, "key": "$quiz_key", "right": "$quiz_right"},
    )
    return {
        "quiz": Speak(_lines("quiz_intro"), "quiz_question"),
        "quiz_question": Ask(_lines(quiz.question), choice(*quiz.keys), (Route(ANY, "quiz_check"),), save="quiz_key"),
        "quiz_check": Branch("quiz_key", (Route(quiz.right, "quiz_is_right"),), "quiz_is_wrong"),
        "quiz_is_right": Put("quiz_right", True, "quiz_answer"),
        "quiz_is_wrong": Put("quiz_right", False, "quiz_answer"),
        "quiz_answer": answer,
        "quiz_verdict": Branch("quiz_right", (Route("true", "quiz_said_right"),), "quiz_said_wrong"),
        "quiz_said_right": Speak(_lines("quiz_right", *quiz.explanation), then),
        "quiz_said_wrong": Speak(_lines("quiz_wrong", *quiz.explanation), then),
    }


def _languages(prefix: str, languages: Sequence[str], then: str) -> dict[str, Node]:
    """Each language says its own number: `language` tells the channel whose voice or words to use for the line."""
    if len(languages) > LANGUAGES_AT_MOST:
        raise DialogueError("languages", f"expected {LANGUAGES_AT_MOST} at most")
    numbered = [(str(number), code) for number, code in enumerate(languages, start=1)]
    nodes: dict[str, Node] = {f"{prefix}_{code}": Note("language", then, {"language": code}) for _, code in numbered}
    lines = tuple(Line("lang_choose", {"language": code, "key": int(key)}) for key, code in numbered)
    routes = tuple(Route(key, f"{prefix}_{code}") for key, code in numbered)
    nodes[prefix] = Ask(lines, choice(*(key for key, _ in numbered)), routes)
    return nodes
