"""Delete by age what was only ever kept to look into trouble: raw bodies, exchanges, reports nobody owns, played events.

Bodies and events are sealed, so that nothing can pick out those of one erased number: they all go within days.
"""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, CursorResult, delete
from sqlalchemy.orm import Session

from messaging import recordings
from messaging.exchange import Exchange
from messaging.models import ChannelLog, SimulatorEvent, StatusUpdate, WebhookBody
from messaging.receipts import KEPT
from runtime.database import Base

BODIES_KEPT = timedelta(days=7)
EVENTS_KEPT = timedelta(days=1)
LOGS_KEPT = timedelta(days=30)


def purge(exchange: Exchange, now: datetime) -> int:
    """Every hour; how many rows went."""
    with exchange.database.writing() as session:
        gone = _delete(session, WebhookBody, WebhookBody.kind != "recording", WebhookBody.received_at < now - BODIES_KEPT)
        gone += _delete(session, ChannelLog, ChannelLog.at < now - LOGS_KEPT)
        gone += _delete(session, StatusUpdate, StatusUpdate.applied_at.is_(None), StatusUpdate.received_at < now - KEPT)
        gone += recordings.purge(session, exchange.settings.var, now)
        gone += _delete(session, SimulatorEvent, SimulatorEvent.done_at < now - EVENTS_KEPT)
    return gone


def _delete(session: Session, model: type[Base], *where: ColumnElement[bool]) -> int:
    return cast("CursorResult[object]", session.execute(delete(model).where(*where))).rowcount
