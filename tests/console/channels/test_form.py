"""Channels as the administration adds and changes them, and their secret addresses."""

import json
import re

import pytest
from flask.testing import FlaskClient

from console.staff import RoleName
from messaging.models import Channel
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.channels.pigeon import GIVEN, LIST, SECRET, Pigeon, plain, row
from tests.console.conftest import SignedIn, send
from tests.world import World


def test_the_first_step_says_what_each_gateway_can_do_and_costs(admin: FlaskClient) -> None:
    page = plain(admin.get(f"{LIST}/nouveau").text)
    assert "Simulateur Pour apprendre et essayer." in page
    assert "Kannel (numéro court d'un opérateur)" in page
    assert "Ne sait pas appeler et répondre aux appels, rappeler après un bip" in page
    assert "Coût Un contrat SMPP" in page


def test_the_second_step_has_a_field_for_each_setting(admin: FlaskClient) -> None:
    page = admin.get(f"{LIST}/nouveau/pigeon").text
    for name in ("set_loft", "set_key", "set_second_key", "set_breed", "set_ring"):
        assert f'name="{name}"' in page
    assert re.search(r'id="set_key" name="set_key" type="password"', page)
    assert 'value="https://pigeon.example"' in page
    assert 'type="radio" name="set_breed" value="carrier"' in page
    assert '<select id="set_ring"' in page
    assert admin.get(f"{LIST}/nouveau/hibou").status_code == 404


def test_only_kinds_the_gateway_can_carry_are_offered(admin: FlaskClient) -> None:
    assert 'value="voice"' not in admin.get(f"{LIST}/nouveau/pigeon").text
    assert 'name="price_per_minute"' not in admin.get(f"{LIST}/nouveau/pigeon").text
    assert 'value="bip"' in admin.get(f"{LIST}/nouveau/simulator").text
    told = send(admin, f"{LIST}/nouveau/pigeon", {**GIVEN, "kinds": "voice"})
    assert told.status_code == 422
    assert '<a href="#kinds">Cochez au moins une case.</a>' in told.text


def test_a_channel_is_stored_as_typed_and_its_secrets_never_come_back(
    admin: FlaskClient, channel: int, database: Database
) -> None:
    found = row(database, channel)
    assert json.loads(found.settings) == {
        "loft": "https://loft.example",
        "key": SECRET,
        "second_key": "FAKE-second",
        "breed": "homing",
        "ring": "left",
    }
    assert (found.number, found.kinds, found.price_per_part) == ("+22376000001", ["sms"], 18)
    assert (found.parts_per_minute, found.parts_per_hour, found.in_flight, found.warn_below) == (30, 60, 2, 50)
    assert found.needs_bundle
    assert sorted(found.default_for) == ["bm", "fr", "orange"]
    pages = [admin.get(f"{LIST}/{channel}{part}").text for part in ("", "/modifier", "/essai")]
    assert [page for page in pages if SECRET in page or "FAKE-second" in page] == []
    assert "Laissez vide pour garder la valeur actuelle." in pages[1]


def test_an_empty_secret_keeps_the_one_there_is_and_a_new_one_replaces_it(
    admin: FlaskClient, channel: int, database: Database
) -> None:
    change = {**GIVEN, "set_key": "", "set_second_key": "", "set_ring": "", "name": "Pigeon 2", "needs_bundle": ""}
    assert send(admin, f"{LIST}/{channel}/modifier", change).status_code == 303
    found = row(database, channel)
    kept = json.loads(found.settings)
    assert (found.name, found.needs_bundle, kept["key"], kept["second_key"]) == ("Pigeon 2", False, SECRET, "FAKE-second")
    assert "ring" not in kept
    send(
        admin,
        f"{LIST}/{channel}/modifier",
        {**GIVEN, "set_key": "FAKE-autre", "forget_set_second_key": "1", "set_second_key": ""},
    )
    kept = json.loads(row(database, channel).settings)
    assert (kept["key"], kept.get("second_key")) == ("FAKE-autre", None)


@pytest.mark.parametrize(
    ("wrong", "where", "says"),
    [
        pytest.param({"set_key": ""}, "set_key", "Remplissez « key ».", id="a secret that is missing"),
        pytest.param({"set_breed": "eagle"}, "set_breed", "cette valeur n'est pas valable", id="no such choice"),
        pytest.param({"name": "simulateur"}, "name", "Un canal porte déjà ce nom.", id="a name that is taken"),
        pytest.param({"number": ""}, "number", "Écrivez le numéro", id="no number"),
        pytest.param({"in_flight": "501"}, "in_flight", "entre 1 et 500", id="too many at once"),
        pytest.param({"parts_per_minute": "0"}, "parts_per_minute", "entre 1 et", id="no rate at all"),
        pytest.param({"failover_id": "999"}, "failover_id", "Ce choix n'existe pas.", id="a second channel that is not there"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_is_stored(
    admin: FlaskClient, database: Database, wrong: dict[str, str], where: str, says: str
) -> None:
    told = send(admin, f"{LIST}/nouveau/pigeon", {**GIVEN, **wrong})
    assert told.status_code == 422
    assert f'<a href="#{where}">' in told.text
    assert says in plain(told.text)
    assert SECRET not in told.text
    with database.reading() as session:
        assert session.query(Channel).count() == 1


def test_a_simulation_lets_a_real_form_be_read_and_refuses_it(
    signed_in: SignedIn, database: Database, world: World, pigeon: Pigeon
) -> None:
    admin = signed_in(RoleName.ADMINISTRATION)
    page = admin.get(f"{LIST}/nouveau/pigeon").text
    assert "Ce formulaire se lit seulement." in page
    assert "<button>Enregistrer</button>" not in page
    assert "seul le simulateur peut y être ajouté" in admin.get(f"{LIST}/nouveau").text
    assert "<button>Enregistrer</button>" in admin.get(f"{LIST}/nouveau/simulator").text
    told = send(admin, f"{LIST}/nouveau/pigeon", GIVEN)
    assert told.status_code == 422
    assert "Cette installation est une simulation." in told.text
    with database.reading() as session:
        assert session.query(Channel).count() == 1


def test_addresses_are_shown_by_an_act_that_is_written_down_and_once(
    admin: FlaskClient, channel: int, database: Database
) -> None:
    admin.get(f"{LIST}/{channel}")
    token = row(database, channel).token
    assert token not in admin.get(f"{LIST}/{channel}").text
    assert send(admin, f"{LIST}/{channel}/adresses").status_code == 303
    assert f"/hooks/{token}/sms" in admin.get(f"{LIST}/{channel}").text
    assert token not in admin.get(f"{LIST}/{channel}").text
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="show_addresses", subject_id=channel).count() == 1
    assert "a montré les adresses d" in admin.get("/reglages/journal").text


def test_a_gateways_addresses_are_whole_and_say_where_to_paste_them(admin: FlaskClient, database: Database) -> None:
    given = {"name": "K", "number": "37000", "kinds": "sms", "set_username": "u", "set_password": SECRET, "set_max_parts": "6"}
    answer = send(admin, f"{LIST}/nouveau/kannel", given)
    assert answer.status_code == 303, answer.text
    page = admin.get(answer.location).text
    assert "/sms?id=%I&amp;from=%p" in page
    assert "groupe sms-service, ligne get-url" in page
    assert not re.search(r"/hooks/[\w-]+/status", page), "each of its requests carries that address"


def test_a_changed_token_says_until_when_the_old_one_answers(admin: FlaskClient, channel: int, database: Database) -> None:
    before = row(database, channel).token
    send(admin, f"{LIST}/{channel}/jeton")
    page = admin.get(f"{LIST}/{channel}").text
    after = row(database, channel).token
    assert before != after
    assert after in page
    assert before not in page
    assert "Les anciennes adresses répondent encore jusqu" in page


@pytest.mark.parametrize(
    ("typed", "status", "kept"),
    [
        pytest.param({"inbound": "answer", "billing_step": "6", "billing_least": "30"}, 303, ("answer", 6, 30), id="answers"),
        pytest.param({"inbound": "call_back"}, 303, ("call_back", 60, 0), id="calls back, by the minute"),
        pytest.param({"inbound": "perhaps"}, 422, ("call_back", 60, 0), id="neither"),
        pytest.param({"billing_step": "0"}, 422, ("call_back", 60, 0), id="steps of nothing"),
    ],
)
def test_what_an_incoming_call_gets_and_what_calls_cost_are_settings(
    admin: FlaskClient, database: Database, typed: dict[str, str], status: int, kept: tuple[str, int, int]
) -> None:
    page = admin.get(f"{LIST}/1/modifier").text
    assert re.search(r'name="inbound" value="call_back" checked', page)
    whole = {"name": "simulateur", "number": "36085", "kinds": "voice", "price_per_minute": "108", **typed}
    assert send(admin, f"{LIST}/1/modifier", whole).status_code == status
    found = row(database, 1)
    assert (found.inbound, found.billing_step, found.billing_least) == kept
    if status == 303:
        assert ("Décrocher" in admin.get(f"{LIST}/1").text) is (kept[0] == "answer")
