"""What the tests of calls start and end: the phone, the voice process, a telephone exchange that refuses, a service by script."""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0
ACCOUNT, TOKEN = "AC" + "0" * 32, "not-a-real-token"
SIP_PORTS = range(22_000, 32_000, 2)


def free_port() -> int:
    """An even port below those the kernel gives out, whose UDP, TCP and next TCP are free: a SIP stack takes all three."""
    while True:
        port = random.choice(SIP_PORTS)
        try:
            for kind, one in ((socket.SOCK_DGRAM, port), (socket.SOCK_STREAM, port), (socket.SOCK_STREAM, port + 1)):
                with socket.socket(socket.AF_INET, kind) as found:
                    found.bind(("127.0.0.1", one))
        except OSError:
            continue
        return port


def rtp_ports() -> str:
    """A range of ports for sound that another test of this moment hardly uses."""
    first = random.randrange(10_000, 20_000, 200)
    return f"{first}-{first + 198}"


class Process:
    """A process of a test, in a session of its own, killed at its end."""

    def __init__(self, command: list[str], folder: Path, settings: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{Path(command[-1]).name[:20]}-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(folder), **(settings or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def read(self, seconds: float = PATIENCE) -> str:
        """The next line it prints; AssertionError with its log when none comes."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        line = self._process.stdout.readline() if ready else ""
        assert line, f"nothing said: {self.log.read_text()[-3000:]}"
        return line

    def end(self) -> None:
        """First asked, then killed, with whatever it started."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(12)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Phone:
    """The telephone of tests/voice/phone.py."""

    def __init__(self, folder: Path, number: str) -> None:
        self.port, self.number = free_port(), number
        self._process = Process(["-m", "tests.voice.phone", str(self.port), number, rtp_ports()], folder)
        self._process.read()

    @property
    def trunk(self) -> str:
        """Where calls to it go."""
        return f"sip:{{number}}@127.0.0.1:{self.port}"

    def __call__(self, verb: str, *words: Any) -> dict[str, Any]:
        """Do one thing and say what came of it; AssertionError when it gave up."""
        self._process.write(json.dumps([verb, *words]))
        answer: dict[str, Any] = json.loads(self._process.read())
        assert "error" not in answer, f"{verb}: {answer['error']}"
        return answer

    def end(self) -> None:
        self._process.end()


@dataclass
class Asked:
    """One request of the voice process: the path with its query, and its form."""

    path: str
    form: dict[str, str]


@dataclass
class Script:
    """A service that answers by script: `answers` by path give TwiML; clips lie in `sounds`. What was asked stays in `asked`."""

    sounds: Path
    answers: dict[str, Callable[[dict[str, str]], str]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    unsigned: int = 0
    failing: int = 0  # so many of the next requests are answered 500
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        script = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = script.sounds / self.path.rpartition("/")[2]
                self._say(200 if path.is_file() else 404, path.read_bytes() if path.is_file() else b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(body, keep_blank_values=True))
                signed = RequestValidator(TOKEN).validate(f"{script.url}{self.path}", form, self.headers["X-Twilio-Signature"])
                script.unsigned += not signed
                script.asked.append(Asked(self.path, form))
                if script.failing > 0:
                    script.failing -= 1
                    return self._say(500, b"")
                answer = script.answers.get(self.path.partition("?")[0])
                return self._say(200, (answer(form) if answer else "<Response/>").encode())

            def _say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clip(self, sha256: str) -> str:
        """The address of a clip."""
        return f"{self.url}/hooks/sounds/{sha256}.wav"

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Refuser:
    """A telephone exchange that never connects anybody: a number's last three digits are the status it answers, 000 none.

    Plain UDP, so that it is no relation of the library under test.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def trunk(self) -> str:
        return f"sip:{{number}}@127.0.0.1:{self._socket.getsockname()[1]}"

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                data, peer = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            lines = data.decode("utf-8", "replace").split("\r\n")
            method, status = lines[0].split(" ")[0], lines[0].split("@")[0][-3:]
            for line in self._answers(method, status):
                self._socket.sendto(_reply(line, lines), peer)

    def _answers(self, method: str, status: str) -> list[str]:
        if method == "CANCEL":
            return ["200 OK"]
        if method != "INVITE":
            return []
        return ["180 Ringing"] if status == "000" else ["180 Ringing", f"{status} Refused"]

    def end(self) -> None:
        self._ended.set()
        self._thread.join(2)
        self._socket.close()


def _reply(status: str, lines: list[str]) -> bytes:
    kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    tagged = [f"{line};tag=refuser" if line.startswith("To:") and "tag=" not in line else line for line in kept]
    return "\r\n".join([f"SIP/2.0 {status}", *tagged, "Content-Length: 0", "", ""]).encode()


def wait_until(done: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Look again and again; AssertionError when it never comes."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"never came: {what}"
        time.sleep(0.1)


def listening(port: int) -> bool:
    """Whether somebody answers on this port."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
