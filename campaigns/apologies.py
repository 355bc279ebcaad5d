"""What a caller hears when the service fails: `system_down` in the language of the call, kept in memory from good answers.

At the moment it is needed there may be no database. Words read aloud are for the simulator alone; elsewhere a call without an
approved clip ends in silence, which any language understands as well as French.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy.orm import Session

from campaigns.voice import Voice
from dialogue.values import Line
from messaging.exchange import Exchange
from messaging.intake import Known
from messaging.models import Call
from messaging.steps import Hangup, Play, Say, Step
from translations.languages import SOURCE

LABEL = "system_down"
DRAFT = Say("Le service ne répond pas. Merci de rappeler plus tard.")
FRESH = timedelta(minutes=5)
MOST_CALLS = 5000


class Apologies:
    """One process's memory of clips by language, of the language of each call under way, and of channels by token."""

    def __init__(self) -> None:
        self._clips: dict[str, tuple[datetime, tuple[Play, ...]]] = {}
        self._spoken: OrderedDict[str, str] = OrderedDict()
        self._known: dict[str, Known] = {}
        self._lock = Lock()

    def learn(self, session: Session, exchange: Exchange, call: Call, now: datetime) -> None:
        """Remember a call's language, and the clip of it and of French, asked again every five minutes."""
        language = call.language or SOURCE
        for code in {language, SOURCE}:
            known = self._clips.get(code)
            if known is None or abs(now - known[0]) > FRESH:
                said = Voice(session, code, f"{exchange.settings.base_url}/hooks/sounds", False, now).say([Line(LABEL)])
                self._clips[code] = (now, tuple(step for step in said if isinstance(step, Play)))
        with self._lock:
            self._spoken[call.external_id or ""] = language
            self._spoken.move_to_end(call.external_id or "")
            while len(self._spoken) > MOST_CALLS:
                self._spoken.popitem(last=False)

    def meet(self, token: str, known: Known) -> None:
        """Remember the channel behind a token that was just found."""
        self._known[token] = known

    def known(self, token: str) -> Known | None:
        """The channel last found behind a token, for when nobody can look."""
        return self._known.get(token)

    def steps(self, known: Known, external_id: str) -> tuple[Step, ...]:
        """The apology in the call's own language, else in French, and the end of the call."""
        for code in (self._spoken.get(external_id, SOURCE), SOURCE):
            if clips := self._clips.get(code, (None, ()))[1]:
                return (*clips, Hangup())
        return (DRAFT, Hangup()) if known.gateway.capabilities.simulated else (Hangup(),)
