"""Twilio's words and codes in ours: all that a change in its documentation should touch.

A code marked ‡ was not seen from a live account; what stands here is what its documentation says.
"""

from collections.abc import Mapping
from enum import StrEnum

from messaging.gateways.protocol import Cause, Outcome


class Flavour(StrEnum):
    """Whose server speaks: Somleng knows only part of the API and of TwiML."""

    TWILIO = "twilio"
    SOMLENG = "somleng"
    SIGNALWIRE = "signalwire"


LONGEST_LIFE: Mapping[Flavour, int] = {Flavour.TWILIO: 36_000, Flavour.SOMLENG: 14_400, Flavour.SIGNALWIRE: 36_000}
"""The most seconds that ValidityPeriod may be."""

STATUSES: Mapping[str, str] = {
    "accepted": "wired",
    "scheduled": "wired",
    "queued": "wired",
    "sending": "wired",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}
"""MessageStatus; a failed one is `errored` where its code says that another try may help."""

CALL_STATUSES: Mapping[str, str] = {
    "queued": "ringing",
    "initiated": "ringing",
    "ringing": "ringing",
    "in-progress": "answered",
    "answered": "answered",
    "completed": "completed",
    "busy": "busy",
    "no-answer": "no_answer",
    "failed": "failed",
    "canceled": "failed",
}

ANSWERED_BY: Mapping[str, bool] = {
    "human": False,
    "unknown": False,
    "machine_start": True,
    "machine_end_beep": True,
    "machine_end_silence": True,
    "machine_end_other": True,
    "fax": True,
}
"""AnsweredBy: whether it is a machine."""

RECORDING_STATUSES: Mapping[str, bool] = {"in-progress": False, "completed": True, "absent": False}
"""RecordingStatus: whether there is something to fetch; absent means too short, or silent."""

ACCOUNT_STATUSES: Mapping[str, Cause | None] = {"active": None, "suspended": Cause.CREDIT, "closed": Cause.CREDENTIALS}

OPT_OUTS: Mapping[str, bool] = {"STOP": True, "START": False, "HELP": False}
"""OptOutType: what Twilio itself answered before it told us."""

_RETRY, _NEVER = Outcome.ERRORED, Outcome.FAILED

# What needs a person is ERRORED: the channel pauses and the row waits until somebody has put it right.
ERRORS: Mapping[str, tuple[Outcome, Cause]] = {
    "20429": (_RETRY, Cause.THROTTLED),
    "21611": (_RETRY, Cause.BUSY_GATEWAY),
    "30001": (_RETRY, Cause.BUSY_GATEWAY),
    "30008": (_RETRY, Cause.BUSY_GATEWAY),
    "30017": (_RETRY, Cause.BUSY_GATEWAY),
    "30410": (_RETRY, Cause.BUSY_GATEWAY),
    "30003": (_RETRY, Cause.ABSENT),
    "21610": (_NEVER, Cause.OPT_OUT),
    # Dead, as seen from Mali.
    "21211": (_NEVER, Cause.DEAD_NUMBER),
    "21214": (_NEVER, Cause.DEAD_NUMBER),
    "21217": (_NEVER, Cause.DEAD_NUMBER),
    "21612": (_NEVER, Cause.DEAD_NUMBER),
    "21614": (_NEVER, Cause.DEAD_NUMBER),
    "30004": (_NEVER, Cause.DEAD_NUMBER),
    "30005": (_NEVER, Cause.DEAD_NUMBER),
    "30006": (_NEVER, Cause.DEAD_NUMBER),
    "21602": (_NEVER, Cause.THIS_TEXT),
    "21617": (_NEVER, Cause.THIS_TEXT),
    "30007": (_NEVER, Cause.THIS_TEXT),
    "20003": (_RETRY, Cause.CREDENTIALS),
    "20404": (_RETRY, Cause.CREDENTIALS),
    "21212": (_RETRY, Cause.SENDER),
    "21215": (_RETRY, Cause.SENDER),  # calls: this country is not allowed to our account
    "13227": (_RETRY, Cause.SENDER),  # the same, told later
    "21219": (_RETRY, Cause.CREDIT),  # a trial account
    "21608": (_RETRY, Cause.CREDIT),  # a trial account
    "21408": (_RETRY, Cause.SENDER),
    "21601": (_RETRY, Cause.SENDER),
    "21606": (_RETRY, Cause.SENDER),
    "21603": (_RETRY, Cause.SENDER),
    "30002": (_RETRY, Cause.CREDIT),
    "30010": (_RETRY, Cause.CREDIT),
    "30018": (_RETRY, Cause.SENDER),
    "30024": (_RETRY, Cause.SENDER),
    # Its alerts about our own answers.
    "11200": (_NEVER, Cause.OTHER),
    "11205": (_NEVER, Cause.OTHER),
    "12100": (_NEVER, Cause.OTHER),
    "12200": (_NEVER, Cause.OTHER),
    "12300": (_NEVER, Cause.OTHER),
}
FAMILIES: Mapping[str, tuple[Outcome, Cause]] = {"217": (_RETRY, Cause.SENDER)}
"""Codes by their first digits, where the whole family means one thing: messaging services."""

HTTP: Mapping[int, tuple[Outcome, Cause]] = {
    401: (_RETRY, Cause.CREDENTIALS),
    403: (_RETRY, Cause.CREDENTIALS),
    404: (_RETRY, Cause.CREDENTIALS),
    429: (_RETRY, Cause.THROTTLED),
}
"""What a refusal without a code we know means by its HTTP status; any other 4xx is a refusal for good."""

_FIELDS = """
    AccountSid ApiVersion From To Caller Called CallerName Direction ForwardedFrom
    FromCity FromState FromZip FromCountry ToCity ToState ToZip ToCountry
    CallerCity CallerState CallerZip CallerCountry CalledCity CalledState CalledZip CalledCountry
    MessageSid SmsSid SmsMessageSid MessagingServiceSid Body NumMedia NumSegments MediaUrl MediaContentType
    SmsStatus MessageStatus OptOutType ErrorCode ErrorMessage RawDlrDoneDate ReferralNumMedia AddOns
    ChannelPrefix ChannelInstallSid ChannelMetadata ChannelToAddress ButtonText ButtonPayload ProfileName WaId
    CallSid ParentCallSid CallStatus CallToken CallDuration Duration Timestamp SequenceNumber CallbackSource SipResponseCode
    StirVerstat StirPassportToken AnsweredBy MachineDetectionDuration Digits FinishedOnKey
    SpeechResult Confidence Language RecordingUrl RecordingSid RecordingDuration RecordingStatus RecordingChannels
    RecordingStartTime RecordingSource RecordingTrack
"""
FIELDS = frozenset(_FIELDS.split())
"""Every field of its webhooks that we know of. New ones appear without notice and are let through."""

_READ = """
AccountSid MessageSid SmsSid MessageStatus SmsStatus From To Caller Called Body NumMedia OptOutType ErrorCode
CallSid CallStatus Direction CallbackSource CallDuration SipResponseCode AnsweredBy Digits FinishedOnKey
RecordingUrl RecordingSid RecordingDuration RecordingStatus
"""
READ = frozenset(_READ.split())
"""Those that we act upon."""

NUMBERED = frozenset({"MediaUrl", "MediaContentType"})
"""Fields that come with a number at the end of their name."""

_FREE_TEXT = """
    Body AddOns ChannelMetadata ButtonText ButtonPayload ProfileName CallerName SpeechResult CallToken StirPassportToken
"""
FREE_TEXT = frozenset(_FREE_TEXT.split())
"""Fields whose value may hold any word at all."""


def meaning(code: str) -> tuple[Outcome, Cause] | None:
    """What an error code says, None for one that we do not know."""
    return ERRORS.get(code) or FAMILIES.get(code[:3])
