"""Twilio under the contract of every gateway, and what it is asked: messages, calls, look-ups, how our account stands."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from messaging.gateways.protocol import Account, Asked, Cause, Line, Outcome, OutgoingCall, OutgoingSms, Probe, Sent, StatusReport
from messaging.gateways.twilio.gateway import Twilio
from messaging.gateways.twilio.words import ERRORS, meaning
from tests.messaging.gateways import twilio_peer
from tests.messaging.gateways.contract import AT, GatewayContract, Peer
from tests.messaging.gateways.twilio_peer import AWA, CALL, HOOKS, MESSAGE, NUMBER, SID, TOKEN, TwilioPeer, account, signed

ACCEPTED = {"sid": MESSAGE, "status": "queued", "num_segments": "1", "error_code": None, "price": None, "to": AWA}
RINGS = {"sid": CALL, "status": "queued"}
TEXT = "Lavez vos mains au savon."


@pytest.fixture
def server() -> Iterator[TwilioPeer]:
    with twilio_peer.serving() as found:
        yield found


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


def at_line(given: Account, do: Callable[[Line], Any]) -> Any:
    """What `do` answers, asked of an open line."""

    async def go() -> Any:
        async with Twilio().line(given) as line:
            return await do(line)

    return asyncio.run(go())


def send(given: Account, life: int = 3600) -> Sent:
    sms = OutgoingSms("0190a-attempt", AWA, TEXT, "GSM-7", 1, life, AT)
    return at_line(given, lambda line: line.send(sms))  # type: ignore[no-any-return]


def dial(given: Account) -> Sent:
    call = OutgoingCall("0190a-attempt", AWA, 45, AT)
    return at_line(given, lambda line: line.dial(call))  # type: ignore[no-any-return]


def look_up(given: Account, external_id: str | None = None, text: str = TEXT) -> StatusReport | None:
    asked = Asked("0190a-attempt", external_id, AWA, AT, text)
    return at_line(given, lambda line: line.look_up(asked))  # type: ignore[no-any-return]


def probe(given: Account) -> Probe:
    return at_line(given, lambda line: line.probe())  # type: ignore[no-any-return]


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
    server.answer(status, body)
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
    assert time.monotonic() - began < 3


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


def listed(**changed: Any) -> dict[str, Any]:
    made = (AT + timedelta(seconds=3)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    one = {"sid": MESSAGE, "status": "sent", "to": AWA, "body": TEXT, "direction": "outbound-api"}
    return one | {"date_created": made, "error_code": None, **changed}


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        pytest.param([listed()], "sent", id="the one"),
        pytest.param([listed(status="undelivered", error_code=30006)], "failed", id="the one, which failed"),
        pytest.param([listed(status="failed", error_code=30003)], "errored", id="the one, to be tried again"),
        pytest.param([listed(body=f"Sent from your trial account - {TEXT}")], "sent", id="with a trial's words before"),
        pytest.param([listed(body="Bonjour"), listed()], "sent", id="among others"),
        pytest.param([], None, id="absence proves nothing"),
        pytest.param([listed(), listed()], None, id="two prove nothing"),
        pytest.param([listed(body="Bonjour")], None, id="other words"),
        pytest.param([listed(direction="inbound")], None, id="what they wrote to us"),
        pytest.param([listed(date_created="Wed, 18 Mar 2026 07:00:00 +0000")], None, id="of this morning"),
        pytest.param([listed(date_created=None)], None, id="of no time"),
    ],
)
def test_a_look_up_takes_evidence_only(messages: list[Any], status: str | None, server: TwilioPeer) -> None:
    server.answer(200, {"messages": messages, "page": 0, "next_page_uri": None})
    found = look_up(account(server.url))
    assert (found.status if found else None) == status
    assert found is None or found.reference == "0190a-attempt"
    [(_, path, fields)] = server.asked
    assert path.endswith("/Messages.json")
    assert (fields["To"], fields["DateSent>"]) == ([AWA], ["2026-03-18"])


def test_a_look_up_without_words_knows_nothing(server: TwilioPeer) -> None:
    server.answer(200, {"messages": [listed()], "page": 0})
    assert look_up(account(server.url), text="") is None


def test_a_look_up_by_their_id_asks_for_that_one(server: TwilioPeer) -> None:
    server.answer(200, listed(status="delivered", body="", date_created=None))
    found = look_up(account(server.url), MESSAGE)
    assert found is not None
    assert found.status == "delivered"
    assert server.asked[0][1].endswith(f"/Messages/{MESSAGE}.json")


@pytest.mark.parametrize("status", [404, 500], ids=str)
def test_a_look_up_that_fails_knows_nothing(status: int, server: TwilioPeer) -> None:
    server.answer(status, {"code": 20404})
    assert look_up(account(server.url), MESSAGE) is None


Answer = tuple[int, Any, dict[str, str]]
ACTIVE: Answer = (200, {"sid": SID, "status": "active"}, {})
RICH: Answer = (200, {"balance": "12.5", "currency": "USD"}, {})
OURS: Answer = (200, {"incoming_phone_numbers": [{"sid": "PN1"}]}, {})
NONE: Answer = (200, {"incoming_phone_numbers": []}, {})
NO_CALLER: Answer = (200, {"outgoing_caller_ids": []}, {})
CALLER: Answer = (200, {"outgoing_caller_ids": [{"sid": "PN2"}]}, {})
GONE: Answer = (404, {"code": 20404}, {})


@pytest.mark.parametrize(
    ("answers", "settings", "found"),
    [
        pytest.param([ACTIVE, RICH, OURS, NO_CALLER], {}, Probe(balance="12.5 USD"), id="all is well"),
        pytest.param([ACTIVE, RICH, NONE, CALLER], {}, Probe(balance="12.5 USD"), id="a number lent to us"),
        pytest.param([ACTIVE, RICH, NONE, NO_CALLER], {}, Probe(Cause.SENDER, "number", "12.5 USD"), id="not our number"),
        pytest.param([ACTIVE, RICH, GONE, GONE], {}, Probe(balance="12.5 USD"), id="lists that are not served"),
        pytest.param([ACTIVE, GONE, OURS, NO_CALLER], {}, Probe(), id="a balance that is not served"),
        pytest.param(
            [ACTIVE, (200, {"balance": "-0.2", "currency": "USD"}, {})],
            {},
            Probe(Cause.CREDIT, "balance", "-0.2 USD"),
            id="nothing left",
        ),
        pytest.param([ACTIVE, RICH], {"messaging_service_sid": "MG1"}, Probe(balance="12.5 USD"), id="a messaging service"),
        pytest.param([ACTIVE], {"flavour": "somleng"}, Probe(), id="Somleng tells no more"),
        pytest.param([(200, {"sid": SID, "status": "suspended"}, {})], {}, Probe(Cause.CREDIT, "suspended"), id="suspended"),
        pytest.param([(200, {"sid": SID, "status": "closed"}, {})], {}, Probe(Cause.CREDENTIALS, "closed"), id="closed"),
        pytest.param([(200, {"sid": SID, "status": "odd"}, {})], {}, Probe(Cause.OTHER, "odd"), id="a new word"),
        pytest.param([ACTIVE], {"auth_token": "wrong"}, Probe(Cause.CREDENTIALS, "20003"), id="wrong token"),
        pytest.param([GONE], {}, Probe(Cause.CREDENTIALS, "20404"), id="no such account"),
        pytest.param([(503, "", {})], {}, Probe(Cause.BUSY_GATEWAY, "503"), id="out of order"),
        pytest.param([(418, "", {})], {}, Probe(Cause.OTHER, "418"), id="an odd refusal"),
    ],
)
def test_a_probe_says_what_is_wrong(answers: list[Any], settings: dict[str, str], found: Probe, server: TwilioPeer) -> None:
    server.answers = answers
    assert probe(account(server.url, **settings)) == found


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        pytest.param("https://nobody.invalid", "NameResolutionError", id="no such name"),
        pytest.param("http://127.0.0.1:1", "NewConnectionError", id="nobody listens"),
    ],
)
def test_a_probe_says_that_nobody_answers(url: str, detail: str) -> None:
    assert probe(account(url)) == Probe(Cause.NO_CONNECTION, detail)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        pytest.param({"account_sid": SID, "auth_token": "x"}, [], id="enough"),
        pytest.param({}, ["account_sid", "auth_token"], id="nothing"),
        pytest.param({"account_sid": "0b3c-uuid", "auth_token": "x"}, [], id="another server's account"),
        pytest.param({"account_sid": "AC1/../x", "auth_token": "x"}, ["account_sid"], id="a path for an account"),
        pytest.param(
            {"account_sid": SID, "auth_token": "x", "messaging_service_sid": "M G"}, ["messaging_service_sid"], id="no service"
        ),
        pytest.param({"account_sid": SID, "auth_token": "x", "flavour": "vanilla"}, ["flavour"], id="no flavour"),
        pytest.param(
            {"account_sid": SID, "auth_token": "x", "machine_detection": "Bogus"}, ["machine_detection"], id="no way to detect"
        ),
        pytest.param({"account_sid": SID, "auth_token": "x", "base_url": "http://example.org"}, ["base_url"], id="in the clear"),
        pytest.param({"account_sid": SID, "auth_token": "x", "base_url": "https://["}, ["base_url"], id="no address"),
        pytest.param({"account_sid": SID, "auth_token": "x", "base_url": "http://127.0.0.1:1"}, [], id="this very machine"),
    ],
)
def test_settings_that_are_missing_or_wrong_are_named(settings: dict[str, str], wrong: list[str]) -> None:
    assert Twilio().check(settings) == wrong


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
