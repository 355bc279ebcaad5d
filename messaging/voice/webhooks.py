"""Asks the service's webhooks as Twilio would: a signed form, one more try, and TwiML back.

Requests go to the service's own address and no other, wherever TwiML may point: a process that can call anybody must not be led
elsewhere.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import structlog
from yarl import URL

from messaging.gateways.http import NoAnswer, ask, open_session
from messaging.voice.errors import VoiceError

AGAIN_S = 1.0
TELLING_S = (0.0, 1.0, 5.0, 25.0)  # before each try to tell what became of a call
MOST_SOUND = 16 * 1024 * 1024
log = structlog.get_logger(__name__)


class Unanswered(VoiceError):
    """The service did not answer, or not with what was asked for."""


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and each field's name and value, sorted by name."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


class Service:
    """The service as this process reaches it. `base_url` is its public address, which is signed; `via` the one to connect to."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, via: str | None = None) -> None:
        self._session, self.base_url, self._via = session, base_url, (via or base_url).rstrip("/")

    async def ask(self, url: str, form: Mapping[str, str], token: str) -> bytes:
        """What the service answers, asked twice at most; Unanswered."""
        try:
            return await self._post(url, form, token)
        except Unanswered as error:
            log.warning("voice.webhook_failed", why=str(error))
        await asyncio.sleep(AGAIN_S)
        return await self._post(url, form, token)

    async def tell(self, url: str, form: Mapping[str, str], token: str) -> bool:
        """Post news until it is taken, four times at most; whether it was."""
        for pause in TELLING_S:
            await asyncio.sleep(pause)
            try:
                await self._post(url, form, token)
            except Unanswered as error:
                log.warning("voice.callback_failed", why=str(error))
            else:
                return True
        return False

    async def fetch(self, url: str) -> bytes:
        """A sound's bytes; Unanswered."""
        try:
            async with self._session.get(self._target(url), allow_redirects=False) as answer:
                if answer.status != 200:
                    raise Unanswered(f"sound: {answer.status}")
                body = b""
                async for piece in answer.content.iter_chunked(64 * 1024):
                    body += piece
                    if len(body) > MOST_SOUND:
                        raise Unanswered("sound: too large")
                return body
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered(f"sound: {type(error).__name__}") from error

    def owns(self, url: str) -> bool:
        """Whether an address is the service's own."""
        return url.startswith(f"{self.base_url}/") and "/../" not in url and "\\" not in url

    async def _post(self, url: str, form: Mapping[str, str], token: str) -> bytes:
        headers = {"X-Twilio-Signature": signature(token, url, form)}
        try:
            reply = await ask(self._session, "POST", self._target(url), data=dict(form), headers=headers)
        except NoAnswer as error:
            raise Unanswered(error.code) from error
        if not 200 <= reply.status < 300:
            raise Unanswered(str(reply.status))
        return reply.body

    def _target(self, url: str) -> URL:
        if not self.owns(url):
            raise Unanswered("an address that is not the service's")
        return URL(self._via + url.removeprefix(self.base_url), encoded=True)


@asynccontextmanager
async def reach(base_url: str, via: str | None = None) -> AsyncIterator[Service]:
    """The service, over connections that stay open between requests."""
    async with open_session() as session:
        yield Service(session, base_url, via)
