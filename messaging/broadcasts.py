"""Pause, resume and cancel a sending, and the switch that stops everything; the claim obeys each from its commit on."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from messaging.exchange import DIAL, DISPATCH, Exchange
from messaging.models import Broadcast, BroadcastState, Call, CallState, Channel, ChannelState, Message, MessageState
from messaging.states import LIVE_CALLS, move, move_all
from runtime import audit
from runtime.installation import Installation, installation

FANNED_OUT = -1  # the cursor of a broadcast whose every member is accounted for
_OPEN_MESSAGES = (
    MessageState.SCHEDULED,
    MessageState.QUEUED,
    MessageState.HELD,
    MessageState.SENDING,
    MessageState.ERRORED,
)


def pause(session: Session, broadcast: Broadcast, now: datetime, reason: str | None = None) -> None:
    """Keep everything not yet `sending`; ForbiddenMove when already paused or cancelled."""
    _locked(session, broadcast)
    move(broadcast, BroadcastState.PAUSED, now, reason)
    session.flush()


def resume(session: Session, broadcast: Broadcast, now: datetime) -> None:
    """Let a paused broadcast run; its held messages, but for those staff held, go back to the queue."""
    _locked(session, broadcast)
    move(broadcast, BroadcastState.RUNNING, now)
    mine = (Message.broadcast_id == broadcast.id, Message.state == MessageState.HELD, Message.reason == "budget")
    move_all(session, Message, MessageState.QUEUED, now, None, *mine)
    session.flush()


def cancel(session: Session, broadcast: Broadcast, now: datetime, reason: str | None = None) -> int:
    """End a broadcast: everything not yet `sending` becomes cancelled; how many messages and calls."""
    _locked(session, broadcast)
    move(broadcast, BroadcastState.CANCELLED, now, reason)
    session.flush()
    waiting = (Call.state == CallState.QUEUED) | Call.retry
    messages = move_all(session, Message, MessageState.CANCELLED, now, "cancelled", Message.broadcast_id == broadcast.id)
    calls = move_all(session, Call, CallState.CANCELLED, now, "cancelled", Call.broadcast_id == broadcast.id, waiting)
    return messages + calls


def finish_done(session: Session, now: datetime) -> int:
    """Close running broadcasts of which nothing can leave any more; how many."""
    open_message = exists().where(Message.broadcast_id == Broadcast.id, Message.state.in_(_OPEN_MESSAGES))
    open_call = exists().where(Call.broadcast_id == Broadcast.id, Call.state.in_((CallState.QUEUED, *LIVE_CALLS)) | Call.retry)
    done = select(Broadcast).where(
        Broadcast.state == BroadcastState.RUNNING, Broadcast.cursor == FANNED_OUT, ~open_message, ~open_call
    )
    rows = session.scalars(done.with_for_update(skip_locked=True)).all()
    for row in rows:
        move(row, BroadcastState.FINISHED, now, row.reason)
    return len(rows)


def came_to_nothing() -> ColumnElement[bool]:
    """Broadcasts that were cancelled before anything of them left."""
    texted = exists().where(Message.broadcast_id == Broadcast.id, Message.sending_at.is_not(None)).correlate(Broadcast)
    called = exists().where(Call.broadcast_id == Broadcast.id, Call.dialling_at.is_not(None)).correlate(Broadcast)
    return and_(Broadcast.state == BroadcastState.CANCELLED, ~or_(texted, called))


def stop_all(session: Session, staff_id: int | None, now: datetime) -> None:
    """« Tout arrêter »: after this commit nothing is claimed, replies included, until `start_again`."""
    row = locked_installation(session)
    row.stopped_at, row.stopped_by = now, staff_id
    session.flush()  # the audit reads this row anew and would undo what is not yet written
    audit.record(session, now, "stop_all", "installation", 1, staff_id=staff_id)


def start_again(session: Session, exchange: Exchange, staff_id: int | None, now: datetime) -> None:
    """Undo `stop_all`; every channel is nudged."""
    row = locked_installation(session)
    row.stopped_at = row.stopped_by = None
    session.flush()
    audit.record(session, now, "start_again", "installation", 1, staff_id=staff_id)
    wake(session, exchange)


def wake(session: Session, exchange: Exchange) -> None:
    """Nudge every channel that may send."""
    for channel_id in session.scalars(select(Channel.id).where(Channel.state == ChannelState.ACTIVE)):
        exchange.work.nudge(session, DISPATCH, channel_id)
        exchange.work.nudge(session, DIAL, channel_id)


def _locked(session: Session, broadcast: Broadcast) -> None:
    # Taken before any message: the claim takes them in the same order.
    session.refresh(broadcast, with_for_update=True)


def locked_installation(session: Session) -> Installation:
    """The installation's row, which every claim asks for."""
    row = installation(session)
    session.refresh(row, with_for_update=True)
    return row
