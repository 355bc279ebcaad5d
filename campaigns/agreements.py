"""An agreement to be written to and called, given by the phone itself: a second OUI, key 1."""

from datetime import datetime

from sqlalchemy.orm import Session

from messaging import contacts
from messaging.models import Contact, ContactState, Purpose


def to_series(session: Session, contact: Contact, now: datetime, *, script: int | None, language: str | None) -> None:
    """Write down that the phone agreed by SMS to its life-stage series, apart from messages and calls; `script` as below."""
    version = f"sms-{script or 'shipped'}"
    contacts.consent(session, contact, Purpose.SERIES, now, via="sms", script_version=version, language=language)


def agree(session: Session, contact: Contact, now: datetime, *, via: str, script: int | None, language: str | None) -> None:
    """Write it down for messages and calls; it also ends a STOP. `script` is the variant read or heard, None as shipped."""
    if contact.state is ContactState.ANNOUNCED:
        contact.state = ContactState.ACTIVE
        session.flush()  # resume reads the row again
    contacts.resume(session, contact, now)
    for purpose in (Purpose.PUSH, Purpose.CALL):
        version = f"{via}-{script or 'shipped'}"
        contacts.consent(session, contact, purpose, now, via=via, script_version=version, language=language)
