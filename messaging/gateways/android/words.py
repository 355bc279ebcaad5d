"""The words of the application: states, events and the reasons a phone gives, in ours."""

from collections.abc import Mapping
from typing import Any

from messaging.gateways.protocol import Cause
from messaging.gateways.redaction import redacted

STATES: Mapping[str, str] = {
    "Pending": "wired",
    "Processed": "wired",
    "Cancelling": "wired",
    "Sent": "sent",
    "Delivered": "delivered",
    "Failed": "failed",
    "Cancelled": "failed",
}
RECEIVED = "sms:received"
EVENTS: Mapping[str, str] = {
    "sms:sent": "sent",
    "sms:delivered": "delivered",
    "sms:failed": "failed",
    "sms:cancelled": "failed",
}
TIMES = ("deliveredAt", "sentAt", "failedAt", "cancelledAt")
# What a phone's reason holds, in this order. The words without underscores are ‡: the application writes sentences there.
REASONS: Mapping[str, tuple[str, Cause]] = {
    "RESULT_ERROR_LIMIT_EXCEEDED": ("errored", Cause.PHONE_LIMIT),
    "GENERIC_FAILURE": ("errored", Cause.MODEM),  # often no credit
    "RIL_MODEM_ERR": ("errored", Cause.MODEM),
    "NO_DEFAULT_SMS_APP": ("errored", Cause.SENDER),
    "NO SIM": ("errored", Cause.SENDER),
    "SIM NOT FOUND": ("errored", Cause.SENDER),
    "PERMISSION": ("errored", Cause.SENDER),
}
OTHER_REASON = ("failed", Cause.OTHER)


def word(fields: Mapping[str, Any], name: str) -> str:
    """A field that is text, else nothing."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def failure(reason: str) -> tuple[str, Cause, str]:
    """What a phone's reason means: the status, its cause, and the word of it that we know."""
    said = reason.upper()
    known = next((one for one in REASONS if one in said), "")
    return *REASONS.get(known, OTHER_REASON), known or redacted(reason)[:40]
