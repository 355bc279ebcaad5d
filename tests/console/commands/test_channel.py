"""Channels from the command line: changed, asked, given bundles."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask

from messaging.gateways.protocol import Cause, Probe
from messaging.models import Bundle, Channel
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.channels.pigeon import Pigeon
from tests.console.commands.conftest import Run
from tests.world import World


@pytest.fixture
def pigeon(app: Flask, world: World, database: Database) -> Pigeon:
    """A real provider's gateway, and the world's channel on it."""
    found, exchange = Pigeon(), app.extensions["lamen"]
    app.extensions["lamen"] = replace(exchange, gateways={**exchange.gateways, "pigeon": found})
    with database.writing() as session:
        row = session.get_one(Channel, world.channel)
        row.gateway, row.settings = "pigeon", json.dumps({"key": "FAKE-key", "breed": "homing"})
    return found


def settings(database: Database) -> Mapping[str, Any]:
    with database.reading() as session:
        found: Mapping[str, Any] = json.loads(session.query(Channel).one().settings)
    return found


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        pytest.param(Probe(Cause.CREDENTIALS), "L'identifiant ou le mot de passe est refusé. Corrigez-les", id="bad key"),
        pytest.param(Probe(Cause.CREDIT), "Il n'y a plus de crédit. Rechargez le compte", id="no credit"),
        pytest.param(Probe(Cause.NO_CONNECTION), "La passerelle est injoignable. Vérifiez", id="unreachable"),
        pytest.param(Probe(Cause.SENDER), "Le numéro d'expéditeur est refusé.", id="refused sender"),
    ],
)
def test_check_says_what_is_wrong_as_the_page_does_and_fails(run: Run, pigeon: Pigeon, probe: Probe, says: str) -> None:
    pigeon.end.says = replace(probe, detail="leur-mot")
    told = run("channel", "check", "simulateur")
    assert told.exit_code == 1
    assert says in told.output
    assert "leur-mot" in told.output


def test_check_says_what_is_left_and_shows_no_secret_address(run: Run, pigeon: Pigeon, world: World) -> None:
    pigeon.end.says = Probe(balance="1 250 FCFA", units=40, expires=date(2026, 4, 30))
    told = run("channel", "check", "simulateur")
    assert told.exit_code == 0
    assert told.output.splitlines() == [
        "Le fournisseur répond. Le compte est en ordre.",
        "Crédit : 1 250 FCFA.",
        "Il reste 40 SMS.",
        "Ils expirent le jeudi 30 avril.",
    ]
    assert world.token not in told.output


def test_check_names_what_is_missing_and_asks_nobody(run: Run, pigeon: Pigeon, database: Database) -> None:
    with database.writing() as session:
        session.query(Channel).one().settings = "{}"
    told = run("channel", "check", "simulateur")
    assert told.exit_code == 1
    assert "Le réglage « key » manque ou n'est pas valable." in told.output


def test_edit_changes_what_is_named_and_keeps_the_rest(run: Run, pigeon: Pigeon, database: Database) -> None:
    told = run("channel", "edit", "simulateur", "--setting", "breed=carrier", "--setting", "price_per_part=25")
    assert told.exit_code == 0, told.output
    assert settings(database) == {"key": "FAKE-key", "breed": "carrier"}
    with database.reading() as session:
        assert session.query(Channel).one().price_per_part == 25
        assert session.query(AuditEntry).filter_by(action="channel.edit").count() == 1


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        pytest.param("bred=carrier", "Le réglage « bred » n'existe pas.", id="a slip of the pen"),
        pytest.param("breed=eagle", "Réglages à corriger : breed", id="no such choice"),
        pytest.param("key=", "Réglages à corriger : key", id="a needed one taken away"),
        pytest.param("in_flight=many", "nombres entiers", id="not a number"),
        pytest.param("breed", "clé=valeur", id="no value"),
    ],
)
def test_edit_refuses_and_changes_nothing(run: Run, pigeon: Pigeon, database: Database, pair: str, says: str) -> None:
    told = run("channel", "edit", "simulateur", "--setting", pair)
    assert told.exit_code == 1
    assert says in told.output
    assert settings(database) == {"key": "FAKE-key", "breed": "homing"}


def test_a_bundle_is_noted_and_what_is_left_is_said(run: Run, world: World, database: Database) -> None:
    told = run("channel", "bundle", "simulateur", "--units", "500", "--expires", "2999-12-31", "--price", "2000")
    assert told.exit_code == 0, told.output
    assert "Il reste 500 SMS" in told.output
    with database.reading() as session:
        bundle = session.query(Bundle).one()
    assert (bundle.units, bundle.price, bundle.expires_on) == (500, 2000, date(2999, 12, 31))
    late = run("channel", "bundle", "simulateur", "--units", "500", "--expires", "01/02/2020")
    assert (late.exit_code, "Cette date est passée." in late.output) == (1, True)


def test_addresses_are_printed_by_an_act_that_is_written_down(run: Run, world: World, database: Database) -> None:
    assert f"/hooks/{world.token}/sms" in run("channel", "addresses", "simulateur").output
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="channel.addresses").count() == 1
