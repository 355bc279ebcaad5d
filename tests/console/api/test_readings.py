"""Inquiries without what was told in confidence, contents with their approvals, quizzes, and results as files give them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from clubs.records import Inquiry, InquiryKind
from console.api.tokens import Scope, make
from runtime.database import Database
from tests import awas
from tests.console.api.conftest import Call
from tests.world import World

SECRET = ("contact_id", "club", "message_id", "recording_id", "text", "theme", "receipt_number", "answer", "answer_content_id")


@pytest.fixture
def of_villages(client: FlaskClient, database: Database) -> Callable[..., Any]:
    """GET an address under a token of these villages."""

    def asked(path: str, scope: Scope, *villages: int) -> Any:
        with database.writing() as session:
            token = make(session, "village", frozenset({scope}), datetime.now(UTC), None, frozenset(villages))
        return client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}).get_json()

    return asked


@pytest.fixture
def told(database: Database, world: World, now: datetime) -> dict[str, int]:
    """Awa's club with a question, which then turns out to be a disclosure."""
    ids = awas.add(database, world, now)
    with database.writing() as session:
        row = session.get_one(Inquiry, ids["inquiry"])
        row.kind, row.answer = InquiryKind.PROTECTION, f"Merci {awas.MARK}"
    return dict(ids)


def test_of_a_disclosure_nothing_is_told_but_that_there_is_one(call: Call, told: dict[str, int]) -> None:
    rows = {row["id"]: row for row in call("/inquiries", *Scope).get_json()["items"]}
    hidden = rows[told["inquiry"]]
    assert (hidden["kind"], hidden["state"]) == ("protection", "open")
    assert {hidden[name] for name in SECRET} == {None}
    assert awas.leaks(str(hidden)) == []
    assert rows[told["complaint"]]["text"] == f"Question {awas.MARK}"


def test_a_token_of_one_village_is_not_told_that_somebody_there_disclosed_something(
    of_villages: Callable[..., Any], told: dict[str, int]
) -> None:
    found = of_villages("/inquiries", Scope.INQUIRIES, told["village"])["items"]
    assert {row["id"] for row in found} == {told["complaint"], told["spoken"]}


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        pytest.param("kind=complaint", ["complaint"], id="kind"),
        pytest.param("state=closed", [], id="state"),
        pytest.param("since=2026-03-18T10:00:00Z", ["protection", "complaint", "unsorted"], id="since"),
        pytest.param("since=2026-03-18T10:00:01Z", [], id="since a second later"),
    ],
)
def test_inquiries_are_found_by_each_filter(call: Call, told: dict[str, int], query: str, kinds: list[str]) -> None:
    assert [row["kind"] for row in call(f"/inquiries?{query}", Scope.INQUIRIES).get_json()["items"]] == kinds


def test_a_content_shows_its_words_by_language_and_who_approved_them(call: Call, world: World) -> None:
    found = call("/contents?key=premier-lait", Scope.CONTENTS).get_json()["items"]
    assert [(one["id"], one["kind"]) for one in found] == [(world.contents["premier-lait"], "message")]
    words = found[0]["variants"][0]
    assert (words["language"], words["state"], words["parts"]) == ("fr", "approved", 1)
    assert words["approved_at"] is not None
    assert words["approved_by"] in world.staff.values()
    assert words["approved_by"] != words["author_id"]
    assert call("/contents?kind=prompt", Scope.CONTENTS).get_json()["items"] == []


def test_a_quiz_has_its_questions_with_the_right_answer(call: Call, world: World) -> None:
    quiz = call(f"/quizzes/{world.quiz}", Scope.REPORTS).get_json()
    assert [question["id"] for question in quiz["questions"]] == [world.question]
    assert 1 <= quiz["questions"][0]["right"] <= quiz["questions"][0]["options"]
    assert call("/quizzes?open=false", Scope.REPORTS).get_json()["items"] == []


def test_results_tell_a_period_and_keep_small_counts_back(call: Call, database: Database, world: World, now: datetime) -> None:
    awas.add(database, world, now)
    told = call("/results?since=2026-03-01&until=2026-03-31", Scope.RESULTS).get_json()
    figures = {figure["id"]: figure for figure in told["figures"]}
    assert (told["since"], told["until"]) == ("2026-03-01", "2026-03-31")
    assert figures["sessions"]["value"] == 1
    hidden = [figure for figure in told["figures"] if figure["hidden"]]
    assert hidden
    assert {figure[name] for figure in hidden for name in ("value", "numerator", "denominator", "n")} == {None}
    weeks = next(table for table in told["tables"] if table["id"] == "weeks")
    assert all(len(row) == len(weeks["columns"]) for row in weeks["rows"])
    assert awas.MARK not in str(told), "no file names a village"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("since=2026-03-31&until=2026-03-01", id="the end before the beginning"),
        pytest.param("since=2024-01-01&until=2026-03-01", id="more than a year"),
        pytest.param("since=0", id="a number for a day"),
    ],
)
def test_a_period_that_is_none_is_refused_at_its_place(call: Call, world: World, query: str) -> None:
    refused = call(f"/results?{query}", Scope.RESULTS)
    assert (refused.status_code, refused.get_json()["faults"][0]["place"]) == (422, "since")


def test_results_of_another_village_than_a_tokens_own_are_empty(
    call: Call, of_villages: Callable[..., Any], told: dict[str, int], world: World
) -> None:
    asked = f"/results?since=2026-03-01&until=2026-03-31&village={told['village']}"
    sessions = {figure["id"]: figure["value"] for figure in call(asked, Scope.RESULTS).get_json()["figures"]}["sessions"]
    stranger = of_villages(asked, Scope.RESULTS, world.villages[1])
    assert sessions == 1
    assert {figure["id"]: figure["value"] for figure in stranger["figures"]}["sessions"] in (0, None)
