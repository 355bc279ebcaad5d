"""A facilitator's PIN: four digits told once to staff, kept as a hash, locked for a day after three wrong tries.

Ten thousand PINs are soon tried, so what is hashed is the PIN under this installation's index key: the database alone opens
none.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs.models import Member, Role
from messaging.models import Contact
from runtime.crypto import blind

TRIES = 3
LOCKED_FOR = timedelta(days=1)
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # as for staff
_EASY = {digit * 4 for digit in "0123456789"} | {"1234", "4321", "0123", "9876"}


class Pin(StrEnum):
    """What a PIN typed on a phone is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


def issue(session: Session, member: Member) -> str:
    """A new PIN for a member, the old one being worth nothing any more; it is in the answer and nowhere else."""
    pin = _fresh()
    member.pin_hash, member.pin_tries, member.pin_locked_until = sealed(str(member.id), pin), 0, None
    session.flush()
    return pin


def holders(session: Session, contact: Contact) -> list[Member]:
    """The facilitators behind a phone who have a PIN."""
    mine = (Member.contact_id == contact.id, Member.left_at.is_(None), Member.role == Role.FACILITATOR)
    return list(session.scalars(select(Member).where(*mine, Member.pin_hash.is_not(None)).order_by(Member.id)))


def check(session: Session, contact: Contact, typed: str, now: datetime) -> Pin:
    """Whether `typed` is the PIN of somebody behind this phone. A wrong one counts against all of them: nobody said who typed."""
    free = [member for member in holders(session, contact) if member.pin_locked_until is None or member.pin_locked_until <= now]
    if not free:
        return Pin.LOCKED
    for member in free:
        if _fits(member, typed):
            member.pin_tries, member.pin_locked_until = 0, None
            session.flush()
            return Pin.RIGHT
    for member in free:
        member.pin_tries += 1
        if member.pin_tries >= TRIES:
            member.pin_tries, member.pin_locked_until = 0, now + LOCKED_FOR
    session.flush()
    return Pin.LOCKED if all(member.pin_locked_until and member.pin_locked_until > now for member in free) else Pin.WRONG


def easy(pin: str) -> bool:
    """Whether a PIN is no secret, or none at all."""
    return pin in _EASY or len(pin) != 4 or not (pin.isascii() and pin.isdigit())


def sealed(owner: str, pin: str) -> str:
    """A PIN as it is kept, worth nothing to anybody else than its owner."""
    return _HASHER.hash(blind(f"pin:{owner}:{pin}").hex())


def opens(kept: str, owner: str, typed: str) -> bool:
    """Whether what was typed is the PIN kept so."""
    try:
        return _HASHER.verify(kept, blind(f"pin:{owner}:{typed}").hex())
    except (VerificationError, InvalidHashError):
        return False


def _fresh() -> str:
    pin = ""
    while not pin or pin in _EASY:
        pin = f"{secrets.randbelow(10_000):04}"
    return pin


def _fits(member: Member, typed: str) -> bool:
    return opens(member.pin_hash or "", str(member.id), typed)
