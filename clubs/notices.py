"""SMS that the clubs' own calendar asks for: reminders, figures to check, a month's summary; queued within hours and limits.

Nobody asked for them, so they leave only to numbers that agreed, in the hours of pushes, and on a real channel only in approved
words.
"""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import people
from clubs.models import Member, Post, Role
from messaging import channels
from messaging.exchange import Exchange
from messaging.models import Contact, ContactState, Kind, Message
from messaging.queue import queue_reply
from translations import library
from translations.languages import SOURCE, chain
from translations.models import Variant

log = structlog.get_logger(__name__)


def queue(
    session: Session,
    exchange: Exchange,
    contact: Contact,
    label: str,
    now: datetime,
    *,
    kind: Kind = Kind.REMINDER,
    expires_at: datetime | None = None,
    language: str | None = None,
    **values: object,
) -> Message | None:
    """Queue the reply content `label` to a number, in `language` or its own; None where nothing may be sent to it."""
    if contact.state is not ContactState.ACTIVE or contact.number is None:
        return None
    spoken = language or people.heard_by(session, contact) or SOURCE
    channel = channels.choose(session, channels.SMS, spoken, contact.number)
    words = library.reply_text(session, label, chain(spoken, library.fallbacks(session)), now=now, **values)
    if channel is None or (words.variant_id is None and channel.gateway != channels.SIMULATOR):
        log.warning("notice.kept_back", contact=contact.id, label=label, channel=channel is not None)
        return None
    variant = session.get(Variant, words.variant_id) if words.variant_id is not None else None
    message = queue_reply(
        session, exchange, contact, words.text, now, channel_id=channel.id, answers=None, kind=kind, variant=variant
    )
    if message is not None and expires_at is not None:
        message.expires_at = expires_at
    return message


def facilitator_phone(session: Session, club_id: int, phone_id: int | None, today: datetime) -> Contact | None:
    """The number that reports for a club: its facilitators' first that may be written to, else the club's own phone."""
    posted = [member.contact_id for member in people.facilitators(session, club_id, today.date())]
    for contact_id in (*posted, phone_id):
        contact = session.get(Contact, contact_id) if contact_id is not None else None
        if contact is not None and contact.state is ContactState.ACTIVE:
            return contact
    return None


def supervisors(session: Session, village_id: int, now: datetime) -> list[Member]:
    """Who supervises a village today, the longest in post first."""
    today = now.date()
    held = (Post.since <= today, (Post.until.is_(None)) | (Post.until >= today))
    posted = select(Member).join(Post, Post.member_id == Member.id).where(Post.village_id == village_id, *held)
    here = posted.where(Member.role == Role.SUPERVISOR, Member.left_at.is_(None))
    return list(session.scalars(here.order_by(Post.since, Member.id)))
