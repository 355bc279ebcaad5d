"""A small world for tests: two villages, three clubs, nine people, a simulator channel, approved messages and a quiz.

Awa and her sister Kadia share one phone; Hawa has none. Everything is given by id, so that each test reads its own rows.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.models import Question, Quiz
from clubs.grammar.damm import check_digit
from clubs.models import AgeBand, Area, Club, ClubKind, Member, Post, Preferred, Role, Sex, Village
from console.staff import Role as StaffRole
from console.staff import RoleName, Staff, staff_village
from messaging.models import Channel, Consent, Contact, Purpose
from runtime.crypto import blind
from runtime.database import Database
from runtime.installation import Opening, installation
from translations.languages import SEED
from translations.models import Content, ContentKind, Language, Theme, Variant, VariantState

TOKEN = "jeton-de-test-0123456789abcdef-0123456789"
NUMBERS = {
    "awa": "+22300010001",  # shared with kadia
    "moussa": "+22300010002",
    "sory": "+22300010003",
    "binta": "+22300010004",
    "oumar": "+22300010005",
    "fatou": "+22300010006",
}
THEMES = Path(__file__).parent.parent / "translations" / "content" / "themes.toml"
MESSAGES = {
    "eau-propre": "Lavez vos mains au savon avant de donner à manger au bébé.",
    "premier-lait": "Donnez le premier lait dès la naissance. Il protège le bébé.",
    "repas-en-plus": "Enceinte, mangez un petit repas de plus chaque jour.",
}


@dataclass(frozen=True)
class World:
    """Ids by name. `clubs` by code, `contents` and `variants` by content key, the rest by first name."""

    token: str
    channel: int
    villages: tuple[int, int]
    clubs: Mapping[str, int]
    contacts: Mapping[str, int]
    members: Mapping[str, int]
    staff: Mapping[str, int]
    contents: Mapping[str, int]
    variants: Mapping[str, int]
    quiz: int
    question: int
    numbers: Mapping[str, str] = field(default_factory=lambda: dict(NUMBERS))


def build(database: Database, now: datetime) -> World:
    """Write the world in one transaction."""
    with database.writing() as session:
        _languages_and_themes(session)
        villages = _villages(session)
        staff = _staff(session, villages, now)
        channel = _channel(session, now)
        clubs = _clubs(session, villages, now)
        contacts = _contacts(session, now)
        members = _members(session, clubs, contacts, now)
        contents, variants = _messages(session, staff, now)
        quiz, question = _quiz(session, contents, variants, staff, now)
    return World(TOKEN, channel, villages, clubs, contacts, members, staff, contents, variants, quiz, question)


def opened(session: Session) -> None:
    """The installation is real and sends to everybody."""
    place = installation(session)
    place.simulation, place.opening = False, Opening.OPEN


def _languages_and_themes(session: Session) -> None:
    for one in SEED:  # French first: the others fall back on it
        session.add(
            Language(
                code=one.code,
                name=one.french_name,
                autonym=one.autonym,
                locale=one.cldr_locale,
                fallback=one.fallback,
                menu_number=one.number,
            )
        )
        session.flush()
    for theme in tomllib.loads(THEMES.read_text())["theme"]:
        session.add(Theme(code=theme["code"], name=theme["nom"], short=theme["court"], group=theme["groupe"]))
    session.flush()


def _villages(session: Session) -> tuple[int, int]:
    area = Area(kind="commune", name="Commune (test)")
    session.add(area)
    session.flush()
    first = Village(code="V01", name="Village 01 (test)", area_id=area.id, market_cycle_days=7, market_anchor=date(2026, 3, 16))
    second = Village(code="V02", name="Village 02 (test)", area_id=area.id, market_cycle_days=5, market_anchor=date(2026, 3, 17))
    session.add_all([first, second])
    session.flush()
    return first.id, second.id


def _staff(session: Session, villages: tuple[int, int], now: datetime) -> dict[str, int]:
    roles = {name: StaffRole(name=name.value) for name in RoleName}
    session.add_all(roles.values())
    people = {
        "adama": RoleName.ADMINISTRATION,
        "fanta": RoleName.COMMUNICATION,
        "aissata": RoleName.VALIDATION,
        "boubacar": RoleName.VALIDATION,
        "sory": RoleName.TERRAIN,
        "moussa": RoleName.TERRAIN,
        "paul": RoleName.LECTURE,
    }
    rows = {
        name: Staff(
            username=name, display_name=name.capitalize(), fs_uniquifier=f"uniquifier-{name}", created_at=now, roles=[roles[role]]
        )
        for name, role in people.items()
    }
    session.add_all(rows.values())
    session.flush()
    for name, village in (("moussa", villages[0]), ("sory", villages[1])):
        session.execute(staff_village.insert().values(staff_id=rows[name].id, village_id=village))
    return {name: row.id for name, row in rows.items()}


def _channel(session: Session, now: datetime) -> int:
    row = Channel(
        name="simulateur",
        gateway="simulator",
        number="36085",
        kinds=["sms", "voice"],
        token=TOKEN,
        token_index=blind(TOKEN),
        price_per_part=15,
        price_per_minute=60,
        default_for=["sms", "voice"],
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def _clubs(session: Session, villages: tuple[int, int], now: datetime) -> dict[str, int]:
    codes = [serial + check_digit(serial) for serial in ("103", "204", "305")]
    places = [(villages[0], ClubKind.CLUB), (villages[1], ClubKind.CEAPV), (villages[0], ClubKind.ANJE)]
    rows = [
        Club(
            code=code,
            kind=kind,
            village_id=village,
            declared_women=15,
            declared_men=10,
            declared_youth=5,
            weekday=2,
            created_at=now,
        )
        for code, (village, kind) in zip(codes, places, strict=True)
    ]
    session.add_all(rows)
    session.flush()
    return {row.code: row.id for row in rows}


def _contacts(session: Session, now: datetime) -> dict[str, int]:
    rows = {
        name: Contact(number=number, number_index=blind(number), language="fr", shared=name == "awa", created_at=now)
        for name, number in NUMBERS.items()
    }
    session.add_all(rows.values())
    session.flush()
    for row in rows.values():
        for purpose in (Purpose.PUSH, Purpose.CALL):
            session.add(
                Consent(
                    contact_id=row.id,
                    purpose=purpose,
                    via="register",
                    script_version="1",
                    register_page="1",
                    given_at=now,
                    language="fr",
                )
            )
    return {name: row.id for name, row in rows.items()}


def _members(session: Session, clubs: Mapping[str, int], contacts: Mapping[str, int], now: datetime) -> dict[str, int]:
    one, two, three = clubs.values()
    people: list[tuple[str, int, str | None, Sex, Role, Preferred]] = [
        ("awa", one, "awa", Sex.WOMAN, Role.MEMBER, Preferred.SMS),
        ("kadia", one, "awa", Sex.WOMAN, Role.MEMBER, Preferred.SMS),
        ("hawa", one, None, Sex.WOMAN, Role.MEMBER, Preferred.SMS),
        ("moussa", one, "moussa", Sex.MAN, Role.FACILITATOR, Preferred.SMS),
        ("binta", one, "binta", Sex.WOMAN, Role.MEMBER, Preferred.VOICE),
        ("sory", two, "sory", Sex.MAN, Role.FACILITATOR, Preferred.SMS),
        ("oumar", two, "oumar", Sex.MAN, Role.MEMBER, Preferred.SMS),
        ("fatou", three, "fatou", Sex.WOMAN, Role.MEMBER, Preferred.SMS),
    ]
    rows = {
        name: Member(
            club_id=club,
            contact_id=contacts[phone] if phone else None,
            name=name.capitalize(),
            role=role,
            sex=sex,
            age_band=AgeBand.ADULT,
            preferred=preferred,
            joined_at=now,
        )
        for name, club, phone, sex, role, preferred in people
    }
    session.add_all(rows.values())
    session.flush()
    for name, club in (("moussa", one), ("sory", two)):
        session.add(Post(member_id=rows[name].id, club_id=club, since=date(2026, 1, 1)))
    return {name: row.id for name, row in rows.items()}


def _content(
    session: Session, key: str, kind: ContentKind, text: str, staff: Mapping[str, int], now: datetime
) -> tuple[int, int]:
    content = Content(key=key, kind=kind, title=key, theme_code=12)
    session.add(content)
    session.flush()
    variant = Variant(
        content_id=content.id,
        language="fr",
        state=VariantState.APPROVED,
        text=text,
        spoken=text,
        options=["oui", "non"] if kind is ContentKind.QUESTION else [],
        author_id=staff["fanta"],
        written_at=now,
        checked_by=staff["boubacar"],
        checked_at=now,
        approved_by=staff["aissata"],
        approved_at=now,
    )
    session.add(variant)
    session.flush()
    return content.id, variant.id


def _messages(session: Session, staff: Mapping[str, int], now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    contents, variants = {}, {}
    for key, text in MESSAGES.items():
        contents[key], variants[key] = _content(session, key, ContentKind.MESSAGE, text, staff, now)
    return contents, variants


def _quiz(
    session: Session, contents: dict[str, int], variants: dict[str, int], staff: Mapping[str, int], now: datetime
) -> tuple[int, int]:
    asked, answer = "quiz-repas", "quiz-repas-explication"
    text = "Enceinte, faut-il manger un repas de plus?"
    contents[asked], variants[asked] = _content(session, asked, ContentKind.QUESTION, text, staff, now)
    told = "Oui: un petit repas de plus chaque jour aide la mère et le bébé."
    contents[answer], variants[answer] = _content(session, answer, ContentKind.EXPLANATION, told, staff, now)
    quiz = Quiz(title="Grossesse", created_at=now)
    session.add(quiz)
    session.flush()
    question = Question(
        quiz_id=quiz.id, content_id=contents[asked], explanation_id=contents[answer], theme_code=12, options=2, right=1
    )
    session.add(question)
    session.flush()
    return quiz.id, question.id
