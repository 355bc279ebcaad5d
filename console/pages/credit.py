"""Crédit dû: what facilitators' accepted texts cost them in a month, printed, paid, and marked paid once."""

from datetime import date

from flask import request, url_for

from clubs import credit, month
from console.access import Answer, Pages, R, who
from console.club_scope import month_of_address, own_villages
from console.edge import exchange, now, reading, writing
from console.forms import Page, done, render
from console.staff import Staff
from console.words import _
from runtime import audit
from runtime.database import Session

pages = Pages("credit")
PAYS = {R.ADMINISTRATION, R.COMMUNICATION}


@pages.page("/resultats/credit", roles=PAYS | {R.TERRAIN})
def index() -> Answer:
    """The month that ended last."""
    with reading() as session:
        return _sheet(session, month.before(now(session).date()))


@pages.page("/resultats/credit/<when>", roles=PAYS | {R.TERRAIN})
def show(when: str) -> Answer:
    """One month's sheet."""
    with reading() as session:
        return _sheet(session, month_of_address(when))


@pages.page("/resultats/credit/<when>/payer", roles=PAYS, post=True)
def pay(when: str) -> Answer:
    """Mark one facilitator's month paid."""
    first, member = month_of_address(when), request.form.get("member", type=int) or 0
    with writing() as session:
        at = now(session)
        over = month.after(first) <= at.date()
        row = credit.pay(session, first, member, exchange().settings.credit_per_text, who().id, at) if over else None
        if row is not None:
            francs = row.texts * row.tariff
            audit.record(session, at, "pay_credit", "member", member, staff_id=who().id, month=f"{first:%Y-%m}", francs=francs)
    said = _("Rien à payer ici : le mois n'est pas fini, ou c'est déjà payé.") if row is None else _("Crédit noté comme payé.")
    return done(url_for("credit.show", when=when), said)


def _sheet(session: Session, first: date) -> Answer:
    today = now(session).date()
    rows = credit.sheet(session, first, exchange().settings.credit_per_text, own_villages(session))
    payers = {row.id: row.display_name for row in session.query(Staff).filter(Staff.id.in_([one.paid_by for one in rows]))}
    later = month.after(first) if month.after(first) <= today else None
    page = Page.asked(len(rows))
    shown = rows if request.args.get("tout") else rows[page.offset : page.offset + page.limit]
    values = {
        "rows": rows,
        "shown": shown,
        "page": page,
        "payers": payers,
        "first": first,
        "earlier": month.before(first),
        "later": later,
    }
    may_pay = bool(who().roles & PAYS) and month.after(first) <= today
    return render("results/credit.html", pays=may_pay, over=month.after(first) <= today, **values)
