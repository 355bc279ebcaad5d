"""Where a demonstration day is played: the moved clock, pretended telephones, and waiting until everything due was done.

In one process the clock's work is run here; beside separate workers the stage only waits for them, because the rows are the
truth.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, or_, select

from campaigns.firing import FIRING
from campaigns.models import Campaign, CampaignEvent
from demonstration.errors import DemonstrationError
from messaging import simulator_phone
from messaging.call_claim import free_lines
from messaging.exchange import Exchange
from messaging.models import (
    Broadcast,
    BroadcastState,
    Call,
    CallState,
    Channel,
    Direction,
    Message,
    MessageState,
    SimulatorEvent,
)
from runtime.database import Base, Session
from runtime.installation import advance, business_time

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Stage:
    """`work` runs everything due at a moment and what follows; None where other processes do it."""

    exchange: Exchange
    channel: Channel
    work: Callable[[datetime], object] | None

    def now(self) -> datetime:
        """The business time."""
        with self.exchange.database.reading() as session:
            return business_time(session, datetime.now(UTC))

    def go_to(self, moment: datetime) -> None:
        """Move the clock forward to a moment, then let everything due happen."""
        with self.exchange.database.writing() as session:
            ahead = moment - business_time(session, datetime.now(UTC))
            if ahead.total_seconds() > 0:
                advance(session, ahead)
        self.settle()

    def write(self, number: str, text: str) -> None:
        """Have a phone send an SMS; DemonstrationError when our route does not take it."""
        answered = simulator_phone.write(self.exchange, self.channel, number, text)
        if answered.status >= 300:
            raise DemonstrationError(f"webhook_{answered.status}")

    def settle(self) -> None:
        """Run or wait for everything due now; DemonstrationError("not_settled") when workers do not get there."""
        if self.work is not None:
            self.work(self.now())
            return
        patience = time.monotonic() + PATIENCE_SECONDS
        while left := self.unsettled():
            if time.monotonic() > patience:
                raise DemonstrationError("not_settled " + " ".join(left))
            time.sleep(LOOK_SECONDS)

    def unsettled(self) -> list[str]:
        """The kinds of rows that still wait for somebody now."""
        now = self.now()

        firing = select(Campaign.id).where(Campaign.state.in_(FIRING))
        checks: dict[str, tuple[type[Base], tuple[ColumnElement[bool], ...]]] = {
            "events": (CampaignEvent, (CampaignEvent.next_due <= now, CampaignEvent.campaign_id.in_(firing))),
            "fan_out": (
                Broadcast,
                (Broadcast.cursor >= 0, Broadcast.state.in_((BroadcastState.PLANNED, BroadcastState.RUNNING))),
            ),
            "planned": (Broadcast, (Broadcast.state == BroadcastState.PLANNED, Broadcast.not_before <= now)),
            "outbox": (Message, (Message.direction == Direction.OUT, _waits(now))),
            "inbox": (Message, (Message.state == MessageState.RECEIVED,)),
            "dialling": (Call, (Call.state == CallState.DIALLING, Call.lease_until.is_not(None))),
            "network": (SimulatorEvent, (SimulatorEvent.done_at.is_(None), SimulatorEvent.due_at <= now)),
        }
        with self.exchange.database.reading() as session:
            found = [name for name, (row, where) in checks.items() if _counted(session, row, *where)]
            lines = free_lines(session, session.get_one(Channel, self.channel.id))
            # With every line taken the rest waits for a later moment of the day, as it does in one process.
            if lines > 0 and _counted(session, Call, Call.direction == Direction.OUT, _rings(now)):
                found.append("calls")
            return found


def _counted(session: Session, row: type[Base], *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(row).where(*where)) or 0


def _waits(now: datetime) -> ColumnElement[bool]:
    due = Message.state.in_((MessageState.QUEUED, MessageState.ERRORED, MessageState.SCHEDULED)) & (Message.not_before <= now)
    return or_(Message.state == MessageState.SENDING, due)


def _rings(now: datetime) -> ColumnElement[bool]:
    return (Call.state == CallState.QUEUED) & (Call.not_before <= now)
