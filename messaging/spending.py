"""What a sending has cost so far, in whole FCFA: what left, and what may have left and nobody knows."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging.models import Call, CallState, Message, MessageState

_TEXTS = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
_CALLS = (CallState.ANSWERED, CallState.COMPLETED, CallState.DROPPED, CallState.MACHINE, CallState.UNKNOWN)


def spent_on(session: Session, broadcast_id: int) -> int:
    """Whole FCFA."""
    texts = select(func.sum(Message.price)).where(Message.broadcast_id == broadcast_id, Message.state.in_(_TEXTS))
    calls = select(func.sum(Call.price)).where(Call.broadcast_id == broadcast_id, Call.state.in_(_CALLS))
    return int(session.scalar(texts) or 0) + int(session.scalar(calls) or 0)


def parts_of(session: Session, broadcast_id: int) -> int:
    """SMS parts that left."""
    query = select(func.sum(Message.parts)).where(Message.broadcast_id == broadcast_id, Message.state.in_(_TEXTS))
    return int(session.scalar(query) or 0)
