"""A call, turn by turn: its flow goes on, what its keys change is applied, and the provider gets the steps to answer with.

A step is keyed by call and turn: a provider that asks twice gets the stored answer and advances nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.orm import Session

from campaigns.call_effects import Effects
from campaigns.call_flows import flow_of
from campaigns.keypad_reports import PIN_NODES
from campaigns.models import FlowSession
from campaigns.talk import Talk
from dialogue import dictation, facilitator, guided
from dialogue.engine import resume, start
from dialogue.errors import DialogueError
from dialogue.flow import Flow
from dialogue.nodes import Ask
from dialogue.stranger import STRANGER
from dialogue.values import Input, Line, Pressed, Recorded, TimedOut, Turn, WaitKind
from messaging import channels
from messaging.call_intake import Answer
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep
from messaging.models import Call, CallEvent, Channel, Contact, Direction
from messaging.recordings import SHORTEST_WORD, TOO_SHORT, announce
from messaging.rows import settle
from messaging.steps import Step, from_json, to_json
from runtime.database import write_late

SESSION_LIFE = timedelta(hours=24)
LONGEST = {Direction.OUT: timedelta(minutes=6), Direction.IN: timedelta(minutes=10)}
LONGEST_STRANGER = timedelta(seconds=60)
DRAFTED = facilitator.DRAFTED | guided.DRAFTED
HIDDEN = "····"
FLOWS = 64  # kept in memory; calls of one day have few different ones
_STORED = select(FlowSession, cast(FlowSession.flow, Text)).where(
    FlowSession.contact_id.in_(bindparam("contacts", expanding=True))
)

_Stored = tuple[FlowSession | None, str]
"""The conversation on a line, and its flow as it stands in the database."""


def on_calls(session: Session, exchange: Exchange, calls: Sequence[Call]) -> Answer:
    """Who answers the calls of a transaction, turn by turn; what is kept of `calls` is read at once."""
    stored = _stored(session, calls)

    def answer(call: Call, contact: Contact, channel: Channel, step: CallStep, now: datetime) -> tuple[Step, ...]:
        on_line = (call.contact_id, call.channel_id)
        if on_line not in stored:
            stored.update(_stored(session, [call]))
        return _answer(Talk(session, exchange, call, contact, channel, now), *stored[on_line], step)

    return answer


def _answer(talk: Talk, kept: FlowSession | None, stored: str, step: CallStep) -> tuple[Step, ...]:
    """The next steps of an answered call; `step.turn` is the number our own address carried, None for the first request."""
    call = talk.call
    if (step.turn or 0) != call.turn and call.last_answer is not None:
        _hide(talk.session, call, step)
        return from_json(call.last_answer)
    call.language = call.language or talk.voice.language  # asked of the phone once
    effects = Effects(talk, kept)
    flow, turn = _advance(talk, kept, stored, step)
    turn = effects.settle(flow, turn)
    steps = talk.voice.steps(turn, _next(talk, call.turn + 1))
    _store(talk, kept, flow if flow is not _flow(stored) else None, turn, effects.draft_ended)
    call.turn += 1
    call.last_answer = to_json(steps, call.turn)
    return steps


def _advance(talk: Talk, kept: FlowSession | None, stored: str, step: CallStep) -> tuple[Flow, Turn]:
    """This call's flow, one turn further; an earlier call's conversation is not taken up."""
    call = talk.call
    flow = _flow(stored) if call.turn > 0 and kept is not None and kept.call_id == call.id else None
    if flow is None or kept is None:
        flow = flow_of(talk)
        return flow, start(flow)
    if kept.state is not None and kept.state.get("node") in PIN_NODES | dictation.PIN_NODES:
        _hide(talk.session, call, step, secret=True)
    if _over(talk, flow):
        return flow, Turn(None, (Line("goodbye"),), ended=True)
    return flow, resume(flow, kept.state, _given(talk, flow, kept, step))


@lru_cache(maxsize=FLOWS)
def _flow(stored: str) -> Flow | None:
    """As it was when the call began; None where a new release can no longer read it. The same text is read once."""
    try:
        return Flow.from_json(stored)
    except DialogueError:
        return None


def _given(talk: Talk, flow: Flow, kept: FlowSession, step: CallStep) -> Input:
    if step.recording and _awaits_sound(flow, kept):
        brief = flow.name == dictation.DICTATION
        if step.recorded is not None and step.recorded < (SHORTEST_WORD if brief else TOO_SHORT):
            return Recorded("", step.recorded)
        row = announce(talk.session, talk.exchange.settings.var, talk.call, step.recording, talk.now, brief=brief)
        # Of one still to be fetched nobody knows the length; the job measures it.
        return Recorded(str(row.id), row.seconds if row.fetched_at else TOO_SHORT)
    return Pressed(step.digits or "", step.finished_on) if step.digits or step.finished_on else TimedOut()


def _awaits_sound(flow: Flow, kept: FlowSession) -> bool:
    node = flow.nodes.get(str((kept.state or {}).get("node")))
    return isinstance(node, Ask) and node.wait.kind is WaitKind.SOUND


def _over(talk: Talk, flow: Flow) -> bool:
    longest = LONGEST_STRANGER if flow.name == STRANGER else LONGEST[talk.call.direction]
    return talk.call.answered_at is not None and talk.now - talk.call.answered_at >= longest


def _hide(session: Session, call: Call, step: CallStep, secret: bool = False) -> None:
    """Keep a PIN out of the call's events, from a request that comes again, too."""
    if not step.digits:
        return
    write_late(session)
    same = (CallEvent.call_id == call.id, CallEvent.kind == step.event[:24], CallEvent.turn == step.turn)
    told = [row for row in session.scalars(select(CallEvent).where(*same)) if row.details.get("digits")]
    if secret or any(row.details["digits"] == HIDDEN for row in told):
        for row in told:
            row.details = {**row.details, "digits": HIDDEN}


def _next(talk: Talk, turn: int) -> str:
    return f"{channels.webhook_urls(talk.channel, talk.exchange.settings.base_url)['call']}?turn={turn}"


def _stored(session: Session, calls: Sequence[Call]) -> dict[tuple[int, int], _Stored]:
    """What is kept of these calls' lines, by contact and channel."""
    found: dict[tuple[int, int], _Stored] = {(call.contact_id, call.channel_id): (None, "") for call in calls}
    if found:
        contacts = sorted({call.contact_id for call in calls})
        with session.no_autoflush:  # what a step has changed so far concerns its call, and is written with the rest
            for row, flow in session.execute(_STORED, {"contacts": contacts}):
                if (row.contact_id, row.channel_id) in found:
                    found[row.contact_id, row.channel_id] = row, flow
    return found


def _store(talk: Talk, row: FlowSession | None, begun: Flow | None, turn: Turn, draft_ended: bool) -> None:
    """`begun` is the flow of a conversation that begins here."""
    call, now = talk.call, talk.now
    if row is None:
        row = FlowSession(contact_id=call.contact_id, channel_id=call.channel_id, opened_at=now)
        talk.session.add(row)
    if row.call_id != call.id:
        row.opened_at = now
    if begun is not None:
        row.call_id, row.flow = call.id, begun.document()
    row.state = turn.state.document() if turn.state is not None else None
    row.expires_at, row.closed_at = now + SESSION_LIFE, now if turn.ended else None
    if turn.state is not None and turn.state.node in DRAFTED:
        row.draft, row.draft_until = row.state, now + SESSION_LIFE
    elif draft_ended:
        row.draft = row.draft_until = None
    settle(talk.session, row)
