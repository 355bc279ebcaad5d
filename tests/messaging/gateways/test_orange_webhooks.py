"""Orange's SMS API, as its specification: replies, receipts, and what the account has left."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web

from messaging.gateways.orange import words
from messaging.gateways.orange.gateway import Orange
from messaging.gateways.protocol import Account, Cause, Probe, Refused, StatusReport, Unreadable, WebhookRequest
from tests.messaging.gateways.contract import AWA
from tests.messaging.gateways.orange_peer import CONTRACTS_PATH, NOBODY_LISTENS, TOKEN_PATH, Provider, probe, send, sms
from tests.messaging.gateways.orange_peer import provider as provider

GATEWAY = Orange()
HERE = Account(1, "+2230000", {}, "https://nut.example/hooks/secret-token")
ELSEWHERE = Account(2, "+2230000", {}, "https://nut.example/hooks/another-token")
DAY = "2026-01-31T06:04:45.123+0000"


def posted(said: Any) -> WebhookRequest:
    """As Flask gives it: the form is empty, because the body is JSON."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return WebhookRequest("POST", "/hooks/t/x", "https://x/hooks/t/x", "", {"Content-Type": "application/json"}, body)


def inbound(**said: Any) -> WebhookRequest:
    usual = {"senderAddress": f"tel:{AWA}", "destinationAddress": "tel:00123", "message": "Bɛ 2", "dateTime": DAY}
    return posted({"inboundSMSMessageNotification": {"inboundSMSMessage": usual | said}})


def receipt(status: Any = "DeliveredToTerminal", resource: Any = "r-1", **info: Any) -> WebhookRequest:
    usual = {"address": f"tel:{AWA}", "deliveryStatus": status}
    return posted({"deliveryInfoNotification": {"callbackData": resource, "deliveryInfo": usual | info}})


# Replies


def test_a_reply_is_read() -> None:
    request = inbound()
    read = GATEWAY.read_sms(HERE, request)
    assert (read.sender, read.text, read.opts_out) == (AWA, "Bɛ 2", False)
    assert read.provider_at == datetime(2026, 1, 31, 6, 4, 45, 123000, tzinfo=UTC)
    assert read.raw == request.body.decode()


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        pytest.param("tel:+22300010001", "+22300010001", id="tel:"),
        pytest.param("+22300010001", "+22300010001", id="a number"),
        pytest.param("22300010001", "22300010001", id="without plus"),
        pytest.param(22300010001, "22300010001", id="as a JSON number"),
        pytest.param("tel:36085", "36085", id="a short code"),
        pytest.param("Orange", "Orange", id="a name"),
    ],
)
def test_who_wrote_is_given_as_it_came(written: Any, sender: str) -> None:
    assert GATEWAY.read_sms(HERE, inbound(senderAddress=written)).sender == sender


@pytest.mark.parametrize("destination", ["tel:00123", "00123", "tel:+2230000", None], ids=repr)
def test_where_it_went_is_known_from_the_address(destination: str | None) -> None:
    assert GATEWAY.read_sms(HERE, inbound(destinationAddress=destination)).text == "Bɛ 2"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("2026-01-31T06:04:45Z", datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC), id="Z"),
        pytest.param("2026-01-31T07:04:45+01:00", datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC), id="an offset"),
        pytest.param("2026-01-31T06:04:45", None, id="no zone says nothing sure"),
        pytest.param("hier", None, id="a word"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_when_it_was_written(written: str | None, read: datetime | None) -> None:
    assert GATEWAY.read_sms(HERE, inbound(dateTime=written)).provider_at == read


def test_the_same_reply_has_the_same_key() -> None:
    assert GATEWAY.read_sms(HERE, inbound()).key == GATEWAY.read_sms(HERE, inbound(destinationAddress="tel:1")).key
    assert len(GATEWAY.read_sms(HERE, inbound(message="long " * 400)).key or "") == 64


@pytest.mark.parametrize("changed", ["senderAddress", "message", "dateTime"])
def test_whatever_differs_makes_another_key(changed: str) -> None:
    assert GATEWAY.read_sms(HERE, inbound()).key != GATEWAY.read_sms(HERE, inbound(**{changed: "other"})).key


def test_the_key_cannot_be_guessed_without_the_secret_address() -> None:
    assert GATEWAY.read_sms(HERE, inbound()).key != GATEWAY.read_sms(ELSEWHERE, inbound()).key


@pytest.mark.parametrize(("their_id", "key"), [("m-1", "m-1"), (None, None)], ids=["their id", "none"])
def test_without_a_date_only_their_id_makes_a_key(their_id: str | None, key: str | None) -> None:
    assert GATEWAY.read_sms(HERE, inbound(dateTime=None, messageId=their_id)).key == key


def test_half_a_letter_is_read_and_has_a_key() -> None:
    assert GATEWAY.read_sms(HERE, inbound(message="\ud800 bonjour")).key


# Receipts


@pytest.mark.parametrize(
    ("word", "status", "cause", "code"),
    [
        pytest.param("DeliveredToNetwork", "sent", None, "", id="DeliveredToNetwork"),
        pytest.param("MessageWaiting", "sent", None, "", id="MessageWaiting"),
        pytest.param("DeliveryUncertain", "sent", None, "", id="DeliveryUncertain"),
        pytest.param("DeliveredToTerminal", "delivered", None, "", id="DeliveredToTerminal"),
        pytest.param("DeliveryImpossible", "failed", Cause.UNDELIVERED, "DeliveryImpossible", id="DeliveryImpossible"),
    ],
)
def test_a_receipt(word: str, status: str, cause: Cause | None, code: str) -> None:
    assert GATEWAY.read_status(HERE, receipt(word)) == StatusReport("r-1", status, code, cause=cause, number=AWA)


def test_a_receipt_names_the_sms_that_was_accepted(provider: Provider) -> None:
    [sent] = send(provider, sms())
    assert GATEWAY.read_status(HERE, receipt(resource=sent.external_id)).reference == sent.external_id


@pytest.mark.parametrize("resource", ["r-1", "https://api.orange.com/x/requests/r-1", "x/requests/r-1/"], ids=repr)
def test_a_resource_may_come_as_its_address(resource: str) -> None:
    assert GATEWAY.read_status(HERE, receipt(resource=resource)).reference == "r-1"


def test_a_list_of_one_is_that_one() -> None:
    info = [{"address": f"tel:{AWA}", "deliveryStatus": "DeliveredToTerminal"}]
    said = {"deliveryInfoNotification": {"callbackData": "r-1", "deliveryInfo": info}}
    assert GATEWAY.read_status(HERE, posted(said)).status == "delivered"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(receipt("Teleported"), id="a status we do not know"),
        pytest.param(receipt("deliveredtoterminal"), id="in other letters"),
        pytest.param(posted({"deliveryInfoNotification": {"callbackData": "r", "deliveryInfo": [{}, {}]}}), id="several at once"),
    ],
)
def test_a_receipt_we_do_not_know_changes_nothing(said: WebhookRequest) -> None:
    with pytest.raises(Unreadable):
        GATEWAY.read_status(HERE, said)


RUBBISH = {
    "nothing": b"",
    "no JSON": b"id=1&status=Success",
    "half": b'{"deliveryInfoNotification": {',
    "bytes": b"\xff\xfe\x00",
    "deep": b"[" * 60_000,
    "an endless number": b"1" * 60_000,
    "a number": b"1",
    "null": b"null",
    "a text": b'"tel:"',
    "an empty object": b"{}",
    "an empty list": b"[]",
    "lists for objects": b'{"deliveryInfoNotification": [], "inboundSMSMessageNotification": []}',
    "texts for objects": b'{"deliveryInfoNotification": "x", "inboundSMSMessageNotification": {"inboundSMSMessage": "x"}}',
    "nothing in them": b'{"deliveryInfoNotification": {"deliveryInfo": {}},'
    b' "inboundSMSMessageNotification": {"inboundSMSMessage": {}}}',
    "objects for texts": b'{"deliveryInfoNotification": {"callbackData": {}, "deliveryInfo": {"deliveryStatus": []}},'
    b' "inboundSMSMessageNotification": {"inboundSMSMessage": {"senderAddress": {}}}}',
    "no id but slashes": b'{"deliveryInfoNotification": {"callbackData": "//",'
    b' "deliveryInfo": {"deliveryStatus": "MessageWaiting"}}}',
}


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_refused(body: bytes) -> None:
    for read in (GATEWAY.read_status, GATEWAY.read_sms):
        with pytest.raises(Refused):
            read(HERE, posted(body))


# The account


def contract(units: Any = 480, country: str = "MLI", **other: Any) -> dict[str, Any]:
    return {"country": country, "availableUnits": units, "expirationDate": "2026-05-01T10:00:00.000Z"} | other


MAY, APRIL = date(2026, 5, 1), date(2026, 4, 1)
OLD_SHAPE = {
    "partnerContracts": {
        "contracts": [
            {
                "service": "SMS_OCB",
                "serviceContracts": [{"country": "MLI", "availableUnits": 12, "expires": "2026-04-01T00:00:00"}],
            }
        ]
    }
}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param([contract()], Probe(balance="480 SMS", units=480, expires=MAY), id="one bundle"),
        pytest.param([contract("480", status="ACTIVE")], Probe(balance="480 SMS", units=480, expires=MAY), id="units as text"),
        pytest.param(
            [contract(), contract(20, expirationDate="2026-04-01")],
            Probe(balance="500 SMS", units=500, expires=APRIL),
            id="two bundles end with the first",
        ),
        pytest.param(
            [contract(), contract(0, expirationDate="2026-04-01")],
            Probe(balance="480 SMS", units=480, expires=MAY),
            id="an empty one ends nothing",
        ),
        pytest.param([contract(), contract(900, "SEN")], Probe(balance="480 SMS", units=480, expires=MAY), id="another land's"),
        pytest.param([contract(status="EXPIRED")], Probe(Cause.CREDIT, balance="0 SMS", units=0), id="an ended one"),
        pytest.param([contract(0)], Probe(Cause.CREDIT, balance="0 SMS", units=0), id="nothing left"),
        pytest.param([], Probe(Cause.CREDIT, balance="0 SMS", units=0), id="no bundle"),
        pytest.param([contract(-3), contract("x")], Probe(Cause.CREDIT, balance="0 SMS", units=0), id="no numbers"),
        pytest.param([contract(expirationDate="soon")], Probe(balance="480 SMS", units=480), id="no date"),
        pytest.param(OLD_SHAPE, Probe(balance="12 SMS", units=12, expires=APRIL), id="the older shape"),
    ],
)
def test_what_is_left(said: Any, expected: Probe, provider: Provider) -> None:
    provider.always(CONTRACTS_PATH, lambda: web.json_response(said))
    assert probe(provider) == expected


@pytest.mark.parametrize(
    ("path", "answer", "cause"),
    [
        pytest.param(TOKEN_PATH, lambda: web.Response(status=401), Cause.CREDENTIALS, id="a wrong secret"),
        pytest.param(TOKEN_PATH, lambda: web.Response(status=503), Cause.BUSY_GATEWAY, id="no tokens today"),
        pytest.param(CONTRACTS_PATH, lambda: web.Response(status=401), Cause.CREDENTIALS, id="a token refused twice"),
        pytest.param(CONTRACTS_PATH, lambda: web.Response(status=429), Cause.THROTTLED, id="too often"),
        pytest.param(CONTRACTS_PATH, lambda: web.Response(status=500), Cause.BUSY_GATEWAY, id="broken"),
        pytest.param(CONTRACTS_PATH, lambda: web.Response(status=404), None, id="no list: the account is in order all the same"),
        pytest.param(CONTRACTS_PATH, lambda: web.Response(text="hello"), None, id="no JSON"),
    ],
)
def test_the_account_when_something_is_wrong(
    path: str, answer: Callable[[], web.Response], cause: Cause | None, provider: Provider
) -> None:
    provider.always(path, answer)
    assert (probe(provider).cause, probe(provider).units) == (cause, None)


def test_a_token_still_kept_does_not_hide_a_wrong_secret(provider: Provider) -> None:
    gateway = Orange()
    assert probe(provider, gateway).cause is None
    provider.always(TOKEN_PATH, lambda: web.Response(status=401))
    assert probe(provider, gateway).cause is Cause.CREDENTIALS


def test_an_unreachable_provider_is_said_by_the_account(provider: Provider) -> None:
    assert probe(provider, base_url=NOBODY_LISTENS).cause is Cause.NO_CONNECTION


# Every word of providers/README.md 8, so that one taken out of the tables is missed.


@pytest.mark.parametrize(
    ("named", "mapped"),
    [
        pytest.param(
            "DeliveredToNetwork MessageWaiting DeliveryUncertain DeliveredToTerminal DeliveryImpossible",
            words.STATUSES,
            id="statuses",
        ),
        pytest.param("53", words.CODES, id="codes"),
        pytest.param("SVC POL", words.FAMILIES, id="families"),
        pytest.param((401, 429), words.HTTP, id="HTTP"),
    ],
)
def test_every_word_of_the_specification_is_mapped(named: Any, mapped: Any) -> None:
    wanted = named.split() if isinstance(named, str) else named
    assert [word for word in wanted if word not in mapped] == []
