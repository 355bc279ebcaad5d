"""The part of Twilio's API that this line offers: who may ask, for what, and what it never does for anybody else."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer

from messaging.voice.accounts import Owned
from messaging.voice.api import Api
from messaging.voice.calls import Full, Order
from messaging.voice.recordings import Recordings

SID = "AC" + "0" * 32
HOOKS = "http://127.0.0.1:8000/hooks/jeton"
OURS = Owned(1, "+22320201000", SID, "not-a-real-token", HOOKS)
ROOT = f"/2010-04-01/Accounts/{SID}"
GOOD = {"To": "+22376000001", "From": "+22320201000", "Url": f"{HOOKS}/call?ref=a"}
Ask = Callable[..., tuple[int, dict[str, object]]]


class FakeCalls:
    """Takes every call and makes none."""

    def __init__(self) -> None:
        self.placed: list[Order] = []
        self.ended: list[str] = []
        self.full = False

    def place(self, order: Order) -> str:
        if self.full:
            raise Full("no line is free")
        self.placed.append(order)
        return "CA1"

    def end(self, sid: str) -> bool:
        self.ended.append(sid)
        return sid == "CA1"


@pytest.fixture
def calls() -> FakeCalls:
    return FakeCalls()


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path)


@pytest.fixture
def ask(calls: FakeCalls, recordings: Recordings) -> Ask:
    async def owned() -> list[Owned]:
        return [OURS]

    def asked(
        method: str, path: str, form: dict[str, object] | None = None, auth: tuple[str, str] | None = (SID, "not-a-real-token")
    ) -> tuple[int, dict[str, object]]:
        async def run() -> tuple[int, dict[str, object]]:
            app = Api(calls, recordings, owned).app()  # type: ignore[arg-type]  # it has all that the routes ask of it
            async with TestClient(TestServer(app)) as client:
                headers = {"Authorization": encode_basic_auth(*auth)} if auth else {}
                async with client.request(method, path, data=form, headers=headers) as answer:
                    body = await answer.read()
                    return answer.status, await answer.json() if body.startswith(b"{") else {"body": body}

        return asyncio.run(run())

    return asked


def test_a_call_is_taken_as_it_was_asked_for(ask: Ask, calls: FakeCalls) -> None:
    more = {
        "StatusCallback": f"{HOOKS}/call?ref=a",
        "StatusCallbackEvent": ["ringing", "completed"],
        "Timeout": "45",
        "TimeLimit": "360",
    }
    status, body = ask("POST", f"{ROOT}/Calls.json", {**GOOD, "Method": "POST", **more} | {"StatusCallbackEvent": "ringing"})
    assert (status, body["sid"], body["status"]) == (201, "CA1", "queued")
    [order] = calls.placed
    assert (order.to, order.owned, order.url, order.callback) == (GOOD["To"], OURS, GOOD["Url"], more["StatusCallback"])
    assert (order.events, order.ring_s, order.limit_s) == (frozenset({"ringing"}), 45.0, 360.0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"From": "+22320209999"}, 21212, id="a number that is not ours"),
        pytest.param({"To": "Awa"}, 21211, id="a name"),
        pytest.param({"To": "12345678901234567890"}, 21211, id="too many digits"),
        pytest.param({"To": "sip:awa@192.0.2.1"}, 21211, id="a SIP address"),
        pytest.param({"Url": "http://192.0.2.1/call"}, 21205, id="an address elsewhere"),
        pytest.param({"Url": f"{HOOKS}/../autre/call"}, 21205, id="an address that climbs"),
        pytest.param({"Url": "http://127.0.0.1:8000/hooks/jetonvoisin/call"}, 21205, id="another channel's address"),
        pytest.param({"Url": ""}, 21205, id="no address"),
        pytest.param({"StatusCallback": "http://192.0.2.1/call"}, 21205, id="news told elsewhere"),
        pytest.param({"Method": "GET"}, 20001, id="GET"),
        pytest.param({"StatusCallbackEvent": "bored"}, 20001, id="an unknown event"),
        pytest.param({"Timeout": "0"}, 20001, id="no patience"),
        pytest.param({"TimeLimit": "86400"}, 20001, id="a call of a day"),
    ],
)
def test_a_call_that_may_not_be_made_is_refused_in_twilios_words(
    ask: Ask, calls: FakeCalls, change: dict[str, object], code: int
) -> None:
    status, body = ask("POST", f"{ROOT}/Calls.json", {**GOOD, **change})
    assert (status, body["code"], calls.placed) == (400, code, [])


def test_a_full_line_says_so_as_twilio_slows_down(ask: Ask, calls: FakeCalls) -> None:
    calls.full = True
    status, body = ask("POST", f"{ROOT}/Calls.json", dict(GOOD))
    assert (status, body["code"]) == (429, 20429)


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(None, id="nobody"),
        pytest.param((SID, "another-token"), id="another token"),
        pytest.param(("AC" + "1" * 32, "not-a-real-token"), id="another account"),
        pytest.param((SID, ""), id="no token"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", ".json", id="account"),
        pytest.param("POST", "/Calls.json", id="call"),
        pytest.param("POST", "/Calls/CA1.json", id="hang up"),
        pytest.param("GET", "/Recordings/RE1.wav", id="recording"),
        pytest.param("DELETE", "/Recordings/RE1.json", id="delete"),
    ],
)
def test_nothing_is_done_for_whoever_has_not_the_token(
    ask: Ask, calls: FakeCalls, method: str, path: str, auth: tuple[str, str] | None
) -> None:
    status, body = ask(method, f"{ROOT}{path}", dict(GOOD) if method == "POST" else None, auth=auth)
    assert (status, body["code"], calls.placed, calls.ended) == (401, 20003, [], [])


def test_the_account_stands(ask: Ask) -> None:
    assert ask("GET", f"{ROOT}.json")[1]["status"] == "active"


def test_a_call_is_ended_by_its_id(ask: Ask, calls: FakeCalls) -> None:
    assert ask("POST", f"{ROOT}/Calls/CA1.json", {"Status": "completed"})[0] == 200
    assert ask("POST", f"{ROOT}/Calls/CA2.json", {"Status": "canceled"})[0] == 404
    assert ask("POST", f"{ROOT}/Calls/CA1.json", {"Status": "louder"})[0] == 400
    assert calls.ended == ["CA1", "CA2"]


def test_a_recording_is_given_out_whole_and_gone_once_deleted(ask: Ask, tmp_path: Path) -> None:
    sid = "RE" + "a" * 32
    (tmp_path / "aa").mkdir()
    (tmp_path / "aa" / f"{sid}.wav").write_bytes(b"RIFF")
    for name in (sid, f"{sid}.wav"):
        assert ask("GET", f"{ROOT}/Recordings/{name}") == (200, {"body": b"RIFF"})
    assert ask("DELETE", f"{ROOT}/Recordings/{sid}.json")[0] == 204
    assert ask("GET", f"{ROOT}/Recordings/{sid}.wav")[0] == 404


@pytest.mark.parametrize(
    "name",
    [pytest.param("..%2F..%2Fkeys.json", id="climbing"), pytest.param("REnothex", id="no id"), pytest.param("x", id="short")],
)
def test_a_name_that_is_no_recordings_finds_nothing(ask: Ask, name: str) -> None:
    assert ask("GET", f"{ROOT}/Recordings/{name}")[0] == 404
