"""A club's weekly hour, as staff set it."""

import pytest

from clubs.models import Club
from console.staff import RoleName
from runtime.database import Database
from tests.console.conftest import SignedIn, send
from tests.world import World


@pytest.mark.parametrize(
    ("typed", "status", "kept"),
    [
        pytest.param({"weekday": "3", "at": "16:30"}, 303, (3, "16:30"), id="a day and an hour"),
        pytest.param({"weekday": "", "at": ""}, 303, (None, None), id="none"),
        pytest.param({"weekday": "3", "at": ""}, 422, (2, "10:00"), id="no hour"),
        pytest.param({"weekday": "", "at": "16:30"}, 422, (2, "10:00"), id="no day"),
        pytest.param({"weekday": "9", "at": "16:30"}, 422, (2, "10:00"), id="no such day"),
        pytest.param({"weekday": "1", "at": "25:00"}, 422, (2, "10:00"), id="no such hour"),
    ],
)
def test_the_hour_is_set_and_taken_back(
    typed: dict[str, str], status: int, kept: tuple[int | None, str | None], signed_in: SignedIn, database: Database, world: World
) -> None:
    number = world.clubs["1032"]
    with database.writing() as session:
        club = session.get_one(Club, number)
        club.talk_weekday, club.talk_at = 2, "10:00"
    fanta = signed_in(RoleName.COMMUNICATION)
    assert "mercredi, 10:00" in fanta.get(f"/clubs/{number}").text
    assert send(fanta, f"/clubs/{number}/paroles", typed).status_code == status
    with database.reading() as session:
        row = session.get_one(Club, number)
        assert (row.talk_weekday, row.talk_at) == kept


def test_another_villages_club_is_not_there(signed_in: SignedIn, world: World) -> None:
    sory = signed_in(RoleName.TERRAIN, villages=frozenset({world.villages[1]}))
    assert sory.get(f"/clubs/{world.clubs['1032']}/paroles").status_code == 404
