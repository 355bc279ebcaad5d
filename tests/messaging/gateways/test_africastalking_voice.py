"""Africa's Talking, as its specification: the XML that a call is answered with."""

from xml.etree import ElementTree

import pytest

from messaging.gateways.africastalking.gateway import AfricasTalking
from messaging.steps import Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Sound, Step

GATEWAY = AfricasTalking()
NEXT = "https://nut.example/hooks/t/call?turn=4&x=é"
FIRST, SECOND = Sound("https://nut.example/s/a.wav?x=1&y=<2>", 3), Sound("https://nut.example/s/b.wav", 4)


Verb = tuple[str, dict[str, str], str, list[str]]


def written(*steps: Step) -> list[Verb]:
    """Each verb: its name, attributes, text, and the addresses or words within it."""
    body, content_type = GATEWAY.render(steps, 4)
    assert content_type.startswith("application/xml")
    root = ElementTree.fromstring(body.encode())
    assert root.tag == "Response"
    return [(verb.tag, verb.attrib, verb.text or "", [one.get("url") or one.text or "" for one in verb]) for verb in root]


AGAIN: Verb = ("Redirect", {}, NEXT, [])
FRENCH = {"voice": "fr-FR-Standard-A"}


@pytest.mark.parametrize(
    ("steps", "xml"),
    [
        pytest.param(
            (Play((FIRST, SECOND)),), [("Play", {"url": FIRST.url}, "", []), ("Play", {"url": SECOND.url}, "", [])], id="play"
        ),
        pytest.param((Say("Appuyez < 2 & > 1"),), [("Say", FRENCH, "Appuyez < 2 & > 1", [])], id="say"),
        pytest.param((Say("a\x00b\ud800"),), [("Say", FRENCH, "ab", [])], id="what XML cannot say is left out"),
        pytest.param(
            (Gather((Play((FIRST,)),), NEXT, first_s=6.5),),
            [("GetDigits", {"timeout": "7", "callbackUrl": NEXT, "numDigits": "1"}, "", [FIRST.url]), AGAIN],
            id="one key, and a silence that comes back",
        ),
        pytest.param(
            (Gather((Play((FIRST, SECOND)), Say("Et vous ?")), NEXT, digits=0, finish="#"),),
            [
                ("Play", {"url": FIRST.url}, "", []),
                ("Play", {"url": SECOND.url}, "", []),
                ("GetDigits", {"timeout": "7", "callbackUrl": NEXT, "finishOnKey": "#"}, "", ["Et vous ?"]),
                AGAIN,
            ],
            id="all of several prompts are heard, one of them within",
        ),
        pytest.param(
            (Gather((), NEXT),),
            [("GetDigits", {"timeout": "7", "callbackUrl": NEXT, "numDigits": "1"}, "", []), AGAIN],
            id="no prompt",
        ),
        pytest.param(
            (Record(NEXT, max_s=30, silence_s=5, finish="*", beep=False),),
            [
                (
                    "Record",
                    {
                        "maxLength": "30",
                        "timeout": "5",
                        "finishOnKey": "*",
                        "trimSilence": "true",
                        "playBeep": "false",
                        "callbackUrl": NEXT,
                    },
                    "",
                    [],
                ),
                AGAIN,
            ],
            id="record, and a silence that comes back",
        ),
        pytest.param((Redirect(NEXT),), [AGAIN], id="redirect"),
        pytest.param((Reject(),), [("Reject", {}, "", [])], id="reject"),
        pytest.param((Hangup(),), [], id="a hang-up is the end"),
        pytest.param((Pause(2), Redirect(NEXT)), [AGAIN], id="no verb waits"),
    ],
)
def test_steps_are_written(steps: tuple[Step, ...], xml: list[Verb]) -> None:
    assert written(*steps) == xml
