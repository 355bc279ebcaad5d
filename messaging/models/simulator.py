"""Rows of the simulator: what the pretended network will tell us later, posted to our own webhooks when due."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from runtime.crypto import Sealed
from runtime.database import Base, Id


class SimulatorEvent(Base):
    """One later event of a simulator channel. `path` holds the channel's token and `form` numbers, hence both sealed."""

    __tablename__ = "simulator_event"
    __table_args__ = (Index("ix_simulator_event_done_due", "done_at", "due_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    action: Mapped[str] = mapped_column(String(16), default="post")  # listen: the phone follows what it is answered; hang_up
    due_at: Mapped[datetime]
    path: Mapped[str] = mapped_column(Sealed("simulator_event:path"))
    form: Mapped[str] = mapped_column(Sealed("simulator_event:form"))
    done_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
