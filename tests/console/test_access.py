"""Every route, each role and nobody: nothing opens that was not declared for that role."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from console.access import ANYBODY, EVERYONE, Pages, declared, outside
from console.frame import found
from console.staff import RoleName
from runtime.database import Database
from runtime.settings import Settings
from runtime.work import Immediate
from tests.console.conftest import SignedIn, send, signing_in
from wsgi import create_app

# Arguments of routes by their name; any row will do, since a refused role must not even reach it.
EXAMPLE: dict[str, Any] = {"code": "fr", "token": "x" * 32, "name": "look", "kind": "sms"}


def routes(app: Flask) -> Iterator[tuple[Rule, str, frozenset[RoleName]]]:
    """Each route of the console with a method and its roles."""
    for rule in app.url_map.iter_rules():
        if outside(rule.rule, rule.endpoint) or rule.endpoint.startswith("security."):
            continue
        roles = declared(app.view_functions[rule.endpoint])
        assert roles is not None, f"{rule.endpoint} declares no roles"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, roles


def address(rule: Rule) -> str:
    """An address of the route."""
    return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found: str(EXAMPLE.get(found[1], 1)), rule.rule)


def ask(browser: FlaskClient, method: str, path: str) -> int:
    """The status of the answer."""
    return (browser.get(path) if method == "GET" else send(browser, path)).status_code


def test_every_route_declares_its_roles(app: Flask) -> None:
    assert len(list(routes(app))) > 20


def test_a_route_without_roles_is_refused(settings: Settings, database: Database) -> None:
    app = create_app(settings, database=database, work=Immediate())
    app.add_url_rule("/oubliee", "oubliee", lambda: "secret")
    browser = signing_in(app, database)(RoleName.ADMINISTRATION)
    assert browser.get("/oubliee").status_code == 403


def test_nobody_opens_nothing_but_the_pages_for_anybody(app: Flask, client: FlaskClient) -> None:
    wrong = [
        (method, rule.rule)
        for rule, method, roles in routes(app)
        if roles != ANYBODY and ask(client, method, address(rule)) not in (302, 401)
    ]
    assert wrong == []


@pytest.mark.parametrize("role", RoleName, ids=str)
def test_a_role_opens_only_what_is_declared_for_it(app: Flask, signed_in: SignedIn, role: RoleName) -> None:
    browser = signed_in(role)
    wrong = [
        (method, rule.rule)
        for rule, method, roles in routes(app)
        if roles and role not in roles and ask(browser, method, address(rule)) != 403
    ]
    assert wrong == []


@pytest.mark.parametrize("role", RoleName, ids=str)
def test_each_page_in_the_way_round_opens(app: Flask, signed_in: SignedIn, world: object, role: RoleName) -> None:
    browser = signed_in(role)
    page = browser.get("/").text
    links = set(re.findall(r'<li><a href="(/[^"]*)"', page))
    assert links
    assert {link: browser.get(link).status_code for link in links if browser.get(link).status_code != 200} == {}


def test_a_form_sent_by_another_site_is_refused(signed_in: SignedIn) -> None:
    browser = signed_in(RoleName.ADMINISTRATION)
    assert browser.post("/tout-arreter", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get("/reglages", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}).status_code == 403
    assert browser.get("/reglages", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200


def test_a_form_without_its_tokens_is_refused(signed_in: SignedIn) -> None:
    browser = signed_in(RoleName.ADMINISTRATION)
    assert browser.post("/tout-arreter").status_code == 400
    assert send(browser, "/tout-arreter", {"_once": ""}).status_code == 400


def test_pages_are_found_and_say_what_they_are_for() -> None:
    blueprints = found()
    assert {"home", "help", "account", "settings", "users", "channels"} <= {blueprint.name for blueprint in blueprints}
    assert all(isinstance(blueprint, Pages) for blueprint in blueprints)


def test_every_role_may_read_the_help(app: Flask) -> None:
    assert declared(app.view_functions["help.index"]) == ANYBODY
    assert declared(app.view_functions["home.index"]) == EVERYONE


@pytest.mark.parametrize("role", RoleName, ids=str)
def test_the_way_round_shows_a_page_only_to_those_who_work_there(signed_in: SignedIn, role: RoleName) -> None:
    links = set(re.findall(r'<li><a href="(/[^"]*)"', signed_in(role).get("/aide").text))
    assert ("/cloture" in links) == (role is RoleName.SUIVI)
    assert ("/suivi" in links) == (role in (RoleName.COMMUNICATION, RoleName.TERRAIN))
