"""Budgets: caps of a day and of a channel are set on a page, kept from day to day, and begun anew."""

from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from console.staff import RoleName
from messaging import money, windows
from messaging.models import Attempt, Budget, Call, CallState, Direction, Message, MessageState
from runtime.database import Database
from runtime.settings import Settings
from tests.console.conftest import SignedIn, send
from tests.world import World

R = RoleName
HERE = "/reglages/budgets"


@pytest.fixture
def adama(signed_in: SignedIn, world: World) -> FlaskClient:
    """Administration."""
    return signed_in(R.ADMINISTRATION)


def caps(database: Database) -> dict[str, tuple[int, int]]:
    with database.reading() as session:
        return {row.scope: (row.cap, row.reserved) for row in session.query(Budget)}


def test_a_cap_of_the_day_holds_today_and_every_day_after(
    adama: FlaskClient, database: Database, settings: Settings, now: datetime
) -> None:
    assert send(adama, HERE, {"day_cap": "25 000"}).status_code == 303
    assert len(caps(database)) == 2
    assert {cap for cap, _ in caps(database).values()} == {25_000}
    with database.writing() as session:
        for days in range(3):
            money.cap_days(session, windows.of(settings), now + timedelta(days=days))
    assert {f"day:{(now + timedelta(days=days)).date()}" for days in range(4)} <= set(caps(database))
    send(adama, HERE, {"day_cap": ""})
    assert not [scope for scope in caps(database) if scope > f"day:{datetime.now().date()}"]  # whole days


def test_a_changed_cap_keeps_what_is_reserved(adama: FlaskClient, database: Database) -> None:
    send(adama, HERE, {"day_cap": "100"})
    with database.writing() as session:
        for row in session.query(Budget):
            row.reserved = 60
    send(adama, HERE, {"day_cap": "200"})
    assert set(caps(database).values()) == {(200, 60)}


def test_a_cap_set_or_set_again_in_the_middle_of_a_day_counts_what_left(
    adama: FlaskClient, world: World, database: Database
) -> None:
    at = datetime.now(UTC)
    with database.writing() as session:
        for state, day in ((MessageState.SENT, 0), (MessageState.FAILED, 0), (MessageState.SENT, 1)):
            row = Message(direction=Direction.OUT, channel_id=world.channel, contact_id=world.contacts["awa"], state=state)
            row.price, row.not_before, row.created_at = 15, at, at
            session.add(row)
            session.flush()
            begun = at - timedelta(days=day)
            session.add(Attempt(id=str(uuid4()), message_id=row.id, channel_id=world.channel, number=1, started_at=begun))
        call = Call(
            direction=Direction.OUT, channel_id=world.channel, contact_id=world.contacts["awa"], state=CallState.NO_ANSWER
        )
        call.price, call.settled, call.spent, call.not_before, call.created_at = 60, 7, 30, at, at
        session.add(call)
        session.flush()
        session.add(Attempt(id=str(uuid4()), call_id=call.id, channel_id=world.channel, number=2, started_at=at))
    today = f"day:{at.date()}"
    for cap in ("100", "", "100"):
        send(adama, HERE, {"day_cap": cap})
        assert caps(database).get(today) == ((100, 15 + 7 + 30) if cap else None)


def test_a_channel_is_capped_kept_and_begun_anew(adama: FlaskClient, world: World, database: Database) -> None:
    place, scope = f"{HERE}/{world.channel}", f"channel:{world.channel}"
    send(adama, place, {"cap": "5000"})
    with database.writing() as session:
        session.query(Budget).one().reserved = 4200
    assert "800" in adama.get(HERE).text
    send(adama, place, {"cap": "6000"})
    assert caps(database) == {scope: (6000, 4200)}
    send(adama, place, {"cap": "6000", "anew": "1"})
    assert caps(database) == {scope: (6000, 0)}
    send(adama, place, {"cap": ""})
    assert caps(database) == {}


@pytest.mark.parametrize("wrong", ["-5", "beaucoup", "1,5"], ids=["below zero", "a word", "a fraction"])
def test_a_cap_that_is_no_amount_is_refused(adama: FlaskClient, world: World, database: Database, wrong: str) -> None:
    assert send(adama, HERE, {"day_cap": wrong}).status_code == 422
    assert send(adama, f"{HERE}/{world.channel}", {"cap": wrong}).status_code == 422
    assert caps(database) == {}


def test_an_unknown_channel_has_no_budget(adama: FlaskClient) -> None:
    assert adama.get(f"{HERE}/99").status_code == 404


def test_an_operator_is_capped_by_name(adama: FlaskClient, database: Database) -> None:
    send(adama, f"{HERE}/operateurs/orange", {"cap": "700"})
    assert caps(database) == {"operator:orange": (700, 0)}
    assert "Orange" in adama.get(HERE).text
    assert adama.get(f"{HERE}/operateurs/inconnu").status_code == 404


def test_home_and_metrics_tell_of_a_cap_that_is_nearly_reached(adama: FlaskClient, world: World, database: Database) -> None:
    send(adama, f"{HERE}/{world.channel}", {"cap": "1000"})
    with database.writing() as session:
        session.query(Budget).one().reserved = 790
    assert "Budget presque atteint" not in adama.get("/").text
    with database.writing() as session:
        session.query(Budget).one().reserved = 801
    assert "Budget presque atteint, le canal simulateur : il reste 199 FCFA" in unescape(adama.get("/").text).replace(
        "\u00a0", " "
    )
    assert "presque atteint" in adama.get(HERE).text
    told = adama.get("/metrics").text
    assert f'lamen_budget_left_fcfa{{scope="channel:{world.channel}"}} 199.0' in told
    send(adama, HERE, {"day_cap": "", "warn_share": "10"})
    assert "Budget presque atteint" not in adama.get("/").text
