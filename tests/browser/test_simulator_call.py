"""A call in the browser: a bip called back, keys, a question from the microphone, heard again, kept for staff."""

import shutil
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from clubs.records import Inquiry, InquiryState
from console.staff import RoleName as R
from messaging import recordings
from messaging.models import Recording
from runtime.installation import business_time
from tests.browser.conftest import SignIn
from tests.browser.house import House
from tests.calls import hum

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")

LOUDER_THAN_SILENCE = 300  # of 32767, on average over the loudest tenth


def _phone(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=phone-membre]")


def _press(page: Page, name: str) -> None:
    _phone(page).get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def _later(page: Page, words: str) -> None:
    page.locator("section[aria-labelledby=clock]").get_by_role("button", name=words).click()
    page.wait_for_load_state()


def _called_back(page: Page, house: House) -> None:
    """Take the phone in hand, let it ring once, wait for the call."""
    page.goto(f"{house.url}/simulateur")
    page.get_by_role("button", name="Prendre ces téléphones").click()
    page.wait_for_load_state()
    for _ in range(5):  # by night nobody is called back
        with house.database.reading() as session:
            if 6 <= business_time(session, datetime.now(UTC)).hour < 19:
                break
        _later(page, "3 heures")
    _phone(page).get_by_role("button", name="Faire un bip").click()
    page.wait_for_load_state()
    _later(page, "10 minutes")
    for _ in range(60):  # without scripts the page does not look by itself
        if _phone(page).get_by_role("button", name="Décrocher").count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError("nobody called back")


def _loudness(house: House, row: Recording) -> float:
    with wave.open(str(recordings.path_of(house.folder, row.sha256))) as sound:
        heard = np.abs(np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float))
    return float(np.sort(heard)[-len(heard) // 10 :].mean())


def _newest(house: House) -> tuple[Inquiry, Recording]:
    with house.database.reading() as session:
        inquiry = session.scalars(select(Inquiry).order_by(Inquiry.id.desc()).limit(1)).one()
        return inquiry, session.get_one(Recording, inquiry.recording_id)


def _asked(house: House) -> int:
    with house.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Inquiry)) or 0


def _to_the_microphone(page: Page) -> None:
    _press(page, "3")
    expect(_phone(page).locator(".ringing p.said")).not_to_be_empty()
    _press(page, "1")
    expect(_phone(page).get_by_label("Parlez : enregistrez ou choisissez un son")).to_be_visible()


def test_a_question_is_asked_from_the_microphone_heard_again_and_kept(house: House, sign_in: SignIn) -> None:
    before, page = _asked(house), sign_in(R.COMMUNICATION, name="fanta")
    _called_back(page, house)
    assert page.evaluate("[...document.querySelectorAll('audio')].every(one => one.paused && one.preload === 'none')")
    _press(page, "Décrocher")
    expect(_phone(page).get_by_text("En communication")).to_be_visible()
    _to_the_microphone(page)

    page.get_by_role("button", name="Enregistrer avec le micro").click()
    expect(page.get_by_text("Parlez. L'enregistrement est en cours.")).to_be_visible()
    page.wait_for_timeout(5000)  # longer than the page waits to look again: the recording must outlive that
    page.get_by_role("button", name="Arrêter l'enregistrement").click()
    expect(page.get_by_text("Enregistré. Écoutez, puis gardez ou recommencez.")).to_be_visible()
    _press(page, "Dire ce son")

    again = _phone(page).locator("figure.sound", has_text="Ce qui vient d'être enregistré").locator("audio")
    expect(again).to_have_count(1)
    seconds = again.evaluate(
        "one => new Promise(done => { one.onloadedmetadata = () => done(one.duration); one.load(); one.preload = 'auto'; })"
    )
    assert 2 < seconds < 10
    _press(page, "1")
    assert _asked(house) == before + 1
    inquiry, row = _newest(house)
    assert (inquiry.state, row.refused) == (InquiryState.OPEN, None)
    assert row.seconds == pytest.approx(seconds, abs=0.5)
    assert _loudness(house, row) > LOUDER_THAN_SILENCE, "the pretended microphone beeps"
    _press(page, "Raccrocher")
    expect(_phone(page).get_by_text("En communication")).to_have_count(0)


def test_without_scripts_a_question_is_asked_from_a_file(house: House, sign_in: SignIn, tmp_path: Path) -> None:
    (tmp_path / "question.wav").write_bytes(hum(3))
    before, page = _asked(house), sign_in(R.VALIDATION, name="boubacar", scripts=False, width=320)
    page.goto(f"{house.url}/simulateur")
    page.locator("section[aria-labelledby=clock]").get_by_role(
        "button", name="1 jour"
    ).click()  # one bip is called back in ten minutes
    page.wait_for_load_state()
    _called_back(page, house)
    _press(page, "Décrocher")
    _to_the_microphone(page)
    expect(page.get_by_role("button", name="Enregistrer avec le micro")).to_be_hidden()
    _phone(page).get_by_label("Parlez : enregistrez ou choisissez un son").set_input_files(tmp_path / "question.wav")
    _press(page, "Dire ce son")
    _press(page, "1")
    assert _asked(house) == before + 1
    assert _newest(house)[1].seconds == pytest.approx(3, abs=0.2)
    _press(page, "Raccrocher")


@pytest.mark.parametrize("width", [320, 1280])
def test_what_plays_can_be_read_and_fits_the_screen(house: House, sign_in: SignIn, width: int) -> None:
    page = sign_in(R.COMMUNICATION, name="fanta", width=width)
    page.goto(f"{house.url}/simulateur")
    _later(page, "1 jour")
    _called_back(page, house)
    _press(page, "Décrocher")
    said = _phone(page).locator(".ringing p.said")
    assert all(words.strip() for words in said.all_inner_texts())
    assert said.count() > 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
    _press(page, "Raccrocher")
