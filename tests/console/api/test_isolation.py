"""A token of Sory's village reads nothing of Awa's club: no operation of the API's own document shows a row of it or finds it.

The walk covers each operation that the document has; a new one is refused to such a token until it says that it obeys villages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.api.frame import by_village
from console.api.tokens import OF_THE_PROGRAMME, Scope, make
from runtime.database import Database
from tests import awas
from tests.world import World

SCOPES = frozenset(Scope) - OF_THE_PROGRAMME
# Which of tests/awas.py's rows an operation finds by its id.
FOUND = {
    "api.get_villages": ("village",),
    "api.get_clubs": ("club",),
    "api.get_members": ("member", "facilitator"),
    "api.get_contacts": ("contact",),
    "api.get_messages": ("message", "unread"),
    "api.get_calls": ("call",),
    "api.get_inquiries": ("inquiry", "complaint", "spoken"),
    "api.get_reports": ("report", "draft"),
    "api.get_answers": ("answer",),
}
ROWS = ("club", "village", "contact", "member", "message", "number", "report")
Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(client: FlaskClient, database: Database) -> Ask:
    """`ask(villages, method, path, …)` with a token of these villages, of all for None."""
    tokens: dict[frozenset[int] | None, str] = {}

    def asked(villages: frozenset[int] | None, method: str, path: str, **more: Any) -> TestResponse:
        if villages not in tokens:
            with database.writing() as session:
                scopes = SCOPES if villages is not None else frozenset(Scope)
                tokens[villages] = make(session, f"jeton {len(tokens)}", scopes, datetime.now(UTC), None, villages)
        headers = {"Authorization": f"Bearer {tokens[villages]}"}
        return client.open(f"/api/v1{path}" if not path.startswith("/api") else path, method=method, headers=headers, **more)

    return asked


@pytest.fixture(autouse=True)
def _patient(app: Any, settings: Any) -> None:
    """The walk asks more often in a minute than a token may."""
    exchange = app.extensions["lamen"]
    object.__setattr__(exchange, "settings", settings.model_copy(update={"api_requests_per_minute": 100_000}))


@dataclass(frozen=True)
class Operation:
    """One of the document's: `names` are those of its query's parameters."""

    path: str
    method: str
    names: tuple[str, ...]
    endpoint: str

    @property
    def lists(self) -> bool:
        """Whether it gives a list that can be filtered."""
        return self.method == "GET" and "{" not in self.path


@pytest.fixture
def operations(client: FlaskClient) -> list[Operation]:
    """Everything that the API says it can do."""
    found = []
    for path, methods in client.get("/api/v1/openapi.json").get_json()["paths"].items():
        for method, one in methods.items():
            names = tuple(item["name"] for item in one.get("parameters", ()) if item["in"] == "query")
            found.append(Operation(path, method.upper(), names, f"api.{one['operationId']}"))
    return found


def read(ask: Ask, operations: list[Operation], villages: frozenset[int]) -> dict[str, str]:
    """What each list says."""
    return {one.path: ask(villages, "GET", one.path).get_data(as_text=True) for one in operations if one.lists}


def test_no_list_changes_when_another_villages_club_comes_with_all_it_has(
    ask: Ask, operations: list[Operation], database: Database, world: World, now: datetime
) -> None:
    sorys = frozenset({world.villages[1]})
    before = read(ask, operations, sorys)
    assert '"2043"' in before["/api/v1/clubs"]
    awas.add(database, world, now)
    assert read(ask, operations, sorys) == before


def test_no_parameter_shows_anything_of_the_club(
    ask: Ask, operations: list[Operation], database: Database, world: World, now: datetime
) -> None:
    ids = awas.add(database, world, now)
    sorys = frozenset({world.villages[1]})
    values = {str(ids[name]) for name in ROWS} | {awas.CODE, f"in-{awas.MARK}", "true"}
    found = {}
    for one in (one for one in operations if one.lists):
        for name in one.names:
            for value in values:
                answer = ask(sorys, "GET", one.path, query_string={name: value})
                if answer.status_code >= 500 or awas.leaks(answer.get_data(as_text=True).replace(value, "")):
                    found[one.path, name, value] = answer.status_code
    assert found == {}


def test_no_row_of_the_club_is_found_by_its_id(
    ask: Ask, operations: list[Operation], database: Database, world: World, now: datetime
) -> None:
    ids = awas.add(database, world, now)
    single = {one.endpoint: one.path for one in operations if "{" in one.path and one.endpoint in by_village}
    assert set(single) == set(FOUND), "name in FOUND the row of tests/awas.py that these operations find"
    for endpoint, path in single.items():
        for name in FOUND[endpoint]:
            here = path.replace("{id}", str(ids[name]))
            assert ask(None, "GET", here).status_code == 200, here
            assert ask(frozenset({ids["village"]}), "GET", here).status_code == 200, here
            assert ask(frozenset({world.villages[1]}), "GET", here).status_code == 404, here


def test_the_clubs_number_is_not_found(ask: Ask, database: Database, world: World, now: datetime) -> None:
    awas.add(database, world, now)
    asked = {"json": {"number": awas.NUMBER}}
    assert len(ask(None, "POST", "/contacts/find", **asked).get_json()["items"]) == 1
    assert ask(frozenset({world.villages[1]}), "POST", "/contacts/find", **asked).get_json()["items"] == []


def test_what_speaks_of_the_whole_programme_is_refused_to_a_token_of_some_villages(
    ask: Ask, operations: list[Operation], database: Database, world: World
) -> None:
    sorys = frozenset({world.villages[1]})
    whole = [one for one in operations if one.endpoint not in by_village]
    refused = {
        one.path: ask(sorys, one.method, one.path.replace("{id}", "1"), json={} if one.method == "POST" else None).status_code
        for one in whole
    }
    assert set(refused.values()) == {403}
    for scope in OF_THE_PROGRAMME:
        with database.writing() as session, pytest.raises(ValueError, match="programme"):
            make(session, f"trop {scope}", frozenset({scope}), datetime.now(UTC), None, sorys)
