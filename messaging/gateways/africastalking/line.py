"""Sending through the SDK of Africa's Talking, one instance per line, in threads.

Never `africastalking.initialize()`: it fills globals of the module, so that the last account opened would pay for all.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from messaging.gateways.africastalking.answers import read_account, read_called, read_sent
from messaging.gateways.africastalking.words import MOST_NUMBERS
from messaging.gateways.http import NoAnswer, Reply
from messaging.gateways.protocol import Account, Cause, Line, Outcome, OutgoingCall, OutgoingSms, Probe, Sent
from messaging.gateways.redaction import shape

WORKERS = 32  # threads: each carries one request, of a hundred numbers at most
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # the SDK takes "+1234" and a trailing line end


class _Sdk:
    """The three services that we use, of one account, over one transport."""

    def __init__(self, account: Account) -> None:
        # Imported here: with requests and all its services the SDK takes a quarter of a second, and most starts never send.
        from africastalking.Application import ApplicationService
        from africastalking.SMS import SMSService
        from africastalking.Voice import VoiceService

        from messaging.gateways.africastalking.transport import Transport

        username, key = str(account.settings.get("username", "")), str(account.settings.get("api_key", ""))
        base = str(account.settings.get("base_url", "")).rstrip("/")
        self.transport = Transport(WORKERS)
        self.sms = SMSService(username, key)
        self.voice = VoiceService(username, key)
        self.account = ApplicationService(username, key)
        for service, path in ((self.sms, "/version1"), (self.voice, ""), (self.account, "/version1")):
            service._make_request = self.transport
            if base:  # without one, the SDK knows its own addresses, and those of the user "sandbox"
                service._baseUrl = service._contentUrl = base + path


@asynccontextmanager
async def open_line(account: Account) -> AsyncIterator[Line]:
    """An SDK of its own for this channel, closed with its threads when the dispatch ends."""
    line = _Line(account)
    try:
        yield line
    finally:
        line.close()


class _Line(Line):
    def __init__(self, account: Account) -> None:
        self._sdk = _Sdk(account)
        self._number = account.number
        self._sender = str(account.settings.get("sender", "")) or None
        self._pool = ThreadPoolExecutor(WORKERS, "africastalking")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._sdk.transport.close()

    async def send(self, sms: OutgoingSms) -> Sent:
        return (await self.send_many([sms]))[0]

    async def send_many(self, batch: Sequence[OutgoingSms]) -> Sequence[Sent]:
        """One request for each text and hundred numbers. The SDK raises for a number it finds odd, so those never reach it."""
        answers = {
            place: Sent(Outcome.FAILED, cause=Cause.DEAD_NUMBER, code="not_a_number", request="not sent")
            for place, sms in enumerate(batch)
            if not NUMBER.fullmatch(sms.number)
        }
        by_text: defaultdict[str, list[int]] = defaultdict(list)
        for place, sms in enumerate(batch):
            if place not in answers:
                by_text[sms.text].append(place)
        groups = [
            places[first : first + MOST_NUMBERS] for places in by_text.values() for first in range(0, len(places), MOST_NUMBERS)
        ]
        sent = await asyncio.gather(*(self._send_one_text([batch[place] for place in places]) for places in groups))
        for places, said in zip(groups, sent, strict=True):
            answers |= dict(zip(places, said, strict=True))
        return [answers[place] for place in range(len(batch))]

    async def _send_one_text(self, batch: Sequence[OutgoingSms]) -> list[Sent]:
        numbers, text = [sms.number for sms in batch], batch[0].text
        fields = {"numbers": str(len(numbers)), "message": text, "from": self._sender or "", "bulkSMSMode": "1"}
        request = "POST /version1/messaging\n" + shape(fields, ("numbers", "bulkSMSMode"))
        try:
            reply = await self._ask(partial(self._sdk.sms.send, text, numbers, self._sender))
        except NoAnswer as error:
            return [error.sent(request)] * len(batch)
        return [replace(sent, request=request) for sent in read_sent(reply, batch)]

    async def dial(self, call: OutgoingCall) -> Sent:
        """No address goes with a call: its events reach the number's one address, and the session id tells that it is ours."""
        if not NUMBER.fullmatch(call.number):
            return Sent(Outcome.FAILED, cause=Cause.DEAD_NUMBER, code="not_a_number", request="not sent")
        request = "POST /call\n" + shape({"from": self._number, "to": call.number}, ())
        try:
            reply = await self._ask(partial(self._sdk.voice.call, self._number, [call.number]))
        except NoAnswer as error:
            return error.sent(request)
        return replace(read_called(reply, call), request=request)

    async def probe(self) -> Probe:
        try:
            return read_account(await self._ask(self._sdk.account.fetch_application_data))
        except NoAnswer as error:
            return Probe(Cause.NO_CONNECTION if error.outcome is Outcome.ERRORED else Cause.TIMEOUT, error.code)

    async def _ask(self, request: Callable[[], Any]) -> Reply:
        reply: Reply = await asyncio.get_running_loop().run_in_executor(self._pool, request)
        return reply
