"""Real telephone calls on loopback: a SIP phone in a process of its own, the voice process, and webhooks that answer it."""

import base64
import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.voice import sounds
from tests.voice.line import ACCOUNT, TOKEN, Phone, Process, Refuser, Script, free_port, listening, wait_until

pytestmark = pytest.mark.call

OURS = "+22320201000"


@dataclass
class Place:
    """A voice process whose service is a script, and the port that offers its line."""

    script: Script
    process: Process
    port: int
    sip: int
    folder: Path

    def ask(self, method: str, path: str, form: list[tuple[str, str]] | None = None) -> tuple[int, bytes]:
        """Ask as Twilio's customers do."""
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/2010-04-01/Accounts/{path}", body, method=method)
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def call(self, to: str, path: str, timeout: str = "20") -> str:
        """Have somebody called; the call's id."""
        hook = f"{self.script.url}/hooks/jeton/{path}"
        form = [("To", to), ("From", OURS), ("Url", hook), ("StatusCallback", f"{hook}-status"), ("Timeout", timeout)]
        form += [("StatusCallbackEvent", "ringing"), ("StatusCallbackEvent", "completed")]
        status, body = self.ask("POST", f"{ACCOUNT}/Calls.json", form)
        assert status == 201, body
        return str(json.loads(body)["sid"])

    def told(self, path: str) -> list[dict[str, str]]:
        return [one.form for one in self.script.asked if one.path.partition("?")[0] == f"/hooks/jeton/{path}"]


def _place(folder: Path, trunk: str, clips: Path, **more: Any) -> Place:
    script, port, sip = Script(clips), free_port(), free_port()
    given = {"var": str(folder / "var"), "public_url": script.url, "voice_port": port, "sip_port": sip, "sip_trunk": trunk}
    channel = {"channel_id": 1, "number": OURS, "account_sid": ACCOUNT, "auth_token": TOKEN, "hooks": f"{script.url}/hooks/jeton"}
    asked = json.dumps({"settings": {**given, "log_level": "info", **more}, "channel": channel})
    process = Process(["-m", "tests.voice.answering", asked], folder / "tmp")
    try:
        wait_until(lambda: listening(port), "the voice process")
    except AssertionError:
        process.end()
        raise AssertionError(process.log.read_text()) from None
    return Place(script, process, port, sip, folder)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def place(tmp_path: Path, phone: Phone, clips: Path) -> Iterator[Place]:
    found = _place(tmp_path, phone.trunk, clips)
    yield found
    found.process.end()
    found.script.end()


def test_a_caller_hears_the_menu_presses_a_key_records_and_is_heard(place: Place, phone: Phone, clips: Path) -> None:
    script, seconds = place.script, {"menu": 12.8, "bouillie": 3.2, "allaitement": 3.2, "record": 1.6, "merci": 3.2, "awa": 3.2}
    named = {label: sounds.keep(clips, label, length) for label, length in seconds.items()}
    url = {label: script.clip(name) for label, name in named.items()}
    path = {label: str(clips / f"{name}.wav") for label, name in named.items()}

    def play(*labels: str) -> str:
        return "".join(f"<Play>{url[label]}</Play>" for label in labels)

    hook = f"{script.url}/hooks/jeton/call"
    gather = (
        f'<Gather action="{hook}/2?turn=1" method="POST" timeout="7" numDigits="1" finishOnKey="" actionOnEmptyResult="true">'
    )
    record = f'<Record action="{hook}/3?turn=2" method="POST" maxLength="30" timeout="10" finishOnKey="#" playBeep="true"/>'
    script.answers = {
        "/hooks/jeton/call": lambda form: (
            f"<Response>{gather}{play('menu')}</Gather></Response>" if form["CallStatus"] == "ringing" else "<Response/>"
        ),
        "/hooks/jeton/call/2": lambda form: (
            f"<Response>{play('bouillie' if form['Digits'] == '2' else 'allaitement', 'record')}{record}"
            f'<Redirect method="POST">{hook}/3?turn=2</Redirect></Response>'
        ),
        "/hooks/jeton/call/3": lambda form: f"<Response>{play('merci')}<Hangup/></Response>",
    }
    assert phone("dial", f"sip:{OURS}@127.0.0.1:{place.sip}") == {}
    phone("hear", path["menu"])
    phone("press", "2")
    places = [phone("hear", path[label])["at"] for label in ("bouillie", "record")]
    phone("hear", str(place.folder / "var" / "voice" / "beep.wav"))
    phone("say", path["awa"])
    phone("wait", 0.5)
    phone("press", "#")
    places.append(phone("hear", path["merci"])["at"])
    phone("end")
    assert places == sorted(places)
    phone("keep", str(place.folder / "heard.wav"))
    heard = sounds.load(place.folder / "heard.wav")
    for label in ("bouillie", "record", "merci"):
        assert sounds.find(heard, sounds.load(Path(path[label])))[0] > sounds.HEARD, label
    menu, cut = sounds.load(Path(path["menu"])), _heard(place.told("call/2")[0])[f"{named['menu']}.wav"]
    assert 0.9 < cut < 12.0, "the menu was cut by the key"
    after = menu[int((cut + 0.1) * sounds.RATE) : int((cut + 0.6) * sounds.RATE)]
    assert sounds.find(heard, after)[0] < sounds.NOT_HEARD, "the menu right after the key: what was queued must not be heard"
    assert sounds.find(heard, sounds.load(Path(path["allaitement"])))[0] < sounds.NOT_HEARD, "the other key's message"

    wait_until(lambda: any(form["CallStatus"] == "completed" for form in place.told("call")), "the end of the call")
    assert script.unsigned == 0
    first, last = place.told("call")
    assert (first["From"], first["To"], first["Direction"], first["CallStatus"]) == (phone.number, OURS, "inbound", "ringing")
    assert [form["Digits"] for form in place.told("call/2")] == ["2"]
    [told] = place.told("call/3")
    assert (told["Digits"], told["CallStatus"], told["CallSid"]) == ("#", "in-progress", first["CallSid"])
    assert 8 < int(last["CallDuration"]) < 60
    assert _heard(told) == {f"{named['bouillie']}.wav": 3.2, f"{named['record']}.wav": 1.6}

    status, wav = place.ask("GET", f"{ACCOUNT}/Recordings/{told['RecordingSid']}.wav")
    assert status == 200
    (place.folder / "recording.wav").write_bytes(wav)
    assert sounds.find(sounds.load(place.folder / "recording.wav"), sounds.load(Path(path["awa"])))[0] > sounds.HEARD
    assert place.ask("DELETE", f"{ACCOUNT}/Recordings/{told['RecordingSid']}.json")[0] == 204
    assert place.ask("GET", f"{ACCOUNT}/Recordings/{told['RecordingSid']}.wav")[0] == 404


def _heard(form: dict[str, str]) -> dict[str, float]:
    return {name: float(seconds) for name, _, seconds in (part.partition("=") for part in form["LamenHeard"].split())}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Iterator[Place]:
    """A line behind which nobody ever answers."""
    refuser = Refuser()
    found = _place(tmp_path_factory.mktemp("refused"), refuser.trunk, clips)
    yield found
    found.process.end()
    found.script.end()
    refuser.end()


@pytest.mark.parametrize(
    ("to", "status", "told"),
    [
        pytest.param("+22376000486", "busy", {"SipResponseCode": "486"}, id="busy"),
        pytest.param("+22376000603", "busy", {"SipResponseCode": "603"}, id="refused by the person"),
        pytest.param("+22376000480", "no-answer", {"SipResponseCode": "480"}, id="phone switched off"),
        pytest.param("+22376000404", "failed", {"SipResponseCode": "404", "ErrorCode": "21217"}, id="no such number"),
        pytest.param("+22376000503", "failed", {"SipResponseCode": "503"}, id="trunk out of order"),
        pytest.param("+22376000000", "no-answer", {}, id="nobody answers"),
    ],
)
def test_a_call_that_nobody_answers_says_why(refused: Place, to: str, status: str, told: dict[str, str]) -> None:
    path = f"call-{to[-3:]}"
    sid = refused.call(to, path, timeout="3")
    wait_until(lambda: any(form["CallStatus"] not in ("ringing",) for form in refused.told(f"{path}-status")), status)
    first, last = refused.told(f"{path}-status")
    assert (first["CallStatus"], first["CallSid"], first["To"]) == ("ringing", sid, to)
    assert {name: last.get(name) for name in ("CallStatus", *told)} == {"CallStatus": status, **told}
    assert "CallDuration" not in last
    assert refused.told(path) == [], "what to say was asked of a call that nobody answered"


def test_a_call_taken_back_before_it_is_answered_is_canceled(refused: Place) -> None:
    sid = refused.call("+22376000000", "back")
    wait_until(lambda: bool(refused.told("back-status")), "ringing")
    assert refused.ask("POST", f"{ACCOUNT}/Calls/{sid}.json", [("Status", "canceled")])[0] == 200
    wait_until(lambda: len(refused.told("back-status")) == 2, "canceled")
    assert refused.told("back-status")[-1]["CallStatus"] == "canceled"
