"""What a provider says of a call: its states, seconds heard, and whether it now waits for its next steps.

Events come twice and late; each moves the call only where the table allows, so a repeated one changes nothing. The first voice
request proves that a call was answered, whatever was not reported before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import BindParameter, and_, bindparam, insert, select
from sqlalchemy.orm import Session, load_only

from messaging import bips, callers, contacts, steps
from messaging.call_ends import end_call, settle_price
from messaging.gateways.protocol import CallStep, Cause
from messaging.models import Attempt, Call, CallEvent, CallState, Channel, Contact, Direction, InboundKey
from messaging.numbers import normalise
from messaging.retry import SHORTEST_HEARD
from messaging.rows import insert_once
from messaging.states import allowed, move
from messaging.steps import Hangup, Reject, Step
from messaging.windows import Windows
from runtime.crypto import blind
from runtime.database import Json, late

log = structlog.get_logger(__name__)

# The conversation ends at 6 and 10 minutes, with a word; this is for one that does not.
LONGEST = {Direction.OUT: timedelta(minutes=6, seconds=30), Direction.IN: timedelta(minutes=10, seconds=30)}
_ENDS = {
    "busy": CallState.BUSY,
    "no_answer": CallState.NO_ANSWER,
    "machine": CallState.MACHINE,
    "failed": CallState.FAILED,
}

SPOKEN = ("answered", "turn")
"""Events whose answer a person hears."""
_OUR_OWN = (Cause.NO_CONNECTION, Cause.BUSY_GATEWAY, Cause.THROTTLED)
_OUR_OWN_CODES = ("500", "502", "503", "504")  # SIP's, of a trunk in trouble
SAID_AT = "at"  # beside the steps last given, the moment they were
_UNNAMED = (CallState.DIALLING, CallState.UNKNOWN)  # the answer that names a call at its provider may not have been read
_EVENT = insert(CallEvent).inline()  # nobody asks for its id
_ROWS = select(Call, Contact).join(Contact, Contact.id == Call.contact_id).execution_options(populate_existing=True)
# News of an earlier try must not move the one under way.
_TRY = and_(Attempt.call_id == Call.id, Attempt.number == Call.attempts)
_AMONG: BindParameter[list[str | int]] = bindparam("names", expanding=True)
_FOUND = {
    "reference": _ROWS.join(Attempt, _TRY).add_columns(Attempt.channel_id, Attempt.id).where(Attempt.id.in_(_AMONG)),
    "external": _ROWS.add_columns(Call.channel_id, Call.external_id).where(
        Call.channel_id == bindparam("channel"), Call.external_id.in_(_AMONG)
    ),
    "id": _ROWS.add_columns(Call.channel_id, Call.id).where(Call.id.in_(_AMONG)),
}
"""Calls by one of their names, with that name and its channel."""
_OF_A_STEP = (
    load_only(
        *(Call.direction, Call.channel_id, Call.contact_id, Call.broadcast_id, Call.kind, Call.state, Call.external_id),
        *(Call.language, Call.listener, Call.turn, Call.answered_at, Call.heard_at),
        *(Call.seconds, Call.seconds_heard, Call.core_end_s, Call.core_reached, Call.heard_computed),
    ),
    load_only(Contact.language, Contact.state),
)
"""What most steps of a conversation ask of a call and its contact; the rest is read where it is asked for."""
_LOCKED = {
    **{(key, False): rows.with_for_update(key_share=True, of=[Call]) for key, rows in _FOUND.items()},
    **{
        (key, True): rows.options(*_OF_A_STEP)
        .order_by(Contact.id, Call.id)  # in one order, so that two who want several rows do not wait for each other
        .with_for_update(key_share=True, of=[Contact, Call])
        for key, rows in _FOUND.items()
    },
}
"""Built once: a caller waits for each of a step's statements."""

_SAME = select(Call.id).where(Call.channel_id == bindparam("channel"), Call.external_id == bindparam("external"))

Found = tuple[Call, Contact] | None
"""The call that an event is about, and its contact."""


@dataclass(frozen=True)
class Heard:
    """What to do with one event: answer with `steps`, or ask the conversation for the next ones of `call`, whose `contact` is
    locked as well then."""

    call: Call | None
    steps: tuple[Step, ...] | None = None
    contact: Contact | None = None


def spoken(step: CallStep) -> bool:
    """Whether somebody listens to the answer; of an incoming call's ringing `take` may find that it was answered."""
    return step.event in SPOKEN or (step.inbound and step.event == "ringing")


def find(session: Session, steps: Sequence[tuple[Channel, CallStep]]) -> list[Found]:
    """The call and the contact of each event, all of them `spoken` or none, locked.

    For a step of its conversation the contact is locked, too, and first, as a STOP takes them.
    """
    listened = any(spoken(step) for _, step in steps)
    by: dict[tuple[int, str], Found] = {}

    def look(key: str, names: Iterable[str | int], **named: int) -> None:
        if wanted := sorted(names):
            for call, contact, channel_id, name in session.execute(_LOCKED[key, listened], {"names": wanted, **named}):
                by[channel_id, f"{key} {name}"] = call, contact

    def found(channel: Channel, step: CallStep) -> Found:
        by_reference = by.get((channel.id, f"reference {step.reference}"))
        return by_reference or by.get((channel.id, f"external {step.external_id}"))

    look("reference", {step.reference for _, step in steps if step.reference is not None})
    for channel_id in sorted({channel.id for channel, step in steps if found(channel, step) is None}):
        left = {step.external_id for channel, step in steps if channel.id == channel_id and found(channel, step) is None}
        look("external", left, channel=channel_id)
    for channel, step in steps:
        if found(channel, step) is None and (call_id := _adopted(session, channel, step)) is not None:
            look("id", [call_id])
            by[channel.id, f"external {step.external_id}"] = by.get((channel.id, f"id {call_id}"))
    return [found(channel, step) for channel, step in steps]


def take(session: Session, channel: Channel, step: CallStep, found: Found, now: datetime, windows: Windows) -> Heard:
    """Apply one event of a call that `find` found. `steps` () means nothing to say; None: the conversation must be asked."""
    if found is None:
        return _caller(session, channel, step, now, windows) if step.inbound else _unknown(channel, step)
    call, contact = found
    if call.state in _UNNAMED and call.external_id is None and _free(session, channel, step):
        call.external_id = step.external_id
    if call.direction is Direction.OUT and step.inbound:
        # Some providers call our own calls inbound, too. The call is ours, so what they call ringing is its answer.
        step = replace(step, inbound=False, event="answered" if step.event == "ringing" else step.event)
    elif call.direction is Direction.IN and call.state is CallState.ANSWERED and step.event == "ringing":
        step = replace(step, event="answered")  # the first request again: its answer was lost
    call.heard_at = now
    _measure(call, step, now)
    write(session, call, step.event, step.turn, _details(step), now)
    if step.event in SPOKEN:
        return _voice(session, call, contact, now)
    _advance(session, call, step, now, windows)
    session.flush()
    if call.direction is Direction.IN and step.event == "completed" and _only_a_bip(call):
        call.reason = bips.BIP
        session.flush()
        return Heard(bips.call_back(session, channel, session.get_one(Contact, call.contact_id), now, windows) or call, ())
    # A bip asked about again, because its first answer was lost, must be refused again: silence would let it ring.
    return Heard(call, (Reject(),) if step.inbound and step.event == "ringing" and call.reason == bips.BIP else ())


def answered_with(call: Call, given: tuple[Step, ...], now: datetime) -> None:
    """Remember what the conversation said and when: where its message's core ends."""
    if call.last_answer is not None:
        call.last_answer = {**call.last_answer, SAID_AT: now.isoformat()}
    end = steps.core_end(given)
    if end is not None:
        call.core_end_s = end


def write(session: Session, call: Call, kind: str, turn: int | None, details: Json, now: datetime) -> None:
    """Keep what happened in a call; it is written late, since nobody asks for it in the same step but to hide a PIN."""
    late(session, _EVENT, {"call_id": call.id, "at": now, "kind": kind[:24], "turn": turn, "details": details})


def _voice(session: Session, call: Call, contact: Contact, now: datetime) -> Heard:
    if allowed(call, CallState.ANSWERED):
        move(call, CallState.ANSWERED, now)
    if call.state is not CallState.ANSWERED:
        return Heard(call, (Hangup(),))
    begun = call.answered_at or now
    return Heard(call, (Hangup(),)) if now - begun > LONGEST[call.direction] else Heard(call, None, contact)


def _advance(session: Session, call: Call, step: CallStep, now: datetime, windows: Windows) -> None:
    if step.event == "ringing":
        if allowed(call, CallState.RINGING):
            move(call, CallState.RINGING, now)
        return
    if step.event == "completed":
        _complete(session, call, step, now, windows)
        return
    to = _end(call, step)
    if to is CallState.MACHINE and allowed(call, CallState.ANSWERED):
        move(call, CallState.ANSWERED, now)  # a machine has answered: its provider says both at once
    if allowed(call, to):
        call.error_code = step.code or None
        end_call(session, call, to, now, None if step.cause is None else step.cause.value, windows)
        settle_price(session, call, windows, step.paid)


def _end(call: Call, step: CallStep) -> CallState:
    """The state of a call that got through to nobody; a failure of the line itself is not the number's."""
    ours = step.event in ("failed", "no_answer") and (step.cause in _OUR_OWN or step.code in _OUR_OWN_CODES)
    return CallState.ERRORED if ours and allowed(call, CallState.ERRORED) else _ENDS[step.event]


def _complete(session: Session, call: Call, step: CallStep, now: datetime, windows: Windows) -> None:
    if call.state is CallState.MACHINE:
        settle_price(session, call, windows, step.paid)  # its seconds come after it
        return
    if call.state is not CallState.ANSWERED and allowed(call, CallState.ANSWERED):
        if not call.seconds:
            end_call(session, call, CallState.NO_ANSWER, now, None, windows)
            settle_price(session, call, windows, step.paid)
            return
        move(call, CallState.ANSWERED, now)
    if call.state is not CallState.ANSWERED:
        return
    said = steps.from_json(call.last_answer) if call.last_answer else ()
    ended = bool(said) and isinstance(said[-1], Hangup)
    end_call(session, call, CallState.COMPLETED if ended else CallState.DROPPED, now, None, windows)
    settle_price(session, call, windows, step.paid)


def _only_a_bip(call: Call) -> bool:
    """Answered, and gone before anybody could have listened: they wait to be called back."""
    return call.state is CallState.DROPPED and call.turn <= 1 and (call.seconds or 0) < SHORTEST_HEARD and call.reason is None


def _measure(call: Call, step: CallStep, now: datetime) -> None:
    if step.seconds is not None:
        call.seconds = step.seconds
    heard = step.heard if step.heard is not None else _of_message(call, step)
    if heard is None and step.untold and (heard := _by_the_clock(call, now)) is not None:
        call.heard_computed = True
    if heard is not None:
        call.seconds_heard = max(call.seconds_heard or 0.0, heard)
    if call.core_end_s is not None and call.seconds_heard is not None:
        call.core_reached = bool(call.core_reached) or call.seconds_heard >= call.core_end_s


def _by_the_clock(call: Call, now: datetime) -> float | None:
    """What may have been heard of the message last given: the time since, less the sounds before it, at most its length."""
    if call.core_end_s is None:  # no message was given so far
        return None
    if call.state is not CallState.ANSWERED or not call.last_answer or SAID_AT not in call.last_answer:
        return None
    left = (now - datetime.fromisoformat(call.last_answer[SAID_AT])).total_seconds()
    for clip in steps.sounds(steps.from_json(call.last_answer)):
        if clip.core_end_s is not None:
            return min(max(left, 0.0), clip.seconds)
        left -= clip.seconds
    return None


def _of_message(call: Call, step: CallStep) -> float | None:
    """What was heard of the message among the sounds last given, None where nobody knows or there was none."""
    given = steps.sounds(steps.from_json(call.last_answer)) if step.sounds and call.last_answer else []
    message = {clip.url.rpartition("/")[2] for clip in given if clip.core_end_s is not None}
    return max((seconds for name, seconds in step.sounds if name in message), default=None)


def _adopted(session: Session, channel: Channel, step: CallStep) -> int | None:
    """Our call to this number whose id at the provider we have not read, where events carry no reference of ours.

    Only one may be meant: a number has one live call, and an id that some attempt already holds is another one's news.
    """
    number = normalise(step.number)
    if step.reference is not None or step.inbound or number is None:
        return None
    if session.scalar(select(Attempt.id).filter_by(channel_id=channel.id, external_id=step.external_id).limit(1)) is not None:
        return None
    mine = (Call.channel_id == channel.id, Call.direction == Direction.OUT, Call.external_id.is_(None), Call.state.in_(_UNNAMED))
    rows = select(Call.id).join(Contact, Contact.id == Call.contact_id).where(*mine, Contact.number_index == blind(number))
    found = session.scalars(rows.limit(2)).all()
    return found[0] if len(found) == 1 else None


def _free(session: Session, channel: Channel, step: CallStep) -> bool:
    asked = {"channel": channel.id, "external": step.external_id}
    with session.no_autoflush:
        return session.connection().execute(_SAME, asked).first() is None


def _caller(session: Session, channel: Channel, step: CallStep, now: datetime, windows: Windows) -> Heard:
    call = callers.answer(session, channel, step, now)
    if call is None:
        return _bip(session, channel, step, now, windows)
    write(session, call, "ringing", None, {}, now)
    return _voice(session, call, session.get_one(Contact, call.contact_id), now)


def _bip(session: Session, channel: Channel, step: CallStep, now: datetime, windows: Windows) -> Heard:
    refused = (Reject(),) if step.event in ("ringing", "answered", "turn") else ()  # a call that is over hears nothing
    number = normalise(step.number)
    if number is None or not insert_once(
        session, InboundKey, channel_id=channel.id, key=f"call:{step.external_id}"[:96], seen_at=now
    ):
        return Heard(None, refused)
    contact = contacts.find_or_create(session, number, now)
    call = callers.incoming(channel, contact, step, CallState.NO_ANSWER, now)
    call.reason, call.ended_at = bips.BIP, now
    session.add(call)
    contact.last_heard_at = now
    session.flush()
    return Heard(bips.call_back(session, channel, contact, now, windows), refused)


def _unknown(channel: Channel, step: CallStep) -> Heard:
    log.warning("call.unknown", channel=channel.id, call_event=step.event)
    return Heard(None, (Hangup(),) if step.event in ("answered", "turn") else ())


def _details(step: CallStep) -> Json:
    said = {"digits": step.digits, "finished": step.finished_on, "seconds": step.seconds, "heard": step.heard, "code": step.code}
    return {name: value for name, value in said.items() if value not in (None, "")}
