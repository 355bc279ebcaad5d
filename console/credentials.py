"""What lets somebody in: an account, the link that is sent to its owner once, the password they choose."""

import secrets
from datetime import datetime, timedelta

from flask_security import hash_password

from console.edge import exchange
from console.staff import RoleName, SignInLink, Staff, give_roles
from console.words import _
from runtime import audit
from runtime.crypto import blind
from runtime.database import Session

LINK_LIVES = timedelta(hours=24)
PASSWORD_LEAST, PASSWORD_MOST = 12, 128


def as_compared(identity: str) -> str | None:
    """A username without spaces around, in small letters; None for no name at all."""
    return identity.strip().lower()[:64] or None


def add_staff(
    transaction: Session, username: str, name: str, roles: set[RoleName], now: datetime, *, language: str = "fr"
) -> Staff:
    """A new member of staff, without a password until they use a sign-in link; ValueError for a name that is taken."""
    username = as_compared(username) or ""
    if not username or transaction.query(Staff).filter_by(username=username).first() is not None:
        raise ValueError("taken")
    staff = Staff(
        username=username,
        display_name=name,
        fs_uniquifier=secrets.token_hex(16),
        created_at=now,
        confirmed_at=now,
        active=True,
        ui_language=language,
        failed_sign_ins=0,
    )
    transaction.add(staff)
    give_roles(transaction, staff, roles)
    return staff


def make_link(transaction: Session, staff: Staff, wall: datetime) -> str:
    """A sign-in link's token, good once and for 24 hours; the address is `/entrer/<token>`. `wall` is wall time."""
    token = secrets.token_urlsafe(24)
    transaction.add(SignInLink(staff_id=staff.id, token_index=blind(token), made_at=wall, expires_at=wall + LINK_LIVES))
    transaction.flush()
    return token


def link_of(transaction: Session, token: str, wall: datetime) -> SignInLink | None:
    """The link of a token, if it can still be used."""
    row = transaction.query(SignInLink).filter_by(token_index=blind(token)).one_or_none()
    return None if row is None or row.used_at is not None or row.expires_at <= wall else row


def link_address(token: str) -> str:
    """The whole address of a link, on the configured base, never on a request's Host."""
    return f"{exchange().settings.base_url}/entrer/{token}"


def weak(password: str, username: str) -> str | None:
    """Why a password will not do, in words for its author; None when it will."""
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        return _(
            "Ce mot de passe a %(n)s caractères. Il en faut de %(least)s à %(most)s.",
            n=len(password),
            least=PASSWORD_LEAST,
            most=PASSWORD_MOST,
        )
    if len(set(password.lower())) < 5 or username.lower() in password.lower():
        return _("Ce mot de passe est trop facile à deviner. Prenez par exemple quatre mots sans lien.")
    return None


def set_password(transaction: Session, staff: Staff, password: str, now: datetime) -> None:
    """Set a password that `weak` accepted; the other sessions are the caller's to end."""
    staff.password = hash_password(password)
    audit.record(transaction, now, "password_set", "staff", staff.id, staff_id=staff.id)
