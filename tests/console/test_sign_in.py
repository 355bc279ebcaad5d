"""Signing in, staying in, going out."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from console.credentials import add_staff, make_link, set_password
from console.sign_in import count_wrong
from console.staff import RoleName, Staff, StaffSession, WrongSignIn
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.conftest import SignedIn, send

PASSWORD = "quatre mots sans lien"
COMMUNICATION = RoleName.COMMUNICATION


@pytest.fixture
def fanta(app: Flask, database: Database) -> int:
    """Fanta's account, with a password."""
    with app.app_context(), database.writing() as session:
        staff = add_staff(session, "fanta", "Fanta", {COMMUNICATION}, datetime.now(UTC))
        set_password(session, staff, PASSWORD, datetime.now(UTC))
        return staff.id


def test_somebody_unknown_is_led_to_the_sign_in_page_and_back(client: FlaskClient, fanta: int) -> None:
    answer = client.get("/compte?x=1")
    assert answer.status_code == 302
    assert answer.location == "/connexion?next=/compte?x%3D1"
    signed = send(client, "/connexion", {"username": " Fanta ", "password": PASSWORD, "next": "/compte"})
    assert signed.status_code == 302
    assert signed.location == "/compte"
    assert client.get("/compte").status_code == 200


@pytest.mark.parametrize("name", ["fanta", "personne"], ids=["wrong password", "no such account"])
def test_the_same_answer_whether_or_not_the_account_exists(client: FlaskClient, fanta: int, name: str) -> None:
    answer = send(client, "/connexion", {"username": name, "password": "faux faux faux"})
    assert "Le nom ou le mot de passe est faux." in answer.text
    assert client.get("/compte").status_code == 302


def test_the_wait_grows_with_each_wrong_password_and_ends_after_a_right_one(
    client: FlaskClient, fanta: int, database: Database
) -> None:
    for _ in range(4):
        send(client, "/connexion", {"username": "fanta", "password": "faux faux faux"})
    refused = send(client, "/connexion", {"username": "fanta", "password": PASSWORD})
    assert "Trop d'essais" in refused.text.replace("&#39;", "'")
    with database.writing() as session:
        session.get_one(Staff, fanta).refused_until = datetime.now(UTC) - timedelta(seconds=1)
    assert send(client, "/connexion", {"username": "fanta", "password": PASSWORD}).status_code == 302
    with database.reading() as session:
        assert session.get_one(Staff, fanta).failed_sign_ins == 0


@pytest.mark.parametrize("name", ["fanta", "personne"], ids=["a name that exists", "a name nobody has"])
def test_five_wrong_tries_make_every_name_wait(client: FlaskClient, fanta: int, name: str) -> None:
    told = []
    for _ in range(5):
        text = send(client, "/connexion", {"username": name, "password": "faux faux faux"}).text.replace("&#39;", "'")
        told.append("Trop d'essais" in text)
    assert told == [False, False, False, True, True]


def test_wrong_tries_are_forgotten_after_a_day(client: FlaskClient, fanta: int, database: Database) -> None:
    row = Staff(failed_sign_ins=9, refused_until=datetime(2026, 3, 17, tzinfo=UTC))
    count_wrong(row, datetime(2026, 3, 18, 1, tzinfo=UTC))
    assert row.failed_sign_ins == 1
    for at in (datetime.now(UTC) - timedelta(days=2), datetime.now(UTC)):
        with time_machine.travel(at, tick=True):
            send(client, "/connexion", {"username": f"personne-{at.day}", "password": "faux faux faux"})
    with database.reading() as session:
        assert session.query(WrongSignIn).count() == 1


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    staff, now = Staff(failed_sign_ins=0), datetime(2026, 3, 18, tzinfo=UTC)
    waits = []
    for _ in range(14):
        staff.refused_until = None
        count_wrong(staff, now)
        waits.append(int((staff.refused_until - now).total_seconds()) if staff.refused_until else 0)
    assert waits == [0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_link_opened_by_a_preview_still_signs_in_and_then_never_again(app: Flask, database: Database, fanta: int) -> None:
    with database.writing() as session:
        token = make_link(session, session.get_one(Staff, fanta), datetime.now(UTC))
    preview, fanta_browser, thief = app.test_client(), app.test_client(), app.test_client()
    assert preview.get(f"/entrer/{token}").status_code == 200
    assert send(fanta_browser, f"/entrer/{token}").status_code == 303
    assert fanta_browser.get("/compte").status_code == 200
    assert thief.get(f"/entrer/{token}").status_code == 410
    assert send(thief, f"/entrer/{token}").status_code == 410
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="signed_in").count() == 1


def test_a_link_is_dead_after_a_day(app: Flask, database: Database, fanta: int) -> None:
    with database.writing() as session:
        token = make_link(session, session.get_one(Staff, fanta), datetime.now(UTC) - timedelta(hours=25))
    assert app.test_client().get(f"/entrer/{token}").status_code == 410


@pytest.mark.parametrize(
    ("column", "age", "alive"),
    [("seen_at", 29, True), ("seen_at", 31, False), ("began_at", 11 * 60, True), ("began_at", 12 * 60 + 1, False)],
    ids=["29 minutes idle", "31 minutes idle", "eleven hours", "past twelve hours"],
)
def test_a_session_ends_after_half_an_hour_idle_or_twelve_hours(
    signed_in: SignedIn, database: Database, column: str, age: int, alive: bool
) -> None:
    browser = signed_in(COMMUNICATION)
    with database.writing() as session:
        session.query(StaffSession).update({column: datetime.now(UTC) - timedelta(minutes=age)})
    assert browser.get("/compte").status_code == (200 if alive else 302)


def test_a_disabled_account_is_out_at_once(signed_in: SignedIn, database: Database) -> None:
    browser = signed_in(COMMUNICATION)
    with database.writing() as session:
        session.query(Staff).update({"active": False})
    assert browser.get("/compte").status_code == 302


def test_signing_out_ends_it_for_a_copied_cookie_too(app: Flask, signed_in: SignedIn) -> None:
    browser, thief = signed_in(COMMUNICATION), app.test_client()
    cookie = browser.get_cookie("lamen")
    assert cookie is not None
    thief.set_cookie("lamen", cookie.value)
    assert thief.get("/compte").status_code == 200
    send(browser, "/deconnexion")
    assert browser.get("/compte").status_code == 302
    assert thief.get("/compte").status_code == 302


def test_a_new_password_closes_the_other_sessions(app: Flask, signed_in: SignedIn, database: Database) -> None:
    browser = signed_in(COMMUNICATION, name="fanta")
    with database.writing() as session:
        token = make_link(session, session.query(Staff).one(), datetime.now(UTC))
    other = app.test_client()
    send(other, f"/entrer/{token}")
    assert other.get("/compte").status_code == 200
    assert send(browser, "/compte/mot-de-passe", {"new_password": "court"}).status_code == 422
    assert send(browser, "/compte/mot-de-passe", {"new_password": PASSWORD}).status_code == 303
    assert browser.get("/compte").status_code == 200
    assert other.get("/compte").status_code == 302


def test_pages_of_somebody_signed_in_are_not_stored(signed_in: SignedIn) -> None:
    assert "no-store" in signed_in(COMMUNICATION).get("/aide").headers["Cache-Control"]


def test_moving_the_wall_clock_is_what_ends_a_session(signed_in: SignedIn) -> None:
    with time_machine.travel(datetime(2026, 3, 18, 10, 0, tzinfo=UTC)) as clock:
        browser = signed_in(COMMUNICATION)
        clock.shift(timedelta(minutes=20))
        assert browser.get("/compte").status_code == 200
        clock.shift(timedelta(minutes=20))
        assert browser.get("/compte").status_code == 200  # the page before kept it alive
        clock.shift(timedelta(minutes=31))
        assert browser.get("/compte").status_code == 302


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (None, "Votre session a pris fin."),
        ({"_draft": "campaign-new", "_page": "/campagnes/nouvelle", "name": "Eau"}, "Ce que vous aviez écrit est gardé"),
        ({"_page": "/campagnes/nouvelle", "name": "Eau"}, "Ce que vous veniez d'envoyer n'a pas été enregistré."),
    ],
    ids=["a page", "a form that keeps drafts", "another form"],
)
def test_the_sign_in_page_says_that_the_session_ended_and_what_became_of_the_words(
    signed_in: SignedIn, database: Database, fields: dict[str, str] | None, told: str
) -> None:
    browser = signed_in(COMMUNICATION)
    with database.writing() as session:
        session.query(StaffSession).update({"seen_at": datetime.now(UTC) - timedelta(hours=1)})
    answer = browser.get("/campagnes/nouvelle") if fields is None else send(browser, "/campagnes/nouvelle", fields)
    page = browser.get(str(answer.location)).text.replace("&#39;", "'")
    assert answer.location == "/connexion?next=/campagnes/nouvelle"
    assert "Votre session a pris fin." in page
    assert told in page


def test_whoever_comes_first_is_told_of_no_session(client: FlaskClient) -> None:
    assert "Votre session" not in client.get("/connexion").text
