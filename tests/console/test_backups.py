"""Réglages, Sauvegardes: how fresh the copies are, and what a person decides after a restore."""

import re
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from clubs.records import ExpectedReport
from console.staff import RoleName
from messaging import restoring
from messaging.models import Message, MessageState
from runtime import audit, backups
from runtime.database import Database
from runtime.installation import installation
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.messaging import fakes
from tests.world import World

R = RoleName
HERE = "/reglages/sauvegardes"
HOUR = timedelta(hours=1)


def shown(browser: FlaskClient) -> str:
    return browser.get(HERE).get_data(as_text=True).replace("\u202f", " ").replace("\xa0", " ")


def test_the_page_says_when_the_last_copy_and_the_last_drill_were(
    signed_in: SignedIn, database: Database, settings: Settings
) -> None:
    adama, wall = signed_in(R.ADMINISTRATION), datetime.now(UTC)
    assert "Aucune copie" in shown(adama)
    assert "jamais fait" in shown(adama)
    backups.make(database, settings, wall - 3 * HOUR)
    assert "trop vieille" in shown(adama)
    backups.make(database, settings, wall)
    with database.writing() as session:
        audit.record(session, wall, "restore.drill", "installation", 1, actor_kind="command", seconds=41)
    assert "à jour" in shown(adama)
    assert "2 copies gardées" in shown(adama)
    assert not re.search(r"\d\.\d+ Mo", shown(adama)), "French writes a comma"
    assert "en 41 s" in shown(adama)
    assert "Après une restauration" not in shown(adama)


def test_after_a_restore_every_page_says_so_until_somebody_of_administration_decides(
    signed_in: SignedIn, database: Database, world: World
) -> None:
    now = datetime.now(UTC)
    with database.writing() as session:
        message = fakes.push(session, world, "awa", now)
        session.flush()
        restoring.hold(session, now - HOUR, now)
        id_ = message.id
    adama, fanta = signed_in(R.ADMINISTRATION), signed_in(R.COMMUNICATION)
    assert "rien ne part avant votre décision" in fanta.get("/").get_data(as_text=True)
    assert "SMS retenus : 1." in shown(adama)
    assert send(fanta, f"{HERE}/abandonner").status_code == 403
    send(adama, f"{HERE}/abandonner")
    with database.reading() as session:
        assert not installation(session).holds
        assert session.get_one(Message, id_).state is MessageState.CANCELLED
        acts = session.query(audit.AuditEntry.action).filter_by(action="release_restored").count()
    assert acts == 1
    assert "Après une restauration" not in shown(adama)
    assert "rien ne part avant votre décision" not in fanta.get("/").get_data(as_text=True)


def test_a_restore_that_broke_off_cannot_be_released(signed_in: SignedIn, database: Database, world: World) -> None:
    now = datetime.now(UTC)
    with database.writing() as session:
        installation(session).restored_at = now
        session.add(ExpectedReport(club_id=world.clubs["1032"], due_on=now.date() - timedelta(days=1)))
    adama = signed_in(R.ADMINISTRATION)
    assert "pas finie" in shown(adama)
    assert "Reprendre" not in shown(adama)
    for way in ("reprendre", "abandonner"):
        send(adama, f"{HERE}/{way}")
    with database.reading() as session:
        assert installation(session).holds
        assert session.query(Message).count() == 0, "no reminder is written to anybody whose STOP was not done again"
