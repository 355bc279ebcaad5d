"""The example of docs/api.md runs against a service, and the page names all that there is."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from campaigns.models import Campaign, CampaignState
from console.api.frame import scopes_of
from console.api.tokens import Scope
from runtime.database import Database
from tests.world import World

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "api.md").read_text()


@pytest.fixture
def address(app: Flask, world: World) -> Iterator[str]:
    """The service on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def example(address: str, token: Callable[..., str]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run the example under one token with these scopes."""
    tokens: dict[tuple[Scope, ...], str] = {}

    def run(*scopes: Scope, content: str = "premier-lait") -> "subprocess.CompletedProcess[str]":
        if scopes not in tokens:
            tokens[scopes] = token(*scopes)
        env = {**os.environ, "LAMEN_URL": address, "LAMEN_TOKEN": tokens[scopes], "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(
            [sys.executable, str(DOCS / "api_example.py"), content], env=env, capture_output=True, text=True, check=False
        )

    return run


NEEDED = (Scope.SCHEDULE, Scope.CAMPAIGNS, Scope.RESULTS)


def test_the_example_drafts_estimates_and_reads_results_and_drafts_once_however_often_it_runs(
    example: Callable[..., "subprocess.CompletedProcess[str]"], database: Database
) -> None:
    first, second = example(*NEEDED), example(*NEEDED)
    assert (first.returncode, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert lines[0] == "Campaign 1 is a draft."
    assert re.fullmatch(r"It would reach [1-9]\d* numbers with [1-9]\d* SMS for [1-9]\d* FCFA\.", lines[1])
    assert "1 drafts wait." in lines
    assert sum(line.startswith("- ") for line in lines) > 10
    assert second.stdout == first.stdout
    with database.reading() as session:
        assert [row.state for row in session.query(Campaign)] == [CampaignState.DRAFT]


def test_the_example_says_what_is_wrong_in_the_services_words(
    example: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    refused = example(*NEEDED, content="personne-ne-l-a-ecrit")
    assert refused.returncode == 1
    assert "422 no_such_content" in refused.stderr
    assert "  content: no_such_content" in refused.stderr


def test_the_page_names_every_operation_and_every_scope(app: Flask) -> None:
    named = set(re.findall(r"`(?:GET |POST )?(/[^`]+)`", PAGE.split("## Operations")[1].split("## Rules")[0]))
    for rule in app.url_map.iter_rules():
        if rule.endpoint in scopes_of:
            path = re.sub(r"<(?:[^:>]*:)?([^>]+)>", r"{\1}", rule.rule).removeprefix("/api/v1")
            word = path.removeprefix("/campaigns/{id}") if path.endswith(("/unschedule", "/pause", "/resume", "/stop")) else path
            assert word.removesuffix("/{id}") in named, path
    assert set(re.findall(r"^\| `(\w+:\w+)` \|", PAGE, re.MULTILINE)) == set(Scope)
