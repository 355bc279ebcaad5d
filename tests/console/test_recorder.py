"""The phone and PIN with which staff record prompts, as they set them, and the numbers on the sheet."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from campaigns import recorders
from campaigns.models import Recorder
from console.staff import RoleName
from messaging import contacts
from messaging.exchange import Exchange
from messaging.models import Contact, Purpose
from tests.console.conftest import SignedIn, send
from tests.world import World
from translations import content_files, library

PIN = "4071"


def test_staff_set_their_own_phone_and_forget_it(signed_in: SignedIn, exchange: Exchange, world: World) -> None:
    fanta = signed_in(RoleName.COMMUNICATION)
    assert "Enregistrer par téléphone" in fanta.get("/compte").text
    assert send(fanta, "/compte/telephone", {"phone": "76 00 00 09", "pin": "1111"}).status_code == 422
    assert send(fanta, "/compte/telephone", {"phone": "76 00 00 09", "pin": PIN}).status_code == 303
    with exchange.database.reading() as session:
        row = session.scalars(select(Recorder)).one()
        assert not contacts.has_consent(session, row.contact_id, Purpose.CALL)
        assert session.get_one(Contact, row.contact_id).number == "+22376000009"
        assert PIN not in row.pin_hash
    assert "Un téléphone et un code sont enregistrés." in fanta.get("/compte").text
    send(fanta, "/compte/telephone", {"act": "forget"})
    with exchange.database.reading() as session:
        assert session.scalar(select(Recorder.staff_id)) is None


@pytest.mark.parametrize(
    ("place", "form", "kept"),
    [
        pytest.param("/acces", {}, False, id="disabled"),
        pytest.param("", {"name": "Fanta", "roles": "terrain"}, False, id="of another role"),
        pytest.param("", {"name": "Fanta", "roles": "langue"}, True, id="still of languages"),
    ],
)
def test_whoever_may_not_record_any_more_keeps_no_phone_and_pin(
    place: str, form: dict[str, str], kept: bool, signed_in: SignedIn, exchange: Exchange, world: World
) -> None:
    with exchange.database.writing() as session:
        recorders.register(session, world.staff["fanta"], "76 00 00 09", PIN, datetime(2026, 3, 1, tzinfo=UTC))
    adama = signed_in(RoleName.ADMINISTRATION)
    assert send(adama, f"/reglages/utilisateurs/{world.staff['fanta']}{place}", form).status_code == 303
    with exchange.database.reading() as session:
        assert (session.scalar(select(Recorder.staff_id)) is not None) is kept


def test_the_sheet_shows_the_numbers(signed_in: SignedIn, exchange: Exchange, world: World) -> None:
    with exchange.database.writing() as session:
        library.load(session, content_files.SHIPPED, datetime(2026, 3, 1, tzinfo=UTC))
    page = signed_in(RoleName.LANGUE).get("/voix/bm/A/texte").text
    assert f">{2000 + recorders.numbers()['who']}<" in page
