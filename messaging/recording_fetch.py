"""Fetch a recording from a provider: no redirects, ten mebibytes and fifteen seconds at most, public addresses only.

An address of this house or of a private network is fetched only where the channel's own settings name it literally: a server of
ours on the same machine. A name that leads there is somebody else's trick.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from messaging.errors import MessagingError

MOST_BYTES = 10 * 1024 * 1024
TOTAL_SECONDS = 15.0
CONNECT_SECONDS = 3.05
_LATER = (404, 408, 425, 429)  # a recording may be a minute in the making
_GONE = (200, 202, 204, 404)
_CHUNK = 64 * 1024


class FetchError(MessagingError):
    """No sound was read: `why` in one word, `again` where a later try may help."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.why, self.again = why, again


def fetch(url: str, headers: Mapping[str, str]) -> bytes:
    """The bytes behind an address a gateway built; FetchError says why there are none."""
    return asyncio.run(_fetch(URL(url), headers))


def remove(url: str, headers: Mapping[str, str]) -> bool:
    """Ask that what is behind an address be deleted; whether it is gone. What stays is the provider's to delete in time."""
    try:
        return asyncio.run(_remove(URL(url), headers))
    except (TimeoutError, aiohttp.ClientError, OSError):
        return False


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global


class _Public(AbstractResolver):
    """Names lead to public addresses or nowhere; the connection goes to the very address that was checked."""

    def __init__(self) -> None:
        self._known = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._known.resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise OSError("not a public address")
        return found

    async def close(self) -> None:
        await self._known.close()


def _session(url: URL) -> aiohttp.ClientSession:
    patience = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)
    local = url.host == "localhost"
    connector = aiohttp.TCPConnector(resolver=None if local else _Public(), family=socket.AF_INET if local else socket.AF_UNSPEC)
    return aiohttp.ClientSession(connector=connector, timeout=patience, trust_env=False)


async def _fetch(url: URL, headers: Mapping[str, str]) -> bytes:
    if url.scheme not in ("https", "http") or not url.host:
        raise FetchError("address", again=False)
    try:
        async with _session(url) as session, session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                later = answer.status in _LATER or answer.status >= 500
                raise FetchError(f"status_{answer.status}", again=later)
            return await _body(answer)
    except TimeoutError as error:
        raise FetchError("timeout", again=True) from error
    except (aiohttp.ClientError, OSError) as error:
        raise FetchError("no_connection", again=True) from error


async def _remove(url: URL, headers: Mapping[str, str]) -> bool:
    async with _session(url) as session, session.delete(url, headers=headers, allow_redirects=False) as answer:
        return answer.status in _GONE


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(_CHUNK):
        body += piece
        if len(body) > MOST_BYTES:
            raise FetchError("too_large", again=False)
    return bytes(body)
