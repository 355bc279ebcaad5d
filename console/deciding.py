"""A report or a handover that waits is accepted or refused from any page: counted or cancelled, written down, and told by SMS."""

from campaigns.telling import tell
from clubs import by_hand
from clubs.grammar.values import Kind
from clubs.grammar.verdict import Do
from clubs.notices import notices
from clubs.records import Report
from console.access import who
from console.edge import exchange, now
from console.words import _
from runtime import audit
from runtime.database import Session


def decide(session: Session, row: Report, accept: bool, word: str = "") -> str:
    """Settle a report as VAL or REF would, with a `word` to who sent it; the sentence to show."""
    at = now(session)
    if not by_hand.decide(session, row, accept, who().id, at):
        return _("Un collègue a déjà traité ce rapport.")
    handover = row.kind == Kind.NF
    act = f"{'accept' if accept else 'refuse'}_{'handover' if handover else 'report'}"
    audit.record(session, at, act, "report", row.id, staff_id=who().id)
    found = notices(session, Do.ACCEPT if accept else Do.CANCEL, row, None, at.date(), word)
    told = bool(tell(session, exchange(), found, at, sender_id=row.contact_id))
    if handover:
        return _("Relais accepté.") if accept else _("Relais refusé : rien ne change.")
    if accept:
        return _("Rapport accepté : il compte. L'animation est prévenue.") if told else _("Rapport accepté : il compte.")
    return _("Rapport refusé. L'animation est prévenue.") if told else _("Rapport refusé : il ne compte pas.")
