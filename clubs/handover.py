"""Numbers that a facilitator announces (INS) and clubs that pass from one facilitator to the next (NF, accepted by VAL).

Nobody says by SMS whether the new person is a woman or a man, so a member made here has no sex until staff write it down.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.errors import ReportError
from clubs.models import Club, Member, Post, Role
from clubs.people import in_office
from clubs.records import Report
from messaging import contacts
from messaging.models import Contact, ContactState


def announce(session: Session, club: Club | None, phone: str, now: datetime) -> Contact:
    """Write the number down; nothing leaves for it until its own bip or OUI. A number we know stays as it is."""
    contact = contacts.find_or_create(session, phone, now, state=ContactState.ANNOUNCED)
    if club is not None:
        _member(session, club, contact, now)
    return contact


def take_over(session: Session, request: Report, now: datetime) -> None:
    """Give the club of an accepted NF to the member behind the new number, from today; its sender reports for it no longer."""
    club = session.get(Club, request.club_id) if request.club_id is not None else None
    if club is None or not request.note:
        raise ReportError("handover", request.number)
    today = now.date()
    for post in session.scalars(select(Post).where(Post.club_id == club.id, in_office(today))):
        member = session.get_one(Member, post.member_id)
        if member.contact_id == request.contact_id:
            post.until = today - timedelta(days=1)
            session.flush()
            _step_down(session, member, today)
    contact = contacts.find_or_create(session, request.note, now, state=ContactState.ANNOUNCED)
    successor = _member(session, club, contact, now)
    if successor.role is not Role.SUPERVISOR:
        successor.role = Role.FACILITATOR
    _put_in_office(session, successor, club, today)


def _step_down(session: Session, member: Member, today: date) -> None:
    others = select(Post.id).where(Post.member_id == member.id, Post.club_id.is_not(None), in_office(today))
    if member.role is Role.FACILITATOR and session.scalar(others.limit(1)) is None:
        member.role = Role.MEMBER


def _member(session: Session, club: Club, contact: Contact, now: datetime) -> Member:
    """The person behind the number in this club, a facilitator of another one, or a new member."""
    behind = select(Member).where(Member.contact_id == contact.id, Member.left_at.is_(None)).order_by(Member.id)
    people = list(session.scalars(behind))
    found = next((one for one in people if one.club_id == club.id), None)
    found = found or next((one for one in people if one.role is not Role.MEMBER), None)
    if found is None:
        found = Member(club_id=club.id, contact_id=contact.id, role=Role.MEMBER, joined_at=now)
        session.add(found)
        session.flush()
    return found


def _put_in_office(session: Session, member: Member, club: Club, today: date) -> None:
    same = select(Post).where(Post.member_id == member.id, Post.club_id == club.id, Post.since == today)
    post = session.scalar(same)
    if post is None:
        post = Post(member_id=member.id, club_id=club.id, since=today)
        session.add(post)
    post.until = None
    session.flush()
