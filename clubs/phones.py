"""Which phones somebody may take in hand in the simulator: facilitators and members with a pretended number."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import Club, Member, Role, Village
from clubs.people import phones_of
from messaging.models import Contact

AT_MOST = 40


@dataclass(frozen=True)
class Handset:
    """A phone and whose it is, without a name; `ending` is its last two digits."""

    contact_id: int
    club: str
    village: str
    role: Role
    ending: str


def handsets(session: Session, role: Role, villages: Collection[int] | None = None) -> list[Handset]:
    """The first phones behind members of that role, in those villages or in all, by club: AT_MOST and one more."""
    query = (
        select(Contact.id, Club.code, Village.name, Contact.number)
        .join(Member, Member.contact_id == Contact.id)
        .join(Club, Club.id == Member.club_id)
        .join(Village, Village.id == Club.village_id)
        .where(Member.role == role, Member.left_at.is_(None), Contact.operator == "simulator")
        .group_by(Contact.id, Club.code, Village.name, Contact.number)
        .order_by(Club.code, Contact.id)
        .limit(AT_MOST + 1)
    )
    if villages is not None:
        query = query.where(Club.village_id.in_(villages))
    return [Handset(id_, club, village, role, (number or "")[-2:]) for id_, club, village, number in session.execute(query)]


def reachable(session: Session, contact_id: int, villages: Collection[int] | None) -> bool:
    """Whether a phone stands behind somebody of those villages; None are all."""
    if villages is None:
        return session.get(Contact, contact_id) is not None
    return session.scalar(select(Contact.id).where(Contact.id == contact_id, Contact.id.in_(phones_of(villages)))) is not None
