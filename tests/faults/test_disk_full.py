"""F7: the disk full. What cannot be stored gets 503, never a false 2xx; nothing is lost; all is well once there is room again.

Full in two ways: a small file system of its own, where the rights to mount one are there, and everywhere a limit put on the
running server, under which no file may grow.
"""

import json
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from runtime.database import Database
from runtime.installation import advance
from runtime.settings import Settings
from tests import crowd
from tests.faults import phones
from tests.faults.network import Provider
from tests.faults.processes import Fleet, family, judge, scaled, states, wait_until
from tests.world import World

pytestmark = [pytest.mark.faults, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

IN_FLIGHT = 8
MEGABYTES = scaled(16, 64)
BACK_SECONDS = 30


@pytest.fixture(params=["tmpfs", "limit"])
def full_by(request: pytest.FixtureRequest) -> str:
    """How the disk gets full."""
    return str(request.param)


@pytest.fixture
def disk(full_by: str, tmp_path: Path) -> Iterator[Path]:
    """The folder where everything of the installation lies."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if full_by == "limit":
        yield folder
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system here: the limit alone fills the disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def database_url(disk: Path, sqlite_template: Path) -> str:
    """The database lies on the disk that gets full."""
    shutil.copy(sqlite_template, disk / "lamen.db")
    return f"sqlite:///{disk}/lamen.db"


@pytest.fixture
def settings(database_url: str, disk: Path) -> Settings:
    """So does everything else that the service writes."""
    return Settings(database_url=database_url, var=disk, run_clock=False, secret_key="a-secret-for-tests-only")


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    yield
    filler.unlink()


@contextmanager
def _limited(server: int) -> Iterator[None]:
    processes = family(server)
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_on_a_full_disk_nothing_is_answered_2xx_without_being_stored_and_nothing_is_lost(
    database: Database,
    world: World,
    provider: Provider,
    fleet: Fleet,
    full_by: str,
    disk: Path,
    now: datetime,
    figure: Callable[[str], None],
) -> None:
    count = scaled(150, 3000)
    numbers = list(crowd.gather(database, world, count, now))
    crowd.channel(database, world, IN_FLIGHT, json.dumps({"network": provider.url}))
    provider.change(seconds=0.3)
    crowd.broadcast(database, world, now)
    server, port = fleet.serve()
    # Senders of words are never answered: what the provider takes is the broadcast alone.
    with phones.Phones(port, world.token, sender=lambda place: f"INFO{place}") as people:
        people.write_more(8)
        wait_until(lambda: sum(provider.taken().values()) > IN_FLIGHT)
        with _filled(disk) if full_by == "tmpfs" else _limited(server.pid):
            wait_until(lambda: people.answers[503] >= 5)
        began = time.monotonic()
        people.write_more(8)
        back = time.monotonic() - began
    figure(f"taken again {back:.1f} s after there was room, answers {dict(people.answers)}")
    assert set(people.answers) <= {200, 202, 503}
    phones.judge(database, fleet, people)
    provider.change(seconds=0.0)

    def over() -> bool:
        with database.writing() as session:
            advance(session, timedelta(seconds=61))
        found = states(database)
        return sum(found.values()) >= count and not found["queued"] + found["sending"] + found["errored"] + found["scheduled"]

    wait_until(over, every=1.0)
    judge(database, provider.taken(), numbers, at_most_unknown=IN_FLIGHT)
    if scaled(0, 1):
        assert back <= BACK_SECONDS
