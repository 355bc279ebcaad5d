"""Many people for the tests that need weight: a club of thousands, each with a telephone and a consent, written in bulk.

Their numbers end in 0, so that none means anything to the simulator.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from campaigns.filters import Filter
from clubs.grammar.damm import check_digit
from clubs.models import AgeBand, Club, ClubKind, Member, Preferred, Role, Sex
from messaging.models import Broadcast, BroadcastState, Channel, Consent, Contact, Purpose, Route
from runtime.crypto import blind
from runtime.database import Database
from tests.world import World

FIRST = 2_000_000
CODE = "406" + check_digit("406")
FAST = 1_000_000  # parts a minute: the pace of a real channel is not what these tests measure


def number(place: int) -> str:
    """The telephone of the person at this place of the crowd."""
    return f"+2230{FIRST + place * 10:07}"


def gather(database: Database, world: World, count: int, now: datetime) -> Sequence[str]:
    """Add a club of `count` consenting members; their numbers."""
    numbers = [number(place) for place in range(count)]
    with database.writing() as session:
        club = Club(
            code=CODE,
            kind=ClubKind.CLUB,
            village_id=world.villages[1],
            declared_women=count,
            declared_men=0,
            declared_youth=0,
            weekday=2,
            created_at=now,
        )
        session.add(club)
        session.flush()
        session.execute(
            insert(Contact),
            [{"number": one, "number_index": blind(one), "language": "fr", "created_at": now} for one in numbers],
        )
        first = session.scalar(select(Contact.id).where(Contact.number_index == blind(numbers[0]))) or 0
        ids = range(first, first + count)
        session.execute(
            insert(Consent),
            [
                {"contact_id": id_, "purpose": Purpose.PUSH, "via": "register", "script_version": "1", "given_at": now}
                for id_ in ids
            ],
        )
        shared = {
            "club_id": club.id,
            "name": "Membre",
            "role": Role.MEMBER,
            "sex": Sex.WOMAN,
            "age_band": AgeBand.ADULT,
            "preferred": Preferred.SMS,
            "joined_at": now,
        }
        session.execute(insert(Member), [{**shared, "contact_id": id_} for id_ in ids])
    return numbers


def channel(database: Database, world: World, in_flight: int, settings: str = "{}") -> None:
    """Let the world's channel send as fast as its gateway takes, so many requests at once."""
    with database.writing() as session:
        row = session.get_one(Channel, world.channel)
        row.in_flight, row.parts_per_minute, row.settings = in_flight, FAST, settings


def broadcast(database: Database, world: World, now: datetime, state: BroadcastState = BroadcastState.RUNNING) -> int:
    """A broadcast of the world's first message to the whole crowd, due now, at any hour; its id."""
    with database.writing() as session:
        club = session.scalars(select(Club.id).where(Club.code == CODE)).one()
        wanted = Filter(clubs=(club,), one_phone_per_club=False)
        row = Broadcast(
            title="Eau propre",
            content_id=world.contents["eau-propre"],
            route=Route.SMS,
            audience=wanted.to_json(),
            state=state,
            due_at=now,
            not_before=now,
            expires_at=now + timedelta(days=2),
            quiet_hours=False,
            cursor=0,
            created_at=now,
        )
        session.add(row)
        session.flush()
        return row.id
