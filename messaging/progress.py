"""How a sending gets on: what it has cost so far, and what holds it up."""

from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from messaging import costs
from messaging.models import Broadcast, Call, CallState, Channel, ChannelState, Message, MessageState


@dataclass(frozen=True)
class Bill:
    """What a sending cost beside what was thought, in whole FCFA.

    `unsent` is the price of its SMS that did not leave, or of which the provider said that it did not deliver, `cancelled` that
    of the SMS and calls that somebody cancelled before they left; the rest of the difference comes of calls that were missed, or
    shorter or longer than the message, and of SMS that took another channel.
    """

    estimated: int
    spent: int
    unsent: int
    cancelled: int = 0

    @property
    def otherwise(self) -> int:
        """Whole FCFA that anything else added (above 0) or saved."""
        return self.spent + self.unsent + self.cancelled - self.estimated


def bill(session: Session, broadcast: Broadcast) -> Bill:
    """What a sending has cost so far."""
    mine = Message.broadcast_id == broadcast.id
    kept = case((Message.state == MessageState.CANCELLED, Message.price), else_=0)
    sums = select(func.sum(costs.OF_TEXT), func.sum(Message.price), func.sum(kept)).where(mine)
    texts, priced, texts_kept = (int(each or 0) for each in session.execute(sums).one())
    undialled = and_(Call.state == CallState.CANCELLED, Call.dialling_at.is_(None))
    spoken = select(func.sum(costs.OF_CALL), func.sum(case((undialled, Call.expected), else_=0)))
    calls, calls_kept = (int(each or 0) for each in session.execute(spoken.where(Call.broadcast_id == broadcast.id)).one())
    return Bill(broadcast.estimated_cost, texts + calls, priced - texts - texts_kept, texts_kept + calls_kept)


def parts_of(session: Session, broadcast_id: int) -> int:
    """SMS parts that left."""
    query = select(func.sum(Message.parts)).where(Message.broadcast_id == broadcast_id, costs.PAID)
    return int(session.scalar(query) or 0)


def holding_up(session: Session, broadcast_id: int) -> list[Channel]:
    """The channels of a sending that are paused, by a person or by their own errors (`paused_reason`)."""
    used = select(Message.channel_id).where(Message.broadcast_id == broadcast_id)
    used_calls = select(Call.channel_id).where(Call.broadcast_id == broadcast_id)
    query = select(Channel).where(Channel.id.in_(used.union(used_calls)), Channel.state == ChannelState.PAUSED)
    return list(session.scalars(query.order_by(Channel.id)))
