"""`sms count` and `report parse`: JSON about a text, from nothing but the text."""

import json
from typing import Any

import pytest
from flask import Flask

from runtime.database import Database
from tests.console.commands.conftest import Run


def parsed(run: Run, *words: str) -> dict[str, Any]:
    told = run("report", "parse", *words, "--at", "2026-03-18T10:00Z", "--club", "1032")
    assert told.exit_code == 0, told.output
    found: dict[str, Any] = json.loads(told.output)
    return found


@pytest.mark.parametrize(
    ("text", "encoding", "characters", "parts", "dear"),
    [
        pytest.param("Bonjour", "GSM-7", 7, 1, [], id="cheap"),
        pytest.param("é" * 161, "GSM-7", 161, 2, [], id="two parts"),
        pytest.param("l’eau", "UCS-2", 5, 1, [("’", "'")], id="a curly apostrophe"),
        pytest.param("ê" * 71, "UCS-2", 71, 2, [("ê", "e")] * 71, id="71 dear letters"),
        pytest.param("[ok]", "GSM-7", 6, 1, [("[", "("), ("]", ")")], id="letters that count two"),
    ],
)
def test_a_text_is_measured_and_what_made_it_dear_is_named(
    run: Run, text: str, encoding: str, characters: int, parts: int, dear: list[tuple[str, str]]
) -> None:
    told = json.loads(run("sms", "count", text).output)
    assert (told["encoding"], told["characters"], told["parts"]) == (encoding, characters, parts)
    assert [(one["character"], one["replacement"]) for one in told["dear"]] == dear


def test_a_report_is_understood_and_its_reply_written_without_a_row(run: Run, database: Database) -> None:
    told = parsed(run, "CR 12 18 7 9 1")
    assert (told["outcome"], told["kind"]) == ("ACK", "CR")
    values = told["values"]
    assert (values["theme"], values["women"], values["men"], values["youth"], values["radio"]) == (12, 18, 7, 9, True)
    assert (values["club"], values["date"], values["mothers"]) == ("1032", "2026-03-18", None)
    assert "18 femmes" in told["reply"]


def test_a_strangers_report_is_not_acknowledged(run: Run) -> None:
    assert parsed(run, "CR 12 18 7 9 1", "--from", "unknown")["outcome"] != "ACK"


def test_what_the_phone_sent_before_decides_what_a_text_means(run: Run) -> None:
    alone, after = parsed(run, "AN"), parsed(run, "AN", "--after", "CR 12 18 7 9 1")
    assert alone["reply"] != after["reply"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("--at", "demain", "--club", "1032"), "« demain » n'est pas une date.", id="no date"),
        pytest.param(("--club", "1032"), "--at", id="date missing"),
        pytest.param(("--at", "2026-03-18T10:00Z"), "--club", id="club missing"),
    ],
)
def test_a_wrong_call_says_what_to_write(run: Run, words: tuple[str, ...], says: str) -> None:
    told = run("report", "parse", "CR", *words)
    assert told.exit_code == 2
    assert says in told.output


def test_every_command_has_its_help(app: Flask) -> None:
    from console.commands import found

    bare = []
    for command in found():
        inner = getattr(command, "commands", {})
        bare += [command.name for one in (command, *inner.values()) if not (one.help or "").strip()]
    assert bare == []
