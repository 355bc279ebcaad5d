"""SMS Gateway for Android under the contract of every gateway, and what it sends; then against its own document.

Prism, serving the vendor's document, judges our requests; a small peer plays what Prism cannot: the phone itself, and its moods.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, encode_basic_auth, web

from messaging.gateways.android.gateway import Android
from messaging.gateways.android.words import STATES
from messaging.gateways.protocol import Account, Asked, Cause, Outcome, OutgoingSms, Probe, Sent, StatusReport, WebhookRequest
from tests.messaging.gateways.android_peer import REFERENCE, SETTINGS, VECTOR_BODY, Server, account, cloud, webhook
from tests.messaging.gateways.contract import AT, AWA, GatewayContract, Peer
from tests.peers.prism import Serve
from tests.peers.served import served

DOCUMENT = Path(__file__).parent.parent.parent / "peers" / "smsgate_server_swagger.json"


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    with served(server.answer) as found:
        yield found


@pytest.fixture
def peer(address: str) -> Iterator[Peer]:
    async def failing(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"message": "Internal error"}, status=500)

    received = {"messageId": "a1b2", "sender": "+22300010001", "receivedAt": "2026-03-18T10:00:00.000+00:00"}
    with served(failing) as broken:
        yield Peer(
            Android(),
            cloud(address),
            {
                "sms": webhook("sms:received", message="CR 12 18 7 9 1 Bɛ", **received),
                "sms_bare": webhook("sms:received", **received),
                "delivered": webhook("sms:delivered", messageId=REFERENCE, recipient=AWA, partsCount=1),
                "strange_status": webhook("sms:teleported", messageId=REFERENCE),
                "unsigned": WebhookRequest("POST", "/hooks/t/sms", "", "", {}, VECTOR_BODY),
            },
            {"refusing": partial(account, "http://127.0.0.1:1"), "error_500": partial(cloud, broken)},
        )


class TestAndroid(GatewayContract):
    """The contract."""


def send(account: Account, **changes: Any) -> Sent:
    sms = replace(OutgoingSms(REFERENCE, AWA, "Bɛ ɲuman.", "UCS-2", 1, 3600, AT), **changes)

    async def go() -> Sent:
        async with Android().line(account) as line:
            return await asyncio.wait_for(line.send(sms), 5)

    return asyncio.run(go())


def look_up(account: Account, reference: str = REFERENCE) -> StatusReport | None:
    async def go() -> StatusReport | None:
        async with Android().line(account) as line:
            return await line.look_up(Asked(reference, None, AWA, AT))

    return asyncio.run(go())


def probe(account: Account) -> Probe:
    async def go() -> Probe:
        async with Android().line(account) as line:
            return await line.probe()

    return asyncio.run(go())


def test_a_message_carries_our_id_its_life_and_the_wish_for_receipts(server: Server, address: str) -> None:
    assert send(cloud(address)).external_id == REFERENCE
    assert server.asked == [
        (
            "POST",
            "/3rdparty/v1/messages",
            {
                "id": REFERENCE,
                "phoneNumbers": ["+22300010001"],
                "textMessage": {"text": "Bɛ ɲuman."},
                "ttl": 3600,
                "withDeliveryReport": True,
            },
        )
    ]


@pytest.mark.parametrize(
    ("changes", "settings", "said"),
    [
        pytest.param({}, {"sim_number": "2"}, {"simNumber": 2}, id="the channel's SIM"),
        pytest.param({}, {"device_id": "phone-1"}, {"deviceId": "phone-1"}, id="the channel's phone"),
        pytest.param({"life": 1}, {}, {"ttl": 5}, id="never less than five seconds"),
        pytest.param({"life": 86_400}, {}, {"ttl": 86_400}, id="a day"),
    ],
)
def test_a_field_follows_the_channel(
    changes: dict[str, Any], settings: dict[str, str], said: dict[str, Any], server: Server, address: str
) -> None:
    send(cloud(address, **settings), **changes)
    assert server.asked[0][2].items() >= said.items()


ANSWERED = [
    pytest.param(202, Outcome.WIRED, None, id="202 taken"),
    pytest.param(201, Outcome.WIRED, None, id="201 of older applications"),
    pytest.param(409, Outcome.WIRED, None, id="409 our id is there already"),
    pytest.param(400, Outcome.FAILED, Cause.OTHER, id="400"),
    pytest.param(401, Outcome.ERRORED, Cause.CREDENTIALS, id="401"),
    pytest.param(403, Outcome.ERRORED, Cause.CREDENTIALS, id="403"),
    pytest.param(429, Outcome.ERRORED, Cause.THROTTLED, id="429"),
    pytest.param(503, Outcome.ERRORED, Cause.BUSY_GATEWAY, id="503 queue limit, phone offline"),
    pytest.param(500, Outcome.UNKNOWN, None, id="500 is not listed"),
    pytest.param(302, Outcome.UNKNOWN, None, id="302 is not followed"),
]


@pytest.mark.parametrize(("status", "outcome", "cause"), ANSWERED)
def test_an_answer_has_one_meaning(status: int, outcome: Outcome, cause: Cause | None, server: Server, address: str) -> None:
    server.status = status
    sent = send(cloud(address))
    assert (sent.outcome, sent.cause, sent.status) == (outcome, cause, status)
    assert sent.external_id == (REFERENCE if outcome is Outcome.WIRED else None)


def test_the_server_may_say_when_to_come_again(server: Server, address: str) -> None:
    server.status, server.headers = 503, {"Retry-After": "90"}
    assert send(cloud(address)).retry_after == 90


def test_a_dropped_connection_is_unknown_and_asked_once(server: Server, address: str) -> None:
    server.drops = True
    assert send(cloud(address)).outcome is Outcome.UNKNOWN
    assert len(server.asked) == 1


@pytest.mark.parametrize("path", ["/messages", "/message"], ids=["newer application", "older application"])
def test_a_phone_on_the_local_network_is_asked_on_either_path(path: str, server: Server, address: str) -> None:
    server.path = path
    assert send(account(address)).outcome is Outcome.WIRED
    assert server.asked[-1][1] == path


def test_the_older_path_is_found_once_for_many_messages(server: Server, address: str) -> None:
    server.path = "/message"

    async def go() -> None:
        async with Android().line(account(address)) as line:
            for _ in range(3):
                await line.send(OutgoingSms(REFERENCE, AWA, "Bɛ", "UCS-2", 1, 3600, AT))

    asyncio.run(go())
    assert [path for _, path, _ in server.asked] == ["/messages", "/message", "/message", "/message"]


def test_a_server_is_never_asked_on_the_older_path(server: Server, address: str) -> None:
    server.path = "/message"
    assert send(cloud(address)).outcome is Outcome.UNKNOWN
    assert len(server.asked) == 1


LOOKED_UP = [
    pytest.param({"state": "Pending"}, "wired", None, id="Pending"),
    pytest.param({"state": "Processed"}, "wired", None, id="Processed"),
    pytest.param({"state": "Cancelling"}, "wired", None, id="Cancelling"),
    pytest.param({"state": "Sent"}, "sent", None, id="Sent"),
    pytest.param({"state": "Delivered"}, "delivered", None, id="Delivered"),
    pytest.param({"state": "Cancelled"}, "failed", Cause.OTHER, id="Cancelled"),
    pytest.param({"state": "Failed"}, "failed", Cause.OTHER, id="Failed"),
    pytest.param(
        {"state": "Failed", "recipients": [{"state": "Failed", "error": "Send result: RESULT_ERROR_LIMIT_EXCEEDED"}]},
        "errored",
        Cause.PHONE_LIMIT,
        id="Failed with a reason",
    ),
]


@pytest.mark.parametrize(("state", "status", "cause"), LOOKED_UP)
def test_what_became_of_a_message_is_asked_by_our_id(
    state: dict[str, Any], status: str, cause: Cause | None, server: Server, address: str
) -> None:
    server.messages[REFERENCE] = {"id": REFERENCE} | state
    found = look_up(cloud(address))
    assert found is not None
    assert (found.reference, found.status, found.cause) == (REFERENCE, status, cause)


def test_every_state_stands_in_the_table() -> None:
    assert {str(case.id).partition(" ")[0] for case in LOOKED_UP} == set(STATES)


@pytest.mark.parametrize(
    "found",
    [None, {"id": "another", "state": "Sent"}, {"id": REFERENCE, "state": "Teleported"}, {"id": REFERENCE}],
    ids=["not found", "another's", "strange word", "no word"],
)
def test_absence_proves_nothing(found: dict[str, Any] | None, server: Server, address: str) -> None:
    if found:
        server.messages[REFERENCE] = found
    assert look_up(cloud(address)) is None


def test_an_unreachable_server_tells_nothing() -> None:
    assert look_up(account("http://127.0.0.1:1")) is None


@pytest.mark.parametrize(
    ("settings", "phones", "cause"),
    [
        pytest.param({}, ["phone-1"], None, id="all is well"),
        pytest.param({"device_id": "phone-1"}, ["phone-1", "phone-2"], None, id="our phone is there"),
        pytest.param({"device_id": "phone-3"}, ["phone-1"], Cause.SENDER, id="our phone is not"),
        pytest.param({}, [], Cause.SENDER, id="no phone at all"),
        pytest.param({"password": "wrong"}, ["phone-1"], Cause.CREDENTIALS, id="wrong password"),
    ],
)
def test_a_probe_asks_the_server_which_phones_it_knows(
    settings: dict[str, str], phones: list[str], cause: Cause | None, server: Server, address: str
) -> None:
    server.phones = [{"id": name, "lastSeen": "2026-03-18T09:59:00Z"} for name in phones]
    assert probe(cloud(address, **settings)).cause is cause
    assert {method for method, _, _ in server.asked} == {"GET"}


@pytest.mark.parametrize(
    ("path", "settings", "cause"),
    [
        pytest.param("/messages", {}, None, id="newer application"),
        pytest.param("/message", {}, None, id="older application"),
        pytest.param("/messages", {"password": "wrong"}, Cause.CREDENTIALS, id="wrong password"),
    ],
)
def test_a_probe_asks_the_phone_itself(
    path: str, settings: dict[str, str], cause: Cause | None, server: Server, address: str
) -> None:
    server.path = path
    assert probe(account(address, **settings)).cause is cause


def test_a_probe_of_nobody_says_so() -> None:
    assert probe(account("http://127.0.0.1:1")).cause is Cause.NO_CONNECTION


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        pytest.param({}, [], id="all there"),
        pytest.param({"base_url": ""}, [], id="the vendor's cloud"),
        pytest.param({"signing_key": ""}, ["signing_key"], id="no key"),
        pytest.param({"sim_number": "4"}, ["sim_number"], id="a fourth SIM"),
        pytest.param({"base_url": "phone:8080"}, ["base_url"], id="no scheme"),
    ],
)
def test_settings_are_checked_before_anything_is_sent(settings: dict[str, str], wrong: list[str]) -> None:
    assert Android().check(SETTINGS | {"base_url": "http://192.0.2.1:8080"} | settings) == wrong


@pytest.fixture
def documented(prism: Serve) -> str:
    """The server as its own document describes it."""
    return prism(DOCUMENT)


def test_our_messages_are_those_of_the_document(documented: str) -> None:
    sent = send(cloud(documented, sim_number="2", device_id="phone-1"))
    assert (sent.outcome, sent.status) == (Outcome.WIRED, 202)


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        pytest.param({"sim_number": "9"}, {}, id="a ninth SIM"),
        pytest.param({}, {"reference": "x" * 37}, id="an id of 37 characters"),
        pytest.param({}, {"text": ""}, id="an empty text"),
    ],
)
def test_a_broken_message_is_refused_by_the_document(settings: dict[str, str], changes: dict[str, Any], documented: str) -> None:
    assert send(cloud(documented, **settings), **changes).status in (400, 422)


@pytest.mark.parametrize("status", [400, 401, 403, 409, 503])
def test_every_answer_of_the_document_is_read(status: int, documented: str) -> None:
    async def asked() -> int:
        headers = {"Authorization": encode_basic_auth("u", "p"), "Prefer": f"code={status}"}
        async with ClientSession(headers=headers) as session:
            body = {"phoneNumbers": [AWA], "textMessage": {"text": "Bɛ"}}
            async with session.post(f"{documented}/3rdparty/v1/messages", json=body) as answer:
                return answer.status

    assert asyncio.run(asked()) == status
    assert status in {case.values[0] for case in ANSWERED}


def test_the_document_answers_a_look_up_and_a_probe(documented: str) -> None:
    assert probe(cloud(documented)).cause is None
    assert look_up(cloud(documented)) is None  # an example about another message
