"""What became of a broadcast, counted on people: two sisters behind one phone are two recipients of one message."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.models import Recipient
from messaging.models import Call, CallState, Message, MessageState


class Fate(StrEnum):
    """The line of the account a recipient stands in."""

    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    PENDING = "pending"
    UNKNOWN = "unknown"


MESSAGES: Mapping[MessageState, Fate] = {
    MessageState.SCHEDULED: Fate.PENDING,
    MessageState.HELD: Fate.PENDING,
    MessageState.QUEUED: Fate.PENDING,
    MessageState.SENDING: Fate.PENDING,
    MessageState.ERRORED: Fate.PENDING,
    MessageState.WIRED: Fate.SENT,
    MessageState.SENT: Fate.SENT,
    MessageState.DELIVERED: Fate.SENT,
    MessageState.FAILED: Fate.FAILED,
    MessageState.UNKNOWN: Fate.UNKNOWN,
    MessageState.SUPPRESSED: Fate.SKIPPED,
    MessageState.CANCELLED: Fate.SKIPPED,
    MessageState.EXPIRED: Fate.SKIPPED,
}
CALLS: Mapping[CallState, Fate] = {
    CallState.QUEUED: Fate.PENDING,
    CallState.DIALLING: Fate.PENDING,
    CallState.RINGING: Fate.PENDING,
    CallState.ANSWERED: Fate.PENDING,
    CallState.ERRORED: Fate.PENDING,
    CallState.COMPLETED: Fate.SENT,
    CallState.DROPPED: Fate.SENT,
    CallState.MACHINE: Fate.FAILED,
    CallState.BUSY: Fate.FAILED,
    CallState.NO_ANSWER: Fate.FAILED,
    CallState.FAILED: Fate.FAILED,
    CallState.UNKNOWN: Fate.UNKNOWN,
    CallState.SUPPRESSED: Fate.SKIPPED,
    CallState.CANCELLED: Fate.SKIPPED,
    CallState.EXPIRED: Fate.SKIPPED,
}
Counts = Counter[tuple[Fate, str]]


@dataclass(frozen=True)
class Account:
    """Recipients by fate: planned = sent + skipped + failed + pending + unknown, which the table's checks hold.

    `delivered` is part of `sent`: an SMS with its receipt, a call heard to the end. `skipped` and `failures` are by reason.
    """

    planned: int = 0
    sent: int = 0
    delivered: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    pending: int = 0
    unknown: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether everybody planned stands in exactly one line."""
        return self.planned == self.sent + sum(self.skipped.values()) + self.failed + self.pending + self.unknown


def account(session: Session, broadcast_id: int) -> Account:
    """Count the recipients of a broadcast."""
    mine = Recipient.broadcast_id == broadcast_id
    planned = session.scalar(select(func.count()).where(mine)) or 0
    bare = select(Recipient.skipped, func.count()).where(mine, Recipient.skipped.is_not(None)).group_by(Recipient.skipped)
    counts: Counts = Counter({(Fate.SKIPPED, str(reason)): count for reason, count in session.execute(bare)})
    counts.update(_messages(session, broadcast_id))
    counts.update(_calls(session, broadcast_id))
    totals = Counter[Fate]()
    for (fate, _), count in counts.items():
        totals[fate] += count
    return Account(
        planned=planned,
        sent=totals[Fate.SENT],
        delivered=counts[Fate.SENT, MessageState.DELIVERED] + counts[Fate.SENT, CallState.COMPLETED],
        skipped={reason: count for (fate, reason), count in sorted(counts.items()) if fate is Fate.SKIPPED},
        failed=totals[Fate.FAILED],
        pending=totals[Fate.PENDING],
        unknown=totals[Fate.UNKNOWN],
        failures={reason: count for (fate, reason), count in sorted(counts.items()) if fate is Fate.FAILED},
    )


def _messages(session: Session, broadcast_id: int) -> Counts:
    code = func.coalesce(Message.reason, Message.error_code)
    found = (
        select(Message.state, code, func.count())
        .join(Recipient, Recipient.message_id == Message.id)
        .where(Recipient.broadcast_id == broadcast_id)
        .group_by(Message.state, code)
    )
    counts: Counts = Counter()
    for state, reason, count in session.execute(found):
        fate = MESSAGES[state]
        counts[fate, _said(fate, state, reason)] += count
    return counts


def _calls(session: Session, broadcast_id: int) -> Counts:
    code = func.coalesce(Call.reason, Call.error_code)
    found = (
        select(Call.state, code, Call.retry, func.count())
        .join(Recipient, Recipient.call_id == Call.id)
        .where(Recipient.broadcast_id == broadcast_id)
        .group_by(Call.state, code, Call.retry)
    )
    counts: Counts = Counter()
    for state, reason, retry, count in session.execute(found):
        fate = Fate.PENDING if retry else CALLS[state]  # busy, say, and to be called again
        counts[fate, _said(fate, state, reason)] += count
    return counts


def _said(fate: Fate, state: StrEnum, reason: str | None) -> str:
    """Why, where that matters: a busy line says it by its state."""
    return reason if reason and fate in (Fate.SKIPPED, Fate.FAILED) else state.value
