"""The webhooks of SMS Gateway for Android, case by case: who is let in, inbound SMS, what became of ours and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from messaging.gateways.android.gateway import Android
from messaging.gateways.android.words import EVENTS, REASONS
from messaging.gateways.protocol import Cause, Refused, StatusReport, Unreadable, WebhookRequest
from tests.messaging.gateways.android_peer import REFERENCE, SIGNED_AT, VECTOR, VECTOR_BODY, account, signed, webhook
from tests.messaging.gateways.contract import AT, AWA


def test_the_published_signature_is_ours() -> None:
    request = signed(VECTOR_BODY)
    assert request.headers["X-Signature"] == VECTOR
    Android().verify(account(""), request)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(replace(signed(VECTOR_BODY), body=VECTOR_BODY + b" "), id="another body"),
        pytest.param(
            replace(signed(VECTOR_BODY), headers={"X-Signature": VECTOR, "X-Timestamp": "1800000001"}), id="another time"
        ),
        pytest.param(replace(signed(VECTOR_BODY), headers={"X-Signature": VECTOR}), id="no time"),
        pytest.param(replace(signed(VECTOR_BODY), headers={"X-Timestamp": "1800000000"}), id="no signature"),
        pytest.param(replace(signed(VECTOR_BODY), headers={"X-Signature": "é", "X-Timestamp": "²"}), id="odd letters"),
        pytest.param(signed(VECTOR_BODY, key="another-key"), id="another phone's key"),
        pytest.param(signed(VECTOR_BODY, at=SIGNED_AT + timedelta(days=2, seconds=1)), id="older than two days"),
        pytest.param(signed(VECTOR_BODY, at=SIGNED_AT - timedelta(days=2, seconds=1)), id="from the future"),
    ],
)
def test_a_webhook_that_is_not_the_phones_is_refused(request_: WebhookRequest) -> None:
    with pytest.raises(Refused):
        Android().verify(account(""), request_)


def test_a_webhook_repeated_for_two_days_is_let_in() -> None:
    Android().verify(account(""), signed(VECTOR_BODY, at=SIGNED_AT + timedelta(days=2)))


def test_header_names_and_hex_are_read_in_either_case() -> None:
    headers = {"x-signature": VECTOR.upper(), "X-TIMESTAMP": "1800000000"}
    Android().verify(account(""), replace(signed(VECTOR_BODY), headers=headers))


def test_without_a_key_nothing_is_let_in() -> None:
    with pytest.raises(Refused):
        Android().verify(account("", signing_key=""), signed(VECTOR_BODY, key=""))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param({"sender": "+22300010001", "recipient": "+22300000099"}, id="sender"),
        pytest.param({"phoneNumber": "+22300010001"}, id="phoneNumber, of older applications"),
    ],
)
def test_an_inbound_sms_counts_once_by_the_webhooks_id(payload: dict[str, Any]) -> None:
    at = "2026-03-18T12:00:00.123+02:00"
    sms = Android().read_sms(account(""), webhook("sms:received", "e7", message="OUI", messageId="x", receivedAt=at, **payload))
    assert (sms.key, sms.sender, sms.text) == ("e7", "+22300010001", "OUI")
    assert sms.provider_at == datetime(2026, 3, 18, 10, 0, 0, 123_000, UTC)


@pytest.mark.parametrize("at", ["", "soon", "2026-03-18T12:00:00"], ids=["none", "word", "no zone"])
def test_a_time_without_a_zone_is_left_out(at: str) -> None:
    request = webhook("sms:received", message="OUI", sender=AWA, receivedAt=at)
    assert Android().read_sms(account(""), request).provider_at is None


@pytest.mark.parametrize("payload", [{}, {"sender": ""}, {"sender": 7}], ids=["none", "empty", "a number"])
def test_an_sms_from_nobody_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        Android().read_sms(account(""), webhook("sms:received", message="OUI", **payload))


EVENTS_READ = [
    pytest.param("sms:sent", {"partsCount": 1}, "sent", None, "", 1, id="sent"),
    pytest.param("sms:sent", {"partsCount": 3}, "sent", None, "", 1, id="sent, long"),
    pytest.param("sms:delivered", {"partsCount": 1}, "delivered", None, "", 1, id="delivered"),
    pytest.param("sms:delivered", {"partsCount": 3}, "delivered", None, "e1", 3, id="one part delivered"),
    pytest.param("sms:delivered", {}, "delivered", None, "", 1, id="delivered, parts not said"),
    pytest.param("sms:delivered", {"partsCount": "3"}, "delivered", None, "", 1, id="delivered, parts in words"),
    pytest.param("sms:cancelled", {}, "failed", Cause.OTHER, "cancelled", 1, id="cancelled"),
    pytest.param("sms:failed", {"reason": "Broken"}, "failed", Cause.OTHER, "Broken", 1, id="failed"),
    pytest.param("sms:failed", {}, "failed", Cause.OTHER, "", 1, id="failed, no reason"),
]


@pytest.mark.parametrize(("event", "payload", "status", "cause", "code", "parts"), EVENTS_READ)
def test_an_event_is_read_in_our_words(
    event: str, payload: dict[str, Any], status: str, cause: Cause | None, code: str, parts: int
) -> None:
    request = webhook(event, messageId=REFERENCE, recipient=AWA, **payload)
    assert Android().read_status(account(""), request) == StatusReport(REFERENCE, status, code, parts, cause, number=AWA)


@pytest.mark.parametrize(
    ("event", "name"),
    [("sms:sent", "sentAt"), ("sms:delivered", "deliveredAt"), ("sms:failed", "failedAt"), ("sms:cancelled", "cancelledAt")],
    ids=["sent", "delivered", "failed", "cancelled"],
)
def test_an_event_has_its_time_and_either_name_of_the_number(event: str, name: str) -> None:
    request = webhook(event, messageId=REFERENCE, phoneNumber=AWA, **{name: "2026-03-18T10:00:00.000Z"})
    read = Android().read_status(account(""), request)
    assert (read.provider_at, read.number) == (AT, AWA)


REASONS_READ = [
    pytest.param("Send result: RESULT_ERROR_LIMIT_EXCEEDED", "errored", Cause.PHONE_LIMIT, id="the phone's own limit"),
    pytest.param("Send result: RESULT_ERROR_GENERIC_FAILURE", "errored", Cause.MODEM, id="generic, often no credit"),
    pytest.param("RESULT_RIL_MODEM_ERR", "errored", Cause.MODEM, id="modem"),
    pytest.param("RESULT_NO_DEFAULT_SMS_APP", "errored", Cause.SENDER, id="no application for SMS"),
    pytest.param("No SIM", "errored", Cause.SENDER, id="no SIM"),
    pytest.param("SIM not found", "errored", Cause.SENDER, id="that SIM is not there"),
    pytest.param("Permission denied", "errored", Cause.SENDER, id="no permission"),
]


@pytest.mark.parametrize(("reason", "status", "cause"), REASONS_READ)
def test_a_reason_decides_what_follows_a_failure(reason: str, status: str, cause: Cause) -> None:
    read = Android().read_status(account(""), webhook("sms:failed", messageId=REFERENCE, reason=reason))
    assert (read.status, read.cause) == (status, cause)
    assert read.code in REASONS


def test_every_event_and_reason_stands_in_the_tables() -> None:
    assert {case.values[0] for case in EVENTS_READ} == set(EVENTS)
    said = " ".join(str(case.values[0]) for case in REASONS_READ).upper()
    assert [word for word in REASONS if word not in said] == []


@pytest.mark.parametrize("event", ["app:started", "system:ping", "sms:batch:sent", "mms:received", ""])
def test_an_event_about_no_message_is_named_and_changes_nothing(event: str) -> None:
    with pytest.raises(Unreadable) as error:
        Android().read_status(account(""), webhook(event, messageId=REFERENCE))
    assert error.value.word == event


def test_a_receipt_at_the_address_for_sms_is_named() -> None:
    with pytest.raises(Unreadable):
        Android().read_sms(account(""), webhook("sms:sent", messageId=REFERENCE))


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"payload": 7}', b"[" * 100_000], ids=["list", "number", "no payload", "deep"])
def test_json_that_is_no_webhook_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        Android().read_status(account(""), signed(body))
