"""Everything between us and one number, SMS and calls together, the latest first.

Kept by number and never by person: two sisters behind one phone have one history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from messaging.models import Call, ChannelLog, Consent, Message, OptOut


@dataclass(frozen=True)
class Moment:
    """One SMS or one call."""

    at: datetime
    message: Message | None = None
    call: Call | None = None


def length(session: Session, contact_id: int) -> int:
    """How many SMS and calls there are."""
    counted = (select(func.count()).where(row.contact_id == contact_id) for row in (Message, Call))
    return sum(session.scalar(query) or 0 for query in counted)


def moments(session: Session, contact_id: int, offset: int, limit: int) -> list[Moment]:
    """A slice of the history."""
    both = union_all(
        select(literal("message").label("kind"), Message.id, Message.created_at).where(Message.contact_id == contact_id),
        select(literal("call").label("kind"), Call.id, Call.created_at).where(Call.contact_id == contact_id),
    ).subquery()
    page = select(both).order_by(both.c.created_at.desc(), both.c.kind, both.c.id.desc()).offset(offset).limit(limit)
    found = session.execute(page).all()
    ids = {kind: [row.id for row in found if row.kind == kind] for kind in ("message", "call")}
    texts = {row.id: row for row in session.scalars(select(Message).where(Message.id.in_(ids["message"])))}
    calls = {row.id: row for row in session.scalars(select(Call).where(Call.id.in_(ids["call"])))}
    return [
        Moment(row.created_at, message=texts[row.id]) if row.kind == "message" else Moment(row.created_at, call=calls[row.id])
        for row in found
    ]


def consents(session: Session, contact_id: int) -> list[Consent]:
    """What this number agreed to, the latest first, withdrawn ones included."""
    return list(session.scalars(select(Consent).where(Consent.contact_id == contact_id).order_by(Consent.id.desc())))


def opt_outs(session: Session, contact_id: int) -> list[OptOut]:
    """Its STOPs, by number and by person, the latest first, ended ones included."""
    return list(session.scalars(select(OptOut).where(OptOut.contact_id == contact_id).order_by(OptOut.id.desc())))


def exchanges_of(session: Session, shown: Sequence[Moment]) -> dict[tuple[str, int], list[ChannelLog]]:
    """What was said between us and the provider about a slice of the history, both ways, the first one first, by ("message" or
    "call", its id)."""
    texts = [one.message.id for one in shown if one.message is not None]
    calls = [one.call.id for one in shown if one.call is not None]
    mine = or_(ChannelLog.message_id.in_(texts), ChannelLog.call_id.in_(calls))
    found: dict[tuple[str, int], list[ChannelLog]] = {}
    for log in session.scalars(select(ChannelLog).where(mine).order_by(ChannelLog.at, ChannelLog.id)):
        key = ("call", log.call_id or 0) if log.message_id is None else ("message", log.message_id)
        found.setdefault(key, []).append(log)
    return found


def latest(session: Session, channel_id: int, limit: int = 20) -> list[ChannelLog]:
    """The last exchanges of one channel, the latest first."""
    mine = select(ChannelLog).where(ChannelLog.channel_id == channel_id)
    return list(session.scalars(mine.order_by(ChannelLog.id.desc()).limit(limit)))
