"""Puts the parts together: the line, the calls on it, the port that offers them, until told to end.

One process an installation: a second one would empty the first one's folders, so that a lock on them keeps it out.
"""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog
from aiohttp import web

from messaging.voice import accounts, sound
from messaging.voice.accounts import Owned
from messaging.voice.api import Api
from messaging.voice.asterisk import Asterisk
from messaging.voice.calls import Calls
from messaging.voice.clips import Clips
from messaging.voice.errors import VoiceError
from messaging.voice.legs import Switch
from messaging.voice.recordings import Recordings
from messaging.voice.runner import Tools
from messaging.voice.webhooks import reach
from runtime.settings import Settings

AGAIN_S = 60.0
IDLE_S = 15.0
PURGE_EVERY = 60
log = structlog.get_logger(__name__)


class Dead(VoiceError):
    """The line broke in a way that only a new process mends."""


async def serve(
    settings: Settings,
    owned: Callable[[], Awaitable[Sequence[Owned]]],
    apology: Callable[[], Awaitable[str | None]],
    stopping: asyncio.Event,
) -> None:
    """Carry calls until `stopping`. `owned` names our channels; `apology` the address of the sound for a service that fails.

    Without any channel nothing is opened, so that it may stand in every Procfile. VoiceError when the line cannot be had; Dead
    when it broke.
    """
    if not await _any(owned, stopping):
        return
    folder = settings.var / "voice"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        async with reach(settings.base_url, settings.voice_service) as service:
            scratch, clips = folder / "scratch", Clips(folder / "clips", service.fetch)
            scratch.mkdir()
            said = Apology(clips, scratch, apology)
            recordings = Recordings(folder / "recordings")
            tools = Tools(service, clips, recordings, scratch, sound.beep(folder), accounts.address(settings), said)
            switch = line(settings, folder)
            calls = Calls(switch, tools, owned, settings.voice_calls)
            dead = asyncio.Event()
            await switch.start(calls.on_call, dead.set)
            try:
                async with _listening(Api(calls, recordings, owned).app(), settings.voice_port):
                    log.info("voice.ready", port=settings.voice_port)
                    await _until(stopping, dead, recordings, said)
                    await calls.close()
            finally:
                if not dead.is_set():
                    await switch.stop()
    if dead.is_set():
        raise Dead("the line died")


def line(settings: Settings, folder: Path) -> Switch:
    """The telephone line that the settings name. VoiceError where its library is missing."""
    if settings.voice_line == "asterisk":
        return Asterisk(settings.agi_port, settings.ari_url, settings.ari_user, settings.ari_password, settings.ari_endpoint)
    try:
        from messaging.voice.sip import SipLine
    except ImportError as error:
        raise VoiceError("baresip is not installed: pip install 'lamen[sip]'") from error
    return SipLine(settings.sip_address, settings.sip_port, settings.sip_trunk, settings.sip_rtp_ports, folder / "baresip")


class Apology:
    """The sound said when the service fails: fetched while it still answers, asked for again until it was."""

    def __init__(self, clips: Clips, scratch: Path, address: Callable[[], Awaitable[str | None]]) -> None:
        self._clips, self._scratch, self._address = clips, scratch, address
        self._path: Path | None = None

    def __call__(self) -> Path | None:
        return self._path

    async def fetch(self) -> None:
        try:
            url = await self._address()
            self._path = (await self._clips.get(url, self._scratch)).path if url else self._path
        except Exception as error:  # the service or the database is away: calls go on with what was fetched before
            log.warning("voice.no_apology", why=type(error).__name__)


async def _any(owned: Callable[[], Awaitable[Sequence[Owned]]], stopping: asyncio.Event) -> bool:
    """Wait for a first channel; False when told to end before."""
    told = False
    while not stopping.is_set():
        if await owned():
            return True
        if not told:
            log.info("voice.idle", why="no channel of this line")
            told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), IDLE_S)
    return False


async def _until(stopping: asyncio.Event, dead: asyncio.Event, recordings: Recordings, apology: Apology) -> None:
    """Wait for either, with the small work of each minute."""
    minutes = 0
    while not (stopping.is_set() or dead.is_set()):
        await apology.fetch()
        if minutes % PURGE_EVERY == 0:
            await asyncio.to_thread(recordings.purge, datetime.now(UTC))
        minutes += 1
        ends = [asyncio.ensure_future(one.wait()) for one in (stopping, dead)]
        await asyncio.wait(ends, timeout=AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
        for one in ends:
            one.cancel()


@asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError as error:
            raise VoiceError(f"port {port} is taken") from error
        yield
    finally:
        await runner.cleanup()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder; what a killed process left of its calls is removed."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise VoiceError("another voice process runs here") from error
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        yield
