"""A member whom a sending may reach, and what stands in the way of reaching each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clubs.models import Preferred
from messaging.models import ContactState, Purpose, Route

PURPOSES: Mapping[Route, Purpose] = {Route.SMS: Purpose.PUSH, Route.VOICE: Purpose.CALL}


class LeftOut(StrEnum):
    """Why a member of the audience is not reached."""

    NO_PHONE = "no_phone"
    DEAD_NUMBER = "dead_number"
    STOPPED = "stopped"
    PAUSED = "paused"
    PILOT = "pilot"
    NO_CONSENT = "no_consent"
    NO_VARIANT = "no_variant"
    NO_CHANNEL = "no_channel"
    CANCELLED = "cancelled"
    PRIORITY = "priority"
    NO_SERIES_CONSENT = "no_series_consent"
    SERIES_OVER = "series_over"


@dataclass(frozen=True)
class Candidate:
    """A member of an audience, with the number and the language they are reached by; `consents` are purposes given, `hours` the
    club's own slot."""

    member_id: int
    village_id: int | None
    contact_id: int | None
    contact_state: ContactState | None
    operator: str | None
    language: str | None
    preferred: Preferred
    paused: bool
    stopped: frozenset[Purpose | None]
    consents: frozenset[Purpose]
    outside_pilot: bool = False
    hours: str | None = None

    def route(self, wanted: Route) -> Route:
        """The kind of channel that this member gets."""
        if wanted is not Route.OWN:
            return wanted
        return Route.VOICE if self.preferred is Preferred.VOICE else Route.SMS

    def reason_left_out(self, route: Route) -> LeftOut | None:
        """What forbids sending by `route` (not `own`) whatever the content; None when nothing does."""
        if self.contact_id is None or self.contact_state is ContactState.ERASED:
            return LeftOut.NO_PHONE
        if self.contact_state is ContactState.DEAD:
            return LeftOut.DEAD_NUMBER
        if self.contact_state is ContactState.STOPPED or self.stopped & {None, PURPOSES[route]}:
            return LeftOut.STOPPED
        if self.paused:
            return LeftOut.PAUSED
        if self.outside_pilot:
            return LeftOut.PILOT
        if self.contact_state is ContactState.ANNOUNCED or PURPOSES[route] not in self.consents:
            return LeftOut.NO_CONSENT
        return None
