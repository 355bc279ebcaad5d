"""The line on Asterisk, against a pretended one: it connects by FastAGI, answers commands, and tells by ARI how calls go."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web

from messaging.voice import sound
from messaging.voice.asterisk import Asterisk
from messaging.voice.errors import Gone
from messaging.voice.legs import Answered, Busy, Dialled, End, Failed, Keys, Leg, NoAnswer, Recorded
from tests.voice.line import free_port

PATIENCE = 20.0
SECOND = bytes(sound.BYTES_A_SECOND)


@dataclass
class Pretended:
    """Asterisk: `answers` are what it says to commands, by their first words; an outgoing call ends as `cause` says."""

    agi: int
    ari: int
    answers: dict[str, list[str]] = field(default_factory=dict)
    cause: int | None = None  # None: answered
    asked: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    events: asyncio.Queue[dict[str, object]] = field(default_factory=asyncio.Queue)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def channel(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == encode_basic_auth("lamen", "secret")
        body, call = await request.json(), request.match_info["id"]
        self.asked.append(f"{body['endpoint']} {body['callerId']} {body['timeout']} {body['context']}")
        assert body["variables"] == {"LAMEN_CALL": call}
        channel = {"id": call, "state": "Ringing"}
        self.events.put_nowait({"type": "ChannelStateChange", "channel": channel})
        if self.cause is None:
            self.tasks.append(asyncio.ensure_future(self.connect(call)))
        elif self.cause >= 0:
            self.events.put_nowait({"type": "ChannelDestroyed", "channel": channel, "cause": self.cause})
        return web.json_response(channel)

    async def delete(self, request: web.Request) -> web.Response:
        self.deleted.append(request.match_info["id"])
        return web.Response(status=204)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        assert (request.query["app"], request.query["subscribeAll"]) == ("lamen", "true")
        found = web.WebSocketResponse()
        await found.prepare(request)
        while True:
            await found.send_str(json.dumps(await self.events.get()))

    async def connect(self, script: str) -> None:
        """A call reaches its AGI command."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.agi)
        given = {"network_script": script, "callerid": "+22376000001", "dnid": "+22320201000", "extension": "s"}
        writer.write(("".join(f"agi_{name}: {value}\n" for name, value in given.items()) + "\n").encode())
        while line := (await reader.readline()).decode().strip():
            self.commands.append(line)
            found = next((said for start, said in self.answers.items() if line.startswith(start)), ["200 result=0"])
            said = found.pop(0) if len(found) > 1 else found[0]
            if said == "cut":
                break
            writer.write(f"{said}\n".encode())
        writer.close()


@asynccontextmanager
async def _line(pretended: Pretended, on_call: Callable[[Leg], Awaitable[None]]) -> AsyncIterator[Asterisk]:
    app = web.Application()
    app.add_routes([web.post("/ari/channels/{id}", pretended.channel), web.delete("/ari/channels/{id}", pretended.delete)])
    app.add_routes([web.get("/ari/events", pretended.socket)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", pretended.ari).start()
    line = Asterisk(pretended.agi, f"http://127.0.0.1:{pretended.ari}/ari", "lamen", "secret", "PJSIP/{number}@trunk")
    await line.start(on_call, lambda: None)
    await asyncio.wait_for(line._connected.wait(), PATIENCE)
    try:
        yield line
    finally:
        await line.stop()
        for task in pretended.tasks:
            task.cancel()
        await runner.cleanup()


def called(answers: dict[str, list[str]], work: Callable[[Leg], Awaitable[object]]) -> tuple[list[object], list[str]]:
    """Somebody calls, `work` is done on that leg: what it gave, and the commands Asterisk saw."""
    pretended, given = Pretended(free_port(), free_port(), answers), list[object]()

    async def run() -> None:
        done = asyncio.Event()

        async def on_call(leg: Leg) -> None:
            try:
                assert (leg.caller, leg.called) == ("+22376000001", "+22320201000")
                given.append(await work(leg))
            except Gone as error:
                given.append(error)
            finally:
                done.set()

        async with _line(pretended, on_call):
            pretended.tasks.append(asyncio.ensure_future(pretended.connect("in")))
            await asyncio.wait_for(done.wait(), PATIENCE)

    asyncio.run(run())
    return given, pretended.commands


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    for name in ("one", "two"):
        sound.write(tmp_path / f"{name}.wav", SECOND * 2)
    return [tmp_path / "one.wav", tmp_path / "two.wav"]


def test_clips_are_said_one_after_the_other_and_keys_change_nothing(clips: list[Path]) -> None:
    async def work(leg: Leg) -> float:
        await leg.answer()
        await leg.play(clips)
        await leg.hangup()
        return leg.heard

    given, commands = called({}, work)
    assert given == [4.0]
    where = clips[0].parent
    assert commands == ["ANSWER", f'STREAM FILE "{where}/one" ""', f'STREAM FILE "{where}/two" ""', "HANGUP"]


@pytest.mark.parametrize(
    ("answers", "digits", "finish", "keys", "heard"),
    [
        pytest.param({"STREAM": ["200 result=0", "200 result=50 endpos=8000"]}, 1, "", Keys("2"), 3.0, id="a key cuts a clip"),
        pytest.param({"WAIT": ["200 result=42"]}, 1, "", Keys("*"), 4.0, id="a star is a key"),
        pytest.param(
            {"WAIT": ["200 result=49", "200 result=56", "200 result=35"]}, 0, "#", Keys("18", "#"), 4.0, id="ended by a key"
        ),
        pytest.param({"WAIT": ["200 result=49", "200 result=0"]}, 0, "#", Keys("1"), 4.0, id="ended by a silence"),
        pytest.param({"WAIT": ["200 result=0"]}, 1, "", Keys(""), 4.0, id="nothing pressed"),
    ],
)
def test_keys_are_collected(
    clips: list[Path], answers: dict[str, list[str]], digits: int, finish: str, keys: Keys, heard: float
) -> None:
    async def work(leg: Leg) -> tuple[Keys, float]:
        return await leg.gather(clips, digits, finish, 7, 4), leg.heard

    given, commands = called(answers, work)
    assert given == [(keys, heard)]
    waits = [command for command in commands if command.startswith("WAIT")]
    assert waits == [f"WAIT FOR DIGIT {4000 if place or answers.get('STREAM') else 7000}" for place in range(len(waits))]


@pytest.mark.parametrize(
    ("said", "seconds", "recorded"),
    [
        pytest.param("200 result=35 (dtmf) endpos=16000", 2, Recorded(2.0, End.KEY, "#"), id="a key"),
        pytest.param("200 result=0 (timeout) endpos=16000", 2, Recorded(2.0, End.SILENCE), id="silence"),
        pytest.param("200 result=0 (timeout) endpos=80000", 10, Recorded(10.0, End.FULL), id="full"),
        pytest.param("200 result=-1 (hangup) endpos=16000", 2, Recorded(2.0, End.HANGUP), id="hung up"),
        pytest.param("cut", 0, Recorded(0.0, End.HANGUP), id="the connection breaks"),
    ],
)
def test_a_recording_is_what_asterisk_wrote(tmp_path: Path, said: str, seconds: int, recorded: Recorded) -> None:
    if seconds:
        sound.write(tmp_path / "CA1-1.wav", SECOND * seconds)
    given, commands = called({"RECORD": [said]}, lambda leg: leg.record(tmp_path / "CA1-1.part", 10, 4, "#"))
    assert given == [recorded]
    assert commands == [f'RECORD FILE "{tmp_path}/CA1-1" wav "#" 10000 s=4']
    assert (tmp_path / "CA1-1.part").exists() is bool(seconds)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("200 result=-1", id="a result below nothing"),
        pytest.param("511 Command Not Permitted on a dead channel", id="a dead channel"),
        pytest.param("cut", id="a connection that breaks"),
    ],
)
def test_a_hang_up_is_known_by_the_next_command(clips: list[Path], said: str) -> None:
    given, _ = called({"STREAM": [said]}, lambda leg: leg.play(clips))
    assert isinstance(given[0], Gone)


def test_a_notice_of_a_hang_up_is_no_answer(clips: list[Path]) -> None:
    async def work(leg: Leg) -> Keys:
        return await leg.gather([], 1, "", 7, 4)

    given, _ = called({"WAIT": ["HANGUP\n200 result=50"]}, work)
    assert given == [Keys("2")]


@pytest.mark.parametrize(("busy", "cause"), [pytest.param(True, 17, id="as busy"), pytest.param(False, 21, id="as refused")])
def test_a_call_is_refused_without_being_answered(busy: bool, cause: int) -> None:
    assert called({}, lambda leg: leg.reject(busy))[1] == [f"EXEC Hangup {cause}"]


def dialled(cause: int | None, timeout_s: float = 30, patience: float = PATIENCE) -> tuple[Dialled | None, Pretended, int]:
    """What became of a call, None where it was taken back; Asterisk; how often it rang."""
    pretended, rang = Pretended(free_port(), free_port(), cause=cause), list[int]()

    async def nobody(leg: Leg) -> None:
        raise AssertionError("an outgoing call came as an incoming one")

    async def run() -> Dialled | None:
        async with _line(pretended, nobody) as line:
            try:
                return await asyncio.wait_for(
                    line.originate("+22376000002", "+22320201000", timeout_s, lambda: rang.append(1)), patience
                )
            except TimeoutError:
                return None

    return asyncio.run(run()), pretended, len(rang)


@pytest.mark.parametrize(
    ("cause", "found"),
    [
        pytest.param(17, Busy("486"), id="busy"),
        pytest.param(21, Busy("603"), id="refused by the person"),
        pytest.param(19, NoAnswer("480"), id="no answer"),
        pytest.param(18, NoAnswer("408"), id="no reply"),
        pytest.param(1, Failed("404"), id="no such number"),
        pytest.param(38, Failed(""), id="network out of order"),
    ],
)
def test_what_became_of_a_call_is_told_by_its_cause(cause: int, found: Dialled) -> None:
    assert dialled(cause)[0] == found


def test_an_answered_call_comes_by_agi_under_the_id_it_was_given() -> None:
    found, pretended, rang = dialled(None)
    assert isinstance(found, Answered)
    assert rang == 1
    assert pretended.asked == ["PJSIP/+22376000002@trunk +22320201000 30 lamen-out"]


def test_a_call_that_is_taken_back_is_hung_up() -> None:
    found, pretended, _ = dialled(-1, patience=0.5)
    assert found is None
    assert len(pretended.deleted) == 1


def test_nobody_is_called_while_asterisk_is_away() -> None:
    async def run() -> Dialled:
        line = Asterisk(free_port(), f"http://127.0.0.1:{free_port()}/ari", "lamen", "secret", "{number}")
        return await line.originate("+22376000002", "+22320201000", 5, lambda: None)

    assert asyncio.run(run()) == Failed()
