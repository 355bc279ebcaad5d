"""The part of Twilio's API that this line offers, on loopback: accounts, calls, recordings. Basic auth by account and token.

A call is taken only for one of our own channels, and only with addresses of the service: this port must not lend the line to
another program of the machine.
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import encode_basic_auth, web

from messaging.numbers import normalise
from messaging.voice import accounts
from messaging.voice.accounts import Owned
from messaging.voice.calls import Calls, Full, Order
from messaging.voice.recordings import Recordings
from messaging.voice.runner import API

MOST_RING_S, MOST_CALL_S = 600, 600
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
ENDS = frozenset({"canceled", "completed"})
_SHORT = re.compile(r"\d{3,6}")
_ROOT = f"/{API}/Accounts/{{account}}"

AskOwned = Callable[[], Awaitable[Sequence[Owned]]]


class _Wrong(Exception):
    """What Twilio would answer 4xx to, by its own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Api:
    """The routes; `owned` names our channels at each request, so that a new token counts at once."""

    def __init__(self, calls: Calls, recordings: Recordings, owned: AskOwned) -> None:
        self._calls, self._recordings, self._owned = calls, recordings, owned

    def app(self) -> web.Application:
        """What listens."""
        app = web.Application(middlewares=[_twilio_errors], client_max_size=64 * 1024)
        app.add_routes(
            [
                web.get(f"{_ROOT}.json", self._account),
                web.post(f"{_ROOT}/Calls.json", self._place),
                web.post(f"{_ROOT}/Calls/{{sid}}.json", self._end),
                web.get(f"{_ROOT}/Recordings/{{name}}", self._recording),
                web.delete(f"{_ROOT}/Recordings/{{name}}", self._forget),
            ]
        )
        return app

    async def _account(self, request: web.Request) -> web.Response:
        mine = await self._known(request)
        return web.json_response({"sid": mine[0].account_sid, "friendly_name": "Lamen", "status": "active", "type": "Full"})

    async def _place(self, request: web.Request) -> web.Response:
        mine, form = await self._known(request), await request.post()
        given = {name: str(value) for name, value in form.items()}
        events = frozenset(str(value) for value in form.getall("StatusCallbackEvent", ["completed"]))
        order = _order(mine, given, events)
        try:
            sid = self._calls.place(order)
        except Full as error:
            raise _Wrong(429, 20429, str(error)) from error
        said = {"sid": sid, "account_sid": order.owned.account_sid, "status": "queued", "direction": "outbound-api"}
        return web.json_response({**said, "to": order.to, "from": order.owned.number}, status=201)

    async def _end(self, request: web.Request) -> web.Response:
        mine, form, sid = await self._known(request), await request.post(), request.match_info["sid"]
        status = str(form.get("Status", ""))
        if status not in ENDS:
            raise _Wrong(400, 21220, "Status")
        if not self._calls.end(sid):
            raise _Wrong(404, 20404, "no such call")
        return web.json_response({"sid": sid, "account_sid": mine[0].account_sid, "status": status})

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        await self._known(request)
        path = self._recordings.path(request.match_info["name"].removesuffix(".wav"))
        if path is None:
            raise _Wrong(404, 20404, "no such recording")
        return web.FileResponse(path, headers={"Content-Type": "audio/wav", "Cache-Control": "no-store"})

    async def _forget(self, request: web.Request) -> web.Response:
        await self._known(request)
        if not self._recordings.delete(request.match_info["name"].removesuffix(".json").removesuffix(".wav")):
            raise _Wrong(404, 20404, "no such recording")
        return web.Response(status=204)

    async def _known(self, request: web.Request) -> list[Owned]:
        """Our channels of the account in the address, whose token this request must bear."""
        mine = accounts.by_sid(await self._owned(), request.match_info["account"])
        given = request.headers.get("Authorization", "").encode()
        right = [hmac.compare_digest(given, encode_basic_auth(one.account_sid, one.auth_token).encode()) for one in mine]
        if not any(right):
            raise _Wrong(401, 20003, "Authenticate")
        return mine


def _order(mine: Sequence[Owned], given: dict[str, str], events: frozenset[str]) -> Order:
    sender, url, callback = given.get("From", ""), given.get("Url", ""), given.get("StatusCallback", "")
    to = normalise(given.get("To", "")) or ""
    if not to and _SHORT.fullmatch(given.get("To", "")):
        to = given["To"]
    owned = next((one for one in mine if (normalise(one.number) or one.number) == (normalise(sender) or sender)), None)
    if owned is None:
        raise _Wrong(400, 21212, "From is no number of this account")
    if not to:
        raise _Wrong(400, 21211, "To is no telephone number")
    for address in (url, callback):
        if not _hooks(address, owned) and (address or address is url):
            raise _Wrong(400, 21205, "Url is not the service's")
    if given.get("Method", "POST") != "POST" or given.get("StatusCallbackMethod", "POST") != "POST" or not events <= EVENTS:
        raise _Wrong(400, 20001, "only POST, and known events")
    ring_s, limit_s = _whole(given, "Timeout", 60, MOST_RING_S), _whole(given, "TimeLimit", 360, MOST_CALL_S)
    return Order(owned, to, url, callback, events, float(ring_s), float(limit_s))


def _hooks(address: str, owned: Owned) -> bool:
    parts = urlsplit(address)
    return address.startswith(f"{owned.hooks}/") and ".." not in parts.path and not parts.fragment


def _whole(given: dict[str, str], name: str, default: int, most: int) -> int:
    written = given.get(name, str(default))
    if not (written.isascii() and written.isdigit() and 0 < int(written[:6]) <= most):
        raise _Wrong(400, 20001, name)
    return int(written)


@web.middleware
async def _twilio_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except _Wrong as error:
        body = {"code": error.code, "message": str(error), "status": error.status}
        headers = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}
        return web.json_response(body, status=error.status, headers=headers)
