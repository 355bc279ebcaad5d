"""Runs one call: asks the service what to do, does it on a leg, tells it what came of it, until the end.

A webhook that fails twice, TwiML that cannot be carried out and a loop all end the same way: an apology, then the end of the
call. An incoming one that nobody has answered yet is refused instead, because its caller would pay for the apology.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import structlog

from messaging.voice.accounts import Owned
from messaging.voice.clips import Clip, Clips
from messaging.voice.errors import Gone, VoiceError
from messaging.voice.legs import End, Keys, Leg
from messaging.voice.recordings import Recordings
from messaging.voice.twiml import Gather, Hangup, Play, Record, Redirect, Reject, Say, Verb, parse
from messaging.voice.webhooks import Service

MOST_STEPS = 200
BETWEEN_S = 4.0  # TwiML has one patience for all keys; after the first one nobody waits longer than this
API = "2010-04-01"
T = TypeVar("T")
log = structlog.get_logger(__name__)


class LostWay(VoiceError):
    """So many steps that they can only be a loop."""


@dataclass(frozen=True)
class Tools:
    """What all calls share. `address` is where recordings are fetched from; `apology` what is said when the service fails."""

    service: Service
    clips: Clips
    recordings: Recordings
    scratch: Path
    beep: Path
    address: str
    apology: Callable[[], Path | None]


@dataclass(frozen=True)
class About:
    """What each request says of a call."""

    sid: str
    owned: Owned
    caller: str
    called: str
    inbound: bool

    def form(self, status: str) -> dict[str, str]:
        return {
            "AccountSid": self.owned.account_sid,
            "ApiVersion": API,
            "CallSid": self.sid,
            "CallStatus": status,
            "Direction": "inbound" if self.inbound else "outbound-api",
            "From": self.caller,
            "To": self.called,
        }


@dataclass(frozen=True)
class Next:
    """Where to ask, and what to say there."""

    url: str
    extra: Mapping[str, str] = field(default_factory=dict)


class Runner:
    """One call; `on_answer` is told once when an incoming one is picked up."""

    def __init__(self, leg: Leg, tools: Tools, about: About, on_answer: Callable[[], None] = lambda: None) -> None:
        self._leg, self._tools, self._about, self._on_answer = leg, tools, about, on_answer
        self._up = not about.inbound
        self._heard: list[tuple[str, float]] = []
        self._steps = self._recordings = 0
        self._sounds: dict[str, Clip] = {}

    async def run(self, url: str) -> None:
        """Follow the service from `url` to the end of the call, which the caller then hangs up. Gone."""
        with tempfile.TemporaryDirectory(dir=self._tools.scratch) as scratch:
            try:
                step: Next | None = Next(url)
                while step is not None:
                    step = await self._carry_out(parse(await self._ask(step), step.url), Path(scratch))
            except Gone:
                raise
            except VoiceError as error:
                log.warning("voice.broken_off", call=self._about.sid, why=str(error))
                await self._apologise()

    def heard(self) -> dict[str, str]:
        """The seconds heard of each sound since the service was last told, as the field that carries them; of none, too."""
        told, self._heard = self._heard, []
        return {"LamenHeard": " ".join(f"{name}={seconds:.2f}" for name, seconds in told)}

    async def _ask(self, step: Next) -> bytes:
        form = self._about.form("in-progress" if self._up else "ringing") | self.heard() | dict(step.extra)
        return await self._tools.service.ask(step.url, form, self._about.owned.auth_token)

    async def _carry_out(self, verbs: Sequence[Verb], scratch: Path) -> Next | None:
        """Do one document; where to ask next, or None at its end."""
        await self._fetch(verbs, scratch)
        waiting: list[Play] = []
        for verb in verbs:
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise LostWay("too many steps")
            if isinstance(verb, Play):
                waiting.append(verb)
                continue
            await self._play(waiting)
            waiting = []
            match verb:
                case Say():
                    log.warning("voice.say", call=self._about.sid)  # nothing here reads aloud
                case Reject():
                    await self._reject(verb)
                    return None
                case Hangup():
                    return None
                case Redirect():
                    return Next(verb.url)
                case Gather():
                    found = await self._gather(verb)
                case Record():
                    found = await self._record(verb)
            if isinstance(verb, Gather | Record) and found is not None:
                return found
        await self._play(waiting)
        return None

    async def _play(self, verbs: Sequence[Play]) -> None:
        if verbs:
            clips = [self._sounds[verb.url] for verb in verbs]
            await self._pick_up()
            await self._counting(clips, self._leg.play([clip.path for clip in clips]))

    async def _gather(self, verb: Gather) -> Next | None:
        clips = [self._sounds[prompt.url] for prompt in verb.prompts if isinstance(prompt, Play)]
        await self._pick_up()
        patience = float(verb.timeout_s)
        waiting = self._leg.gather([clip.path for clip in clips], verb.digits, verb.finish, patience, min(patience, BETWEEN_S))
        keys: Keys = await self._counting(clips, waiting)
        if not (keys.digits or keys.finished_on or verb.on_empty):
            return None
        return Next(verb.action, {"Digits": keys.digits, "FinishedOnKey": keys.finished_on})

    async def _record(self, verb: Record) -> Next | None:
        await self._pick_up()
        if verb.beep:
            await self._leg.play([self._tools.beep])
        self._recordings += 1
        part = self._tools.recordings.begin(self._about.sid, self._recordings)
        recorded = await self._leg.record(part, float(verb.max_s), float(verb.silence_s), verb.finish)
        kept = await asyncio.to_thread(self._tools.recordings.keep, part, self._about.sid)
        gone = recorded.ended is End.HANGUP
        told: dict[str, str] = {}
        if kept is not None:
            place = f"{self._tools.address}/{API}/Accounts/{self._about.owned.account_sid}/Recordings/{kept.sid}"
            told = {"RecordingSid": kept.sid, "RecordingUrl": place, "RecordingDuration": str(max(1, round(kept.seconds)))}
            told["Digits"] = "hangup" if gone else recorded.key
        if gone:
            if told:  # what they said before they hung up counts
                await self._ask(Next(verb.action, {**told, "CallStatus": "completed"}))
            raise Gone
        return Next(verb.action, told) if told else None

    async def _reject(self, verb: Reject) -> None:
        if not self._up:
            await self._leg.reject(verb.busy)

    async def _pick_up(self) -> None:
        if not self._up:
            await self._leg.answer()
            self._up = True
            self._on_answer()

    async def _apologise(self) -> None:
        if not self._up:
            await self._leg.reject(busy=True)
            return
        apology = self._tools.apology()
        if apology is not None:
            await self._leg.play([apology])

    async def _fetch(self, verbs: Sequence[Verb], scratch: Path) -> None:
        """Every sound of a document before its first one: none then waits for the next."""
        inner = [prompt for verb in verbs if isinstance(verb, Gather) for prompt in verb.prompts]
        urls = {verb.url for verb in (*verbs, *inner) if isinstance(verb, Play)}
        found = await asyncio.gather(*(self._tools.clips.get(url, scratch) for url in urls))
        self._sounds = dict(zip(urls, found, strict=True))

    async def _counting(self, clips: Sequence[Clip], saying: Awaitable[T]) -> T:
        """Add what was heard of each clip, also when they hang up in the middle of one."""
        try:
            return await saying
        finally:
            left = self._leg.heard
            for clip in clips:
                if left <= 0:
                    break
                self._heard.append((clip.name, min(left, clip.seconds)))
                left -= clip.seconds
