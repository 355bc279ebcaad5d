"""Which messages only the Protection role may read: a disclosure, and every answer to it, since an answer tells what was said."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from clubs.records import Inquiry, InquiryKind
from messaging.models import Message


def kept_apart() -> ColumnElement[bool]:
    """The condition on `Message`: it is a disclosure or answers one."""
    told = select(Inquiry.message_id).where(Inquiry.kind == InquiryKind.PROTECTION, Inquiry.message_id.is_not(None))
    return or_(Message.id.in_(told), func.coalesce(Message.answers_id, 0).in_(told))  # a NULL would make the negation unknown


def of_phone(session: Session, contact_id: int) -> frozenset[int]:
    """Those among the messages from and to a number."""
    return frozenset(session.scalars(select(Message.id).where(Message.contact_id == contact_id, kept_apart())))


def among(session: Session, message_ids: Collection[int]) -> frozenset[int]:
    """Those among these messages."""
    return frozenset(session.scalars(select(Message.id).where(Message.id.in_(message_ids), kept_apart())))
