"""Twilio's webhooks in our words, and our steps in TwiML: a table that reads as its specification."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from messaging.gateways.protocol import CallStep, Cause, Recorded, Refused, StatusReport, Unreadable, WebhookRequest
from messaging.gateways.twilio.gateway import Twilio
from messaging.gateways.twilio.words import ACCOUNT_STATUSES, ANSWERED_BY, CALL_STATUSES, OPT_OUTS, RECORDING_STATUSES, STATUSES
from messaging.steps import Gather, Hangup, Pause, Play, Record, Redirect, Reject, Say, Sound, Step, StepError
from tests.messaging.gateways import twilio_peer
from tests.messaging.gateways.twilio_peer import AWA, CALL, MESSAGE, NUMBER, RECORDING, SID, account, call, signed, sms, status

NEXT = "https://nut.example/hooks/tok/call?turn=1&x=2"
CLIP = Sound("https://nut.example/sounds/a.wav?x=1&y=2", 12.5, 9.0)
OTHER = Sound("https://nut.example/sounds/b.wav", 2.0)


@pytest.mark.parametrize(
    ("changed", "text", "opts_out", "binary"),
    [
        pytest.param({}, "CR 12 18 7 9 1 Bɛ", False, False, id="words"),
        pytest.param({"Body": ""}, "", False, False, id="no words"),
        pytest.param({"Body": "Stop", "OptOutType": "STOP"}, "Stop", True, False, id="a STOP that Twilio answered"),
        pytest.param({"Body": "Start", "OptOutType": "START"}, "Start", False, False, id="a START that Twilio answered"),
        pytest.param({"Body": "Aide", "OptOutType": "HELP"}, "Aide", False, False, id="a HELP that Twilio answered"),
        pytest.param({"OptOutType": "PAUSE"}, "CR 12 18 7 9 1 Bɛ", False, False, id="a new kind of opt-out loses nothing"),
        pytest.param({"Body": "", "NumMedia": "1"}, "", False, True, id="a picture"),
        pytest.param({"To": "00123"}, "CR 12 18 7 9 1 Bɛ", False, False, id="to a short code"),
    ],
)
def test_an_sms_is_read(changed: dict[str, str], text: str, opts_out: bool, binary: bool) -> None:
    read = Twilio().read_sms(account(), signed("sms", sms(**changed)))
    assert (read.key, read.sender, read.provider_at) == (MESSAGE, AWA, None)
    assert (read.text, read.opts_out, read.binary) == (text, opts_out, binary)


def test_an_sms_may_have_only_the_old_name_of_its_id() -> None:
    form = {name: value for name, value in sms().items() if name != "MessageSid"}
    assert Twilio().read_sms(account(), signed("sms", form)).key == MESSAGE


@pytest.mark.parametrize(
    ("word", "code", "said", "cause"),
    [
        pytest.param("accepted", "", "wired", None, id="accepted"),
        pytest.param("scheduled", "", "wired", None, id="scheduled"),
        pytest.param("queued", "", "wired", None, id="queued"),
        pytest.param("sending", "", "wired", None, id="sending"),
        pytest.param("sent", "", "sent", None, id="sent"),
        pytest.param("partially_delivered", "", "sent", None, id="partially delivered"),
        pytest.param("delivered", "", "delivered", None, id="delivered"),
        pytest.param("read", "", "delivered", None, id="read"),
        pytest.param("canceled", "", "failed", Cause.UNDELIVERED, id="cancelled"),
        pytest.param("undelivered", "", "failed", Cause.UNDELIVERED, id="undelivered, nobody knows why"),
        pytest.param("undelivered", "30003", "errored", Cause.ABSENT, id="the phone is off"),
        pytest.param("undelivered", "30005", "failed", Cause.DEAD_NUMBER, id="no such phone"),
        pytest.param("undelivered", "30007", "failed", Cause.THIS_TEXT, id="filtered"),
        pytest.param("failed", "30008", "errored", Cause.BUSY_GATEWAY, id="an unknown error"),
        pytest.param("failed", "21610", "failed", Cause.OPT_OUT, id="they had opted out"),
        pytest.param("failed", "30002", "errored", Cause.CREDIT, id="the account is suspended"),
        pytest.param("failed", "88888", "failed", Cause.UNDELIVERED, id="a new code"),
        pytest.param("delivered", "30003", "delivered", None, id="delivered whatever the code"),
    ],
)
def test_a_report_is_read(word: str, code: str, said: str, cause: Cause | None) -> None:
    form = status(word, **({"ErrorCode": code} if code else {}), RawDlrDoneDate="2603181000")
    read = Twilio().read_status(account(), signed("status", form, "ref=0190a-attempt"))
    assert read == StatusReport("0190a-attempt", said, code=code, cause=cause, number=AWA)


def test_a_report_without_our_id_carries_theirs() -> None:
    assert Twilio().read_status(account(), signed("status", status("sent"))).reference == MESSAGE


STEP = CallStep(CALL, AWA, "turn")


@pytest.mark.parametrize(
    ("form", "query", "step"),
    [
        pytest.param(call("ringing"), "", replace(STEP, event="ringing", inbound=True), id="somebody calls"),
        pytest.param(
            {"CallSid": CALL, "CallStatus": "ringing", "Direction": "inbound", "Caller": AWA, "Called": NUMBER},
            "",
            replace(STEP, event="ringing", inbound=True),
            id="somebody calls, under the other names",
        ),
        pytest.param(
            call("in-progress", "outbound-api"),
            "ref=0190a",
            replace(STEP, event="answered", reference="0190a"),
            id="they answered",
        ),
        pytest.param(
            call("in-progress", "outbound-dial"), "", replace(STEP, event="answered"), id="they answered a transfer: it is To"
        ),
        pytest.param(
            call("in-progress", "outbound-api", CallbackSource="call-progress-events"),
            "ref=0190a",
            replace(STEP, event="ringing", reference="0190a"),
            id="news of an answer ask for nothing",
        ),
        pytest.param(
            call("in-progress", "outbound-api", Digits="2", FinishedOnKey=""),
            "turn=3",
            replace(STEP, turn=3, digits="2"),
            id="a key",
        ),
        pytest.param(
            call("in-progress", "outbound-api", Digits="18", FinishedOnKey="#"),
            "turn=3",
            replace(STEP, turn=3, digits="18", finished_on="#"),
            id="a number ended by a key",
        ),
        pytest.param(call("in-progress", "outbound-api"), "turn=3", replace(STEP, turn=3, digits=""), id="a silence"),
        pytest.param(
            call("in-progress", "outbound-api", RecordingUrl="https://x.example/r/1", RecordingSid=RECORDING, Digits="#"),
            "turn=4",
            replace(STEP, turn=4, digits="", finished_on="#", recording=RECORDING),
            id="a recording ended by a key",
        ),
        pytest.param(
            call("completed", "outbound-api", RecordingUrl="https://x.example/r/1?a=b", Digits="hangup"),
            "turn=4",
            replace(STEP, turn=4, digits="", recording="/r/1"),
            id="a recording ended by hanging up counts",
        ),
        pytest.param(
            call("in-progress", "outbound-api", AnsweredBy="machine_start", MachineDetectionDuration="3200"),
            "ref=0190a",
            replace(STEP, event="machine", reference="0190a"),
            id="a machine",
        ),
        pytest.param(
            call("in-progress", "outbound-api", AnsweredBy="robot"),
            "",
            replace(STEP, event="answered"),
            id="a new word for who answered hangs up on nobody",
        ),
        pytest.param(
            call("completed", "outbound-api", CallDuration="61", Duration="2", SequenceNumber="3"),
            "ref=0190a",
            replace(STEP, event="completed", reference="0190a", seconds=61),
            id="it ended, after seconds, not minutes",
        ),
        pytest.param(call("busy", "outbound-api"), "", replace(STEP, event="busy"), id="busy"),
        pytest.param(call("no-answer", "outbound-api"), "", replace(STEP, event="no_answer"), id="nobody answered"),
        pytest.param(call("canceled", "outbound-api"), "", replace(STEP, event="failed"), id="cancelled"),
        pytest.param(
            call("failed", "outbound-api", SipResponseCode="503"), "", replace(STEP, event="failed", code="503"), id="failed"
        ),
        pytest.param(
            call("failed", "outbound-api", ErrorCode="13227", SipResponseCode="503"),
            "turn=2",
            replace(STEP, event="failed", turn=2, code="13227", cause=Cause.SENDER),
            id="failed, and why",
        ),
        pytest.param(call("queued", "outbound-api"), "", replace(STEP, event="ringing"), id="queued"),
        pytest.param(call("initiated", "outbound-api"), "", replace(STEP, event="ringing"), id="initiated"),
        pytest.param(
            {"CallSid": CALL, "From": NUMBER, "To": AWA, "Digits": "1"},
            "turn=1",
            replace(STEP, turn=1, digits="1"),
            id="without direction or status, our number tells who called",
        ),
        pytest.param(
            {"CallSid": CALL, "From": AWA, "To": NUMBER, "CallStatus": "ringing"},
            "",
            replace(STEP, event="ringing", inbound=True),
            id="without direction, somebody calls",
        ),
        pytest.param(
            call("in-progress", "outbound-api", Digits="1"),
            "turn=²",
            replace(STEP, event="answered"),
            id="a turn that is no number",
        ),
    ],
)
def test_a_call_is_read(form: dict[str, str], query: str, step: CallStep) -> None:
    assert Twilio().read_call(account(), signed("call", form, query)) == replace(step, untold=True)


def test_only_our_own_line_tells_what_was_heard() -> None:
    assert not Twilio().read_call(account(), signed("call", call("in-progress", LamenHeard=""), "turn=1")).untold


@pytest.mark.parametrize(
    ("form", "found"),
    [
        pytest.param({"RecordingSid": RECORDING, "RecordingDuration": "7"}, Recorded(CALL, RECORDING, 7.0), id="its id"),
        pytest.param(
            {"RecordingUrl": "https://evil.example/2010/Recordings/1?x=y#z", "RecordingStatus": "completed"},
            Recorded(CALL, "/2010/Recordings/1"),
            id="the path alone of its address",
        ),
        pytest.param(
            {"RecordingSid": "../../x", "RecordingUrl": "https://a.example/r"}, Recorded(CALL, "/r"), id="an id that is none"
        ),
    ],
)
def test_a_recording_is_read_without_trusting_its_address(form: dict[str, str], found: Recorded) -> None:
    assert Twilio().read_recording(account(), signed("recording", {"CallSid": CALL, **form})) == found


@pytest.mark.parametrize(
    ("form", "word"),
    [
        pytest.param({"RecordingSid": RECORDING, "RecordingStatus": "absent"}, "absent", id="too short, or silent"),
        pytest.param({"RecordingSid": RECORDING, "RecordingStatus": "in-progress"}, "in-progress", id="not yet"),
        pytest.param({"RecordingSid": RECORDING, "RecordingStatus": "odd"}, "odd", id="a new word"),
        pytest.param({"RecordingUrl": "https://["}, "RecordingUrl", id="no address"),
        pytest.param({"RecordingUrl": "https://a.example/../x"}, "RecordingUrl", id="a path upwards"),
        pytest.param({}, "RecordingUrl", id="nowhere"),
    ],
)
def test_a_recording_that_cannot_be_fetched_is_named(form: dict[str, str], word: str) -> None:
    with pytest.raises(Unreadable) as error:
        Twilio().read_recording(account(), signed("recording", {"CallSid": CALL, **form}))
    assert error.value.word == word


@pytest.mark.parametrize(
    ("form", "query"),
    [
        pytest.param(call("levitating"), "", id="a new status"),
        pytest.param({"CallSid": CALL, "From": AWA}, "", id="no status at all"),
    ],
)
def test_a_strange_call_is_unreadable(form: dict[str, str], query: str) -> None:
    with pytest.raises(Unreadable):
        Twilio().read_call(account(), signed("call", form, query))


def test_a_call_without_an_id_is_none_of_theirs() -> None:
    with pytest.raises(Refused):
        Twilio().read_call(account(), WebhookRequest("POST", "/", "", "", {}, b""))


def xml(*steps: Step) -> str:
    body, content_type = Twilio().render(steps, 1)
    assert content_type == "text/xml"
    assert body.startswith('<?xml version="1.0" encoding="UTF-8"?><Response')
    return "".join(ElementTree.tostring(one, encoding="unicode") for one in ElementTree.fromstring(body))


PLAYED = "<Play>https://nut.example/sounds/a.wav?x=1&amp;y=2</Play>"
ADDRESS = NEXT.replace("&", "&amp;")


@pytest.mark.parametrize(
    ("steps", "written"),
    [
        pytest.param(
            (Play((CLIP, OTHER)), Hangup()),
            f"{PLAYED}<Play>https://nut.example/sounds/b.wav</Play><Hangup />",
            id="clips, then the end",
        ),
        pytest.param((Say("Bonjour à tous"), Hangup()), '<Say language="fr-FR">Bonjour à tous</Say><Hangup />', id="French"),
        pytest.param(
            (Gather((Play((CLIP,)), Say("Un")), NEXT),),
            f'<Gather action="{ADDRESS}" actionOnEmptyResult="true" finishOnKey="" method="POST" numDigits="1" timeout="7">'
            f'{PLAYED}<Say language="fr-FR">Un</Say></Gather>',
            id="one key, whichever",
        ),
        pytest.param(
            (Gather((), NEXT, digits=0, finish="#", first_s=7.2),),
            f'<Gather action="{ADDRESS}" actionOnEmptyResult="true" finishOnKey="#" method="POST" timeout="8" />',
            id="a number, ended by a key, in whole seconds",
        ),
        pytest.param(
            (Record(NEXT),),
            f'<Record action="{ADDRESS}" finishOnKey="#" maxLength="60" method="POST" playBeep="true" timeout="4" />'
            f'<Redirect method="POST">{ADDRESS}</Redirect>',
            id="a recording, and the way on when nothing is said",
        ),
        pytest.param(
            (Record(NEXT, max_s=30, silence_s=2, finish="", beep=False),),
            f'<Record action="{ADDRESS}" finishOnKey="" maxLength="30" method="POST" playBeep="false" timeout="2" />'
            f'<Redirect method="POST">{ADDRESS}</Redirect>',
            id="a recording of other limits",
        ),
        pytest.param((Redirect(NEXT),), f'<Redirect method="POST">{ADDRESS}</Redirect>', id="go on elsewhere"),
        pytest.param((Pause(2), Hangup()), "<Hangup />", id="a pause, at which Somleng would end the call, is left out"),
        pytest.param((Reject(),), '<Reject reason="busy" />', id="refuse as busy"),
        pytest.param((Reject(busy=False),), '<Reject reason="rejected" />', id="refuse"),
        pytest.param((), "", id="nothing to say"),
    ],
)
def test_steps_are_written_as_every_server_reads_them(steps: tuple[Step, ...], written: str) -> None:
    assert xml(*steps) == written


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((Say("I ni ce", "bm"), Hangup()), id="no engine speaks Bambara"),
        pytest.param((Reject(), Hangup()), id="a refusal stands alone"),
    ],
)
def test_what_no_server_could_carry_out_is_not_written(steps: tuple[Step, ...]) -> None:
    with pytest.raises(StepError):
        Twilio().render(steps, 1)


def test_every_word_of_the_documentation_is_mapped() -> None:
    known = {
        "message": (
            STATUSES,
            "accepted scheduled queued sending sent partially_delivered delivered read failed undelivered canceled",
        ),
        "call": (CALL_STATUSES, "queued initiated ringing in-progress answered completed busy no-answer failed canceled"),
        "answered by": (
            ANSWERED_BY,
            "human machine_start machine_end_beep machine_end_silence machine_end_other fax unknown",
        ),
        "recording": (RECORDING_STATUSES, "in-progress completed absent"),
        "opt-out": (OPT_OUTS, "STOP START HELP"),
        "account": (ACCOUNT_STATUSES, "active suspended closed"),
    }
    assert {kind: set(words.split()) ^ set(mapped) for kind, (mapped, words) in known.items()} == {kind: set() for kind in known}


def test_the_answer_to_a_webhook_says_nothing_more() -> None:
    assert Twilio().acknowledgement == ("<Response/>", "text/xml")
    assert SID in dict(twilio_peer.sms()).values()
