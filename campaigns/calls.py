"""A call, turn by turn: which flow it plays, what the listener's keys change, and the steps to answer the provider with.

A step is keyed by call and turn: a provider that asks twice gets the stored answer and advances nothing.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns import quizzes
from campaigns.models import FlowSession, Question
from campaigns.voice import Voice, label_of
from clubs import people
from dialogue.engine import resume, start
from dialogue.flow import Flow
from dialogue.flows import LANGUAGES_AT_MOST, QuizScript, main_flow, outgoing_flow
from dialogue.nodes import Speak
from dialogue.values import Happened, Pressed, State, TimedOut, Turn
from messaging import channels, contacts
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep
from messaging.models import Broadcast, BroadcastState, Call, CallEvent, Channel, Contact
from messaging.steps import Step, from_json, to_json
from translations.languages import SOURCE
from translations.models import Content, ContentKind, Language

SESSION_LIFE = timedelta(hours=24)
log = structlog.get_logger(__name__)


def on_call(session: Session, exchange: Exchange, call: Call, step: CallStep, now: datetime) -> tuple[Step, ...]:
    """The next steps of an answered call; `step.turn` is the number our own address carried, None for the first request."""
    asked = step.turn or 0
    if asked != call.turn and call.last_answer is not None:
        return from_json(call.last_answer)
    contact = session.get_one(Contact, call.contact_id, with_for_update={"key_share": True})
    channel = session.get_one(Channel, call.channel_id)
    stored = _stored(session, call)
    if call.turn == 0 or stored is None:
        flow = _flow(session, exchange, call, contact, channel, now)
        turn = start(flow)
    else:
        flow = Flow.from_json(json.dumps(stored.flow))
        given = Pressed(step.digits or "", step.finished_on) if step.digits or step.finished_on else TimedOut()
        turn = resume(flow, json.dumps(stored.state) if stored.state is not None else None, given)
    for happened in turn.happened:
        _apply(session, call, contact, happened, now)
    steps = _voice(session, exchange, call, contact, channel, now).steps(turn, _next(exchange, channel, call.turn + 1))
    _store(session, call, flow, turn, now)
    call.turn += 1
    call.last_answer = to_json(steps, call.turn)
    return steps


def _next(exchange: Exchange, channel: Channel, turn: int) -> str:
    return f"{channels.webhook_urls(channel, exchange.settings.base_url)['call']}?turn={turn}"


def _voice(session: Session, exchange: Exchange, call: Call, contact: Contact, channel: Channel, now: datetime) -> Voice:
    language = call.language or people.heard_by(session, contact) or SOURCE
    drafts = channel.gateway == channels.SIMULATOR
    return Voice(session, language, f"{exchange.settings.base_url}/hooks/sounds", drafts, now)


def _flow(session: Session, exchange: Exchange, call: Call, contact: Contact, channel: Channel, now: datetime) -> Flow:
    voice = _voice(session, exchange, call, contact, channel, now)
    broadcast = session.get(Broadcast, call.broadcast_id) if call.broadcast_id is not None else None
    content = session.get_one(Content, broadcast.content_id) if broadcast else _latest(session, voice)
    question = _question(session, content, voice)
    script = _script(question, voice) if question else None
    if broadcast is None or content is None:
        latest = (label_of(content.id),) if content and content.kind is not ContentKind.QUESTION else ()
        return main_flow(latest=latest, quiz=script)
    languages = _languages(session, content, voice)
    flow = outgoing_flow(label_of(content.id), quiz=script, languages=languages)
    if content.kind is ContentKind.QUESTION and script is not None:
        # The question is the message: it is put at once, with every key of an outgoing call.
        flow = replace(flow, nodes={**flow.nodes, "core": Speak((), "quiz")})
    return flow


def _latest(session: Session, voice: Voice) -> Content | None:
    """What was last sent to anybody and can be said in this language."""
    sent = (
        select(Content)
        .join(Broadcast, Broadcast.content_id == Content.id)
        .where(
            Broadcast.state.in_((BroadcastState.RUNNING, BroadcastState.FINISHED)),
            Broadcast.not_before <= voice.now,
            Content.kind == ContentKind.MESSAGE,
        )
        .order_by(Broadcast.not_before.desc(), Broadcast.id.desc())
        .limit(20)
    )
    return next((content for content in session.scalars(sent) if voice.can_say(content.id)), None)


def _question(session: Session, content: Content | None, voice: Voice) -> Question | None:
    """The content's own question, or one on the same theme: the club question first."""
    if content is None:
        return None
    if content.kind is ContentKind.QUESTION:
        return quizzes.question_of(session, content.id)
    same = select(Question).where(Question.theme_code == content.theme_code)
    found = session.scalars(same.order_by(Question.club_question.desc(), Question.id))
    return next((one for one in found if one.options <= 3 and one.quiz.open and voice.can_say(one.content_id)), None)


def _script(question: Question, voice: Voice) -> QuizScript:
    keys = tuple(str(key) for key in range(1, question.options + 1))
    why = question.explanation_id
    told = (label_of(why),) if why is not None and voice.can_say(why) else ()
    return QuizScript(question.id, label_of(question.content_id), keys, str(question.right), told)


def _languages(session: Session, content: Content, voice: Voice) -> list[str]:
    """The languages this content can be heard in, in the order of the menu."""
    known = session.scalars(select(Language.code).where(Language.active).order_by(Language.menu_number))
    return [code for code in known if voice.can_say(content.id, code)][:LANGUAGES_AT_MOST]


def _apply(session: Session, call: Call, contact: Contact, happened: Happened, now: datetime) -> None:
    """Before the turn is worded: a new language begins with it."""
    values = happened.values
    session.add(CallEvent(call_id=call.id, at=now, kind=happened.kind[:24], turn=call.turn, details=dict(values)))
    match happened.kind:
        case "answer":
            broadcast = session.get(Broadcast, call.broadcast_id) if call.broadcast_id is not None else None
            quizzes.answer(
                session,
                session.get_one(Question, int(str(values["quiz"]))),
                contact,
                int(str(values["key"])),
                now,
                call=call,
                turn=call.turn,
                phase=broadcast.phase if broadcast else None,
                broadcast_id=call.broadcast_id,
                listener=call.listener,
                language=call.language or people.heard_by(session, contact),
            )
        case "language":
            call.language = contact.language = str(values["language"])
        case "stop":
            contacts.stop(session, contact, now, "key")
        case _:
            log.warning("call.odd", call=call.id, what=happened.kind)


def _stored(session: Session, call: Call) -> FlowSession | None:
    """The conversation of this very call; an earlier call's is not taken up."""
    mine = (FlowSession.contact_id == call.contact_id, FlowSession.channel_id == call.channel_id)
    return session.scalar(select(FlowSession).where(*mine, FlowSession.call_id == call.id))


def _store(session: Session, call: Call, flow: Flow, turn: Turn, now: datetime) -> None:
    mine = (FlowSession.contact_id == call.contact_id, FlowSession.channel_id == call.channel_id)
    row = session.scalar(select(FlowSession).where(*mine))
    if row is None:
        row = FlowSession(contact_id=call.contact_id, channel_id=call.channel_id, opened_at=now)
        session.add(row)
    if row.call_id != call.id:
        row.opened_at = now
    row.call_id, row.flow, row.state = call.id, json.loads(flow.to_json()), _plain(turn.state)
    row.expires_at, row.closed_at = now + SESSION_LIFE, now if turn.ended else None
    session.flush()


def _plain(state: State | None) -> dict[str, object] | None:
    return json.loads(state.to_json()) if state is not None else None
