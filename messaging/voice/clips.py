"""Sounds fetched from the service before they are said.

One named by its own SHA-256 never changes: it is checked against its name and kept for ever. Any other is private, or may change:
it is kept as long as the call.
"""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from messaging.voice import sound

_NAMED = re.compile(r"([0-9a-f]{64})\.wav")


@dataclass(frozen=True)
class Clip:
    """A sound on this machine. `name` is the last part of its address."""

    name: str
    path: Path
    seconds: float


class Clips:
    """The store of sounds. `fetch` gets the bytes at an address."""

    def __init__(self, folder: Path, fetch: Callable[[str], Awaitable[bytes]]) -> None:
        self._folder, self._fetch = folder, fetch
        self._coming: dict[str, asyncio.Task[Clip]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    async def get(self, url: str, scratch: Path) -> Clip:
        """The sound at this address; one without a lasting name goes to `scratch`. SoundError, and what `fetch` raises."""
        name = urlsplit(url).path.rpartition("/")[2]
        found = _NAMED.fullmatch(name)
        if found is None:
            with tempfile.NamedTemporaryFile(suffix=".wav", dir=scratch, delete=False) as file:
                path = Path(file.name)
            return await self._take(url, name, path, None)
        path = self._folder / name
        if path.exists():
            return Clip(name, path, sound.seconds(path))
        # Fifty calls that begin at once ask for the same menu: it is fetched once.
        coming = self._coming.get(name)
        if coming is None:
            coming = self._coming[name] = asyncio.ensure_future(self._take(url, name, path, found[1]))
            coming.add_done_callback(lambda _: self._coming.pop(name, None))
        return await asyncio.shield(coming)

    async def _take(self, url: str, name: str, path: Path, sha256: str | None) -> Clip:
        data = await self._fetch(url)
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise sound.SoundError("not the sound of that name")
        samples = sound.read(data)
        await asyncio.to_thread(sound.write, path, samples)
        return Clip(name, path, len(samples) / sound.BYTES_A_SECOND)
