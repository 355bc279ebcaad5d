"""The OpenAPI document says what the API does: every route, every answer, nothing that points nowhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

COMPONENT = re.compile(r"^[A-Za-z0-9._-]+$")


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.json is not None
    found: dict[str, Any] = response.json
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_each_route_is_in_it_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    real = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api.document":
            path = re.sub(r"<(?:[^:>]*:)?([^>]+)>", r"{\1}", rule.rule)
            real |= {(path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert {(path, method) for path, method, _ in operations(document)} == real
    assert len(real) > 15


def test_it_has_the_parts_that_openapi_wants(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"]
    assert document["info"]["version"]
    assert document["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    assert document["security"] == [{"token": []}]
    assert all(COMPONENT.match(name) for name in document["components"]["schemas"])
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_no_reference_points_nowhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def test_every_operation_declares_its_answers_and_refusals_its_scope_and_parameters(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        codes = set(operation["responses"])
        assert {"401", "403", "422", "429"} <= codes, path
        assert codes & {"200", "201"}, path
        assert all(reply["description"] for reply in operation["responses"].values())
        for code, reply in operation["responses"].items():
            kind = "application/json" if code < "400" else "application/problem+json"
            assert list(reply["content"]) == [kind], (path, code)
        assert re.search(r"`(read|write):\w+`", operation["description"])
        in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        names = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
        assert len(names) == len(set(names))


def test_the_columns_of_a_line_are_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert {"id", "direction", "state", "text", "external_id"} <= set(schemas["Message"]["properties"])
    assert {"planned", "sent", "skipped", "failed", "pending", "unknown"} <= set(schemas["Account"]["properties"])
