"""Phone numbers as staff look for them: by the whole number, or by the name of somebody behind it.

Names are sealed: a search by name opens those of the villages in scope one by one, some milliseconds for three thousand.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from clubs.models import AgeBand, Club, Member, Role, Sex, Village
from clubs.people import phones_of
from messaging.models import Contact, ContactState
from messaging.numbers import normalise
from runtime.crypto import blind


@dataclass(frozen=True)
class Person:
    """Somebody behind a number."""

    member_id: int
    name: str | None
    role: Role
    sex: Sex | None
    age_band: AgeBand | None
    contact_id: int | None
    club_id: int | None
    club: str | None
    village: str | None


@dataclass(frozen=True)
class PhoneLine:
    """A number with the people behind it; `clubs` are (id, code) of clubs whose own phone it is. No contact: no phone."""

    contact: Contact | None
    people: tuple[Person, ...]
    clubs: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Found:
    """A page of what was found, of `total`."""

    total: int
    lines: tuple[PhoneLine, ...]


def search(
    session: Session, words: str, allowed: Collection[int] | None, offset: int, limit: int, *, doubtful: bool = False
) -> Found:
    """Numbers by number or name, all of them for no words, within the villages allowed; `doubtful` only those in doubt."""
    number = normalise(words) if words else None
    if number is None and words:
        return _by_name(session, _plain(words).split(), allowed, offset, limit)
    here = [Contact.state != ContactState.ERASED, _in_scope(allowed)]
    if number is not None:
        here.append(Contact.number_index == blind(number))
    if doubtful:
        here.append(Contact.doubt_at.is_not(None))
    total = session.scalar(select(func.count()).select_from(Contact).where(*here)) or 0
    page = list(session.scalars(select(Contact).where(*here).order_by(Contact.id).offset(offset).limit(limit)))
    return Found(total, tuple(_lines(session, page, allowed)))


def doubtful(session: Session, allowed: Collection[int] | None) -> int:
    """How many numbers get no campaign until somebody has read what they wrote."""
    query = select(func.count()).select_from(Contact).where(Contact.doubt_at.is_not(None), _in_scope(allowed))
    return session.scalar(query) or 0


def visible(session: Session, contact_id: int, allowed: Collection[int] | None) -> Contact | None:
    """One number, if somebody of the allowed villages stands behind it."""
    return session.scalar(select(Contact).where(Contact.id == contact_id, _in_scope(allowed)))


def behind(session: Session, contact: Contact, allowed: Collection[int] | None) -> PhoneLine:
    """One number and who stands behind it, as far as the villages allowed."""
    return _lines(session, [contact], allowed)[0]


def _by_name(session: Session, wanted: list[str], allowed: Collection[int] | None, offset: int, limit: int) -> Found:
    people = [one for one in _people(session, _place(allowed)) if one.name and _matches(_plain(one.name), wanted)]
    people.sort(key=lambda one: (_plain(one.name or ""), one.member_id))
    ids = list(dict.fromkeys(one.contact_id for one in people if one.contact_id is not None))
    bare = [PhoneLine(None, (one,)) for one in people if one.contact_id is None]
    page = ids[offset : offset + limit]
    contacts = {one.id: one for one in session.scalars(select(Contact).where(Contact.id.in_(page)))}
    lines = _lines(session, [contacts[id_] for id_ in page if id_ in contacts], allowed)
    skip, rest = max(0, offset - len(ids)), max(0, limit - len(page))
    return Found(len(ids) + len(bare), (*lines, *bare[skip : skip + rest]))


def _lines(session: Session, contacts: list[Contact], allowed: Collection[int] | None) -> list[PhoneLine]:
    ids = [one.id for one in contacts]
    people = _people(session, Member.contact_id.in_(ids) & _place(allowed))
    query = select(Club.phone_id, Club.id, Club.code).where(Club.phone_id.in_(ids), _place(allowed)).order_by(Club.code)
    clubs = session.execute(query).all()
    return [
        PhoneLine(
            contact,
            tuple(one for one in people if one.contact_id == contact.id),
            tuple((id_, code) for phone, id_, code in clubs if phone == contact.id),
        )
        for contact in contacts
    ]


def _people(session: Session, where: ColumnElement[bool]) -> list[Person]:
    query = (
        select(
            Member.id,
            Member.name,
            Member.role,
            Member.sex,
            Member.age_band,
            Member.contact_id,
            Club.id,
            Club.code,
            Village.name,
        )
        .outerjoin(Club, Club.id == Member.club_id)
        .outerjoin(Village, Village.id == Club.village_id)
        .where(Member.left_at.is_(None), where)
        .order_by(Member.id)
    )
    return [Person(*row) for row in session.execute(query)]


def _place(allowed: Collection[int] | None) -> ColumnElement[bool]:
    return true() if allowed is None else Club.village_id.in_(allowed)


def _in_scope(allowed: Collection[int] | None) -> ColumnElement[bool]:
    return true() if allowed is None else Contact.id.in_(phones_of(allowed))


def _matches(name: str, wanted: list[str]) -> bool:
    return all(any(part.startswith(word) for part in name.split()) for word in wanted)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter if letter.isalnum() else " " for letter in folded if not unicodedata.combining(letter))
