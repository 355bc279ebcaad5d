"""Forms act once, keep what was typed, and say errors twice."""

import re
import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from console.forms import Page, Typed
from console.once import own_page
from console.staff import Draft, RoleName, Staff, StaffSession
from messaging.models import Channel
from runtime.database import Database
from runtime.installation import Installation
from tests.console.conftest import SignedIn, send

ADMIN = RoleName.ADMINISTRATION
CHANNEL = {"name": "Essai", "number": "36085", "kinds": "sms"}
ADD = "/reglages/canaux/nouveau/simulator"


def test_a_form_sent_twice_acts_once_and_leads_to_the_same_place(signed_in: SignedIn, database: Database) -> None:
    browser, once = signed_in(ADMIN), secrets.token_urlsafe(18)
    first = send(browser, "/reglages/utilisateurs/nouveau", {"username": "awa", "name": "Awa", "roles": "langue"}, once=once)
    again = send(browser, "/reglages/utilisateurs/nouveau", {"username": "awa2", "name": "Awa", "roles": "langue"}, once=once)
    assert (first.status_code, again.status_code) == (303, 302)
    assert first.location == again.location == "/reglages/utilisateurs"
    with database.reading() as session:
        assert session.query(Staff).filter(Staff.username.like("awa%")).count() == 1


def test_a_refused_form_may_be_sent_again_with_its_token(signed_in: SignedIn) -> None:
    browser, once = signed_in(ADMIN), secrets.token_urlsafe(18)
    assert send(browser, "/reglages/utilisateurs/nouveau", {"username": ""}, once=once).status_code == 422
    spaced = send(browser, "/reglages/utilisateurs/nouveau", {"username": "moussa keita", "name": "Moussa"}, once=once)
    assert "Ce nom a un espace." in spaced.text
    good = {"username": "awa", "name": "Awa", "roles": "langue"}
    assert send(browser, "/reglages/utilisateurs/nouveau", good, once=once).status_code == 303


def test_an_error_stands_on_top_and_at_its_field_and_what_was_typed_stays(signed_in: SignedIn) -> None:
    page = send(signed_in(ADMIN), ADD, {"name": "Orange"}).text
    assert '<a href="#number">Écrivez le numéro que les gens verront.</a>' in page
    assert re.search(r'id="number-error" class="error">Écrivez le numéro', page)
    assert 'value="Orange"' in page


def test_a_form_sent_after_the_session_ended_comes_back_with_its_text(
    signed_in: SignedIn, database: Database, app: Flask
) -> None:
    browser = signed_in(ADMIN, name="fanta")
    with database.writing() as session:
        session.query(StaffSession).update({"seen_at": datetime.now(UTC) - timedelta(hours=1)})
    fields = {"_draft": "campaign-new", "_page": "/campagnes/nouvelle", "name": "Eau propre", "password": "x"}
    answer = send(browser, ADD, fields)
    assert answer.location == "/connexion?next=/campagnes/nouvelle"
    with database.reading() as session:
        kept = session.query(Draft).one()
        assert (kept.form, kept.fields) == ("campaign-new", {"name": ["Eau propre"]})


def test_typing_is_kept_and_can_be_begun_again(signed_in: SignedIn, database: Database) -> None:
    browser = signed_in(ADMIN)
    for words in ("Eau", "Eau propre"):
        assert send(browser, "/brouillon", {"_draft": "editor-3", "text": words}).status_code == 204
    with database.reading() as session:
        assert [row.fields for row in session.query(Draft)] == [{"text": ["Eau propre"]}]
    send(browser, "/brouillon", {"_draft": "editor-3", "_forget": "1"})
    with database.reading() as session:
        assert session.query(Draft).count() == 0


def test_stop_all_and_start_again(signed_in: SignedIn, database: Database, world: object) -> None:
    browser = signed_in(RoleName.COMMUNICATION)
    assert send(browser, "/tout-arreter").status_code == 303
    assert "Les envois sont arrêtés depuis" in browser.get("/").text
    with database.reading() as session:
        assert session.get_one(Installation, 1).stopped_at is not None
    assert send(browser, "/reprendre").status_code == 303
    assert "Les envois sont arrêtés depuis" not in browser.get("/").text


def test_the_last_administrator_can_be_neither_disabled_nor_stripped(signed_in: SignedIn, database: Database) -> None:
    browser = signed_in(ADMIN)
    with database.reading() as session:
        me = session.query(Staff).one().id
    send(browser, f"/reglages/utilisateurs/{me}/acces")
    assert send(browser, f"/reglages/utilisateurs/{me}", {"name": "A", "roles": "langue"}).status_code == 422
    with database.reading() as session:
        staff = session.get_one(Staff, me)
        assert staff.active
        assert [role.name for role in staff.roles] == ["administration"]


def test_a_channels_addresses_are_shown_once(signed_in: SignedIn, database: Database, world: object) -> None:
    browser = signed_in(ADMIN)
    assert send(browser, ADD, CHANNEL).status_code == 303
    with database.reading() as session:
        channel = session.query(Channel).filter_by(name="Essai").one()
    assert f"/hooks/{channel.token}/sms" in browser.get(f"/reglages/canaux/{channel.id}").text
    assert channel.token not in browser.get(f"/reglages/canaux/{channel.id}").text
    send(browser, f"/reglages/canaux/{channel.id}/jeton")
    with database.reading() as session:
        assert session.get_one(Channel, channel.id).token != channel.token


def test_a_users_link_is_shown_once_and_signs_in(signed_in: SignedIn, app: Flask) -> None:
    browser = signed_in(ADMIN)
    send(browser, "/reglages/utilisateurs/nouveau", {"username": "sory", "name": "Sory", "roles": "terrain"})
    found = re.search(r"/entrer/([\w-]+)", browser.get("/reglages/utilisateurs").text)
    assert found is not None
    assert found[1] not in browser.get("/reglages/utilisateurs").text
    sory = app.test_client()
    assert send(sory, f"/entrer/{found[1]}").status_code == 303
    assert sory.get("/").status_code == 200


@pytest.mark.parametrize(
    ("asked", "led"),
    [("/compte", "/compte"), ("//mechant.example", "/"), ("https://mechant.example/", "/"), ("/\\mechant", "/"), ("", "/")],
    ids=["own page", "two slashes", "another site", "backslash", "nothing"],
)
def test_nobody_is_led_to_another_site(asked: str, led: str) -> None:
    assert own_page(asked) == led


def test_fields_are_read_as_people_write_them(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"n": "12 500", "d": "21/11/2026", "m": "2026-11-21T08:00", "x": "-3"}):
        form = Typed.sent_or()
        assert form.whole("n") == 12500
        assert form.day("d") == date(2026, 11, 21)
        assert form.moment("m") == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
        assert form.errors == {}
        form.whole("x")
        form.text("absent", needed="Il faut ceci.")
        assert form.errors["absent"] == "Il faut ceci."
        assert "nombre entier" in form.errors["x"]


@pytest.mark.parametrize(("asked", "number"), [("3", 3), ("99", 3), ("0", 1), ("x", 1)], ids=str)
def test_pages_stay_within_the_list(app: Flask, asked: str, number: int) -> None:
    with app.test_request_context(f"/?page={asked}"):
        assert Page.asked(120) == Page(number, 120)
