"""Builds a club's weekly hour: its members hold the phone in turn, and one testimony or question follows another."""

from dialogue import recording
from dialogue.flow import Flow
from dialogue.nodes import Node, Speak
from dialogue.parts import lines, with_keys

TURNS = "turns"


def turns_flow(*, name: str = TURNS, version: int = 1) -> Flow:
    """Recordings of two minutes until nobody speaks any more; each is kept, and agreed to for the radio, by itself.

    Consults and what happened are those of a question.
    """
    nodes: dict[str, Node] = {
        "opening": Speak(lines("jingle", "who"), recording.FIRST_OF_TESTIMONY),
        **recording.question_nodes(then="goodbye", again=f"{recording.TESTIMONY}_begin", what=recording.TESTIMONY),
    }
    return with_keys(name, version, "opening", nodes, ())
