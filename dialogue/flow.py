"""A flow is data: named nodes, readable and writable as JSON, checked before it is published.

The keys of the whole flow (repeat, language, stop) work at every Ask; where a number or a text is awaited only `*`
does, as a digit is an answer there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from dialogue.checks import Problem, problems
from dialogue.nodes import Ask, Branch, Consult, End, Node, Note, Put, Route, Speak, lines_of
from dialogue.reading import Fields, parse
from dialogue.values import Line, Wait, WaitKind


@dataclass(frozen=True)
class Flow:
    """`first` is the node to begin at; `keys` lead from any Ask to a node or `@back`; `give_up` is the polite end."""

    name: str
    version: int
    first: str
    nodes: Mapping[str, Node]
    keys: tuple[Route, ...] = ()
    give_up: tuple[Line, ...] = (Line("give_up"),)

    def check(self) -> list[Problem]:
        """Everything that forbids publishing; empty for a sound flow."""
        return problems(self.first, self.nodes, self.keys)

    def labels(self) -> frozenset[str]:
        """Every label the flow may say: what must have an approved text or clip before it is published."""
        said = [line for node in self.nodes.values() for line in lines_of(node)]
        return frozenset(line.label for line in (*said, *self.give_up))

    def document(self) -> dict[str, object]:
        """As plain values, to be stored as JSON."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_json(cls, stored: str) -> "Flow":
        """Raises `DialogueError` naming the first mistake. A readable flow may still fail `check`."""
        fields = parse(stored, "flow")
        flow = cls(
            name=fields.text("name"),
            version=fields.whole("version"),
            first=fields.text("first"),
            nodes={name: _node(found) for name, found in fields.named("nodes")},
            keys=_routes(fields, "keys"),
            give_up=_lines(fields, "give_up"),
        )
        fields.done()
        return flow


_WORD: Mapping[type, str] = {
    Speak: "speak",
    Ask: "ask",
    Branch: "branch",
    Put: "put",
    Note: "note",
    Consult: "consult",
    End: "end",
}


_NAMES = {kind: tuple(each.name for each in fields(kind)) for kind in (*_WORD, Line, Route, Wait)}


def _plain(value: object) -> object:
    """`asdict` would copy every word of it, too: a call waits for its flow to be stored."""
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    names = _NAMES.get(type(value))
    if names is None:
        return value
    named: dict[str, object] = {name: _plain(getattr(value, name)) for name in names}
    word = _WORD.get(type(value))
    return named if word is None else {**named, "do": word}


def _node(fields: Fields) -> Node:
    node: Node
    match fields.text("do"):
        case "speak":
            node = Speak(_lines(fields, "lines"), fields.text("next"))
        case "ask":
            node = _ask(fields)
        case "branch":
            node = Branch(fields.text("variable"), _routes(fields, "cases"), fields.text("otherwise"))
        case "put":
            node = Put(fields.text("variable"), fields.value("value"), fields.text("next"))
        case "note":
            node = Note(fields.text("kind"), fields.text("next"), fields.values("values"))
        case "consult":
            node = Consult(fields.text("kind"), _routes(fields, "routes"), fields.values("values"))
        case "end":
            node = End(_lines(fields, "lines"))
        case _:
            fields.refuse("do", "unknown kind of node")
    fields.done()
    return node


def _ask(fields: Fields) -> Ask:
    return Ask(
        lines=_lines(fields, "lines"),
        wait=_wait(fields.inside("wait")),
        routes=_routes(fields, "routes"),
        save=fields.text("save"),
        no_key=_lines(fields, "no_key"),
        wrong_key=_lines(fields, "wrong_key"),
        give_up=fields.text("give_up"),
        once=fields.flag("once"),
    )


def _wait(fields: Fields) -> Wait:
    kind = fields.text("kind")
    if kind not in list(WaitKind):
        fields.refuse("kind", "unknown kind of wait")
    wait = Wait(
        kind=WaitKind(kind),
        keys=fields.texts("keys"),
        words=fields.words("words"),
        low=fields.whole("low"),
        high=fields.whole("high"),
        unknown=fields.flag("unknown"),
        min_s=fields.count("min_s"),
        max_s=fields.count("max_s"),
        silence_s=fields.count("silence_s"),
        digits=fields.count("digits"),
        first_s=fields.count("first_s"),
        between_s=fields.count("between_s"),
    )
    fields.done()
    return wait


def _lines(fields: Fields, name: str) -> tuple[Line, ...]:
    read: list[Line] = []
    for found in fields.each(name):
        read.append(Line(found.text("label"), found.said_values("values")))
        found.done()
    return tuple(read)


def _routes(fields: Fields, name: str) -> tuple[Route, ...]:
    read: list[Route] = []
    for found in fields.each(name):
        read.append(Route(found.text("key"), found.text("to")))
        found.done()
    return tuple(read)
