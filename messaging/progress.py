"""How a sending gets on: what it has cost so far, and what holds it up."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging.models import Call, CallState, Channel, ChannelState, Message, MessageState

_TEXTS = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
_CALLS = (CallState.ANSWERED, CallState.COMPLETED, CallState.DROPPED, CallState.MACHINE, CallState.UNKNOWN)


def spent_on(session: Session, broadcast_id: int) -> int:
    """Whole FCFA of what left, and of what may have left and nobody knows."""
    texts = select(func.sum(Message.price)).where(Message.broadcast_id == broadcast_id, Message.state.in_(_TEXTS))
    calls = select(func.sum(Call.price + Call.spent)).where(Call.broadcast_id == broadcast_id, Call.state.in_(_CALLS))
    return int(session.scalar(texts) or 0) + int(session.scalar(calls) or 0)


def parts_of(session: Session, broadcast_id: int) -> int:
    """SMS parts that left."""
    query = select(func.sum(Message.parts)).where(Message.broadcast_id == broadcast_id, Message.state.in_(_TEXTS))
    return int(session.scalar(query) or 0)


def holding_up(session: Session, broadcast_id: int) -> list[Channel]:
    """The channels of a sending that are paused, by a person or by their own errors (`paused_reason`)."""
    used = select(Message.channel_id).where(Message.broadcast_id == broadcast_id)
    used_calls = select(Call.channel_id).where(Call.broadcast_id == broadcast_id)
    query = select(Channel).where(Channel.id.in_(used.union(used_calls)), Channel.state == ChannelState.PAUSED)
    return list(session.scalars(query.order_by(Channel.id)))


def held_for_budget(session: Session, broadcast_id: int) -> int:
    """The messages that wait because a budget is reached."""
    held = (Message.broadcast_id == broadcast_id, Message.state == MessageState.HELD, Message.reason == "budget")
    return session.scalar(select(func.count()).where(*held)) or 0
