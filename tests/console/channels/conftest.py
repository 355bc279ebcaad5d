"""An administrator of an installation that is no simulation, with one gateway more than there is."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.staff import RoleName
from runtime.database import Database
from tests.console.channels.pigeon import GIVEN, LIST, Pigeon
from tests.console.conftest import SignedIn, send
from tests.world import World, opened


@pytest.fixture
def pigeon(app: Flask) -> Pigeon:
    """The gateway, among those of this installation."""
    found, exchange = Pigeon(), app.extensions["lamen"]
    app.extensions["lamen"] = replace(exchange, gateways={**exchange.gateways, "pigeon": found})
    return found


@pytest.fixture
def admin(signed_in: SignedIn, database: Database, world: World, pigeon: Pigeon) -> FlaskClient:
    """An administrator of an installation that is no simulation."""
    found = signed_in(RoleName.ADMINISTRATION)
    with database.writing() as session:
        opened(session)
    return found


@pytest.fixture
def channel(admin: FlaskClient, database: Database) -> int:
    """A channel of the pigeon, added by its form."""
    answer = send(admin, f"{LIST}/nouveau/pigeon", {**GIVEN, "languages": ["bm", "fr"], "operators": "orange"})
    assert answer.status_code == 303, answer.text
    return int(answer.location.rpartition("/")[2])
