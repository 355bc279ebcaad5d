"""Sounds fetched and recordings kept: what their names promise."""

import asyncio
import hashlib
import os
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from messaging.voice import sound
from messaging.voice.clips import Clips
from messaging.voice.recordings import Recordings
from messaging.voice.webhooks import Service, Unanswered, reach
from tests.voice import sounds
from tests.voice.line import Script

NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
DATA = sounds.wav(sounds.babble("menu", 0.33))
NAME = f"{hashlib.sha256(DATA).hexdigest()}.wav"


class Counted:
    """Gives the same bytes for every address, and counts."""

    def __init__(self, data: bytes) -> None:
        self.data, self.times = data, 0

    async def __call__(self, url: str) -> bytes:
        self.times += 1
        await asyncio.sleep(0)
        return self.data


def test_a_sound_named_by_its_hash_is_fetched_once_by_fifty_calls_and_for_ever(tmp_path: Path) -> None:
    given = Counted(DATA)

    async def run() -> None:
        clips = Clips(tmp_path / "clips", given)
        found = await asyncio.gather(*(clips.get(f"http://x/hooks/sounds/{NAME}", tmp_path) for _ in range(50)))
        assert {one.path for one in found} == {tmp_path / "clips" / NAME}
        later = await Clips(tmp_path / "clips", given).get(f"http://x/hooks/sounds/{NAME}", tmp_path)
        assert later == found[0]

    asyncio.run(run())
    assert given.times == 1


def test_a_sound_is_filled_up_to_whole_frames(tmp_path: Path) -> None:
    found = asyncio.run(Clips(tmp_path / "clips", Counted(DATA)).get(f"http://x/{NAME}", tmp_path))
    with wave.open(str(found.path)) as file:
        assert file.getnframes() % 160 == 0
        assert file.getnframes() / 8000 == found.seconds


def test_a_sound_that_is_not_what_its_name_says_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(sound.SoundError):
        asyncio.run(Clips(tmp_path / "clips", Counted(DATA + b"\0\0")).get(f"http://x/{NAME}", tmp_path))
    assert [*(tmp_path / "clips").iterdir()] == []


def test_a_sound_without_a_lasting_name_is_fetched_each_time_and_left_to_the_call(tmp_path: Path) -> None:
    given, scratch = Counted(DATA), tmp_path / "scratch"
    scratch.mkdir()

    async def run() -> None:
        clips = Clips(tmp_path / "clips", given)
        one, two = [await clips.get("http://x/hooks/recording.wav?until=9", scratch) for _ in range(2)]
        assert one.path.parent == two.path.parent == scratch
        assert one.path != two.path

    asyncio.run(run())
    assert given.times == 2
    assert [*(tmp_path / "clips").iterdir()] == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"ID3 an MP3", id="an MP3"),
        pytest.param(DATA.replace((8000).to_bytes(4, "little"), (16000).to_bytes(4, "little"), 1), id="16 kHz"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_another_kind_of_sound_is_refused(data: bytes) -> None:
    with pytest.raises(sound.SoundError):
        sound.read(data)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        pytest.param("http://192.0.2.1/a.wav", "not the service's", id="elsewhere"),
        pytest.param("{base}.evil.example/a.wav", "not the service's", id="a longer host"),
        pytest.param("{base}/hooks/../../a.wav", "not the service's", id="climbing"),
        pytest.param("{base}/hooks/sounds/none.wav", "404", id="missing"),
    ],
)
def test_nothing_is_fetched_but_from_the_service(tmp_path: Path, url: str, why: str) -> None:
    script = Script(tmp_path)

    async def run() -> None:
        async with reach(script.url) as service:
            await service.fetch(url.replace("{base}", script.url))

    try:
        with pytest.raises(Unanswered, match=why):
            asyncio.run(run())
    finally:
        script.end()


def test_a_webhook_that_fails_once_is_asked_again_and_both_are_signed(tmp_path: Path) -> None:
    script = Script(tmp_path, {"/hooks/jeton/call": lambda form: "<Response/>"}, failing=1)

    async def run() -> bytes:
        async with reach(script.url) as service:
            return await service.ask(f"{script.url}/hooks/jeton/call?ref=a%20b%2Bc", {"CallSid": "CA1"}, "not-a-real-token")

    try:
        assert asyncio.run(run()) == b"<Response/>"
        assert (len(script.asked), script.unsigned) == (2, 0)
    finally:
        script.end()


def test_a_service_behind_another_address_is_asked_there_and_signed_for_its_own(tmp_path: Path) -> None:
    script, public = Script(tmp_path, {"/hooks/jeton/call": lambda form: "<Response/>"}), "https://lamen.example"

    async def run() -> None:
        async with reach(public, script.url) as service:
            assert isinstance(service, Service)
            assert await service.ask(f"{public}/hooks/jeton/call", {"CallSid": "CA1"}, "not-a-real-token") == b"<Response/>"

    try:
        asyncio.run(run())
        assert script.unsigned == 1, "it was signed for the address of the script, which nobody knows"
    finally:
        script.end()


def test_the_same_voice_in_two_calls_makes_two_recordings_and_the_same_call_one(tmp_path: Path) -> None:
    store, found = Recordings(tmp_path), set()
    for call in ("CA1", "CA2", "CA1"):
        part = store.begin(call, 1)
        sound.write(part.with_suffix(".wav"), sounds.babble("awa", 1.6).astype("<i2").tobytes())
        part.with_suffix(".wav").rename(part)
        kept = store.keep(part, call)
        assert kept is not None
        assert kept.seconds == 1.6
        found.add(kept.sid)
    assert len(found) == len([*tmp_path.rglob("*.wav")]) == 2
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_what_nobody_fetched_for_ninety_days_goes_and_what_a_killed_process_left(tmp_path: Path) -> None:
    store = Recordings(tmp_path)
    (tmp_path / "aa").mkdir()
    old, young, part = tmp_path / "aa" / "old.wav", tmp_path / "aa" / "young.wav", store.begin("CA1", 1)
    for path, days in ((old, 91), (young, 89), (part, 0)):
        path.write_bytes(b"x")
        at = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (at, at))
    assert store.purge(NOW) == 2
    assert [one.name for one in tmp_path.rglob("*.*")] == ["young.wav"]
