"""Our count of parts beside Twilio's own published calculator, which other people wrote."""

import json
import shutil
import subprocess

import pytest

from tests.peers.prism import HERE
from tests.peers.texts import HOW_MANY, WORDS, edges, texts
from translations.sms import measure, prepare

CALCULATOR = HERE / "node_modules" / "sms-segments-calculator"


@pytest.fixture(scope="module")
def node() -> str:
    """The node that runs it."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: Twilio's calculator cannot run")
    if not CALCULATOR.exists():
        pytest.skip("Twilio's calculator is not installed: `make test` does it where npm can reach a registry")
    return found


def by_twilio(node: str, said: list[str]) -> list[tuple[str, int]]:
    """Encoding and parts of each text; they go as they are sent, prepared."""
    asked = json.dumps([prepare(one) for one in said])
    done = subprocess.run([node, str(HERE / "segments.js")], input=asked, capture_output=True, text=True, check=True, timeout=300)
    return [(encoding, parts) for encoding, parts in json.loads(done.stdout)]


def ours(said: str) -> tuple[str, int]:
    size = measure(said)
    return size.encoding.value, size.parts


def test_the_texts_are_of_three_languages_and_reach_every_limit() -> None:
    made = texts()
    counted = {(one.language, *ours(one.text)) for one in made}
    assert len({one.text for one in made}) == HOW_MANY == 2000
    assert {language for language, _encoding, _parts in counted} == set(WORDS)
    assert {(encoding, parts) for _language, encoding, parts in counted} >= {
        *(("GSM-7", n) for n in range(1, 4)),
        *(("UCS-2", n) for n in range(1, 8)),
    }


def test_parts_agree_with_twilios_calculator_on_two_thousand_texts_and_where_texts_are_cut(node: str) -> None:
    said = [*(one.text for one in texts()), *edges()]
    twilios = by_twilio(node, said)
    assert [(text, ours(text), theirs) for text, theirs in zip(said, twilios, strict=True) if ours(text) != theirs] == []
