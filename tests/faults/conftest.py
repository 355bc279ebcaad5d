"""What the fault tests share: keys in a file, for processes of their own, a crowd, the provider, a fleet of processes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime import crypto
from runtime.database import Database
from runtime.settings import Settings
from tests import world as small
from tests.faults import network, processes


@pytest.fixture
def var(settings: Settings) -> Path:
    """The folder of an installation whose keys lie in a file that every process reads."""
    crypto.use(crypto.load_keys(settings.key_path))
    return settings.var


@pytest.fixture
def now() -> datetime:
    """The real time: these processes are real."""
    return datetime.now(UTC)


@pytest.fixture
def world(var: Path, database: Database, now: datetime) -> small.World:
    """The small world, sealed with the keys of `var`."""
    return small.build(database, now)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tell something measured, in words; shown at the end of every run."""
    return lambda words: record_property("figure", words)


@pytest.fixture
def seed(figure: Callable[[str], None]) -> int:
    """The seed of everything drawn in this test; always told, so that a failure can be played again."""
    found = processes.seed()
    figure(f"LAMEN_SEED={found}")
    return found


@pytest.fixture
def provider(seed: int) -> Iterator[network.Provider]:
    """The pretended provider, never killed."""
    with network.provider(seed) as found:
        yield found


@pytest.fixture(scope="session")
def nursery(compiled: Path) -> Iterator[processes.Nursery]:
    """Where processes of the service are forked, for all tests of this session."""
    found = processes.Nursery(compiled)
    yield found
    found.end()


@pytest.fixture
def fleet(
    database: Database, database_url: str, var: Path, nursery: processes.Nursery, tmp_path: Path
) -> Iterator[processes.Fleet]:
    """Processes on this test's database, killed at its end, before the database is emptied."""
    log = tmp_path / "fleet.log"
    log.touch()
    found = processes.Fleet(database_url, var, log, nursery)
    yield found
    died = found.died()
    found.end()
    print(log.read_text(errors="replace")[-processes.LAST :])  # pytest shows it when the test has failed
    assert not died, "a process of the service ended by itself"
