"""One call as it is run: what is asked, what is said, how it ends when the service does not answer."""

import asyncio
import math
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from messaging.voice import sound
from messaging.voice.accounts import Owned
from messaging.voice.calls import Calls, Full, Order
from messaging.voice.clips import Clips
from messaging.voice.legs import Answered, Busy, End, Failed, Keys, NoAnswer, Recorded
from messaging.voice.recordings import Recordings
from messaging.voice.runner import Tools
from messaging.voice.webhooks import Unanswered, signature
from tests.voice import sounds
from tests.voice.legs import FakeLeg, FakeSwitch

BASE = "http://127.0.0.1:8000"
HOOKS = f"{BASE}/hooks/jeton"
OURS = Owned(1, "+22320201000", "AC" + "0" * 32, "not-a-real-token", HOOKS)
Given = dict[str, str]


@dataclass
class FakeService:
    """Answers by the path after `/hooks/jeton/`; an answer None is a failure. Everything asked or told stays."""

    answers: dict[str, Callable[[Given], str | None]] = field(default_factory=dict)
    clips: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, Given]] = field(default_factory=list)

    async def ask(self, url: str, form: Given, token: str) -> bytes:
        path = url.removeprefix(f"{HOOKS}/")
        self.asked.append((path, dict(form)))
        inner = self.answers[path.partition("?")[0]](form)
        if inner is None:
            raise Unanswered("500")
        return f"<Response>{inner}</Response>".encode()

    async def tell(self, url: str, form: Given, token: str) -> bool:
        self.asked.append(("told", dict(form)))
        return True

    async def fetch(self, url: str) -> bytes:
        if url not in self.clips:
            raise Unanswered("404")
        return self.clips[url]

    @property
    def told(self) -> list[Given]:
        return [form for path, form in self.asked if path == "told"]


@dataclass
class Line:
    """The calls of one line, over a service and a leg that only pretend."""

    service: FakeService
    calls: Calls
    switch: FakeSwitch
    tools: Tools
    apology: list[Path]

    def clip(self, label: str, seconds: float = 1.6) -> str:
        """Have a clip; its element."""
        data = sounds.wav(sounds.babble(label, seconds))
        url = f"{BASE}/hooks/sounds/{label}.wav"
        self.service.clips[url] = data
        return f"<Play>{url}</Play>"

    def take(self, leg: FakeLeg) -> FakeLeg:
        """Let somebody call."""
        asyncio.run(self._whole(lambda: self.calls.on_call(leg)))
        return leg

    def make(self, order: Order) -> None:
        """Call somebody, to the end."""

        async def run() -> None:
            self.calls.place(order)
            await asyncio.gather(*self.calls._live.values())

        asyncio.run(self._whole(run))

    async def _whole(self, work: Callable[[], Awaitable[None]]) -> None:
        await asyncio.wait_for(work(), 20)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    service, apology = FakeService(), list[Path]()
    (tmp_path / "scratch").mkdir()
    tools = Tools(
        service=service,  # type: ignore[arg-type]  # it has all that a call asks of it
        clips=Clips(tmp_path / "clips", service.fetch),
        recordings=Recordings(tmp_path / "recordings"),
        scratch=tmp_path / "scratch",
        beep=sound.beep(tmp_path),
        address="http://127.0.0.1:8090",
        apology=lambda: apology[0] if apology else None,
    )
    switch = FakeSwitch()

    async def owned() -> list[Owned]:
        return [OURS]

    return Line(service, Calls(switch, tools, owned, 2), switch, tools, apology)


def test_the_signature_is_the_one_in_twilios_own_vector() -> None:
    form = {"AccountSid": "AC" + "0" * 32, "Body": "Bɛ 2", "From": "+22300000001", "FromCity": "", "To": "+22300000002"}
    assert signature("not-a-real-token", "https://nut.example/hooks/tok/sms?l=bm", form) == "N+CRml7LW8LlPaq/tGLNGIJM54o="


def test_a_missed_call_is_refused_before_anybody_pays(line: Line) -> None:
    line.service.answers["call"] = lambda form: '<Reject reason="busy"/>'
    assert line.take(FakeLeg()).done == ["reject", "hangup"]
    [(path, asked), (_, told)] = line.service.asked
    assert (path, asked["CallStatus"], asked["Direction"], asked["From"]) == ("call", "ringing", "inbound", "+22376000001")
    assert (told["CallStatus"], told["CallSid"]) == ("busy", asked["CallSid"])


def test_keys_are_awaited_as_long_as_said_and_four_seconds_between_two(line: Line) -> None:
    menu = line.clip("menu")
    gather = f'<Gather action="/hooks/jeton/two?turn=1" timeout="7" finishOnKey="#" actionOnEmptyResult="true">{menu}</Gather>'
    line.service.answers |= {"call": lambda form: gather, "two": lambda form: "<Hangup/>"}
    leg = line.take(FakeLeg(keys=[Keys("18", "#")], cut_at=0.5))
    assert leg.done[:1] == ["answer"]
    assert "gather 0 '#' 7 4" in leg.done
    (_, first), (path, second), (_, last) = line.service.asked
    assert path == "two?turn=1"
    assert (second["Digits"], second["FinishedOnKey"], second["CallStatus"]) == ("18", "#", "in-progress")
    assert second["LamenHeard"] == "menu.wav=0.50"
    assert first["LamenHeard"] == ""
    assert (last["CallStatus"], last["CallDuration"]) == ("completed", "1")


def test_silence_is_posted_only_where_it_was_asked_for(line: Line) -> None:
    quiet = '<Gather action="/hooks/jeton/two" timeout="1"/>'
    line.service.answers |= {"call": lambda form: quiet, "two": lambda form: "<Hangup/>"}
    line.take(FakeLeg())
    assert [path for path, _ in line.service.asked] == ["call", "told"]
    line.service.answers["call"] = lambda form: quiet.replace("/>", ' actionOnEmptyResult="true"/>')
    line.take(FakeLeg())
    assert [form["Digits"] for path, form in line.service.asked if path == "two"] == [""]


def test_whoever_hangs_up_in_a_message_is_known_to_have_heard_so_much_of_it(line: Line) -> None:
    said = line.clip("one") + line.clip("two")
    line.service.answers["call"] = lambda form: f"{said}<Hangup/>"
    line.take(FakeLeg(stay=1))
    assert line.service.told[-1]["LamenHeard"] == "one.wav=1.60 two.wav=0.25"
    assert line.service.told[-1]["CallStatus"] == "completed"


RECORD = '<Record action="/hooks/jeton/said" maxLength="30" timeout="4" finishOnKey="#"/><Redirect>/hooks/jeton/on</Redirect>'
VOICE = array("h", [int(8000 * math.sin(place / 5)) for place in range(16_000)]).tobytes()


@pytest.mark.parametrize(
    ("recorded", "voice", "paths", "digits"),
    [
        pytest.param(Recorded(2.0, End.KEY, "#"), VOICE, ["call", "said", "told"], "#", id="ended by a key"),
        pytest.param(Recorded(2.0, End.SILENCE), VOICE, ["call", "said", "told"], "", id="ended by silence"),
        pytest.param(Recorded(2.0, End.HANGUP), VOICE, ["call", "said", "told"], "hangup", id="ended by hanging up"),
        pytest.param(Recorded(2.0, End.SILENCE), bytes(32_000), ["call", "on", "told"], None, id="nothing said"),
        pytest.param(Recorded(2.0, End.HANGUP), bytes(32_000), ["call", "told"], None, id="hung up without a word"),
    ],
)
def test_a_recording_is_announced_when_there_is_a_voice_in_it(
    line: Line, recorded: Recorded, voice: bytes, paths: list[str], digits: str | None
) -> None:
    line.service.answers |= {"call": lambda form: RECORD, "said": lambda form: "<Hangup/>", "on": lambda form: "<Hangup/>"}
    leg = line.take(FakeLeg(recording=recorded, voice=voice))
    assert leg.done[:3] == ["answer", "play beep", "record 30 4 '#'"]
    assert [path for path, _ in line.service.asked] == paths
    told = [form for path, form in line.service.asked if path == "said"]
    if digits is None:
        assert told == []
        assert [*line.tools.recordings._folder.rglob("*.wav")] == []  # nothing is kept of a silence
        return
    [form] = told
    assert (form["Digits"], form["RecordingDuration"]) == (digits, "2")
    assert form["CallStatus"] == ("completed" if digits == "hangup" else "in-progress")
    path = line.tools.recordings.path(form["RecordingSid"])
    assert path is not None
    assert (
        form["RecordingUrl"] == f"http://127.0.0.1:8090/2010-04-01/Accounts/{OURS.account_sid}/Recordings/{form['RecordingSid']}"
    )
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(lambda form: None, id="the webhook fails twice"),
        pytest.param(lambda form: "<Dial>1</Dial>", id="a verb outside the part"),
        pytest.param(lambda form: f"<Play>{BASE}/hooks/sounds/missing.wav</Play>", id="a sound that is not there"),
        pytest.param(lambda form: "<Redirect>/hooks/jeton/two</Redirect>", id="a loop"),
    ],
)
def test_what_cannot_be_carried_out_ends_with_an_apology(
    line: Line, second: Callable[[Given], str | None], tmp_path: Path
) -> None:
    line.apology.append(tmp_path / "sorry.wav")
    sound.write(line.apology[0], bytes(1600))
    hello = line.clip("hello")
    line.service.answers |= {"call": lambda form: f"{hello}<Redirect>/hooks/jeton/two</Redirect>", "two": second}
    leg = line.take(FakeLeg())
    assert leg.done[-2:] == ["play sorr", "hangup"]
    assert line.service.told[-1]["CallStatus"] == "completed"
    assert len(line.service.asked) < 250


def test_a_call_nobody_answered_yet_is_refused_when_the_service_fails(line: Line, tmp_path: Path) -> None:
    line.apology.append(line.tools.beep)
    line.service.answers["call"] = lambda form: None
    assert line.take(FakeLeg()).done == ["reject", "hangup"]


def test_a_call_that_is_made_tells_when_it_rings_and_how_it_ends(line: Line) -> None:
    line.service.answers["call?ref=a"] = line.service.answers["call"] = lambda form: "<Hangup/>"
    leg = FakeLeg()
    line.switch.answer = Answered(leg)
    url = f"{HOOKS}/call?ref=a"
    line.make(Order(OURS, "+22376000002", url, url, frozenset({"ringing", "answered", "completed"}), ring_s=45))
    assert line.switch.asked == [("+22376000002", OURS.number, 45)]
    assert [form["CallStatus"] for form in line.service.told] == ["ringing", "in-progress", "completed"]
    assert [form["SequenceNumber"] for form in line.service.told] == ["0", "1", "2"]
    assert {form["Direction"] for _, form in line.service.asked} == {"outbound-api"}
    assert leg.done == ["hangup"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(Busy("486"), "busy", id="busy"),
        pytest.param(NoAnswer(), "no-answer", id="no answer"),
        pytest.param(Failed("503"), "failed", id="failed"),
    ],
)
def test_a_call_that_is_not_answered_tells_only_that(line: Line, answer: Busy | NoAnswer | Failed, status: str) -> None:
    line.switch.answer = answer
    line.make(Order(OURS, "+22376000002", f"{HOOKS}/call", f"{HOOKS}/call"))
    assert [form["CallStatus"] for form in line.service.told] == [status]


def test_no_more_calls_than_the_line_has_places_and_none_when_it_closes(line: Line) -> None:
    line.switch.patient = True
    order = Order(OURS, "+22376000002", f"{HOOKS}/call", f"{HOOKS}/call")

    async def run() -> FakeLeg:
        line.calls.place(order)
        line.calls.place(order)
        with pytest.raises(Full):
            line.calls.place(order)
        leg = FakeLeg()
        await line.calls.on_call(leg)
        await asyncio.sleep(0)
        await line.calls.close()
        with pytest.raises(Full):
            line.calls.place(order)
        return leg

    assert asyncio.run(run()).done == ["reject"]
    assert [form["CallStatus"] for form in line.service.told] == ["canceled", "canceled"]


def test_a_number_that_is_none_of_ours_is_refused_unless_the_line_has_but_one(line: Line) -> None:
    line.service.answers["call"] = lambda form: "<Hangup/>"
    line.take(FakeLeg(called="s"))
    assert line.service.asked[0][1]["To"] == OURS.number
    other = Owned(2, "+22320202000", OURS.account_sid, OURS.auth_token, f"{BASE}/hooks/autre")

    async def two() -> list[Owned]:
        return [OURS, other]

    line.calls._owned = two
    line.service.asked.clear()
    assert line.take(FakeLeg(called="+22399999999")).done == ["reject"]
    assert line.service.asked == []
