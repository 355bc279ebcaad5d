"""A real Kannel 1.4.5, from Debian's packages, between our gateway and a pretended operator; all of it on 127.0.0.1."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.faults.network import free_port, wait_for_port

CONFIGURATION = Path(__file__).with_name("kannel.conf")
PROGRAMS = ("bearerbox", "smsbox")
STOPS_WITHIN = 10.0
LONGEST = "900"  # seconds: a test that is itself killed leaves nothing behind for longer
PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


def missing() -> str | None:
    """Why there is no Kannel here; None when there is one."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=PLACES) is None]
    return f"Kannel is not installed ({', '.join(absent)}): `make peers` does it" if absent else None


@dataclass(frozen=True)
class Kannel:
    """A running one; `sendsms` is our gateway's base_url."""

    sendsms: str
    ports: dict[str, int]
    folder: Path


@contextmanager
def kannel(folder: Path, centre: int, inbound: str, recode: bool = True) -> Iterator[Kannel]:
    """A Kannel that binds to the SMPP port `centre` and fetches `inbound`, escapes included, for each SMS; then both stop."""
    ports = {name: free_port() for name in ("admin", "boxes", "sendsms")}
    values = {name: str(port) for name, port in ports.items()}
    values |= {"centre": str(centre), "inbound": inbound, "recode": "true" if recode else "false"}
    (folder / "kannel.conf").write_text(Template(CONFIGURATION.read_text()).substitute(values))
    with ExitStack() as stack:
        stack.enter_context(_running("bearerbox", folder))
        wait_for_port(ports["boxes"])
        stack.enter_context(_running("smsbox", folder))
        wait_for_port(ports["sendsms"])
        yield Kannel(f"http://127.0.0.1:{ports['sendsms']}", ports, folder)


@contextmanager
def _running(name: str, folder: Path) -> Iterator[None]:
    program = shutil.which(name, path=PLACES) or name
    with (folder / f"{name}.out").open("wb") as output:
        process = subprocess.Popen(
            ["timeout", "--kill-after=2", LONGEST, program, "kannel.conf"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def listening_elsewhere(ports: dict[str, int]) -> list[str]:
    """The names of ports that another address of this machine reaches too: there must be none."""
    return [name for name, port in ports.items() if _open(("127.0.0.2", port))]


def _open(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0
