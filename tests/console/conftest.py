"""A signed-in browser for each role, and forms sent as the pages would send them."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.credentials import add_staff, make_link
from console.staff import RoleName, give_villages
from runtime.database import Database

_CSRF: WeakKeyDictionary[FlaskClient, str] = WeakKeyDictionary()
SignedIn = Callable[..., FlaskClient]


def send(browser: FlaskClient, address: str, fields: Mapping[str, Any] | None = None, *, once: str | None = None) -> TestResponse:
    """POST a form as a page would: with its CSRF token and a one-time token, new unless given."""
    if browser not in _CSRF:  # one token serves as long as the browser keeps its cookie
        found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/aide").get_data(as_text=True))
        assert found is not None
        _CSRF[browser] = found[1]
    hidden = {"csrf_token": _CSRF[browser], "_once": once or secrets.token_urlsafe(18)}
    return browser.post(address, data={**hidden, **(fields or {})})


@pytest.fixture
def post() -> Callable[..., TestResponse]:
    """`post(browser, address, fields)`."""
    return send


@pytest.fixture
def signed_in(app: Flask, database: Database) -> SignedIn:
    """`signed_in(RoleName.COMMUNICATION, …, name="fanta", villages={1})`: a browser where that person signed in by a link."""
    return signing_in(app, database)


def signing_in(app: Flask, database: Database) -> SignedIn:
    """What `signed_in` gives, for an application of the test's own."""

    def sign_in(*roles: RoleName, name: str | None = None, villages: frozenset[int] = frozenset()) -> FlaskClient:
        browser, wall = app.test_client(), datetime.now(UTC)
        with database.writing() as session:
            person = add_staff(session, name or f"p{secrets.token_hex(4)}", "Fanta", set(roles), wall)
            give_villages(session, person.id, villages)
            token = make_link(session, person, wall)
        assert send(browser, f"/entrer/{token}").status_code == 303
        return browser

    return sign_in
