"""Callers whose requests come at the same moment: stored in one transaction, each answered for themselves."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import Connection, event, func, select

from messaging import bips, channels
from messaging.call_intake import CallIntake
from messaging.exchange import Exchange
from messaging.models import Call, CallEvent, CallState, Channel, ChannelLog, Contact
from runtime import group_commit
from tests.calls import Line
from tests.faults.processes import wait_until
from tests.world import World

PATIENCE = 20.0
PEOPLE = ("awa", "moussa", "sory", "fatou", "binta")
OURS = 1  # the transaction that they wait for


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody opens another lane while the test holds the first one."""
    monkeypatch.setattr(group_commit, "PATIENCE", PATIENCE)


def holds(calls: CallIntake, waiting: int) -> bool:
    return calls.together.waiting == waiting


def form(world: World, line: Line, **fields: str) -> dict[str, str]:
    return {"id": f"sim-{line.id}", "ref": line.ref, "phone": world.numbers[line.who], "event": "answered", **fields}


def post(app: Flask, world: World, given: dict[str, str]) -> str:
    answer = app.test_client().post(f"/hooks/{world.token}/call", data=given)
    assert answer.status_code == 200
    return answer.text


def together(app: Flask, exchange: Exchange, world: World, forms: list[dict[str, str]]) -> tuple[list[str], int]:
    """What each is answered that comes while the first waits for its own rows, and the transactions of all."""
    calls, commits = cast(CallIntake, app.extensions["lamen.calls"]), list[Connection]()

    def committed(connection: Connection) -> None:
        if not connection.get_execution_options().get("read_only"):
            commits.append(connection)

    event.listen(exchange.database.engine, "commit", committed)
    with ThreadPoolExecutor(len(forms)) as threads:
        with exchange.database.writing() as session:
            session.get_one(Contact, world.contacts[PEOPLE[0]], with_for_update=True)
            answers = [threads.submit(post, app, world, forms[0])]
            wait_until(lambda: calls.together.busy, every=0.001)
            for waiting, given in enumerate(forms[1:], start=1):
                answers.append(threads.submit(post, app, world, given))
                wait_until(partial(holds, calls, waiting), every=0.001)
        found = [answer.result() for answer in answers]
    event.remove(exchange.database.engine, "commit", committed)
    return found, len(commits)


def rows(exchange: Exchange, lines: list[Line]) -> list[tuple[CallState, int, int, int]]:
    """Of each call its state and turn, how many events and logs it has."""
    with exchange.database.reading() as session:
        return [
            (
                (call := session.get_one(Call, line.id)).state,
                call.turn,
                session.scalar(select(func.count()).select_from(CallEvent).filter_by(call_id=line.id)) or 0,
                session.scalar(select(func.count()).select_from(ChannelLog).filter_by(call_id=line.id)) or 0,
            )
            for line in lines
        ]


@pytest.mark.usefixtures("patient")
def test_those_who_wait_are_stored_in_one_transaction_and_answered_each(app: Flask, exchange: Exchange, world: World) -> None:
    lines = [Line(exchange, app.test_client(), world, who=who) for who in PEOPLE]
    answers, commits = together(app, exchange, world, [form(world, line) for line in lines])
    assert commits == OURS + 2
    assert [json.loads(answer)["turn"] for answer in answers] == [1] * len(PEOPLE)
    assert rows(exchange, lines) == [(CallState.ANSWERED, 1, 1, 1)] * len(PEOPLE)


@pytest.mark.usefixtures("patient")
def test_whoever_fails_hears_an_apology_and_nobody_else_does(app: Flask, exchange: Exchange, world: World) -> None:
    lines = [Line(exchange, app.test_client(), world, who=who) for who in PEOPLE]
    broken = lines[2]
    with exchange.database.writing() as session:
        call = session.get_one(Call, broken.id)
        call.state, call.answered_at, call.turn, call.last_answer = CallState.ANSWERED, datetime.now(UTC), 3, {"steps": 5}
    forms = [form(world, line) for line in lines]
    forms[2] |= {"event": "turn", "digits": "1", "turn": "2"}
    answers, commits = together(app, exchange, world, forms)
    assert commits == OURS + len(PEOPLE) - 1  # each by itself; what failed is undone
    assert [[step["do"] for step in json.loads(answer)["steps"]] == ["say", "hangup"] for answer in answers] == [
        line is broken for line in lines
    ]
    expected = [(CallState.ANSWERED, 3, 0, 0) if line is broken else (CallState.ANSWERED, 1, 1, 1) for line in lines]
    assert rows(exchange, lines) == expected


@pytest.mark.usefixtures("patient")
def test_a_request_that_comes_twice_at_once_advances_once(app: Flask, exchange: Exchange, world: World) -> None:
    first, twice = (Line(exchange, app.test_client(), world, who=who) for who in PEOPLE[:2])
    answers, _ = together(app, exchange, world, [form(world, line) for line in (first, twice, twice)])
    assert answers[1] == answers[2]
    assert rows(exchange, [twice]) == [(CallState.ANSWERED, 1, 2, 2)]


@pytest.mark.usefixtures("patient")
def test_the_limits_of_an_hour_hold_among_those_who_come_together(
    app: Flask, exchange: Exchange, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bips, "PER_HOUR", 2)
    with exchange.database.writing() as session:
        channels.configure(session.get_one(Channel, world.channel), {"inbound": "answer", "calls_at_once": "50"})
    first = form(world, Line(exchange, app.test_client(), world, who=PEOPLE[0]))
    calling = [
        {"id": f"in-{who}", "phone": world.numbers[who], "direction": "in", "event": "ringing"} for who in (*PEOPLE[1:], "oumar")
    ]
    answers, commits = together(app, exchange, world, [first, *calling])
    assert commits == OURS + 2
    refused = ["reject" in [step["do"] for step in json.loads(answer)["steps"]] for answer in answers[1:]]
    assert refused == [False, False, True, True, True]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_row_that_another_holds_keeps_nobody_else_waiting(app: Flask, exchange: Exchange, world: World) -> None:
    held, free = (Line(exchange, app.test_client(), world, who=who) for who in PEOPLE[:2])
    with ThreadPoolExecutor(2) as threads:
        with exchange.database.writing() as session:
            session.get_one(Contact, world.contacts[held.who], with_for_update=True)
            waits = threads.submit(post, app, world, form(world, held))
            wait_until(lambda: cast(CallIntake, app.extensions["lamen.calls"]).together.busy, every=0.001)
            assert json.loads(threads.submit(post, app, world, form(world, free)).result(PATIENCE))["turn"] == 1
            assert not waits.done()
        assert json.loads(waits.result(PATIENCE))["turn"] == 1
