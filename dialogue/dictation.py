"""Builds the call in which staff record prompts: a PIN, the number of a prompt on the printed sheet, the words, keep or again.

It must go on without any recorded prompt, since it is how the first ones are made: a line without a sound is silence, and the
sheet says what to do.
"""

from dialogue.flow import Flow
from dialogue.nodes import ANY, Ask, Consult, End, Node, Note, Put, Route, Speak
from dialogue.parts import lines, with_keys
from dialogue.values import Line, choice, sound, text

DICTATION = "dictation"
PIN_NODES = frozenset({"dictate_pin", "dictate_pin_again"})
SECONDS = 30


def dictation_flow(*, name: str = DICTATION, version: int = 1) -> Flow:
    """Consults: `recorder` (pin): right, with `staff` learned, wrong, locked. `prompt` (number): known, with `content` and
    `tongue` learned, or bad. `taken` (sound): here or lost. `dictated` (sound, content, tongue, staff): kept or lost.

    Happened: `recording_deleted` (sound), `stop`.
    """
    nodes = _who() | _which() | _words() | {"opening": Speak(lines("jingle"), "dictate_pin")}
    return with_keys(name, version, "opening", nodes, ())


def _who() -> dict[str, Node]:
    def pin(label: str) -> Ask:
        return Ask(lines(label), text(digits=4), (Route(ANY, "dictate_pin_check"),), save="pin", give_up="goodbye")

    routes = (Route("right", "dictate_in"), Route("wrong", "dictate_out"), Route("locked", "dictate_locked"))
    return {
        "dictate_pin": pin("pin_ask"),
        "dictate_pin_again": pin("pin_bad"),
        "dictate_pin_check": Consult("recorder", routes, {"pin": "$pin"}),
        # Forgotten before the turn ends, so that it is stored nowhere.
        "dictate_in": Put("pin", None, "dictate_number"),
        "dictate_out": Put("pin", None, "dictate_pin_again"),
        "dictate_locked": Put("pin", None, "dictate_refused"),
        "dictate_refused": End(lines("pin_bad", "goodbye")),
    }


def _which() -> dict[str, Node]:
    def number(label: str) -> Ask:
        return Ask(lines(label), text(), (Route(ANY, "dictate_find"),), save="number", give_up="goodbye")

    routes = (Route("known", "dictate_begin"), Route("bad", "dictate_number_again"))
    return {
        "dictate_number": number("dictate_ask"),
        "dictate_number_again": number("dictate_bad"),
        "dictate_find": Consult("prompt", routes, {"number": "$number"}),
    }


def _words() -> dict[str, Node]:
    wait = sound(max_s=SECONDS, min_s=0)  # « un », « deux » are words of half a second
    given = {"sound": "$sound", "content": "$content", "tongue": "$tongue", "staff": "$staff"}
    after = (Route("1", "dictate_keep"), Route("2", "dictate_redo"), Route("3", "dictate_delete"))
    said = (Line("recording", {"id": "$sound"}), Line("rec_menu"))
    return {
        "dictate_begin": Ask(lines("rec_how"), wait, (Route(ANY, "dictate_taken"),), save="sound", give_up="dictate_number"),
        "dictate_taken": Consult("taken", (Route("here", "dictate_menu"), Route("lost", "dictate_begin")), {"sound": "$sound"}),
        # Nothing is kept in silence: a sound that nobody judged would cost its listeners more than it saves.
        "dictate_menu": Ask(said, choice("1", "2", "3"), after, give_up="dictate_delete"),
        "dictate_keep": Consult("dictated", (Route("kept", "dictate_kept"), Route("lost", "dictate_begin")), given),
        "dictate_kept": Speak(lines("rec_kept"), "dictate_number"),
        "dictate_redo": Note("recording_deleted", "dictate_begin", {"sound": "$sound", "again": True}),
        "dictate_delete": Note("recording_deleted", "dictate_deleted", {"sound": "$sound", "again": False}),
        "dictate_deleted": Speak(lines("rec_deleted"), "dictate_number"),
    }
