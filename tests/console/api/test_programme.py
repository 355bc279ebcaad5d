"""Campaigns made by another system, and what came of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from campaigns.models import Campaign, CampaignState, Occurrence, OccurrenceState
from console.api.tokens import Scope
from messaging.models import Broadcast, Route
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.api.conftest import Call
from tests.world import World

TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def order(**changes: Any) -> dict[str, Any]:
    """A campaign that is in order, changed as a test wants."""
    asked = {
        "name": "Mains propres",
        "content": "eau-propre",
        "audience": {"sexes": ["F"]},
        "route": "sms",
        "when": {"repeat": "once", "starts_at": TOMORROW.isoformat()},
    }
    return {**asked, **changes}


def test_a_campaign_goes_to_the_clock_like_one_made_in_the_console(call: Call, database: Database, world: World) -> None:
    made = call("/campaigns", Scope.SCHEDULE, body=order())
    assert made.status_code == 201
    assert made.json is not None
    assert (made.json["state"], made.json["name"]) == ("scheduled", "Mains propres")
    assert datetime.fromisoformat(made.json["events"][0]["next_due"]) == TOMORROW
    assert made.json["events"][0]["content_id"] == world.contents["eau-propre"]
    with database.reading() as session:
        row = session.query(Campaign).one()
        entry = session.query(AuditEntry).filter_by(action="campaign.add").one()
    assert (row.state, row.audience["sexes"]) == (CampaignState.SCHEDULED, ["F"])
    assert (entry.actor_kind, entry.subject_id, entry.details["state"]) == ("token", row.id, "scheduled")
    assert call(f"/campaigns/{row.id}", Scope.CAMPAIGNS).json == made.json


def test_the_content_may_be_named_by_its_id(call: Call, world: World) -> None:
    made = call("/campaigns", Scope.SCHEDULE, body=order(content=world.contents["premier-lait"]))
    assert made.json is not None
    assert made.json["events"][0]["content_id"] == world.contents["premier-lait"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"content": "personne-ne-l-a-ecrit"}, "no_such_content", id="content nobody wrote"),
        pytest.param({"content": "quiz-repas-explication"}, "no_such_content", id="an explanation"),
        pytest.param({"when": {"repeat": "once", "starts_at": "2020-01-01T08:00:00Z"}}, "past_date", id="a date that is over"),
        pytest.param({"when": {"repeat": "once", "starts_at": "2030-01-01T08:00:00"}}, "invalid", id="a date without a zone"),
        pytest.param({"audience": {"age_bands": ["15-24"]}}, "nobody", id="an audience of nobody"),
        pytest.param({"audience": {"sex": ["F"]}}, "invalid", id="a filter that is none"),
        pytest.param({"audience": {"sexes": ["X"]}}, "invalid", id="a value that is none"),
        pytest.param({"name": ""}, "invalid", id="no name"),
        pytest.param({"name": "a\x00b"}, "invalid", id="a NUL"),
        pytest.param({"when": {"repeat": "stage"}}, "invalid", id="a series"),
        pytest.param({"expires_hours": 0}, "invalid", id="dead at birth"),
        pytest.param({"budget": 5}, "invalid", id="a field that is none"),
    ],
)
def test_what_is_wrong_with_a_campaign_is_said_and_nothing_is_kept(
    call: Call, database: Database, world: World, changes: dict[str, Any], code: str
) -> None:
    refused = call("/campaigns", Scope.SCHEDULE, body=order(**changes))
    assert refused.status_code == 422
    assert refused.json is not None
    assert refused.json["code"] == code
    with database.reading() as session:
        assert session.query(Campaign).count() == 0


def test_the_same_key_makes_one_campaign_and_another_request_under_it_is_refused(
    call: Call, client: Any, token: Any, database: Database, world: World
) -> None:
    headers = {"Authorization": f"Bearer {token(Scope.SCHEDULE)}", "Idempotency-Key": "mars-1"}
    first, second = (client.post("/api/v1/campaigns", headers=headers, json=order()) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    other = client.post("/api/v1/campaigns", headers=headers, json=order(name="Autre"))
    assert (other.status_code, other.json["code"]) == (409, "key_reused")
    someone_else = call("/campaigns", Scope.SCHEDULE, body=order(), headers={"Idempotency-Key": "mars-1"})
    assert someone_else.status_code == 201
    with database.reading() as session:
        assert session.query(Campaign).count() == 2


def test_a_refused_request_does_not_use_its_key_up(client: Any, token: Any, world: World) -> None:
    headers = {"Authorization": f"Bearer {token(Scope.SCHEDULE)}", "Idempotency-Key": "mars-2"}
    assert client.post("/api/v1/campaigns", headers=headers, json=order(content="rien")).status_code == 422
    assert client.post("/api/v1/campaigns", headers=headers, json=order()).status_code == 201


def test_above_the_limit_it_waits_as_a_draft_for_a_second_person(app: Flask, call: Call, world: World) -> None:
    everyone = {"one_phone_per_club": False}
    exchange = app.extensions["lamen"]
    few = exchange.settings.model_copy(update={"second_approval_above": 1})
    app.extensions["lamen"] = type(exchange)(few, exchange.database, exchange.gateways, exchange.work)
    made = call("/campaigns", Scope.SCHEDULE, body=order(audience=everyone))
    assert made.json is not None
    assert (made.status_code, made.json["state"], made.json["events"][0]["next_due"]) == (201, "draft", None)


def test_reading_campaigns_does_not_let_anybody_make_one(call: Call, world: World) -> None:
    assert call("/campaigns", *(set(Scope) - {Scope.SCHEDULE}), body=order()).status_code == 403


def test_a_sending_is_shown_with_its_account(call: Call, database: Database, world: World, now: datetime) -> None:
    made = call("/campaigns", Scope.SCHEDULE, body=order()).json
    assert made is not None
    with database.writing() as session:
        sending = Broadcast(
            title="Mains propres",
            content_id=world.contents["eau-propre"],
            route=Route.SMS,
            audience={},
            due_at=now,
            not_before=now,
            expires_at=now + timedelta(days=1),
            created_at=now,
        )
        session.add(sending)
        session.flush()
        session.add(
            Occurrence(
                event_id=made["events"][0]["id"],
                due_at=now,
                fired_at=now,
                state=OccurrenceState.FIRED,
                broadcast_id=sending.id,
            )
        )
    part = call(f"/broadcasts?campaign={made['id']}", Scope.CAMPAIGNS).json
    assert part is not None
    assert [(row["campaign_id"], row["state"]) for row in part["items"]] == [(made["id"], "planned")]
    account = part["items"][0]["account"]
    assert {name: account[name] for name in ("planned", "sent", "skipped", "failed", "pending", "unknown")} == {
        "planned": 0,
        "sent": 0,
        "skipped": {},
        "failed": 0,
        "pending": 0,
        "unknown": 0,
    }
    assert call(f"/broadcasts?campaign={made['id'] + 1}", Scope.CAMPAIGNS).json == {"items": [], "next": None}
