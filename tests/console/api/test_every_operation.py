"""Schemathesis asks every operation of the API's own document whatever it can think of, and each answer keeps to the document.

A small world by default; the demonstration and many more requests with LAMEN_API=full. A request that keeps to the document may
still name what does not exist: only where that can be, 422 answers it.
"""

import copy
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import CoveragePhaseData
from sqlalchemy.orm import Session

from campaigns.models import Season, SeasonKind
from clubs.records import RadioEpisode, RadioStation
from console.api.tokens import Scope, make
from messaging.exchange import Exchange
from messaging.models import Broadcast, Route
from runtime.database import Database
from tests import awas
from tests.demonstration.test_demonstration import load_demonstration
from translations.models import Content

FULL = os.environ.get("LAMEN_API") == "full"
EXAMPLES = 100 if FULL else 3
SHARED = 2
NAMES_WHAT_MAY_NOT_BE = r"^(POST .*|GET /api/v1/results|GET .*/estimate)$"
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]


@dataclass
class Heard:
    """What came of a run: how often each operation was asked in each phase, its answers, and all that was wrong."""

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: set[str] = field(default_factory=set)

    def add(self, phase: str, told: ScenarioRecorder) -> None:
        self.asked[told.label, phase] += len(told.interactions)
        for one in told.interactions.values():
            if one.response is not None:
                self.answered[told.label, one.response.status_code] += 1
        for case, checks in told.checks.items():
            for info in (check.failure_info for check in checks if check.failure_info is not None):
                request = told.interactions[case].request
                self.wrong.add(f"{told.label}: {info.failure.title}: {request.method} {request.uri} {request.body!r}")


@schemathesis.check
def closed_without_a_token(_ctx: Any, response: Any, case: Any) -> None:
    """The library's own check of this cannot ask an application that is called in its own process."""
    client: FlaskClient = case.operation.app.test_client()
    told = response.request
    probe = client.open(told.path_url, method=told.method, data=told.body, content_type=told.headers.get("Content-Type"))
    if response.status_code < 300 and probe.status_code != 401:
        raise Failure(operation=case.operation.label, title="Open to anybody", message=f"{probe.status_code} without a token")


def sparing() -> Callable[[Any, Any], bool]:
    """What many operations share, as the `limit` of a list or an audience, is tried on some of them; all with LAMEN_API=full."""
    sent: Counter[tuple[str, str]] = Counter()

    def filter_case(context: Any, case: Any) -> bool:
        about = case.meta.phase.data if case.meta is not None else None
        if FULL or not isinstance(about, CoveragePhaseData) or not about.parameter or about.parameter == "Authorization":
            return True
        wrong, body = case.meta.generation.mode is GenerationMode.NEGATIVE, about.parameter == "application/json"
        kind = about.parameter if wrong or body else f"{about.parameter} of {context.operation.label}"
        sent[kind, about.description] += 1
        return sent[kind, about.description] <= (1 if body and not wrong else SHARED)

    return filter_case


def with_a_key_of_its_own(keys: Iterator[int]) -> Callable[[Any, Any], Any]:
    """Schemathesis would send one Idempotency-Key with everything, which is then refused as another request's."""

    def map_case(_context: Any, case: Any) -> Any:
        if 0 < len((case.headers or {}).get("Idempotency-Key") or "") <= 128:
            case.headers["Idempotency-Key"] = f"key {next(keys)}"
        return case

    return map_case


def listen(app: Flask, document: dict[str, Any], examples: int = EXAMPLES) -> Heard:
    """Ask all that the document names."""
    exchange: Exchange = app.extensions["lamen"]
    object.__setattr__(exchange, "settings", exchange.settings.model_copy(update={"api_requests_per_minute": 10**9}))
    with exchange.database.writing() as session:
        token = make(session, "Schemathesis", frozenset(Scope), datetime.now(UTC), None)
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "headers": {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
            "generation": {"deterministic": True, "max-examples": examples, "no-shrink": True},
            "checks": {"ignored_auth": {"enabled": False}},
            "phases": {"stateful": {"enabled": False}},
            "operations": [
                {
                    "include-name-regex": NAMES_WHAT_MAY_NOT_BE,
                    "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
                }
            ],
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app
    schema.hook("filter_case")(sparing())
    schema.hook("map_case")(with_a_key_of_its_own(count()))
    heard = Heard()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            heard.add(event.phase.value, event.recorder)
        elif isinstance(event, events.NonFatalError):
            heard.wrong.add(f"{event.label}: {event.value!r}")
        assert not isinstance(event, events.FatalError), event
    return heard


def operations(app: Flask) -> set[str]:
    """Every operation that there is, from the routes themselves, so that none is missed with the document."""
    found = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api.document":
            path = re.sub(r"<(?:[^:>]*:)?([^>]+)>", r"{\1}", rule.rule)
            found |= {f"{method} {path}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").get_json()
    return found


@pytest.fixture
def place(app: Flask, database: Database, now: datetime, request: pytest.FixtureRequest) -> Flask:
    """The service, with a row of every kind: in the small world, or in the demonstration."""
    exchange: Exchange = app.extensions["lamen"]
    if FULL:
        load_demonstration(exchange, datetime.now(UTC))
    else:
        awas.add(database, request.getfixturevalue("world"), now)
    with database.writing() as session:
        rows(session, now)
    return app


def rows(session: Session, now: datetime) -> None:
    """What neither world holds: a season, an episode, a sending."""
    station = RadioStation(name="Radio (test)")
    session.add_all([station, Season(kind=SeasonKind.LEAN, first_day=now.date(), last_day=now.date())])
    session.flush()
    sending = Broadcast(title="Premier lait", content_id=session.query(Content.id).filter_by(key="premier-lait").scalar())
    sending.route, sending.audience, sending.created_at = Route.SMS, {}, now
    sending.due_at, sending.not_before, sending.expires_at = now, now, now + timedelta(days=1)
    session.add_all([sending, RadioEpisode(station_id=station.id, title="Épisode", theme_code=12, airs_at=now)])


def test_every_operation_keeps_to_the_document(place: Flask, document: dict[str, Any]) -> None:
    heard = listen(place, document)
    assert heard.wrong == set()
    all_there_are = operations(place)
    assert {label for label, _phase in heard.asked} == all_there_are
    for phase in ("coverage", "fuzzing"):
        assert {label for label in all_there_are if not heard.asked[label, phase]} == set(), phase
    done = {label for label, status in heard.answered if status < 300}
    assert all_there_are - done == set(), "each is to be answered as asked at least once"


CLUB = "/api/v1/clubs/{id}"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda get: get["responses"].pop("404"), "Undocumented status code", id="a status left out"),
        pytest.param(
            lambda get: get["responses"]["404"].update(content={"text/plain": {"schema": {"type": "string"}}}),
            "Undocumented Content-Type",
            id="another media type",
        ),
        pytest.param(
            lambda get: get["responses"]["200"]["content"]["application/json"].update(schema={"type": "array"}),
            "Response violates schema",
            id="another answer",
        ),
    ],
)
def test_a_document_that_says_otherwise_is_found_out(
    place: Flask, document: dict[str, Any], spoil: Callable[[Any], Any], says: str
) -> None:
    one = copy.deepcopy(document)
    one["paths"] = {CLUB: one["paths"][CLUB]}
    spoil(one["paths"][CLUB]["get"])
    heard = listen(place, one)
    assert any(says in each for each in heard.wrong), heard.wrong
    assert {label for label, _phase in heard.asked} == {f"GET {CLUB}"} != operations(place)
