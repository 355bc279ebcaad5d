"""SMS to those whom somebody else's text, or a decision of staff, concerns; queued in the transaction of what they tell of."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.replies import languages_of
from clubs.notices import Notice, taken_over, untold
from messaging import channels
from messaging.exchange import Exchange
from messaging.models import Contact, ContactState
from messaging.queue import queue_reply
from translations import library
from translations.models import Variant


def tell(
    session: Session,
    exchange: Exchange,
    found: Iterable[Notice],
    now: datetime,
    channel_id: int | None = None,
    sender_id: int | None = None,
) -> list[int]:
    """Queue these notices, by `channel_id` where a number's own channel is not known; the ids of the numbers told.

    A number that said STOP is left in peace, and one that was only announced until its own bip or OUI: but for `sender_id`, which
    wrote what this is about.
    """
    told = [notice for notice in found if _told(session, exchange, notice, now, channel_id, sender_id)]
    for notice in told:
        notice.told()
    return [notice.contact_id for notice in told]


def welcome(exchange: Exchange, now: datetime) -> int:
    """Tell new facilitators whose phone became active otherwise than by an SMS that the club is theirs; how many were told."""
    with exchange.database.reading() as session:
        if not untold(session, now):
            return 0
    with exchange.database.writing() as session:
        return len(tell(session, exchange, taken_over(session, now), now))


def _told(
    session: Session, exchange: Exchange, notice: Notice, now: datetime, channel_id: int | None, sender_id: int | None
) -> bool:
    contact = session.get_one(Contact, notice.contact_id)
    channel = channels.choose(session, channels.SMS, contact.language, contact.number or "")
    by = channel.id if channel is not None else channel_id
    listens = (ContactState.ACTIVE, ContactState.ANNOUNCED) if contact.id == sender_id else (ContactState.ACTIVE,)
    if contact.state not in listens or by is None:
        return False
    words = library.reply_text(session, notice.label, languages_of(session, contact), now=now, **notice.words)
    message = queue_reply(
        session,
        exchange,
        contact,
        words.text,
        now,
        channel_id=by,
        answers=None,
        variant=session.get(Variant, words.variant_id) if words.variant_id else None,
        cap=exchange.settings.facilitator_replies_per_day,
    )
    return message is not None
