"""What Twilio is asked about itself: what became of a message, how our account stands, and what a channel must be told."""

from datetime import timedelta
from typing import Any

import pytest

from messaging.gateways.http import NoAnswer
from messaging.gateways.protocol import Account, Asked, Cause, Probe, StatusReport
from messaging.gateways.twilio.gateway import Twilio
from tests.messaging.gateways.contract import AT
from tests.messaging.gateways.twilio_peer import AWA, MESSAGE, SID, TwilioPeer, account, at_line
from tests.messaging.gateways.twilio_peer import server as server

TEXT = "Lavez vos mains au savon."


def look_up(given: Account, external_id: str | None = None, text: str = TEXT) -> StatusReport | None:
    asked = Asked("0190a-attempt", external_id, AWA, AT, text)
    return at_line(given, lambda line: line.look_up(asked))  # type: ignore[no-any-return]


def probe(given: Account) -> Probe:
    return at_line(given, lambda line: line.probe())  # type: ignore[no-any-return]


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


def test_a_message_that_they_do_not_know_is_no_news(server: TwilioPeer) -> None:
    server.answer(404, {"code": 20404})
    assert look_up(account(server.url), MESSAGE) is None


@pytest.mark.parametrize("status", [429, 500], ids=str)
@pytest.mark.parametrize("external_id", [MESSAGE, None], ids=["by its id", "among others"])
def test_a_look_up_that_fails_is_asked_again_later(external_id: str | None, status: int, server: TwilioPeer) -> None:
    server.answer(status, {"code": 20429})
    with pytest.raises(NoAnswer):
        look_up(account(server.url), external_id)


def test_a_look_up_that_reaches_nobody_is_asked_again_later() -> None:
    with pytest.raises(NoAnswer):
        look_up(account("http://127.0.0.1:1"))


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
