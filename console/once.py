"""One-time form tokens: a form sent twice acts once, and the second sending is led to where the first one led.

The token is taken before the act, in a transaction of its own: a crash in between loses the act, visibly, and never doubles it.
"""

import secrets
from urllib.parse import urlsplit

from console.edge import reading, wall_time, writing
from console.staff import FormToken, take_token


def new_token() -> str:
    """A token for one form as it is shown now."""
    return secrets.token_urlsafe(18)


def take(token: str, staff_id: int | None) -> bool:
    """Whether this sending is the first."""
    with writing() as session:
        return take_token(session, token, staff_id, wall_time()) is not None


def give_back(token: str) -> None:
    """The form was refused or failed: its token may be used again."""
    with writing() as session:
        session.query(FormToken).filter_by(token=token).delete()


def remember(token: str, address: str | None) -> None:
    """Where the first sending led."""
    with writing() as session:
        row = session.query(FormToken).filter_by(token=token).one_or_none()
        if row is not None:
            row.answer = (address or "")[:400] or None


def answer_of(token: str) -> str | None:
    """Where the first sending led; None when it is still running or showed no other page."""
    with reading() as session:
        row = session.query(FormToken).filter_by(token=token).one_or_none()
        return None if row is None else row.answer


def own_page(address: str) -> str:
    """`address` when it is a page of this console, else the home page: nobody is sent elsewhere."""
    parts = urlsplit(address)
    safe = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if safe else "/"
