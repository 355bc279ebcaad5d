"""Plays a flow: `start` and `resume` give the next state and what to say. Pure, and it never raises.

A broken state or flow, or too many steps, ends the conversation politely and tells the host why, because on the other
side somebody is holding a phone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from dialogue.answers import Answer, Key, Miss, understand
from dialogue.errors import DialogueError
from dialogue.flow import Flow
from dialogue.nodes import ANY, BACK, Ask, Branch, Consult, End, Note, Put, Route, Speak
from dialogue.values import Happened, Input, Line, State, Turn, Value, Wait, WaitKind


@dataclass(frozen=True)
class Limits:
    """`steps`: nodes entered in one conversation. `replays`: times an Ask explains itself before it gives up."""

    steps: int = 200
    replays: int = 2


LIMITS = Limits()
Stored: TypeAlias = State | Mapping[str, object] | None


def start(flow: Flow, variables: Mapping[str, Value] | None = None, *, limits: Limits = LIMITS) -> Turn:
    """Begins a flow; `variables` are what the host already knows."""
    return _Walk(flow, limits, State(flow.name, flow.version, flow.first, dict(variables or {}))).go(flow.first)


def resume(flow: Flow, stored: Stored, given: Input, *, limits: Limits = LIMITS) -> Turn:
    """Takes one input. `stored` (a State, its document) that does not belong here ends with `Happened("lost")`."""
    found = _find(flow, stored)
    if found is None:
        return _lost(flow)
    state, ask = found
    walk = _Walk(flow, limits, state)
    match understand(ask.wait, given, {route.key for route in flow.keys}):
        case Key(key):
            return walk.key(ask, key)
        case Answer(value, seconds):
            return walk.answer(ask, value, seconds)
        case Miss() as miss:
            return walk.missed(ask, miss)


def reopen(flow: Flow, stored: Stored, *, limits: Limits = LIMITS) -> Turn:
    """Asks again where a call dropped or a draft was kept, with fresh limits."""
    found = _find(flow, stored)
    if found is None:
        return _lost(flow)
    state, _ = found
    return _Walk(flow, limits, replace(state, steps=0)).go(state.node)


def told(flow: Flow, turn: Turn, key: str, learned: Mapping[str, Value] | None = None, *, limits: Limits = LIMITS) -> Turn:
    """Goes on after `turn.consult`, which the host answers with `key`; `learned` are variables the flow did not know.

    A key without a route ends politely with `Happened("lost")`. What was said and what happened so far comes first.
    """
    node = flow.nodes.get(turn.state.node) if turn.state else None
    if turn.state is None or not isinstance(node, Consult):
        return _lost(flow)
    walk = _Walk(flow, limits, replace(turn.state, variables={**turn.state.variables, **(learned or {})}))
    return after(turn, walk.go(_target(node.routes, key) or ""))


def after(first: Turn, then: Turn) -> Turn:
    """Two turns said as one."""
    return replace(then, replies=first.replies + then.replies, happened=first.happened + then.happened)


def _find(flow: Flow, stored: Stored) -> tuple[State, Ask] | None:
    try:
        state = stored if stored is None or isinstance(stored, State) else State.from_document(stored)
    except DialogueError:
        return None
    if state is None or (state.flow, state.version) != (flow.name, flow.version):
        return None
    ask = flow.nodes.get(state.node)
    return (state, ask) if isinstance(ask, Ask) else None


def _lost(flow: Flow) -> Turn:
    return Turn(None, flow.give_up, happened=(Happened("lost"),), ended=True)


class _Walk:
    """One turn in the making: from the asking node to the next Ask or End."""

    def __init__(self, flow: Flow, limits: Limits, state: State) -> None:
        self._flow = flow
        self._limits = limits
        self._state = state
        self._variables = dict(state.variables)
        self._steps = state.steps
        self._back = list(state.back)
        self._replies: list[Line] = []
        self._happened: list[Happened] = []

    def key(self, ask: Ask, key: str) -> Turn:
        """The Ask's own route wins over the same key of the whole flow."""
        to = _target(ask.routes, key)
        if to is None and key in ask.wait.keys:
            to = _target(ask.routes, ANY)
        if to is not None:
            if ask.save:
                self._variables[ask.save] = key
            return self.go(to)
        to = _target(self._flow.keys, key)
        if to is None:
            return self.missed(ask, Miss.WRONG_KEY)
        self._leave_for(to)
        return self.go(to)

    def answer(self, ask: Ask, value: Value, seconds: float | None) -> Turn:
        if ask.save:
            self._variables[ask.save] = value
            if ask.wait.kind is WaitKind.SOUND:
                self._variables[f"{ask.save}_seconds"] = seconds
        return self.go(_target(ask.routes, ANY) or "")

    def missed(self, ask: Ask, miss: Miss) -> Turn:
        """Explains and asks again, or gives up: to the Ask's own node, or to the flow's polite end with a draft."""
        tries = self._state.tries + 1
        if tries <= self._limits.replays and not ask.once:
            self._replies += self._filled(ask.no_key if miss is Miss.NO_KEY else ask.wrong_key)
            return self.go(self._state.node, tries)
        if ask.give_up:
            return self.go(ask.give_up)
        self._happened.append(Happened("draft_kept", {"node": self._state.node}))
        return self._ended(self._flow.give_up, draft=self._at(self._state.node, 0))

    def go(self, name: str, tries: int = 0) -> Turn:
        """Enters `name` and every node after it, until one waits or ends."""
        while True:
            if name == BACK:
                name = self._back.pop() if self._back else ""
            if self._steps >= self._limits.steps:
                self._happened.append(Happened("step_limit", {"node": name}))
                return self._ended(self._flow.give_up)
            self._steps += 1
            match self._flow.nodes.get(name):
                case Ask() as ask:
                    self._replies += self._filled(ask.lines)
                    return self._turn(self._at(name, tries), wait=self._offered(ask.wait))
                case Speak(lines, name):
                    self._replies += self._filled(lines)
                case Put(variable, value, name):
                    self._variables[variable] = self._value(value)
                case Branch() as branch:
                    written = _written(self._variables.get(branch.variable))
                    name = _target(branch.cases, written) or branch.otherwise
                case Note(kind, name, values):
                    filled = {key: self._value(value) for key, value in values.items()}
                    self._happened.append(Happened(kind, filled))
                case Consult(kind, _, values):
                    filled = {key: self._value(value) for key, value in values.items()}
                    return self._turn(self._at(name, 0), wait=None, consult=Happened(kind, filled))
                case End(lines):
                    return self._ended(lines)
                case None:
                    self._happened.append(Happened("lost", {"node": name}))
                    return self._ended(self._flow.give_up)

    def _leave_for(self, to: str) -> None:
        """Remembers the Ask being left; once each, so that the memory cannot grow with every key."""
        node = self._state.node
        if to == node:
            return
        if node in self._back:
            del self._back[self._back.index(node) :]
        self._back.append(node)

    def _at(self, node: str, tries: int) -> State:
        return replace(self._state, node=node, variables=self._variables, tries=tries, steps=self._steps, back=tuple(self._back))

    def _offered(self, wait: Wait) -> Wait:
        """A choice also offers the flow's keys, so that a keypad lets them through."""
        if wait.kind is not WaitKind.CHOICE:
            return wait
        more = tuple(dict.fromkeys(route.key for route in self._flow.keys if route.key not in wait.keys))
        return replace(wait, keys=wait.keys + more)

    def _filled(self, lines: tuple[Line, ...]) -> list[Line]:
        return [Line(line.label, {key: _sayable(self._value(value)) for key, value in line.values.items()}) for line in lines]

    def _value(self, value: Value) -> Value:
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        return value[1:] if value.startswith("$$") else self._variables.get(value[1:])

    def _ended(self, lines: tuple[Line, ...], draft: State | None = None) -> Turn:
        self._replies += self._filled(lines)
        return self._turn(draft, wait=None)

    def _turn(self, state: State | None, wait: Wait | None, consult: Happened | None = None) -> Turn:
        ended = wait is None and consult is None
        return Turn(state, tuple(self._replies), wait, tuple(self._happened), ended, consult)


def _target(routes: tuple[Route, ...], key: str) -> str | None:
    return next((route.to for route in routes if route.key == key), None)


def _written(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sayable(value: Value) -> str | int:
    """Lines speak text and whole numbers: seconds are rounded; null and infinity are nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None or not math.isfinite(value) else round(value)
