"""Twilio under the contract of every gateway, and what it is asked: messages, calls, look-ups, how our account stands."""

import asyncio
import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from messaging.gateways.protocol import Account, Cause, Line, Outcome, OutgoingCall, OutgoingSms, Sent
from messaging.gateways.twilio.gateway import Twilio
from messaging.gateways.twilio.words import ERRORS, meaning
from tests.messaging.gateways import twilio_peer
from tests.messaging.gateways.contract import AT, GatewayContract, Peer
from tests.messaging.gateways.twilio_peer import (
    AWA,
    CALL,
    HOOKS,
    MESSAGE,
    NUMBER,
    SID,
    TOKEN,
    TwilioPeer,
    account,
    at_line,
    signed,
)
from tests.messaging.gateways.twilio_peer import server as server

ACCEPTED = {"sid": MESSAGE, "status": "queued", "num_segments": "1", "error_code": None, "price": None, "to": AWA}
RINGS = {"sid": CALL, "status": "queued"}
TEXT = "Lavez vos mains au savon."


@pytest.fixture
def peer(server: TwilioPeer) -> Peer:
    server.answer(201, ACCEPTED)

    def error_500() -> Account:
        server.answers = [(500, {"code": 20500, "message": f"Oops {AWA}"}, {})]
        return account(server.url)

    unsigned = replace(signed("sms", twilio_peer.sms()), headers={"Content-Type": twilio_peer.FORM})
    return Peer(
        Twilio(),
        account(server.url, flavour="twilio"),
        {
            "sms": signed("sms", twilio_peer.sms()),
            "sms_bare": signed("sms", {name: value for name, value in twilio_peer.sms().items() if name != "Body"}),
            "delivered": signed("status", twilio_peer.status("delivered"), "ref=0190a"),
            "strange_status": signed("status", twilio_peer.status("teleported")),
            "unsigned": unsigned,
            "ringing": signed("call", twilio_peer.call("ringing")),
            "pressed": signed("call", twilio_peer.call("in-progress", Digits="2", FinishedOnKey=""), "turn=3"),
            "recording": signed("recording", {"AccountSid": SID, "CallSid": CALL, "RecordingSid": twilio_peer.RECORDING}),
        },
        {"refusing": lambda: account(f"http://127.0.0.1:{free_port()}"), "error_500": error_500},
    )


class TestTwilio(GatewayContract):
    """The contract."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def send(given: Account, life: int = 3600) -> Sent:
    sms = OutgoingSms("0190a-attempt", AWA, TEXT, "GSM-7", 1, life, AT)
    return at_line(given, lambda line: line.send(sms))  # type: ignore[no-any-return]


def dial(given: Account) -> Sent:
    call = OutgoingCall("0190a-attempt", AWA, 45, AT)
    return at_line(given, lambda line: line.dial(call))  # type: ignore[no-any-return]


def test_a_message_is_asked_for_with_our_id_its_life_and_no_other_letters(server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    assert send(account(server.url)).external_id == MESSAGE
    [(method, path, fields)] = server.asked
    assert (method, path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert fields == {
        "To": [AWA],
        "From": [NUMBER],
        "Body": [TEXT],
        "StatusCallback": [f"{HOOKS}/status?ref=0190a-attempt"],
        "ValidityPeriod": ["3600"],
        "SmartEncoded": ["false"],
    }


def test_letters_of_our_languages_arrive_as_they_were_written(server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    sms = OutgoingSms("0190a", AWA, "Ɛ ɛ ɔ ɲ ŋ, être & œuf + 100 %", "UCS-2", 1, 60, AT)
    at_line(account(server.url), lambda line: line.send(sms))
    assert server.asked[0][2]["Body"] == ["Ɛ ɛ ɔ ɲ ŋ, être & œuf + 100 %"]


def test_a_messaging_service_takes_the_place_of_our_number(server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    service = "MG" + "0" * 32
    send(account(server.url, messaging_service_sid=service))
    fields = server.asked[0][2]
    assert fields["MessagingServiceSid"] == [service]
    assert "From" not in fields


@pytest.mark.parametrize(
    ("flavour", "life", "asked"),
    [
        pytest.param("twilio", 0, "1", id="at least a second"),
        pytest.param("twilio", 90_000, "36000", id="ten hours at most"),
        pytest.param("somleng", 90_000, "14400", id="four hours at Somleng"),
        pytest.param("signalwire", 90_000, "36000", id="ten hours at SignalWire"),
    ],
)
def test_the_life_that_is_left_goes_along(flavour: str, life: int, asked: str, server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    send(account(server.url, flavour=flavour), life)
    assert server.asked[0][2]["ValidityPeriod"] == [asked]


def test_another_server_may_live_under_a_path_of_its_own(server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    send(account(f"{server.url}/api/laml/", flavour="signalwire"))
    assert server.asked[0][1] == f"/api/laml/2010-04-01/Accounts/{SID}/Messages.json"


def test_a_call_is_asked_for_with_its_events_and_limits(server: TwilioPeer) -> None:
    server.answer(201, RINGS)
    sent = dial(account(server.url, machine_detection="Enable"))
    assert (sent.outcome, sent.external_id) == (Outcome.WIRED, CALL)
    [(_, path, fields)] = server.asked
    address = f"{HOOKS}/call?ref=0190a-attempt"
    assert path == f"/2010-04-01/Accounts/{SID}/Calls.json"
    assert fields == {
        "To": [AWA],
        "From": [NUMBER],
        "Url": [address],
        "Method": ["POST"],
        "StatusCallback": [address],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["ringing", "completed"],
        "Timeout": ["45"],
        "TimeLimit": ["360"],
        "MachineDetection": ["Enable"],
    }


def test_machines_are_looked_for_only_where_the_channel_says_so(server: TwilioPeer) -> None:
    server.answer(201, RINGS)
    dial(account(server.url))
    assert "MachineDetection" not in server.asked[0][2]


def test_somleng_is_asked_only_what_it_reads(server: TwilioPeer) -> None:
    server.answer(201, RINGS)
    dial(account(server.url, flavour="somleng", machine_detection="Enable"))
    assert set(server.asked[0][2]) == {"To", "From", "Url", "Method", "StatusCallback"}


REFUSED = [
    *[
        pytest.param(400, int(code), *ERRORS[code], id=f"code {code}")
        for code in sorted(ERRORS)
        if code not in ("20003", "20404", "20429")
    ],
    pytest.param(401, 20003, Outcome.ERRORED, Cause.CREDENTIALS, id="wrong token"),
    pytest.param(404, 20404, Outcome.ERRORED, Cause.CREDENTIALS, id="no such account"),
    pytest.param(429, 20429, Outcome.ERRORED, Cause.THROTTLED, id="too fast"),
    pytest.param(429, 88888, Outcome.ERRORED, Cause.THROTTLED, id="too fast, with a new code"),
    pytest.param(403, 88888, Outcome.ERRORED, Cause.CREDENTIALS, id="forbidden, with a new code"),
    pytest.param(400, 21703, Outcome.ERRORED, Cause.SENDER, id="a code of the messaging services' family"),
    pytest.param(400, 88888, Outcome.FAILED, Cause.OTHER, id="a new code is a refusal for good"),
]


@pytest.mark.parametrize(("status", "code", "outcome", "cause"), REFUSED)
def test_every_refusal_is_what_the_table_says(status: int, code: int, outcome: Outcome, cause: Cause, server: TwilioPeer) -> None:
    server.answer(status, {"code": code, "message": f"No {AWA}", "status": status})
    sent = send(account(server.url))
    assert (sent.outcome, sent.cause, sent.code, sent.external_id) == (outcome, cause, str(code), None)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        pytest.param(500, {"code": 21211}, Outcome.UNKNOWN, "21211", id="a 5xx is unknown whatever it says"),
        pytest.param(503, "upstream", Outcome.UNKNOWN, "503", id="a proxy's 503"),
        pytest.param(302, "", Outcome.UNKNOWN, "302", id="a redirect is not followed"),
        pytest.param(201, "<html>", Outcome.UNKNOWN, "unreadable", id="taken, without a word we can read"),
        pytest.param(201, {"status": "queued"}, Outcome.UNKNOWN, "unreadable", id="taken, without an id"),
        pytest.param(201, ["sid"], Outcome.UNKNOWN, "unreadable", id="a list"),
        pytest.param(400, "nonsense", Outcome.FAILED, "400", id="a refusal without words"),
        pytest.param(
            201,
            {"sid": MESSAGE, "status": "failed", "error_code": 30006},
            Outcome.FAILED,
            "30006",
            id="taken and failed at once",
        ),
        pytest.param(201, {**RINGS, "status": "strange"}, Outcome.WIRED, "", id="a new word at first is taken all the same"),
    ],
)
def test_an_answer_decides_by_its_status(status: int, body: Any, outcome: Outcome, code: str, server: TwilioPeer) -> None:
    server.answer(status, body, Location=f"{server.url}/elsewhere")
    sent = send(account(server.url))
    assert (sent.outcome, sent.code, sent.status) == (outcome, code, status)
    assert len(server.asked) == 1  # nothing is repeated


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("Wed, 18 Mar 2026 10:00:30 GMT", 30, id="a date"),
        pytest.param("soon", None, id="nonsense"),
    ],
)
def test_too_fast_says_for_how_long(said: str, seconds: int | None, server: TwilioPeer) -> None:
    server.answer(429, {"code": 20429}, Retry_After=said)
    assert send(account(server.url)).retry_after == seconds


def test_a_connection_cut_before_the_answer_is_unknown(server: TwilioPeer) -> None:
    server.cut = True
    server.answer(201, ACCEPTED)
    sent = send(account(server.url))
    assert (sent.outcome, sent.cause) == (Outcome.UNKNOWN, None)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    [pytest.param("https://nobody.invalid", id="no such name"), pytest.param("https://[", id="no address at all")],
)
def test_what_could_not_leave_may_be_tried_again(url: str) -> None:
    sent = send(account(url))
    assert (sent.outcome, sent.cause) == (Outcome.ERRORED, Cause.NO_CONNECTION)


def test_a_server_that_drips_holds_nobody_once_the_line_closes(server: TwilioPeer) -> None:
    server.drip = True
    sms = OutgoingSms("0190a-attempt", AWA, TEXT, "GSM-7", 1, 60, AT)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        at_line(account(server.url), lambda line: asyncio.wait_for(line.send(sms), 0.3))
    while any(thread.name.startswith("twilio_") for thread in threading.enumerate()):
        assert time.monotonic() - began < 5, "a thread still waits"
        time.sleep(0.02)


def test_many_messages_leave_at_once(server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    server.delay = 0.3
    sms = OutgoingSms("0190a-attempt", AWA, TEXT, "GSM-7", 1, 60, AT)

    async def all_at_once(line: Line) -> list[Sent]:
        return await asyncio.gather(*(line.send(sms) for _ in range(20)))

    began = time.monotonic()
    sent = at_line(account(server.url), all_at_once)
    assert [one.outcome for one in sent] == [Outcome.WIRED] * 20
    assert time.monotonic() - began < 3


def test_the_exchange_keeps_ids_and_codes(server: TwilioPeer) -> None:
    server.answer(201, ACCEPTED)
    server.answer(400, {"code": 21211, "message": f"The number {AWA} is not valid", "more_info": "x"})
    taken, refused = send(account(server.url)), send(account(server.url))
    assert "POST Messages.json" in taken.request
    assert MESSAGE in taken.response
    assert "21211" in refused.response
    for said in (taken.request, taken.response, refused.request, refused.response):
        assert not any(secret in said for secret in (AWA, NUMBER, TOKEN, SID, TEXT, HOOKS))


def test_the_sdk_itself_logs_nothing(server: TwilioPeer, caplog: pytest.LogCaptureFixture) -> None:
    server.answer(201, ACCEPTED)
    with caplog.at_level("DEBUG", "twilio"):
        send(account(server.url))
    assert not [record for record in caplog.records if record.name.startswith("twilio")]


# Every code of the provider's documentation that we rely on, by what is to be done about it.
CODES = {
    "retry": "20429 21611 30001 30008 30017 30410 30003",
    "opt-out": "21610",
    "dead number": "21211 21214 21217 21612 21614 30004 30005 30006",
    "this text": "21602 21617 30007",
    "staff": "20003 20404 21212 21215 13227 21219 21608 21408 21601 21606 21603 21701 21799 30002 30010 30018 30024",
    "our own answers": "11200 11205 12100 12200 12300",
}
CAUSES = {
    "retry": {Cause.THROTTLED, Cause.BUSY_GATEWAY, Cause.ABSENT},
    "opt-out": {Cause.OPT_OUT},
    "dead number": {Cause.DEAD_NUMBER},
    "this text": {Cause.THIS_TEXT},
    "staff": {Cause.CREDENTIALS, Cause.CREDIT, Cause.SENDER},
    "our own answers": {Cause.OTHER},
}


def test_every_code_is_mapped_to_what_is_to_be_done() -> None:
    wrong = [
        code
        for kind, codes in CODES.items()
        for code in codes.split()
        if (found := meaning(code)) is None or found[1] not in CAUSES[kind]
    ]
    assert wrong == []
    assert set(ERRORS) <= {code for codes in CODES.values() for code in codes.split()}
