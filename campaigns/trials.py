"""The texts of a campaign on a telephone of the staff's own, before it is sent.

They leave like every SMS, through the outbox: against the caps, with their exchange in the channel's log, and not while
all is stopped.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.counting import Preview
from clubs.models import Member
from messaging import channels, contacts
from messaging.exchange import Exchange
from messaging.models import Route
from messaging.queue import queue_reply

LIFE = timedelta(hours=1)


def is_of_somebody_reached(session: Session, number: str) -> bool:
    """Whether a member is behind this number: what is tried must never arrive there before it is sent."""
    contact = contacts.find(session, number)
    return contact is not None and session.scalar(select(Member.id).where(Member.contact_id == contact.id).limit(1)) is not None


def send(session: Session, exchange: Exchange, previews: Sequence[Preview], number: str, now: datetime) -> int:
    """Queue each text among these for `number` (E.164); how many. A limit on replies, or no channel, says silence."""
    contact = contacts.find_or_create(session, number, now)
    sent = 0
    for one in previews:
        channel = channels.choose(session, channels.SMS, one.language, number)
        if one.route is not Route.SMS or channel is None:
            continue
        message = queue_reply(session, exchange, contact, one.text, now, channel_id=channel.id, answers=None)
        if message is not None:
            message.expires_at = now + LIFE
            sent += 1
    return sent
