"""The second factor: asked of Administration and Validation where messages really leave, of others when they chose it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from passlib.totp import TOTP  # type: ignore[import-untyped]  # publishes no types

from console.credentials import add_staff, make_link, set_password
from console.staff import RoleName, Staff
from runtime.database import Database
from runtime.installation import installation
from tests.console.conftest import send

PASSWORD = "quatre mots sans lien"
SetUp = Callable[[RoleName, bool], FlaskClient]


@pytest.fixture
def arrive(app: Flask, database: Database) -> SetUp:
    """A browser that just used a sign-in link."""

    def with_link(role: RoleName, simulation: bool) -> FlaskClient:
        with app.app_context(), database.writing() as session:
            installation(session).simulation = simulation
            staff = add_staff(session, "fanta", "Fanta", {role}, datetime.now(UTC))
            set_password(session, staff, PASSWORD, datetime.now(UTC))
            token = make_link(session, staff, datetime.now(UTC))
        browser = app.test_client()
        send(browser, f"/entrer/{token}")
        return browser

    return with_link


def code(key: str, later: int = 0) -> str:
    """What the person's telephone shows now, or `later` seconds from now."""
    return str(TOTP(key=key.replace("-", ""), format="base32").generate(time=time.time() + later).token)


@pytest.mark.parametrize(
    ("role", "simulation", "asked"),
    [
        (RoleName.ADMINISTRATION, False, True),
        (RoleName.VALIDATION, False, True),
        (RoleName.COMMUNICATION, False, False),
        (RoleName.ADMINISTRATION, True, False),
    ],
    ids=["administration", "validation", "communication", "a simulation"],
)
def test_two_roles_must_set_it_up_where_messages_really_leave(
    arrive: SetUp, role: RoleName, simulation: bool, asked: bool
) -> None:
    browser = arrive(role, simulation)
    assert (browser.get("/compte").status_code == 302) is asked


def test_it_is_set_up_at_sign_in_and_asked_for_ever_after(app: Flask, arrive: SetUp, database: Database) -> None:
    browser = arrive(RoleName.ADMINISTRATION, False)
    page = send(browser, "/connexion/code/installer", {"setup": "authenticator"}).text
    found = re.search(r"<code>([A-Z2-7-]+)</code>", page)
    assert found is not None
    assert send(browser, "/connexion/code", {"code": "000000"}).status_code == 200
    assert browser.get("/compte").status_code == 302
    assert send(browser, "/connexion/code", {"code": code(found[1])}).status_code == 302
    assert browser.get("/compte").status_code == 200
    with database.reading() as session:
        assert session.query(Staff).one().tf_primary_method == "authenticator"
    again = app.test_client()
    send(again, "/connexion", {"username": "fanta", "password": PASSWORD})
    assert again.get("/compte").status_code == 302
    send(again, "/connexion/code", {"code": code(found[1])})
    assert again.get("/compte").status_code == 302  # seen over a shoulder, it was used already
    send(again, "/connexion/code", {"code": code(found[1], later=30)})
    assert again.get("/compte").status_code == 200


def test_a_wrong_code_while_it_is_installed_keeps_the_key_and_says_what_to_do(arrive: SetUp, database: Database) -> None:
    browser = arrive(RoleName.COMMUNICATION, True)
    page = send(browser, "/connexion/code/installer", {"setup": "authenticator"}).text
    found = re.search(r"<code>([A-Z2-7-]+)</code>", page)
    action = re.search(r'action="(/connexion/code[^"]*)"', page)
    assert found
    assert action
    for _ in range(2):
        refused = send(browser, action[1], {"code": "000000"})
        assert refused.status_code == 200
        assert "attendez le suivant" in refused.text
        assert "reste bonne" in refused.text
    assert send(browser, action[1], {"code": code(found[1])}).location == "/compte"
    with database.reading() as session:
        assert session.query(Staff).one().tf_primary_method == "authenticator"


def test_codes_on_paper_stand_in_for_a_lost_telephone(app: Flask, arrive: SetUp, database: Database) -> None:
    browser = arrive(RoleName.ADMINISTRATION, False)
    page = send(browser, "/connexion/code/installer", {"setup": "authenticator"}).text
    found = re.search(r"<code>([A-Z2-7-]+)</code>", page)
    assert found is not None
    send(browser, "/connexion/code", {"code": code(found[1])})
    page = send(browser, "/connexion/codes-de-secours", {"generate_new_codes": "1"}).text
    paper = re.findall(r"<li><code>([^<]+)</code>", page)
    assert len(paper) == 5
    lost = app.test_client()
    send(lost, "/connexion", {"username": "fanta", "password": PASSWORD})
    send(lost, "/connexion/code-de-secours", {"code": paper[0]})
    assert lost.get("/compte").status_code == 200
    thief = app.test_client()
    send(thief, "/connexion", {"username": "fanta", "password": PASSWORD})
    send(thief, "/connexion/code-de-secours", {"code": paper[0]})
    assert thief.get("/compte").status_code == 302
