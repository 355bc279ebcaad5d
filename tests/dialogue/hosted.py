"""A host for flows in tests: it answers each Consult with the next key of a list, the first of the node's routes by default."""

from collections.abc import Mapping, Sequence

from dialogue.engine import resume, start, told
from dialogue.flow import Flow
from dialogue.nodes import Consult
from dialogue.values import Input, Turn, Value

Answers = Mapping[str, tuple[str, Mapping[str, Value]]]


def consulted(flow: Flow, turn: Turn, answers: Answers) -> Turn:
    """The turn once the host has answered everything it was asked."""
    while turn.consult is not None:
        assert turn.state is not None
        node = flow.nodes[turn.state.node]
        assert isinstance(node, Consult)
        key, learned = answers.get(turn.consult.kind, (node.routes[0].key, {}))
        turn = told(flow, turn, key, learned)
    return turn


def play(flow: Flow, given: Sequence[Input], answers: Answers | None = None) -> Turn:
    """The last turn of a conversation."""
    turn = consulted(flow, start(flow), answers or {})
    for one in given:
        turn = consulted(flow, resume(flow, turn.state, one), answers or {})
    return turn


def labels(turn: Turn) -> list[str]:
    return [line.label for line in turn.replies]
