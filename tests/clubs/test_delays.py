"""How fast questions are answered: what counts as one, what as late."""

from datetime import datetime, timedelta

import pytest

from clubs.delays import Answering, answering
from clubs.inbox import of
from clubs.records import Inquiry, InquiryKind, InquiryState
from runtime.database import Database
from tests.world import World

K, S = InquiryKind, InquiryState
HOUR = timedelta(hours=1)


def ask(
    database: Database,
    world: World,
    at: datetime,
    kind: InquiryKind,
    state: InquiryState,
    hours: float | None = None,
    club: str = "1032",
) -> None:
    with database.writing() as session:
        number = session.query(Inquiry).count() + 1
        row = Inquiry(number=number, kind=kind, state=state, received_at=at, due_at=at + 48 * HOUR, club_id=world.clubs[club])
        row.answered_at = None if hours is None else at + hours * HOUR
        session.add(row)


@pytest.fixture
def begun(now: datetime) -> datetime:
    return now - timedelta(days=10)


def counted(database: Database, begun: datetime, now: datetime, villages: frozenset[int] | None = None) -> Answering:
    with database.reading() as session:
        return answering(session, begun, now, now, of(villages))


def test_answers_are_counted_with_their_median_delay(database: Database, world: World, begun: datetime, now: datetime) -> None:
    for hours in (2, 30, 100):
        ask(database, world, begun, K.NUTRITION, S.ANSWERED, hours)
    ask(database, world, begun, K.COMPLAINT, S.OPEN)
    ask(database, world, now - HOUR, K.UNSORTED, S.OPEN)
    found = counted(database, begun, now)
    assert found == Answering(received=5, answered=3, open=2, overdue=1, hours=132.0, median_hours=30.0)
    assert found.percent == 60


@pytest.mark.parametrize(
    ("kind", "state", "counts"),
    [
        pytest.param(K.PROTECTION, S.OPEN, 0, id="a disclosure is counted nowhere"),
        pytest.param(K.UNSORTED, S.CLOSED, 0, id="a greeting put away was no question"),
        pytest.param(K.NUTRITION, S.CLOSED, 1, id="a question put away was received and not answered"),
        pytest.param(K.TESTIMONY, S.PASSED_ON, 1, id="one passed on is not answered yet"),
    ],
)
def test_what_counts_as_received(
    database: Database, world: World, begun: datetime, now: datetime, kind: InquiryKind, state: InquiryState, counts: int
) -> None:
    ask(database, world, begun, kind, state)
    found = counted(database, begun, now)
    assert (found.received, found.answered) == (counts, 0)


def test_a_period_and_its_villages_bound_the_count(database: Database, world: World, begun: datetime, now: datetime) -> None:
    ask(database, world, begun - HOUR, K.NUTRITION, S.OPEN)
    ask(database, world, begun, K.NUTRITION, S.OPEN, club="2043")
    assert counted(database, begun, now).received == 1
    assert counted(database, begun, now, frozenset({world.villages[0]})).received == 0
    assert counted(database, begun, now, frozenset({world.villages[1]})).received == 1
    assert counted(database, now, now) == Answering(0, 0, 0, 0, 0, None)
    assert counted(database, now, now).percent is None
