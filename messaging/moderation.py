"""What staff decide about a recorded voice: whether it is kept, whether the radio may have it, whether it is put apart.

Three things are needed for a voice to leave the programme: approval, clearance, and its speaker's standing consent. A STOP ends
the consent, and with it the clearance, without anybody's doing.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from messaging import contacts
from messaging.errors import MessagingError
from messaging.models import Call, Consent, Contact, Moderation, Purpose, Recording

APPROVED_KEPT = timedelta(days=730)
UNAPPROVED_KEPT = timedelta(days=90)
RELEASED_KEPT = timedelta(days=14)
"""At least, after it was no disclosure after all: time to decide about it."""
CLOSED_KEPT = timedelta(days=1)
"""After its focal point closed it, so that a wrong click can be taken back."""


class ModerationError(MessagingError):
    """A decision that cannot stand; `why` is one of "quarantined", "no_consent", "not_approved", "no_reason"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def approve(row: Recording, staff_id: int, now: datetime) -> None:
    """Let it be kept, and heard by who may: two years at most, and only while its speaker agrees to the radio."""
    _apart(row)
    _decide(row, Moderation.APPROVED, staff_id, now)
    row.delete_after = row.recorded_at + APPROVED_KEPT


def refuse(row: Recording, staff_id: int, reason: str, now: datetime) -> None:
    """Keep it from being used, and say why."""
    _apart(row)
    if not reason:
        raise ModerationError("no_reason")
    _decide(row, Moderation.REFUSED, staff_id, now)
    row.reason = reason
    row.delete_after = row.recorded_at + UNAPPROVED_KEPT


def quarantine(row: Recording, staff_id: int, now: datetime) -> None:
    """Put it apart, for as long as its focal point needs it."""
    _decide(row, Moderation.QUARANTINED, staff_id, now)


def release(row: Recording, staff_id: int, now: datetime) -> None:
    """It was no disclosure after all: it waits for a decision like any other."""
    _decide(row, Moderation.NEW, staff_id, now)
    row.delete_after = max(row.recorded_at + UNAPPROVED_KEPT, now + RELEASED_KEPT)


def close(row: Recording, now: datetime | None) -> None:
    """Its focal point is done with it (None: takes it up again)."""
    row.closed_at = now


def clear(session: Session, row: Recording, now: datetime) -> None:
    """Let the radio and other clubs have it. ModerationError unless it is approved and its speaker agreed."""
    if row.moderation is not Moderation.APPROVED:
        raise ModerationError("not_approved")
    if not agreed(session, row):
        raise ModerationError("no_consent")
    row.cleared_at = now


def take_back(session: Session, row: Recording, now: datetime) -> None:
    """Its speaker no longer agrees: nothing of this phone goes on air any more."""
    contact = session.get_one(Contact, session.get_one(Call, row.call_id).contact_id)
    contacts.withdraw(session, contact, Purpose.AIR, now)
    row.air_consent, row.cleared_at = False, None


def agreed(session: Session, row: Recording) -> bool:
    """Whether its speaker agreed to the radio and did not take it back."""
    contact_id = session.get_one(Call, row.call_id).contact_id
    return row.air_consent and contacts.has_consent(session, contact_id, Purpose.AIR)


def may_leave() -> tuple[ColumnElement[bool], ...]:
    """The conditions on `Recording` under which a voice may be heard outside of the programme."""
    return (
        Recording.moderation == Moderation.APPROVED,
        Recording.cleared_at.is_not(None),
        Recording.air_consent.is_(True),
        Recording.sha256 != "",
        _standing(),
    )


def over(now: datetime) -> ColumnElement[bool]:
    """The condition on `Recording`: its time is over."""
    apart = Recording.moderation == Moderation.QUARANTINED
    unwanted = and_(Recording.moderation == Moderation.APPROVED, or_(~Recording.air_consent, ~_standing()))
    return or_(
        and_(~apart, Recording.delete_after <= now),
        and_(apart, Recording.closed_at <= now - CLOSED_KEPT),
        and_(unwanted, Recording.recorded_at <= now - UNAPPROVED_KEPT),
    )


def _standing() -> ColumnElement[bool]:
    given = (Consent.purpose == Purpose.AIR, Consent.withdrawn_at.is_(None), Call.id == Recording.call_id)
    return exists(select(Consent.id).join(Call, Call.contact_id == Consent.contact_id).where(*given).correlate(Recording))


def _apart(row: Recording) -> None:
    if row.moderation is Moderation.QUARANTINED:
        raise ModerationError("quarantined")


def _decide(row: Recording, moderation: Moderation, staff_id: int, now: datetime) -> None:
    row.moderation, row.moderated_by, row.moderated_at = moderation, staff_id, now
    row.reason = row.cleared_at = row.closed_at = None
