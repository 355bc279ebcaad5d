"""The voice process without a database, for tests: `python -m tests.voice.answering JSON` with settings and one channel."""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence

from messaging.voice.accounts import Owned
from messaging.voice.serve import serve
from runtime import logs
from runtime.settings import Settings


async def main(given: dict[str, object]) -> None:
    """Carry calls until told to end."""
    settings = Settings.model_validate(given["settings"])
    logs.configure(settings)
    channel = Owned(**given["channel"])  # type: ignore[arg-type]  # as the test wrote it
    apology = given.get("apology")

    async def owned() -> Sequence[Owned]:
        return [channel]

    async def said() -> str | None:
        return str(apology) if apology else None

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await serve(settings, owned, said, stopping)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
