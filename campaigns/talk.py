"""One call at one turn: what everything that answers it works on."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from campaigns.voice import Voice
from clubs import people
from clubs.models import Club
from messaging import channels
from messaging.exchange import Exchange
from messaging.models import Call, Channel, Contact
from translations.languages import SOURCE


@dataclass(frozen=True)
class Talk:
    """A call, who holds it and on which line, within the caller's transaction."""

    session: Session
    exchange: Exchange
    call: Call
    contact: Contact
    channel: Channel
    now: datetime
    _voices: dict[str, Voice] = field(default_factory=dict, repr=False)
    """By language: what one turn has read it does not read again."""

    @property
    def voice(self) -> Voice:
        """How to say things in the language this call speaks now."""
        language = self.call.language or people.heard_by(self.session, self.contact) or SOURCE
        drafts = self.channel.gateway == channels.SIMULATOR
        if language not in self._voices:
            sounds = f"{self.exchange.settings.base_url}/hooks/sounds"
            self._voices[language] = Voice(self.session, language, sounds, drafts, self.now)
        return self._voices[language]

    @cached_property
    def behind(self) -> people.Behind:
        """Who stands behind this phone today: who answers a call asks about it more than once."""
        return people.behind(self.session, self.contact, self.today)

    @property
    def clubs(self) -> tuple[Club, ...]:
        """The clubs this phone may report for."""
        return self.behind.clubs

    @property
    def zone(self) -> str:
        return self.exchange.settings.timezone

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()
