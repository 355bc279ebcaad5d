"""Recording a prompt: from the microphone where the browser can, as a file without scripts; either way it is heard back."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from console.staff import RoleName as R
from tests.browser.conftest import SignIn
from tests.browser.house import House
from tests.translations.test_clips import wav

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no sound is read")


def test_a_prompt_is_recorded_from_the_microphone_and_kept(house: House, sign_in: SignIn) -> None:
    page = sign_in(R.LANGUE, name="boubou")
    page.goto(f"{house.url}/voix/dts/A/dire/goodbye")
    page.get_by_role("button", name="Enregistrer avec le micro").click()
    expect(page.get_by_text("Parlez. L'enregistrement est en cours.")).to_be_visible()
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Arrêter l'enregistrement").click()
    expect(page.get_by_text("Enregistré. Écoutez, puis gardez ou recommencez.")).to_be_visible()
    assert page.locator("#sound").evaluate("field => field.files[0].size") > 1000
    expect(page.get_by_label("Ce que vous venez d'enregistrer")).to_be_visible()
    page.get_by_role("button", name="Garder et écouter").click()
    page.wait_for_load_state()
    expect(page.locator("figure.sound").first).to_contain_text("pas encore approuvé")
    kept = page.locator("figure.sound audio").first
    assert kept.evaluate("one => one.preload") == "none", "nothing is loaded before somebody asks"
    assert (
        kept.evaluate(
            "one => new Promise(done => { one.onloadedmetadata = () => done(one.duration); one.load(); one.preload = 'auto'; })"
        )
        > 0.5
    )


def test_a_prompt_is_sent_as_a_file_and_proposed_without_scripts(house: House, sign_in: SignIn, tmp_path: Path) -> None:
    (tmp_path / "who.wav").write_bytes(wav(1.5))
    page = sign_in(R.LANGUE, name="boubou", scripts=False)
    page.goto(f"{house.url}/voix/dts/A/dire/who")
    expect(page.get_by_role("button", name="Enregistrer avec le micro")).to_be_hidden()
    page.get_by_label("Envoyer un enregistrement").set_input_files(tmp_path / "who.wav")
    page.get_by_role("button", name="Proposer et passer à la suivante").click()
    expect(page.get_by_text("Proposé. Une deuxième personne doit maintenant l'écouter.")).to_be_visible()
    page.goto(f"{house.url}/voix/dts/A")
    expect(page.get_by_role("row", name="who").first).to_contain_text("à écouter")
