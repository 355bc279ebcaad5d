"""Call steps as TwiML, in the part of it that Somleng runs too: it ends the call at any other verb, even at a Pause.

Its defaults differ from Twilio's (a recording may last an hour), so that every attribute is written. Not by the SDK, which takes
longer over a menu of clips than the database over reading them: the words are few, and a caller waits.
"""

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from messaging.steps import Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Step, StepError

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
VOICES = {"fr": "fr-FR"}  # no engine speaks the languages of Mali: those are played


def write(steps: Sequence[Step]) -> str:
    """The document that carries out these steps; StepError for a refusal among others, or for words not in French."""
    if len(steps) > 1 and any(isinstance(step, Reject) for step in steps):
        raise StepError("a refusal stands alone")
    response = Element("Response")
    for step in steps:
        _add(response, step)
    return HEAD + tostring(response, encoding="unicode")


def _add(response: Element, step: Step) -> None:
    match step:
        case Play() | Say():
            _sound(response, step)
        case Gather():
            _gather(response, step)
        case Record():
            _record(response, step)
        case Redirect():
            _redirect(response, step.next)
        case Reject():
            SubElement(response, "Reject", reason="busy" if step.busy else "rejected")
        case Hangup():
            SubElement(response, "Hangup")
        case Pause():
            pass  # the silence is not worth the call


def _sound(verb: Element, step: Play | Say) -> None:
    if isinstance(step, Say):
        if step.language not in VOICES:
            raise StepError("only French is read aloud")
        SubElement(verb, "Say", language=VOICES[step.language]).text = step.text
        return
    for clip in step.clips:
        SubElement(verb, "Play").text = clip.url


def _gather(response: Element, step: Gather) -> None:
    how = {"action": step.next, "actionOnEmptyResult": "true", "finishOnKey": step.finish, "method": "POST"}
    how |= {"numDigits": str(step.digits)} if step.digits else {}
    verb = SubElement(response, "Gather", {**how, "timeout": _seconds(step.first_s)})
    for prompt in step.prompts:
        _sound(verb, prompt)


def _record(response: Element, step: Record) -> None:
    SubElement(
        response,
        "Record",
        action=step.next,
        finishOnKey=step.finish,
        maxLength=str(step.max_s),
        method="POST",
        playBeep="true" if step.beep else "false",
        timeout=_seconds(step.silence_s),
    )
    # Where nothing was said a recording asks for nothing: without this line the call would end.
    _redirect(response, step.next)


def _redirect(response: Element, address: str) -> None:
    SubElement(response, "Redirect", method="POST").text = address


def _seconds(wanted: float) -> str:
    return str(max(1, math.ceil(wanted)))
