"""Whether calls can be heard: the message and the voice packs it needs, approved in each language of the audience.

A listener's language is never replaced by another for want of a sound: who is called in French without understanding it has not
been reached. A training simulator alone may play French drafts.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from messaging import channels
from messaging.models import Channel
from translations import packs
from translations.content_entries import Pack
from translations.languages import SOURCE
from translations.models import Content, ContentKind


@dataclass(frozen=True)
class Unheard:
    """What calls lack in one language: of a pack the `labels` without an approved sound (none: it is not in service yet), or,
    where `pack` is None, the message itself."""

    language: str
    pack: Pack | None = None
    labels: tuple[str, ...] = ()


def packs_for(content: Content) -> tuple[Pack, ...]:
    """The packs without which this content is no call: a question is asked in the words of pack B."""
    return (Pack.A, Pack.B) if content.kind is ContentKind.QUESTION else (Pack.A,)


class Sounding:
    """Collects what each listener would hear, then says what is missing."""

    def __init__(self, session: Session, content: Content, now: datetime) -> None:
        self._session = session
        self._content = content
        self._now = now
        self._needed: set[str] = set()
        self._lacking: set[str] = set()
        self._unheard: tuple[Unheard, ...] | None = None

    def hears(self, language: str | None, said_in: str | None, channel: Channel) -> None:
        """A listener of `language` would hear the message in `said_in` (None: not at all) over `channel`."""
        own = language or SOURCE
        trains = channels.trains(channel)
        if not trains:
            self._needed.add(own)
        if said_in is None or (said_in != own and not trains):
            self._lacking.add(own)

    def unheard(self) -> tuple[Unheard, ...]:
        """What is missing, by language; ask once everybody is collected."""
        if self._unheard is None:
            self._unheard = tuple(self._find())
        return self._unheard

    def _find(self) -> list[Unheard]:
        found = [Unheard(code) for code in sorted(self._lacking)]
        if not self._needed:
            return found
        standings = packs.standings(self._session, self._now, self._needed)
        wanted = ((code, pack) for code in sorted(self._needed) for pack in packs_for(self._content))
        return found + [Unheard(one.language, one.pack, one.missing) for key in wanted if not (one := standings[key]).live]
