"""Stoplight Prism on 127.0.0.1, serving a provider's own OpenAPI document: it refuses what the provider would refuse.

Prism splits no repeated form field into a list unless the document says aloud what is OpenAPI's default, so we say it.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
FORM = "application/x-www-form-urlencoded"
STARTS_WITHIN = 60.0  # seconds, on a machine busy with other tests
LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000  # below those that the kernel gives away

OLDEST_NODE = 20  # what it was seen to run with; it asks for a newer one still

Serve = Callable[[Path], str]
"""Serves an OpenAPI document, JSON, and gives the address; the same document has one process however often it is asked for."""


class DidNotStart(Exception):
    """With the end of what Prism said."""


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """`prism(document)` is the address of a Prism serving it, without a final slash; stopped with the session."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: no Prism")
    if not PROGRAM.exists():
        pytest.skip("Prism is not installed: `make test` does it where npm can reach a registry")
    folder = tmp_path_factory.mktemp("prism")
    running: dict[Path, tuple[str, subprocess.Popen[bytes]]] = {}

    def serve(document: Path) -> str:
        if document not in running:
            major = _major(node)
            patched = folder / f"{len(running)}.json"
            patched.write_text(json.dumps(with_lists(json.loads(document.read_text()))))
            try:
                running[document] = _start(node, patched)
            except DidNotStart:
                if major >= OLDEST_NODE:
                    raise
                pytest.skip(f"Prism does not start with node {major}: it wants {OLDEST_NODE} or newer")
        return running[document][0]

    yield serve
    for _, process in running.values():
        process.terminate()
    for _, process in running.values():
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def with_lists(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, where each list in a form is said to come as a repeated field; changed in place."""
    for path in document["paths"].values():
        for operation in (one for one in path.values() if isinstance(one, dict)):
            form = operation.get("requestBody", {}).get("content", {}).get(FORM)
            if form is None:
                continue
            properties = form["schema"].get("properties", {})
            lists = [name for name, schema in properties.items() if schema.get("type") == "array"]
            form["encoding"] = form.get("encoding", {}) | {name: {"style": "form", "explode": True} for name in lists}
    return document


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().removeprefix("v").split(".")[0])


def _start(node: str, document: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Its address and the process, once it answers. Another test process may take the same port first: then the next one."""
    log = document.with_suffix(".log")
    for port in random.sample(range(LOWEST_PORT, HIGHEST_PORT), 5):
        with log.open("wb") as output:
            process = subprocess.Popen(
                [node, str(PROGRAM), "mock", "-h", "127.0.0.1", "-p", str(port), str(document)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "NO_COLOR": "1"},
            )
        if _listens(port, process, log):
            return f"http://127.0.0.1:{port}", process
        process.kill()
        process.wait()
    raise DidNotStart(log.read_text(errors="replace")[-2000:])


def _listens(port: int, process: subprocess.Popen[bytes], log: Path) -> bool:
    # Its own word, not the port alone: whoever else listens there would be taken for it.
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        if b"Prism is listening" in log.read_bytes():
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return True
        time.sleep(0.1)
    return False
