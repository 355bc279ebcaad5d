"""What the real SDK sends through our transport, judged by Twilio's own OpenAPI document, which Prism serves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from messaging.gateways.protocol import Account, Asked, Line, Outcome, OutgoingCall, OutgoingSms, Probe, Sent
from messaging.gateways.twilio.line import TwilioLine
from tests.messaging.gateways.contract import AT
from tests.messaging.gateways.twilio_peer import AWA, MESSAGE, SID, account, at_line
from tests.peers.prism import HERE, Serve

SERVICE = "MG" + "0" * 32
SMS = OutgoingSms("0190a-attempt", AWA, "Bɛ 2", "UCS-2", 1, 3600, AT)
CALL = OutgoingCall("0190a-attempt", AWA, 45, AT)
Ask = Callable[[Line], Awaitable[Sent]]


@pytest.fixture(scope="module")
def url(prism: Serve) -> str:
    return prism(HERE / "twilio_api_v2010.json")


@pytest.mark.parametrize(
    ("ask", "settings"),
    [
        pytest.param(lambda line: line.send(SMS), {}, id="an SMS from our number"),
        pytest.param(lambda line: line.send(SMS), {"messaging_service_sid": SERVICE}, id="an SMS from a messaging service"),
        pytest.param(lambda line: line.dial(CALL), {}, id="a call"),
        pytest.param(lambda line: line.dial(CALL), {"machine_detection": "Enable"}, id="a call that looks for machines"),
        pytest.param(lambda line: line.dial(CALL), {"flavour": "somleng"}, id="a call as Somleng reads it"),
    ],
)
def test_a_request_is_what_twilio_describes(ask: Ask, settings: dict[str, str], url: str) -> None:
    sent: Sent = at_line(account(url, **settings), ask)
    assert (sent.status, sent.outcome) == (201, Outcome.WIRED), sent.response


def asked_of(given: Account, request: Callable[[Any], Any]) -> int:
    """The status of the answer to something asked of the SDK itself, through our transport."""
    line = TwilioLine(given)
    try:
        answered = line._in_thread(request)
        assert answered.reply is not None, answered.error
        return answered.reply.status
    finally:
        line.close()


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            lambda client: client.messages.list(to=AWA, date_sent_after="2026-03-18", limit=200), id="messages of a day"
        ),
        pytest.param(lambda client: client.messages(MESSAGE).fetch(), id="one message"),
        pytest.param(lambda client: client.api.v2010.accounts(SID).fetch(), id="the account"),
        pytest.param(lambda client: client.api.v2010.account.balance.fetch(), id="the balance"),
        pytest.param(lambda client: client.incoming_phone_numbers.list(phone_number=AWA, limit=1), id="our numbers"),
        pytest.param(lambda client: client.outgoing_caller_ids.list(phone_number=AWA, limit=1), id="our callers"),
    ],
)
def test_what_we_ask_is_what_twilio_describes(request_: Callable[[Any], Any], url: str) -> None:
    assert asked_of(account(url), request_) == 200


def test_a_look_up_and_a_probe_read_what_twilio_describes(url: str) -> None:
    asked = Asked("0190a-attempt", None, AWA, AT, "Bɛ 2")

    async def both(line: Line) -> tuple[Any, Probe]:
        return await asyncio.gather(line.look_up(asked), line.probe())

    _, probe = at_line(account(url), both)
    assert isinstance(probe, Probe)
    assert probe.detail not in ("404", "422", "TypeError")


@pytest.mark.parametrize(
    ("settings", "request_"),
    [
        pytest.param({"messaging_service_sid": "MG-none"}, None, id="a messaging service that is none"),
        pytest.param({"account_sid": "another-account"}, None, id="an account that is none"),
        pytest.param({}, lambda client: client.messages.create(to=None, body="x", from_=AWA), id="an SMS to nobody"),
        pytest.param(
            {}, lambda client: client.calls.create(to=AWA, from_=AWA, method="PUT", url="https://a.example"), id="a PUT"
        ),
    ],
)
def test_a_broken_request_is_refused(settings: dict[str, str], request_: Callable[[Any], Any] | None, url: str) -> None:
    given = account(url, **settings)
    if request_ is not None:
        assert 400 <= asked_of(given, request_) < 500
        return
    sent: Sent = at_line(given, lambda line: line.send(SMS))
    assert sent.outcome in (Outcome.FAILED, Outcome.ERRORED)
    assert sent.status is not None
    assert 400 <= sent.status < 500
