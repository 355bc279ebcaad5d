"""Call steps in the XML of Africa's Talking, written by ElementTree because its SDK has no builder and XML must be escaped.

GetDigits holds one prompt only, and calls nobody when no key comes: so the prompts before the last are played ahead of it, where
keys are not heard yet, and a Redirect after it brings the silence back to us as a turn.
"""

from collections.abc import Sequence
from math import ceil
from xml.etree.ElementTree import Element, SubElement, tostring

from messaging.steps import Gather, Pause, Play, Record, Redirect, Reject, Say, Step

CONTENT_TYPE = "application/xml; charset=utf-8"
VOICES = {"fr": "fr-FR-Standard-A"}  # ‡ French tests only: no engine speaks the languages of our members


def render(steps: Sequence[Step]) -> str:
    """A whole document. Play wants https addresses ‡; a hang-up is the end of the document, so it writes nothing."""
    root = Element("Response")
    for step in steps:
        _write(root, step)
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(root, encoding="unicode")


def _write(root: Element, step: Step) -> None:
    match step:
        case Play() | Say():
            root.extend(_spoken(step))
        case Gather():
            _gather(root, step)
        case Record():
            _record(root, step)
        case Redirect():
            SubElement(root, "Redirect").text = step.next
        case Reject():
            SubElement(root, "Reject")
        case Pause():
            pass  # no verb waits, and no silent clip is made yet: the next step comes at once


def _spoken(step: Play | Say) -> list[Element]:
    if isinstance(step, Play):
        return [Element("Play", url=clip.url) for clip in step.clips]
    said = Element("Say", voice=VOICES.get(step.language, VOICES["fr"]))
    said.text = "".join(char for char in step.text if char.isprintable() or char == "\n")  # XML has no word for a NUL
    return [said]


def _gather(root: Element, step: Gather) -> None:
    prompts = [element for prompt in step.prompts for element in _spoken(prompt)]
    root.extend(prompts[:-1])
    asked = {"timeout": str(ceil(step.first_s)), "callbackUrl": step.next}
    if step.digits:
        asked["numDigits"] = str(step.digits)
    if step.finish:
        asked["finishOnKey"] = step.finish
    SubElement(root, "GetDigits", asked).extend(prompts[-1:])
    SubElement(root, "Redirect").text = step.next  # ‡ reached when no key came


def _record(root: Element, step: Record) -> None:
    asked = {
        "maxLength": str(step.max_s),
        "timeout": str(ceil(step.silence_s)),
        "finishOnKey": step.finish,
        "trimSilence": "true",
        "playBeep": "true" if step.beep else "false",
        "callbackUrl": step.next,
    }
    SubElement(root, "Record", asked)
    SubElement(root, "Redirect").text = step.next  # ‡ reached when nothing was said
