"""A number that belongs to nobody yet: the club it named is written down for staff, who alone make members of it."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from clubs.inquiries import numbered
from clubs.models import AgeBand, Club, Member, Role, Sex
from clubs.people import club_by_code
from clubs.records import Inquiry
from messaging.models import Contact

SAID = "Un nouveau numéro a donné son accord et le code de ce club. Inscrivez la personne, ou rappelez-la."


def join(session: Session, contact: Contact, code: str, now: datetime) -> str:
    """What the code was worth: "good", "bad", or "none" where nothing was typed."""
    if not code:
        return "none"
    club = club_by_code(session, code)
    if club is None or not club.active:
        return "bad"
    numbered(session, Inquiry(contact_id=contact.id, club_id=club.id, text=SAID, received_at=now), now)
    return "good"


def enrol(session: Session, contact: Contact, club: Club, name: str, sex: Sex, age_band: AgeBand | None, now: datetime) -> Member:
    """A new member of a club behind a number, as staff write them down; a number with somebody behind it is then shared."""
    behind = exists().where(Member.contact_id == contact.id, Member.left_at.is_(None))
    contact.shared = contact.shared or bool(session.scalar(select(behind)))
    member = Member(club_id=club.id, contact_id=contact.id, name=name or None, role=Role.MEMBER, sex=sex, age_band=age_band)
    member.joined_at = now
    session.add(member)
    session.flush()
    return member
