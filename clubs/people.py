"""Who stands behind a phone: which role it speaks for, which clubs and villages are its own, which language it hears.

A contact is a number that several members may share, so everything here answers with sets; the highest role among the members
behind a number decides what the number may do.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select, union
from sqlalchemy.orm import Session

from clubs.models import Club, Member, Post, Role, Village
from messaging.models import Contact

TALK_LASTS = timedelta(hours=1)


class SpeaksAs(StrEnum):
    """What a number may do, by the highest role behind it."""

    SUPERVISOR = "supervisor"
    FACILITATOR = "facilitator"
    MEMBER = "member"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Sender:
    """A number as the report grammar sees it; `clubs` are the codes it may report for, `villages` the ids it supervises."""

    speaks_as: SpeaksAs
    member_ids: tuple[int, ...] = ()
    clubs: tuple[str, ...] = ()
    villages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Unreached:
    """A member whom no message reaches, as their facilitator's list shows them: no name."""

    member_id: int
    sex: str | None
    age_band: str | None
    language: str | None


def who_is(session: Session, contact: Contact, today: date) -> Sender:
    """The role of a number today; a contact that belongs to no member still here is unknown."""
    members = list(session.scalars(select(Member).where(Member.contact_id == contact.id, Member.left_at.is_(None))))
    if not members:
        return Sender(SpeaksAs.UNKNOWN)
    ids = tuple(member.id for member in members)
    roles = {member.role for member in members}
    posts = session.execute(select(Post.village_id, Post.club_id).where(Post.member_id.in_(ids), in_office(today))).all()
    villages = tuple(village for village, _ in posts if village is not None)
    codes = _codes(session, (club for _, club in posts))
    if Role.SUPERVISOR in roles:
        return Sender(SpeaksAs.SUPERVISOR, ids, codes, villages)
    if Role.FACILITATOR in roles and codes:
        return Sender(SpeaksAs.FACILITATOR, ids, codes)
    return Sender(SpeaksAs.MEMBER, ids, _codes(session, (member.club_id for member in members)))


def by_codes(session: Session, codes: Collection[str]) -> list[Club]:
    """The clubs of these codes, in their order."""
    return list(session.scalars(select(Club).where(Club.code.in_(codes)).order_by(Club.code))) if codes else []


def clubs_behind(session: Session, contact: Contact) -> list[Club]:
    """The open clubs whose members, or whose own phone, a number is."""
    mine = select(Member.club_id).where(Member.contact_id == contact.id, Member.left_at.is_(None), Member.club_id.is_not(None))
    found = select(Club).where(or_(Club.id.in_(mine), Club.phone_id == contact.id), Club.active)
    return list(session.scalars(found.order_by(Club.code)))


def talk_hour(club: Club, local: datetime) -> bool:
    """Whether a local moment lies within the hour in which this club's members record in turn."""
    if club.talk_weekday != local.weekday() or not club.talk_at:
        return False
    hour, minute = club.talk_at.split(":")
    begins = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return begins <= local < begins + TALK_LASTS


def _codes(session: Session, club_ids: Iterable[int | None]) -> tuple[str, ...]:
    wanted = {id_ for id_ in club_ids if id_ is not None}
    return tuple(session.scalars(select(Club.code).where(Club.id.in_(wanted)).order_by(Club.code))) if wanted else ()


def in_office(today: date) -> ColumnElement[bool]:
    """Posts held on a day."""
    return and_(Post.since <= today, or_(Post.until.is_(None), Post.until >= today))


def phones_of(villages: Collection[int]) -> CompoundSelect[int | None]:
    """The ids of the numbers of these villages: of members still there, and the clubs' own phones."""
    return phones_of_clubs(select(Club.id).where(Club.village_id.in_(villages)))


def phones_of_clubs(club_ids: Collection[int] | Select[int]) -> CompoundSelect[int | None]:
    """The ids of the numbers of these clubs: of members still there, and the clubs' own phones."""
    people = select(Member.contact_id).where(
        Member.club_id.in_(club_ids), Member.left_at.is_(None), Member.contact_id.is_not(None)
    )
    return union(people, select(Club.phone_id).where(Club.id.in_(club_ids), Club.phone_id.is_not(None)))


def supervisors(session: Session, village_id: int, today: date) -> list[Member]:
    """Who supervises a village today, the longest in post first."""
    posted = select(Member).join(Post, Post.member_id == Member.id).where(Post.village_id == village_id, in_office(today))
    here = posted.where(Member.role == Role.SUPERVISOR, Member.left_at.is_(None)).order_by(Post.since, Member.id)
    return list(dict.fromkeys(session.scalars(here)))


def supervisor_phones(session: Session, village_id: int, today: date) -> list[int]:
    """The ids of the numbers of those who supervise a village today, each once."""
    phones = (member.contact_id for member in supervisors(session, village_id, today))
    return list(dict.fromkeys(id_ for id_ in phones if id_ is not None))


def club_by_code(session: Session, code: str) -> Club | None:
    """The club of that four-digit code."""
    return session.scalar(select(Club).where(Club.code == code))


def facilitators(session: Session, club_id: int, today: date) -> list[Member]:
    """Who reports for a club today, the longest in post first."""
    posts = select(Member).join(Post, Post.member_id == Member.id).where(Post.club_id == club_id, in_office(today))
    return list(session.scalars(posts.order_by(Post.since)))


def spoken_by(session: Session, member: Member) -> str | None:
    """The language to use for a member: their own, their phone's, their club's, their village's."""
    if member.language:
        return member.language
    contact = session.get(Contact, member.contact_id) if member.contact_id else None
    if contact is not None and contact.language:
        return contact.language
    club = session.get(Club, member.club_id) if member.club_id else None
    if club is None:
        return None
    return club.language or session.scalar(select(Village.language).where(Village.id == club.village_id))


def heard_by(session: Session, contact: Contact) -> str | None:
    """The language to use for a number: its own, else that of the first member behind it."""
    if contact.language:
        return contact.language
    for member in session.scalars(select(Member).where(Member.contact_id == contact.id).order_by(Member.id)):
        language = spoken_by(session, member)
        if language:
            return language
    return None


def to_relay(session: Session, club_id: int) -> list[Unreached]:
    """The members whom nothing reaches: no number, or one that may not be used. Their facilitator tells them in person."""
    rows = session.execute(
        select(Member.id, Member.sex, Member.age_band, Member.language)
        .outerjoin(Contact, Contact.id == Member.contact_id)
        .where(
            Member.club_id == club_id,
            Member.left_at.is_(None),
            or_(Member.contact_id.is_(None), Contact.state.not_in(("active",))),
        )
        .order_by(Member.id)
    )
    return [
        Unreached(id_, sex.value if sex else None, band.value if band else None, language) for id_, sex, band, language in rows
    ]
