"""Who may call us as Twilio: the published vectors, the validator's own traps, and what each kind of request must hold."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from messaging.gateways.protocol import Account, Refused, WebhookRequest
from messaging.gateways.twilio.gateway import Twilio
from tests.messaging.gateways import twilio_peer
from tests.messaging.gateways.twilio_peer import AWA, CALL, MESSAGE, SID, TOKEN, account, signed, signed_json

FORM = twilio_peer.FORM
VECTOR = {"AccountSid": SID, "Body": "Bɛ 2", "From": "+22300000001", "FromCity": "", "To": "+22300000002"}
VECTOR_URL = "https://nut.example/hooks/tok/sms?l=bm"


def refused(request: WebhookRequest, given: Account | None = None) -> bool:
    try:
        Twilio().verify(given or account(), request)
    except Refused:
        return True
    return False


def by_hand(url: str, form: dict[str, str], algorithm: str) -> str:
    said = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(TOKEN.encode(), said.encode(), algorithm).digest()).decode()


@pytest.mark.parametrize(
    ("algorithm", "signature"),
    [
        pytest.param("", "N+CRml7LW8LlPaq/tGLNGIJM54o=", id="SHA-1"),
        pytest.param("HMAC_SHA256", "bMyzi2exN60t1jdwvpUYap8EVaaWxHZL3ZwH+LtnmMc=", id="SHA-256"),
    ],
)
def test_the_published_vectors_are_signed_so(algorithm: str, signature: str) -> None:
    request = signed("sms", VECTOR, "l=bm", algorithm=algorithm)
    assert request.headers["X-Twilio-Signature"] == signature
    assert by_hand(VECTOR_URL, VECTOR, "sha256" if algorithm else "sha1") == signature
    # The vector holds no id of a message, which a real request does: verified as a kind that asks for none.
    assert not refused(replace(request, path="/hooks/tok/vector"))
    assert refused(request)


GENUINE = {
    "an SMS": signed("sms", twilio_peer.sms()),
    "an SMS in Bambara": signed("sms", twilio_peer.sms(Body="Aw ni ce, ɛ ɔ ɲ ŋ")),
    "an SMS that names fields": signed("sms", twilio_peer.sms(Body="To Digits Called CallSid")),
    "an SMS of no words": signed("sms", twilio_peer.sms(Body="")),
    "an SMS with a picture": signed(
        "sms", twilio_peer.sms(NumMedia="1", MediaUrl0="https://a.example/1", MediaContentType0="image/jpeg")
    ),
    "an SMS with new fields": signed("sms", twilio_peer.sms(ConsentToken="x", CountryOfOrigin="ML", Zebra="1")),
    "an SMS to another address of ours": signed("sms", twilio_peer.sms(), "l=bm&x=1%202+3"),
    "a report": signed("status", twilio_peer.status("delivered"), "ref=0190a"),
    "a report without a sender": signed("status", twilio_peer.status("failed", From="", ErrorCode="21703")),
    "a call": signed("call", twilio_peer.call("ringing")),
    "a call with its caller only": signed(
        "call", {"AccountSid": SID, "CallSid": CALL, "Caller": AWA, "Called": "00123", "CallStatus": "ringing"}
    ),
    "a key": signed("call", twilio_peer.call("in-progress", Digits="2"), "turn=1"),
    "a recording": signed("recording", {"AccountSid": SID, "CallSid": CALL, "RecordingSid": twilio_peer.RECORDING}),
    "SHA-256": signed("sms", twilio_peer.sms(), algorithm="HMAC_SHA256"),
    "JSON": signed_json(
        "sms", f'{{"AccountSid": "{SID}", "MessageSid": "{MESSAGE}", "From": "+1", "To": "+2", "n": 1}}'.encode(), "l=bm"
    ),
    "a UUID for an id": signed("sms", twilio_peer.sms(MessageSid="6a1f2b3c-0000-4000-8000-0123456789ab")),
}


@pytest.mark.parametrize("request_", GENUINE.values(), ids=GENUINE)
def test_what_twilio_signed_is_let_in(request_: WebhookRequest) -> None:
    assert not refused(request_)


def test_the_port_of_our_address_may_be_left_out_when_signing() -> None:
    request = signed("sms", twilio_peer.sms(), base="https://nut.example/hooks/tok")
    assert not refused(replace(request, url="https://nut.example:443/hooks/tok/sms"))


def test_the_names_of_headers_may_be_written_in_any_way() -> None:
    request = signed("sms", twilio_peer.sms(), algorithm="HMAC_SHA256")
    assert not refused(replace(request, headers={name.upper(): value for name, value in request.headers.items()}))


@pytest.mark.parametrize(
    ("settings", "token", "let_in"),
    [
        pytest.param({"auth_token": "old"}, "old", True, id="the token"),
        pytest.param({"auth_token": "old", "auth_token_next": "new"}, "old", True, id="the old one during a rotation"),
        pytest.param({"auth_token": "old", "auth_token_next": "new"}, "new", True, id="the new one during a rotation"),
        pytest.param({"auth_token": "old", "auth_token_next": ""}, "", False, id="no token at all"),
        pytest.param({"auth_token": "old"}, "new", False, id="another token"),
        pytest.param({"auth_token": ""}, "", False, id="a channel without a token"),
    ],
)
def test_two_tokens_count_while_one_replaces_the_other(settings: dict[str, str], token: str, let_in: bool) -> None:
    assert refused(signed("sms", twilio_peer.sms(), token=token), account(**settings)) is not let_in


def form_without(name: str, kind: str = "sms", form: dict[str, str] | None = None) -> WebhookRequest:
    whole = form or twilio_peer.sms()
    return signed(kind, {key: value for key, value in whole.items() if key != name})


def header(request: WebhookRequest, **changed: str) -> WebhookRequest:
    return replace(request, headers={**request.headers, **{name.replace("_", "-"): value for name, value in changed.items()}})


SMS = signed("sms", twilio_peer.sms())
JSON_BODY = f'{{"AccountSid": "{SID}", "MessageSid": "{MESSAGE}", "From": "+1", "To": "+2"}}'.encode()
JSON_SMS = signed_json("sms", JSON_BODY)
NO_SID = {name: value for name, value in twilio_peer.sms().items() if name not in ("MessageSid", "SmsSid")}
BARE_CALL = {"AccountSid": SID, "CallSid": CALL, "CallStatus": "ringing"}
TRAPS: dict[str, Callable[[], WebhookRequest]] = {
    "no signature": lambda: replace(SMS, headers={"Content-Type": FORM}),
    "an empty signature": lambda: header(SMS, X_Twilio_Signature=""),
    "a signature not of ASCII": lambda: header(SMS, X_Twilio_Signature="é" * 28),
    "an algorithm nobody knows": lambda: header(SMS, X_Twilio_Webhooks_Signature_Settings="algorithm=HMAC_MD5"),
    "the other algorithm": lambda: header(SMS, X_Twilio_Webhooks_Signature_Settings="algorithm=HMAC_SHA256"),
    "no content type": lambda: replace(SMS, headers={"X-Twilio-Signature": SMS.headers["X-Twilio-Signature"]}),
    "another content type": lambda: header(SMS, Content_Type="multipart/form-data; boundary=x"),
    "GET": lambda: replace(SMS, method="GET"),
    "a field twice": lambda: replace(SMS, form=(*SMS.form, ("Body", "STOP"))),
    "the same field twice": lambda: replace(SMS, form=(*SMS.form, SMS.form[0])),
    "a name of the address twice": lambda: signed("sms", twilio_peer.sms(), "ref=1&ref=2"),
    "a broken port": lambda: replace(SMS, url="https://nut.example:999999/hooks/tok/sms"),
    "a fragment": lambda: replace(SMS, url=f"{SMS.url}#x"),
    "a decoded query": lambda: replace(
        signed("sms", twilio_peer.sms(), "l=b%6D"), url=f"{twilio_peer.HOOKS}/sms?l=bm", query="l=bm"
    ),
    "no account": lambda: form_without("AccountSid"),
    "another account": lambda: signed("sms", twilio_peer.sms(AccountSid="AC" + "1" * 32)),
    "an account not of ASCII": lambda: signed("sms", twilio_peer.sms(AccountSid="ÀC")),
    "an SMS without an id": lambda: signed("sms", NO_SID),
    "an SMS without a sender": lambda: form_without("From"),
    "an SMS without a receiver": lambda: form_without("To"),
    "an SMS with an empty sender": lambda: signed("sms", twilio_peer.sms(From="")),
    "an id that is none": lambda: signed("sms", twilio_peer.sms(MessageSid="SM 1")),
    "an endless id": lambda: signed("sms", twilio_peer.sms(MessageSid="S" * 65)),
    "a report without a status": lambda: signed("status", {"AccountSid": SID, "MessageSid": MESSAGE, "To": AWA}),
    "a report without a receiver": lambda: form_without("To", "status", twilio_peer.status("sent")),
    "a call without an id": lambda: form_without("CallSid", "call", twilio_peer.call("ringing")),
    "a call without a caller": lambda: signed("call", {**BARE_CALL, "To": "1"}),
    "a call without a receiver": lambda: signed("call", {**BARE_CALL, "From": "1"}),
    "a recording without a place": lambda: signed("recording", {"AccountSid": SID, "CallSid": CALL}),
    "JSON without its hash": lambda: replace(
        JSON_SMS,
        query="",
        url=f"{twilio_peer.HOOKS}/sms",
        headers={"Content-Type": "application/json", "X-Twilio-Signature": by_hand(f"{twilio_peer.HOOKS}/sms", {}, "sha1")},
    ),
    "JSON tampered with": lambda: replace(JSON_SMS, body=JSON_BODY.replace(b"+1", b"+3")),
    "JSON tampered with, called a form": lambda: header(replace(JSON_SMS, body=b"{}", form=(("{}", ""),)), Content_Type=FORM),
    "JSON of no letters": lambda: signed_json("sms", b"\xff\xfe"),
    "JSON that is a list": lambda: signed_json("sms", b'[["AccountSid", "x"]]'),
    "JSON that never ends": lambda: signed_json("sms", b"[" * 60_000),
    "JSON with a field twice": lambda: signed_json("sms", JSON_BODY.replace(b"{", b'{"From": "+9", ')),
    "JSON without a sender": lambda: signed_json("sms", f'{{"AccountSid": "{SID}", "MessageSid": "{MESSAGE}"}}'.encode()),
    "a form called JSON": lambda: header(SMS, Content_Type="application/json"),
}


@pytest.mark.parametrize("make", TRAPS.values(), ids=TRAPS)
def test_what_is_not_whole_and_twilios_is_refused(make: Callable[[], WebhookRequest]) -> None:
    with pytest.raises(Refused):
        Twilio().verify(account(), make())


def moved(form: dict[str, str], *changes: tuple[str, str | None]) -> WebhookRequest:
    """A form with the same signature, because its bytes are the same when run together."""
    other = {**form, **{name: value for name, value in changes if value is not None}}
    other = {name: value for name, value in other.items() if (name, None) not in changes}
    assert "".join(name + other[name] for name in sorted(other)) == "".join(name + form[name] for name in sorted(form))
    request = signed("call" if "CallSid" in form else "sms", form)
    return replace(request, form=tuple(other.items()))


KEYED = {
    "AccountSid": SID,
    "CallSid": CALL,
    "CallStatus": "in-progress",
    "Digits": "2",
    "Direction": "inbound",
    "From": AWA,
    "To": "1",
}
WORDY: dict[str, Any] = {
    "AccountSid": SID,
    "Body": "OUI Club CR 1",
    "From": AWA,
    "FromCity": "Ségou",
    "MessageSid": MESSAGE,
    "To": "1",
}
MOVED = {
    "a key into its name": (KEYED, ("Digits", None), ("Digits2", "")),
    "a name into its value": (KEYED, ("Digits", None), ("Digit", "s2")),
    "a field into the one before": (KEYED, ("Direction", None), ("Digits", "2Directioninbound")),
    "the sender into the text": (WORDY, ("From", None), ("Body", f"OUI Club CR 1From{AWA}")),
    "a town into the sender": (WORDY, ("FromCity", None), ("From", f"{AWA}FromCitySégou")),
    "the account into the address": (WORDY, ("AccountSid", None), (f"AccountSid{SID}", "")),
    "the end of a text into a field of its own": (WORDY, ("Body", "OUI "), ("Club", " CR 1")),
    "the end of a text into a field without value": (WORDY, ("Body", "OUI Club "), ("CR 1", "")),
    "an unread field's name into its value": (WORDY, ("FromCity", None), ("FromCit", "ySégou")),
    "the start of an unread value into its name": (WORDY, ("FromCity", None), ("FromCityS", "égou")),
}


@pytest.mark.parametrize(("form", "changes"), [(form, changes) for form, *changes in MOVED.values()], ids=MOVED)
def test_bytes_that_moved_between_fields_are_found(form: dict[str, str], changes: list[tuple[str, str | None]]) -> None:
    assert not refused(signed("call" if "CallSid" in form else "sms", form))
    assert refused(moved(form, *changes))


def test_the_hash_of_a_body_is_that_of_its_bytes() -> None:
    assert f"bodySHA256={hashlib.sha256(JSON_BODY).hexdigest()}" in JSON_SMS.query
    assert not refused(JSON_SMS)
