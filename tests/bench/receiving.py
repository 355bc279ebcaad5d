"""How many reports a second are taken over HTTP at 32 connections, beside a server that stores one row a request."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, insert, select

from clubs.grammar.damm import check_digit
from clubs.models import AgeBand, Club, ClubKind, Member, Post, Preferred, Role, Sex
from messaging.models import Contact, Message, MessageState
from runtime.crypto import blind
from runtime.database import Database
from tests.bench import bare, connections
from tests.crowd import number
from tests.faults.processes import Fleet, wait_until
from tests.world import World

CLUBS = 500
REPORTS = 2000
THEMES = (12, 22, 32, 33)
PATIENCE = 600.0


def clubs(database: Database, world: World, now: datetime) -> list[str]:
    """Many clubs with a facilitator each; the facilitators' numbers."""
    serials = [serial for serial in map(str, range(100, 999)) if serial + check_digit(serial) not in world.clubs][:CLUBS]
    numbers = [number(place) for place in range(CLUBS)]
    people = [{"number": one, "number_index": blind(one), "language": "fr", "created_at": now} for one in numbers]
    shared = {"declared_women": 15, "declared_men": 10, "declared_youth": 5, "weekday": now.weekday(), "created_at": now}
    person = {"role": Role.FACILITATOR, "sex": Sex.MAN, "age_band": AgeBand.ADULT, "preferred": Preferred.SMS, "joined_at": now}
    with database.writing() as session:
        village = {"kind": ClubKind.CLUB, "village_id": world.villages[0]}
        session.execute(insert(Club), [{"code": one + check_digit(one), **village, **shared} for one in serials])
        session.execute(insert(Contact), people)
        codes = [one + check_digit(one) for one in serials]
        homes = list(session.scalars(select(Club.id).where(Club.code.in_(codes)).order_by(Club.id)))
        phones = list(session.scalars(select(Contact.id).where(Contact.number_index.in_([blind(one) for one in numbers]))))
        rows = [
            {"club_id": home, "contact_id": phone, "name": "Animateur", **person}
            for home, phone in zip(homes, sorted(phones), strict=True)
        ]
        session.execute(insert(Member), rows)
        members = session.execute(select(Member.id, Member.club_id).where(Member.club_id.in_(homes)))
        session.execute(insert(Post), [{"member_id": id_, "club_id": home, "since": date(2026, 1, 1)} for id_, home in members])
    return numbers


def measure(database: Database, fleet: Fleet, world: World, folder: Path) -> list[tuple[str, float]]:
    """(what, a second): taken, taken and answered, and the bare floor."""
    numbers = clubs(database, world, datetime.now(UTC))
    forms = [
        {"id": f"in-{place}", "from": numbers[place % CLUBS], "text": f"CR {THEMES[place // CLUBS]} 18 7 9 1"}
        for place in range(REPORTS)
    ]
    server, port = fleet.serve(factory="wsgi:serve")
    began = time.perf_counter()
    taken = connections.send(port, [[connections.written(f"/hooks/{world.token}/sms", form)] for form in forms])
    wait_until(lambda: not _unhandled(database), seconds=PATIENCE, every=0.5)
    answered = time.perf_counter() - began
    fleet.kill_server(server)
    return [
        ("reports taken over HTTP", REPORTS / taken),
        ("reports taken, judged and answered", REPORTS / answered),
        ("bare Flask, one row a request", REPORTS / floor(database, fleet, folder, forms)),
    ]


def floor(database: Database, fleet: Fleet, folder: Path, forms: list[dict[str, str]]) -> float:
    """Seconds a server needs that stores one row for each of these forms, and does nothing else."""
    url = f"sqlite:///{folder}/bare.db" if database.sqlite else fleet.url
    bare.prepare(url)
    fleet.settings = {"BARE_URL": url}
    server, port = fleet.serve(factory="tests.bench.bare:app")
    seconds = connections.send(port, [[connections.written("/sms", form)] for form in forms])
    fleet.kill_server(server)
    return seconds


def _unhandled(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).where(Message.state == MessageState.RECEIVED)) or 0
