"""What several flows are put together from: lines, menus, a quiz, the choice of a language, the keys of a whole flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialogue.errors import DialogueError
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, End, Node, Note, Put, Route, Speak
from dialogue.values import Line, choice

LANGUAGES_AT_MOST = 8
"""A ninth would take the key that stops everything."""
YES_NO = choice("1", "2", words={"oui": "1", "non": "2"})
GOODBYE = End((Line("goodbye"),))


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


def lines(*labels: str) -> tuple[Line, ...]:
    """Lines without values."""
    return tuple(Line(label) for label in labels)


def option(label: str, key: str) -> list[Line]:
    """ "To …, press …": four lines, so that each clip is recorded once."""
    spoken = {"*": "star", "#": "hash"}.get(key, f"digit_{key}")
    return list(lines("to_choose", label, "press", spoken))


def menu(said: tuple[Line, ...], routes: Sequence[Route]) -> Ask:
    """A choice whose silence is no draft: whoever listens and presses nothing hears a plain goodbye."""
    return Ask(said, choice(*(route.key for route in routes)), tuple(routes), give_up="goodbye")


def with_keys(
    name: str, version: int, first: str, nodes: Mapping[str, Node], languages: Sequence[str], more: Sequence[Route] = ()
) -> Flow:
    """Adds what every key of the whole flow needs: repeat, stop and, if there is a choice, language."""
    keys = [Route("0", BACK), Route("9", "stop"), *more]
    whole: dict[str, Node] = {
        **nodes,
        "stop": Ask(lines("stop_sure"), YES_NO, (Route("1", "stopped"), Route("2", BACK))),
        "stopped": Note("stop", "stop_done"),
        "stop_done": End(lines("stop_done")),
        "goodbye": GOODBYE,
    }
    if len(languages) > 1:
        keys.append(Route("*", "language"))
        whole |= language_nodes("language", languages, then=BACK)
    return Flow(name, version, first, whole, keys=tuple(keys))


def quiz_nodes(quiz: QuizScript, then: str) -> dict[str, Node]:
    """One question, its verdict and the fact; then `then`."""
    answer = Note(
        "answer",
        "quiz_verdict",
        {"quiz": quiz.quiz, "question": quiz.question, "key": "$quiz_key", "right": "$quiz_right"},
    )
    return {
        "quiz": Speak(lines("quiz_intro"), "quiz_question"),
        "quiz_question": Ask(lines(quiz.question), choice(*quiz.keys), (Route(ANY, "quiz_check"),), save="quiz_key"),
        "quiz_check": Branch("quiz_key", (Route(quiz.right, "quiz_is_right"),), "quiz_is_wrong"),
        "quiz_is_right": Put("quiz_right", True, "quiz_answer"),
        "quiz_is_wrong": Put("quiz_right", False, "quiz_answer"),
        "quiz_answer": answer,
        "quiz_verdict": Branch("quiz_right", (Route("true", "quiz_said_right"),), "quiz_said_wrong"),
        "quiz_said_right": Speak(lines("quiz_right", *quiz.explanation), then),
        "quiz_said_wrong": Speak(lines("quiz_wrong", *quiz.explanation), then),
    }


def language_nodes(prefix: str, languages: Sequence[str], then: str, *, give_up: str = "") -> dict[str, Node]:
    """Each language says its own number: `language` tells the channel whose voice or words to use for the line."""
    if len(languages) > LANGUAGES_AT_MOST:
        raise DialogueError("languages", f"expected {LANGUAGES_AT_MOST} at most")
    numbered = [(str(number), code) for number, code in enumerate(languages, start=1)]
    nodes: dict[str, Node] = {f"{prefix}_{code}": Note("language", then, {"language": code}) for _, code in numbered}
    said = tuple(Line("lang_choose", {"language": code, "key": int(key)}) for key, code in numbered)
    routes = tuple(Route(key, f"{prefix}_{code}") for key, code in numbered)
    nodes[prefix] = Ask(said, choice(*(key for key, _ in numbered)), routes, give_up=give_up)
    return nodes
