"""Orange's SMS API, as its specification: the token that each request needs, and what never leaves without one."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from messaging.gateways.orange.gateway import Orange
from messaging.gateways.orange.tokens import Client, Tokens
from messaging.gateways.protocol import Account, Cause, Outcome
from tests.messaging.gateways.orange_peer import NOBODY_LISTENS, SEND_PATH, TOKEN_PATH, Provider, send, sms
from tests.messaging.gateways.orange_peer import provider as provider
from tests.peers.served import cut, served


def test_a_token_is_asked_for_with_the_applications_own_name(provider: Provider) -> None:
    send(provider, sms())
    assert [request.path for request in provider.seen[:1]] == [TOKEN_PATH]
    assert provider.seen[1].headers["Authorization"] == "Bearer token-1"


def test_twenty_sms_at_once_ask_for_one_token(provider: Provider) -> None:
    provider.token_takes = 0.05
    sent = send(provider, *(sms(f"+223000200{place:02}") for place in range(20)))
    assert ({one.outcome for one in sent}, provider.given, len(provider.bodies)) == ({Outcome.WIRED}, 1, 20)


def test_a_token_outlives_a_dispatch(provider: Provider) -> None:
    gateway = Orange()
    for _ in range(3):
        send(provider, sms(), gateway=gateway)
    assert provider.given == 1


def test_two_channels_never_share_a_token(provider: Provider) -> None:
    gateway = Orange()

    async def one_channel(channel_id: int) -> None:
        account = Account(channel_id, "+2230000", provider.account().settings)
        async with gateway.line(account) as line:
            await line.send(sms())

    for channel_id in (1, 2):
        asyncio.run(one_channel(channel_id))
    assert provider.given == 2


def test_a_changed_secret_asks_anew(provider: Provider) -> None:
    gateway = Orange()
    send(provider, sms(), gateway=gateway)
    [sent] = send(provider, sms(), gateway=gateway, client_secret="another-secret")
    assert (sent.outcome, sent.cause, sent.code) == (Outcome.ERRORED, Cause.CREDENTIALS, "token_401")


@pytest.mark.parametrize(
    ("life", "later", "asked"),
    [
        pytest.param("3600", 3479.0, 1, id="an hour, two minutes before its end"),
        pytest.param("3600", 3481.0, 2, id="renewed before it ends"),
        pytest.param(3600, 3479.0, 1, id="a number instead of text"),
        pytest.param("60", 29.0, 1, id="a short life is used for half of it"),
        pytest.param("60", 31.0, 2, id="and no longer"),
        pytest.param("soon", 3479.0, 1, id="no number: an hour is assumed"),
        pytest.param(None, 3481.0, 2, id="nothing: an hour is assumed"),
    ],
)
def test_a_token_is_kept_for_its_life(life: Any, later: float, asked: int, provider: Provider) -> None:
    seconds = [1000.0]
    gateway = Orange(Tokens(lambda: seconds[0]))
    provider.life = life
    send(provider, sms(), gateway=gateway)
    seconds[0] += later
    send(provider, sms(), gateway=gateway)
    assert provider.given == asked


def test_a_token_refused_early_is_renewed_once_and_the_sms_sent_once(provider: Provider) -> None:
    gateway = Orange()
    send(provider, sms(), gateway=gateway)
    provider.valid.clear()
    [sent] = send(provider, sms(), gateway=gateway)
    assert (sent.outcome, provider.given, len(provider.bodies)) == (Outcome.WIRED, 2, 2)


def test_twenty_sms_refused_at_once_renew_one_token(provider: Provider) -> None:
    gateway = Orange()
    send(provider, sms(), gateway=gateway)
    provider.valid.clear()
    provider.token_takes = 0.05
    sent = send(provider, *(sms(f"+223000200{place:02}") for place in range(20)), gateway=gateway)
    assert ({one.outcome for one in sent}, provider.given, len(provider.bodies)) == ({Outcome.WIRED}, 2, 21)


def test_a_late_refusal_of_an_old_token_leaves_the_new_one() -> None:
    tokens, client = Tokens(lambda: 0.0), Client(1, "https://x", "c", "s")
    tokens.keep(client, "old", 3600)
    tokens.keep(client, "new", 3600)
    tokens.drop(client, "old")
    assert tokens.get(client) == "new"


def test_a_clients_secret_is_not_printed() -> None:
    assert "hidden" not in repr(Client(1, "https://x", "c", "hidden"))


def test_a_fresh_token_refused_stops_the_channel(provider: Provider) -> None:
    provider.always(SEND_PATH, lambda: web.json_response({"code": 41, "message": "Invalid credentials"}, status=401))
    [sent] = send(provider, sms())
    assert (sent.outcome, sent.cause, sent.code, provider.given) == (Outcome.ERRORED, Cause.CREDENTIALS, "41", 2)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        pytest.param(lambda: web.json_response({"error": "invalid_client"}, status=401), Cause.CREDENTIALS, id="401"),
        pytest.param(lambda: web.json_response({"error": "invalid_request"}, status=400), Cause.CREDENTIALS, id="400"),
        pytest.param(lambda: web.Response(status=429), Cause.THROTTLED, id="429"),
        pytest.param(lambda: web.Response(status=500), Cause.BUSY_GATEWAY, id="500"),
        pytest.param(lambda: web.Response(text="welcome"), Cause.BUSY_GATEWAY, id="no JSON"),
        pytest.param(lambda: web.json_response({"expires_in": "3600"}), Cause.BUSY_GATEWAY, id="no token"),
        pytest.param(lambda: web.json_response({"access_token": "a\nb"}), Cause.BUSY_GATEWAY, id="a token that no header holds"),
        pytest.param(lambda: web.json_response([]), Cause.BUSY_GATEWAY, id="a list"),
    ],
)
def test_without_a_token_nothing_left(answer: Callable[[], web.Response], cause: Cause, provider: Provider) -> None:
    provider.always(TOKEN_PATH, answer)
    sent = send(provider, sms(), sms("+22300010002"))
    assert {(one.outcome, one.cause) for one in sent} == {(Outcome.ERRORED, cause)}
    assert [request.path for request in provider.seen] == [TOKEN_PATH]


@pytest.mark.parametrize(
    "address", [NOBODY_LISTENS, "http://nobody.invalid", "http://", "ftp://127.0.0.1", "http://[", "orange"], ids=repr
)
def test_an_address_that_leads_nowhere_is_errored(address: str, provider: Provider) -> None:
    [sent] = send(provider, sms(), base_url=address)
    assert (sent.outcome, sent.cause) == (Outcome.ERRORED, Cause.NO_CONNECTION)


def test_a_connection_cut_while_asking_for_a_token_is_errored_because_no_sms_left(provider: Provider) -> None:
    async def dropped(request: web.Request) -> web.StreamResponse:
        return cut(request)

    with served(dropped) as address:
        [sent] = send(provider, sms(), base_url=address)
    assert (sent.outcome, sent.cause) == (Outcome.ERRORED, Cause.NO_CONNECTION)


def test_a_connection_cut_while_sending_is_unknown_and_not_repeated(provider: Provider) -> None:
    async def dropped(request: web.Request) -> web.StreamResponse:
        return cut(request) if request.path != TOKEN_PATH else await provider.handle(request)

    with served(dropped) as address:
        [sent] = send(provider, sms(), base_url=address)
    assert (sent.outcome, sent.cause) == (Outcome.UNKNOWN, None)
