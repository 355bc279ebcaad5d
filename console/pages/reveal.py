"""« Afficher » a masked number: allowed to those who see people, within their villages, thirty a day, and always written down."""

from datetime import timedelta

from flask import abort, session

from clubs.phones import reachable
from console.access import SEES_PEOPLE, Answer, Pages, scope, who
from console.edge import now, reading, writing
from console.forms import back, done
from console.words import _
from runtime import audit

pages = Pages("reveal")
A_DAY = 30


@pages.page("/numeros/<int:number>/afficher", roles=SEES_PEOPLE, post=True)
def show(number: int) -> Answer:
    """Show one contact's number once, on the page the button stood on."""
    with reading() as transaction:
        if not reachable(transaction, number, scope(transaction)):
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
