"""Requests that pretend to come from Twilio: genuine ones bent in every way we could think of, drawn from one seed."""

import hashlib
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.messaging.gateways import twilio_peer
from tests.messaging.gateways.twilio_peer import CALL, FORM, RECORDING, SID, TOKEN

JSON = "application/json"
Pairs = list[tuple[str, str]]
TEXTS = ("CR 12 18 7 9 1 Bɛ", "OUI Club Coura Dogo", "To From Body", "STOP", "Aw ni ce, ɛ ɔ ɲ ŋ", "")
NAMES = ("Body", "From", "Digits", "Zebra", "CallSid", "MessageStatus", "bodySHA256", "é", "", "[]", "__proto__")


@dataclass(frozen=True)
class Posted:
    """What is sent to our route; `how` is the way it was bent."""

    kind: str
    query: str
    pairs: Pairs
    signature: str | None
    how: str = "genuine"
    body: bytes | None = None
    method: str = "POST"
    content_type: str = FORM
    settings: str | None = None
    token: str = ""

    def data(self) -> bytes:
        return urlencode(self.pairs).encode() if self.body is None else self.body

    def headers(self) -> dict[str, str]:
        given = {"X-Twilio-Signature": self.signature, "X-Twilio-Webhooks-Signature-Settings": self.settings}
        return {name: value for name, value in given.items() if value is not None}


def sign(url: str, pairs: Pairs, token: str = TOKEN, algorithm: str = "") -> str:
    return str(RequestValidator(token).compute_signature(url, dict(pairs), algorithm))


def genuine(chance: random.Random, hooks: str) -> Posted:
    """A request as Twilio would send it to an address of ours."""
    kind = chance.choice(("sms", "sms", "status", "call", "call", "recording"))
    query = chance.choice(("", "l=bm", "ref=0190a-attempt", "turn=3", "ref=0190a&turn=2"))
    text = chance.choice(TEXTS)
    form = {
        "sms": lambda: twilio_peer.sms(Body=text, FromCity="BAMAKO", ToState=chance.choice(("", "Ségou"))),
        "status": lambda: twilio_peer.status(chance.choice(("sent", "delivered", "failed")), ErrorCode="30003"),
        "call": lambda: twilio_peer.call("in-progress", "outbound-api", Digits=chance.choice("0123456789")),
        "recording": lambda: {"AccountSid": SID, "CallSid": CALL, "RecordingSid": RECORDING, "RecordingStatus": "completed"},
    }[kind]()
    pairs = list(form.items())
    chance.shuffle(pairs)
    return Posted(kind, query, pairs, sign(address(hooks, kind, query), pairs))


def address(hooks: str, kind: str, query: str) -> str:
    return f"{hooks}/{kind}" + (f"?{query}" if query else "")


def forgeries(seed: int, hooks: str, how_many: int) -> Iterator[Posted]:
    """So many requests none of which Twilio sent as it stands, each way in its turn."""
    chance, ways = random.Random(seed), list(WAYS.items())
    made = 0
    while made < how_many:
        name, bend = ways[made % len(ways)]
        bent = bend(chance, genuine(chance, hooks), hooks)
        if bent is not None:
            made += 1
            yield replace(bent, how=name)
        else:
            ways.append(ways.pop(made % len(ways)))  # this one could not be bent so


Way = Callable[[random.Random, Posted, str], Posted | None]


def _signature(chance: random.Random, true: Posted, hooks: str) -> Posted:
    given = true.signature or ""
    place = chance.randrange(len(given) - 1)  # not the last: some of its bits mean nothing
    flipped = given[:place] + chance.choice([one for one in string.ascii_letters if one != given[place]]) + given[place + 1 :]
    wrong = (
        None,
        "",
        given[:-1],
        given + "=",
        given.swapcase(),
        flipped,
        given[::-1],
        "A" * 5000,
        f"{given},{given}",
        f'"{given}"',
    )
    return replace(true, signature=chance.choice(wrong))


def _another_address(chance: random.Random, true: Posted, hooks: str) -> Posted:
    url = address(hooks, true.kind, true.query)
    host = hooks.split("/")[2]
    others = (
        url.replace("https:", "http:"),
        url.replace(host, "evil.example"),
        url.replace(host, f"{host}:8443"),
        url.replace(host, f"u:p@{host}"),
        url.replace(host, f"{host}."),
        url.replace("/hooks/", "/Hooks/"),
        url.replace("/hooks/", "//hooks/"),
        url + ("&" if "?" in url else "?") + "x=1",
        url + "/",
        url + "#x",
        url + "%20",
        hooks,
    )
    return replace(true, signature=sign(chance.choice(others), true.pairs))


def _another_query(chance: random.Random, true: Posted, hooks: str) -> Posted:
    others = [one for one in ("", "l=fr", "ref=0190b", "turn=4", "l=b%6D", "l=bm&l=bm", "=", "%zz", "&") if one != true.query]
    return replace(true, query=chance.choice(others))


def _another_kind(chance: random.Random, true: Posted, hooks: str) -> Posted:
    return replace(true, kind=chance.choice([one for one in ("sms", "status", "call", "recording") if one != true.kind]))


def _another_secret(chance: random.Random, true: Posted, hooks: str) -> Posted:
    url = address(hooks, true.kind, true.query)
    wrong = chance.choice(("", "x", TOKEN[:-1], TOKEN.upper(), f"{TOKEN} ", SID))
    return replace(true, signature=sign(url, true.pairs, wrong))


def _value(chance: random.Random, true: Posted, hooks: str) -> Posted:
    place = chance.randrange(len(true.pairs))
    name, value = true.pairs[place]
    cut = chance.randrange(len(value) + 1)
    changed = chance.choice(
        (value + "0", value[:cut] + "x" + value[cut:], value[1:] or "x", value.swapcase() + " ", "\x00", "\ud7ff")
    )
    return replace(true, pairs=_with(true.pairs, place, (name, changed)))


def _name(chance: random.Random, true: Posted, hooks: str) -> Posted:
    place = chance.randrange(len(true.pairs))
    name, value = true.pairs[place]
    changed = chance.choice((name.lower(), name + "x", name[1:], f" {name}", f"{name}[]", ""))
    return replace(true, pairs=_with(true.pairs, place, (changed, value)))


def _removed(chance: random.Random, true: Posted, hooks: str) -> Posted:
    place = chance.randrange(len(true.pairs))
    return replace(true, pairs=true.pairs[:place] + true.pairs[place + 1 :])


def _added(chance: random.Random, true: Posted, hooks: str) -> Posted:
    pair = (chance.choice(NAMES), chance.choice(("", "1", "STOP")))
    place = chance.randrange(len(true.pairs) + 1)
    return replace(true, pairs=[*true.pairs[:place], pair, *true.pairs[place:]])


def _twice(chance: random.Random, true: Posted, hooks: str) -> Posted:
    name, value = chance.choice(true.pairs)
    pair = (name, chance.choice((value, value + "1", "")))
    pairs = chance.choice(([pair, *true.pairs], [*true.pairs, pair]))
    # Half of them signed as they stand: the validator sees one of the two.
    url = address(hooks, true.kind, true.query)
    return replace(true, pairs=pairs, signature=chance.choice((true.signature, sign(url, pairs))))


def _swapped(chance: random.Random, true: Posted, hooks: str) -> Posted | None:
    one, other = chance.sample(range(len(true.pairs)), 2)
    (a, x), (b, y) = true.pairs[one], true.pairs[other]
    return None if x == y else replace(true, pairs=_with(_with(true.pairs, one, (a, y)), other, (b, x)))


def _moved(chance: random.Random, true: Posted, hooks: str) -> Posted | None:
    """The same bytes in other fields: signed alike as long as their order stays."""
    pairs = sorted(true.pairs)
    place = chance.randrange(len(pairs) - 1)
    (name, value), (after, last) = pairs[place], pairs[place + 1]
    cut = chance.randrange(1, len(name))
    ways: list[Pairs] = [
        [(name, value + after + last)],
        [(name[:cut], name[cut:] + value), (after, last)],
        [(name, value + after[:1]), (after[1:], last)],
    ]
    if value:
        cut, end = sorted((chance.randrange(len(value)), chance.randrange(len(value) + 1)))
        ways.append([(name + value[: cut + 1], value[cut + 1 :]), (after, last)])
        ways.append([(name, value[:cut]), (value[cut : end + 1], value[end + 1 :]), (after, last)])
    bent = pairs[:place] + chance.choice(ways) + pairs[place + 2 :]
    return None if sorted(bent) == pairs else replace(true, pairs=bent)


def _incomplete(chance: random.Random, true: Posted, hooks: str) -> Posted:
    """Signed as it stands, without something it must hold, or for somebody else."""
    needed = {"sms": ("From", "To"), "status": ("To",), "call": ("CallSid",), "recording": ("CallSid", "RecordingSid")}
    form = dict(true.pairs)
    for name in (chance.choice(("AccountSid", *needed[true.kind])),):
        form[name] = ""
    if chance.random() < 0.3:
        form = dict(true.pairs) | {"AccountSid": chance.choice(("AC" + "1" * 32, SID.lower(), f"{SID}0", "é"))}
    pairs = list(form.items())
    return replace(true, pairs=pairs, signature=sign(address(hooks, true.kind, true.query), pairs))


def _json(chance: random.Random, true: Posted, hooks: str) -> Posted:
    honest = json.dumps(dict(true.pairs)).encode()
    digest = hashlib.sha256(honest).hexdigest()
    query = chance.choice((f"bodySHA256={digest}", f"bodySHA256={digest}&bodySHA256=0", "bodySHA256=", "", "bodySHA256=é"))
    place = chance.randrange(len(honest))
    tampered = honest[:place] + bytes([honest[place] ^ 1]) + honest[place + 1 :]
    body = chance.choice(
        (tampered, honest + b" ", b"", b"{}", b"null", b"\xff" * 9, b"[" * 30_000, json.dumps([honest.decode()]).encode())
    )
    signature = sign(address(hooks, true.kind, query), [])
    kind = chance.choice((JSON, JSON, f"{JSON}; charset=utf-8", FORM, "application/scim+json"))
    return replace(true, query=query, body=body, signature=signature, content_type=kind)


def _bytes(chance: random.Random, true: Posted, hooks: str) -> Posted:
    honest = true.data()
    place = chance.randrange(len(honest))
    body = chance.choice(
        (
            honest[:place] + bytes([chance.randrange(0x80, 0x100)]) + honest[place + 1 :],
            honest[:place],
            honest + b"&%zz=%",
            honest + b"&a=%00%ff",
            bytes(chance.randrange(256) for _ in range(200)),
            b"&" * 3000,
            b"a=1&" * 60,
            honest + b"&x=" + b"a" * 70_000,
            b"",
        )
    )
    return replace(true, body=body)


def _frame(chance: random.Random, true: Posted, hooks: str) -> Posted:
    """Another method, type or algorithm around a form that is signed."""
    kinds = ("", "text/plain", JSON, "multipart/form-data; boundary=x", "multipart/form-data", "é/x", f"{FORM}x")
    bent = (
        replace(true, method=chance.choice(("GET", "PUT", "DELETE", "PATCH"))),
        replace(true, content_type=chance.choice(kinds)),
        replace(
            true, settings=chance.choice(("algorithm=HMAC_SHA256", "algorithm=none", "algorithm=HMAC_MD5", "key=x,algorithm=é"))
        ),
    )
    return chance.choice(bent)


def _another_token(chance: random.Random, true: Posted, hooks: str) -> Posted:
    """To an address that is none of ours, however well it is signed."""
    token = chance.choice(("x", "tok", "%00", "é", "a" * 500, hooks.rsplit("/", 1)[-1][:-1], hooks.rsplit("/", 1)[-1].swapcase()))
    url = f"{hooks.rsplit('/', 1)[0]}/{token}/{true.kind}" + (f"?{true.query}" if true.query else "")
    return replace(true, token=token, signature=sign(url, true.pairs))


def _with(pairs: Pairs, place: int, pair: tuple[str, str]) -> Pairs:
    return [*pairs[:place], pair, *pairs[place + 1 :]]


WAYS: dict[str, Way] = {
    "another signature": _signature,
    "signed for another address": _another_address,
    "to another query": _another_query,
    "to another kind": _another_kind,
    "signed with another secret": _another_secret,
    "another value": _value,
    "another name": _name,
    "a field removed": _removed,
    "a field added": _added,
    "a field twice": _twice,
    "values swapped": _swapped,
    "bytes moved": _moved,
    "signed but incomplete": _incomplete,
    "JSON": _json,
    "other bytes": _bytes,
    "another frame": _frame,
    "to another token": _another_token,
}
