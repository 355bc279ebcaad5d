"""Start real processes of the service, kill them with SIGKILL, and judge what is left by the provider's ledger."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select as readable

from sqlalchemy import func, select

from messaging.models import Attempt, Channel, Contact, Direction, Message, MessageState
from runtime.clock import jumped
from runtime.database import Database
from tests.faults.network import free_port, wait_for_port

ROOT = Path(__file__).parent.parent.parent
LAST = 6_000
SECRET = "a-secret-for-tests-only"
FULL = os.environ.get("LAMEN_FAULTS") == "full"
PATIENCE = 1800.0 if FULL else 240.0
OPEN = (MessageState.SCHEDULED, MessageState.QUEUED, MessageState.SENDING, MessageState.ERRORED)

# Of what takes long, because the short form leaves three minutes for all: the database where the case is the harder one.
FILES = ("sqlite", "postgresql") if FULL else ("sqlite",)
SERVERS = ("sqlite", "postgresql") if FULL else ("postgresql",)


def scaled(short: int, full: int) -> int:
    """The number of a short run, or of a full one when LAMEN_FAULTS says so."""
    return full if FULL else short


def seed() -> int:
    """From LAMEN_SEED, else drawn."""
    return int(os.environ.get("LAMEN_SEED") or int.from_bytes(os.urandom(3)))


class Nursery:
    """A process that has loaded and made the application, and forks a process of the service when asked: a moment each."""

    def __init__(self, folder: Path) -> None:
        env = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/none.db", "LAMEN_VAR": str(folder), "LAMEN_SECRET_KEY": SECRET}
        command = [sys.executable, "-m", "tests.faults.service"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def start(self, role: str, env: Mapping[str, str], log: Path) -> int:
        """Fork one process; its id once it works."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"role": role, "env": dict(env), "log": str(log)}) + "\n")
        self._process.stdin.flush()
        word, _, number = self._process.stdout.readline().partition(" ")
        assert word == "ready", f"the {role} did not start: {log.read_text()[-LAST:]}"
        return int(number)

    def end(self) -> None:
        """Kill it and whatever it forked."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dataclass
class Fleet:
    """The processes of one test, on one database. All of them are killed at its end; what they said lies in `log`."""

    url: str
    var: Path
    log: Path = Path(os.devnull)
    nursery: Nursery | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    children: dict[int, int] = field(default_factory=dict)
    """Process id to its handle, which no other process can inherit."""

    def start(self, role: str) -> int:
        """A sender, worker, clock, or the service `alone`; its process id once it works."""
        assert self.nursery is not None
        number = self.nursery.start(role, self._env(), self.log)
        self.children[number] = os.pidfd_open(number)
        return number

    def kill(self, number: int) -> None:
        """SIGKILL to what `start` started; returns once it is dead."""
        handle = self.children.pop(number)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        readable([handle], [], [], PATIENCE)
        os.close(handle)

    def died(self) -> list[int]:
        """The processes that ended although nobody killed them."""
        return [number for number, handle in self.children.items() if readable([handle], [], [], 0)[0]]

    def serve(
        self, port: int | None = None, factory: str = "tests.faults.service:serve", workers: int = 1
    ) -> tuple[subprocess.Popen[bytes], int]:
        """The real web server; returns once it listens."""
        port = port or free_port()
        granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--workers", str(workers)]
        listen = ["--blocking-threads", "16", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "warning"]
        with self.log.open("ab") as log:
            # A session of its own, so that one kill takes its children too.
            process = subprocess.Popen(
                [*granian, *listen, factory], cwd=ROOT, env=self._env(), stdout=log, stderr=log, start_new_session=True
            )
        self.servers.append(process)
        wait_for_port(port)
        return process, port

    def kill_server(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL to the server and its children: granian's worker is one."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.servers.remove(process)

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in list(self.servers):
            self.kill_server(process)
        for number in list(self.children):
            self.kill(number)

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "LAMEN_VAR": str(self.var),
            "LAMEN_SECRET_KEY": SECRET,
            "LAMEN_TICK_SECONDS": "0.5",
            "LAMEN_CLOCK_LEASE_SECONDS": "2",
            "LAMEN_MESSAGE_LEASE_SECONDS": "2",
            "LAMEN_LOG_LEVEL": "error",
            "LAMEN_BACKUP_MINUTES": "0",  # these processes live for seconds
            **self.settings,
        }


def family(process: int) -> list[int]:
    """A process and all that it started, by id."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(one for child in children for one in family(int(child)))]


def wait_until(done: Callable[[], bool], seconds: float = PATIENCE, every: float = 0.1) -> None:
    """Look again and again; TimeoutError when it never comes. Patience only bounds a hang: a busy machine may be slow."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise TimeoutError("it never came")
        time.sleep(every)


def states(database: Database) -> Counter[str]:
    """Outgoing messages by state."""
    with database.reading() as session:
        rows = select(Message.state, func.count()).where(Message.direction == Direction.OUT).group_by(Message.state)
        return Counter({state.value: count for state, count in session.execute(rows)})


def open_rows(database: Database) -> int:
    """Outgoing messages that still wait for somebody."""
    found = states(database)
    return sum(found[state.value] for state in OPEN)


def numbers_in(database: Database, *wanted: MessageState) -> set[str]:
    """The numbers whose outgoing message stands in one of these states."""
    with database.reading() as session:
        rows = select(Contact.number).join(Message).where(Message.direction == Direction.OUT, Message.state.in_(wanted))
        return {number for number in session.scalars(rows) if number}


def attempts(database: Database) -> set[str]:
    """The ids of every attempt that was committed."""
    with database.reading() as session:
        return set(session.scalars(select(Attempt.id)))


def wait_for_all(database: Database, count: int, seconds: float = PATIENCE) -> None:
    """Return once so many messages stand and none of them waits; else say how they stand."""
    try:
        wait_until(lambda: sum(states(database).values()) == count and open_rows(database) == 0, seconds)
    except TimeoutError as error:
        with database.reading() as session:
            rests = [(row.breaker_until, row.breaker_step, row.misses_in_row) for row in session.scalars(select(Channel))]
            ends = Counter(session.execute(select(Attempt.outcome, Attempt.error_code)).all())
            told = f"breaker {rests}, attempts {ends}, wall clock jumped: {jumped(session)}"
        raise AssertionError(f"still waiting: {states(database)}, {told}") from error


def judge(database: Database, taken: Counter[str], numbers: list[str], at_most_unknown: int) -> None:
    """Section 1's promises: nothing lost, nothing sent twice by itself, what nobody knows listed as unknown."""
    found = states(database)
    assert sum(found.values()) == len(numbers), f"rows vanished: {found}"
    assert not [number for number, times in taken.items() if times > 1], "sent twice"
    accepted = numbers_in(database, MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)
    assert accepted <= set(taken), "shown as sent, never taken"
    unknown = numbers_in(database, MessageState.UNKNOWN)
    assert set(taken) - accepted <= unknown, "taken, and shown as something else than sent or unknown"
    assert len(unknown) <= at_most_unknown, f"{len(unknown)} unknown"
    refused = numbers_in(database, MessageState.FAILED, *OPEN)
    assert set(numbers) == accepted | unknown | refused, "neither accepted there nor in a visible state"
