"""Africa's Talking, as its specification: what its official SDK is made to send, and to whom."""

import asyncio
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

import pytest
from aiohttp import web

from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.gateways.protocol import Account, Cause, Outcome, WebhookRequest
from tests.messaging.gateways.africastalking_peer import (
    CALLS_FROM,
    KEY,
    NOBODY_LISTENS,
    SISTER,
    SORY,
    Provider,
    recipient,
    said_of,
    send,
    sms,
)
from tests.messaging.gateways.africastalking_peer import provider as provider
from tests.messaging.gateways.contract import AWA, SECRET_TEXT, GatewayContract, Peer


def request(query: str = "", **form: str) -> WebhookRequest:
    pairs = tuple((name.removesuffix("_"), value) for name, value in form.items())
    return WebhookRequest("POST", "/hooks/t/sms", "https://x/hooks/t/sms", query, {}, urlencode(pairs).encode(), pairs)


@pytest.fixture
def peer(provider: Provider) -> Peer:
    inbound = {"from_": AWA, "to": "00123", "date": "2026-03-18T10:00:00Z"}
    call = {"isActive": "1", "sessionId": "S1", "callerNumber": AWA, "destinationNumber": CALLS_FROM}
    return Peer(
        AfricasTalking(),
        provider.account(),
        {
            "sms": request(id="AT1", text="CR 12 18 7 9 1 Bɛ", **inbound),
            "sms_bare": request(id="AT1", **inbound),
            "delivered": request(id="ATXid_1", status="Success", phoneNumber=AWA),
            "strange_status": request(id="ATXid_1", status="Teleported", phoneNumber=AWA),
            "unsigned": request(id="AT1", text="bonjour"),
            "ringing": request(direction="Inbound", **call),
            "pressed": request("turn=3", direction="Inbound", dtmfDigits="2", **call),
            "recording": request("turn=4", recordingUrl="http://41.0.0.1/r1.mp3", **call),
        },
        {
            "refusing": partial(provider.account, base_url=NOBODY_LISTENS),
            "error_500": partial(provider.account, base_url=f"{provider.address}/broken"),
        },
    )


class TestAfricasTalking(GatewayContract):
    """The contract."""


# What is sent


def test_an_sms_is_a_form_with_the_key_in_a_header(peer: Peer, provider: Provider) -> None:
    peer.ask()
    [(path, headers, form)] = provider.seen
    assert (path, headers["apiKey"]) == ("/version1/messaging", KEY)
    assert form == {"username": "lamen-mali", "to": AWA, "message": SECRET_TEXT, "bulkSMSMode": "1"}


def test_a_sender_is_named_where_the_channel_has_one(peer: Peer, provider: Provider) -> None:
    peer.ask(account=provider.account(sender="LAMEN"))
    assert provider.forms[0]["from"] == "LAMEN"


def test_letters_of_our_languages_arrive_intact(provider: Provider) -> None:
    send(provider, sms(text="Bɛ ɔ ɲ ŋ ç ê œ & + %"))
    assert provider.forms[0]["message"] == "Bɛ ɔ ɲ ŋ ç ê œ & + %"


def test_a_call_names_our_number_and_theirs_and_no_address(peer: Peer, provider: Provider) -> None:
    sent = peer.call()
    assert (provider.seen[0][0], provider.forms) == ("/call", [{"username": "lamen-mali", "from": CALLS_FROM, "to": AWA}])
    assert (sent.outcome, sent.external_id) == (Outcome.WIRED, "ATVId_1")


@pytest.mark.parametrize(
    ("username", "sms_address", "voice_address"),
    [
        pytest.param("lamen", "https://api.africastalking.com/version1", "https://voice.africastalking.com", id="live"),
        pytest.param(
            "sandbox", "https://api.sandbox.africastalking.com/version1", "https://voice.sandbox.africastalking.com", id="sandbox"
        ),
    ],
)
def test_without_an_address_the_user_name_chooses_it(username: str, sms_address: str, voice_address: str) -> None:
    async def go() -> tuple[str, str]:
        account = Account(1, CALLS_FROM, {"username": username, "api_key": KEY})
        async with AfricasTalking().line(account) as line:
            sdk = line._sdk  # type: ignore[attr-defined]  # the SDK's own choice shows nowhere else without a network
            return sdk.sms._baseUrl, sdk.voice._baseUrl

    assert asyncio.run(go()) == (sms_address, voice_address)


def test_two_channels_use_their_own_accounts_at_once(provider: Provider) -> None:
    async def go() -> None:
        gateway = AfricasTalking()
        one, two = provider.account(username="one"), provider.account(username="two")
        async with gateway.line(one) as first, gateway.line(two) as second:
            await asyncio.gather(first.send(sms()), second.send(sms(SISTER)))

    asyncio.run(go())
    assert {(form["username"], form["to"]) for form in provider.forms} == {("one", AWA), ("two", SISTER)}


def test_connections_are_kept_between_requests(provider: Provider) -> None:
    async def go() -> None:
        async with AfricasTalking().line(provider.account()) as line:
            for _ in range(5):
                assert (await line.send(sms())).outcome is Outcome.WIRED

    asyncio.run(go())
    assert (len(provider.seen), len(provider.ports)) == (5, 1)


def test_many_requests_are_under_way_at_once(provider: Provider) -> None:
    waiting, most = [0], [0]

    async def slow(form: Mapping[str, str]) -> web.StreamResponse:
        waiting[0] += 1
        most[0] = max(most[0], waiting[0])
        await asyncio.sleep(0.2)
        waiting[0] -= 1
        return said_of(recipient(form["to"]))

    provider.answers["/version1/messaging"] = slow
    send(provider, *(sms(f"+2230002{place:04}", f"texte {place}") for place in range(10)))
    assert most[0] > 5


# One text to many


def test_one_text_to_many_is_one_request_answered_in_our_order(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(*(recipient(number) for number in (SORY, AWA, SISTER))))
    sent = send(provider, sms(AWA), sms(SISTER), sms(SORY))
    assert [form["to"] for form in provider.forms] == [f"{AWA},{SISTER},{SORY}"]
    assert [one.external_id for one in sent] == ["ATXid_0001", "ATXid_0002", "ATXid_0003"]


def test_a_hundred_numbers_make_one_request_and_one_more_makes_two(provider: Provider) -> None:
    numbers = [f"+22300{place:06}" for place in range(101)]
    sent = send(provider, *(sms(number) for number in numbers))
    assert sorted(len(form["to"].split(",")) for form in provider.forms) == [1, 100]
    assert [one.external_id for one in sent] == [f"ATXid_{number[-4:]}" for number in numbers]


def test_a_number_missing_from_the_answer_is_unknown_not_refused(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(recipient(AWA)))
    assert [one.outcome for one in send(provider, sms(AWA), sms(SISTER))] == [Outcome.WIRED, Outcome.UNKNOWN]


def test_a_number_given_twice_is_answered_as_often_as_it_is_named(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(recipient(AWA)))
    assert [one.outcome for one in send(provider, sms(AWA), sms(AWA))] == [Outcome.WIRED, Outcome.UNKNOWN]


def test_numbers_without_a_plus_in_the_answer_are_still_matched(provider: Provider) -> None:
    provider.always("/version1/messaging", lambda: said_of(recipient("22300010001")))
    assert send(provider, sms(AWA))[0].outcome is Outcome.WIRED


def test_two_texts_never_share_a_request(provider: Provider) -> None:
    send(provider, sms(AWA, "un"), sms(SISTER, "deux"))
    assert {(form["to"], form["message"]) for form in provider.forms} == {(AWA, "un"), (SISTER, "deux")}


@pytest.mark.parametrize("number", ["1234", "+1234", "+22300010001\n", "36085", "", "+２２３00010001"], ids=repr)
def test_what_is_no_number_is_refused_here_and_spoils_no_batch(number: str, provider: Provider) -> None:
    sent = send(provider, sms(number), sms(SISTER))
    assert [(one.outcome, one.cause) for one in sent] == [(Outcome.FAILED, Cause.DEAD_NUMBER), (Outcome.WIRED, None)]
    assert [form["to"] for form in provider.forms] == [SISTER]


def test_nothing_is_sent_for_nobody(provider: Provider) -> None:
    assert (send(provider), send(provider, sms("x"))[0].outcome, provider.seen) == ([], Outcome.FAILED, [])


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        pytest.param({"username": "u", "api_key": "k"}, [], id="enough"),
        pytest.param({"username": "u"}, ["api_key"], id="no key"),
        pytest.param({}, ["username", "api_key"], id="nothing"),
        pytest.param({"username": "u", "api_key": "k", "base_url": "api.example"}, ["base_url"], id="no address"),
    ],
)
def test_settings_are_checked(settings: Mapping[str, str], wrong: list[str]) -> None:
    assert AfricasTalking().check(settings) == wrong
