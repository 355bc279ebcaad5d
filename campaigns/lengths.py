"""How long a call of a sending lasts for somebody who listens to its end and presses no key: what its price is reckoned from.

The call itself is played, prompts and pauses and all, as its first listener will hear it.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.call_flows import pushed_flow
from campaigns.voice import Voice
from dialogue.engine import resume, start
from dialogue.flow import Flow
from dialogue.values import TimedOut
from messaging.channels import SIMULATOR
from messaging.models import Channel
from messaging.steps import Gather, length
from runtime.database import Json
from translations.models import Content

LONGEST = 360
"""Seconds after which a call that we make is ended."""
MOST_TURNS = 50


class Lengths:
    """The lengths of one sending's calls; `series` where its listeners may end a series by key."""

    def __init__(self, session: Session, content: Content, audience: Json, now: datetime, *, series: bool = False) -> None:
        self._session, self._content, self._audience, self._now, self._series = session, content, audience, now, series
        self._known: dict[tuple[str, bool], int] = {}

    def of(self, language: str, channel: Channel) -> int:
        """Whole seconds, as a provider counts them."""
        drafts = channel.gateway == SIMULATOR
        if (language, drafts) not in self._known:
            voice = Voice(self._session, language, "", drafts, self._now)
            flow = pushed_flow(self._session, voice, self._content, self._audience, self._series)
            self._known[language, drafts] = min(LONGEST, max(1, round(_unanswered(flow, voice))))
        return self._known[language, drafts]


def _unanswered(flow: Flow, voice: Voice) -> float:
    """Seconds until the flow gives up on somebody who says nothing."""
    turn, spent = start(flow), 0.0
    for _ in range(MOST_TURNS):
        steps = voice.steps(turn, "")
        spent += length(steps)
        last = steps[-1]
        if turn.state is None or not isinstance(last, Gather):
            break
        spent += last.first_s
        turn = resume(flow, turn.state, TimedOut())
    return spent
