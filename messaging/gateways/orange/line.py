"""Sending through Orange's API: a token, then one request for each SMS, and the account's bundles.

A 401 proves that nothing was taken, so the same SMS is sent again with a fresh token, once.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from messaging.gateways.http import NoAnswer, Reply, ask, open_session
from messaging.gateways.orange.reading import Json, Unexpected, inside, parsed, text_of
from messaging.gateways.orange.tokens import Client, Keyholder, Tokens
from messaging.gateways.orange.words import CODES, COUNTRIES, FAMILIES, HTTP, Meaning
from messaging.gateways.protocol import Account, Cause, Line, Outcome, OutgoingSms, Probe, Sent
from messaging.gateways.redaction import redacted, shape

CONTRACTS = "/sms/admin/v1/contracts"
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
LONGEST_CODE, LONGEST_ID = 40, 96


@asynccontextmanager
async def open_line(account: Account, tokens: Tokens, base_url: str, sender: str) -> AsyncIterator[Line]:
    """A session to `base_url`, sending as `sender`, "tel:+…"."""
    given = account.settings
    client = Client(account.channel_id, base_url, str(given.get("client_id", "")), str(given.get("client_secret", "")))
    async with open_session() as session:
        keys = Keyholder(session, client, tokens)
        try:
            yield _Line(session, keys, base_url, sender, str(given.get("sender_name", "")))
        finally:
            keys.close()


class _Line(Line):
    def __init__(self, session: aiohttp.ClientSession, keys: Keyholder, base_url: str, sender: str, name: str) -> None:
        self._session, self._keys, self._base, self._sender, self._name = session, keys, base_url, sender, name

    async def send(self, sms: OutgoingSms) -> Sent:
        if not NUMBER.fullmatch(sms.number):
            return Sent(Outcome.FAILED, cause=Cause.DEAD_NUMBER, code="not_a_number", request="not sent")
        path = f"/smsmessaging/v1/outbound/{quote(self._sender, safe='')}/requests"
        fields = {"address": f"tel:{sms.number}", "senderAddress": self._sender}
        if self._name:
            fields["senderName"] = self._name
        body = {"outboundSMSMessageRequest": fields | {"outboundSMSTextMessage": {"message": sms.text}}}
        request = "POST /smsmessaging/v1/outbound/…/requests\n" + shape(fields | {"message": sms.text}, ())
        try:
            reply = await self._with_token("POST", path, sms.at, json=body)
        except NoAnswer as error:
            return error.sent(request)
        return reply if isinstance(reply, Sent) else replace(_read(reply, sms), request=request)

    async def probe(self) -> Probe:
        """The bundles of the sender's country. A fresh token first: one still kept would hide a wrong secret."""
        token = await self._keys.fresh(None)
        if isinstance(token, Sent):
            return Probe(token.cause, token.code)
        try:
            reply = await self._with_token("GET", CONTRACTS, None)
        except NoAnswer as error:
            return Probe(Cause.NO_CONNECTION if error.outcome is Outcome.ERRORED else Cause.TIMEOUT, error.code)
        if isinstance(reply, Sent):
            return Probe(reply.cause, reply.code)
        return _bundles(reply, self._sender)

    async def _with_token(self, method: str, path: str, now: datetime | None, **request: Any) -> Reply | Sent:
        """The answer, or what became of an SMS for which no token was to be had."""
        reply: Reply | None = None
        for _ in range(2):
            token = await self._keys.token(now)
            if isinstance(token, Sent):
                return token
            url = URL(self._base + path, encoded=True)  # else aiohttp would write %3A%2B as :+ again
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            reply = await ask(self._session, method, url, headers=headers, **request)
            if reply.status != 401:
                return reply
            self._keys.drop(token)
        assert reply is not None
        return reply


def _read(reply: Reply, sms: OutgoingSms) -> Sent:
    if 200 <= reply.status < 300:
        return _taken(reply)
    code, words = _error(reply)
    # Beside a 5xx no code is believed: the platform may have taken the SMS before it stumbled.
    known = CODES.get(code) or FAMILIES.get(code[:3]) or HTTP.get(reply.status)
    refused: Meaning = known or (Outcome.FAILED, Cause.OTHER)
    outcome, cause = refused if 400 <= reply.status < 500 else (Outcome.UNKNOWN, None)
    private = (sms.number, sms.number.removeprefix("+"), sms.text)
    return Sent(
        outcome,
        cause=cause,
        code=code[:LONGEST_CODE] or str(reply.status),
        retry_after=reply.retry_after(sms.at) if cause is Cause.THROTTLED else None,
        response=redacted(f"HTTP {reply.status} {code} {words}", private),
        status=reply.status,
        milliseconds=reply.milliseconds,
    )


def _taken(reply: Reply) -> Sent:
    """Accepted: the last part of `resourceURL` is its id. Without one, its receipts find nothing."""
    try:
        place = text_of(inside(parsed(reply.body), "outboundSMSMessageRequest").get("resourceURL"))
    except Unexpected:
        place = ""
    theirs = place.rstrip("/").rpartition("/")[2][:LONGEST_ID]
    return Sent(
        Outcome.WIRED if reply.status == 201 or theirs else Outcome.UNKNOWN,
        external_id=theirs or None,
        response=f"HTTP {reply.status} id={theirs}",
        status=reply.status,
        milliseconds=reply.milliseconds,
    )


def _error(reply: Reply) -> tuple[str, str]:
    """The code and the words of a refusal, from either machine."""
    try:
        said = inside(parsed(reply.body))
    except Unexpected:
        return "", ""
    for kind in ("serviceException", "policyException"):
        try:
            platform = inside(said, "requestError", kind)
        except Unexpected:
            continue
        return text_of(platform.get("messageId")), text_of(platform.get("text"))
    return text_of(said.get("code")), f"{text_of(said.get('message'))} {text_of(said.get('description'))}"


def _bundles(reply: Reply, sender: str) -> Probe:
    """What is left, from the list of contracts ‡. The nearest end counts: those SMS are lost first.

    Without that list the account is in order all the same: it gave us a token.
    """
    if reply.status != 200:
        cause = HTTP[reply.status][1] if reply.status in (401, 429) else None
        return Probe(Cause.BUSY_GATEWAY if reply.status >= 500 else cause, f"contracts: HTTP {reply.status}")
    try:
        contracts = list(_contracts(parsed(reply.body), 6))
    except Unexpected:
        return Probe(None, "contracts: no JSON")
    country = next((code for prefix, code in COUNTRIES.items() if sender.startswith(f"tel:{prefix}")), "")
    usable = [one for one in contracts if not country or text_of(one.get("country")) in ("", country)]
    usable = [one for one in usable if text_of(one.get("status")).upper() in ("", "ACTIVE")]
    units = sum(_units(one) for one in usable)
    ends = [end for one in usable if _units(one) and (end := _end(one)) is not None]
    return Probe(None if units else Cause.CREDIT, balance=f"{units} SMS", units=units, expires=min(ends, default=None))


def _contracts(value: Any, depth: int) -> Iterator[Json]:
    """Every object that holds units: the list has changed its shape between versions of the API ‡."""
    if isinstance(value, dict) and "availableUnits" in value:
        yield value
    elif depth and isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _contracts(one, depth - 1)


def _units(contract: Json) -> int:
    units = text_of(contract.get("availableUnits"))
    return int(units) if units.isascii() and units.isdigit() and len(units) < 10 else 0


def _end(contract: Json) -> date | None:
    said = text_of(contract.get("expirationDate")) or text_of(contract.get("expires"))
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        return None
