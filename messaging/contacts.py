"""Phone numbers we know: found by blind index, made on first contact, stopped, resumed, with their proven consents.

A STOP takes the contact's row first and its messages after, the claim the other way round with SKIP LOCKED: neither waits for
the other for ever.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, select, update
from sqlalchemy.orm import Session

from messaging.models import (
    Call,
    CallState,
    Consent,
    Contact,
    ContactState,
    Kind,
    Message,
    MessageState,
    OpenPrompt,
    OptOut,
    Purpose,
    Recording,
)
from messaging.numbers import operator_of
from messaging.rows import insert_once
from messaging.states import move_all
from runtime import journal
from runtime.crypto import blind

_PROGRAMME = (Kind.PUSH, Kind.REMINDER)
_UNASKED = (*_PROGRAMME, Kind.ANSWER)


def find(session: Session, number: str) -> Contact | None:
    """The contact of an E.164 number, whatever its state."""
    return session.scalar(select(Contact).where(Contact.number_index == blind(number)))


def find_or_create(
    session: Session,
    number: str,
    now: datetime,
    *,
    language: str | None = None,
    state: ContactState = ContactState.ACTIVE,
) -> Contact:
    """The contact of an E.164 number; a number that once said STOP and was erased comes back stopped."""
    if found := find(session, number):
        return found
    index = blind(number)
    stopped = session.scalar(select(exists().where(OptOut.number_index == index, *_standing())))
    insert_once(
        session,
        Contact,
        number=number,
        number_index=index,
        language=language,
        operator=operator_of(number),
        state=ContactState.STOPPED if stopped else state,
        shared=False,
        created_at=now,
    )
    return session.scalars(select(Contact).where(Contact.number_index == index)).one()


def stop(session: Session, contact: Contact, now: datetime, via: str) -> bool:
    """Honour a STOP: no push, call or reminder leaves after this transaction. False when it was stopped before.

    Consents end with it; direct replies and the one confirmation remain possible.
    """
    session.refresh(contact, with_for_update={"key_share": True})
    if contact.state in (ContactState.STOPPED, ContactState.ERASED):
        return False
    contact.state = ContactState.STOPPED
    contact.doubt_at = contact.doubt = None
    session.add(OptOut(number_index=contact.number_index, contact_id=contact.id, via=via, at=now))
    standing = (Consent.contact_id == contact.id, Consent.withdrawn_at.is_(None))
    session.execute(update(Consent).where(*standing).values(withdrawn_at=now))
    _off_air(session, contact.id)
    close_prompts(session, contact.id, now)
    _keep_back(session, contact.id, now, "stopped")
    journal.note(session, journal.No.STOP, contact.number_index)
    session.flush()
    return True


def resume(session: Session, contact: Contact, now: datetime) -> bool:
    """End an opt-out because the number itself asked again; consents must be given anew. False when it was not stopped."""
    session.refresh(contact, with_for_update={"key_share": True})
    if contact.state is not ContactState.STOPPED:
        return False
    contact.state = ContactState.ACTIVE
    session.execute(update(OptOut).where(OptOut.number_index == contact.number_index, *_standing()).values(ended_at=now))
    session.flush()
    return True


def mark_dead(session: Session, contact_id: int, now: datetime) -> None:
    """Write down that the network does not know this number; pushes to it end."""
    contact = session.get(Contact, contact_id, with_for_update={"key_share": True})
    if contact is not None and contact.state in (ContactState.ACTIVE, ContactState.ANNOUNCED):
        contact.state = ContactState.DEAD
        _keep_back(session, contact.id, now, "dead_number")


def raise_doubt(contact: Contact, now: datetime, why: str) -> None:
    """Have staff look the same day; pushes are held meanwhile."""
    contact.doubt_at, contact.doubt = now, why


def settle_doubt(session: Session, contact: Contact, now: datetime) -> int:
    """Staff have looked: pushes held for it go back to the queue; how many."""
    contact.doubt_at = contact.doubt = None
    mine = (Message.contact_id == contact.id, Message.state == MessageState.HELD, Message.reason == "doubt")
    return move_all(session, Message, MessageState.QUEUED, now, None, *mine)


def consent(
    session: Session,
    contact: Contact,
    purpose: Purpose,
    now: datetime,
    *,
    via: str,
    script_version: str,
    member_id: int | None = None,
    witness: str | None = None,
    register_page: str | None = None,
    language: str | None = None,
) -> Consent:
    """Store a proven agreement. It does not undo a STOP: `resume` does."""
    given = Consent(
        contact_id=contact.id,
        member_id=member_id,
        purpose=purpose,
        via=via,
        script_version=script_version,
        language=language,
        witness=witness,
        register_page=register_page,
        given_at=now,
    )
    session.add(given)
    session.flush()
    return given


def has_consent(session: Session, contact_id: int, purpose: Purpose) -> bool:
    """Whether anybody behind this number agreed and did not take it back."""
    return bool(session.scalar(_AGREED[purpose], {"contact": contact_id}))


def agreed(purpose: Purpose) -> ColumnElement[bool]:
    """`has_consent` as a column, of the contact that is bound as "contact"."""
    standing = (Consent.purpose == purpose, Consent.withdrawn_at.is_(None))
    return exists().where(Consent.contact_id == bindparam("contact"), *standing)


_AGREED = {purpose: select(agreed(purpose)) for purpose in Purpose}


def consenting(session: Session, contact_ids: list[int], purpose: Purpose) -> set[int]:
    """Those of these contacts that have a standing consent to one purpose."""
    standing = (Consent.contact_id.in_(contact_ids), Consent.purpose == purpose, Consent.withdrawn_at.is_(None))
    return set(session.scalars(select(Consent.contact_id).where(*standing).distinct()))


def withdraw(session: Session, contact: Contact, purpose: Purpose, now: datetime, *, member_id: int | None = None) -> int:
    """End the consents to one purpose, of one member or of all; unclaimed pushes go once none is left. How many ended."""
    session.refresh(contact, with_for_update={"key_share": True})
    standing = [Consent.contact_id == contact.id, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)]
    if member_id is not None:
        standing.append(Consent.member_id == member_id)
    ended = session.scalars(select(Consent).where(*standing)).all()
    for row in ended:
        row.withdrawn_at = now
    if ended:
        journal.note(session, journal.No.WITHDRAW, contact.number_index, purpose, member_id)
    session.flush()
    if purpose is Purpose.AIR:
        _off_air(session, contact.id)
    if ended and not has_consent(session, contact.id, purpose):
        if purpose is Purpose.PUSH:
            _keep_back_messages(session, contact.id, now, "no_consent")
        elif purpose is Purpose.CALL:
            _keep_back_calls(session, contact.id, now, "no_consent")
    return len(ended)


def keep_back(session: Session, contact_ids: Collection[int], now: datetime, reason: str, until: datetime) -> int:
    """Take back the pushes and reminders to these numbers, SMS and calls, that would leave before `until`; how many.

    An answer that somebody asked for is brought all the same.
    """
    ids = list(contact_ids)
    messages = (Message.contact_id.in_(ids), Message.kind.in_(_PROGRAMME), Message.not_before < until)
    waiting = (Call.state == CallState.QUEUED) | Call.retry
    calls = (Call.contact_id.in_(ids), Call.kind.in_(_PROGRAMME), Call.not_before < until, waiting)
    return move_all(session, Message, MessageState.SUPPRESSED, now, reason, *messages) + move_all(
        session, Call, CallState.SUPPRESSED, now, reason, *calls
    )


def close_prompts(session: Session, contact_id: int, now: datetime) -> None:
    """Close every question still open on this number."""
    mine = (OpenPrompt.contact_id == contact_id, OpenPrompt.closed_at.is_(None))
    session.execute(update(OpenPrompt).where(*mine).values(closed_at=now))


def _standing() -> tuple[ColumnElement[bool], ...]:
    return (OptOut.ended_at.is_(None), OptOut.member_id.is_(None), OptOut.purpose.is_(None))


def _off_air(session: Session, contact_id: int) -> None:
    """No voice of this phone may go on air: a new yes is to what is said after it."""
    mine = Recording.call_id.in_(select(Call.id).where(Call.contact_id == contact_id))
    session.execute(update(Recording).where(mine).values(air_consent=False, cleared_at=None))


def _keep_back(session: Session, contact_id: int, now: datetime, reason: str) -> None:
    _keep_back_messages(session, contact_id, now, reason)
    _keep_back_calls(session, contact_id, now, reason)


def _keep_back_messages(session: Session, contact_id: int, now: datetime, reason: str) -> None:
    unasked = (Message.contact_id == contact_id, Message.kind.in_(_UNASKED))
    move_all(session, Message, MessageState.SUPPRESSED, now, reason, *unasked)


def _keep_back_calls(session: Session, contact_id: int, now: datetime, reason: str) -> None:
    mine = (Call.contact_id == contact_id, Call.kind.in_(_UNASKED))
    waiting = (Call.state == CallState.QUEUED) | Call.retry
    move_all(session, Call, CallState.SUPPRESSED, now, reason, *mine, waiting)
