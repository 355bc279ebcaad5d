"""`voice`: the calls that this installation carries itself, without a provider."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from console.edge import exchange


@click.group("voice")
def command() -> None:
    """Les appels portés par cette installation elle-même."""


@command.command("serve")
@with_appcontext
def serve() -> None:
    """Porter les appels jusqu'à la fin du processus : une ligne SIP, ou Asterisk."""
    from messaging.voice.errors import VoiceError

    try:
        asyncio.run(_serve())
    except VoiceError as error:
        raise click.ClickException(str(error)) from error


async def _serve() -> None:
    from campaigns.voice import Voice
    from dialogue.values import Line
    from messaging.steps import Play
    from messaging.voice import accounts
    from messaging.voice.accounts import Owned
    from messaging.voice.serve import serve as carry
    from translations.languages import SOURCE

    here, stopping, loop = exchange(), asyncio.Event(), asyncio.get_running_loop()

    def owned() -> Sequence[Owned]:
        with here.database.reading() as session:
            return accounts.ours(session, here.settings)

    def apology() -> str | None:
        with here.database.reading() as session:
            sounds = f"{here.settings.base_url}/hooks/sounds"
            said = Voice(session, SOURCE, sounds, False, datetime.now(UTC)).say([Line("system_down")])
        return next((step.clips[0].url for step in said if isinstance(step, Play)), None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await carry(here.settings, lambda: asyncio.to_thread(owned), lambda: asyncio.to_thread(apology), stopping)
