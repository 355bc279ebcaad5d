"""A whole installation to look at in a browser: the demonstration, served by the real web server from a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.credentials import add_staff, make_link
from console.staff import RoleName, Staff
from runtime import crypto
from runtime.database import Database
from tests.faults.network import free_port
from tests.faults.processes import ROOT, Fleet

CHROMIUM = Path("/usr/bin/chromium")
# The pretended microphone beeps once a second, and nobody is asked for leave.
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
LAUNCH = {"executable_path": str(CHROMIUM), "args": ["--no-sandbox", "--disable-dev-shm-usage", *MICROPHONE]}


@dataclass
class House:
    """The running installation; `url` without a final slash."""

    folder: Path
    url: str
    database: Database
    env: dict[str, str]

    def command(self, *words: str) -> str:
        """What a command of `flask --app wsgi` prints."""
        flask = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        done = subprocess.run(flask, cwd=ROOT, env={**os.environ, **self.env}, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def link(self, *roles: RoleName, name: str = "") -> str:
        """The address of a sign-in link of somebody with these roles, who is added if nobody has that name."""
        crypto.use(crypto.load_keys(self.folder / "keys.json"))
        wall, name = datetime.now(UTC), name or "-".join(sorted(roles))[:40]
        with self.database.writing() as session:
            person = session.query(Staff).filter_by(username=name).one_or_none()
            person = person or add_staff(session, name, name.capitalize(), set(roles), wall)
            session.flush()
            return f"{self.url}/entrer/{make_link(session, person, wall)}"


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """Begin an installation in this folder, with its demonstration, and serve it for as long as the block lasts."""
    port = free_port()
    url = f"sqlite:///{folder}/lamen.db"
    env = {"DATABASE_URL": url, "LAMEN_VAR": str(folder), "PORT": str(port), "LAMEN_LOG_LEVEL": "error"}
    # Sending must wait neither for the hour at which somebody happens to run this, nor for what another test sent to that phone.
    env |= dict.fromkeys(("LAMEN_PUSH_WINDOWS", "LAMEN_RAMADAN_WINDOWS"), "00:00-24:00")
    env |= {"LAMEN_FRIDAY_PAUSE": "", "LAMEN_SUNSET_PAUSE_MINUTES": "0", "LAMEN_TICK_SECONDS": "0.5"}
    env |= {"LAMEN_PUSHES_PER_DAY": "99", "LAMEN_PUSHES_PER_WEEK": "99"}
    house = House(folder, f"http://127.0.0.1:{port}", Database(url), env)
    house.command("begin")
    crypto.use(crypto.load_keys(folder / "keys.json"))
    fleet = Fleet(url, folder, settings=env)
    try:
        fleet.serve(port, factory="wsgi:serve")
        yield house
    finally:
        fleet.end()
        house.database.close()
