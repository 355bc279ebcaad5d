"""Orange's SMS API, as its specification: what is sent, and what each answer means."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from messaging.gateways.orange.gateway import Orange
from messaging.gateways.protocol import Account, Cause, Outcome, WebhookRequest
from tests.messaging.gateways.contract import AT, AWA, SECRET_TEXT, GatewayContract, Peer
from tests.messaging.gateways.orange_peer import CLIENT, NOBODY_LISTENS, SEND_PATH, Provider, send, sms
from tests.messaging.gateways.orange_peer import provider as provider


def posted(said: Any) -> WebhookRequest:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return WebhookRequest("POST", "/hooks/t/x", "https://x/hooks/t/x", "", {"Content-Type": "application/json"}, body)


def inbound(**said: Any) -> WebhookRequest:
    usual = {"senderAddress": f"tel:{AWA}", "destinationAddress": "tel:00123", "dateTime": "2026-03-18T10:00:00.000+0000"}
    return posted({"inboundSMSMessageNotification": {"inboundSMSMessage": usual | said}})


def receipt(status: str) -> WebhookRequest:
    info = {"address": f"tel:{AWA}", "deliveryStatus": status}
    return posted({"deliveryInfoNotification": {"callbackData": "r-1", "deliveryInfo": info}})


@pytest.fixture
def peer(provider: Provider) -> Peer:
    def broken() -> Account:
        provider.always(SEND_PATH, lambda: web.Response(status=500))
        return provider.account()

    return Peer(
        Orange(),
        provider.account(),
        {
            "sms": inbound(message="CR 12 18 7 9 1 Bɛ"),
            "sms_bare": inbound(),
            "delivered": receipt("DeliveredToTerminal"),
            "strange_status": receipt("Teleported"),
            "unsigned": posted({"hello": "world"}),
        },
        {"refusing": partial(provider.account, base_url=NOBODY_LISTENS), "error_500": broken},
    )


class TestOrange(GatewayContract):
    """The contract."""


# What is sent


def test_an_sms_is_json_to_the_senders_own_address(provider: Provider) -> None:
    [sent] = send(provider, sms(text="Bɛ ɔ ɲ ŋ ç ê œ"))
    assert provider.bodies == [
        {
            "outboundSMSMessageRequest": {
                "address": f"tel:{AWA}",
                "senderAddress": "tel:+2230000",
                "outboundSMSTextMessage": {"message": "Bɛ ɔ ɲ ŋ ç ê œ"},
            }
        }
    ]
    assert (sent.outcome, sent.external_id, sent.status) == (Outcome.WIRED, "r-1", 201)


def test_the_senders_address_is_percent_encoded_on_the_wire(provider: Provider) -> None:
    send(provider, sms())
    assert provider.seen[-1].raw_path == SEND_PATH


@pytest.mark.parametrize("typed", ["tel:+2230000", "+2230000", "2230000", " 223 00 00 "], ids=repr)
def test_the_senders_address_may_be_typed_in_several_ways(typed: str, provider: Provider) -> None:
    assert send(provider, sms(), sender_address=typed)[0].outcome is Outcome.WIRED
    assert Orange().check(provider.account(sender_address=typed).settings) == []


def test_a_registered_name_goes_with_it(provider: Provider) -> None:
    send(provider, sms(), sender_name="LAMEN")
    assert provider.bodies[0]["outboundSMSMessageRequest"]["senderName"] == "LAMEN"


@pytest.mark.parametrize("number", ["36085", "+1234", "+22300010001\n", ""], ids=repr)
def test_what_is_no_number_never_leaves(number: str, provider: Provider) -> None:
    assert send(provider, sms(number))[0].cause is Cause.DEAD_NUMBER
    assert provider.seen == []


# What is answered


def platform(kind: str, code: str, words: str = "Words %1") -> Callable[[], web.Response]:
    said = {"requestError": {kind: {"messageId": code, "text": words, "variables": ["x"]}}}
    return lambda: web.json_response(said, status=400 if kind == "serviceException" else 403)


def gateway_error(status: int, code: int | str) -> Callable[[], web.Response]:
    return lambda: web.json_response({"code": code, "message": "Words", "description": "More words"}, status=status)


@pytest.mark.parametrize(
    ("answer", "outcome", "cause", "code"),
    [
        pytest.param(platform("serviceException", "SVC0001"), Outcome.FAILED, Cause.OTHER, "SVC0001", id="SVC0001"),
        pytest.param(platform("serviceException", "SVC0002"), Outcome.FAILED, Cause.OTHER, "SVC0002", id="SVC0002"),
        pytest.param(platform("serviceException", "SVC0004"), Outcome.FAILED, Cause.OTHER, "SVC0004", id="SVC0004"),
        pytest.param(platform("serviceException", "SVC0280"), Outcome.FAILED, Cause.THIS_TEXT, "SVC0280", id="SVC0280 too long"),
        pytest.param(platform("policyException", "POL0001"), Outcome.ERRORED, Cause.SENDER, "POL0001", id="POL0001"),
        pytest.param(platform("policyException", "POL9999"), Outcome.ERRORED, Cause.SENDER, "POL9999", id="any POL"),
        pytest.param(gateway_error(403, 53), Outcome.ERRORED, Cause.THROTTLED, "53", id="53 over 25 a second"),
        pytest.param(gateway_error(403, "53"), Outcome.ERRORED, Cause.THROTTLED, "53", id="53 as text"),
        pytest.param(gateway_error(403, 50), Outcome.ERRORED, Cause.CREDENTIALS, "50", id="403 otherwise"),
        pytest.param(gateway_error(404, 60), Outcome.ERRORED, Cause.SENDER, "60", id="404"),
        pytest.param(gateway_error(429, 6), Outcome.ERRORED, Cause.THROTTLED, "6", id="429"),
        pytest.param(gateway_error(400, 22), Outcome.FAILED, Cause.OTHER, "22", id="400"),
        pytest.param(lambda: web.Response(status=400), Outcome.FAILED, Cause.OTHER, "400", id="400 without a word"),
        pytest.param(gateway_error(500, 1), Outcome.UNKNOWN, None, "1", id="500"),
        pytest.param(gateway_error(503, 53), Outcome.UNKNOWN, None, "53", id="503, whatever its code"),
        pytest.param(lambda: web.Response(status=302, headers={"Location": "/x"}), Outcome.UNKNOWN, None, "302", id="302"),
    ],
)
def test_an_error(
    answer: Callable[[], web.Response], outcome: Outcome, cause: Cause | None, code: str, provider: Provider
) -> None:
    provider.always(SEND_PATH, answer)
    [sent] = send(provider, sms())
    assert (sent.outcome, sent.cause, sent.code, sent.external_id) == (outcome, cause, code, None)


def test_retry_after_is_honoured_in_both_forms(provider: Provider) -> None:
    for said, seconds in (("40", 40), ("Wed, 18 Mar 2026 10:01:00 GMT", 60)):
        provider.always(SEND_PATH, partial(web.Response, status=429, headers={"Retry-After": said}))
        assert (send(provider, sms())[0].retry_after, AT.hour) == (seconds, 10)


@pytest.mark.parametrize(
    ("place", "external_id"),
    [
        pytest.param("https://api.orange.com/smsmessaging/v1/outbound/tel:+2230000/requests/r-9", "r-9", id="whole"),
        pytest.param("/outbound/tel%3A%2B2230000/requests/r-9/", "r-9", id="with a final slash"),
        pytest.param("r-9", "r-9", id="bare"),
        pytest.param(None, None, id="none: accepted all the same"),
    ],
)
def test_the_last_part_of_the_resource_is_its_id(place: str | None, external_id: str | None, provider: Provider) -> None:
    provider.always(SEND_PATH, lambda: web.json_response({"outboundSMSMessageRequest": {"resourceURL": place}}, status=201))
    [sent] = send(provider, sms())
    assert (sent.outcome, sent.external_id) == (Outcome.WIRED, external_id)


@pytest.mark.parametrize("body", ["", "thanks", "[" * 50_000, "[]", "1"], ids=["empty", "text", "deep", "list", "number"])
def test_an_acceptance_in_other_words_is_an_acceptance_without_id(body: str, provider: Provider) -> None:
    provider.always(SEND_PATH, lambda: web.Response(status=201, text=body))
    assert (send(provider, sms())[0].outcome, send(provider, sms())[0].external_id) == (Outcome.WIRED, None)


def test_a_200_that_names_no_resource_may_be_anything(provider: Provider) -> None:
    provider.always(SEND_PATH, lambda: web.Response(text="maintenance"))
    assert send(provider, sms())[0].outcome is Outcome.UNKNOWN


def test_an_error_that_repeats_the_number_and_the_text_is_shown_without_them(provider: Provider) -> None:
    words = f"Invalid address tel:{AWA} for {SECRET_TEXT}"
    provider.always(SEND_PATH, platform("serviceException", "SVC0002", words))
    [sent] = send(provider, sms())
    assert "SVC0002 Invalid address" in sent.response
    assert AWA[4:] not in sent.response
    assert SECRET_TEXT not in sent.response


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        pytest.param({"client_id": CLIENT, "client_secret": "s"}, [], id="enough"),
        pytest.param({"client_id": CLIENT}, ["client_secret"], id="no secret"),
        pytest.param({}, ["client_id", "client_secret"], id="nothing"),
        pytest.param({"client_id": "c", "client_secret": "s", "sender_name": "NUTRITION223"}, ["sender_name"], id="a long name"),
        pytest.param({"client_id": "c", "client_secret": "s", "sender_address": "Orange"}, ["sender_address"], id="no address"),
        pytest.param({"client_id": "c", "client_secret": "s", "base_url": "api"}, ["base_url"], id="no web address"),
    ],
)
def test_settings_are_checked(settings: Mapping[str, str], wrong: list[str]) -> None:
    assert Orange().check(settings) == wrong
