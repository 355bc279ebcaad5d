"""Requests written out beforehand, sent over kept connections: what asks must leave the machine to what answers.

A client that builds each request as it goes costs more than some of the answers it measures.
"""

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import urlencode

CONNECTIONS = 32
_FORM = "Content-Type: application/x-www-form-urlencoded"


def written(path: str, form: dict[str, str], **headers: str) -> bytes:
    """One POST of a form to `path`, as it goes over the wire; `headers` with _ for -."""
    body = urlencode(form).encode()
    named = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines = (f"POST {path} HTTP/1.1", "Host: lamen.example", _FORM, f"Content-Length: {len(body)}", *named)
    return "\r\n".join((*lines, "", "")).encode() + body


def send(port: int, talks: Sequence[Sequence[bytes]], wanted: bytes = b"") -> float:
    """Seconds to send every talk, whose requests wait for one another, so many at once.

    An answer that is no 2xx, or lacks `wanted`, ends the measure with RuntimeError.
    """
    return asyncio.run(_send(port, talks, wanted))


async def _send(port: int, talks: Sequence[Sequence[bytes]], wanted: bytes) -> float:
    waiting = iter(talks)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for talk in waiting:
            for request in talk:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                if not head.startswith(b"HTTP/1.1 2") or wanted not in body:
                    raise RuntimeError(f"answered {head[:12]!r} {body[:200]!r}")
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return time.perf_counter() - began


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
