"""Call steps as TwiML, in the part of it that Somleng runs too: it ends the call at any other verb, even at a Pause.

Its defaults differ from Twilio's (a recording may last an hour), so that every attribute is written.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from messaging.steps import Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Step, StepError

if TYPE_CHECKING:
    from twilio.twiml.voice_response import Gather as GatherVerb
    from twilio.twiml.voice_response import VoiceResponse

VOICES = {"fr": "fr-FR"}  # no engine speaks the languages of Mali: those are played


def write(steps: Sequence[Step]) -> str:
    """The document that carries out these steps; StepError for a refusal among others, or for words not in French."""
    return _written(tuple(steps))


@lru_cache(maxsize=512)
def _written(steps: tuple[Step, ...]) -> str:
    """Kept, because the callers of one message hear the same steps at the same turns."""
    from twilio.twiml.voice_response import VoiceResponse  # 50 ms: not for those without Twilio

    if len(steps) > 1 and any(isinstance(step, Reject) for step in steps):
        raise StepError("a refusal stands alone")
    response = VoiceResponse()
    for step in steps:
        _add(response, step)
    return str(response)


def _add(response: "VoiceResponse", step: Step) -> None:
    match step:
        case Play() | Say():
            _sound(response, step)
        case Gather():
            _gather(response, step)
        case Record():
            _record(response, step)
        case Redirect():
            response.redirect(step.next, method="POST")
        case Reject():
            response.reject(reason="busy" if step.busy else "rejected")
        case Hangup():
            response.hangup()
        case Pause():
            pass  # the silence is not worth the call


def _sound(verb: "VoiceResponse | GatherVerb", step: Play | Say) -> None:
    if isinstance(step, Say):
        if step.language not in VOICES:
            raise StepError("only French is read aloud")
        verb.say(step.text, language=VOICES[step.language])
        return
    for clip in step.clips:
        verb.play(clip.url)


def _gather(response: "VoiceResponse", step: Gather) -> None:
    verb = response.gather(
        action=step.next,
        method="POST",
        timeout=_seconds(step.first_s),
        num_digits=step.digits or None,
        finish_on_key=step.finish,
        action_on_empty_result=True,
    )
    for prompt in step.prompts:
        _sound(verb, prompt)


def _record(response: "VoiceResponse", step: Record) -> None:
    response.record(
        action=step.next,
        method="POST",
        max_length=step.max_s,
        timeout=_seconds(step.silence_s),
        finish_on_key=step.finish,
        play_beep=step.beep,
    )
    # Where nothing was said a recording asks for nothing: without this line the call would end.
    response.redirect(step.next, method="POST")


def _seconds(wanted: float) -> int:
    return max(1, math.ceil(wanted))
