"""Une personne: her series begun with an agreement on paper or asked of her phone, ended by one button; within one's villages."""

from datetime import datetime

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from campaigns.models import Enrolment, EnrolmentState
from clubs.models import Member
from console.staff import RoleName
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Consent, Contact, OpenPrompt, Purpose
from runtime.audit import AuditEntry
from runtime.database import Database
from runtime.installation import installation
from tests.campaigns.test_places import series
from tests.console.conftest import SignedIn, send
from tests.world import World


@pytest.fixture(autouse=True)
def _on_that_day(now: datetime) -> object:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def begun(exchange: Exchange, world: World, now: datetime) -> int:
    """A series that runs."""
    with exchange.database.writing() as session:
        return series(session, exchange, world, now).id


@pytest.fixture
def moussa(signed_in: SignedIn, world: World) -> FlaskClient:
    """His browser: facilitation of the first village."""
    return signed_in(RoleName.TERRAIN, villages=frozenset({world.villages[0]}))


SIGNED = {"month": "2026-03", "agreement": "paper", "given_on": "2026-03-10", "witness": "Issa", "page": "12"}


def test_moussa_enrols_binta_with_the_register_and_ends_her_series(
    moussa: FlaskClient, database: Database, world: World, begun: int
) -> None:
    binta = world.members["binta"]
    assert f"/contacts/participants/{binta}" in moussa.get(f"/clubs/{world.clubs['1032']}").text
    assert f"/contacts/participants/{binta}" in moussa.get(f"/contacts/{world.contacts['binta']}").text
    page = moussa.get(f"/contacts/participants/{binta}").text
    assert "ne suit aucune série" in page
    answer = send(moussa, f"/contacts/participants/{binta}/serie", {**SIGNED, "series": str(begun)})
    assert answer.headers["Location"] == f"/contacts/participants/{binta}"
    page = moussa.get(f"/contacts/participants/{binta}").text
    assert "Inscription faite" in page
    assert "03/2026" in page
    assert "1 avril" in page.replace("\u00a0", " ").replace("1er", "1")
    assert "suit une série" in moussa.get(f"/clubs/{world.clubs['1032']}").text
    assert "registre, page 12, témoin : Issa" in moussa.get(f"/contacts/{world.contacts['binta']}").text.replace("\u00a0", " ")
    with database.reading() as session:
        place = session.query(Enrolment).one().id
    assert send(moussa, f"/contacts/participants/{binta}/serie/{place}/terminer").status_code == 303
    assert "Série terminée" in moussa.get(f"/contacts/participants/{binta}").text
    assert "suit une série" not in moussa.get(f"/clubs/{world.clubs['1032']}").text
    with database.reading() as session:
        assert session.query(Enrolment).one().state is EnrolmentState.ENDED
        assert session.query(Consent).filter_by(purpose=Purpose.SERIES, withdrawn_at=None).count() == 0
        done = {action for (action,) in session.query(AuditEntry.action)}
    assert {"enrol_member", "end_enrolment"} <= done


def test_without_a_register_the_phone_is_asked(moussa: FlaskClient, database: Database, world: World, begun: int) -> None:
    binta = world.members["binta"]
    fields = {"series": str(begun), "month": "11/2026", "agreement": "ask"}
    assert send(moussa, f"/contacts/participants/{binta}/serie", fields).status_code == 303
    page = moussa.get(f"/contacts/participants/{binta}").text
    assert "si la personne répond OUI" in page
    assert "attend un accord" in page
    with database.reading() as session:
        assert session.query(OpenPrompt).one().contact_id == world.contacts["binta"]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        pytest.param({"month": ""}, "month", "Écrivez le mois", id="no-month"),
        pytest.param({"month": "mars"}, "month", "pas lisible", id="an-unreadable-month"),
        pytest.param({"month": "2030-01"}, "month", "trop loin", id="a-month-out-of-reach"),
        pytest.param({"witness": ""}, "witness", "nom du témoin", id="no-witness"),
        pytest.param({"given_on": "2026-03-19"}, "given_on", "à venir", id="an-agreement-of-tomorrow"),
        pytest.param({"series": "999"}, "series", "n'existe pas", id="no-such-series"),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_what_was_typed_stays(
    moussa: FlaskClient, database: Database, world: World, begun: int, change: dict[str, str], field: str, said: str
) -> None:
    answer = send(moussa, f"/contacts/participants/{world.members['binta']}/serie", {**SIGNED, "series": str(begun), **change})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert said in answer.text.replace("&#39;", "'")
    assert 'value="12"' in answer.text
    with database.reading() as session:
        assert session.query(Enrolment).count() == 0


def test_nobody_is_enrolled_without_telephone_or_where_series_are_off(
    moussa: FlaskClient, database: Database, world: World, begun: int
) -> None:
    assert "Sans téléphone" in moussa.get(f"/contacts/participants/{world.members['hawa']}").text
    with database.writing() as session:
        installation(session).series = False
    page = moussa.get(f"/contacts/participants/{world.members['binta']}").text
    assert "ne sont pas en service" in page
    assert "Inscrire" not in page


def test_sory_finds_nobody_of_another_village(
    signed_in: SignedIn, database: Database, world: World, begun: int, now: datetime
) -> None:
    sory = signed_in(RoleName.TERRAIN, villages=frozenset({world.villages[1]}))
    binta = world.members["binta"]
    assert sory.get(f"/contacts/participants/{binta}").status_code == 404
    assert sory.get(f"/contacts/participants/{world.members['oumar']}").status_code == 200
    addresses = ("serie", "corriger", "serie/1/terminer")
    with database.writing() as session:
        session.add(Enrolment(id=1, campaign_id=begun, member_id=binta, anchor_month=now.date(), enrolled_at=now))
    assert [send(sory, f"/contacts/participants/{binta}/{one}", SIGNED).status_code for one in addresses] == [404] * 3
    own = f"/contacts/participants/{world.members['oumar']}/serie/1/terminer"
    assert send(sory, own).status_code == 404, "a place of somebody else, under a person of his own"
    with database.reading() as session:
        assert session.get_one(Enrolment, 1).state is EnrolmentState.ACTIVE


def test_what_a_person_says_of_herself_is_noted(signed_in: SignedIn, database: Database, world: World) -> None:
    fanta, awa = signed_in(RoleName.COMMUNICATION), world.members["awa"]
    fields = {"name": "Awa Traoré", "sex": "F", "age_band": "15-24", "life_stage": "6-23", "preferred": "voice"}
    assert send(fanta, f"/contacts/participants/{awa}/corriger", fields).status_code == 303
    with database.reading() as session:
        one = session.get_one(Member, awa)
        assert (one.name, one.sex, one.age_band, one.life_stage, one.preferred) == tuple(fields.values())
    wrong = send(fanta, f"/contacts/participants/{awa}/corriger", {**fields, "life_stage": "autre"})
    assert wrong.status_code == 422
    assert 'href="#life_stage"' in wrong.text


def test_a_stranger_who_named_a_club_is_made_a_member_of_it_by_staff(
    signed_in: SignedIn, database: Database, world: World, now: datetime
) -> None:
    fanta = signed_in(RoleName.COMMUNICATION)
    with database.writing() as session:
        stranger = contacts.find_or_create(session, "+22300019912", now).id
    here = f"/contacts/{stranger}/inscrire"
    assert here in fanta.get(f"/contacts/{stranger}").text
    refused = send(fanta, here, {"club": "9999", "sex": ""})
    assert refused.status_code == 422
    assert [f'href="#{field}"' in refused.text for field in ("club", "sex")] == [True, True]
    made = send(fanta, here, {"club": "1032", "sex": "F", "name": "Sitan"})
    assert "Sitan" in fanta.get(str(made.headers["Location"])).text
    assert send(fanta, here, {"club": "1032", "sex": "H"}).status_code == 303
    with database.reading() as session:
        behind = session.query(Member).filter_by(contact_id=stranger).order_by(Member.id).all()
        assert [(one.club_id, one.sex, one.name) for one in behind] == [
            (world.clubs["1032"], "F", "Sitan"),
            (world.clubs["1032"], "H", None),
        ]
        assert session.get_one(Contact, stranger).shared, "a second person behind one phone"
        assert session.query(Consent).filter_by(contact_id=stranger).count() == 0


def test_the_administration_looks_and_does_not_act(app: Flask, signed_in: SignedIn, world: World, begun: int) -> None:
    browser = signed_in(RoleName.ADMINISTRATION)
    page = browser.get(f"/contacts/participants/{world.members['binta']}").text
    assert "Étape de vie" in page
    assert "Inscrire" not in page


def test_a_number_that_was_erased_follows_nothing(moussa: FlaskClient, database: Database, world: World, begun: int) -> None:
    with database.writing() as session:
        session.get_one(Contact, world.contacts["binta"]).state = "dead"  # type: ignore[assignment]  # as stored
    answer = send(moussa, f"/contacts/participants/{world.members['binta']}/serie", {**SIGNED, "series": str(begun)})
    assert answer.status_code == 422
    assert "pas de téléphone" in answer.text
