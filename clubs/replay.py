"""Read a received text again as staff mended it, as if its sender had written it so: stored under that phone, echoed to it.

Nothing is guessed for the sender: what the mended text leaves open is a problem told to staff, never a new question by SMS.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from clubs.grammar.judge import judge
from clubs.grammar.values import VERSIONED, Kind
from clubs.grammar.verdict import Do, Verdict
from clubs.records import Report, ReportState
from clubs.reports import apply_verdict
from clubs.standing import context_for
from messaging.models import Contact, Message

REPORTS = VERSIONED | {Kind.AC, Kind.FAIT}
DONE = (Do.STORE, Do.HOLD, Do.ACTION, Do.DONE)


def reread(session: Session, message: Message, text: str, now: datetime, zone: str = "Africa/Bamako") -> Verdict:
    """What the mended text means, on the day its message was sent (a week back at most)."""
    contact = session.get_one(Contact, message.contact_id)
    sent_at = message.provider_at or message.created_at
    return judge(text, context_for(session, contact, now, sent_at=sent_at, zone=zone))


def settles(verdict: Verdict) -> bool:
    """Whether the mended text is a whole report or action, so that it can be stored."""
    return verdict.kind in REPORTS and verdict.effect.do in DONE


def carry_out(session: Session, verdict: Verdict, message: Message, now: datetime, *, instead_of: Report | None = None) -> None:
    """Store what a settled verdict says, in place of the draft it came from."""
    contact = session.get_one(Contact, message.contact_id)
    apply_verdict(session, verdict, contact, message, now)
    if instead_of is not None and instead_of.state is ReportState.DRAFT:
        instead_of.state, instead_of.decided_at = ReportState.REPLACED, now
