"""Asking Twilio: messages, calls, what became of a message, and how our account stands. The SDK runs in threads of our own.

The answer decides, not the SDK's exception: only a connection that was never made proves that nothing left.
"""

import asyncio
import json
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError, SSLError

from messaging.gateways.http import NoAnswer, Reply
from messaging.gateways.protocol import (
    Account,
    Asked,
    Cause,
    Line,
    Outcome,
    OutgoingCall,
    OutgoingSms,
    Probe,
    Sent,
    StatusReport,
)
from messaging.gateways.redaction import redacted, shape
from messaging.gateways.twilio.gateway import Twilio, report
from messaging.gateways.twilio.transport import AT_ONCE, Pool, Transport
from messaging.gateways.twilio.words import ACCOUNT_STATUSES, HTTP, LONGEST_LIFE, Flavour, meaning

LONGEST_CALL = 360  # seconds
EVENTS = ["ringing", "completed"]  # the answer is told by the request for what to say
SHOWN_REQUEST = ("ValidityPeriod", "SmartEncoded", "MessagingServiceSid", "Timeout", "TimeLimit", "MachineDetection", "Method")
SHOWN_ANSWER = ("sid", "status", "code", "error_code", "num_segments", "price", "price_unit", "message", "title", "detail")
EARLIER, LATER = timedelta(minutes=2), timedelta(minutes=5)  # clocks differ; a message is dated when it was taken
LOOKED_AT = 200  # messages to one number since one day
NOTHING_LEFT = (NewConnectionError, ConnectTimeoutError, LocationValueError)


@dataclass(frozen=True)
class Answered:
    """What one request came to. `value` is what the SDK made of the answer, None where it made nothing or raised `error`."""

    transport: Transport
    value: Any = None
    error: Exception | None = None

    @property
    def reply(self) -> Reply | None:
        return self.transport.reply

    def json(self) -> dict[str, Any]:
        """The answer as an object; empty where it is none."""
        try:
            found = json.loads(self.reply.body) if self.reply else None
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def code(self) -> str:
        """Twilio's own code, or the HTTP status."""
        said = self.json().get("code")
        return str(said) if isinstance(said, int) or str(said).isdigit() else str(self.reply.status if self.reply else "")


class TwilioLine(Line):
    """One channel's account. Each request may run in a thread; `close` frees them all."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._settings = {setting.name: str(account.settings.get(setting.name) or setting.default) for setting in Twilio.settings}
        self._flavour = Flavour(self._settings["flavour"])
        self._pool = Pool(self._settings["base_url"])
        self._threads = ThreadPoolExecutor(AT_ONCE, "twilio")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()

    async def send(self, sms: OutgoingSms) -> Sent:
        service = self._settings["messaging_service_sid"]
        sender = {"messaging_service_sid": service} if service else {"from_": self._account.number}
        form = {
            "to": sms.number,
            "body": sms.text,
            "status_callback": self._hook("status", sms.reference),
            "validity_period": min(max(1, sms.life), LONGEST_LIFE[self._flavour]),
            "smart_encoded": False,  # what is lost by other letters is the author's to decide
        }
        answered = await self._ask(lambda client: client.messages.create(**form, **sender))
        return _sent(answered, sms.at, self._private(sms.number, sms.text))

    async def dial(self, call: OutgoingCall) -> Sent:
        address = self._hook("call", call.reference)
        form: dict[str, Any] = {"to": call.number, "from_": self._account.number, "url": address}
        form |= {"method": "POST", "status_callback": address}
        if self._flavour is not Flavour.SOMLENG:
            form |= {"status_callback_method": "POST", "status_callback_event": EVENTS}
            form |= {"timeout": call.ring_seconds, "time_limit": LONGEST_CALL}
            form |= {"machine_detection": self._settings["machine_detection"]} if self._settings["machine_detection"] else {}
        answered = await self._ask(lambda client: client.calls.create(**form))
        return _sent(answered, call.at, self._private(call.number))

    async def look_up(self, asked: Asked) -> StatusReport | None:
        """Evidence only: by its own id, else the one message of that moment to that number with those very words.

        NoAnswer where nobody could be asked: that is no news, and worth asking again.
        """
        if asked.external_id is not None:
            known = asked.external_id
            answered = await self._ask(lambda client: client.messages(known).fetch())
            found = [answered.value] if answered.value is not None else []
        else:
            since = (asked.at - EARLIER).date().isoformat()
            answered = await self._ask(
                lambda client: client.messages.list(to=asked.number, date_sent_after=since, limit=LOOKED_AT)
            )
            found = [one for one in answered.value or () if _is_it(one, asked)]
        if answered.reply is None:
            raise _no_answer(answered.error)
        if answered.reply.status == 429 or answered.reply.status >= 500:
            raise NoAnswer(Outcome.UNKNOWN, answered.code)
        if len(found) != 1:
            return None
        code = "" if found[0].error_code is None else str(found[0].error_code)
        return report(asked.reference, str(found[0].status), code, asked.number)

    async def probe(self) -> Probe:
        """Whether the account is known, active, paid for, and owns our number; Somleng tells the first two."""
        try:
            answered = await self._ask(lambda client: client.api.v2010.accounts(self._settings["account_sid"]).fetch())
            if answered.value is None:
                return _wrong(answered)
            status = str(answered.value.status)
            cause = ACCOUNT_STATUSES.get(status, Cause.OTHER)
            if cause is not None or self._flavour is not Flavour.TWILIO:
                return Probe(cause, status if cause else "")
            return await self._paid_for()
        except Exception as error:  # a probe is asked by a person, who is told
            return Probe(Cause.OTHER, type(error).__name__)

    async def _paid_for(self) -> Probe:
        said = (await self._ask(lambda client: client.api.v2010.account.balance.fetch())).value
        balance = f"{said.balance} {said.currency}" if said is not None and said.balance is not None else ""
        if said is not None and _spent(said.balance):
            return Probe(Cause.CREDIT, "balance", balance)
        number = self._account.number
        if self._settings["messaging_service_sid"] or not number.startswith("+"):
            return Probe(balance=balance)  # a name or a short code is in none of its lists
        owned = await self._ask(lambda client: client.incoming_phone_numbers.list(phone_number=number, limit=1))
        lent = await self._ask(lambda client: client.outgoing_caller_ids.list(phone_number=number, limit=1))
        # Only two lists that were both read and both empty say that it is not ours.
        unknown = owned.value == [] and lent.value == []
        return Probe(Cause.SENDER if unknown else None, "number" if unknown else "", balance)

    def _hook(self, kind: str, reference: str) -> str:
        return f"{self._account.hooks}/{kind}?{urlencode({'ref': reference})}"

    def _private(self, *said: str) -> tuple[str, ...]:
        mine = (self._account.number, self._account.hooks, self._settings["auth_token"], self._settings["auth_token_next"])
        return (*said, *mine, self._settings["account_sid"])

    async def _ask(self, request: Callable[[Client], Any]) -> Answered:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_thread, request)

    def _in_thread(self, request: Callable[[Client], Any]) -> Answered:
        transport = Transport(self._pool)
        sid, token = self._settings["account_sid"], self._settings["auth_token"]
        # An environment of its own: the SDK would read the process's, and turn requests elsewhere.
        client = Client(sid, token, http_client=transport, environment={"TWILIO_EDGE": ""})
        try:
            return Answered(transport, request(client))
        except Exception as error:  # the SDK's, urllib3's, or whatever an odd answer broke: the answer itself decides
            return Answered(transport, error=error)


def _sent(answered: Answered, now: datetime, private: tuple[str, ...]) -> Sent:
    """What one request to send or dial came to; 5xx is unknown, whatever it says."""
    request = redacted(_request(answered), private)
    reply = answered.reply
    if reply is None:
        return _no_answer(answered.error).sent(request)
    shown = {name: str(value) for name, value in answered.json().items() if name in SHOWN_ANSWER and value is not None}
    sid = shown.get("sid")
    outcome, cause, code = _judge(answered, bool(sid))
    return Sent(
        outcome,
        external_id=sid if 200 <= reply.status < 300 else None,
        cause=cause,
        code=code,
        retry_after=reply.retry_after(now),
        request=request,
        response=redacted(f"{reply.status}\n{shape(shown, SHOWN_ANSWER)}".strip(), private),
        status=reply.status,
        milliseconds=reply.milliseconds,
    )


def _judge(answered: Answered, named: bool) -> tuple[Outcome, Cause | None, str]:
    status = answered.reply.status if answered.reply else 0
    if 200 <= status < 300:
        said = answered.json()
        failed = report("", word, str(said.get("error_code") or "")) if (word := said.get("status")) == "failed" else None
        if failed is not None:
            return Outcome(failed.status), failed.cause, failed.code
        return (Outcome.WIRED, None, "") if named else (Outcome.UNKNOWN, None, "unreadable")
    if not 400 <= status < 500:
        return Outcome.UNKNOWN, None, answered.code
    outcome, cause = meaning(answered.code) or HTTP.get(status, (Outcome.FAILED, Cause.OTHER))
    return outcome, cause, answered.code


def _no_answer(error: Exception | None) -> NoAnswer:
    nothing_left = isinstance(error, NOTHING_LEFT) or (
        isinstance(error, SSLError) and any(isinstance(one, ssl.SSLCertVerificationError) for one in error.args)
    )
    return NoAnswer(Outcome.ERRORED if nothing_left else Outcome.UNKNOWN, type(error).__name__)


def _request(answered: Answered) -> str:
    method, path, form = answered.transport.asked
    return f"{method} {path.rsplit('/', 1)[-1]}\n{shape(form, SHOWN_REQUEST)}"


def _is_it(one: Any, asked: Asked) -> bool:
    # A trial account puts words before ours, never after.
    words = bool(asked.text) and str(one.body or "").endswith(asked.text)
    made = one.date_created
    return words and one.direction != "inbound" and made is not None and asked.at - EARLIER <= made <= asked.at + LATER


def _wrong(answered: Answered) -> Probe:
    if answered.reply is None:
        return Probe(Cause.NO_CONNECTION, type(answered.error).__name__)
    known = meaning(answered.code) or HTTP.get(answered.reply.status)
    cause = known[1] if known else Cause.BUSY_GATEWAY if answered.reply.status >= 500 else Cause.OTHER
    return Probe(cause, answered.code)


def _spent(balance: object) -> bool:
    try:
        return float(str(balance)) <= 0
    except ValueError:
        return False
