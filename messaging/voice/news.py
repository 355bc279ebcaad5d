"""Tells the service how a call stands, as Twilio's status callbacks do: in order, and again when it does not listen."""

import asyncio
from collections.abc import Mapping

from messaging.voice.runner import About
from messaging.voice.webhooks import Service


class News:
    """The news of one call, posted to `address` ("" for nobody); of `events` only the wanted ones, an end being "completed"."""

    def __init__(self, service: Service, about: About, address: str, events: frozenset[str] = frozenset({"completed"})) -> None:
        self._service, self._about, self._address, self._events = service, about, address, events
        self._last: asyncio.Future[None] | None = None
        self._number = 0

    def ringing(self) -> None:
        """The phone rings; said once."""
        if self._number == 0:
            self._tell("ringing", "ringing", {})

    def answered(self) -> None:
        self._tell("answered", "in-progress", {})

    async def end(self, status: str, told: Mapping[str, str] | None = None) -> None:
        """The call is over: completed, busy, no-answer, failed or canceled. Returns when this was said, or cannot be."""
        self._tell("completed", status, told or {})
        if self._last is not None:
            await self._last

    def _tell(self, event: str, status: str, told: Mapping[str, str]) -> None:
        if not self._address or event not in self._events:
            return
        form = {
            **self._about.form(status),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self._number),
            **told,
        }
        self._number += 1
        self._last = asyncio.ensure_future(self._post(self._last, form))

    async def _post(self, before: "asyncio.Future[None] | None", form: Mapping[str, str]) -> None:
        if before is not None:
            await before
        await self._service.tell(self._address, form, self._about.owned.auth_token)
