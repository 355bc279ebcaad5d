"""SMS nobody asked for, but the clubs' calendar: reminders, figures to check, a month's summary; queued within hours and limits.

They leave only to numbers that agreed, in the hours of pushes, on a real channel only in approved words, and during a pilot only
to its villages.
"""

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from clubs import people
from messaging import channels
from messaging.exchange import Exchange
from messaging.models import Contact, ContactState, Kind, Message
from messaging.queue import queue_reply
from runtime.installation import pilot_villages
from translations import library
from translations.languages import SOURCE, chain
from translations.models import Variant

log = structlog.get_logger(__name__)


def queue(
    session: Session,
    exchange: Exchange,
    contact: Contact,
    label: str,
    values: Mapping[str, object],
    now: datetime,
    *,
    kind: Kind = Kind.REMINDER,
    expires_at: datetime | None = None,
    language: str | None = None,
) -> Message | None:
    """Queue the reply content `label`, filled with `values`, to a number in `language` or its own; None where nothing may go."""
    if contact.state is not ContactState.ACTIVE or contact.number is None or not _open_to(session, contact, now):
        return None
    spoken = language or people.heard_by(session, contact) or SOURCE
    channel = channels.choose(session, channels.SMS, spoken, contact.number)
    words = library.reply_text(session, label, chain(spoken, library.fallbacks(session)), now=now, **dict(values))
    if channel is None or (words.variant_id is None and channel.gateway != channels.SIMULATOR):
        log.warning("unasked.kept_back", contact=contact.id, label=label, channel=channel is not None)
        return None
    variant = session.get(Variant, words.variant_id) if words.variant_id is not None else None
    message = queue_reply(
        session, exchange, contact, words.text, now, channel_id=channel.id, answers=None, kind=kind, variant=variant
    )
    if message is not None and expires_at is not None:
        message.expires_at = expires_at
    return message


def _open_to(session: Session, contact: Contact, now: datetime) -> bool:
    """Whether the pilot, if there is one, reaches this number: a member's, a club's or a supervisor's of its villages."""
    pilot = pilot_villages(session)
    if pilot is None:
        return True
    supervising = {phone for village in pilot for phone in people.supervisor_phones(session, village, now.date())}
    return contact.id in supervising or contact.id in set(session.scalars(people.phones_of(pilot)))


def facilitator_phone(session: Session, club_id: int, phone_id: int | None, now: datetime) -> Contact | None:
    """The number that reports for a club: its facilitators' first that may be written to, else the club's own phone."""
    posted = [member.contact_id for member in people.facilitators(session, club_id, now.date())]
    for contact_id in (*posted, phone_id):
        contact = session.get(Contact, contact_id) if contact_id is not None else None
        if contact is not None and contact.state is ContactState.ACTIVE:
            return contact
    return None
