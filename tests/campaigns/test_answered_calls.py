"""A line that answers calls: the same conversations as after a bip, in the same records."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clubs import pins
from clubs.models import Member
from messaging.exchange import Exchange
from messaging.models import Call, CallState, Consent, Direction
from tests.calls import NOW, Caller, last_step, prompt, words
from tests.campaigns.test_voice_flows import SAID, inquiries
from tests.world import World

REPORT = ("pin_ask", "theme_ask", "women_ask", "men_ask", "readback", "confirm_ask", "saved", "give_up")
STRANGER = "+22300019911"


@pytest.fixture
def said(exchange: Exchange, world: World) -> None:
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")


@pytest.mark.usefixtures("said")
def test_a_member_who_calls_hears_the_main_menu_and_asks(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Caller(exchange, client, world)
    assert words(line.answer())[:2] == ["<who>", "<menu_main>"]
    line.key("3")
    line.key("1")
    assert line.speak(3) == ["recording", "<rec_menu>"]
    line.drop()
    assert (line.row.direction, line.row.state, line.row.seconds) == (Direction.IN, CallState.DROPPED, 30)
    assert [row.contact_id for row in inquiries(exchange)] == [world.contacts["awa"]]


@pytest.mark.usefixtures("said")
def test_a_request_that_comes_again_advances_nothing(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Caller(exchange, client, world)
    assert line.answer() == line.answer()
    assert line.row.turn == 1


@pytest.mark.usefixtures("said")
def test_a_facilitators_call_opens_on_her_report(exchange: Exchange, client: FlaskClient, world: World) -> None:
    for label in REPORT:
        prompt(exchange, world, label, f"<{label}>")
    with exchange.database.writing() as session:
        pins.issue(session, session.get_one(Member, world.members["moussa"]))
    assert words(Caller(exchange, client, world, who="moussa").answer())[0] == "<pin_ask>"


@pytest.mark.usefixtures("said")
def test_a_stranger_has_a_minute_to_agree(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Caller(exchange, client, world, number=STRANGER)
    assert words(line.answer()) == ["<who>", "<consent_ask>"]
    assert line.key("1") == ["<consent_yes>", "<club_ask>"]
    with exchange.database.reading() as session:
        given = session.scalars(select(Consent.via).where(Consent.contact_id == line.row.contact_id))
        assert set(given) == {"voice"}
    line.now = NOW + timedelta(seconds=61)
    assert line.key("2043", "#") == ["<goodbye>"]


@pytest.mark.usefixtures("said")
def test_a_call_ends_after_ten_minutes_with_a_word(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Caller(exchange, client, world)
    line.answer()
    line.now = NOW + timedelta(minutes=9)
    assert line.key("0")[0] != "<goodbye>"
    line.now = NOW + timedelta(minutes=10)
    answer = line.press("0", line.row.turn)
    assert (words(answer), last_step(answer)) == (["<goodbye>"], "hangup")


@pytest.mark.usefixtures("said")
def test_a_bip_on_a_line_that_answers_is_called_back(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Caller(exchange, client, world)
    line.answer()
    line.post(event="completed", seconds="2")
    with exchange.database.reading() as session:
        back = session.scalars(select(Call).where(Call.direction == Direction.OUT)).one()
    assert (back.contact_id, back.state) == (world.contacts["awa"], CallState.QUEUED)
