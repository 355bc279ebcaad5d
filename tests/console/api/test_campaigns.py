"""Campaigns of every kind made by another system, estimated, and moved on; what a token may not do for people."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignState, Repeat
from clubs.records import RadioEpisode, RadioStation
from console.api.audiences import Audience
from console.api.tokens import Scope
from messaging.exchange import Exchange
from messaging.models import MessageState
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.installation import installation
from tests.console.api.conftest import Call
from tests.messaging.fakes import push
from tests.world import World

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
SOON = TOMORROW.isoformat()
BOTH = (Scope.SCHEDULE, Scope.CAMPAIGNS)
WHENS: dict[str, dict[str, Any]] = {
    "once": {"starts_at": SOON},
    "weekly": {"starts_at": SOON, "until": (TOMORROW + timedelta(weeks=4)).isoformat()},
    "market": {"market": "eve", "starts_at": SOON},
    "season": {"season": "lean", "days_into": 7, "weekly": True},
    "episode": {"hours_after": 24},
    "answer": {"question_id": 1, "given": "wrong", "hours_after": 2},
}


def order(repeat: str = "once", **changes: Any) -> dict[str, Any]:
    """A campaign that is in order, changed as a test wants."""
    when = {"repeat": repeat, **WHENS[repeat]}
    return {"name": "Premier lait", "content": "premier-lait", "audience": {}, "when": when, **changes}


def series(*months: int, **changes: Any) -> dict[str, Any]:
    """A series with a step in each of these months."""
    steps = [{"content": "premier-lait", "months_after": month} for month in months]
    return {"name": "Mille jours", "steps": steps, **changes}


@pytest.fixture
def draft(call: Call, world: World) -> dict[str, Any]:
    """A draft that a token wrote."""
    made: dict[str, Any] = call("/campaigns", Scope.SCHEDULE, body=order(draft=True)).get_json()
    return made


@pytest.mark.parametrize("repeat", [pytest.param(name, id=name) for name in WHENS])
def test_every_way_of_coming_back_is_written_down_and_read_back(call: Call, world: World, repeat: str) -> None:
    made = call("/campaigns", Scope.SCHEDULE, body=order(repeat, priority="high", catch_up="skip", expires_hours=48)).get_json()
    event, asked = made["events"][0], WHENS[repeat]
    assert (made["state"], made["priority"], made["asked"]) == ("scheduled", "high", False)
    assert (event["repeat"], event["catch_up"], event["expires_hours"]) == (repeat, "skip", 48)
    for name, value in asked.items():
        told = datetime.fromisoformat(event[name]) if name in ("starts_at", "until") else event[name]
        assert told == (datetime.fromisoformat(value) if name in ("starts_at", "until") else value), name
    waits = repeat in ("season", "episode", "answer")
    assert (event["next_due"] is None) == waits, "nothing has dated it yet" if waits else "it has a day"
    assert call(f"/campaigns/{made['id']}", Scope.CAMPAIGNS).get_json() == made


def test_each_way_that_campaigns_know_can_be_asked_for() -> None:
    assert {*WHENS, "stage"} == {repeat.value for repeat in Repeat}


def test_every_field_by_which_staff_choose_an_audience_can_be_asked_for() -> None:
    inner = {"failed_of", "due_in", "frozen", "taken"}
    assert set(Audience.model_fields) == {one.name for one in fields(Filter)} - inner


def test_once_without_a_moment_is_due_as_soon_as_it_is_scheduled(call: Call, world: World) -> None:
    made = call("/campaigns", Scope.SCHEDULE, body=order(when={"repeat": "once"})).get_json()
    assert abs(datetime.fromisoformat(made["events"][0]["next_due"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_series_is_written_in_the_order_of_its_months_and_runs_where_series_do(
    call: Call, database: Database, world: World
) -> None:
    refused = call("/series", Scope.SCHEDULE, body=series(6, 0))
    assert (refused.status_code, refused.get_json()["code"]) == (409, "series_off")
    with database.writing() as session:
        installation(session).series = True
    made = call("/series", Scope.SCHEDULE, body=series(6, 0)).get_json()
    assert [event["months_after"] for event in made["events"]] == [0, 6]
    assert (made["state"], made["audience"]["one_phone_per_club"]) == ("scheduled", False)
    estimate = call(f"/campaigns/{made['id']}/estimate", Scope.CAMPAIGNS)
    assert (estimate.status_code, estimate.get_json()["code"]) == (422, "series")


@pytest.mark.parametrize(
    ("path", "body", "code", "place"),
    [
        pytest.param("/campaigns", order(content="rien"), "no_such_content", "content", id="content nobody wrote"),
        pytest.param("/series", series(0, 1) | {"steps": [{"content": "quiz-repas", "months_after": 1}]}, "no_such_content",
                     "steps.0.content", id="a question in a series"),
        pytest.param("/series", series(3, 3, draft=True), "same_stage", None, id="two steps in one month"),
        pytest.param("/series", series(99), "invalid", "steps.0.months_after", id="beyond a childhood"),
        pytest.param("/campaigns", order(phase="before"), "no_question", "phase", id="a phase of what asks nothing"),
        pytest.param("/campaigns", order(when={**WHENS["answer"], "repeat": "answer", "question_id": 99}), "no_such_question",
                     "when.question_id", id="a question nobody wrote"),
        pytest.param("/campaigns", order(when={"repeat": "weekly"}), "invalid", "when.weekly.starts_at",
                     id="weekly from no day on"),
        pytest.param("/campaigns", order(when={"repeat": "once", "market": "eve"}), "invalid", "when.once.market",
                     id="what belongs to another way"),
        pytest.param("/campaigns", order(when={"repeat": "season", "season": "lean", "until": "2020-01-01T00:00:00Z"}),
                     "past_date", "when.until", id="a season that is over"),
        pytest.param("/campaigns", order(when={"repeat": "weekly", "starts_at": SOON, "until": "2020-01-01T00:00:00Z"}),
                     "past_date", "when.until", id="the last before the first"),
        pytest.param("/campaigns", order(audience={"villages": ["1"]}), "invalid", "audience.villages.0", id="a number as text"),
        pytest.param("/campaigns", order(draft="no"), "invalid", "draft", id="a truth as text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_kept(
    call: Call, database: Database, world: World, path: str, body: dict[str, Any], code: str, place: str | None
) -> None:
    refused = call(path, Scope.SCHEDULE, body=body)
    told = refused.get_json()
    assert (refused.status_code, told["code"]) == (422, code), told
    assert place in {None, *(fault["place"] for fault in told["faults"])}, told
    with database.reading() as session:
        assert session.query(Campaign).count() == 0


def test_a_draft_is_estimated_as_the_console_does_then_scheduled(call: Call, database: Database, draft: dict[str, Any]) -> None:
    assert (draft["state"], draft["events"][0]["next_due"]) == ("draft", None)
    estimate = call(f"/campaigns/{draft['id']}/estimate", Scope.CAMPAIGNS).get_json()
    assert estimate["recipients"] == estimate["numbers"] + sum(estimate["left_out"].values())
    assert estimate["cost"] == 15 * estimate["parts"] == sum(line["cost"] for line in estimate["cost_by"]) > 0
    assert estimate["previews"][0]["text"].startswith("Donnez le premier lait")
    assert datetime.fromisoformat(estimate["due_at"]) == TOMORROW
    assert not any(problem["refuses"] for problem in estimate["problems"])
    scheduled = call(f"/campaigns/{draft['id']}/schedule", Scope.SCHEDULE, body={}).get_json()
    assert scheduled["state"] == "scheduled"
    with database.reading() as session:
        acts = [entry.action for entry in session.query(AuditEntry).filter_by(actor_kind="token").order_by(AuditEntry.id)]
    assert acts == ["campaign.add", "schedule_campaign"]


def test_an_estimate_tells_who_waits_for_another_day_and_who_gets_nothing(
    call: Call, database: Database, world: World, draft: dict[str, Any]
) -> None:
    here = f"/campaigns/{draft['id']}/estimate"
    before = call(here, Scope.CAMPAIGNS).get_json()
    assert (before["later"], before["used_up"]) == ([], 0)
    with database.writing() as session:
        for name, days in (("moussa", (0,)), ("sory", (2, 3, 4))):
            for ago in days:
                pushed = push(session, world, name, TOMORROW)
                pushed.state, pushed.sending_at = MessageState.SENT, TOMORROW - timedelta(days=ago, hours=1)
    told = call(here, Scope.CAMPAIGNS).get_json()
    (line,) = told["later"]
    assert (line["numbers"], told["used_up"], told["numbers"]) == (1, 1, before["numbers"])
    assert datetime.fromisoformat(line["at"]).date() == (TOMORROW + timedelta(days=1)).date()


def test_what_stands_in_the_way_of_a_draft_is_told_and_refuses_its_scheduling(call: Call, world: World) -> None:
    nobody = call("/campaigns", Scope.SCHEDULE, body=order(audience={"age_bands": ["15-24"]}, draft=True)).get_json()
    estimate = call(f"/campaigns/{nobody['id']}/estimate", Scope.CAMPAIGNS).get_json()
    assert {"code": "nobody", "step": "audience", "refuses": True} in estimate["problems"]
    refused = call(f"/campaigns/{nobody['id']}/schedule", Scope.SCHEDULE, body={})
    assert (refused.status_code, refused.get_json()["faults"]) == (422, [{"place": "audience", "message": "nobody"}])


def test_a_campaign_is_paused_resumed_unscheduled_and_stopped_each_once(call: Call, draft: dict[str, Any]) -> None:
    here = f"/campaigns/{draft['id']}"
    steps = (
        ("pause", "not_running"), ("schedule", "scheduled"), ("schedule", "not_a_draft"), ("pause", "paused"),
        ("pause", "not_running"), ("resume", "scheduled"), ("resume", "not_paused"), ("unschedule", "draft"),
        ("unschedule", "not_scheduled"), ("stop", "cancelled"), ("stop", "ended"),
    )  # fmt: skip
    for word, comes in steps:
        answer = call(f"{here}/{word}", Scope.SCHEDULE, body={})
        assert comes == (answer.get_json().get("state") if answer.status_code == 200 else answer.get_json()["code"]), word
        assert answer.status_code in (200, 409)


def test_the_same_act_under_the_same_key_is_done_once(client: FlaskClient, token: Any, draft: dict[str, Any]) -> None:
    here = f"/api/v1/campaigns/{draft['id']}"
    headers = {"Authorization": f"Bearer {token(*BOTH)}", "Idempotency-Key": "lundi"}
    first, again = (client.post(f"{here}/schedule", headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    other = client.post(f"{here}/pause", headers=headers)
    assert (other.status_code, other.get_json()["code"]) == (409, "key_reused")
    assert client.post(f"{here}/pause", headers=headers | {"Idempotency-Key": "x" * 129}).status_code == 422


def test_the_draft_of_a_person_is_left_to_people(call: Call, database: Database, world: World, draft: dict[str, Any]) -> None:
    with database.writing() as session:
        session.get_one(Campaign, draft["id"]).created_by = world.staff["fanta"]
    for word in ("schedule", "stop"):
        refused = call(f"/campaigns/{draft['id']}/{word}", Scope.SCHEDULE, body={})
        assert (refused.status_code, refused.get_json()["code"]) == (409, "not_yours")
    with database.reading() as session:
        assert session.get_one(Campaign, draft["id"]).state is CampaignState.DRAFT


def test_a_large_one_asks_for_a_second_person_whatever_the_token_does(
    call: Call, app: Flask, database: Database, draft: dict[str, Any]
) -> None:
    exchange: Exchange = app.extensions["lamen"]
    object.__setattr__(exchange, "settings", exchange.settings.model_copy(update={"second_approval_above": 1}))
    for _ in range(2):
        asked = call(f"/campaigns/{draft['id']}/schedule", Scope.SCHEDULE, body={}).get_json()
        assert (asked["state"], asked["asked"], asked["events"][0]["next_due"]) == ("draft", True, None)
    with database.reading() as session:
        assert session.get_one(Campaign, draft["id"]).confirmed_by is None


def test_an_audience_is_counted_by_language_and_way(call: Call, world: World) -> None:
    everyone = call("/audiences/count", Scope.CAMPAIGNS, body={"audience": {"one_phone_per_club": False}}).get_json()
    assert everyone["members"] == everyone["reachable"] + sum(everyone["left_out"].values())
    assert everyone["numbers"] < everyone["members"], "Awa and her sister share a phone"
    women = call("/audiences/count", Scope.CAMPAIGNS, body={"audience": {"sexes": ["F"], "one_phone_per_club": False}}).get_json()
    assert women["members"] < everyone["members"]


def test_what_dates_campaigns_can_be_read(call: Call, database: Database, world: World, now: datetime) -> None:
    with database.writing() as session:
        station = RadioStation(name="Radio (test)", language="bm")
        session.add(station)
        session.flush()
        session.add(RadioEpisode(station_id=station.id, title="Le premier lait", theme_code=12, airs_at=now))
    found = call("/episodes?theme=12", Scope.CAMPAIGNS).get_json()["items"]
    assert [(one["station"], one["title"]) for one in found] == [("Radio (test)", "Le premier lait")]
    assert call(f"/episodes?since={date(2030, 1, 1)}T00:00:00Z", Scope.CAMPAIGNS).get_json()["items"] == []
