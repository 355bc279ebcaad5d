"""Kannel under the contract of every gateway, and its own specification: sendsms, receipts, inbound SMS.

The peer judges what it is sent as Kannel's manual does. A real Kannel is asked in tests/peers/test_kannel.py.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aiohttp import web

from messaging.gateways.kannel import ENDS, INBOUND, REFUSALS, TYPES, Kannel
from messaging.gateways.protocol import (
    Account,
    Cause,
    Outcome,
    OutgoingSms,
    Probe,
    Refused,
    Sent,
    StatusReport,
    Unreadable,
    WebhookRequest,
)
from tests.messaging.gateways.contract import AT, AWA, GatewayContract, Peer
from tests.peers.served import cut, served

HOOKS = "https://nut.example/hooks/a-token"
SETTINGS = {"username": "FAKE-user", "password": "FAKE-password", "max_parts": "6"}


@dataclass
class Sendsms:
    """Kannel's sendsms as far as a caller sees it: `asked` are the fields of each request."""

    status: int = 202
    body: str = "0: Accepted for delivery"
    drops: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        fields = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True, strict_parsing=True))
        self.asked.append(fields)
        if self.drops:
            return cut(request)
        if request.method != "GET" or request.path != "/cgi-bin/sendsms":
            return web.Response(status=404, text="Unknown request.")
        if (fields.get("username"), fields.get("password")) != ("FAKE-user", "FAKE-password"):
            return web.Response(status=403, text="Authorization failed for sendsms")
        if not fields.get("to"):
            return web.Response(status=400, text="Missing receiver number, rejected")
        return web.Response(status=self.status, text=self.body, headers=self.headers)


@pytest.fixture
def kannel() -> Sendsms:
    return Sendsms()


@pytest.fixture
def address(kannel: Sendsms) -> Iterator[str]:
    with served(kannel.answer) as found:
        yield found


def account(base_url: str, **settings: str) -> Account:
    return Account(1, "00123", SETTINGS | {"base_url": base_url} | settings, HOOKS)


def get(kind: str, query: str) -> WebhookRequest:
    return WebhookRequest("GET", f"/hooks/t/{kind}", f"{HOOKS}/{kind}?{query}", query, {}, b"")


def inbound(text: bytes = "CR 12 18 7 9 1 Bɛ".encode(), **fields: str) -> WebhookRequest:
    given = {"id": "8f1c", "from": "22300010001", "to": "00123", "charset": "UTF-8", "coding": "0", "ts": "1800000000"} | fields
    return get("sms", f"{urlencode(given)}&{urlencode({'text': text})}")


@pytest.fixture
def peer(kannel: Sendsms, address: str) -> Iterator[Peer]:
    async def failing(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=500, text="Internal error")

    with served(failing) as broken:
        yield Peer(
            Kannel(),
            account(address),
            {
                "sms": inbound(),
                "sms_bare": get("sms", "id=8f1c&from=22300010001"),
                "delivered": get("status", "id=m42&type=1&answer=id:07+stat:DELIVRD&at=1800000000&fid=07"),
                "strange_status": get("status", "id=m42&type=64&answer=&at=1800000000&fid="),
                "unsigned": get("sms", "id=8f1c&text=OUI"),
            },
            {"refusing": partial(account, "http://127.0.0.1:1"), "error_500": partial(account, broken)},
        )


class TestKannel(GatewayContract):
    """The contract."""


def send(account: Account, **changes: Any) -> Sent:
    sms = replace(OutgoingSms("0190a-attempt", AWA, "Merci.", "GSM-7", 1, 3600, AT), **changes)

    async def go() -> Sent:
        async with Kannel().line(account) as line:
            return await asyncio.wait_for(line.send(sms), 5)

    return asyncio.run(go())


def probe(account: Account) -> Probe:
    async def go() -> Probe:
        async with Kannel().line(account) as line:
            return await line.probe()

    return asyncio.run(go())


def test_every_field_is_said_and_nothing_else(kannel: Sendsms, address: str) -> None:
    assert send(account(address)).outcome is Outcome.WIRED
    assert kannel.asked == [
        {
            "username": "FAKE-user",
            "password": "FAKE-password",
            "from": "00123",
            "to": "+22300010001",
            "text": "Merci.",
            "charset": "UTF-8",
            "coding": "0",
            "dlr-mask": "31",
            "dlr-url": f"{HOOKS}/status?id=0190a-attempt&type=%d&answer=%A&at=%T&fid=%F",
            "validity": "60",
        }
    ]


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        pytest.param({"encoding": "UCS-2", "text": "Bɛ ɔ ɲ ŋ ç ê œ"}, "coding", "2", id="UCS-2 is coding 2"),
        pytest.param({"encoding": "", "text": "Bɛ"}, "coding", "2", id="an unknown encoding never damages a letter"),
        pytest.param({"text": "Bɛ & = % + # ?"}, "text", "Bɛ & = % + # ?", id="a text keeps its signs"),
        pytest.param({"life": 86_400}, "validity", "1440", id="a day is 1,440 minutes"),
        pytest.param({"life": 59}, "validity", "1", id="less than a minute is one"),
        pytest.param(
            {"reference": "a&b c"}, "dlr-url", f"{HOOKS}/status?id=a%26b%20c&type=%d&answer=%A&at=%T&fid=%F", id="odd id"
        ),
    ],
)
def test_a_field_follows_the_message(changes: dict[str, Any], name: str, said: str, kannel: Sendsms, address: str) -> None:
    send(account(address), **changes)
    assert kannel.asked[0][name] == said


def test_the_smsc_of_the_channel_is_named(kannel: Sendsms, address: str) -> None:
    send(account(address, smsc="OPERATOR"))
    assert kannel.asked[0]["smsc"] == "OPERATOR"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"parts": 7}, "too_long", id="more parts than Kannel sends"),
        pytest.param({"text": "", "parts": 0}, "empty", id="an empty text"),
    ],
)
def test_what_kannel_would_damage_does_not_leave(changes: dict[str, Any], code: str, kannel: Sendsms, address: str) -> None:
    sent = send(account(address), **changes)
    assert (sent.outcome, sent.cause, sent.code) == (Outcome.FAILED, Cause.THIS_TEXT, code)
    assert kannel.asked == []


def test_as_many_parts_as_kannel_sends_do_leave(address: str) -> None:
    assert send(account(address), parts=6).outcome is Outcome.WIRED


@pytest.mark.parametrize(
    ("status", "body", "outcome", "cause"),
    [
        pytest.param(202, "0: Accepted for delivery", Outcome.WIRED, None, id="202 accepted"),
        pytest.param(202, "3: Queued for later delivery", Outcome.WIRED, None, id="202 queued"),
        pytest.param(202, "5: Something new", Outcome.UNKNOWN, None, id="202 with another word"),
        pytest.param(400, "Charset or body misformed, rejected", Outcome.FAILED, Cause.THIS_TEXT, id="400"),
        pytest.param(403, "Authorization failed for sendsms", Outcome.ERRORED, Cause.CREDENTIALS, id="403"),
        pytest.param(503, "Temporal failure, try again later.", Outcome.ERRORED, Cause.BUSY_GATEWAY, id="503"),
        pytest.param(500, "", Outcome.UNKNOWN, None, id="500 is not listed"),
        pytest.param(502, "", Outcome.UNKNOWN, None, id="502 of a proxy"),
    ],
)
def test_an_answer_has_one_meaning(
    status: int, body: str, outcome: Outcome, cause: Cause | None, kannel: Sendsms, address: str
) -> None:
    kannel.status, kannel.body = status, body
    sent = send(account(address))
    assert (sent.outcome, sent.cause, sent.status) == (outcome, cause, status)
    assert (sent.external_id is not None) == (outcome is Outcome.WIRED)


def test_a_dropped_connection_is_unknown_and_asked_once(kannel: Sendsms, address: str) -> None:
    kannel.drops = True
    assert send(account(address)).outcome is Outcome.UNKNOWN
    assert len(kannel.asked) == 1


def test_a_connection_dropped_on_its_second_use_is_asked_once_too(kannel: Sendsms, address: str) -> None:
    async def go() -> list[Outcome]:
        async with Kannel().line(account(address)) as line:
            sms = OutgoingSms("0190a-attempt", AWA, "Merci.", "GSM-7", 1, 3600, AT)
            first = await line.send(sms)
            kannel.drops = True
            return [first.outcome, (await line.send(sms)).outcome]

    assert asyncio.run(go()) == [Outcome.WIRED, Outcome.UNKNOWN]
    assert len(kannel.asked) == 2


def test_the_exchange_holds_neither_the_password_nor_our_token(kannel: Sendsms, address: str) -> None:
    kannel.body = f"3: FAKE-password {HOOKS}/status {AWA}"
    sent = send(account(address))
    said = f"{sent.request} {sent.response}"
    assert not any(secret in said for secret in ("FAKE-password", "FAKE-user", "a-token", "22300010001"))
    assert "coding=0" in sent.request


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        pytest.param({}, None, id="all is well"),
        pytest.param({"password": "wrong"}, Cause.CREDENTIALS, id="wrong password"),
        pytest.param({"base_url": "http://127.0.0.1:1"}, Cause.NO_CONNECTION, id="unreachable"),
    ],
)
def test_a_probe_asks_about_the_account_and_sends_nothing(
    settings: dict[str, str], cause: Cause | None, kannel: Sendsms, address: str
) -> None:
    found = probe(account(**({"base_url": address} | settings)))
    assert found.cause is cause
    assert all("to" not in fields and "text" not in fields for fields in kannel.asked)
    assert "FAKE-user" not in found.detail


def test_a_probe_of_something_else_on_that_port_says_so(kannel: Sendsms, address: str) -> None:
    assert probe(account(f"{address}/elsewhere")).cause is Cause.OTHER


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        pytest.param({}, [], id="all there"),
        pytest.param({"base_url": ""}, [], id="the usual address"),
        pytest.param({"password": ""}, ["password"], id="no password"),
        pytest.param({"max_parts": ""}, ["max_parts"], id="parts not said"),
        pytest.param({"max_parts": "0"}, ["max_parts"], id="no part at all"),
        pytest.param({"max_parts": "six"}, ["max_parts"], id="parts in words"),
        pytest.param({"base_url": "http://kannel.example:13013"}, ["base_url"], id="a host that is not ours"),
        pytest.param({"base_url": "127.0.0.1:13013"}, ["base_url"], id="no scheme"),
    ],
)
def test_settings_are_checked_before_anything_is_sent(settings: dict[str, str], wrong: list[str]) -> None:
    assert Kannel().check(SETTINGS | {"base_url": "http://127.0.0.1:13013"} | settings) == wrong


RECEIPTS = [
    pytest.param("1", "id:07 stat:DELIVRD", "delivered", None, "", id="type 1 delivered"),
    pytest.param("2", "id:07 stat:UNDELIV err:001", "failed", Cause.UNDELIVERED, "UNDELIV", id="type 2 undelivered"),
    pytest.param("2", "id:07 stat:EXPIRED", "failed", Cause.TIMEOUT, "EXPIRED", id="type 2 expired"),
    pytest.param("2", "id:07 stat:DELETED", "failed", Cause.OTHER, "DELETED", id="type 2 deleted"),
    pytest.param("2", "id:07 stat:REJECTD", "failed", Cause.OTHER, "REJECTD", id="type 2 rejected"),
    pytest.param("2", "", "failed", Cause.UNDELIVERED, "", id="type 2 without a word"),
    pytest.param("4", "", "sent", None, "", id="type 4 buffered"),
    pytest.param("8", "ACK/", "sent", None, "", id="type 8 accepted by the operator"),
    pytest.param(
        "16", "NACK/0x0000000b/Invalid Destination Address", "failed", Cause.DEAD_NUMBER, "0x0000000b", id="dead number"
    ),
    pytest.param("16", "NACK/0x00000058/Throttled", "wired", None, "0x00000058", id="throttled: Kannel goes on by itself"),
    pytest.param("16", "NACK/0x00000045/Submit failed", "failed", Cause.MODEM, "0x00000045", id="another refusal: once more"),
    pytest.param("16", "NACK/", "failed", Cause.MODEM, "", id="a refusal without a code"),
]


@pytest.mark.parametrize(("kind", "answer", "status", "cause", "code"), RECEIPTS)
def test_a_receipt_is_read_by_its_type_and_its_code(kind: str, answer: str, status: str, cause: Cause | None, code: str) -> None:
    query = urlencode({"id": "m42", "type": kind, "answer": answer, "at": "1800000000", "fid": "07"})
    at = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    read = Kannel().read_status(account(""), get("status", query))
    assert read == StatusReport("m42", status, code=code, cause=cause, provider_at=at)


def test_every_type_end_and_refusal_stands_in_the_table() -> None:
    kinds = {case.values[0] for case in RECEIPTS}
    words = " ".join(str(case.values[1]) for case in RECEIPTS)
    assert set(TYPES) <= kinds
    assert [word for word in ENDS if word not in words] == []
    assert [f"{code:08x}" for code in REFUSALS if f"{code:08x}" not in words] == []


@pytest.mark.parametrize("query", ["type=1", "id=m42", "id=m42&type="], ids=["no id", "no type", "empty type"])
def test_a_receipt_without_its_fields_is_refused(query: str) -> None:
    with pytest.raises(Refused):
        Kannel().read_status(account(""), get("status", query))


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(Unreadable) as error:
        Kannel().read_status(account(""), get("status", "id=m42&type=3"))
    assert error.value.word == "type 3"


@pytest.mark.parametrize(
    ("text", "fields", "read"),
    [
        pytest.param("Bɛ ɔ ɲ ŋ".encode(), {}, "Bɛ ɔ ɲ ŋ", id="UTF-8"),
        pytest.param("ça été".encode(), {"charset": ""}, "ça été", id="no charset is UTF-8"),
        pytest.param("çà être".encode("latin-1"), {"charset": "ISO-8859-1"}, "çà être", id="Latin-1, as mo-recode makes it"),
        pytest.param("Bɛ ç œ a".encode("utf-16-be"), {"charset": "UTF-16BE"}, "Bɛ ç œ a", id="UTF-16 without mo-recode"),
        pytest.param(b"a+b & c=d", {}, "a+b & c=d", id="signs of addresses"),
        pytest.param(b"", {}, "", id="empty"),
        pytest.param(b"caf\xe9", {}, "caf�", id="bytes that are no UTF-8"),
    ],
)
def test_a_text_is_read_by_its_charset(text: bytes, fields: dict[str, str], read: str) -> None:
    sms = Kannel().read_sms(account(""), inbound(text, **fields))
    assert (sms.text, sms.binary) == (read, False)


@pytest.mark.parametrize("charset", ["8-BIT", "KLINGON"], ids=["binary", "letters we do not know"])
def test_what_holds_no_words_is_kept_and_not_read(charset: str) -> None:
    request = inbound(b"\x06\x05\x04STOP", charset=charset, coding="1")
    sms = Kannel().read_sms(account(""), request)
    assert (sms.text, sms.binary, sms.raw) == ("", True, request.query)


def test_an_inbound_sms_counts_once_by_kannels_id_and_has_its_time() -> None:
    sms = Kannel().read_sms(account(""), inbound())
    assert (sms.key, sms.sender, sms.provider_at) == ("8f1c", "22300010001", datetime(2027, 1, 15, 8, 0, tzinfo=UTC))


@pytest.mark.parametrize("ts", ["", "soon", "-5", "²", "9" * 30], ids=["none", "word", "negative", "square", "far away"])
def test_a_time_that_is_none_is_left_out(ts: str) -> None:
    assert Kannel().read_sms(account(""), inbound(ts=ts)).provider_at is None


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(Refused):
        Kannel().verify(account(""), get("status", "id=a&type=1&id=b"))


def test_the_address_for_kannel_names_every_field_that_is_read() -> None:
    assert {name for name, _ in parse_qsl(INBOUND, encoding="latin-1")} >= {"id", "from", "text", "charset", "ts"}
    assert urlsplit(f"{HOOKS}/sms?{INBOUND}").query == INBOUND
