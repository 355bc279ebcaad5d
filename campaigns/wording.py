"""What one member will read or hear: their language's approved variant, on the channel that serves them.

French drafts are chosen on training simulators only; everywhere else no approved variant means no message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.candidates import Candidate, LeftOut
from campaigns.personal import Personal
from messaging import channels
from messaging.models import Channel, Contact, Route
from messaging.numbers import is_simulated, operator_of
from translations import library
from translations.languages import SOURCE, chain
from translations.models import Content, Variant


@dataclass(frozen=True)
class Chosen:
    """A channel, the variant it carries and, for an SMS, the text as it leaves; `shown` is that text as a page may show it,
    `unnamed` says that it asks for a first name and goes without."""

    channel: Channel
    variant: Variant
    text: str
    shown: str
    unnamed: bool = False


fallbacks = library.fallbacks


class Wording:
    """Chooses for one content; what it has read once it does not read again, so one lives for one batch. `to_clubs` and `day`
    as in Personal."""

    def __init__(self, session: Session, content_id: int, now: datetime, *, to_clubs: bool, day: date) -> None:
        self._session = session
        self._now = now
        self._personal = Personal(session, to_clubs=to_clubs, day=day)
        self._content = session.get_one(Content, content_id)
        self._fallbacks = fallbacks(session)
        self._contacts: dict[int, Contact] = {}
        self._channels: dict[tuple[Route, str, str | None, bool], Channel | None] = {}
        self._variants: dict[tuple[Route, str, bool], Variant | None] = {}

    def read(self, batch: Sequence[Candidate]) -> None:
        """Read the numbers of a batch at once."""
        self._personal.expect(batch)
        ids = {one.contact_id for one in batch if one.contact_id is not None}
        for contact in self._session.scalars(select(Contact).where(Contact.id.in_(ids))):
            self._contacts[contact.id] = contact

    def contact(self, contact_id: int) -> Contact:
        """The number of that id."""
        if contact_id not in self._contacts:
            self._contacts[contact_id] = self._session.get_one(Contact, contact_id)
        return self._contacts[contact_id]

    def choose(self, one: Candidate, way: Route) -> Chosen | LeftOut:
        """What this member gets by `way` (not `own`), or why nothing."""
        channel = self.channel_of(one, way)
        if channel is None:
            return LeftOut.NO_CHANNEL
        variant = self._variant(way, one.language or SOURCE, drafts=channels.trains(channel))
        if variant is None:
            return LeftOut.NO_VARIANT
        text = "" if way is Route.VOICE else library.sms_of(variant)
        if not library.slots(text):
            return Chosen(channel, variant, text, text)
        contact = self.contact(one.contact_id or 0)
        said, shown = (self._personal.fill(text, one, contact, hide=hide) for hide in (False, True))
        return Chosen(channel, variant, said, shown, self._personal.leaves_out(text, one, contact))

    def channel_of(self, one: Candidate, way: Route) -> Channel | None:
        """The channel that serves a member's number by `way` (not `own`)."""
        assert one.contact_id is not None
        return self._channel(way, one.language or SOURCE, self.contact(one.contact_id))

    def _channel(self, way: Route, language: str, contact: Contact) -> Channel | None:
        number = contact.number or ""
        # Two numbers of one operator are served alike; asking for each would open every sealed channel again.
        key = (way, language, operator_of(number), is_simulated(number))
        if key not in self._channels:
            self._channels[key] = channels.choose(self._session, way.value, language, number)
        return self._channels[key]

    def _variant(self, way: Route, language: str, drafts: bool) -> Variant | None:
        key = (way, language, drafts)
        if key not in self._variants:
            languages = chain(language, self._fallbacks)
            self._variants[key] = library.choose(
                self._session, self._content, languages, way, now=self._now, allow_french_drafts=drafts
            )
        return self._variants[key]
