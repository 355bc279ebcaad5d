"""A pretended operator: an SMPP 3.4 centre on 127.0.0.1 that a real Kannel binds to, and whose ledger judges.

The last two digits of a number decide what happens to it, as with our own simulator: 99 is undelivered, 98 throttled, 97 does not
exist, 96 gets no receipt, any other is delivered.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import smpp34
import smsutil.codecs  # noqa: F401  # registers the alphabet "gsm0338" with Python

NAME, PASSWORD = "FAKE-user", "FAKE-pw"
RECEIPT_AFTER = 0.02  # seconds: never before the answer it is about
GSM, UCS2 = 0, 8  # data_coding
HAS_HEADER, IS_RECEIPT = 0x40, 0x04  # esm_class
THROTTLED, UNKNOWN_NUMBER = 0x58, 0x0B
PATIENCE = 30.0
ALL_WITHIN = 300.0  # seconds


@dataclass(frozen=True)
class Taken:
    """One part that was accepted."""

    number: str
    message: bytes
    coding: int
    reference: int = 0
    parts: int = 1
    part: int = 1

    @property
    def text(self) -> str:
        return self.message.decode("utf-16-be" if self.coding == UCS2 else "gsm0338")


@dataclass
class Centre:
    """`taken` in the order it came; `refused` counts answers by SMPP code; `acknowledged` what Kannel took from us."""

    port: int
    taken: list[Taken] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    receipts: int = 0
    bound: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _sessions: dict[str, smpp34.Esme] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _listening: threading.Event = field(default_factory=threading.Event)

    def texts(self) -> list[tuple[str, str]]:
        """(number, text) of every whole message, long ones joined; a message with a missing part is not among them."""
        whole = [(one.number, one.text) for one in self.taken if one.parts == 1]
        long: dict[tuple[str, int], dict[int, Taken]] = defaultdict(dict)
        for one in self.taken:
            if one.parts > 1:
                long[one.number, one.reference][one.part] = one
        for (number, _), parts in long.items():
            if len(parts) == parts[min(parts)].parts:
                whole.append((number, "".join(parts[place].text for place in sorted(parts))))
        return whole

    def send(self, messages: list[tuple[str, str, str]], at_once: int = 50) -> int:
        """Let phones write: (from, to, text) each; how many Kannel acknowledged."""
        return self._run(self._send(messages, at_once))

    def _run(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ALL_WITHIN)

    async def _send(self, messages: list[tuple[str, str, str]], at_once: int) -> int:
        (session,) = self._sessions.values()
        room = asyncio.Semaphore(at_once)

        async def one(place: int, sender: str, to: str, text: str) -> int:
            async with room:
                answers = [await self._deliver(session, sender, to, *part) for part in _parts(text, place % 256)]
            return int(all(answers))

        return sum(await asyncio.gather(*(one(place, *message) for place, message in enumerate(messages))))

    async def _deliver(self, session: smpp34.Esme, sender: str, to: str, message: bytes, coding: int, esm_class: int = 0) -> bool:
        answer = await session.deliver_sm(
            to,
            message,
            source_addr=sender.lstrip("+"),
            source_addr_ton=1 if sender.startswith("+") else 0,
            source_addr_npi=1,
            esm_class=esm_class,
            data_coding=coding,
        )
        return answer.is_success

    async def serve(self) -> None:
        """Until cancelled."""
        server = smpp34.Server("127.0.0.1", self.port, system_id="CENTRE")
        await server.start()
        self._listening.set()
        try:
            while True:
                event = await server.next()
                if isinstance(event, smpp34.Esme):
                    self._sessions[event.session_id] = event
                    self.bound.set()
                elif isinstance(event, smpp34.SubmitSmEvent):
                    self._submitted(event)
                else:
                    self._sessions.pop(event.session_id, None)
        finally:
            await server.stop()

    def _submitted(self, event: smpp34.SubmitSmEvent) -> None:
        ending = event.destination_addr[-2:]
        code = {"98": THROTTLED, "97": UNKNOWN_NUMBER}.get(ending)
        if code is not None:
            self.refused[code] += 1
            event.reject(code)
            return
        self.taken.append(_taken(event))
        name = f"{len(self.taken):x}"  # hexadecimal on both sides: Kannel's msg-id-type 0x03
        event.accept(name)
        if ending != "96" and event.registered_delivery & 1:
            self._later(self._receipt(event, name, "UNDELIV" if ending == "99" else "DELIVRD"))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _receipt(self, event: smpp34.SubmitSmEvent, name: str, end: str) -> None:
        await asyncio.sleep(RECEIPT_AFTER)
        at = datetime.now().strftime("%y%m%d%H%M")
        said = f"id:{name} sub:001 dlvrd:001 submit date:{at} done date:{at} stat:{end} err:000 text:"
        self.receipts += await self._deliver(
            self._sessions[event.session_id],
            event.destination_addr,
            event.source_addr,
            said.encode(),
            GSM,
            IS_RECEIPT,
        )


@contextmanager
def centre(port: int) -> Iterator[Centre]:
    """A centre that listens; stopped at the end."""
    found = Centre(port)
    loop = found._loop

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(work)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    work = loop.create_task(found.serve())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    if not found._listening.wait(PATIENCE):
        raise RuntimeError("the centre does not listen")
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(work.cancel)
        thread.join(PATIENCE)


def _taken(event: smpp34.SubmitSmEvent) -> Taken:
    message = event.short_message
    if not event.esm_class & HAS_HEADER:
        return Taken(event.destination_addr, message, event.data_coding)
    length = message[0]
    reference, parts, part = message[length - 2 : length + 1]
    return Taken(event.destination_addr, message[length + 1 :], event.data_coding, reference, parts, part)


def _parts(text: str, reference: int) -> list[tuple[bytes, int, int]]:
    """(bytes, data_coding, esm_class) of each part, as a phone writes them."""
    try:
        whole, coding, single, each = text.encode("gsm0338"), GSM, 160, 153
    except UnicodeEncodeError:
        whole, coding, single, each = text.encode("utf-16-be"), UCS2, 140, 134
    if len(whole) <= single:
        return [(whole, coding, 0)]
    pieces = [whole[start : start + each] for start in range(0, len(whole), each)]
    header = bytes([5, 0, 3, reference, len(pieces)])
    return [(header + bytes([place]) + piece, coding, HAS_HEADER) for place, piece in enumerate(pieces, 1)]
