"""Whether a webhook is from Twilio: the SDK's validator, and around it the checks that the validator leaves to us.

A signature covers the names and values of a form run together, so that two forms can share one: bytes that moved from one field
to another are found by looking for the known names they hide, and what is left is why everything read from here counts once.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from messaging.gateways.protocol import Account, Refused, WebhookRequest
from messaging.gateways.twilio.words import FIELDS, FREE_TEXT, NUMBERED, READ

if TYPE_CHECKING:
    from twilio.request_validator import RequestValidator

T = TypeVar("T")
SIGNATURE, SETTINGS = "x-twilio-signature", "x-twilio-webhooks-signature-settings"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ALGORITHMS = ("HMAC_SHA1", "HMAC_SHA256")
TOKENS = ("auth_token", "auth_token_next")
SID = re.compile(r"[A-Za-z0-9-]{1,64}")
# The field itself or the one that may come in its place. Recordings and statuses of a messaging service may lack a sender.
REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "sms": (("MessageSid", "SmsSid"), ("From",), ("To",)),
    "status": (("MessageSid", "SmsSid"), ("MessageStatus", "SmsStatus"), ("To",)),
    "call": (("CallSid",), ("From", "Caller"), ("To", "Called")),
    "recording": (("CallSid",), ("RecordingSid", "RecordingUrl")),
}
# What new fields are called: ConsentToken, and with telephones behind a switch SipHeader_X-Name.
_WORD = re.compile(r"[A-Z][a-z][A-Za-z0-9_.-]*")
_TWO_WORDS = re.compile(r"(?:[A-Z]+[a-z]+){2,}[A-Z]*\d*")


def verify(account: Account, request: WebhookRequest) -> None:
    """Refused unless Twilio signed this request with a token of ours, for our account, with all that its kind must hold."""
    try:
        _verify(account, request)
    except Refused:
        raise
    except Exception as error:  # the validator raises on broken addresses, headers and bodies: none is Twilio's
        raise Refused("not to be read") from error


def fields(request: WebhookRequest) -> dict[str, str]:
    """The fields of the form, or the texts of a JSON object; Refused for a repeated one."""
    if _content_type(request) == JSON:
        return {name: value for name, value in _once(_json(request.body)).items() if isinstance(value, str)}
    return _once(request.form)


def asked(request: WebhookRequest) -> dict[str, str]:
    """What our own address carried; Refused for a repeated name."""
    return _once(request.asked)


def _verify(account: Account, request: WebhookRequest) -> None:
    if request.method != "POST":
        raise Refused("not a POST")
    content_type = _content_type(request)
    if content_type not in (FORM, JSON):
        raise Refused("neither form nor JSON")
    query, given = asked(request), fields(request)
    if content_type == JSON and "bodySHA256" not in query:
        raise Refused("a JSON body without its hash")
    # The validator wants the JSON itself, and takes anything else for a form.
    signed: str | dict[str, str] = request.body.decode() if content_type == JSON else given
    if not _signed(account, request, signed):
        raise Refused("the signature is wrong")
    if not secrets.compare_digest(given["AccountSid"], str(account.settings["account_sid"])):
        raise Refused("another account")
    _hold(request.path.rsplit("/", 1)[-1], given)
    if content_type == FORM:
        _unmoved(given)


def _signed(account: Account, request: WebhookRequest, params: str | dict[str, str]) -> bool:
    from twilio.request_validator import RequestValidator, get_signature_algorithm  # 50 ms: not for those without Twilio

    headers = {name.lower(): value for name, value in request.headers.items()}
    # ‡ Signed with SHA-256 the secret may be a shared key instead of the account's token: then it is given as the next token.
    algorithm = get_signature_algorithm(headers.get(SETTINGS)).upper()
    if algorithm not in ALGORITHMS:
        return False
    tokens = [token for name in TOKENS if (token := str(account.settings.get(name) or ""))]
    found = [_fits(RequestValidator(token), request.url, params, headers[SIGNATURE], algorithm) for token in tokens]
    return any(found)


def _fits(validator: "RequestValidator", url: str, params: str | dict[str, str], signature: str, algorithm: str) -> bool:
    """The validator also tries the address with and without its port; a form is mostly signed for the very one that we gave."""
    if isinstance(params, dict) and secrets.compare_digest(validator.compute_signature(url, params, algorithm), signature):
        return True
    return bool(validator.validate(url, params, signature, algorithm))


def _hold(kind: str, given: Mapping[str, str]) -> None:
    for names in REQUIRED.get(kind, ()):
        values = [given[name] for name in names if given.get(name)]
        if not values:
            raise Refused(f"{names[0]} is missing")
        if names[0] in ("MessageSid", "CallSid") and not SID.fullmatch(values[0]):
            raise Refused(f"{names[0]} is none")


def _unmoved(given: Mapping[str, str]) -> None:
    """Refused where a known field that is absent can be read across the edges of others: there its bytes have gone."""
    signed, free = "", []
    for name in sorted(given):
        start, middle = len(signed), len(signed) + len(name)
        signed += name + given[name]
        known = name in FIELDS or name.rstrip("0123456789") in NUMBERED
        if not known and _is_odd(name, given):
            raise Refused("a field without a proper name")
        if known or not _continues(name):
            free.append((start, middle))
        if name in FREE_TEXT or not known:
            free.append((middle, len(signed)))
    for field in FIELDS.difference(given):
        if field in signed and any(not _inside(found.span(), free) for found in re.finditer(field, signed)):
            raise Refused("bytes of one field stand in another")


def _is_odd(name: str, given: Mapping[str, str]) -> bool:
    """Whether a new field's name may be a piece of something else: next to Body, any capital letter in an SMS begins one."""
    return not _WORD.fullmatch(name) or ("Body" in given and "Body" < name < "From" and not _TWO_WORDS.fullmatch(name))


def _continues(name: str) -> bool:
    """Whether a new field's name may be a known one with bytes of its value behind it; one more word is a new field's own."""
    begun = [one for one in FIELDS if name.startswith(one)]
    return any(one in READ or not _TWO_WORDS.fullmatch(f"Aa{name.removeprefix(one)}") for one in begun)


def _inside(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def _content_type(request: WebhookRequest) -> str:
    named = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    return named.partition(";")[0].strip().lower()


def _json(body: bytes) -> tuple[tuple[str, object], ...]:
    try:
        pairs = json.loads(body, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        raise Refused("no JSON") from error
    if not isinstance(pairs, tuple):
        raise Refused("no JSON object")
    return pairs


def _once(pairs: Sequence[tuple[str, T]]) -> dict[str, T]:
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refused("a field stands twice")
    return given
