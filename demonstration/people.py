"""Invented villages, clubs and people, with the figures of the real programme and nobody of it.

Numbers begin with +2230, which no network assigns: no code path can reach a person, even with a real channel by mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from clubs.grammar.damm import check_digit
from clubs.models import AgeBand, Area, Club, ClubKind, LifeStage, Member, Post, Preferred, Role, Sex, Village
from messaging.models import Consent, Contact, ContactState, Purpose
from messaging.numbers import operator_of
from runtime.crypto import blind

VILLAGES, MEMBERS, LEADERS, SUPERVISORS = 64, 3000, 400, 8
COMMUNES = 8
LANGUAGES = ("dds", "dts", "dto", "djm", "ffm", "bm", "ses")
WEIGHTS = (30, 22, 16, 12, 12, 5, 3)
WITH_PHONE = 0.42
# Of each row of thirteen households, those with a young child; thirteen shares no factor with the clubs, so every club has all.
STAGES = {0: LifeStage.PREGNANT, 3: LifeStage.BABY, 6: LifeStage.INFANT, 9: LifeStage.CHILD, 11: LifeStage.INFANT}
WOMEN = ("Aïssata", "Aminata", "Binta", "Djénéba", "Fatoumata", "Hawa", "Kadiatou", "Mariam", "Oumou", "Ramata", "Sata", "Yagalé")
MEN = ("Adama", "Amadou", "Boubacar", "Daouda", "Hamidou", "Ibrahima", "Mamadou", "Ousmane", "Seydou", "Souleymane", "Yacouba")


@dataclass(frozen=True)
class Group:
    """A club with what history needs to know of it."""

    id: int
    code: str
    village_id: int
    weekday: int
    every_days: int
    declared_women: int
    declared_men: int
    facilitator: Contact
    facilitator_id: int
    language: str


class _Roll:
    """Everybody, gathered before anything is written: thousands of single inserts would take ten times as long."""

    def __init__(self, chance: Random, now: datetime) -> None:
        self.chance, self.now = chance, now
        self.contacts: list[Contact] = []
        self.people: list[tuple[Member, Contact | None, bool]] = []

    def phone(self) -> Contact:
        number = f"+2230{1_000_001 + len(self.contacts):07}"
        contact = Contact(
            number=number,
            number_index=blind(number),
            operator=operator_of(number),
            state=ContactState.ACTIVE,
            created_at=self.now - timedelta(days=200),
        )
        self.contacts.append(contact)
        return contact

    def person(
        self, club: Club | None, role: Role, sex: Sex | None = None, contact: Contact | None = None, agrees: bool = True
    ) -> Member:
        sex = sex or self.chance.choice((Sex.WOMAN, Sex.MAN))
        member = Member(
            club_id=club.id if club else None,
            name=f"{self.chance.choice(WOMEN if sex is Sex.WOMAN else MEN)} (démo)",
            role=role,
            sex=sex,
            age_band=self.chance.choices(tuple(AgeBand), (30, 55, 15))[0],
            preferred=Preferred.VOICE if role is Role.MEMBER and self.chance.random() < 0.6 else Preferred.SMS,
            phone_owner=self.chance.choice(("moi", "mari", "frère", "voisine")) if contact else None,
            joined_at=self.now - timedelta(days=self.chance.randint(120, 400)),
        )
        self.people.append((member, contact, agrees))
        return member

    def write(self, session: Session) -> None:
        session.add_all(self.contacts)
        session.flush()
        for member, contact, _ in self.people:
            member.contact_id = contact.id if contact else None
        session.add_all(member for member, _, _ in self.people)
        session.flush()
        for member, contact, agrees in self.people:
            if contact is not None and agrees:
                session.add_all(self._consent(member, contact, purpose) for purpose in (Purpose.PUSH, Purpose.CALL))
        session.flush()

    def _consent(self, member: Member, contact: Contact, purpose: Purpose) -> Consent:
        return Consent(
            contact_id=contact.id,
            member_id=member.id,
            purpose=purpose,
            via="register",
            script_version="démo",
            witness="Témoin (démo)",
            register_page=str(self.chance.randint(1, 60)),
            given_at=self.now - timedelta(days=self.chance.randint(100, 190)),
        )


def settle(session: Session, chance: Random, now: datetime) -> list[Group]:
    """Write areas, villages, clubs, members, facilitators, leaders, supervisors and their phones; return the groups."""
    villages = _villages(session, chance, now.date())
    clubs = _clubs(session, chance, villages, now)
    roll = _Roll(chance, now)
    facilitators = {club.code: roll.person(club, Role.FACILITATOR, contact=roll.phone()) for club, _ in clubs}
    _members(roll, [club for club, _ in clubs if club.kind is ClubKind.CEAPV])
    for place in range(LEADERS - len(facilitators) - SUPERVISORS):
        roll.person(clubs[place % len(clubs)][0], Role.RELAY, contact=roll.phone() if chance.random() < 0.7 else None)
    supervisors = [roll.person(None, Role.SUPERVISOR, contact=roll.phone()) for _ in range(SUPERVISORS)]
    roll.write(session)
    since = now.date() - timedelta(days=200)
    session.add_all(Post(member_id=facilitators[club.code].id, club_id=club.id, since=since) for club, _ in clubs)
    for place, member in enumerate(supervisors):
        session.add_all(Post(member_id=member.id, village_id=one.id, since=since) for one in villages[place::SUPERVISORS])
    for club, _ in clubs:
        if club.kind is ClubKind.CLUB:
            club.phone_id = facilitators[club.code].contact_id
    session.flush()
    return [_group(session, club, village, facilitators[club.code]) for club, village in clubs]


def _villages(session: Session, chance: Random, today: date) -> list[Village]:
    district = Area(kind="cercle", name="Bandiagara (démo)")
    session.add(district)
    session.flush()
    communes = [
        Area(kind="commune", name=f"Commune {place:02} (démo)", parent_id=district.id) for place in range(1, COMMUNES + 1)
    ]
    session.add_all(communes)
    session.flush()
    villages = [
        Village(
            code=f"V{place:02}",
            name=f"Village {place:02} (démo)",
            area_id=communes[(place - 1) % COMMUNES].id,
            market_cycle_days=chance.choice((5, 5, 5, 7)),
            market_anchor=today - timedelta(days=chance.randrange(7)),
            language=chance.choices(LANGUAGES, WEIGHTS)[0],
        )
        for place in range(1, VILLAGES + 1)
    ]
    session.add_all(villages)
    session.flush()
    return villages


def _clubs(session: Session, chance: Random, villages: Sequence[Village], now: datetime) -> list[tuple[Club, Village]]:
    kinds = (ClubKind.CEAPV, ClubKind.CEAPV, ClubKind.CLUB)  # two field schools a village, and one listening club
    serial = 101
    found = []
    for kind_place, kind in enumerate(kinds):
        for village in villages:
            club = Club(
                code=f"{serial}{check_digit(str(serial))}",
                kind=kind,
                village_id=village.id,
                language=village.language,
                declared_women=chance.randint(9, 15),
                declared_men=chance.randint(8, 13),
                declared_youth=chance.randint(4, 9),
                every_days=7 if kind_place else 14,
                weekday=chance.randrange(7),
                meets_at=chance.choice(("08:30", "09:00", "16:00", "17:00")),
                created_at=now - timedelta(days=400),
            )
            session.add(club)
            serial += 1
            found.append((club, village))
    session.flush()
    return found


def _members(roll: _Roll, schools: Sequence[Club]) -> None:
    """One member a household, half of them women, spread over the field schools; some share a phone within their club."""
    chance = roll.chance
    shared: dict[str, Contact] = {}
    for place in range(MEMBERS):
        club, contact = schools[place % len(schools)], None
        if chance.random() < WITH_PHONE:
            contact = shared.get(club.code) if chance.random() < 0.25 else None
            if contact is None:
                contact = shared[club.code] = roll.phone()
            else:
                contact.shared = True
        sex = Sex.WOMAN if (place + place // len(schools)) % 2 else Sex.MAN  # both sexes in every school, half and half
        member = roll.person(club, Role.MEMBER, sex, contact, agrees=chance.random() < 0.9)
        member.life_stage = None if member.age_band is AgeBand.ELDER else STAGES.get(place % 13)


def _group(session: Session, club: Club, village: Village, facilitator: Member) -> Group:
    return Group(
        id=club.id,
        code=club.code,
        village_id=village.id,
        weekday=club.weekday or 0,
        every_days=club.every_days,
        declared_women=club.declared_women or 0,
        declared_men=club.declared_men or 0,
        facilitator=session.get_one(Contact, facilitator.contact_id),
        facilitator_id=facilitator.id,
        language=village.language or "fr",
    )
