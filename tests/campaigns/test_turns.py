"""A club's weekly hour: one member records after another, in one call."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from clubs.models import Club
from messaging.exchange import Exchange
from tests.calls import NOW, Line, prompt, words
from tests.campaigns.test_voice_flows import SAID, inquiries
from tests.world import World


@pytest.fixture
def hour(exchange: Exchange, world: World) -> None:
    """Awa's club records on Wednesdays from ten; all that is said then."""
    for label in SAID:
        prompt(exchange, world, label, f"<{label}>")
    with exchange.database.writing() as session:
        club = session.get_one(Club, world.clubs["1032"])
        club.talk_weekday, club.talk_at = 2, "10:00"


@pytest.mark.usefixtures("hour")
def test_members_record_in_turn_until_nobody_speaks(exchange: Exchange, client: FlaskClient, world: World) -> None:
    line = Line(exchange, client, world, reason="bip")
    assert words(line.answer()) == ["<who>", "<adult_check>"]
    assert line.key("1") == ["<rec_how>", "<rec_no_names>"]
    assert line.row.last_answer is not None
    assert line.row.last_answer["steps"][-1]["max_s"] == 120
    for seconds in (3, 4):
        assert line.speak(seconds) == ["recording", "<rec_menu>"]
        assert line.key("1") == ["<rec_kept>", "<air_ask>"]
        assert line.key("2")[-2:] == ["<rec_how>", "<rec_no_names>"]
    line.speak(5)
    assert line.key("3") == ["<rec_deleted>", "<rec_how>", "<rec_no_names>"]
    for _ in range(3):
        last = line.key("")
    assert last == ["<goodbye>"]
    club = world.clubs["1032"]
    assert [(row.number, row.contact_id, row.club_id) for row in inquiries(exchange)] == [
        (1, world.contacts["awa"], club),
        (2, world.contacts["awa"], club),
    ]


@pytest.mark.usefixtures("hour")
@pytest.mark.parametrize(
    ("who", "after", "opens"),
    [
        pytest.param("binta", timedelta(minutes=59), True, id="another member, an hour long"),
        pytest.param("awa", timedelta(hours=1), False, id="the hour is over"),
        pytest.param("awa", timedelta(days=1), False, id="another day"),
        pytest.param("awa", timedelta(days=7), True, id="each week"),
        pytest.param("fatou", timedelta(0), False, id="another club's member"),
    ],
)
def test_only_its_own_members_in_its_own_hour(
    who: str, after: timedelta, opens: bool, exchange: Exchange, client: FlaskClient, world: World
) -> None:
    heard = words(Line(exchange, client, world, who=who, reason="bip", now=NOW + after).answer())
    assert ("<adult_check>" in heard) is opens


@pytest.mark.usefixtures("hour")
def test_the_clubs_own_phone_opens_it_too(exchange: Exchange, client: FlaskClient, world: World) -> None:
    with exchange.database.writing() as session:
        session.get_one(Club, world.clubs["1032"]).phone_id = world.contacts["oumar"]
    assert "<adult_check>" in words(Line(exchange, client, world, who="oumar", reason="bip").answer())
