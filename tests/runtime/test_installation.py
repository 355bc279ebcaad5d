"""One row says what the installation is; only a simulation's time moves, and only forward."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from runtime.database import Database
from runtime.installation import Installation, InstallationError, advance, business_time, installation


def test_a_new_installation_is_a_simulation_in_the_wall_s_time(database: Database, now: datetime) -> None:
    with database.reading() as session:
        assert business_time(session, now) == now
    with database.writing() as session:
        assert installation(session).simulation
        assert installation(session) is installation(session)
    with database.reading() as session:
        assert session.query(Installation).count() == 1


def test_a_simulation_s_time_adds_up_what_it_was_moved(database: Database, now: datetime) -> None:
    with database.writing() as session:
        advance(session, timedelta(days=1))
        advance(session, timedelta(hours=2))
    with database.reading() as session:
        assert business_time(session, now) == now + timedelta(days=1, hours=2)


def test_time_never_moves_back(database: Database) -> None:
    with pytest.raises(InstallationError), database.writing() as session:
        advance(session, timedelta(seconds=-1))


def test_a_real_installation_s_time_is_not_moved(database: Database) -> None:
    with pytest.raises(InstallationError), database.writing() as session:
        installation(session).simulation = False
        advance(session, timedelta(days=1))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param({"id": 2}, "single", id="a second row"),
        pytest.param({"id": 1, "simulation": False, "offset_seconds": 60}, "real_time", id="a real one with moved time"),
    ],
)
def test_the_database_itself_refuses_a_wrong_installation(database: Database, row: dict[str, int], rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule), database.writing() as session:
        session.add(Installation(**row))
