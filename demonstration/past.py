"""Where invented history is written: rows, and rows that wait for the id of another."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy.orm import Session

from campaigns.models import Answer
from clubs.records import ExpectedReport, Inquiry, Report
from messaging.models import Contact, Direction, Kind, Message, MessageState

Row = Report | Message | ExpectedReport | Inquiry | Answer
DAYS = 90


@dataclass
class Past:
    """Where history is written: the channel, the chance, the last past day, and rows that wait for the id of another."""

    session: Session
    chance: Random
    channel_id: int
    last: date
    waiting: list[tuple[Row, str, Row]] = field(default_factory=list)
    actions: Counter[int] = field(default_factory=Counter)

    def moment(self, day: date, hour: float) -> datetime:
        """That day at that hour."""
        return datetime.combine(day, time(), UTC) + timedelta(hours=hour, seconds=self.chance.randrange(60))

    def add_with(self, row: Row, name: str, other: Row) -> None:
        """Write `row` once `other`, which it names in column `name`, has an id: one flush for thousands of rows."""
        self.waiting.append((row, name, other))

    def write(self) -> None:
        """Write everything gathered."""
        self.session.flush()
        while self.waiting:
            ready = [entry for entry in self.waiting if entry[2].id is not None]
            self.waiting = [entry for entry in self.waiting if entry[2].id is None]
            for row, name, other in ready:
                setattr(row, name, other.id)
            self.session.add_all(row for row, _, _ in ready)
            self.session.flush()


def exchanged(past: Past, contact: Contact, at: datetime, text: str, kind: str, outcome: str, reply: str = "") -> Message:
    """An SMS that came in, read as `kind` with that `outcome`, and the reply to it; the one that came in."""
    received = Message(
        direction=Direction.IN,
        channel_id=past.channel_id,
        contact_id=contact.id,
        state=MessageState.HANDLED,
        text=text,
        not_before=at,
        created_at=at,
        handled_at=at,
        parse={"kind": kind, "outcome": outcome},
        reply_kind=outcome,
    )
    past.session.add(received)
    answered = at + timedelta(seconds=20)
    past.session.add(
        Message(
            direction=Direction.OUT,
            channel_id=past.channel_id,
            contact_id=contact.id,
            kind=Kind.REPLY,
            state=MessageState.DELIVERED,
            text=reply or "Ecrivez par exemple: CR 12 18 7",
            encoding="GSM-7",
            parts=1,
            price=15,
            attempts=1,
            not_before=at,
            created_at=at,
            wired_at=answered,
            delivered_at=answered,
            ended_at=answered,
        )
    )
    return received
