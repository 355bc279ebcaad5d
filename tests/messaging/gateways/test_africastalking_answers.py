"""Africa's Talking, as its specification: what its answers mean, and what no answer means."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.gateways.protocol import Cause, Outcome, Probe, Sent
from tests.messaging.gateways.africastalking_peer import (
    NOBODY_LISTENS,
    SISTER,
    Provider,
    called,
    probe,
    recipient,
    said_of,
    send,
    sms,
)
from tests.messaging.gateways.africastalking_peer import provider as provider
from tests.messaging.gateways.contract import AWA

# What is answered


@pytest.mark.parametrize(
    ("code", "outcome", "cause"),
    [
        pytest.param(100, Outcome.WIRED, None, id="100 processed"),
        pytest.param(101, Outcome.WIRED, None, id="101 sent"),
        pytest.param(102, Outcome.WIRED, None, id="102 queued"),
        pytest.param(401, Outcome.ERRORED, Cause.CREDENTIALS, id="401 account held"),
        pytest.param(402, Outcome.ERRORED, Cause.SENDER, id="402 sender"),
        pytest.param(403, Outcome.FAILED, Cause.DEAD_NUMBER, id="403 no number"),
        pytest.param(404, Outcome.FAILED, Cause.DEAD_NUMBER, id="404 no mobile"),
        pytest.param(405, Outcome.ERRORED, Cause.CREDIT, id="405 no credit"),
        pytest.param(406, Outcome.FAILED, Cause.OPT_OUT, id="406 opted out"),
        pytest.param(407, Outcome.ERRORED, Cause.SENDER, id="407 no route"),
        pytest.param(409, Outcome.FAILED, Cause.OPT_OUT, id="409 do not disturb"),
        pytest.param(500, Outcome.ERRORED, Cause.BUSY_GATEWAY, id="500 internal"),
        pytest.param(501, Outcome.ERRORED, Cause.BUSY_GATEWAY, id="501 gateway"),
        pytest.param(502, Outcome.ERRORED, Cause.SENDER, id="502 refused by the gateway"),
        pytest.param(999, Outcome.UNKNOWN, None, id="a code we do not know is unknown"),
    ],
)
def test_the_code_of_a_recipient(code: int, outcome: Outcome, cause: Cause | None, provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(recipient(AWA, code, "Any")))
    sent = send(provider, sms())[0]
    assert (sent.outcome, sent.cause) == (outcome, cause)
    assert sent.code == ("" if outcome is Outcome.WIRED else str(code))


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        pytest.param("InvalidSenderId", Cause.SENDER, id="sender"),
        pytest.param("InsufficientBalance", Cause.CREDIT, id="credit"),
        pytest.param("Something new", Cause.SENDER, id="a reason we do not know stops the channel and loses nothing"),
    ],
)
def test_an_empty_list_means_that_all_were_refused(message: str, cause: Cause, provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(message=message))
    sent = send(provider, sms(AWA), sms(SISTER))
    assert [(one.outcome, one.cause, one.code) for one in sent] == [(Outcome.ERRORED, cause, message)] * 2


@pytest.mark.parametrize(
    ("answer", "outcome", "cause"),
    [
        pytest.param(lambda: web.Response(status=401, text="bad key"), Outcome.ERRORED, Cause.CREDENTIALS, id="401"),
        pytest.param(lambda: web.Response(status=403), Outcome.ERRORED, Cause.CREDENTIALS, id="403"),
        pytest.param(lambda: web.Response(status=404), Outcome.ERRORED, Cause.CREDENTIALS, id="404"),
        pytest.param(lambda: web.Response(status=400, text="no to"), Outcome.FAILED, Cause.OTHER, id="400"),
        pytest.param(lambda: web.Response(status=429), Outcome.ERRORED, Cause.THROTTLED, id="429"),
        pytest.param(lambda: web.Response(status=500), Outcome.UNKNOWN, None, id="500"),
        pytest.param(lambda: web.Response(status=503), Outcome.UNKNOWN, None, id="503"),
        pytest.param(lambda: web.Response(status=302, headers={"Location": "/away"}), Outcome.UNKNOWN, None, id="302"),
        pytest.param(lambda: web.Response(status=201, text="thanks"), Outcome.UNKNOWN, None, id="no JSON"),
        pytest.param(lambda: web.Response(status=201, text="[]"), Outcome.UNKNOWN, None, id="a list"),
        pytest.param(lambda: web.Response(status=201, text="[" * 50_000), Outcome.UNKNOWN, None, id="a deep list"),
        pytest.param(lambda: web.Response(status=201, text='{"SMSMessageData": 1}'), Outcome.UNKNOWN, None, id="no list"),
        pytest.param(lambda: said_of({"number": None}), Outcome.UNKNOWN, None, id="nobody named"),
    ],
)
def test_an_answer_as_a_whole(
    answer: Callable[[], web.Response], outcome: Outcome, cause: Cause | None, provider: Provider
) -> None:
    provider.always("/version1/messaging", answer)
    sent = send(provider, sms())[0]
    assert (sent.outcome, sent.cause, sent.external_id) == (outcome, cause, None)


def test_a_refusal_has_no_id_although_the_provider_writes_none(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(recipient(AWA, 403, "InvalidPhoneNumber", "None")))
    assert send(provider, sms())[0].external_id is None


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "text/plain", "text/html"], ids=repr
)
def test_an_answer_is_parsed_whatever_it_is_called(content_type: str, provider: Provider) -> None:
    body = said_of(recipient(AWA)).body
    provider.always("/version1/messaging", lambda: web.Response(status=201, body=body, headers={"Content-Type": content_type}))
    assert send(provider, sms())[0].external_id == "ATXid_0001"


def test_the_key_follows_no_redirect(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: web.Response(status=307, headers={"Location": f"{provider.address}/other"}))
    send(provider, sms())
    assert [path for path, _, _ in provider.seen] == ["/version1/messaging"]


def test_retry_after_is_honoured(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: web.Response(status=429, headers={"Retry-After": "40"}))
    assert send(provider, sms())[0].retry_after == 40


@pytest.mark.parametrize(
    ("entries", "error", "outcome", "cause"),
    [
        pytest.param([("Queued", "S1")], "None", Outcome.WIRED, None, id="queued"),
        pytest.param([("InvalidPhoneNumber", "None")], "None", Outcome.FAILED, Cause.DEAD_NUMBER, id="no number"),
        pytest.param([("DestinationNotSupported", "None")], "None", Outcome.FAILED, Cause.OTHER, id="no route"),
        pytest.param([("InsufficientCredit", "None")], "None", Outcome.ERRORED, Cause.CREDIT, id="no credit"),
        pytest.param([("Dreaming", "None")], "None", Outcome.UNKNOWN, None, id="a status we do not know"),
        pytest.param([], "Invalid callerId: LAMEN", Outcome.ERRORED, Cause.SENDER, id="our number is refused"),
        pytest.param([], "InsufficientCredit", Outcome.ERRORED, Cause.CREDIT, id="all refused without credit"),
    ],
)
def test_the_answer_to_a_call(
    entries: list[tuple[str, str]], error: str, outcome: Outcome, cause: Cause | None, provider: Provider
) -> None:
    named = [{"phoneNumber": AWA, "status": status, "sessionId": session} for status, session in entries]
    provider.always("/call", lambda: web.json_response({"entries": named, "errorMessage": error}))
    sent = called(provider)
    assert (sent.outcome, sent.cause) == (outcome, cause)
    assert sent.external_id == ("S1" if outcome is Outcome.WIRED else None)


# What goes wrong on the way


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        pytest.param(NOBODY_LISTENS, Outcome.ERRORED, id="connection refused"),
        pytest.param("http://nobody.invalid", Outcome.ERRORED, id="name does not resolve"),
        pytest.param("http://", Outcome.ERRORED, id="no address"),
        pytest.param("ftp://127.0.0.1", Outcome.ERRORED, id="no web address"),
    ],
)
def test_what_never_left_is_errored(address: str, outcome: Outcome, provider: Provider) -> None:
    sent = send(provider, sms(), base_url=address)[0]
    assert (sent.outcome, sent.cause) == (outcome, Cause.NO_CONNECTION)


@pytest.mark.parametrize(
    "written",
    [b"", b"HTTP/1.1 201", b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{", b"nonsense\r\n\r\n"],
    ids=["cut at once", "cut in the first line", "cut in the body", "no HTTP"],
)
def test_a_cut_connection_is_unknown_although_requests_calls_it_a_connection_error(written: bytes, provider: Provider) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"bulkSMSMode=1")
        writer.write(written)
        writer.close()

    async def go() -> Sent:
        server = await asyncio.start_server(cut, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, AfricasTalking().line(provider.account(base_url=address)) as line:
            return await line.send(sms())

    assert asyncio.run(go()).outcome is Outcome.UNKNOWN


def test_patience_ends_without_waiting_for_the_thread(provider: Provider) -> None:
    async def never(_: Mapping[str, str]) -> web.StreamResponse:
        await asyncio.sleep(3)
        return web.Response()

    async def go() -> None:
        async with AfricasTalking().line(provider.account()) as line:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(line.send(sms()), 0.3)

    provider.answers["/version1/messaging"] = never
    began = time.monotonic()
    asyncio.run(go())
    assert time.monotonic() - began < 2


# The account


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({"UserData": {"balance": "KES 1785.50"}}, Probe(balance="KES 1785.50"), id="a balance"),
        pytest.param({"UserData": {"balance": "XOF 0.0000"}}, Probe(Cause.CREDIT, balance="XOF 0.0000"), id="nothing left"),
        pytest.param({"UserData": {"balance": "KES -3"}}, Probe(Cause.CREDIT, balance="KES -3"), id="less than nothing"),
        pytest.param({"UserData": {}}, Probe(Cause.OTHER, "no balance in the answer"), id="no balance"),
        pytest.param({"UserData": {"balance": "many"}}, Probe(Cause.OTHER, "no balance in the answer"), id="no sum"),
        pytest.param([], Probe(Cause.OTHER, "no balance in the answer"), id="a list"),
    ],
)
def test_the_account_tells_what_is_left(answer: Any, expected: Probe, provider: Provider) -> None:
    provider.always("/version1/user", lambda: web.json_response(answer))
    assert probe(provider) == expected
    assert provider.forms == [{"username": "lamen-mali"}]


def test_a_wrong_key_is_said_by_the_account(provider: Provider) -> None:
    assert probe(provider, api_key="another").cause is Cause.CREDENTIALS


def test_an_unreachable_provider_is_said_by_the_account(provider: Provider) -> None:
    assert probe(provider, base_url=NOBODY_LISTENS).cause is Cause.NO_CONNECTION


def test_a_broken_provider_is_said_by_the_account(provider: Provider) -> None:
    provider.always("/version1/user", lambda: web.Response(status=502))
    assert probe(provider).cause is Cause.BUSY_GATEWAY
