"""Work to do soon, outside the transaction that asked for it: by name and row id, in this process.

The truth is always in our rows; a nudge only says "there is work", so that a lost or doubled one loses or doubles nothing.
`runtime.jobs.Distributed` is the same seam over PostgreSQL, for many processes and machines.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)

Run = Callable[[int], None]
Nudge = tuple[str, int]
MOST_ROUNDS = 100_000  # far above any test's work: two works that nudge each other for ever must not hang


class WorkError(Exception):
    """A name nobody registered, or work that never ends."""


class WorkEngine(Protocol):
    """Who runs what is to be done soon."""

    def register(self, name: str, run: Run) -> None:
        """Say what `name` does; `run` gets the id of its subject and opens its own transactions."""
        ...

    def nudge(self, session: Session, name: str, subject: int = 0) -> None:
        """Run `name` for `subject` soon after `session` commits; lost on rollback, once when asked twice."""
        ...

    def start(self) -> None:
        """Begin to run what is nudged, in the background."""
        ...

    def stop(self) -> None:
        """Finish what is running, begin nothing more."""
        ...


def after_commit(session: Session, nudge: Nudge, deliver: Callable[[Nudge], None]) -> None:
    """Call `deliver(nudge)` once `session`'s outermost transaction has committed; asked twice, once."""
    waiting: dict[Nudge, None] | None = session.info.get("nudges")
    if waiting is not None:
        waiting[nudge] = None
        return
    waiting = session.info["nudges"] = {nudge: None}

    def committed(session: Session) -> None:
        if session.in_nested_transaction():
            return  # a savepoint's end is not yet a commit
        found = list(waiting)
        waiting.clear()
        for one in found:
            deliver(one)

    event.listen(session, "after_commit", committed)


class Immediate:
    """Collects nudges and runs them when `run_all` is called: for tests and for `tick`."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._waiting: dict[Nudge, None] = {}
        self._lock = threading.Lock()

    def register(self, name: str, run: Run) -> None:
        self._runs[name] = run

    def nudge(self, session: Session, name: str, subject: int = 0) -> None:
        after_commit(session, (name, subject), self._add)

    def _add(self, nudge: Nudge) -> None:
        with self._lock:
            self._waiting[nudge] = None

    @property
    def waiting(self) -> list[Nudge]:
        """What was nudged and not yet run, oldest first."""
        return list(self._waiting)

    def run_all(self) -> int:
        """Run everything, and what that nudges in turn; how many ran. Errors come through."""
        ran, last = 0, self.run_next()
        while last is not None:
            ran += 1
            if ran > MOST_ROUNDS:
                raise WorkError(f"work that never ends, last {last}")
            last = self.run_next()
        return ran

    def run_next(self) -> str | None:
        """Run what was nudged first and leave what that nudges; its name, None when nothing waits."""
        nudge = self._take()
        if nudge is None:
            return None
        run = self._runs.get(nudge[0])
        if run is None:
            raise WorkError(f"nobody registered {nudge[0]}")
        run(nudge[1])
        return nudge[0]

    def _take(self) -> Nudge | None:
        with self._lock:
            first = next(iter(self._waiting), None)
            if first is not None:
                del self._waiting[first]
            return first

    def start(self) -> None:
        """Nothing runs in the background."""

    def stop(self) -> None:
        """Nothing runs in the background."""


class Inline:
    """Threads inside this process. The same nudge never runs twice at once; one that comes meanwhile runs afterwards."""

    def __init__(self, threads: int = 4) -> None:
        self._runs: dict[str, Run] = {}
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._ready = threading.Condition()
        self._queue: deque[Nudge] = deque()
        self._queued: set[Nudge] = set()
        self._running: set[Nudge] = set()
        self._again: set[Nudge] = set()
        self._stopping = False

    def register(self, name: str, run: Run) -> None:
        self._runs[name] = run

    def nudge(self, session: Session, name: str, subject: int = 0) -> None:
        after_commit(session, (name, subject), self._add)

    def _add(self, nudge: Nudge) -> None:
        with self._ready:
            if nudge in self._running:
                self._again.add(nudge)
            elif nudge not in self._queued:
                self._queued.add(nudge)
                self._queue.append(nudge)
                self._ready.notify()

    def start(self) -> None:
        with self._ready:
            if self._threads:
                return
            self._stopping = False
            self._threads = [threading.Thread(target=self._serve, name=f"work-{n}", daemon=True) for n in range(self._count)]
        for thread in self._threads:
            thread.start()

    def stop(self, wait_seconds: float = 20.0) -> None:
        """As the protocol says; a thread still busy after `wait_seconds` is left to the leases."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(wait_seconds)

    def _serve(self) -> None:
        while (nudge := self._take()) is not None:
            self._run(nudge)
            with self._ready:
                self._running.discard(nudge)
                repeat = nudge in self._again
                self._again.discard(nudge)
            if repeat:
                self._add(nudge)

    def _take(self) -> Nudge | None:
        with self._ready:
            while not self._queue and not self._stopping:
                self._ready.wait()
            if self._stopping:
                return None
            nudge = self._queue.popleft()
            self._queued.discard(nudge)
            self._running.add(nudge)
            return nudge

    def _run(self, nudge: Nudge) -> None:
        name, subject = nudge
        run = self._runs.get(name)
        if run is None:
            log.error("work.unknown", work=name, subject=subject)
            return
        try:
            run(subject)
        except Exception:  # the thread must live: the clock's sweep nudges again whatever was left
            log.exception("work.failed", work=name, subject=subject)
