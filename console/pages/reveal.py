"""« Afficher » a masked number: allowed to those who see people, within their villages, thirty a day, and always written down."""

from datetime import timedelta

from flask import abort, session

from clubs.models import Club, Member
from console.access import SEES_PEOPLE, Answer, Pages, scope, who
from console.edge import now, reading, writing
from console.forms import back, done
from console.words import _
from messaging.models import Contact
from runtime import audit
from runtime.database import Session

pages = Pages("reveal")
A_DAY = 30


@pages.page("/numeros/<int:number>/afficher", roles=SEES_PEOPLE, post=True)
def show(number: int) -> Answer:
    """Show one contact's number once, on the page the button stood on."""
    with reading() as transaction:
        if transaction.get(Contact, number) is None or not _in_scope(transaction, number):
            abort(404)
        since = now(transaction) - timedelta(days=1)
        acts = transaction.query(audit.AuditEntry).filter_by(staff_id=who().id, action="number_shown")
        shown = acts.filter(audit.AuditEntry.at > since).count()
    if shown >= A_DAY:
        return done(back(), _("Vous avez affiché %(n)s numéros en un jour. Attendez demain.", n=A_DAY))
    with writing() as transaction:
        page = back().partition("?")[0][:120]
        audit.record(transaction, now(transaction), "number_shown", "contact", number, staff_id=who().id, page=page)
    session["shown"] = number
    return done(back())


def _in_scope(transaction: Session, contact_id: int) -> bool:
    allowed = scope(transaction)
    if allowed is None:
        return True
    behind = transaction.query(Club.village_id).join(Member, Member.club_id == Club.id).filter(Member.contact_id == contact_id)
    phones = transaction.query(Club.village_id).filter(Club.phone_id == contact_id)
    return any(village in allowed for (village,) in behind.union(phones))
