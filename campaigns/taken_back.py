"""What people took back since a backup was made, read from the journal and done again: STOPs, consents, series, erasures."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns import enrolments
from campaigns.models import Enrolment, EnrolmentState
from clubs import erasing, inquiries
from clubs.models import Member
from messaging import contacts
from messaging.models import Contact, OptOut, Purpose
from runtime.journal import Entry, No

VIA = "journal"


def again(session: Session, entries: Iterable[Entry], now: datetime) -> Counter[str]:
    """Do each in its order; how many by kind. Doing one twice does no more than once.

    A number that this database does not know yet is remembered by its blind index: it comes back stopped.
    """
    done: Counter[str] = Counter()
    for one in entries:
        index = bytes.fromhex(one.index)
        contact = session.scalar(select(Contact).where(Contact.number_index == index))
        if contact is None:
            done[one.what] += one.what in (No.STOP, No.ERASE) and _remember(session, index, now)
        elif one.what is No.WITHDRAW:
            done[one.what] += _withdraw(session, contact, one, now)
        elif one.what is No.LEAVE:
            done[one.what] += _leave(session, contact, one, now)
        elif one.what is No.ERASE:
            done[one.what] += erasing.erase(session, contact, now)
        else:
            done[one.what] += contacts.stop(session, contact, now, VIA)
    return done


def _withdraw(session: Session, contact: Contact, one: Entry, now: datetime) -> bool:
    purpose = Purpose(one.purpose or Purpose.PUSH)
    if purpose is Purpose.AIR:
        return inquiries.off_air(session, contact, now) > 0
    return contacts.withdraw(session, contact, purpose, now, member_id=one.member_id) > 0


def _leave(session: Session, contact: Contact, one: Entry, now: datetime) -> bool:
    row = session.get(Enrolment, one.place)
    member = session.get(Member, one.member_id)
    # Another journal's numbers may be those of somebody else.
    if row is None or member is None or (row.member_id, member.contact_id) != (member.id, contact.id):
        return False
    left = row.state is not EnrolmentState.ENDED
    enrolments.end(row, now)
    return left


def _remember(session: Session, index: bytes, now: datetime) -> bool:
    standing = select(OptOut.id).where(OptOut.number_index == index, OptOut.ended_at.is_(None), OptOut.purpose.is_(None))
    if session.scalar(standing.limit(1)) is not None:
        return False
    session.add(OptOut(number_index=index, via=VIA, at=now))
    session.flush()
    return True
