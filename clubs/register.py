"""A club's consent register as it stands: who agreed to what, when, before whom and on which page of the paper one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import Member
from messaging.models import Consent, Contact, Purpose


@dataclass(frozen=True)
class Line:
    """Agreements of one moment, a person's or, where nobody wrote down whose, a phone's (`of_phone`), which several may hold.

    `name` and `number` are for those who may see people.
    """

    name: str | None
    of_phone: bool
    number: str | None
    purposes: tuple[Purpose, ...]
    given_at: datetime
    via: str
    version: str
    witness: str | None
    page: str | None
    withdrawn_at: datetime | None


def consents_of(session: Session, club_id: int) -> list[Line]:
    """The register of a club by day: agreements of the same person and moment stand on one line, also those taken back."""
    rows = session.execute(
        select(Consent, Member, Contact.number)
        .join(Contact, Contact.id == Consent.contact_id)
        .join(Member, (Member.id == Consent.member_id) | (Consent.member_id.is_(None) & (Member.contact_id == Contact.id)))
        .where(Member.club_id == club_id, Member.left_at.is_(None))
        .order_by(Consent.given_at, Member.id, Consent.id)
    )
    found: dict[tuple[object, ...], Line] = {}
    for consent, member, number in rows:
        of_phone = consent.member_id is None
        key = (of_phone, consent.contact_id if of_phone else member.id, consent.given_at, consent.withdrawn_at)
        before = found[key].purposes if key in found else ()
        found[key] = Line(
            name=None if of_phone else member.name,
            of_phone=of_phone,
            number=number,
            purposes=tuple(dict.fromkeys((*before, consent.purpose))),
            given_at=consent.given_at,
            via=consent.via,
            version=consent.script_version,
            witness=consent.witness,
            page=consent.register_page,
            withdrawn_at=consent.withdrawn_at,
        )
    return list(found.values())
