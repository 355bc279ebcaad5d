"""The home page says which channel does less than it could, and the history of a number what was said with the provider."""

from datetime import UTC, datetime, timedelta

from console.staff import RoleName as R
from messaging import channels
from messaging.exchange import Exchange
from messaging.gateways.protocol import Outcome, Sent
from messaging.models import Channel, Message, MessageState
from tests.console.conftest import SignedIn
from tests.console.conftest import send as post
from tests.messaging.fakes import Scripted, reply, send, with_gateway
from tests.world import World


def test_a_resting_channel_is_named_with_since_when_until_when_and_why(
    signed_in: SignedIn, exchange: Exchange, world: World
) -> None:
    at = datetime.now(UTC)
    with exchange.database.writing() as session:
        channel = session.get_one(Channel, world.channel)
        channel.breaker_since, channel.breaker_until = at, at + timedelta(minutes=10)
        channel.breaker_reason = "no_connection"
    page = signed_in(R.COMMUNICATION).get("/").text
    assert "Canal simulateur, depuis" in page
    assert "Au repos jusqu" in page


def test_a_paused_channel_is_named_and_a_good_day_names_none(signed_in: SignedIn, exchange: Exchange, world: World) -> None:
    browser = signed_in(R.ADMINISTRATION)
    assert "Canal simulateur" not in browser.get("/").text
    with exchange.database.writing() as session:
        channels.pause(session.get_one(Channel, world.channel), "bundle")
    assert "Canal simulateur. En pause" in browser.get("/").text.replace("\n", " ")


def test_the_exchange_with_the_provider_is_shown_beside_its_message(
    signed_in: SignedIn, exchange: Exchange, world: World, now: datetime
) -> None:
    with exchange.database.writing() as session:
        reply(session, exchange, world, "awa", now)
    send(with_gateway(exchange, Scripted()), world, now)
    assert "<summary>Détail</summary>" in signed_in(R.COMMUNICATION).get(f"/contacts/{world.contacts['awa']}").text


def test_a_person_settles_what_nobody_knows_the_end_of(
    signed_in: SignedIn, exchange: Exchange, world: World, now: datetime
) -> None:
    at = datetime.now(UTC)
    with exchange.database.writing() as session:
        ids = [reply(session, exchange, world, name, at - timedelta(hours=1), f"Merci {name}.").id for name in ("awa", "sory")]
    send(with_gateway(exchange, Scripted(say=lambda sms: Sent(Outcome.UNKNOWN, code="timeout"))), world, at - timedelta(hours=1))
    browser = signed_in(R.COMMUNICATION)
    assert "/envois/inconnus" in browser.get("/").text
    page = browser.get("/envois/inconnus").text
    assert "Merci awa." in page
    assert "+22300010001" not in page
    post(browser, f"/envois/inconnus/{ids[0]}", {"act": "again"})
    post(browser, f"/envois/inconnus/{ids[1]}", {"act": "leave"})
    with exchange.database.reading() as session:
        states = [session.get_one(Message, id_).state for id_ in ids]
    assert states == [MessageState.QUEUED, MessageState.FAILED]
    assert "Aucun SMS" in browser.get("/envois/inconnus").text


def test_what_is_settled_already_stays_as_it_is(signed_in: SignedIn, exchange: Exchange, world: World, now: datetime) -> None:
    with exchange.database.writing() as session:
        id_ = reply(session, exchange, world, "awa", now).id
    post(signed_in(R.ADMINISTRATION), f"/envois/inconnus/{id_}", {"act": "leave"})
    with exchange.database.reading() as session:
        assert session.get_one(Message, id_).state is MessageState.QUEUED
