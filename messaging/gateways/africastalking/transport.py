"""How the SDK of Africa's Talking reaches the network: in place of its own `_make_request`, one per line.

The SDK opens a connection for each request, follows redirects with the key in a header, and forgets the HTTP code of a refusal.
Here connections are kept, no redirect is followed, and the answer comes back whole, whatever its code or content type.
"""

import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from messaging.gateways.http import CONNECT_SECONDS, MOST_BYTES, READ_SECONDS, NoAnswer, Reply
from messaging.gateways.protocol import TOTAL_SECONDS, Outcome

_PIECE = 16 * 1024
# The first includes a name that does not resolve.
_BEFORE_ANY_BYTE = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
_NO_ADDRESS = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)


class Transport:
    """Called by the SDK, from many threads at once, with the arguments of its `_make_request`."""

    def __init__(self, at_once: int) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # settings come from one place; a .netrc must not add credentials
        self._session.headers["Accept-Encoding"] = "identity"
        adapter = HTTPAdapter(pool_maxsize=at_once, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def __call__(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: Any,
        params: Any,
        callback: Any = None,
        timeout: Any = None,
    ) -> Reply:
        """The answer, or NoAnswer. `timeout` is the SDK's own and gives way to ours; `callback` is never used."""
        began = time.monotonic()
        try:
            with self._session.request(
                method,
                url,
                headers=dict(headers),
                data=data,
                params=params,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = _read(answer, began + TOTAL_SECONDS)
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(answer.status_code, body, names, int((time.monotonic() - began) * 1000))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NoAnswer(Outcome.ERRORED if nothing_left(error) else Outcome.UNKNOWN, type(error).__name__) from error

    def close(self) -> None:
        self._session.close()


def nothing_left(error: BaseException) -> bool:
    """Whether no request can have left. `requests.ConnectionError` is both a refused and a cut connection: look inside."""
    return isinstance(error, _NO_ADDRESS) or any(isinstance(one, _BEFORE_ANY_BYTE) for one in _within(error, 5))


def _within(error: BaseException, depth: int) -> Iterator[BaseException]:
    yield error
    inner = (*error.args, getattr(error, "reason", None))
    for one in inner if depth else ():
        if isinstance(one, BaseException):
            yield from _within(one, depth - 1)


def _read(answer: requests.Response, until: float) -> bytes:
    """The body, piece by piece: a peer that drips bytes must not hold this thread for ever."""
    body = b""
    while piece := answer.raw.read1(_PIECE, decode_content=True):
        body += piece
        if len(body) > MOST_BYTES or time.monotonic() > until:
            raise requests.exceptions.ReadTimeout("an answer without end")
    return body
