"""Access tokens: asked for once by however many requests need one, kept between dispatches, renewed before they end.

A token request carries no SMS, so whatever becomes of it, the SMS that waited for it provably never left.
"""

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from messaging.gateways.http import NoAnswer, Reply, ask
from messaging.gateways.orange.reading import Unexpected, inside, parsed, text_of
from messaging.gateways.protocol import Cause, Outcome, Sent

PATH = "/oauth/v3/token"
EARLY = 120.0  # seconds before its end at which a token is renewed; at most half its life
USUAL_LIFE = 3600.0  # where the answer does not say

Clock = Callable[[], float]


@dataclass(frozen=True)
class Client:
    """Whose token: one channel's application at one address."""

    channel_id: int
    base_url: str
    client_id: str
    secret: str = field(repr=False)


class Tokens:
    """The tokens of this process by client; dispatches come and go, in several threads. `clock` counts seconds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Client, tuple[str, float]] = {}

    def get(self, client: Client) -> str | None:
        token, until = self._kept.get(client, ("", 0.0))
        return token if token and self._clock() < until else None

    def keep(self, client: Client, token: str, life: float) -> None:
        self._kept[client] = (token, self._clock() + life - min(EARLY, life / 2))

    def drop(self, client: Client, token: str) -> None:
        """Forget this token, unless somebody has already renewed it."""
        if self._kept.get(client, ("", 0.0))[0] == token:
            self._kept.pop(client, None)


class Keyholder:
    """The token of one open line: however many requests wait for it, one asks."""

    def __init__(self, session: aiohttp.ClientSession, client: Client, tokens: Tokens) -> None:
        self._session, self._client, self._tokens = session, client, tokens
        self._asking: asyncio.Task[str | Sent] | None = None

    async def token(self, now: datetime | None) -> str | Sent:
        """A token, else what became of the SMS that needed it. `now` only serves to read a Retry-After."""
        if (kept := self._tokens.get(self._client)) is not None:
            return kept
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self.fresh(now))
        return await asyncio.shield(self._asking)  # one SMS that gives up must not take the token from the others

    def drop(self, token: str) -> None:
        self._tokens.drop(self._client, token)

    async def fresh(self, now: datetime | None) -> str | Sent:
        """A new token, whatever is kept."""
        client = self._client
        basic = base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Accept": "application/json"}
        form = {"grant_type": "client_credentials"}
        try:
            reply = await ask(self._session, "POST", client.base_url + PATH, data=form, headers=headers)
        except NoAnswer as error:
            return Sent(Outcome.ERRORED, cause=Cause.NO_CONNECTION, code=error.code, request=f"POST {PATH}", response=error.code)
        token, life = _granted(reply)
        if not token:
            return _denied(reply, now)
        self._tokens.keep(client, token, life)
        return token

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()


def _granted(reply: Reply) -> tuple[str, float]:
    """The token, "" without one, and its life in seconds; `expires_in` is text."""
    try:
        said: dict[str, Any] = inside(parsed(reply.body)) if reply.status == 200 else {}
    except Unexpected:
        said = {}
    token, life = text_of(said.get("access_token")), text_of(said.get("expires_in"))
    # What is no header value would raise at the SMS's own request.
    usable = token if token.isascii() and token.isprintable() else ""
    return usable, float(life) if life.isascii() and life.isdigit() and 0 < len(life) < 9 else USUAL_LIFE


def _denied(reply: Reply, now: datetime | None) -> Sent:
    cause = Cause.CREDENTIALS if 400 <= reply.status < 500 else Cause.BUSY_GATEWAY
    if reply.status == 429:
        cause = Cause.THROTTLED
    return Sent(
        Outcome.ERRORED,
        cause=cause,
        code=f"token_{reply.status}",
        retry_after=reply.retry_after(now) if cause is Cause.THROTTLED and now is not None else None,
        request=f"POST {PATH}",
        response=f"HTTP {reply.status}",
        status=reply.status,
        milliseconds=reply.milliseconds,
    )
