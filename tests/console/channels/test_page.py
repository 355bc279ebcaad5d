"""One channel's page: how it goes, its test, its bundles, its last exchanges."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from console.edge import wall_time
from messaging.gateways.protocol import Cause, Outcome, Probe, Sent
from messaging.models import Bundle, Channel, ChannelLog, ChannelState
from runtime.database import Database
from tests.console.channels.pigeon import LIST, Pigeon, plain, row
from tests.console.conftest import send


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        pytest.param(Probe(), "Le fournisseur répond. Le compte est en ordre.", id="all is well"),
        pytest.param(Probe(Cause.CREDENTIALS), "L'identifiant ou le mot de passe est refusé. Corrigez-les", id="bad key"),
        pytest.param(Probe(Cause.CREDIT), "Il n'y a plus de crédit. Rechargez le compte", id="no credit"),
        pytest.param(Probe(Cause.SENDER), "Le numéro d'expéditeur est refusé.", id="refused sender"),
        pytest.param(Probe(Cause.NO_CONNECTION), "La passerelle est injoignable. Vérifiez son adresse", id="unreachable"),
        pytest.param(Probe(Cause.TIMEOUT), "La passerelle n'a pas répondu à temps.", id="silent"),
        pytest.param(Probe(balance="1 250 FCFA"), "Crédit : 1 250 FCFA.", id="balance"),
        pytest.param(
            Probe(units=1250, expires=date(2026, 4, 30)), "Il reste 1 250 SMS. Ils expirent le jeudi 30 avril", id="units"
        ),
    ],
)
def test_the_test_says_what_is_wrong_and_what_to_do(
    admin: FlaskClient, channel: int, pigeon: Pigeon, probe: Probe, says: str
) -> None:
    pigeon.end.says = replace(probe, detail="leur-mot")
    page = send(admin, f"{LIST}/{channel}/essai", {"act": "probe"}).text
    assert says in plain(page)
    assert "leur-mot" in page
    assert pigeon.end.got == []


def test_a_channel_that_was_asked_shows_its_health_and_balance(admin: FlaskClient, channel: int, pigeon: Pigeon) -> None:
    assert "Jamais vérifié." in admin.get(f"{LIST}/{channel}").text
    pigeon.end.says = Probe(balance="1 250 FCFA", units=40)
    send(admin, f"{LIST}/{channel}/essai", {"act": "probe"})
    page = plain(admin.get(f"{LIST}/{channel}").text)
    assert "En ordre" in page
    assert "Crédit 1 250 FCFA" in page
    assert "SMS qui restent 40" in page
    pigeon.end.says = Probe(Cause.CREDENTIALS)
    send(admin, f"{LIST}/{channel}/essai", {"act": "probe"})
    assert "L'identifiant ou le mot de passe est refusé." in plain(admin.get(f"{LIST}/{channel}").text)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        pytest.param(Sent(Outcome.WIRED, "p-1"), "La passerelle a pris le SMS.", id="taken"),
        pytest.param(Sent(Outcome.FAILED, cause=Cause.SENDER), "Le numéro d'expéditeur est refusé.", id="refused"),
        pytest.param(Sent(Outcome.UNKNOWN), "Le SMS est peut-être parti.", id="unknown"),
    ],
)
def test_a_test_sms_goes_to_a_number_of_ones_own(
    admin: FlaskClient, channel: int, pigeon: Pigeon, database: Database, sent: Sent, says: str
) -> None:
    pigeon.end.answers = replace(sent, request="sms", response="reçu", status=202)
    page = send(admin, f"{LIST}/{channel}/essai", {"act": "sms", "to": "76 00 00 02"}).text
    assert says in plain(page)
    assert [sms.number for sms in pigeon.end.got] == ["+22376000002"]
    refused = send(admin, f"{LIST}/{channel}/essai", {"act": "sms", "to": "00 01 00 01"})
    assert refused.status_code == 422
    assert len(pigeon.end.got) == 1
    with database.reading() as session:
        assert [(row.channel_id, row.response, row.status) for row in session.query(ChannelLog)] == [(channel, "reçu", 202)]


def test_missing_settings_are_named_before_anything_is_asked(admin: FlaskClient, channel: int, database: Database) -> None:
    with database.writing() as session:
        session.get_one(Channel, channel).settings = "{}"
    page = plain(admin.get(f"{LIST}/{channel}/essai").text)
    assert "Le réglage « key » manque ou n'est pas valable. Corrigez-le." in page
    assert "Vérifier le compte" not in page


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        pytest.param("staff", "Une personne l'a mis en pause.", id="a person"),
        pytest.param("credit", "Il n'y a plus de crédit. Rechargez le compte", id="no credit"),
        pytest.param("bundle", "Le forfait est épuisé ou expiré.", id="no bundle"),
        pytest.param("rats", "Mis en pause : rats.", id="a reason without words"),
    ],
)
def test_a_paused_channel_says_why_and_goes_on_when_told(
    admin: FlaskClient, channel: int, database: Database, reason: str, says: str
) -> None:
    with database.writing() as session:
        found = session.get_one(Channel, channel)
        found.state, found.paused_reason = ChannelState.PAUSED, reason
    assert says in plain(admin.get(f"{LIST}/{channel}").text)
    assert "En pause" in plain(admin.get(LIST).text)
    send(admin, f"{LIST}/{channel}/pause")
    found = row(database, channel)
    assert (found.state, found.paused_reason) == (ChannelState.ACTIVE, None)
    send(admin, f"{LIST}/{channel}/pause")
    assert row(database, channel).paused_reason == "staff"


def test_a_resting_and_a_throttled_channel_say_until_when(admin: FlaskClient, channel: int, database: Database) -> None:
    with database.writing() as session:
        found = session.get_one(Channel, channel)
        found.breaker_since, found.breaker_until = wall_time(), wall_time() + timedelta(minutes=5)
        found.breaker_reason, found.breaker_step = "no_connection", 1
    page = plain(admin.get(f"{LIST}/{channel}").text)
    assert re.search(r"Au repos jusqu'à \d+ h( \d\d)? : trop d'échecs \(passerelle injoignable\)", page)
    with database.writing() as session:
        found = session.get_one(Channel, channel)
        found.breaker_until = found.breaker_since = found.breaker_reason = None
        found.rest_since, found.rest_until = wall_time(), wall_time() + timedelta(minutes=5)
    assert re.search(r"Ralenti jusqu'à \d+ h", plain(admin.get(f"{LIST}/{channel}").text))


def test_bundles_are_added_listed_and_corrected(admin: FlaskClient, channel: int, database: Database) -> None:
    address, later = f"{LIST}/{channel}/forfaits", (wall_time() + timedelta(days=20)).date()
    assert "Aucun forfait n&#39;est noté." in admin.get(address).text
    bad = send(admin, address, {"units": "0", "expires_on": "2020-01-01"})
    assert bad.status_code == 422
    assert "Cette date est passée." in bad.text
    assert send(admin, address, {"units": "500", "expires_on": later.isoformat(), "price": "2000"}).status_code == 303
    with database.reading() as session:
        bundle = session.query(Bundle).one()
    assert (bundle.channel_id, bundle.units, bundle.left, bundle.price, bundle.expires_on) == (channel, 500, 500, 2000, later)
    assert "500 SMS sur 500, jusqu'au" in plain(admin.get(f"{LIST}/{channel}").text)
    send(admin, f"{address}/{bundle.id}", {"left": "120"})
    assert "120 SMS sur 500" in plain(admin.get(f"{LIST}/{channel}").text)
    send(admin, f"{LIST}/1/forfaits/{bundle.id}", {"left": "7"})
    assert "120 SMS sur 500" in plain(admin.get(f"{LIST}/{channel}").text), "the bundle of another channel"


def test_a_new_bundle_wakes_a_channel_that_waited_for_one(admin: FlaskClient, channel: int, database: Database) -> None:
    with database.writing() as session:
        found = session.get_one(Channel, channel)
        found.state, found.paused_reason = ChannelState.PAUSED, "bundle"
    later = (wall_time() + timedelta(days=2)).date()
    send(admin, f"{LIST}/{channel}/forfaits", {"units": "500", "expires_on": later.isoformat()})
    assert row(database, channel).state is ChannelState.ACTIVE


def test_the_last_twenty_exchanges_are_shown(admin: FlaskClient, channel: int, database: Database) -> None:
    with database.writing() as session:
        for number in range(25):
            at = wall_time() + timedelta(seconds=number)
            log = ChannelLog(
                channel_id=channel, at=at, inbound=number % 2 == 1, status=200 + number, request=f"demande-{number}."
            )
            session.add(log)
    page = admin.get(f"{LIST}/{channel}").text
    assert re.findall(r"demande-(\d+)\.", page) == [str(number) for number in range(24, 4, -1)]
    assert ">reçu<" in page
    assert ">envoyé<" in page


def test_a_removed_channel_has_no_page(admin: FlaskClient, channel: int, database: Database) -> None:
    with database.writing() as session:
        session.get_one(Channel, channel).state = ChannelState.REMOVED
    assert {admin.get(f"{LIST}/{channel}{part}").status_code for part in ("", "/modifier", "/essai", "/forfaits")} == {404}
