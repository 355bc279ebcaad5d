"""Channels, tokens, staff, contents, exports and the clock from the command line."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from campaigns.models import Campaign, CampaignEvent, Question
from campaigns.schedule import schedule
from console.staff import RoleName, Staff
from messaging.exchange import Exchange
from messaging.models import Channel, Message, MessageState, Route
from runtime.audit import AuditEntry
from runtime.database import Database
from tests.console.commands.conftest import Run
from tests.world import World, opened
from translations.models import Content


def test_a_channel_is_added_and_its_secret_addresses_printed(run: Run, client: FlaskClient, database: Database) -> None:
    told = run(
        *("channel", "add", "essai", "--gateway", "simulator", "--number", "36099"),
        *("--setting", "price_per_part=18", "--kind", "sms", "--kind", "voice"),
    )
    assert told.exit_code == 0, told.output
    with database.reading() as session:
        row = session.query(Channel).filter_by(name="essai").one()
        assert (row.number, row.kinds, row.price_per_part) == ("36099", ["sms", "voice"], 18)
        token = row.token
    for kind in ("sms", "status", "call", "recording"):
        assert re.search(rf"^{kind} +http://127\.0\.0\.1:8000/hooks/{token}/{kind}$", told.output, re.MULTILINE)
    form = {"id": "1", "from": "+22300010001", "text": "AIDE"}
    assert client.post(f"/hooks/{token}/sms", data=form).status_code == 200


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("simulateur", "--gateway", "simulator"), "Un canal porte déjà ce nom.", id="a name that is taken"),
        pytest.param(("autre", "--gateway", "pigeon"), "La passerelle « pigeon » n'existe pas.", id="no such gateway"),
        pytest.param(("autre", "--gateway", "simulator", "--setting", "prix"), "clé=valeur", id="a setting without value"),
        pytest.param(("autre", "--gateway", "simulator", "--setting", "in_flight=x"), "nombres entiers", id="not a number"),
        pytest.param(
            ("autre", "--gateway", "simulator", "--setting", "faults=rain"), "À corriger|à corriger", id="no such fault"
        ),
    ],
)
def test_a_wrong_channel_is_refused_with_what_to_do(
    run: Run, world: World, database: Database, words: tuple[str, ...], says: str
) -> None:
    told = run("channel", "add", *words, "--number", "1")
    assert told.exit_code == 1
    assert re.search(says, told.output)
    with database.reading() as session:
        assert session.query(Channel).count() == 1


def test_a_rotated_channel_answers_under_its_new_address_and_a_week_under_the_old(
    run: Run, world: World, client: FlaskClient, database: Database
) -> None:
    told = run("channel", "rotate", "simulateur")
    assert world.token not in told.output
    with database.reading() as session:
        token = session.query(Channel).one().token
    for address in (token, world.token):
        form = {"id": address, "from": world.numbers["awa"], "text": "AIDE"}
        assert client.post(f"/hooks/{address}/sms", data=form).status_code == 200
    assert "simulator" in run("channel", "list").output
    assert token not in run("channel", "list").output
    assert run("channel", "check", "simulateur").exit_code == 0
    assert run("channel", "check", "personne").exit_code == 1


def test_a_token_is_printed_once_and_opens_the_api_until_revoked(run: Run, client: FlaskClient, world: World) -> None:
    told = run("token", "add", "district", "--scope", "read:clubs")
    token = told.stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/clubs", headers=headers).status_code == 200
    assert client.get("/api/v1/messages", headers=headers).status_code == 403
    listed = run("token", "list").output
    assert "district" in listed
    assert token not in listed
    assert run("token", "add", "district", "--scope", "read:clubs").exit_code == 1
    assert run("token", "revoke", "district").exit_code == 0
    assert client.get("/api/v1/clubs", headers=headers).status_code == 401
    assert run("token", "revoke", "district").exit_code == 1


def test_the_scopes_offered_are_those_of_the_api() -> None:
    from console.api.tokens import Scope
    from console.commands.token import SCOPES

    assert set(SCOPES) == {scope.value for scope in Scope}


def test_the_roles_offered_are_those_of_the_console() -> None:
    from console.commands.staff import ROLES

    assert set(ROLES) == {role.value for role in RoleName}


def test_somebody_new_gets_a_link_that_signs_in_once(run: Run, client: FlaskClient, world: World, database: Database) -> None:
    told = run("staff", "add", "Kadia", "--role", "terrain", "--role", "suivi", "--display", "Kadia Keïta", "--village", "V01")
    assert told.exit_code == 0, told.output
    path = told.stdout.strip().removeprefix("http://127.0.0.1:8000")
    assert path.startswith("/entrer/")
    assert client.get(path).status_code == 200
    with database.reading() as session:
        row = session.query(Staff).filter_by(username="kadia").one()
        assert {role.name for role in row.roles} == {"terrain", "suivi"}
        assert session.query(AuditEntry).filter_by(action="staff.add", subject_id=row.id).count() == 1
    assert "Kadia Keïta" in run("staff", "list").output
    assert run("staff", "add", "kadia", "--role", "terrain").exit_code == 1


def test_an_unknown_village_adds_nobody(run: Run, world: World, database: Database) -> None:
    assert run("staff", "add", "kadia", "--role", "terrain", "--village", "V99").exit_code == 1
    with database.reading() as session:
        assert session.query(Staff).filter_by(username="kadia").count() == 0


def test_a_forgotten_password_is_answered_with_a_link(run: Run, world: World, database: Database) -> None:
    with database.writing() as session:
        row = session.query(Staff).filter_by(username="fanta").one()
        row.failed_sign_ins, row.refused_until = 9, datetime.now(UTC) + timedelta(minutes=10)
    first, second = (run("staff", "reset", "Fanta").stdout.strip() for _ in range(2))
    assert first != second
    with database.reading() as session:
        assert session.query(Staff).filter_by(username="fanta").one().refused_until is None
    assert run("staff", "reset", "personne").exit_code == 1


def test_contents_are_loaded_and_loading_again_changes_nothing(run: Run, database: Database) -> None:
    first = run("content", "load")
    assert first.exit_code == 0, first.output
    with database.reading() as session:
        assert session.query(Content).count() > 36
        assert session.query(Question).count() >= 14
    again = run("content", "load").output
    assert re.search(r"Contenus : 0 ajoutés, 0 changés, \d+ inchangés", again)
    assert re.search(r"0 ajoutées, 0 changées, \d+ inchangées", again)


def test_a_folder_with_a_mistake_loads_nothing_and_says_where_it_stands(run: Run, tmp_path: Path, database: Database) -> None:
    (tmp_path / "10-femmes.toml").write_text("[[message]\n", encoding="utf-8")
    refused = run("content", "load", str(tmp_path))
    assert refused.exit_code == 1
    assert "10-femmes.toml" in refused.output
    with database.reading() as session:
        assert session.query(Content).count() == 0


def test_results_are_written_as_a_workbook_or_as_csv_without_any_number(run: Run, tmp_path: Path, world: World) -> None:
    for name, inside in (("r.xlsx", "xl/workbook.xml"), ("r.zip", "indicators.csv")):
        told = run("export", "results", "--from", "2026-03-01", "--to", "2026-03-31", str(tmp_path / name))
        assert told.exit_code == 0, told.output
        with zipfile.ZipFile(io.BytesIO((tmp_path / name).read_bytes())) as archive:
            assert inside in archive.namelist()
            assert not any(b"+223000100" in archive.read(part) for part in archive.namelist())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("--from", "2026-03-02", "--to", "2026-03-01", "r.xlsx"), "avant le premier", id="backwards"),
        pytest.param(("--from", "2026-03-01", "--to", "2026-03-02", "r.doc"), ".xlsx ou en .zip", id="another kind of file"),
    ],
)
def test_a_wrong_export_is_refused(run: Run, words: tuple[str, ...], says: str) -> None:
    told = run("export", "results", *words)
    assert told.exit_code == 1
    assert says in told.output


def test_one_tick_at_the_due_time_sends_a_campaign(
    run: Run, exchange: Exchange, database: Database, world: World, now: datetime
) -> None:
    due = now + timedelta(days=2)
    with database.writing() as session:
        campaign = Campaign(name="Mains propres", audience={"one_phone_per_club": True}, route=Route.SMS, created_at=now)
        campaign.events = [
            CampaignEvent(content_id=world.contents["eau-propre"], starts_at=due, expires_hours=24, quiet_hours=False)
        ]
        session.add(campaign)
        session.flush()
        schedule(session, campaign, now, exchange.settings)
    assert run("tick", "--at", (due - timedelta(hours=1)).isoformat()).exit_code == 0
    with database.reading() as session:
        assert session.query(Message).count() == 0
    for at in (due - timedelta(minutes=10), due, due + timedelta(minutes=1)):
        told = run("tick", "--at", at.isoformat())
        assert told.exit_code == 0, told.output
    assert "fire_due" in told.output
    with database.reading() as session:
        states = {message.state for message in session.query(Message)}
    assert states == {MessageState.DELIVERED}


def test_a_real_installation_is_not_played_into_the_future(run: Run, database: Database, world: World) -> None:
    with database.writing() as session:
        opened(session)
    refused = run("tick", "--at", (datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert refused.exit_code == 1
    assert "les messages partiraient avant l'heure" in refused.output
