"""Who stands behind a phone: which role it speaks for, which clubs and villages are its own, which language it hears.

A contact is a number that several members may share, so everything here answers with sets; the highest role among the members
behind a number decides what the number may do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, CompoundSelect, Select, and_, bindparam, or_, select, union
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
class Behind:
    """Who and what stands behind a number: the clubs it speaks for, the open ones it belongs to, whether a PIN is held there."""

    sender: Sender
    clubs: tuple[Club, ...]
    here: tuple[Club, ...]
    pinned: bool


@dataclass(frozen=True)
class Unreached:
    """A member whom no message reaches, as their facilitator's list shows them: no name."""

    member_id: int
    sex: str | None
    age_band: str | None
    language: str | None


def in_office(today: date | BindParameter[date]) -> ColumnElement[bool]:
    """Posts held on a day."""
    return and_(Post.since <= today, or_(Post.until.is_(None), Post.until >= today))


_MEMBERS = (
    select(Member.id, Member.club_id, Member.role, Member.pin_hash.is_not(None).label("pinned"))
    .where(Member.contact_id == bindparam("contact"), Member.left_at.is_(None))
    .order_by(Member.id)
)
_TODAY: BindParameter[date] = bindparam("today")
_POSTS = select(Post.village_id, Post.club_id).where(Post.member_id.in_(bindparam("members", expanding=True)), in_office(_TODAY))
_CLUBS = (
    select(Club)
    .where(or_(Club.id.in_(bindparam("ids", expanding=True)), Club.phone_id == bindparam("phone")))
    .order_by(Club.code)
)


def who_is(session: Session, contact: Contact, today: date) -> Sender:
    """The role of a number today; a contact that belongs to no member still here is unknown."""
    return behind(session, contact, today).sender


def behind(session: Session, contact: Contact, today: date) -> Behind:
    """Everybody behind a number, and their clubs, in few questions: who answers a call waits for each."""
    members = session.execute(_MEMBERS, {"contact": contact.id}).all()
    ids = tuple(member.id for member in members)
    roles = {member.role for member in members}
    posted = bool(roles & {Role.SUPERVISOR, Role.FACILITATOR})
    posts = session.execute(_POSTS, {"members": ids, "today": today}).all() if posted else []
    entrusted = {post.club_id for post in posts if post.club_id is not None}
    homes = {member.club_id for member in members if member.club_id is not None}
    clubs = session.scalars(_CLUBS, {"ids": sorted(entrusted | homes), "phone": contact.id}).all()

    def of(wanted: set[int]) -> tuple[Club, ...]:
        return tuple(club for club in clubs if club.id in wanted)

    if Role.SUPERVISOR in roles:
        speaks_as, own = SpeaksAs.SUPERVISOR, of(entrusted)
    elif Role.FACILITATOR in roles and entrusted:
        speaks_as, own = SpeaksAs.FACILITATOR, of(entrusted)
    else:
        speaks_as, own = (SpeaksAs.MEMBER if members else SpeaksAs.UNKNOWN), of(homes)
    villages = tuple(post.village_id for post in posts if post.village_id is not None)
    supervised = villages if speaks_as is SpeaksAs.SUPERVISOR else ()
    here = tuple(club for club in clubs if club.active and (club.id in homes or club.phone_id == contact.id))
    pinned = any(member.pinned and member.role is Role.FACILITATOR for member in members)
    return Behind(Sender(speaks_as, ids, tuple(club.code for club in own), supervised), own, here, pinned)


def talk_hour(club: Club, local: datetime) -> bool:
    """Whether a local moment lies within the hour in which this club's members record in turn."""
    if club.talk_weekday != local.weekday() or not club.talk_at:
        return False
    hour, minute = club.talk_at.split(":")
    begins = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return begins <= local < begins + TALK_LASTS


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
