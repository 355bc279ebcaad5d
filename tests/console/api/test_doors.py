"""Who gets in, how often, and what everybody else is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.api.frame import scopes_of
from console.api.problems import ApiError
from console.api.tokens import Scope, admit, make, revoke
from console.staff import ApiToken
from runtime.crypto import blind
from runtime.database import Database
from tests.console.api.conftest import Call
from tests.world import World

NOW = datetime(2026, 3, 18, 10, tzinfo=UTC)
PROBLEM = "application/problem+json"


def test_only_the_blind_index_of_a_token_is_kept(database: Database) -> None:
    with database.writing() as session:
        token = make(session, "district", frozenset({Scope.CLUBS}), NOW, None)
    with database.reading() as session:
        row = session.query(ApiToken).one()
        assert row.token_index == blind(token)
        stored = [str(getattr(row, column.name)) for column in ApiToken.__table__.columns]
    assert not any(token in value for value in stored)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        pytest.param(None, "A bearer token is needed.", id="none"),
        pytest.param("Basic abc", "A bearer token is needed.", id="another kind"),
        pytest.param("Bearer ", "A bearer token is needed.", id="empty"),
        pytest.param("Bearer lamen_wrong", "This token is unknown, revoked or expired.", id="unknown"),
    ],
)
def test_without_a_living_token_the_door_stays_shut(client: FlaskClient, header: str | None, why: str) -> None:
    response = client.get("/api/v1/clubs", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.content_type == PROBLEM
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json is not None
    assert response.json["detail"] == why


def test_an_expired_token_and_a_revoked_one_are_refused(database: Database) -> None:
    with database.writing() as session:
        short = make(session, "short", frozenset({Scope.CLUBS}), NOW, timedelta(days=1))
        ended = make(session, "ended", frozenset({Scope.CLUBS}), NOW, None)
        assert admit(session, f"Bearer {short}", NOW + timedelta(hours=23), 5).scopes == {Scope.CLUBS}
        assert admit(session, f"Bearer {ended}", NOW, 5).uses_left == 4
        assert revoke(session, "ended", NOW)
        assert not revoke(session, "ended", NOW)
        for token, at in ((short, NOW + timedelta(days=1)), (ended, NOW)):
            with pytest.raises(ApiError) as refused:
                admit(session, f"Bearer {token}", at, 5)
            assert refused.value.status == 401


def test_a_token_may_ask_so_many_times_a_minute_and_again_in_the_next(database: Database) -> None:
    with database.writing() as session:
        token = make(session, "busy", frozenset({Scope.CLUBS}), NOW, None)
        left = [admit(session, f"Bearer {token}", NOW + timedelta(seconds=s), 3).uses_left for s in (0, 1, 2)]
        assert left == [2, 1, 0]
        with pytest.raises(ApiError) as refused:
            admit(session, f"Bearer {token}", NOW + timedelta(seconds=20), 3)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "41")
        assert admit(session, f"Bearer {token}", NOW + timedelta(seconds=60), 3).uses_left == 2


def test_the_count_is_kept_between_requests(client: FlaskClient, token: Callable[..., str]) -> None:
    headers = {"Authorization": f"Bearer {token(Scope.CLUBS)}"}
    left = [int(client.get("/api/v1/clubs", headers=headers).headers["RateLimit-Remaining"]) for _ in range(2)]
    assert left[0] - left[1] == 1


@pytest.mark.parametrize(
    ("path", "enough"),
    [
        pytest.param("/villages", {Scope.CLUBS}, id="villages"),
        pytest.param("/clubs", {Scope.CLUBS}, id="clubs"),
        pytest.param("/members", {Scope.CLUBS}, id="members"),
        pytest.param("/contacts", {Scope.PEOPLE}, id="contacts"),
        pytest.param("/messages", {Scope.MESSAGES}, id="messages"),
        pytest.param("/calls", {Scope.MESSAGES}, id="calls"),
        pytest.param("/inquiries", {Scope.INQUIRIES}, id="inquiries"),
        pytest.param("/reports", {Scope.REPORTS}, id="reports"),
        pytest.param("/answers", {Scope.REPORTS}, id="answers"),
        pytest.param("/quizzes", {Scope.REPORTS}, id="quizzes"),
        pytest.param("/results", {Scope.RESULTS}, id="results"),
        pytest.param("/contents", {Scope.CONTENTS}, id="contents"),
        pytest.param("/campaigns", {Scope.CAMPAIGNS}, id="campaigns"),
        pytest.param("/broadcasts", {Scope.CAMPAIGNS}, id="broadcasts"),
        pytest.param("/seasons", {Scope.CAMPAIGNS}, id="seasons"),
        pytest.param("/episodes", {Scope.CAMPAIGNS}, id="episodes"),
    ],
)
def test_each_list_opens_to_its_own_scope_and_to_no_other(call: Call, path: str, enough: set[Scope]) -> None:
    assert call(path, *enough).status_code == 200
    refused = call(path, *(set(Scope) - enough))
    assert (refused.status_code, refused.content_type) == (403, PROBLEM)
    assert refused.json is not None
    assert refused.json["code"] == "scope_missing"


def test_every_route_of_the_api_asks_for_a_scope(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert routes - set(scopes_of) == {"api.document"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("GET", "/nowhere", 404, "not_found", id="no such address"),
        pytest.param("DELETE", "/clubs", 405, "method_not_allowed", id="no such method"),
        pytest.param("GET", "/clubs/999", 404, "not_found", id="no such row"),
        pytest.param("GET", f"/clubs/{2**64}", 404, "not_found", id="an id beyond the database"),
        pytest.param("GET", "/clubs?limit=201", 422, "invalid", id="a page too long"),
        pytest.param("GET", "/clubs?limit=0", 422, "invalid", id="an empty page"),
        pytest.param("GET", "/clubs?vilage=1", 422, "invalid", id="a filter that is none"),
        pytest.param("GET", "/clubs?code=%00", 422, "invalid", id="a NUL"),
        pytest.param("GET", "/messages?state=gone", 422, "invalid", id="a state that is none"),
        pytest.param("GET", f"/reports?number={2**31}", 422, "invalid", id="a number beyond the database"),
    ],
)
def test_every_refusal_is_a_problem_document(
    client: FlaskClient, token: Callable[..., str], method: str, path: str, status: int, code: str
) -> None:
    headers = {"Authorization": f"Bearer {token(Scope.CLUBS, Scope.MESSAGES, Scope.REPORTS)}"}
    response = client.open(f"/api/v1{path}", method=method, headers=headers)
    assert (response.status_code, response.content_type) == (status, PROBLEM)
    assert response.json is not None
    assert (response.json["status"], response.json["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        pytest.param(b"{", "application/json", 400, id="broken"),
        pytest.param(b"[]", "application/json", 422, id="a list"),
        pytest.param(b"\xff", "application/json", 400, id="not UTF-8"),
        pytest.param(b"number=76123456", "application/x-www-form-urlencoded", 415, id="a form"),
        pytest.param(b"{}", "text/plain", 415, id="text"),
        pytest.param(b'{"number": "76 12 34 56", "more": 1}', "application/json", 422, id="a field that is none"),
        pytest.param(b'{"number": "12"}', "application/json", 422, id="not a number"),
    ],
)
def test_only_json_objects_are_taken(client: FlaskClient, token: Callable[..., str], body: bytes, kind: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {token(Scope.PEOPLE)}"}
    response = client.post("/api/v1/contacts/find", headers=headers, data=body, content_type=kind)
    assert (response.status_code, response.content_type) == (status, PROBLEM)


def test_what_was_sent_is_not_repeated_in_a_refusal(call: Call) -> None:
    refused = call("/contacts/find", Scope.PEOPLE, body={"number": {"secret": "76123456"}})
    assert refused.status_code == 422
    assert "76123456" not in refused.text


def test_nothing_is_kept_by_browsers_and_no_cookie_is_set(call: Call, world: World) -> None:
    response = call("/clubs", Scope.CLUBS)
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
