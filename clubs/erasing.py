"""Forgetting a number and the people behind it: their names and words go, their places in the counts stay."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from clubs.models import Club, Member
from clubs.records import Action, Inquiry, Report
from messaging import erasing
from messaging.models import Contact, Message


def erase(session: Session, contact: Contact, now: datetime) -> bool:
    """Erase a number, its texts, and the names of everybody reached by it; False when that was done before."""
    if not erasing.erase(session, contact, now):
        return False
    behind = Member.contact_id == contact.id
    session.execute(
        update(Member).where(behind).values(name=None, phone_owner=None, pin_hash=None, contact_id=None, life_stage=None)
    )
    session.execute(update(Club).where(Club.phone_id == contact.id).values(phone_id=None))
    session.execute(update(Inquiry).where(Inquiry.contact_id == contact.id).values(text=None, answer=None))
    session.execute(update(Report).where(Report.contact_id == contact.id).values(note=None))
    texts = select(Message.id).where(Message.contact_id == contact.id)
    session.execute(update(Action).where(Action.message_id.in_(texts)).values(note=None))
    session.flush()
    return True
