"""The words of Orange's SMS API, as data: its errors, its delivery statuses, its countries.

‡ marks what Orange has yet to confirm; none of it has been tried on a live network. Two machines may refuse a request: the API
gateway, with a number as its code, and the SMS platform behind it, with SVC… for a request and POL… for an account.
"""

from collections.abc import Mapping

from messaging.gateways.protocol import Cause, Outcome

Meaning = tuple[Outcome, Cause | None]

LONGEST_NAME = 11  # ‡ characters of a sender's name

# By code. What needs a person is "errored": nothing was taken, and the rows wait with the channel.
CODES: Mapping[str, Meaning] = {
    "53": (Outcome.ERRORED, Cause.THROTTLED),  # ‡ more than 25 requests a second: set the channel's pace under 1,500 a minute
    "SVC0280": (Outcome.FAILED, Cause.THIS_TEXT),  # ‡ too long
}
FAMILIES: Mapping[str, Meaning] = {
    "SVC": (Outcome.FAILED, Cause.OTHER),  # ‡ this request; SVC0004 may mean the sender's address too, so no number dies of it
    "POL": (Outcome.ERRORED, Cause.SENDER),  # ‡ this account: contract, bundle, sender name
}
# By HTTP status, where no code says more; any other 4xx is refused for good, and all that is left is unknown.
HTTP: Mapping[int, Meaning] = {
    401: (Outcome.ERRORED, Cause.CREDENTIALS),  # after a fresh token, too
    403: (Outcome.ERRORED, Cause.CREDENTIALS),
    404: (Outcome.ERRORED, Cause.SENDER),  # the sender's address is part of the path
    429: (Outcome.ERRORED, Cause.THROTTLED),
}

STATUSES: Mapping[str, tuple[str, Cause | None]] = {
    "DeliveredToNetwork": ("sent", None),
    "MessageWaiting": ("sent", None),
    "DeliveryUncertain": ("sent", None),
    "DeliveredToTerminal": ("delivered", None),
    "DeliveryImpossible": ("failed", Cause.UNDELIVERED),
}

# Which contract pays, by the sender's address ‡: an application may hold bundles of several countries.
COUNTRIES: Mapping[str, str] = {"+223": "MLI", "+221": "SEN", "+224": "GIN", "+225": "CIV", "+226": "BFA"}
