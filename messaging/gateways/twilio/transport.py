"""The SDK's HTTP client over our own pool: its addresses turned to the channel's server, our time-outs, and nothing repeated.

The SDK keeps neither headers nor the time an answer took, and its exceptions lose both: each request has a client of its own,
which remembers what was asked and answered.
"""

import logging
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit
from weakref import WeakSet

import urllib3
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3.connection import HTTPConnection, HTTPSConnection

from messaging.gateways.http import CONNECT_SECONDS, MOST_BYTES, READ_SECONDS, Reply
from messaging.gateways.protocol import TOTAL_SECONDS

AT_ONCE = 500  # as many as a channel may have in flight
# The SDK would log every request's address and headers, numbers among them.
_SILENT = logging.Logger("twilio", logging.CRITICAL + 1)


class Dripping(urllib3.exceptions.HTTPError):
    """An answer that began and did not end within our patience."""


class Pool:
    """Connections to one server, kept open between requests of many threads, all of which `close` cuts."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        open_: WeakSet[Any] = WeakSet()
        self._open = open_

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                open_.add(self)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                open_.add(self)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Secure

        self._manager = urllib3.PoolManager(
            num_pools=2,
            maxsize=AT_ONCE,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
        self._manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Reply:
        """One request and its whole answer; urllib3's exceptions. `url` is the SDK's: its host and scheme are replaced."""
        parts, began = urlsplit(url), time.monotonic()
        target = f"{self.base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        answer = self._manager.request(method, target, headers=dict(headers), body=body, redirect=False, preload_content=False)
        try:
            read = b""
            while len(read) < MOST_BYTES and (piece := answer.read1(MOST_BYTES - len(read))):
                read += piece
                if time.monotonic() - began > TOTAL_SECONDS:
                    raise Dripping
        except BaseException:
            answer.close()
            raise
        answer.release_conn() if len(read) < MOST_BYTES else answer.close()
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status, read, named, int((time.monotonic() - began) * 1000))

    def close(self) -> None:
        """Cut every connection, so that no thread waits on for a server that drips."""
        for connection in list(self._open):
            with suppress(OSError, AttributeError):  # already closed
                connection.sock.shutdown(socket.SHUT_RDWR)
        self._manager.clear()


class Transport(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """What the SDK's `Client` sends one request through; `reply` is the last answer read, `asked` what was asked."""

    def __init__(self, pool: Pool) -> None:
        # Not the parent's: it would open a session of another library for each request.
        HttpClient.__init__(self, _SILENT, False)
        self._pool = pool
        self.reply: Reply | None = None
        self.asked: tuple[str, str, dict[str, str]] = ("", "", {})

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """As the SDK calls it; time-outs and redirects are ours to decide."""
        self.reply, form = None, dict(data or {})
        self.asked = (method, urlsplit(url).path, {name: _plain(value) for name, value in form.items()})
        sent = {str(name): str(value) for name, value in (headers or {}).items()}
        if auth is not None:
            sent |= urllib3.make_headers(basic_auth=":".join(auth))
        if params:
            url = f"{url}?{urlencode(dict(params), doseq=True)}"
        body = urlencode(form, doseq=True) if method.upper() == "POST" else None
        self.reply = self._pool.ask(method.upper(), url, sent, body)
        return Response(self.reply.status, self.reply.text, self.reply.headers)


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
