"""Forgetting a number: its STOP stands by blind index, everything that was said or written under it goes.

The row stays, without number, so that counts of what was sent stay true; its index becomes a random one, so that the same number,
coming back, is a new contact, and a stopped one.
"""

import secrets
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from messaging import contacts
from messaging.models import (
    Call,
    CallHour,
    Consent,
    Contact,
    ContactState,
    Message,
    OpenPrompt,
    OptOut,
    Recording,
    StatusUpdate,
)
from runtime import journal

INDEX_BYTES = 32


def erase(session: Session, contact: Contact, now: datetime) -> bool:
    """Forget the number and every text of it; False when that was done before. Names are `clubs.erasing`'s."""
    contacts.stop(session, contact, now, "erasure")
    if contact.state is ContactState.ERASED:
        return False
    _keep_the_stop(session, contact, now)
    mine = contact.id
    session.execute(update(Message).where(Message.contact_id == mine).values(text=None, parse=None))
    session.execute(update(Consent).where(Consent.contact_id == mine).values(witness=None, register_page=None))
    session.execute(update(OpenPrompt).where(OpenPrompt.contact_id == mine).values(details={}))
    session.execute(delete(CallHour).where(CallHour.contact_id == mine))
    calls = select(Call.id).where(Call.contact_id == mine)
    session.execute(update(Recording).where(Recording.call_id.in_(calls)).values(delete_after=now, transcript=None))
    session.execute(update(StatusUpdate).where(StatusUpdate.number_index == contact.number_index).values(number_index=None))
    journal.note(session, journal.No.ERASE, contact.number_index)
    contact.number, contact.number_index = None, secrets.token_bytes(INDEX_BYTES)
    contact.operator = contact.language = None
    contact.doubt_at = contact.doubt = None
    contact.state = ContactState.ERASED
    session.flush()
    return True


def _keep_the_stop(session: Session, contact: Contact, now: datetime) -> None:
    standing = exists().where(
        OptOut.number_index == contact.number_index,
        OptOut.ended_at.is_(None),
        OptOut.member_id.is_(None),
        OptOut.purpose.is_(None),
    )
    if not session.scalar(select(standing)):
        session.add(OptOut(number_index=contact.number_index, contact_id=contact.id, via="erasure", at=now))
