"""Fifty calls at once on one core of our own line, and how many voice requests a second the service answers."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import insert, select

from messaging import channels
from messaging.models import Attempt, Call, CallState, Channel, Consent, Contact, Direction, Kind, Purpose
from messaging.voice.webhooks import signature
from runtime.database import Database
from tests import crowd
from tests.bench import connections, receiving, voices
from tests.faults.processes import Fleet
from tests.voice import sounds
from tests.voice.line import ACCOUNT, TOKEN, Process, Script, free_port, listening, wait_until
from tests.world import World, opened

CALLS, SECONDS = 50, 25.0
SPOKEN = 400
KEYS = ("", "0", "1", "0", "2", "1", "0", "5", "1", "0", "1", "0")
"""What a caller presses: hears the menu, the newest message, the themes and one of them, a quiz question and answers it."""
STEPS = len(KEYS)
OURS = "+22320201000"
PUBLIC = "https://lamen.example"


def line(folder: Path) -> dict[str, float]:
    """Fifty telephones call our line, whose process has one core: packets lost on the way, memory a call, share of the core."""
    script, voice = _line(folder)
    try:
        resting = _memory(voice.pid)
        callers = Process(["-m", "tests.bench.callers", str(CALLS), str(SECONDS), f"sip:{OURS}@127.0.0.1:{script.sip}"], folder)
        try:
            up = json.loads(callers.read(240))["up"]
            busy, most = _cpu(voice.pid), resting
            began = time.monotonic()
            while time.monotonic() - began < SECONDS - 5:
                most = max(most, _memory(voice.pid))
                time.sleep(0.5)
            share = (_cpu(voice.pid) - busy) / (time.monotonic() - began)
            found = json.loads(callers.read(240))
        finally:
            callers.end()
        return {
            "calls up": up,
            **{name: float(value) for name, value in found.items()},
            "KiB a call": (most - resting) / max(1, up),
            "share of the core": share,
            "load of the machine": os.getloadavg()[0],
        }
    finally:
        voice.end()
        script.end()


class _Loop(Script):
    """Says a menu again and again."""

    sip = 0


def _line(folder: Path) -> tuple[_Loop, Process]:
    script = _Loop(folder / "clips")
    script.sip, port = free_port(), free_port()
    menu = f"<Play>{script.clip(sounds.keep(folder / 'clips', 'menu', 8.0))}</Play>"
    hook = f"{script.url}/hooks/jeton/call"
    gather = f'<Gather action="{hook}" timeout="2" numDigits="1" finishOnKey="" actionOnEmptyResult="true">{menu}</Gather>'
    again = f"<Response>{gather}</Response>"
    script.answers = {"/hooks/jeton/call": lambda form: again}
    settings = {"var": str(folder / "var"), "public_url": script.url, "voice_port": port, "sip_port": script.sip}
    channel = {"channel_id": 1, "number": OURS, "account_sid": ACCOUNT, "auth_token": TOKEN, "hooks": f"{script.url}/hooks/jeton"}
    asked = {"settings": {**settings, "voice_calls": 2 * CALLS, "log_level": "warning"}, "channel": channel}
    voice = Process(["-m", "tests.voice.answering", json.dumps(asked)], folder / "tmp")
    wait_until(lambda: listening(port), "the voice process")
    core = {sorted(os.sched_getaffinity(0))[0]}
    for thread in Path(f"/proc/{voice.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), core)  # those started later inherit it
    return script, voice


def _memory(pid: int) -> float:
    """Resident KiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def _cpu(pid: int) -> float:
    """Seconds of processor used so far."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def steps(database: Database, fleet: Fleet, world: World, folder: Path) -> list[tuple[str, float]]:
    """(what, a second): voice requests signed, taken, judged, written, answered with TwiML; the bare floor.

    By one process as `make run` has it, and by one for each core as a server of a country would.
    """
    hooks, attempts = _calls(database, world)
    fleet.settings = {"LAMEN_RUN_CLOCK": "false", "LAMEN_PUBLIC_URL": PUBLIC}
    found, share = [], len(attempts) // 2
    for workers, some in ((1, attempts[:share]), (os.cpu_count() or 1, attempts[share:])):
        server, port = fleet.serve(factory="wsgi:serve", workers=workers)
        found.append((f"voice requests answered, processes: {workers}", _spoken(port, hooks, some)))
        fleet.kill_server(server)
    forms = [{"text": "x" * 200}] * (SPOKEN * STEPS)
    bare_floor = receiving.floor(database, fleet, folder, forms)
    return [*found, ("bare Flask, one row a request", len(forms) / bare_floor)]


def _calls(database: Database, world: World) -> tuple[str, list[str]]:
    now = datetime.now(UTC)
    voices.approve(database, world, now)
    voices.send(database, now)
    numbers = crowd.gather(database, world, SPOKEN, now)
    with database.writing() as session:
        opened(session)
        given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": "http://127.0.0.1:1"}
        channel: Channel = channels.add(session, "ligne", "twilio", OURS, given, now, kinds=(channels.VOICE,))
        people = list(session.scalars(select(Contact.id).order_by(Contact.id.desc()).limit(len(numbers))))
        shared = {"direction": Direction.OUT, "channel_id": channel.id, "kind": Kind.REPLY, "state": CallState.DIALLING}
        times = {"not_before": now, "dialling_at": now, "created_at": now, "attempts": 1}
        session.execute(insert(Call), [{"contact_id": one, **shared, **times} for one in people])
        ids = list(session.scalars(select(Call.id).where(Call.channel_id == channel.id)))
        tried = {"channel_id": channel.id, "number": 1, "started_at": now}
        session.execute(insert(Attempt), [{"id": f"attempt-{one}", "call_id": one, **tried} for one in ids])
        agreed = {"purpose": Purpose.CALL, "via": "list", "script_version": "1", "given_at": now}
        session.execute(insert(Consent), [{"contact_id": one, **agreed} for one in people])
        return f"/hooks/{channel.token}/call", [f"attempt-{one}" for one in ids]


def _spoken(port: int, hooks: str, attempts: list[str]) -> float:
    talks = [[_step(hooks, attempt, turn) for turn in range(STEPS)] for attempt in attempts]
    return len(attempts) * STEPS / connections.send(port, talks, b"<Gather")


def _step(hooks: str, attempt: str, turn: int) -> bytes:
    path = f"{hooks}?{urlencode({'ref': attempt, **({'turn': turn} if turn else {})})}"
    form = {"AccountSid": ACCOUNT, "CallSid": f"CA{attempt}", "CallStatus": "in-progress", "From": OURS, "To": "+22376000001"}
    form |= {"Direction": "outbound-api", **({"Digits": KEYS[turn], "FinishedOnKey": ""} if turn else {})}
    return connections.written(path, form, X_Twilio_Signature=signature(TOKEN, PUBLIC + path, form))
