"""Whatever a call is told, no provider is given a verb or an attribute outside those its documents name."""

from collections.abc import Mapping
from itertools import product
from xml.etree import ElementTree

import pytest

from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.gateways.protocol import Gateway
from messaging.gateways.twilio.gateway import Twilio
from messaging.steps import Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Sound, Step

NEXT = "https://nut.example/hooks/t/call?turn=4&x=1"
CLIPS = Play((Sound("https://nut.example/s/a.wav", 3.0), Sound("https://nut.example/s/b.wav", 2.0)))

# docs/gateways.md names the sources: what Somleng runs of TwiML, and what Africa's Talking documents of its own.
SOMLENG: Mapping[str, frozenset[str]] = {
    "Response": frozenset(),
    "Play": frozenset({"loop"}),
    "Say": frozenset({"language", "voice", "loop"}),
    "Gather": frozenset({"action", "method", "timeout", "finishOnKey", "numDigits", "actionOnEmptyResult"}),
    "Record": frozenset({"action", "method", "timeout", "finishOnKey", "maxLength", "playBeep"}),
    "Redirect": frozenset({"method"}),
    "Reject": frozenset({"reason"}),
    "Hangup": frozenset(),
}
AFRICAS_TALKING: Mapping[str, frozenset[str]] = {
    "Response": frozenset(),
    "Play": frozenset({"url"}),
    "Say": frozenset({"voice"}),
    "GetDigits": frozenset({"numDigits", "timeout", "finishOnKey", "callbackUrl"}),
    "Record": frozenset({"maxLength", "timeout", "finishOnKey", "trimSilence", "playBeep", "callbackUrl"}),
    "Redirect": frozenset(),
    "Reject": frozenset(),
}
WITHIN = {"Gather": {"Play", "Say"}, "GetDigits": {"Play", "Say"}, "Record": {"Play", "Say"}}
GATEWAYS: list[tuple[Gateway, Mapping[str, frozenset[str]]]] = [(Twilio(), SOMLENG), (AfricasTalking(), AFRICAS_TALKING)]

SPOKEN: list[tuple[Step, ...]] = [(), (CLIPS,), (Say("Un & deux"),), (Pause(2.0), CLIPS), (CLIPS, Pause(1.0), Say("Trois"))]
ENDINGS: list[Step] = [
    *(Gather((CLIPS, Say("Et vous ?")), NEXT, digits=digits, finish=finish) for digits, finish in ((1, ""), (0, "#"), (4, "*"))),
    Gather((), NEXT),
    *(Record(NEXT, finish=finish, beep=beep) for finish, beep in (("#", True), ("", False))),
    Redirect(NEXT),
    Hangup(),
]
WHOLE = [*((*said, end) for said, end in product(SPOKEN, ENDINGS)), (Reject(),), (Reject(busy=False),)]


def faults(body: str, words: Mapping[str, frozenset[str]]) -> list[str]:
    """What stands in a document outside a vocabulary."""
    found = []

    def look(element: ElementTree.Element, inside: str) -> None:
        verb = element.tag
        if verb not in words or (inside in WITHIN and verb not in WITHIN[inside]):
            found.append(f"{inside}/{verb}")
        found.extend(f"{verb}@{name}" for name in element.attrib if name not in words.get(verb, ()))
        for child in element:
            look(child, verb)

    look(ElementTree.fromstring(body), "")
    return found


@pytest.mark.parametrize(("gateway", "words"), GATEWAYS, ids=[gateway.name for gateway, _ in GATEWAYS])
def test_nothing_stands_outside_the_vocabulary(gateway: Gateway, words: Mapping[str, frozenset[str]]) -> None:
    assert len(WHOLE) == 42
    for steps in WHOLE:
        assert faults(gateway.render(steps, 4)[0], words) == [], steps


def test_africas_talking_asks_for_keys_around_one_prompt_only() -> None:
    for steps in WHOLE:
        root = ElementTree.fromstring(AfricasTalking().render(steps, 4)[0])
        assert all(len(verb) <= 1 for verb in root.iter("GetDigits"))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param('<Response><Pause length="1"/></Response>', "Response/Pause", id="Pause"),
        pytest.param("<Response><Dial>+22376000001</Dial></Response>", "Response/Dial", id="Dial"),
        pytest.param('<Response><Gather input="speech"/></Response>', "Gather@input", id="an attribute"),
        pytest.param("<Response><Gather><Record/></Gather></Response>", "Gather/Record", id="a verb inside another"),
    ],
)
def test_what_stands_outside_is_found(body: str, fault: str) -> None:
    assert fault in faults(body, SOMLENG)
