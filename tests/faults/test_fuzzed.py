"""F11: webhooks as nobody would write them, to every gateway and every route. Whatever comes, no answer is a 5xx.

True requests of each provider, bent in their names, values, bytes, headers and method; what raises anything but what we map
would come through here, since the test's application hides no exception.
"""

import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from messaging.exchange import Exchange
from messaging.models import Channel
from runtime.crypto import blind
from runtime.database import Database
from runtime.work import Immediate
from tests.faults.processes import FILES, FULL, scaled
from tests.messaging.gateways import twilio_peer
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", FILES, indirect=True)]

SECONDS = scaled(8, 600)
WANTED = scaled(2_000, 200_000)
SLOWEST_SECONDS = 1.0
KINDS = ("sms", "status", "call", "recording")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TYPES = (FORM, JSON, "text/plain", "multipart/form-data; boundary=x", "multipart/form-data", "application/xml", "", "é/\x7f")
NASTY = (
    *("", " ", "\0", "a\0b", "\ud800", "\u202eSTOP", "ﬀ", "é" * 5000, "STOP", "stop\n", "CR 12 18 7 9 1", "+", "+22300010001"),
    *(
        "-1",
        "0",
        "1e309",
        "NaN",
        "9" * 400,
        "true",
        "null",
        "[]",
        "{}",
        '{"a":',
        "%",
        "%zz",
        "%00",
        "../../etc/passwd",
        "'",
        "<a>",
    ),
    *("2026-02-30T00:00:00Z", "9999-12-31 23:59:59", "0001-01-01", "1970", "http://127.0.0.1:1/x", "RE" + "0" * 32, "\U0001f37c"),
)
AWA = "+22300010001"
AT_CALL = {"isActive": "1", "sessionId": "S1", "callerNumber": AWA, "destinationNumber": "36086"}
FORMS: dict[str, tuple[dict[str, str], ...]] = {
    "simulator": (
        {"id": "m1", "from": AWA, "to": "36085", "text": "Bonjour", "at": "2026-03-18T10:00:00Z"},
        {"id": "sim-1", "ref": "0190a", "status": "delivered", "to": AWA},
        {"id": "c1", "phone": AWA, "direction": "in", "event": "ringing", "digits": "2"},
        {"id": "c1", "place": "r1", "seconds": "3.5"},
    ),
    "kannel": (
        {"id": "k1", "from": AWA, "text": "Bonjour", "ts": "2026-03-18+10:00:00", "charset": "UTF-8", "coding": "0"},
        {"id": "0190a", "type": "16", "answer": "NACK/0x0000000b/Invalid", "at": "1773828000"},
    ),
    "africastalking": (
        {"id": "AT1", "from": AWA, "to": "36086", "text": "Bonjour", "date": "2026-03-18T10:00:00Z"},
        {
            "id": "ATXid_1",
            "status": "Failed",
            "phoneNumber": AWA,
            "failureReason": "UserInBlacklist",
            "networkCode": "61002",
        },
        {"direction": "Inbound", "dtmfDigits": "2", **AT_CALL},
        {"recordingUrl": "http://127.0.0.1:1/r1.mp3", "durationInSeconds": "4", **AT_CALL},
    ),
    "twilio": (
        twilio_peer.sms(),
        twilio_peer.status("undelivered", ErrorCode="30003"),
        twilio_peer.call("in-progress", Digits="2"),
        twilio_peer.call("in-progress", RecordingSid="RE" + "0" * 32, RecordingUrl="https://x.example/y", RecordingDuration="3"),
    ),
    "android": (
        {"event": "sms:received", "id": "e1", "message": "Bonjour", "sender": AWA, "receivedAt": "2026-03-18T10:00:00.000+00:00"},
        {"event": "sms:failed", "id": "e2", "messageId": "0190a", "recipient": AWA, "partsCount": "1", "reason": "x"},
    ),
}
ANDROID_KEY = "FAKE-signing-key"
SETTINGS = {
    "twilio": {"account_sid": twilio_peer.SID, "auth_token": twilio_peer.TOKEN},
    "android": {"signing_key": ANDROID_KEY, "username": "FAKE-user", "password": "FAKE-password"},
}


@pytest.fixture
def tokens(database: Database, world: World, now: datetime) -> dict[str, str]:
    """A channel of each gateway, by its token."""
    found = {"simulator": world.token}
    with database.writing() as session:
        for name in sorted(FORMS.keys() - {"simulator"}):
            found[name] = f"jeton-{name}-0123456789abcdef-0123456789"
            row = Channel(name=name, gateway=name, number="36086", kinds=["sms", "voice"], token=found[name], created_at=now)
            row.token_index, row.settings = blind(found[name]), json.dumps(SETTINGS.get(name, {}))
            session.add(row)
    return found


class Bender:
    """Bends true requests at random."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def form(self, true: dict[str, str]) -> list[tuple[str, str]]:
        pairs = list(true.items())
        for _ in range(self.chance.randrange(4)):
            place = self.chance.randrange(len(pairs)) if pairs else 0
            match self.chance.randrange(6):
                case 0 if pairs:
                    del pairs[place]
                case 1 if pairs:
                    pairs.append(pairs[place])
                case 2 if pairs:
                    pairs[place] = (pairs[place][0], self.word())
                case 3 if pairs:
                    pairs[place] = (self.word(), pairs[place][1])
                case 4:
                    pairs += [(f"field{number}", "x") for number in range(self.chance.choice((1, 60)))]
                case _:
                    self.chance.shuffle(pairs)
        return pairs

    def word(self) -> str:
        if self.chance.random() < 0.7:
            return self.chance.choice(NASTY)
        return "".join(chr(self.chance.choice((self.chance.randrange(128), self.chance.randrange(0xD800)))) for _ in range(9))

    def bytes(self, true: bytes) -> bytes:
        """One time in ten a few bytes are others."""
        if self.chance.random() > 0.1 or not true:
            return true
        place, cut = self.chance.randrange(len(true)), self.chance.randrange(9)
        return true[:place] + self.chance.randbytes(self.chance.randrange(9)) + true[place + cut :]


def _encoded(pairs: list[tuple[str, str]]) -> bytes:
    words = ((one.encode(errors="surrogatepass") for one in pair) for pair in pairs)
    return "&".join("=".join(map(quote, pair)) for pair in words).encode()


def _json(pairs: list[tuple[str, str]]) -> bytes:
    top = {name: value for name, value in pairs if name in ("event", "id")}
    payload: dict[str, object] = {name: _value(value) for name, value in pairs if name not in top}
    return json.dumps({**top, "deviceId": "phone-1", "payload": payload}).encode()


def _value(word: str) -> object:
    try:
        return json.loads(word) if word[:1] in "-0123456789[{tfnN" else word
    except ValueError:
        return word


def _signed(gateway: str, url: str, pairs: list[tuple[str, str]], body: bytes) -> dict[str, str]:
    """What the provider would say of this body, so that it is read and not only refused."""
    if gateway == "twilio":
        try:
            return {"X-Twilio-Signature": RequestValidator(twilio_peer.TOKEN).compute_signature(url, dict(pairs))}
        except UnicodeError:
            return {"X-Twilio-Signature": "x"}
    if gateway == "android":
        stamp = str(int(time.time()))
        proof = hmac.new(ANDROID_KEY.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
        return {"X-Signature": proof, "X-Timestamp": stamp}
    return {}


def _ask(client: FlaskClient, bender: Bender, base: str, gateway: str, token: str) -> int:
    chance, forms = bender.chance, FORMS[gateway]
    place = chance.randrange(len(forms))
    kind = KINDS[place] if chance.random() < 0.9 else chance.choice(KINDS)
    pairs = bender.form(forms[place])
    body = bender.bytes(_json(pairs) if gateway == "android" else _encoded(pairs))
    path = f"/hooks/{token}/{kind}"
    headers = _signed(gateway, base + path, pairs, body)
    if chance.random() < 0.05:
        headers = {name: chance.choice(("", "x", "0" * 64, "99999999999999999999", "\xe9")) for name in headers}
    method = chance.choice(("GET", "POST", "PUT")) if chance.random() < 0.1 else "GET" if gateway == "kannel" else "POST"
    asked: dict[str, object] = {"method": method, "headers": headers}
    if gateway == "kannel":
        asked["query_string"] = body.decode("latin-1")
    else:
        own = JSON if gateway == "android" else FORM
        asked |= {"data": body, "content_type": own if chance.random() < 0.9 else chance.choice(TYPES)}
    return client.open(path, **asked).status_code  # type: ignore[arg-type]


def test_no_webhook_however_bent_is_answered_by_an_error_of_ours(
    client: FlaskClient, exchange: Exchange, tokens: dict[str, str], seed: int, figure: Callable[[str], None]
) -> None:
    bender, answers, taken, slowest = Bender(random.Random(seed)), Counter[int](), Counter[str](), 0.0
    until, work = time.monotonic() + SECONDS, exchange.work
    assert isinstance(work, Immediate)
    while sum(answers.values()) < WANTED and (time.monotonic() < until or len(+taken) < len(FORMS)):
        gateway = bender.chance.choice(list(FORMS))
        began = time.monotonic()
        status = _ask(client, bender, exchange.settings.base_url, gateway, tokens[gateway])
        slowest = max(slowest, time.monotonic() - began)
        answers[status] += 1
        taken[gateway] += 200 <= status < 300
        assert status < 500, gateway
        if sum(answers.values()) % 100 == 0:
            work.run_all()
    figure(f"{sum(answers.values())} requests, answers {dict(answers)}, slowest {slowest * 1000:.0f} ms")
    assert not [gateway for gateway in FORMS if not taken[gateway]], "nothing of one gateway came through"
    assert not FULL or slowest <= SLOWEST_SECONDS
