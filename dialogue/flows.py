"""Builds the flows of a nutrition message and of a called-back bip, each with its quiz.

Each serves SMS and calls alike: a channel skips the lines it has no words or sound for (a jingle has no text) and joins
the rest of a turn. A host applies what happened before it words the replies of that turn: a new language begins here.
"""

from collections.abc import Mapping, Sequence

from dialogue import facilitator, recording
from dialogue import guided as sessions
from dialogue.flow import Flow
from dialogue.nodes import Ask, Node, Note, Route, Speak
from dialogue.parts import (
    LANGUAGES_AT_MOST,
    YES_NO,
    QuizScript,
    language_nodes,
    lines,
    menu,
    option,
    quiz_nodes,
    with_keys,
)
from dialogue.values import Line, choice

__all__ = ["LANGUAGES_AT_MOST", "LISTENERS", "QuizScript", "main_flow", "outgoing_flow"]

LISTENERS = {"1": "woman", "2": "man", "3": "group"}
"""Who says they listened, by key."""


def outgoing_flow(
    core: str,
    *,
    explanation: Sequence[str] = (),
    quiz: QuizScript | None = None,
    languages: Sequence[str] = (),
    audience: str = "",
    declares: bool = False,
    asks: bool = False,
    series: bool = False,
    before: Sequence[Line] = (),
    name: str = "outgoing",
    version: int = 2,
) -> Flow:
    """A message we push (labels `core`, `explanation`), then 1 replay, 2 quiz, 3 ask, 8 end of a series, 9 stop, 0 repeat,
    `*` language.

    `audience` (woman, man, group) asks first whether that is who listens, `declares` afterwards who did; `asks` takes questions;
    `series` may be ended; `before` is said between the sender and the core. Whoever changes language at the menu hears the
    message again in it. Happened: `answer` (quiz, question: its label, key, right), `language` (its code), `listener` (who),
    `series_over`, `stop`, and those of a question. Raises `DialogueError` for more than eight languages.
    """
    routes = [Route("1", "core")]
    first, after = "core", "who_listened" if declares and not audience else "menu"
    nodes: dict[str, Node] = {}
    if audience:
        first = "audience"
        nodes |= {
            "audience": Ask(lines(f"aud_{audience}"), choice("1"), (Route("1", "audience_is"),), give_up="goodbye", once=True),
            "audience_is": Note("listener", "core", {"who": audience}),
        }
    # Nothing is asked before the core of a general message, which must be complete by second 15 of a call.
    nodes |= {"opening": Speak((*lines("jingle", "who"), *before), first), "core": Speak(lines(core, *explanation), after)}
    if after == "who_listened":
        nodes |= _listeners()
    if quiz:
        routes.append(Route("2", "quiz"))
        nodes |= quiz_nodes(quiz, then="goodbye")
    if asks:
        routes.append(Route("3", recording.FIRST))
        nodes |= recording.question_nodes(then="goodbye")
    if series:
        routes.append(Route("8", "series_over"))
        nodes |= {"series_over": Note("series_over", "series_done"), "series_done": Speak(lines("series_done"), "goodbye")}
    if len(languages) > 1:
        routes.append(Route("*", "other_language"))
        nodes |= language_nodes("other_language", languages, then="core")
    more = lines("menu_out_more") if quiz else tuple(option("option_ask", "3")) if asks else ()
    nodes["menu"] = menu((*lines("menu_out"), *more, *lines(*(["series_key"] if series else []))), routes)
    return with_keys(name, version, "opening", nodes, languages)


def main_flow(
    *,
    latest: Sequence[str] = (),
    quiz: QuizScript | None = None,
    languages: Sequence[str] = (),
    themes: Mapping[int, Sequence[str]] | None = None,
    answers: Sequence[str] = (),
    neighbour: Line | None = None,
    summary: Sequence[Line] = (),
    asks: bool = False,
    testifies: bool = False,
    airs: bool = False,
    reports: bool = False,
    guided: tuple[int, Sequence[str]] | None = None,
    series_asks: bool = False,
    first: str = "opening",
    name: str = "main",
    version: int = 2,
) -> Flow:
    """The answer to a bip: 1 latest message (its labels), 2 themes (labels by group 1 to 8), 3 ask, 4 answers, 5 quiz,
    6 facilitator's report, 7 the club's summary (its lines), 8 a testimony, 9 stop, 0 repeat, `*` language.

    `neighbour` is what another club found, heard after the answers; `airs` then asks whoever let the radio have their voice
    whether it still may. Empty options are skipped; with nothing but it, the latest
    message plays at once. `first` may be `facilitator.FIRST`; with `guided`, a theme and its message, a report is the guided
    session's. `series_asks` asks first for the agreement to a series. Happened: `answer`, `language` (its code), `stop`, `series`
    (yes), and those of a question and a report. Raises `DialogueError` for more than eight languages.
    """
    parts: list[tuple[str, str, str, dict[str, Node]]] = []
    if latest:
        parts.append(("1", "option_latest", "latest", {"latest": Speak(lines("latest", *latest), "menu")}))
    if themes:
        parts.append(("2", "option_themes", "themes", _themes(themes)))
    if asks:
        parts.append(("3", "option_ask", recording.FIRST, recording.question_nodes(then="menu")))
    if answers or neighbour:
        heard = (*lines(*(["answers_intro", *answers] if answers else [])), *_neighbour(neighbour))
        after = recording.AIR_AGAIN if airs else "menu"
        parts.append(("4", "option_answers", "answers", {"answers": Speak(heard, after)}))
    elif airs:
        parts.append(("4", "option_air", recording.AIR_AGAIN, {}))
    if quiz:
        parts.append(("5", "option_quiz", "quiz", quiz_nodes(quiz, then="menu")))
    if reports:
        parts.append(("6", "option_facilitator", facilitator.FIRST, _reports(guided)))
    if summary:
        parts.append(("7", "option_summary", "summary", {"summary": Speak((*lines("summary_intro"), *summary), "menu")}))
    if testifies:
        told = recording.question_nodes(then="menu", what=recording.TESTIMONY)
        parts.append(("8", "option_testimony", recording.FIRST_OF_TESTIMONY, told))
    said = list(lines("menu_main"))
    nodes: dict[str, Node] = recording.air_nodes(then="menu") if airs else {}
    for key, label, _, found in parts:
        said += option(label, key)
        nodes |= found
    said += option("option_stop", "9") + option("option_repeat", "0")
    if len(languages) > 1:
        said += option("option_language", "*")
    nodes["menu"] = menu(tuple(said), [Route(key, to) for key, _, to, _ in parts])
    greeting = ["who"] if parts else ["who", "no_content"]
    nodes["opening"] = Speak(lines(*greeting), "latest" if latest and len(parts) == 1 else "menu")
    if series_asks:
        nodes |= _series(first)
        first = "series_asked"
    return with_keys(name, version, first, nodes, languages)


def _neighbour(said: Line | None) -> tuple[Line, ...]:
    return () if said is None else (Line("neighbour_intro"), said)


def _series(then: str) -> dict[str, Node]:
    """A silence is no answer: it is asked again another time."""
    routes = (Route("1", "series_yes"), Route("2", "series_no"))
    return {
        "series_asked": Ask(lines("jingle", "who", "series_ask"), YES_NO, routes, give_up=then, once=True),
        "series_yes": Note("series", "series_thanks", {"yes": True}),
        "series_thanks": Speak(lines("consent_yes"), then),
        "series_no": Note("series", "series_ended", {"yes": False}),
        "series_ended": Speak(lines("series_done"), then),
    }


def _reports(guided: tuple[int, Sequence[str]] | None) -> dict[str, Node]:
    if guided is None:
        return facilitator.report_nodes(menu="opening")
    nodes = facilitator.report_nodes(menu="opening", then="guided_done", begins=sessions.FIRST)
    return nodes | sessions.guided_nodes(*guided, then="goodbye")


def _listeners() -> dict[str, Node]:
    routes = tuple(Route(key, f"listener_{who}") for key, who in LISTENERS.items())
    heard: dict[str, Node] = {f"listener_{who}": Note("listener", "menu", {"who": who}) for who in LISTENERS.values()}
    return {"who_listened": Ask(lines("who_listened"), choice(*LISTENERS), routes, give_up="menu", once=True), **heard}


def _themes(themes: Mapping[int, Sequence[str]]) -> dict[str, Node]:
    said: list[Line] = list(lines("theme_list"))
    nodes: dict[str, Node] = {}
    for group, labels in sorted(themes.items()):
        said += option(f"option_theme_{group}", str(group))
        nodes[f"theme_{group}"] = Speak(lines(*labels), "menu")
    nodes["themes"] = menu(tuple(said), [Route(str(group), f"theme_{group}") for group in sorted(themes)])
    return nodes
