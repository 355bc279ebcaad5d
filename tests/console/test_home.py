"""The home page says which channel does less than it could, and the history of a number what was said with the provider."""

from datetime import UTC, datetime, timedelta

from console.staff import RoleName as R
from messaging import channels
from messaging.exchange import Exchange
from messaging.models import Channel
from tests.console.conftest import SignedIn
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
