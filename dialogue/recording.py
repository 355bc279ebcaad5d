"""Builds the recording of a question: who may, how, the sound, what to do with it, whether it may be on air.

The host keeps the sound from the moment it ends (Consult `recorded`): who hangs up without a word more has asked all the same.
"""

from dialogue.nodes import ANY, Ask, Consult, Node, Note, Route, Speak
from dialogue.parts import lines
from dialogue.values import Line, choice, sound

FIRST = "ask_adult"
"""The node at which a question begins."""
LABELS = frozenset({"rec_how", "rec_menu", "rec_kept"})
"""Without a sound for each of these nothing can be recorded."""
SECONDS = 60


def question_nodes(
    *, then: str, checks_age: bool = True, asks_air: bool = True, again: str = "", seconds: int = SECONDS
) -> dict[str, Node]:
    """The nodes of a question, all named `ask_…`, leading to `then`; `ask_begin` is the first where `checks_age` is not.

    Whoever kept or deleted one goes on to `again`, where that is somewhere else.

    Consult `recorded` (sound): kept, with `inquiry` (its number) learned, or lost. Happened: `recording_deleted` (sound, and
    `again` when another follows), `air` (sound, yes).
    """
    on = again or then
    how = lines("rec_how", "rec_no_names")
    after = (Route("1", "ask_kept"), Route("2", "ask_redo"), Route("3", "ask_delete"))
    nodes: dict[str, Node] = {
        "ask_begin": Ask(how, sound(max_s=seconds), (Route(ANY, "ask_recorded"),), save="sound", give_up=then),
        "ask_recorded": Consult("recorded", (Route("kept", "ask_menu"), Route("lost", then)), {"sound": "$sound"}),
        "ask_menu": Ask(
            (Line("recording", {"id": "$sound"}), Line("rec_menu")), choice("1", "2", "3"), after, give_up="ask_kept"
        ),
        "ask_redo": Note("recording_deleted", "ask_begin", {"sound": "$sound", "again": True}),
        "ask_delete": Note("recording_deleted", "ask_deleted", {"sound": "$sound", "again": False}),
        "ask_deleted": Speak(lines("rec_deleted"), on),
        "ask_kept": Speak(lines("rec_kept"), "ask_air" if asks_air else "ask_receipt"),
        "ask_receipt": Speak((Line("receipt"), Line("digits", {"n": "$inquiry"})), on),
    }
    if asks_air:
        on_air = (Route("1", "ask_air_yes"), Route("2", "ask_air_no"))
        nodes |= {
            # Silence is no.
            "ask_air": Ask(lines("air_ask"), choice("1", "2"), on_air, give_up="ask_air_no", once=True),
            "ask_air_yes": Note("air", "ask_said_yes", {"sound": "$sound", "yes": True}),
            "ask_air_no": Note("air", "ask_said_no", {"sound": "$sound", "yes": False}),
            "ask_said_yes": Speak(lines("air_yes"), "ask_receipt"),
            "ask_said_no": Speak(lines("air_no"), "ask_receipt"),
        }
    if checks_age:
        nodes["ask_adult"] = Ask(
            lines("adult_check"), choice("1", "2"), (Route("1", "ask_begin"), Route("2", then)), give_up=then
        )
    return nodes
