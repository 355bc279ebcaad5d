"""SMS nobody asked for, but the clubs' calendar: reminders, figures to check, a month's summary; queued within hours and limits.

They leave only to numbers that agreed, in the hours of pushes, on a real channel only in approved words, and during a pilot only
to its villages.
"""

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import people
from clubs.models import Member, Post
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
    hours: str | None = None,
) -> Message | None:
    """Queue the reply content `label`, filled with `values`, to a number in `language` or its own; None where nothing may go.

    `hours` are those that the club behind the number chose.
    """
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
    if message is not None:
        message.expires_at, message.hours = expires_at or message.expires_at, hours
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
    return facilitator_phones(session, {club_id: phone_id}, now).get(club_id)


def facilitator_phones(session: Session, clubs: Mapping[int, int | None], now: datetime) -> dict[int, Contact]:
    """`facilitator_phone` of many clubs, given with their own phones; a club without such a number is left out."""
    posts = select(Post.club_id, Member.contact_id).join(Member, Member.id == Post.member_id).order_by(Post.since)
    posted = session.execute(posts.where(Post.club_id.in_(list(clubs)), people.in_office(now.date()))).all()
    wanted = [*posted, *clubs.items()]
    active = select(Contact).where(
        Contact.id.in_({phone for _, phone in wanted if phone is not None}), Contact.state == ContactState.ACTIVE
    )
    reached = {contact.id: contact for contact in session.scalars(active)}
    found: dict[int, Contact] = {}
    for club_id, phone in wanted:
        if club_id is not None and phone in reached:
            found.setdefault(club_id, reached[phone])
    return found
