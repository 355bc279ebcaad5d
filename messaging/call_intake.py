"""From a verified voice webhook to our rows and to the next steps of its call.

Whoever holds a phone waits for the answer, so that requests which come at the same moment share one transaction; what several
of them ask of the database is asked at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from messaging import call_events, exchanges, intake, windows
from messaging.away import is_away, lost_a_race
from messaging.exchange import DIAL, Exchange
from messaging.gateways.protocol import CallStep, Cause, Unreadable, WebhookRequest
from messaging.inbox import cleaned
from messaging.intake import Known
from messaging.models import Call, Channel, Contact
from messaging.outcomes import ABOUT_NUMBERS, AboutContact
from messaging.rows import settle
from messaging.states import LIVE_CALLS
from messaging.steps import Step
from runtime.database import Json
from runtime.group_commit import GroupCommit

LONGEST_CALL = 24 * 3600  # seconds
LANES = 4

Answer = Callable[[Call, Contact, Channel, CallStep, datetime], tuple[Step, ...]]
"""The steps that follow one turn of one call, which this contact holds on this channel."""
Converse = Callable[[Session, Exchange, Sequence[Call]], Answer]
"""The conversation by voice within a transaction; the calls are those whose turn it is, so far as they are known already."""


@dataclass(frozen=True)
class Spoken:
    """What to answer a voice request: a body and its content type."""

    body: str
    content_type: str


@dataclass(frozen=True)
class _Asked:
    """One request, read; `logged` is what its own log lines bear, whichever thread carries it."""

    known: Known
    request: WebhookRequest
    step: CallStep
    now: datetime
    logged: Json


@dataclass(frozen=True)
class _Stored:
    """What one request was answered, None where nothing is to be said, and what it tells of a number."""

    given: tuple[Step, ...] | None
    turn: int
    told: tuple[AboutContact, ...]


class CallIntake:
    """The voice requests of one process."""

    def __init__(self, exchange: Exchange, converse: Converse) -> None:
        self.exchange = exchange
        self._converse = converse
        # SQLite has one writer; elsewhere who waits for another's row must not keep everybody waiting.
        lanes = 1 if exchange.database.sqlite else LANES
        self.together = GroupCommit(self._store, lambda error: is_away(error) and not lost_a_race(error), lanes=lanes)

    def take(self, known: Known, request: WebhookRequest, now: datetime) -> Spoken | None:
        """Apply a call's event; the steps to answer with, or None where the provider wants none. May raise `intake.Changed`."""
        try:
            step = _fitting(known.gateway.read_call(known.account, request))
        except Unreadable as error:
            intake.odd(self.exchange, known, "call", error, now)
            return None
        asked = _Asked(known, request, step, now, structlog.contextvars.get_contextvars())
        if call_events.spoken(step):
            stored = self.together(asked, (known.channel_id, step.external_id))
        else:
            stored = self._store([asked])[0]
        intake.tell(self.exchange, stored.told, now)
        return Spoken(*known.gateway.render(stored.given, stored.turn)) if stored.given else None

    def _store(self, asked: Sequence[_Asked]) -> list[_Stored]:
        try:
            return self._carry(asked)
        except Exception as error:
            if len(asked) > 1 or not lost_a_race(error):
                raise
            return self._carry(asked)  # whom it lost against has ended by now

    def _carry(self, asked: Sequence[_Asked]) -> list[_Stored]:
        with self.exchange.database.writing() as session:
            rows = intake.channels_of(session, [one.known for one in asked])
            found = call_events.find(session, [(rows[one.known.channel_id], one.step) for one in asked])
            heard = call_events.spoken(asked[0].step)
            answer = self._converse(session, self.exchange, [call for call, _ in filter(None, found) if heard])
            done: dict[int, _Stored] = {}
            # New callers first: their contacts are locked here, and before whatever a conversation locks, as by everybody.
            for place in sorted(range(len(asked)), key=lambda place: found[place] is not None):
                with structlog.contextvars.bound_contextvars(**asked[place].logged):
                    row = rows[asked[place].known.channel_id]
                    done[place] = self._one(session, asked[place], row, found[place], answer)
            return [done[place] for place in range(len(asked))]

    def _one(self, session: Session, asked: _Asked, channel: Channel, found: call_events.Found, answer: Answer) -> _Stored:
        step, now = asked.step, asked.now
        heard = call_events.take(session, channel, step, found, now, windows.of(self.exchange.settings))
        call, given, turn = heard.call, heard.steps, 0
        # A bip may be called back; a call that ended frees a line for the next one.
        if call is not None and (step.inbound or call.state not in LIVE_CALLS):
            self.exchange.work.nudge(session, DIAL, call.channel_id)
        if call is not None and heard.contact is not None and given is None:
            given = answer(call, heard.contact, channel, step, now)
            call_events.answered_with(call, given, now)
            turn = call.turn
        about = None if call is None else call.id
        exchanges.write(session, exchanges.log_of(channel.id, "call", asked.request, step, now, call_id=about))
        if call is None:
            return _Stored(given, turn, ())
        settle(session, call)
        told = (AboutContact(call.contact_id, Cause(step.cause)),) if step.cause in ABOUT_NUMBERS else ()
        return _Stored(given, turn, told)


def _fitting(step: CallStep) -> CallStep:
    return replace(
        step,
        external_id=intake.short(step.external_id, intake.LONGEST_KEY) or "?",
        number=cleaned(step.number),
        reference=intake.short(step.reference, intake.LONGEST_KEY),
        digits=None if step.digits is None else cleaned(step.digits),
        finished_on=cleaned(step.finished_on),
        code=intake.short(step.code, intake.LONGEST_CODE) or "",
        seconds=step.seconds if step.seconds is None or 0 <= step.seconds <= LONGEST_CALL else None,
        turn=step.turn if step.turn is None or 0 <= step.turn <= LONGEST_CALL else None,
    )
