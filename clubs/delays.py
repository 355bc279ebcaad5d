"""How fast questions are answered: the figures of the inbox, of a club's month, and of the indicators.

A text that nobody sorted and somebody put away was no question (a greeting, a report mended and read again); one that was sorted
and put away was, and counts as received and not answered. Disclosures are counted nowhere.
"""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from clubs.records import Inquiry, InquiryKind, InquiryState


@dataclass(frozen=True)
class Answering:
    """Of the questions received in a period: `overdue` are open past their day; `median_hours` is None while none is answered.

    `hours` is the sum over the answered.
    """

    received: int
    answered: int
    open: int
    overdue: int
    hours: float
    median_hours: float | None

    @property
    def percent(self) -> float | None:
        """Questions answered, out of those received."""
        return 100 * self.answered / self.received if self.received else None


def answering(session: Session, since: datetime, until: datetime, now: datetime, here: ColumnElement[bool]) -> Answering:
    """The questions received from `since` to before `until`, of those `here` names, as they stand at `now`."""
    asked = and_(
        Inquiry.received_at >= since,
        Inquiry.received_at < until,
        Inquiry.kind != InquiryKind.PROTECTION,
        or_(Inquiry.kind != InquiryKind.UNSORTED, Inquiry.state != InquiryState.CLOSED),
        here,
    )
    rows = session.execute(select(Inquiry.state, Inquiry.received_at, Inquiry.answered_at, Inquiry.due_at).where(asked)).all()
    hours = [
        (answered - received).total_seconds() / 3600
        for state, received, answered, _ in rows
        if state is InquiryState.ANSWERED and answered is not None
    ]
    waiting = [due for state, _, _, due in rows if state is InquiryState.OPEN]
    return Answering(
        received=len(rows),
        answered=len(hours),
        open=len(waiting),
        overdue=sum(due < now for due in waiting),
        hours=round(sum(hours), 1),
        median_hours=round(median(hours), 1) if hours else None,
    )
