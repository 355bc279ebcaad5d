"""Work for many processes and machines: Procrastinate, whose queue lives in our own PostgreSQL.

A job is deferred on the caller's own connection, so that it commits or vanishes with the rows it is about. A worker killed in
mid-job leaves it "doing" for ever unless the clock sweeps: nothing in the library does.
"""

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from runtime.database import Database
from runtime.work import Nudge, Run, WorkError

if TYPE_CHECKING:
    from procrastinate import App

log = structlog.get_logger(__name__)

QUEUE = "lamen"
TABLE = "procrastinate_jobs"
STALLED_SECONDS = 30.0
STOP_SECONDS = 0.5  # how often a worker looks whether it is to end


class Distributed:
    """The engine of `web` and `clock`, which only ask, and of `worker`, which runs."""

    def __init__(self, database: Database) -> None:
        if database.sqlite:
            raise WorkError("procrastinate needs PostgreSQL: set DATABASE_URL, or the work engine to inline")
        self.database = database
        self._conninfo = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._runs: dict[str, Run] = {}
        self._app = _app()
        self._task = self._app.task(name="work", queue=QUEUE)(self._do)

    def register(self, name: str, run: Run) -> None:
        self._runs[name] = run

    def nudge(self, session: Session, name: str, subject: int = 0) -> None:
        asked: set[Nudge] = session.info.setdefault("jobs", set())
        if (name, subject) in asked:
            return
        asked.add((name, subject))
        connection = session.connection().connection.driver_connection
        self._task.configure(connection=connection).defer(name=name, subject=subject)

    def start(self) -> None:
        """Nothing here: workers are processes of their own."""

    def stop(self) -> None:
        """Nothing here."""

    def _do(self, name: str, subject: int) -> None:
        run = self._runs.get(name)
        if run is None:
            raise WorkError(f"nobody registered {name}")
        run(subject)

    def work(self, concurrency: int = 4, *, until_empty: bool = False, stopping: threading.Event | None = None) -> None:
        """Run jobs in this process, `concurrency` at once, until it is told to end (or, for tests, until none is left)."""
        asyncio.run(_serve(self._connected(), concurrency, wait=not until_empty, stopping=stopping or threading.Event()))

    def sweep(self) -> int:
        """Bring back the jobs of workers that died; how many."""
        return asyncio.run(_retry_stalled(self._connected()))

    def _connected(self) -> "App":
        from procrastinate import PsycopgConnector

        return self._app.with_connector(PsycopgConnector(conninfo=self._conninfo))

    def waiting(self, session: Session) -> int:
        """How many jobs wait for a worker."""
        return int(session.scalar(text(f"SELECT count(*) FROM {TABLE} WHERE status = 'todo'")) or 0)  # noqa: S608


def _app() -> "App":
    # Imported here: a laptop on SQLite never needs it, and it is a quarter of a second of every start.
    from procrastinate import App, SyncPsycopgConnector

    return App(connector=SyncPsycopgConnector())


async def _serve(app: "App", concurrency: int, wait: bool, stopping: threading.Event) -> None:
    async with app.open_async():
        # Our own handlers set `stopping`: the library's would be the first thing a sender under way never hears of.
        run = app.run_worker_async(
            queues=[QUEUE], concurrency=concurrency, wait=wait, delete_jobs="always", install_signal_handlers=False
        )
        worker = asyncio.create_task(run)
        while not worker.done() and not stopping.is_set():
            await asyncio.wait((worker,), timeout=STOP_SECONDS)
        worker.cancel()  # it lets jobs under way finish first
        with suppress(asyncio.CancelledError):
            await worker


async def _retry_stalled(app: "App") -> int:
    async with app.open_async():
        stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS))
        for job in stalled:
            await app.job_manager.retry_job(job)
            log.warning("work.stalled", job=job.id)
    return len(stalled)


def prepare(database: Database) -> bool:
    """Lay the queue's own tables if they are not there; whether they were laid now."""
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7061)"))  # two releases at once lay them once
        if connection.scalar(text("SELECT to_regclass(:table)"), {"table": TABLE}) is not None:
            return False
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(_app().schema_manager.get_schema())
    return True
