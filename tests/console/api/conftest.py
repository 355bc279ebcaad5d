"""Callers of the API: `call` asks with a fresh token that has just the scopes a test names."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.api.tokens import Scope, make
from runtime.database import Database

Call = Callable[..., TestResponse]


@pytest.fixture
def token(database: Database) -> Callable[..., str]:
    """Make a token with the given scopes."""
    names = count(1)

    def made(*scopes: Scope) -> str:
        with database.writing() as session:
            return make(session, f"test {next(names)}", frozenset(scopes), datetime.now(UTC), None)

    return made


@pytest.fixture
def call(client: FlaskClient, token: Callable[..., str]) -> Call:
    """GET an address under /api/v1, or POST `body` to it; `scopes` are what the token may do."""

    def asked(path: str, *scopes: Scope, body: Any = None, headers: dict[str, str] | None = None) -> TestResponse:
        sent = {"Authorization": f"Bearer {token(*scopes)}", **(headers or {})}
        if body is None:
            return client.get(f"/api/v1{path}", headers=sent)
        return client.post(f"/api/v1{path}", headers=sent, json=body)

    return asked
