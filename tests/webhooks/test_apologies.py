"""What a caller hears when the service fails in the middle of a call: the apology of their language, without a database."""

import json

import pytest

from campaigns.apologies import Apologies
from messaging.channels import account
from messaging.exchange import Exchange
from messaging.intake import Known
from messaging.models import Call, Channel
from messaging.steps import Hangup
from tests.calls import Line, clip, last_step, prompt, words
from tests.webhooks.test_routes import Away, away
from tests.world import World

__all__ = ["away"]
DOWN = "Le service ne répond pas. Merci de rappeler plus tard."


def apologies(exchange: Exchange, world: World, *languages: str) -> None:
    for place, code in enumerate(languages):
        clip(exchange, world, prompt(exchange, world, "system_down", None, code), "abc"[place])


@pytest.mark.parametrize(
    ("languages", "spoken", "heard"),
    [
        pytest.param(("fr", "bm"), "bm", "b", id="her language"),
        pytest.param(("fr",), "bm", "a", id="French where hers has none"),
        pytest.param(("fr", "bm"), "fr", "a", id="French"),
    ],
)
def test_the_clip_of_the_calls_language_is_heard_without_a_database(
    languages: tuple[str, ...], spoken: str, heard: str, world: World, away: Away
) -> None:
    away.back()
    apologies(away.exchange, world, *languages)
    line = Line(away.exchange, away.client, world)
    with away.exchange.database.writing() as session:
        session.get_one(Call, line.id).language = spoken
    line.answer()
    away.database.down = away.database.full = True
    answer = line.press("1", 1)
    assert (words(answer), last_step(answer)) == (["system_down"], "hangup")
    assert f"/{heard * 64}.wav" in json.dumps(answer)


def test_a_simulator_reads_its_apology_where_no_clip_is(world: World, away: Away) -> None:
    away.back()
    line = Line(away.exchange, away.client, world)
    line.answer()
    away.database.down = away.database.full = True
    assert words(line.press("1", 1)) == [DOWN]


def test_whoever_is_not_on_the_line_must_come_again(world: World, away: Away) -> None:
    away.back()
    line = Line(away.exchange, away.client, world)
    line.answer()
    away.database.down = away.database.full = True
    form = {"id": f"sim-{line.id}", "phone": line.world.numbers["awa"], "event": "completed"}
    assert away.client.post(f"/hooks/{world.token}/call", data=form).status_code == 503
    assert away.client.post("/hooks/no-such-token/call", data={**form, "event": "turn"}).status_code == 503


@pytest.mark.parametrize("gateway", ["twilio", "africastalking", "simulator"])
def test_words_are_read_aloud_on_the_simulator_alone(gateway: str, exchange: Exchange, world: World) -> None:
    with exchange.database.reading() as session:
        channel = session.get_one(Channel, world.channel)
        known = Known(channel.id, exchange.gateways[gateway], account(channel, "https://nut.example"))
    steps = Apologies().steps(known, "call-1")
    assert isinstance(steps[-1], Hangup)
    assert len(steps) == (2 if gateway == "simulator" else 1)
