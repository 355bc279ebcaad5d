"""What the keys of a call change, and what the host answers when a flow consults it.

Each effect is the one an SMS has: quiz answers, languages, stops, consents and reports reach the same functions.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from campaigns import enrolments, keypad_reports, quizzes, recorders, voiced
from campaigns.agreements import agree
from campaigns.keypad_reports import Answered
from campaigns.models import CampaignEvent, FlowSession, Occurrence, Question
from campaigns.talk import Talk
from clubs import inquiries, strangers
from dialogue.engine import after, reopen, told
from dialogue.flow import Flow
from dialogue.values import Happened, Turn, Value
from messaging import call_events, contacts
from messaging.models import Broadcast, Listener, Purpose
from runtime.database import Json

ENDS_DRAFT = frozenset({"report_restarted", "report_dropped"})
"""What makes a report's draft worth nothing, besides its being stored."""
_STORES = ("store", "no_session")
log = structlog.get_logger(__name__)


class Effects:
    """One turn's; `draft_ended` when a report that was begun is done with."""

    def __init__(self, talk: Talk, kept: FlowSession | None) -> None:
        self._talk = talk
        fresh = kept is not None and kept.draft_until is not None and kept.draft_until > talk.now
        self._draft = kept.draft if kept is not None and fresh else None
        self.draft_ended = False

    def settle(self, flow: Flow, turn: Turn) -> Turn:
        """The turn with everything applied and every question to the host answered."""
        applied = 0
        while True:
            for happened in turn.happened[applied:]:
                self._apply(happened)
            applied = len(turn.happened)
            if turn.consult is None:
                return turn
            turn = self._answer(flow, turn, turn.consult)

    def _answer(self, flow: Flow, turn: Turn, asked: Happened) -> Turn:
        if asked.kind == "resume":
            return self._resume(flow, turn)
        key, learned = self._consulted(asked.kind, asked.values)
        self.draft_ended = self.draft_ended or (asked.kind in _STORES and key != "refused")
        self._note(asked.kind, {"is": key})
        return told(flow, turn, key, learned)

    def _consulted(self, kind: str, values: Mapping[str, Value]) -> Answered:
        found = keypad_reports.answer(self._talk, kind, values, self._draft is not None)
        if found is not None:
            return found
        if (dictated := recorders.answer(self._talk, kind, values)) is not None:
            return dictated
        if kind == "recorded":
            return voiced.asked(self._talk, str(values["sound"]), str(values.get("what", "")))
        if kind == "join":
            code = str(values["club"] or "")
            return strangers.join(self._talk.session, self._talk.contact, code, self._talk.now), {}
        log.warning("call.odd", call=self._talk.call.id, what=kind)
        return "", {}

    def _resume(self, flow: Flow, turn: Turn) -> Turn:
        again = reopen(flow, self._draft) if self._draft is not None else None
        if again is None or again.ended:
            return told(flow, turn, "gone")
        return after(turn, again)

    def _apply(self, happened: Happened) -> None:
        """Before the turn is worded: a new language begins with it."""
        talk, values = self._talk, happened.values
        self._note(happened.kind, dict(values))
        match happened.kind:
            case "answer":
                self._quiz(values)
            case "language":
                talk.call.language = talk.contact.language = str(values["language"])
            case "listener":
                talk.call.listener = Listener(str(values["who"]))
            case "consent":
                self._consent(bool(values["yes"]))
            case "recording_deleted":
                voiced.take_back(talk, str(values["sound"]))
            case "air":
                voiced.on_air(talk, str(values["sound"]), bool(values["yes"]))
            case "off_air":
                inquiries.off_air(talk.session, talk.contact, talk.now)
            case "series":
                self._series(bool(values["yes"]))
            case "series_over":
                self._end_series()
            case "stop":
                contacts.stop(talk.session, talk.contact, talk.now, "key")
            case kind if kind in ENDS_DRAFT:
                self.draft_ended = True
            case _:
                log.warning("call.odd", call=talk.call.id, what=happened.kind)

    def _note(self, kind: str, details: Json) -> None:
        talk = self._talk
        call_events.write(talk.session, talk.call, kind, talk.call.turn, details, talk.now)

    def _quiz(self, values: Mapping[str, Value]) -> None:
        talk = self._talk
        broadcast = talk.session.get(Broadcast, talk.call.broadcast_id) if talk.call.broadcast_id is not None else None
        quizzes.answer(
            talk.session,
            talk.session.get_one(Question, int(str(values["quiz"])), options=(joinedload(Question.quiz),)),
            talk.contact,
            int(str(values["key"])),
            talk.now,
            call=talk.call,
            turn=talk.call.turn,
            phase=broadcast.phase if broadcast else None,
            broadcast_id=talk.call.broadcast_id,
            listener=talk.call.listener,
            language=talk.call.language,
        )

    def _consent(self, yes: bool) -> None:
        if not yes:
            return
        talk, voice = self._talk, self._talk.voice
        script = voice.variant_of("consent_ask")
        agree(talk.session, talk.contact, talk.now, via="voice", script=script, language=voice.language)

    def _end_series(self) -> None:
        talk = self._talk
        campaign = select(CampaignEvent.campaign_id).join(Occurrence, Occurrence.event_id == CampaignEvent.id)
        of_call = talk.session.scalar(campaign.where(Occurrence.broadcast_id == talk.call.broadcast_id))
        enrolments.end_all(talk.session, talk.contact, talk.now, of_call)

    def _series(self, yes: bool) -> None:
        """A consent of its own: that to messages and calls is not asked for here."""
        talk, voice = self._talk, self._talk.voice
        if not yes:
            enrolments.end_all(talk.session, talk.contact, talk.now)
            return
        version = f"voice-{voice.variant_of('series_ask') or 'shipped'}"
        contacts.consent(
            talk.session, talk.contact, Purpose.SERIES, talk.now, via="voice", script_version=version, language=voice.language
        )
        enrolments.agreed(talk.session, talk.contact, talk.now, ZoneInfo(talk.zone))
