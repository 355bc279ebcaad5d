"""A telephone call in tests: dialled, answered, keys pressed, what is heard; and the prompts and sendings it may be about."""

import json
import wave
from datetime import UTC, datetime, timedelta
from io import BytesIO

import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import call_events, calls, recordings, windows
from messaging.exchange import Exchange
from messaging.gateways.protocol import CallStep
from messaging.models import (
    Attempt,
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Channel,
    Direction,
    Inbound,
    Kind,
    Route,
)
from tests.world import World
from translations.models import Clip, Content, ContentKind, Variant, VariantState

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)


def tell(session: Session, exchange: Exchange, world: World, step: CallStep, now: datetime) -> call_events.Heard:
    """Apply one event of the world's channel."""
    channel = session.get_one(Channel, world.channel)
    [found] = call_events.find(session, [(channel, step)])
    return call_events.take(session, channel, step, found, now, windows.of(exchange.settings))


def hum(seconds: float, rate: int = 16_000) -> bytes:
    """A WAV of something to be heard."""
    out = BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        frames = ((6000 if n // 40 % 2 else -6000).to_bytes(2, "little", signed=True) for n in range(int(seconds * rate)))
        sound.writeframes(b"".join(frames))
    return out.getvalue()


class Line:
    """One dialled call, to Awa unless said otherwise, spoken to as the simulator does; `now` may be moved on."""

    def __init__(
        self,
        exchange: Exchange,
        client: FlaskClient,
        world: World,
        broadcast_id: int | None = None,
        *,
        who: str = "awa",
        reason: str | None = None,
        now: datetime = NOW,
    ) -> None:
        self.exchange, self.client, self.world, self.who, self.now = exchange, client, world, who, now
        with exchange.database.writing() as session:
            call = Call(
                direction=Direction.OUT,
                channel_id=world.channel,
                contact_id=world.contacts[who],
                broadcast_id=broadcast_id,
                kind=Kind.PUSH if broadcast_id else Kind.REPLY,
                state=CallState.DIALLING,
                not_before=now,
                dialling_at=now,
                created_at=now,
                attempts=1,
                uncounted=0,
                retry=False,
                turn=0,
                reason=reason,
            )
            session.add(call)
            session.flush()
            self.id = call.id
            self.ref = f"attempt-{call.id}"
            session.add(Attempt(id=self.ref, call_id=call.id, channel_id=world.channel, number=1, started_at=now))

    @classmethod
    def dialled(
        cls, exchange: Exchange, client: FlaskClient, world: World, call_id: int, now: datetime, who: str = "awa"
    ) -> "Line":
        """A call that was queued elsewhere, dialled now by the simulator."""
        calls.dial(exchange, world.channel, lambda: now)
        line = cls.__new__(cls)
        line.exchange, line.client, line.world, line.who, line.now, line.id = exchange, client, world, who, now, call_id
        assert line.row.state is CallState.DIALLING, line.row.state
        with exchange.database.reading() as session:
            newest = select(Attempt.id).where(Attempt.call_id == call_id).order_by(Attempt.number.desc())
            line.ref = session.scalars(newest).first() or ""
        return line

    def post(self, **fields: str) -> dict[str, object]:
        form = {"id": f"sim-{self.id}", "ref": self.ref, "phone": self.world.numbers[self.who], **fields}
        with time_machine.travel(self.now, tick=False):
            answer = self.client.post(f"/hooks/{self.world.token}/call", data=form)
        assert answer.status_code == 200
        found: dict[str, object] = json.loads(answer.data or "{}")
        return found

    def answer(self) -> dict[str, object]:
        return self.post(event="answered")

    def press(self, digits: str, turn: int) -> dict[str, object]:
        return self.post(event="turn", digits=digits, turn=str(turn))

    def key(self, digits: str, finished: str = "") -> list[str]:
        """Press at the turn the call is at; what is heard then."""
        return words(self.post(event="turn", digits=digits, finished=finished, turn=str(self.row.turn)))

    def speak(self, seconds: float, voice: bytes = b"") -> list[str]:
        """Say something, or a voice of one's own, where a recording is awaited; what is heard then."""
        stored = recordings.keep(self.exchange.settings.var, voice or hum(seconds))
        form = {"event": "turn", "finished": "#", "recording": stored.sha256, "recorded": str(stored.seconds)}
        return words(self.post(turn=str(self.row.turn), **form))

    def drop(self) -> None:
        """The line is cut."""
        self.post(event="completed", seconds="30")

    @property
    def row(self) -> Call:
        with self.exchange.database.reading() as session:
            return session.get_one(Call, self.id)


class Caller(Line):
    """One who calls our line, which answers calls; Awa unless said otherwise, or any `number`."""

    def __init__(
        self, exchange: Exchange, client: FlaskClient, world: World, *, who: str = "awa", number: str = "", now: datetime = NOW
    ) -> None:
        self.exchange, self.client, self.world, self.who, self.now = exchange, client, world, who, now
        self.number, self.sid = number or world.numbers[who], f"in-{who}-{now:%d%H%M}"
        with exchange.database.writing() as session:
            session.get_one(Channel, world.channel).inbound = Inbound.ANSWER

    def post(self, **fields: str) -> dict[str, object]:
        with time_machine.travel(self.now, tick=False):
            form = {"id": self.sid, "phone": self.number, "direction": "in", **fields}
            answer = self.client.post(f"/hooks/{self.world.token}/call", data=form)
        assert answer.status_code == 200
        found: dict[str, object] = json.loads(answer.data or "{}")
        return found

    def answer(self) -> dict[str, object]:
        """What is heard when the line takes the call."""
        said = self.post(event="ringing")
        with self.exchange.database.reading() as session:
            self.id = session.scalar(select(Call.id).where(Call.external_id == self.sid)) or 0
        return said


def words(answer: dict[str, object]) -> list[str]:
    """What is heard, in order: labels of clips, texts of the synthetic voice."""
    heard: list[str] = []

    def listen(steps: object) -> None:
        assert isinstance(steps, list)
        for step in steps:
            if step["do"] == "play":
                heard.extend(clip["label"] for clip in step["clips"])
            elif step["do"] == "say":
                heard.append(step["text"])
            elif step["do"] == "gather":
                listen(step["prompts"])

    listen(answer["steps"])
    return heard


def last_step(answer: dict[str, object]) -> str:
    steps = answer["steps"]
    assert isinstance(steps, list)
    return str(steps[-1]["do"])


def sending(exchange: Exchange, world: World, key: str, state: BroadcastState = BroadcastState.RUNNING) -> int:
    with exchange.database.writing() as session:
        row = Broadcast(
            title=key,
            content_id=world.contents[key],
            route=Route.VOICE,
            audience={},
            state=state,
            due_at=NOW,
            not_before=NOW,
            expires_at=NOW + timedelta(hours=24),
            phase="after",
            created_at=NOW,
        )
        session.add(row)
        session.flush()
        return row.id


def clip(exchange: Exchange, world: World, variant_id: int, sha256: str, core: float | None = None) -> None:
    with exchange.database.writing() as session:
        session.add(
            Clip(
                variant_id=variant_id,
                sha256=sha256 * (64 // len(sha256)),
                media_type="audio/wav",
                bytes=1,
                seconds=20.0,
                core_end_s=core,
                uploaded_at=NOW,
                approved_by=world.staff["aissata"],
                approved_at=NOW,
            )
        )


def prompt(exchange: Exchange, world: World, label: str, text: str | None, language: str = "fr") -> int:
    with exchange.database.writing() as session:
        content = session.scalar(select(Content).where(Content.key == f"prompt:{label}"))
        if content is None:
            content = Content(key=f"prompt:{label}", kind=ContentKind.PROMPT, title=label)
            session.add(content)
            session.flush()
        variant = Variant(
            content_id=content.id,
            language=language,
            state=VariantState.APPROVED,
            spoken=text,
            options=[],
            written_at=NOW,
            approved_at=NOW,
        )
        session.add(variant)
        session.flush()
        return variant.id
