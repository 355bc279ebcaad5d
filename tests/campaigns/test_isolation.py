"""What a telephone of another village is told of Awa's club: what it would be told if the club had never said a word.

Each conversation is held twice, before and after the club has told all it has, by two people in the same place.
"""

import re
from datetime import date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clubs import pins
from clubs.grammar.damm import check_digit
from clubs.models import Club, ClubKind, Member, Post, Role, Sex
from clubs.records import Action, Report
from messaging.exchange import Exchange
from messaging.models import Contact
from runtime.crypto import blind
from tests import awas
from tests.test_transcripts import Calls, Phones
from tests.world import World

# Whose rows are asked for is tested on both databases below this; what is said of them is no other on one than on the other.
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
AWAS = f"C{awas.CODE}"
TEXTS = [
    *(f"CR {AWAS} D17/3 12 18 7", f"CR {AWAS} D17/3 13 18 7 9 1", "2", f"QZ {AWAS} D17/3 12 6 15 24"),
    *(f"DC {AWAS} D17/3 4 22 6 11", f"EV {AWAS} D17/3 1 40 35 6", f"RAS 1 {AWAS} D17/3", f"RAS {AWAS}", "3"),
    *(f"FAIT {AWAS} 41 40", f"FAIT {AWAS}", f"AC {AWAS} 2 40 pieds de moringa", f"FAIT {AWAS} 41"),
    *("AN 9001", "AN 9003", "AN", "annule 9001", "OUI", "NON", "1", "OK"),
    *("VAL 9003", "REF 9004", "VU 9001 20 6", f"PAUSE {awas.CODE} 14", f"REPRISE {awas.CODE}"),
    *(f"Q Que fait le club {awas.CODE} ?", awas.CODE, "AIDE", f"AIDE {AWAS}", "LANGUE"),
]
STEP = timedelta(hours=3)  # a stranger gets ten replies a day
# Numbers run through the programme, or, of actions, through the club; the two who ask have each their own club and number.
OWN = re.compile(r"\b(No|Action|FAIT|Question No|AN|numéro|demande|En cours:) \d+|\b(?:2043|6\d{3})\b")


@pytest.fixture
def twins(exchange: Exchange, world: World, now: datetime) -> dict[str, tuple[str, str]]:
    """Two numbers in each of the ways to be no member of Awa's club."""
    villages, started = world.villages, date(2026, 1, 1)
    numbers = {"facilitator": ("sory", "+22300012301"), "supervisor": ("+22300012302", "+22300012303")}
    codes = iter(serial + check_digit(serial) for serial in ("601", "602", "603"))
    with exchange.database.writing() as session:
        for role, both in numbers.items():
            for number in (one for one in both if one.startswith("+")):
                club = Club(code=next(codes), kind=ClubKind.CLUB, village_id=villages[1], weekday=2, created_at=now)
                contact = Contact(number=number, number_index=blind(number), language="fr", created_at=now)
                session.add_all([club, contact])
                session.flush()
                person = Member(club_id=club.id, contact_id=contact.id, role=Role(role), sex=Sex.MAN, joined_at=now)
                session.add(person)
                session.flush()
                post = {"club_id": club.id} if role == "facilitator" else {"village_id": villages[1]}
                session.add(Post(member_id=person.id, since=started, **post))
    return {**numbers, "stranger": ("+22300012304", "+22300012305"), "member": ("oumar", "+22300012306")}


def held(phones: Phones, number: str) -> dict[str, str]:
    """The replies, without what differs between any two people."""
    replies = {}
    for text in TEXTS:
        phones.now += STEP
        replies[text] = OWN.sub(r"\1", " | ".join(phones.send(f"{number} {text}")))
    return replies


@pytest.mark.parametrize("who", ["facilitator", "supervisor", "stranger"])
def test_no_reply_depends_on_what_the_club_has_told(
    exchange: Exchange,
    client: FlaskClient,
    world: World,
    now: datetime,
    twins: dict[str, tuple[str, str]],
    who: str,
) -> None:
    phones = Phones(exchange, client, world, now)
    people = awas.found(exchange.database, world, now)
    before = held(phones, twins[who][0])
    awas.tell(exchange.database, world, people, now)
    stored = _told(exchange, people["club"])
    phones.now = now
    after = held(phones, twins[who][1])
    assert after == before
    assert sum(map(bool, before.values())) > 25, "nobody answered"
    assert awas.leaks(" ".join(after.values()).replace(awas.CODE, "")) == []
    assert _told(exchange, people["club"]) == stored


def _told(exchange: Exchange, club: int) -> list[tuple[object, ...]]:
    """What stands of the club: its reports, its actions, its pause."""
    with exchange.database.reading() as session:
        reports = select(Report).where(Report.club_id == club, Report.number >= 9001, Report.number <= 9005).order_by(Report.id)
        actions = select(Action).where(Action.club_id == club, Action.number == 41).order_by(Action.id)
        return [
            *((row.id, row.state, row.version, str(row.values), row.replaced_by) for row in session.scalars(reports)),
            *((row.id, row.done_on, row.quantity) for row in session.scalars(actions)),
            (session.get_one(Club, club).paused_until,),
        ]


def test_a_stranger_with_the_clubs_code_only_hears_that_it_must_be_verified(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime
) -> None:
    awas.add(exchange.database, world, now)
    phones = Phones(exchange, client, world, now)
    [reply] = phones.send(f"+22300012304 CR {AWAS} D hier 12 18 7")
    assert "à vérifier" in reply
    assert awas.leaks(reply.replace(awas.CODE, "")) == []


def menus(calls: Calls, who: str) -> list[list[str]]:
    """All that a bip called back says, under each key."""
    heard = []
    for key in ("", *"124567"):
        calls.now += timedelta(minutes=11)
        opened = calls.call(who)
        heard.append(calls.press(key) if key else opened)
    calls.cut()
    return heard


@pytest.mark.parametrize("who", ["oumar", "stranger"])
def test_no_menu_depends_on_what_the_club_has_told(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime, who: str
) -> None:
    """Also of somebody who gave the club's code at a first bip, which proves nothing."""
    people = awas.found(exchange.database, world, now)
    calls = _calls(exchange, client, world, now)
    if who == "stranger":
        _join(calls)
    before = menus(calls, who)
    awas.tell(exchange.database, world, people, now)
    after = menus(calls, who)
    assert after == before
    assert awas.leaks(str(after)) == []
    assert len({str(one) for one in before}) > 1, "each key says the same"


def _calls(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> Calls:
    calls = Calls(exchange, client, world, now)
    with exchange.database.writing() as session:
        contact = Contact(number="+22300012304", number_index=blind("+22300012304"), language="fr", created_at=now)
        session.add(contact)
        session.flush()
        # The line looks its people up by name.
        world.contacts["stranger"] = contact.id  # type: ignore[index]
        world.numbers["stranger"] = "+22300012304"  # type: ignore[index]
    return calls


def _join(calls: Calls) -> None:
    """A stranger's first bip: agreement, then the club's code."""
    calls.call("stranger")
    calls.press("1")
    calls.press(f"{awas.CODE}#")
    calls.cut()


def test_the_secret_code_of_the_clubs_facilitator_opens_nothing_on_another_phone(
    exchange: Exchange, client: FlaskClient, world: World, now: datetime
) -> None:
    people = awas.add(exchange.database, world, now)
    calls = Calls(exchange, client, world, now)
    with exchange.database.writing() as session:
        pin = pins.issue(session, session.get_one(Member, people["facilitator"]))
    calls.call("sory")
    assert calls.press(f"{pin}#")[0] == "pin_bad"


def test_whoever_serves_two_clubs_cannot_name_awas(exchange: Exchange, client: FlaskClient, world: World, now: datetime) -> None:
    awas.add(exchange.database, world, now)
    calls = Calls(exchange, client, world, now)
    with exchange.database.writing() as session:
        club = Club(code="6012", kind=ClubKind.CLUB, village_id=world.villages[1], weekday=2, created_at=now)
        session.add(club)
        session.flush()
        session.add(Post(member_id=world.members["sory"], club_id=club.id, since=date(2026, 1, 1)))
    calls.call("sory")
    assert calls.press("PIN#") == ["club_ask"]
    assert calls.press(f"{awas.CODE}#") == ["club_bad"]
