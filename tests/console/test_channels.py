"""Channels as the administration adds, changes, tests and watches them."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.staff import RoleName
from messaging.gateways.kannel import Kannel
from messaging.gateways.protocol import (
    Account,
    Capabilities,
    Cause,
    Line,
    Outcome,
    OutgoingSms,
    Probe,
    Sent,
    Setting,
    missing,
)
from messaging.models import Bundle, Channel, ChannelLog, ChannelState
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.installation import installation
from tests.console.conftest import SignedIn, send
from tests.world import World

ADMIN = RoleName.ADMINISTRATION
LIST = "/reglages/canaux"
SECRET = "FAKE-mot-de-passe-long"


@dataclass
class End(Line):
    """A provider's end of the line: it answers as it was told, and keeps what it was sent."""

    says: Probe = field(default_factory=Probe)
    answers: Sent = field(default_factory=lambda: Sent(Outcome.WIRED, "p-1", response="taken"))
    got: list[OutgoingSms] = field(default_factory=list)

    async def send(self, sms: OutgoingSms) -> Sent:
        self.got.append(sms)
        return self.answers

    async def probe(self) -> Probe:
        return self.says


class Pigeon(Kannel):
    """A real provider with one setting of each sort."""

    name = "pigeon"
    capabilities = Capabilities(tells_balance=True)
    settings = (  # type: ignore[assignment]  # as many as we like
        Setting("loft", default="https://pigeon.example"),
        Setting("key", secret=True),
        Setting("second_key", secret=True, required=False),
        Setting("breed", choices=("homing", "carrier")),
        Setting("ring", required=False, choices=("left", "right")),
    )

    def __init__(self) -> None:
        self.end = End()

    def check(self, settings: object) -> list[str]:
        assert isinstance(settings, dict)
        return missing(self.settings, settings)

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Line]:
        yield self.end


GIVEN = {
    "name": "Pigeon 1",
    "number": "76000001",
    "kinds": "sms",
    "set_loft": "https://loft.example",
    "set_key": SECRET,
    "set_second_key": "FAKE-second",
    "set_breed": "homing",
    "set_ring": "left",
    "price_per_part": "18",
    "parts_per_minute": "30",
    "parts_per_hour": "60",
    "in_flight": "2",
    "warn_below": "50",
    "needs_bundle": "1",
}


@pytest.fixture
def pigeon(app: Flask) -> Pigeon:
    """The gateway, among those of this installation."""
    found, exchange = Pigeon(), app.extensions["lamen"]
    app.extensions["lamen"] = replace(exchange, gateways={**exchange.gateways, "pigeon": found})
    return found


@pytest.fixture
def admin(signed_in: SignedIn, database: Database, world: World, pigeon: Pigeon) -> FlaskClient:
    """An administrator of an installation that is no simulation."""
    found = signed_in(ADMIN)
    with database.writing() as session:
        installation(session).simulation = False
    return found


@pytest.fixture
def channel(admin: FlaskClient, database: Database) -> int:
    """A channel of the pigeon, added by its form."""
    answer = send(admin, f"{LIST}/nouveau/pigeon", {**GIVEN, "languages": ["bm", "fr"], "operators": "orange"})
    assert answer.status_code == 303, answer.text
    return int(answer.location.rpartition("/")[2])


def row(database: Database, number: int) -> Channel:
    with database.reading() as session:
        return session.get_one(Channel, number)


def plain(page: str) -> str:
    """A page's words with ordinary spaces, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page).replace("\u202f", " ").replace("\u00a0", " ").replace("&#39;", "'"))


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
    admin = signed_in(ADMIN)
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
def test_a_test_sms_goes_to_a_number_of_ones_own(admin: FlaskClient, channel: int, pigeon: Pigeon, sent: Sent, says: str) -> None:
    pigeon.end.answers = sent
    page = send(admin, f"{LIST}/{channel}/essai", {"act": "sms", "to": "76 00 00 02"}).text
    assert says in plain(page)
    assert [sms.number for sms in pigeon.end.got] == ["+22376000002"]
    refused = send(admin, f"{LIST}/{channel}/essai", {"act": "sms", "to": "00 01 00 01"})
    assert refused.status_code == 422
    assert len(pigeon.end.got) == 1


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
    from console.edge import wall_time

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
    from console.edge import wall_time

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
    from console.edge import wall_time

    with database.writing() as session:
        found = session.get_one(Channel, channel)
        found.state, found.paused_reason = ChannelState.PAUSED, "bundle"
    later = (wall_time() + timedelta(days=2)).date()
    send(admin, f"{LIST}/{channel}/forfaits", {"units": "500", "expires_on": later.isoformat()})
    assert row(database, channel).state is ChannelState.ACTIVE


def test_the_last_twenty_exchanges_are_shown(admin: FlaskClient, channel: int, database: Database) -> None:
    from console.edge import wall_time

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
