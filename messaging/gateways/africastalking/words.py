"""The words of Africa's Talking, as data: what each code, status and reason means here.

‡ marks what Africa's Talking has yet to confirm; none of it has been tried on a live network. Its answers name every number of a
request with a code of its own, but a request refused as a whole names none: the reason is then a sentence or a single word.
"""

from collections.abc import Mapping

from messaging.gateways.protocol import Cause, Outcome

Meaning = tuple[Outcome, Cause | None]

MOST_NUMBERS = 100  # ‡ in one request; the real limit and the rate are not published

# The `statusCode` of one recipient ‡. What needs a person is "errored": nothing was taken, and the rows wait with the channel.
CODES: Mapping[str, Meaning] = {
    "100": (Outcome.WIRED, None),  # processed
    "101": (Outcome.WIRED, None),  # sent
    "102": (Outcome.WIRED, None),  # queued
    "401": (Outcome.ERRORED, Cause.CREDENTIALS),  # the account is held for review
    "402": (Outcome.ERRORED, Cause.SENDER),
    "403": (Outcome.FAILED, Cause.DEAD_NUMBER),
    "404": (Outcome.FAILED, Cause.DEAD_NUMBER),
    "405": (Outcome.ERRORED, Cause.CREDIT),
    "406": (Outcome.FAILED, Cause.OPT_OUT),
    "407": (Outcome.ERRORED, Cause.SENDER),  # no route to this network
    "409": (Outcome.FAILED, Cause.OPT_OUT),
    "500": (Outcome.ERRORED, Cause.BUSY_GATEWAY),
    "501": (Outcome.ERRORED, Cause.BUSY_GATEWAY),
    "502": (Outcome.ERRORED, Cause.SENDER),
}

# A request refused as a whole: the `Message` beside an empty list, or the `errorMessage` of a call ‡. A reason that is not here
# counts as a refused sender: the channel stops and nothing is lost, where "failed" would end a hundred messages for one word.
REFUSALS: Mapping[str, Cause] = {
    "InvalidSenderId": Cause.SENDER,
    "InsufficientBalance": Cause.CREDIT,
    "InsufficientCredit": Cause.CREDIT,
}

# The `status` of one number that was to be called ‡.
CALLS: Mapping[str, Meaning] = {
    "Queued": (Outcome.WIRED, None),
    "InvalidPhoneNumber": (Outcome.FAILED, Cause.DEAD_NUMBER),
    "DestinationNotSupported": (Outcome.FAILED, Cause.OTHER),
    "InsufficientCredit": (Outcome.ERRORED, Cause.CREDIT),
}

# HTTP answers that say that nothing was taken ‡; any other 4xx is refused for good, and all that is left is unknown.
HTTP: Mapping[int, Meaning] = {
    401: (Outcome.ERRORED, Cause.CREDENTIALS),
    403: (Outcome.ERRORED, Cause.CREDENTIALS),
    404: (Outcome.ERRORED, Cause.CREDENTIALS),
    429: (Outcome.ERRORED, Cause.THROTTLED),
}

# The `status` of a delivery report.
STATUSES: Mapping[str, tuple[str, Cause | None]] = {
    "Sent": ("sent", None),
    "Submitted": ("sent", None),
    "Buffered": ("sent", None),
    "Success": ("delivered", None),
    "Rejected": ("failed", Cause.UNDELIVERED),
    "Failed": ("failed", Cause.UNDELIVERED),
    "Expired": ("failed", Cause.TIMEOUT),
    "AbsentSubscriber": ("errored", Cause.ABSENT),
}

# The `failureReason` of a failed one. The last two concern products that we never sell, so one number's must not stop a channel.
REASONS: Mapping[str, tuple[str, Cause]] = {
    "UserInBlackList": ("failed", Cause.OPT_OUT),
    "DoNotDisturbRejection": ("failed", Cause.OPT_OUT),  # ‡
    "UserDoesNotExist": ("failed", Cause.DEAD_NUMBER),
    "UserAccountSuspended": ("failed", Cause.DEAD_NUMBER),
    "NotNetworkSubscriber": ("failed", Cause.DEAD_NUMBER),
    "UserIsInactive": ("failed", Cause.DEAD_NUMBER),
    "DeliveryFailure": ("errored", Cause.MODEM),
    "InsufficientCredit": ("errored", Cause.CREDIT),
    "InvalidLinkId": ("failed", Cause.OTHER),
    "UserNotSubscribedToProduct": ("failed", Cause.OTHER),
}

# The `hangupCause` of an ended call, in our events. What may be tried again is "busy" or "no_answer", whose retries we know.
HANGUPS: Mapping[str, tuple[str, Cause | None]] = {
    "NORMAL_CLEARING": ("completed", None),
    "USER_BUSY": ("busy", None),
    "CALL_REJECTED": ("busy", None),
    "NO_ANSWER": ("no_answer", None),
    "NO_USER_RESPONSE": ("no_answer", None),
    "SUBSCRIBER_ABSENT": ("no_answer", Cause.ABSENT),
    "USER_NOT_REGISTERED": ("no_answer", Cause.ABSENT),
    "NORMAL_TEMPORARY_FAILURE": ("no_answer", Cause.BUSY_GATEWAY),
    "SERVICE_UNAVAILABLE": ("no_answer", Cause.BUSY_GATEWAY),
    "RECOVERY_ON_TIMER_EXPIRE": ("no_answer", Cause.TIMEOUT),
    "ORIGINATOR_CANCEL": ("no_answer", None),
    "LOSE_RACE": ("no_answer", None),
    "UNSPECIFIED": ("no_answer", Cause.OTHER),
    "UNALLOCATED_NUMBER": ("failed", Cause.DEAD_NUMBER),
}
