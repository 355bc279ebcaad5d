"""Africa's Talking, as its specification: what its webhooks say."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from messaging.gateways.africastalking import words
from messaging.gateways.africastalking.gateway import AfricasTalking, moment
from messaging.gateways.protocol import Account, CallStep, Cause, Refused, StatusReport, Unreadable, WebhookRequest

AWA, OURS = "+22300010001", "+22300000009"
HERE = Account(1, OURS, {}, "https://nut.example/hooks/secret-token")
ELSEWHERE = Account(2, OURS, {}, "https://nut.example/hooks/another-token")
GATEWAY = AfricasTalking()


def posted(body: str, query: str = "") -> WebhookRequest:
    """What Flask would make of a form posted to us."""
    pairs = tuple(parse_qsl(body, keep_blank_values=True))
    return WebhookRequest("POST", "/hooks/t/x", f"https://x/hooks/t/x?{query}", query, {}, body.encode(), pairs)


def form(fields: Mapping[str, str], query: str = "") -> WebhookRequest:
    return posted(urlencode(fields), query)


# Inbound SMS


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("2026-01-31T06:04:45Z", datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC), id="T and Z"),
        pytest.param("2026-01-31 06:04:45", datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC), id="a space: UTC assumed"),
        pytest.param("2026-01-31+06:04:45", datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC), id="a literal plus"),
        pytest.param("2026-01-31T09:04:45+03:00", datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC), id="an offset"),
        pytest.param("2026-01-31", None, id="a day only"),
        pytest.param("2026-13-31 06:04:45", None, id="no such month"),
        pytest.param("hier", None, id="a word"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_dates_come_in_several_forms(written: str, read: datetime | None) -> None:
    assert moment(written) == read


def test_an_sms_is_read() -> None:
    read = GATEWAY.read_sms(
        HERE, posted("id=AT1&from=%2B22300010001&to=00123&text=B%C9%9B+2&date=2026-01-31T06%3A04%3A45Z&linkId=L")
    )
    assert (read.key, read.sender, read.text, read.opts_out) == ("AT1", AWA, "Bɛ 2", False)
    assert read.provider_at == datetime(2026, 1, 31, 6, 4, 45, tzinfo=UTC)


WITHOUT_ID = {"from": AWA, "to": "00123", "text": "2", "date": "2026-01-31 06:04:45"}


def test_without_an_id_the_whole_message_is_the_key() -> None:
    one, again = GATEWAY.read_sms(HERE, form(WITHOUT_ID)), GATEWAY.read_sms(HERE, form(WITHOUT_ID))
    assert one.key == again.key
    assert one.key is not None
    assert len(one.key) <= 96


@pytest.mark.parametrize("changed", ["from", "to", "text", "date"])
def test_whatever_differs_makes_another_key(changed: str) -> None:
    other = form(WITHOUT_ID | {changed: "2026-01-31 06:04:46"})
    assert GATEWAY.read_sms(HERE, form(WITHOUT_ID)).key != GATEWAY.read_sms(HERE, other).key


def test_the_key_cannot_be_guessed_without_the_secret_address() -> None:
    assert GATEWAY.read_sms(HERE, form(WITHOUT_ID)).key != GATEWAY.read_sms(ELSEWHERE, form(WITHOUT_ID)).key


def test_without_id_and_date_the_same_words_may_be_new_ones() -> None:
    assert GATEWAY.read_sms(HERE, form({"from": AWA, "to": "00123", "text": "2"})).key is None


def test_letters_that_are_none_make_a_key_all_the_same() -> None:
    assert GATEWAY.read_sms(HERE, form(WITHOUT_ID | {"text": "\x00"})).key
    odd = WebhookRequest("POST", "/", "", "", {}, b"", tuple((WITHOUT_ID | {"text": "\ud800"}).items()))
    assert GATEWAY.read_sms(HERE, odd).key


def test_an_opt_out_names_a_sender_and_a_phone_and_no_text() -> None:
    read = GATEWAY.read_sms(HERE, form({"senderId": "LAMEN", "phoneNumber": AWA}))
    assert (read.sender, read.text, read.opts_out, read.key) == (AWA, "", True, None)


def test_fields_in_the_query_are_not_the_providers() -> None:
    with pytest.raises(Refused):
        GATEWAY.read_sms(HERE, posted("text=bonjour", "from=%2B22300010001"))


# Delivery reports


@pytest.mark.parametrize(
    ("fields", "status", "cause", "code"),
    [
        pytest.param({"status": "Sent"}, "sent", None, "", id="Sent"),
        pytest.param({"status": "Submitted"}, "sent", None, "", id="Submitted"),
        pytest.param({"status": "Buffered"}, "sent", None, "", id="Buffered"),
        pytest.param({"status": "Success"}, "delivered", None, "", id="Success"),
        pytest.param({"status": "Rejected"}, "failed", Cause.UNDELIVERED, "Rejected", id="Rejected"),
        pytest.param({"status": "Failed"}, "failed", Cause.UNDELIVERED, "Failed", id="Failed"),
        pytest.param({"status": "Expired"}, "failed", Cause.TIMEOUT, "Expired", id="Expired"),
        pytest.param({"status": "AbsentSubscriber"}, "errored", Cause.ABSENT, "AbsentSubscriber", id="AbsentSubscriber"),
        *(
            pytest.param({"status": "Failed", "failureReason": reason}, status, cause, reason, id=reason)
            for reason, status, cause in (
                ("UserInBlackList", "failed", Cause.OPT_OUT),
                ("DoNotDisturbRejection", "failed", Cause.OPT_OUT),
                ("UserDoesNotExist", "failed", Cause.DEAD_NUMBER),
                ("UserAccountSuspended", "failed", Cause.DEAD_NUMBER),
                ("NotNetworkSubscriber", "failed", Cause.DEAD_NUMBER),
                ("UserIsInactive", "failed", Cause.DEAD_NUMBER),
                ("DeliveryFailure", "errored", Cause.MODEM),
                ("InsufficientCredit", "errored", Cause.CREDIT),
                ("InvalidLinkId", "failed", Cause.OTHER),
                ("UserNotSubscribedToProduct", "failed", Cause.OTHER),
                ("ReasonOfTomorrow", "failed", Cause.UNDELIVERED),
            )
        ),
        pytest.param(
            {"status": "Success", "failureReason": "DeliveryFailure"},
            "delivered",
            None,
            "",
            id="a reason means nothing beside Success",
        ),
        pytest.param({"status": "Sent", "networkCode": "62006", "retryCount": "1"}, "sent", None, "", id="the rest is left"),
    ],
)
def test_a_report(fields: Mapping[str, str], status: str, cause: Cause | None, code: str) -> None:
    read = GATEWAY.read_status(HERE, form({"id": "ATXid_1", "phoneNumber": AWA} | dict(fields)))
    assert read == StatusReport("ATXid_1", status, code, cause=cause, number=AWA)


@pytest.mark.parametrize("word", ["Teleported", "success", "SENT"])
def test_a_status_we_do_not_know_changes_nothing(word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        GATEWAY.read_status(HERE, form({"id": "ATXid_1", "status": word}))


@pytest.mark.parametrize(
    "body", ["status=Success", "id=&status=Success", "id=1", ""], ids=["no id", "empty id", "no status", "nothing"]
)
def test_a_report_about_nothing_is_refused(body: str) -> None:
    with pytest.raises(Refused):
        GATEWAY.read_status(HERE, posted(body))


# Calls

ON = {"isActive": "1", "sessionId": "S1", "callerNumber": AWA, "destinationNumber": OURS, "callStartTime": "2026-01-31+06:04:45"}
OFF = ON | {"isActive": "0", "amount": "1.50", "currencyCode": "KES", "status": "Success"}


@pytest.mark.parametrize(
    ("fields", "query", "read"),
    [
        pytest.param({"direction": "Inbound"}, "", CallStep("S1", AWA, "ringing", True), id="a phone rings us"),
        pytest.param({"direction": "Outbound"}, "", CallStep("S1", AWA, "answered"), id="our call is answered"),
        pytest.param({}, "", CallStep("S1", AWA, "answered"), id="no direction"),
        pytest.param(
            {"direction": "Outbound", "dtmfDigits": "3"}, "turn=3", CallStep("S1", AWA, "turn", turn=3, digits="3"), id="a key"
        ),
        pytest.param({"dtmfDigits": "12*"}, "turn=3&x=1", CallStep("S1", AWA, "turn", turn=3, digits="12*"), id="several keys"),
        pytest.param({"dtmfDigits": ""}, "turn=3", CallStep("S1", AWA, "turn", turn=3, digits=""), id="an empty key"),
        pytest.param({}, "turn=3", CallStep("S1", AWA, "turn", turn=3, digits=""), id="a silence comes by the redirect"),
        pytest.param(
            {"recordingUrl": "http://41.0.0.1/r.mp3"},
            "turn=5",
            CallStep("S1", AWA, "turn", turn=5, recording="http://41.0.0.1/r.mp3"),
            id="a recording",
        ),
        pytest.param({"direction": "Outbound"}, "turn=x", CallStep("S1", AWA, "answered"), id="a turn that is none"),
    ],
)
def test_a_voice_request(fields: Mapping[str, str], query: str, read: CallStep) -> None:
    assert GATEWAY.read_call(HERE, form(ON | dict(fields), query)) == replace(read, untold=True)


@pytest.mark.parametrize(
    ("word", "event", "cause"),
    [
        pytest.param("NORMAL_CLEARING", "completed", None, id="NORMAL_CLEARING"),
        pytest.param("USER_BUSY", "busy", None, id="USER_BUSY"),
        pytest.param("CALL_REJECTED", "busy", None, id="CALL_REJECTED"),
        pytest.param("NO_ANSWER", "no_answer", None, id="NO_ANSWER"),
        pytest.param("NO_USER_RESPONSE", "no_answer", None, id="NO_USER_RESPONSE"),
        pytest.param("SUBSCRIBER_ABSENT", "no_answer", Cause.ABSENT, id="SUBSCRIBER_ABSENT"),
        pytest.param("USER_NOT_REGISTERED", "no_answer", Cause.ABSENT, id="USER_NOT_REGISTERED"),
        pytest.param("NORMAL_TEMPORARY_FAILURE", "no_answer", Cause.BUSY_GATEWAY, id="NORMAL_TEMPORARY_FAILURE"),
        pytest.param("SERVICE_UNAVAILABLE", "no_answer", Cause.BUSY_GATEWAY, id="SERVICE_UNAVAILABLE"),
        pytest.param("RECOVERY_ON_TIMER_EXPIRE", "no_answer", Cause.TIMEOUT, id="RECOVERY_ON_TIMER_EXPIRE"),
        pytest.param("ORIGINATOR_CANCEL", "no_answer", None, id="ORIGINATOR_CANCEL"),
        pytest.param("LOSE_RACE", "no_answer", None, id="LOSE_RACE"),
        pytest.param("UNSPECIFIED", "no_answer", Cause.OTHER, id="UNSPECIFIED"),
        pytest.param("UNALLOCATED_NUMBER", "failed", Cause.DEAD_NUMBER, id="UNALLOCATED_NUMBER"),
    ],
)
def test_the_end_of_a_call(word: str, event: str, cause: Cause | None) -> None:
    read = GATEWAY.read_call(HERE, form(OFF | {"hangupCause": word, "durationInSeconds": "0"}))
    assert read == CallStep("S1", AWA, event, seconds=0, untold=True, cause=cause, code=word)


@pytest.mark.parametrize(
    ("fields", "paid"),
    [
        pytest.param({"amount": "107.2", "currencyCode": "XOF"}, 108, id="rounded up to a franc"),
        pytest.param({"amount": "0", "currencyCode": "XOF"}, 0, id="nothing"),
        pytest.param({"amount": "12.5", "currencyCode": "KES"}, None, id="money whose rate we do not know"),
        pytest.param({"amount": "much", "currencyCode": "XOF"}, None, id="no amount"),
        pytest.param({"amount": "NaN", "currencyCode": "XOF"}, None, id="not a number"),
        pytest.param({"amount": "-5", "currencyCode": "XOF"}, None, id="less than nothing"),
        pytest.param({}, None, id="none given"),
    ],
)
def test_what_the_call_cost_is_read_in_our_own_money(fields: dict[str, str], paid: int | None) -> None:
    given = OFF | {"hangupCause": "NORMAL_CLEARING", "durationInSeconds": "61"} | fields
    assert GATEWAY.read_call(HERE, form(given)).paid == paid


@pytest.mark.parametrize(
    ("fields", "event", "seconds"),
    [
        pytest.param({"hangupCause": "NORMAL_CLEARING", "durationInSeconds": "61"}, "completed", 61, id="a minute"),
        pytest.param(
            {"hangupCause": "SERVICE_UNAVAILABLE", "durationInSeconds": "7"}, "completed", 7, id="cut after it was answered"
        ),
        pytest.param({"durationInSeconds": "9"}, "completed", 9, id="no cause"),
        pytest.param({"hangupCause": "NO_ANSWER"}, "no_answer", None, id="no duration"),
        pytest.param({"hangupCause": "NO_ANSWER", "durationInSeconds": "-1"}, "no_answer", None, id="a duration that is none"),
    ],
)
def test_how_long_a_call_lasted(fields: Mapping[str, str], event: str, seconds: int | None) -> None:
    read = GATEWAY.read_call(HERE, form(OFF | dict(fields)))
    assert (read.event, read.seconds) == (event, seconds)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param(OFF | {"hangupCause": "STRUCK_BY_LIGHTNING"}, Unreadable, id="a cause we do not know"),
        pytest.param(ON | {"isActive": "2"}, Unreadable, id="neither active nor over"),
        pytest.param({"isActive": "1", "callerNumber": AWA}, Refused, id="no session"),
        pytest.param({"isActive": "1", "sessionId": "S1"}, Refused, id="nobody"),
        pytest.param({}, Refused, id="nothing"),
    ],
)
def test_a_call_that_cannot_be_read(fields: Mapping[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        GATEWAY.read_call(HERE, form(fields))


def test_a_call_that_is_over_is_answered_with_nothing() -> None:
    assert GATEWAY.acknowledgement == ("", "text/plain")


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(Refused):
        GATEWAY.verify(HERE, posted("sessionId=S1&sessionId=S2"))


# Every word of providers/README.md 5, so that one taken out of the tables is missed.

NAMED = {
    "codes": ("100 101 102 500 501 406 409 403 404 401 402 405 407 502", words.CODES),
    "statuses": ("Sent Submitted Buffered Success Rejected Failed Expired AbsentSubscriber", words.STATUSES),
    "reasons": (
        "UserInBlackList DoNotDisturbRejection UserDoesNotExist UserAccountSuspended NotNetworkSubscriber UserIsInactive "
        "DeliveryFailure InsufficientCredit InvalidLinkId UserNotSubscribedToProduct",
        words.REASONS,
    ),
    "hang-ups": (
        "NORMAL_CLEARING USER_BUSY NO_ANSWER NO_USER_RESPONSE SUBSCRIBER_ABSENT CALL_REJECTED NORMAL_TEMPORARY_FAILURE "
        "RECOVERY_ON_TIMER_EXPIRE SERVICE_UNAVAILABLE ORIGINATOR_CANCEL LOSE_RACE USER_NOT_REGISTERED UNSPECIFIED "
        "UNALLOCATED_NUMBER",
        words.HANGUPS,
    ),
    "refusals": ("InvalidSenderId", words.REFUSALS),
}


@pytest.mark.parametrize(("named", "mapped"), NAMED.values(), ids=NAMED.keys())
def test_every_word_of_the_specification_is_mapped(named: str, mapped: Mapping[str, object]) -> None:
    assert [word for word in named.split() if word not in mapped] == []
