"""What gateways that speak plain HTTP share: a session with our time-outs, what each way to fail means, how a time is read.

Nothing is repeated here, not even by aiohttp itself: it sends a GET again when the connection drops before the answer, and with
some providers a GET is an SMS.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from yarl import URL

from messaging.gateways.protocol import TOTAL_SECONDS, Cause, GatewayError, Outcome, Sent

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
MOST_BYTES = 256 * 1024
LONGEST_WAIT = 3600  # seconds: what a provider may ask us to wait

# Nothing left in these; they must be caught before their parents, which include the unknown.
_NOTHING_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class NoAnswer(GatewayError):
    """No answer was read: `outcome` is ERRORED if nothing left, else UNKNOWN. `code` names the failure in one word."""

    def __init__(self, outcome: Outcome, code: str) -> None:
        super().__init__(code)
        self.outcome, self.code = outcome, code

    def sent(self, request: str = "") -> Sent:
        """The answer of a line whose request ended so."""
        cause = Cause.NO_CONNECTION if self.outcome is Outcome.ERRORED else None
        return Sent(self.outcome, cause=cause, code=self.code, request=request, response=self.code)


@dataclass(frozen=True)
class Reply:
    """An answer that was read whole."""

    status: int
    body: bytes
    headers: dict[str, str]
    milliseconds: int

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def retry_after(self, now: datetime) -> int | None:
        """Seconds the provider asks us to wait, from either form of Retry-After; None if it does not say."""
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return min(int(said[:9]), LONGEST_WAIT)
        try:
            return max(0, min(int((parsedate_to_datetime(said) - now).total_seconds()), LONGEST_WAIT))
        except (ValueError, TypeError):
            return None


@asynccontextmanager
async def open_session(**settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """A session whose connections stay open between requests; `settings` go to aiohttp."""
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    async with aiohttp.ClientSession(
        timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar(), **settings
    ) as session:
        session._retry_connection = False  # its only switch; see above
        yield session


async def ask(session: aiohttp.ClientSession, method: str, url: str | URL, **request: Any) -> Reply:
    """One request and its whole answer, else NoAnswer. Redirects are not followed: credentials stay where they are."""
    began = time.monotonic()
    try:
        async with session.request(method, url, allow_redirects=False, **request) as answer:
            body = await answer.content.read(MOST_BYTES)
            while not answer.content.at_eof() and len(body) < MOST_BYTES:
                body += await answer.content.read(MOST_BYTES - len(body))
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, body, headers, int((time.monotonic() - began) * 1000))
    except _NOTHING_LEFT as error:
        raise NoAnswer(Outcome.ERRORED, type(error).__name__) from error
    except TimeoutError as error:
        raise NoAnswer(Outcome.UNKNOWN, "timeout") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NoAnswer(Outcome.UNKNOWN, type(error).__name__) from error


def moment(text: str) -> datetime | None:
    """An ISO time that says its offset, None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
