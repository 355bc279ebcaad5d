"""All that the rest of Lamen knows about a telephone provider, in both directions, as plain data.

A gateway never touches messages or calls: it sends what it is given and reads what it is told. What it cannot know it says:
`Outcome.UNKNOWN` is an answer, and the only right one when a request left and no answer was read.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

from messaging.errors import MessagingError
from messaging.steps import Step

TOTAL_SECONDS = 15.0  # a peer that drips bytes escapes a read timeout


class GatewayError(MessagingError):
    """The base of what gateways raise."""


class Refused(GatewayError):
    """A webhook whose signature or form is not that of the provider: answered 403."""


class Unreadable(GatewayError):
    """A verified webhook in words we do not know: logged, answered 2xx, because repeating it cannot help. `word` names it."""

    def __init__(self, word: str) -> None:
        super().__init__(f"not understood: {word}")
        self.word = word


class Outcome(StrEnum):
    """What became of one request."""

    WIRED = "wired"  # accepted
    ERRORED = "errored"  # provably not taken; may be tried again
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # left, no answer read
    NOT_BEGUN = "not_begun"  # the process ends and nothing left


class Cause(StrEnum):
    """Why something was not taken or not delivered; `messaging.retry` holds the delays."""

    NO_CONNECTION = "no_connection"
    THROTTLED = "throttled"
    BUSY_GATEWAY = "busy_gateway"  # a listed 503
    PHONE_LIMIT = "phone_limit"
    ABSENT = "absent"
    MODEM = "modem"
    CREDENTIALS = "credentials"
    CREDIT = "credit"
    SENDER = "sender"
    DEAD_NUMBER = "dead_number"
    THIS_TEXT = "this_text"
    OPT_OUT = "opt_out"
    UNDELIVERED = "undelivered"
    TIMEOUT = "timeout"
    OTHER = "other"


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do; these alone decide what becomes of an unknown outcome.

    `ours_in_receipts`: receipts carry our attempt's id; `adopts`: they carry only its own, so that one may be matched by number.
    `looks_up`: asked later, it tells what became of a message. `idempotent`: the same reference twice is taken once.
    `takes_with_our_record`: it takes something only if we record its answer, so that silence proves that it took nothing.
    `bulk`: the most numbers one request may carry with one text; 1 where each message is a request of its own.
    `missed_calls`: it can refuse a call unanswered, so that a bip costs nothing. `tells_balance`: its probe knows what is left.
    """

    sms: bool = True
    voice: bool = False
    inbound_sms: bool = True
    reports: bool = True
    ours_in_receipts: bool = False
    adopts: bool = False
    looks_up: bool = False
    idempotent: bool = False
    bulk: int = 1
    missed_calls: bool = False
    tells_balance: bool = False
    simulated: bool = False
    takes_with_our_record: bool = False


@dataclass(frozen=True)
class Setting:
    """One thing a channel of this gateway must or may be told; the console holds its French words by `name`.

    A `secret` one is never shown again. `default` stands where nothing was given; `choices` are all it may be, if not empty.
    """

    name: str
    required: bool = True
    secret: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """One channel as its gateway sees it. `hooks` is the absolute address `…/hooks/<token>` without a final slash."""

    channel_id: int
    number: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    hooks: str = ""


@dataclass(frozen=True)
class OutgoingSms:
    """`reference` is our attempt's id; `life` the seconds left before the text is worth nothing."""

    reference: str
    number: str
    text: str
    encoding: str
    parts: int
    life: int
    at: datetime


@dataclass(frozen=True)
class OutgoingCall:
    """`reference` is our attempt's id; `ring_seconds` how long the phone may ring."""

    reference: str
    number: str
    ring_seconds: int
    at: datetime


@dataclass(frozen=True)
class Later:
    """Something the simulator's pretended network does after so many seconds: it posts `form` to `path` of our own routes.

    `action` "post" stops there; "listen" goes on as the phone that hears the call steps it is answered with.
    """

    seconds: float
    path: str
    form: Mapping[str, str]
    action: str = "post"


@dataclass(frozen=True)
class Sent:
    """The answer to one request. `request` and `response` are the exchange without secrets, numbers or texts.

    `later` is the simulator's; stored together with this answer.
    """

    outcome: Outcome
    external_id: str | None = None
    cause: Cause | None = None
    code: str = ""
    retry_after: int | None = None
    request: str = ""
    response: str = ""
    status: int | None = None
    milliseconds: int = 0
    later: tuple[Later, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A message whose end we do not know, as a look-up names it: our attempt, theirs if we read one, to whom and when.

    `text` tells it from the others where the provider's list holds no id of ours; without it nothing can be said there.
    """

    reference: str
    external_id: str | None
    number: str
    at: datetime
    text: str = ""


@dataclass(frozen=True)
class Probe:
    """What a provider says of our account, without sending anything: `cause` None when all is well.

    `detail` is its own word, without secrets; `balance` what is left as it words it; `units` SMS left until `expires`.
    """

    cause: Cause | None = None
    detail: str = ""
    balance: str = ""
    units: int | None = None
    expires: date | None = None


@dataclass(frozen=True)
class WebhookRequest:
    """What reached us: `query` is raw, `url` the configured public address of it, `form` its fields, repeated ones in order.

    `at` is when, for signatures that age; a webhook kept in the spool still holds the moment it came.
    """

    method: str
    path: str
    url: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    form: Sequence[tuple[str, str]] = ()
    at: datetime | None = None

    def field(self, name: str, default: str = "") -> str:
        """The first field of that name in the form, else in the query."""
        return next((value for key, value in (*self.form, *self.asked) if key == name), default)

    @cached_property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """The fields of the query."""
        return tuple(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True)
class IncomingSms:
    """`key` is what makes it count once, None where the provider has none; `sender` as given: a number, a code or a name.

    `binary`: no words at all, or in letters we cannot read; kept with its `raw`, answered by nobody.
    """

    key: str | None
    sender: str
    text: str
    provider_at: datetime | None = None
    opts_out: bool = False
    raw: str = ""
    binary: bool = False


@dataclass(frozen=True)
class StatusReport:
    """A delivery report. `status` is wired, sent, delivered, errored or failed; `reference` our attempt's id or theirs.

    Where a provider reports each part of a long text, `parts` is how many there are and `code` tells this part's report from
    the others': the message is delivered when as many have come.
    """

    reference: str
    status: str
    code: str = ""
    parts: int = 1
    cause: Cause | None = None
    number: str | None = None
    provider_at: datetime | None = None


@dataclass(frozen=True)
class CallStep:
    """One voice request or call status.

    `event` is a call's new state in our words (ringing, answered, completed, busy, no_answer, machine, failed) or "turn" while
    it goes on. `turn` is the number our own address carried; `digits` None without any keypad news, "" after a silence.
    `recorded` is how long a recording is, where the line is our own. `heard` is seconds of the message heard so far, None where
    nobody knows; `sounds` the seconds heard of each sound since the last request, by the last part of its address, from a line of
    our own only. `untold`: a line that never tells what was heard. `paid`: what the provider charged, in whole FCFA.
    """

    external_id: str
    number: str
    event: str
    inbound: bool = False
    reference: str | None = None
    turn: int | None = None
    digits: str | None = None
    finished_on: str = ""
    recording: str | None = None
    seconds: int | None = None
    heard: float | None = None
    recorded: float | None = None
    sounds: tuple[tuple[str, float], ...] = ()
    untold: bool = False
    paid: int | None = None
    cause: Cause | None = None
    code: str = ""


@dataclass(frozen=True)
class Recorded:
    """A recording announced by the provider: `place` is what its own fetch rules rebuild an address from."""

    external_id: str
    place: str
    seconds: float | None = None


def missing(wanted: Sequence[Setting], given: Mapping[str, Any]) -> list[str]:
    """The names of required settings that are empty, and of those whose value is none of their choices."""
    values = {setting: str(given.get(setting.name, "") or setting.default) for setting in wanted}
    wrong = [
        one
        for one, value in values.items()
        if (one.required and not value) or (value and one.choices and value not in one.choices)
    ]
    return [setting.name for setting in wrong]


class Line:
    """An open way to one provider, used by many requests at once within one event loop; a gateway says what it can."""

    async def send(self, sms: OutgoingSms) -> Sent:
        return Sent(Outcome.FAILED, cause=Cause.SENDER, code="no_sms")

    async def send_many(self, batch: Sequence[OutgoingSms]) -> Sequence[Sent]:
        """One text to many numbers in one request, answered in their order; asked only where `bulk` is more than 1."""
        return [await self.send(sms) for sms in batch]

    async def dial(self, call: OutgoingCall) -> Sent:
        return Sent(Outcome.FAILED, cause=Cause.SENDER, code="no_voice")

    async def look_up(self, asked: Asked) -> StatusReport | None:
        """What became of a message, None while nobody knows: absence proves nothing. Asked only where `looks_up`."""
        return None

    async def probe(self) -> Probe:
        """Ask the provider about our account, sending nothing."""
        return Probe()


class Gateway(Protocol):
    """One provider. Reading methods are pure; `Refused` becomes 403, `Unreadable` 2xx.

    `acknowledgement` is the body, and its content type, that tells the provider that its webhook was stored.
    """

    name: str
    capabilities: Capabilities
    settings: tuple[Setting, ...]
    acknowledgement: tuple[str, str]

    def line(self, account: Account) -> AbstractAsyncContextManager[Line]:
        """Open whatever many requests share; closed when the dispatch ends."""
        ...

    def check(self, settings: Mapping[str, Any]) -> list[str]:
        """The names of a channel's settings that are missing or wrong; empty when all is well. `missing` does most of it."""
        ...

    def verify(self, account: Account, request: WebhookRequest) -> None: ...

    def read_sms(self, account: Account, request: WebhookRequest) -> IncomingSms: ...

    def read_status(self, account: Account, request: WebhookRequest) -> StatusReport: ...

    def read_call(self, account: Account, request: WebhookRequest) -> CallStep: ...

    def read_recording(self, account: Account, request: WebhookRequest) -> Recorded: ...

    def recording_request(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        """The address and headers to fetch a recording with, built from its `place`; None where that can lead nowhere good."""
        ...

    def recording_removal(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        """What to ask a DELETE of, once a recording is in our own store; None where the provider keeps it, or never had it."""
        ...

    def render(self, steps: Sequence[Step], turn: int) -> tuple[str, str]:
        """The body that carries out these steps, and its content type."""
        ...


class SmsOnly:
    """What a provider without telephone calls says to all that is about calls."""

    def read_call(self, account: Account, request: WebhookRequest) -> CallStep:
        raise Unreadable("call")

    def read_recording(self, account: Account, request: WebhookRequest) -> Recorded:
        raise Unreadable("recording")

    def recording_request(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        return None

    def recording_removal(self, account: Account, place: str) -> tuple[str, Mapping[str, str]] | None:
        return None

    def render(self, steps: Sequence[Step], turn: int) -> tuple[str, str]:
        raise Unreadable("steps")
