"""Start real processes of the service, kill them with SIGKILL, and judge what is left by the provider's ledger."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import func, select

from messaging.models import Attempt, Contact, Direction, Message, MessageState
from runtime.database import Database
from tests.faults.network import free_port, wait_for_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120.0
LAST_BYTES = 20_000
FULL = os.environ.get("LAMEN_FAULTS") == "full"
OPEN = (MessageState.SCHEDULED, MessageState.QUEUED, MessageState.SENDING, MessageState.ERRORED)


BACKENDS = ("sqlite", "postgresql") if FULL else ("sqlite",)  # of what takes long: the short form leaves three minutes for all


def scaled(short: int, full: int) -> int:
    """The number of a short run, or of a full one when LAMEN_FAULTS says so."""
    return full if FULL else short


def seed() -> int:
    """From LAMEN_SEED, else drawn; printed, so that a failure can be played again."""
    found = int(os.environ.get("LAMEN_SEED") or int.from_bytes(os.urandom(3)))
    print(f"LAMEN_SEED={found}")
    return found


@dataclass
class Fleet:
    """The processes of one test, on one database. All of them are killed at its end."""

    url: str
    var: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    roots: list[subprocess.Popen[str]] = field(default_factory=list)
    nursery: subprocess.Popen[str] | None = None
    log: IO[bytes] = field(default_factory=TemporaryFile)

    def start(self, role: str) -> int:
        """A sender, worker, clock, or the service `alone`; its process id once it works."""
        if self.nursery is None:
            self.nursery = self._run([sys.executable, "-m", "tests.faults.service"])
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(f"{role}\n")
        self.nursery.stdin.flush()
        word, _, number = self.nursery.stdout.readline().partition(" ")
        assert word == "ready", f"the {role} did not start"
        return int(number)

    def kill(self, number: int) -> None:
        """SIGKILL to what `start` started."""
        os.kill(number, signal.SIGKILL)

    def serve(self, port: int | None = None, factory: str = "tests.faults.service:serve") -> tuple[subprocess.Popen[str], int]:
        """The real web server; returns once it listens."""
        port = port or free_port()
        granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--workers", "1"]
        listen = ["--blocking-threads", "16", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "warning"]
        process = self._run([*granian, *listen, factory])
        wait_for_port(port)
        return process, port

    def kill_server(self, process: subprocess.Popen[str]) -> None:
        """SIGKILL to the server and its children: granian's worker is one."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.roots.remove(process)

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in list(self.roots):
            self.kill_server(process)

    def said(self) -> str:
        """The end of what all these processes wrote on standard error."""
        self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, self.log.tell() - LAST_BYTES))
        return self.log.read().decode(errors="replace")

    def _run(self, command: list[str]) -> subprocess.Popen[str]:
        env = {
            **os.environ,
            "DATABASE_URL": self.url,
            "LAMEN_VAR": str(self.var),
            "LAMEN_SECRET_KEY": "a-secret-for-tests-only",
            "LAMEN_TICK_SECONDS": "0.5",
            "LAMEN_CLOCK_LEASE_SECONDS": "2",
            "LAMEN_MESSAGE_LEASE_SECONDS": "2",
            "LAMEN_LOG_LEVEL": "error",
            **self.settings,
        }
        # A session of its own, so that one kill takes its children too.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )
        self.roots.append(process)
        return process


def wait_until(done: Callable[[], bool], seconds: float = PATIENCE, every: float = 0.1) -> None:
    """Look again and again; TimeoutError when it never comes."""
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
        raise AssertionError(f"still waiting: {states(database)}") from error


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
