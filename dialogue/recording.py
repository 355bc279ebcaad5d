"""Builds the recording of a question or a testimony: who may, how, the sound, what to do with it, whether it may be on air.

The host keeps the sound from the moment it ends (Consult `recorded`): who hangs up without a word more has asked all the same.
"""

from dialogue.nodes import ANY, Ask, Consult, Node, Note, Route, Speak
from dialogue.parts import lines
from dialogue.values import Line, choice, sound

QUESTION, TESTIMONY = "ask", "tell"
"""What is recorded: its nodes are named after it."""
FIRST = f"{QUESTION}_warned"
"""The node at which a question begins."""
FIRST_OF_TESTIMONY = f"{TESTIMONY}_adult"
AIR_AGAIN = "air_again"
"""The node that asks anew for what was agreed to before."""
LABELS = frozenset({"rec_how", "rec_menu", "rec_kept"})
"""Without a sound for each of these nothing can be recorded."""
SECONDS = {QUESTION: 60, TESTIMONY: 120}


def question_nodes(*, then: str, again: str = "", what: str = QUESTION) -> dict[str, Node]:
    """The nodes of a question (or, by `what`, a testimony), all named `ask_…` (`tell_…`), leading to `then`. Whoever kept or
    deleted one goes on to `again`, where that is somewhere else.

    Consult `recorded` (sound, what): kept, with `inquiry` (its number) learned, or lost. Happened: `recording_deleted` (sound,
    and `again` when another follows), `air` (sound, yes).
    """
    on = again or then
    may = (Route("1", f"{what}_begin"), Route("2", then))
    how = lines("rec_how", "rec_no_names")
    after = (Route("1", f"{what}_kept"), Route("2", f"{what}_redo"), Route("3", f"{what}_delete"))
    on_air = (Route("1", f"{what}_air_yes"), Route("2", f"{what}_air_no"))
    told = (Route("kept", f"{what}_menu"), Route("lost", then))
    length = sound(max_s=SECONDS[what])
    nodes: dict[str, Node] = {
        f"{what}_adult": Ask(lines("adult_check"), choice("1", "2"), may, give_up=then),
        f"{what}_begin": Ask(how, length, (Route(ANY, f"{what}_recorded"),), save="sound", give_up=then),
        f"{what}_recorded": Consult("recorded", told, {"sound": "$sound", "what": what}),
        f"{what}_menu": Ask(
            (Line("recording", {"id": "$sound"}), Line("rec_menu")), choice("1", "2", "3"), after, give_up=f"{what}_kept"
        ),
        f"{what}_redo": Note("recording_deleted", f"{what}_begin", {"sound": "$sound", "again": True}),
        f"{what}_delete": Note("recording_deleted", f"{what}_deleted", {"sound": "$sound", "again": False}),
        f"{what}_deleted": Speak(lines("rec_deleted"), on),
        f"{what}_kept": Speak(lines("rec_kept"), f"{what}_air"),
        # Silence is no.
        f"{what}_air": Ask(lines("air_ask"), choice("1", "2"), on_air, give_up=f"{what}_air_no", once=True),
        f"{what}_air_yes": Note("air", f"{what}_said_yes", {"sound": "$sound", "yes": True}),
        f"{what}_air_no": Note("air", f"{what}_said_no", {"sound": "$sound", "yes": False}),
        f"{what}_said_yes": Speak(lines("air_yes"), f"{what}_receipt"),
        f"{what}_said_no": Speak(lines("air_no"), f"{what}_receipt"),
        f"{what}_receipt": Speak((Line("receipt"), Line("digits", {"n": "$inquiry"})), on),
    }
    if what == QUESTION:  # who waits for an answer about a sick child must go where help is
        nodes[FIRST] = Speak(lines("not_urgent"), f"{what}_adult")
    return nodes


def air_nodes(*, then: str) -> dict[str, Node]:
    """May the radio still have this phone's voices? A no takes it back; silence changes nothing. Happened: `off_air`."""
    routes = (Route("1", then), Route("2", "air_back"))
    return {
        AIR_AGAIN: Ask(lines("air_ask"), choice("1", "2"), routes, give_up=then, once=True),
        "air_back": Note("off_air", "air_taken_back"),
        "air_taken_back": Speak(lines("air_no"), then),
    }
