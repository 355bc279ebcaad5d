"""TwiML read into steps: all that our gateway writes, and nothing outside the portable part."""

import pytest

from messaging import steps
from messaging.gateways.twilio import twiml as written
from messaging.voice.twiml import Gather, Hangup, Play, Record, Redirect, Reject, Say, TwimlError, parse

BASE = "http://127.0.0.1:8000/hooks/jeton/call?ref=a"


def doc(inner: str) -> bytes:
    return f"<Response>{inner}</Response>".encode()


def test_all_that_the_gateway_writes_is_read_back() -> None:
    clip = steps.Sound("http://127.0.0.1:8000/hooks/sounds/a.wav?b=1&c=2", 3.0)
    said: tuple[steps.Step, ...] = (
        steps.Play((clip, clip)),
        steps.Gather(
            (steps.Play((clip,)), steps.Say("Bonjour")), "http://127.0.0.1:8000/n?turn=2", digits=0, finish="#", first_s=6.5
        ),
        steps.Record("http://127.0.0.1:8000/n?turn=3"),
        steps.Redirect("http://127.0.0.1:8000/n?turn=4"),
        steps.Hangup(),
    )
    assert parse(written.write(said).encode(), BASE) == (
        Play(clip.url),
        Play(clip.url),
        Gather((Play(clip.url), Say()), "http://127.0.0.1:8000/n?turn=2", 0, "#", 7, on_empty=True),
        Record("http://127.0.0.1:8000/n?turn=3", 60, 4, "#", beep=True),
        Redirect("http://127.0.0.1:8000/n?turn=3"),  # what the gateway puts after each recording
        Redirect("http://127.0.0.1:8000/n?turn=4"),
        Hangup(),
    )
    assert parse(written.write((steps.Reject(busy=True),)).encode(), BASE) == (Reject(busy=True),)


def test_what_is_not_written_is_as_twilio_has_it() -> None:
    assert parse(doc("<Gather/><Record/><Reject/>"), BASE) == (
        Gather((), BASE, 0, "#", 5, on_empty=False),
        Record(BASE, 3600, 5, "1234567890*#", beep=True),
        Reject(busy=False),
    )


def test_addresses_are_those_a_browser_would_find() -> None:
    assert parse(doc("<Play> /hooks/sounds/a.wav </Play><Redirect>?turn=9</Redirect>"), BASE) == (
        Play("http://127.0.0.1:8000/hooks/sounds/a.wav"),
        Redirect("http://127.0.0.1:8000/hooks/jeton/call?turn=9"),
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"no xml", id="no XML"),
        pytest.param(b"<Answer/>", id="another root"),
        pytest.param(b'<!DOCTYPE r [<!ENTITY a "b">]><Response/>', id="entities"),
        pytest.param(b"<Response>" + b" " * 70_000 + b"</Response>", id="too long"),
        pytest.param(doc("words"), id="words between verbs"),
        pytest.param(doc('<Pause length="1"/>'), id="Pause"),
        pytest.param(doc("<Dial>+22376000001</Dial>"), id="Dial"),
        pytest.param(doc('<Play loop="2">a</Play>'), id="an attribute outside the part"),
        pytest.param(doc("<Play/>"), id="Play of nothing"),
        pytest.param(doc("<Play><Say>a</Say></Play>"), id="a verb inside Play"),
        pytest.param(doc("<Gather><Record/></Gather>"), id="a recording inside Gather"),
        pytest.param(doc("<Gather>words</Gather>"), id="words inside Gather"),
        pytest.param(doc('<Gather method="GET"/>'), id="GET"),
        pytest.param(doc('<Gather timeout="soon"/>'), id="a timeout that is no number"),
        pytest.param(doc('<Gather finishOnKey="#*"/>'), id="two keys that end a Gather"),
        pytest.param(doc('<Gather actionOnEmptyResult="yes"/>'), id="neither true nor false"),
        pytest.param(doc('<Record finishOnKey="x"/>'), id="no key"),
        pytest.param(doc('<Record maxLength="99999"/>'), id="a recording of a day"),
        pytest.param(doc('<Reject reason="tired"/>'), id="an unknown reason"),
    ],
)
def test_anything_else_is_an_error(body: bytes) -> None:
    with pytest.raises(TwimlError):
        parse(body, BASE)
