"""Réglages, Ramadan: its dates, seen on the moon and therefore typed in, and whether clubs meet in it."""

from datetime import date, timedelta

from flask import abort, url_for

from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from messaging.models import Ramadan
from runtime import audit

pages = Pages("ramadan")
LONGEST = timedelta(days=31)


@pages.page("/reglages/ramadan", roles={R.ADMINISTRATION}, form=True)
def index() -> Answer:
    """The Ramadans known, and a form for the next."""
    form = Typed.sent_or({"sessions": "1"})
    if form.sent:
        first = form.day("first_day", needed=_("Choisissez le premier jour."))
        last = form.day("last_day", needed=_("Choisissez le dernier jour."))
        if first and last and not first <= last <= first + LONGEST:
            form.wrong("last_day", _("Le Ramadan dure 29 ou 30 jours. Vérifiez les deux dates."))
        if first and last and _known(first, last):
            form.wrong("first_day", _("Un Ramadan est déjà noté sur ces jours. Retirez-le d'abord."))
        if first and last and not form.errors:
            with writing() as session:
                session.add(Ramadan(first_day=first, last_day=last, sessions=form.ticked("sessions")))
                audit.record(session, now(session), "date_ramadan", "ramadan", None, staff_id=who().id, first=first.isoformat())
            return done(url_for("ramadan.index"), _("Ramadan enregistré. Les heures d'envoi changent pour ces jours."))
    with reading() as session:
        rows = session.query(Ramadan).order_by(Ramadan.first_day.desc()).all()
    hours = exchange().settings.ramadan_windows.replace(",", ", ")
    return render("settings/ramadan.html", form=form, rows=rows, hours=hours), 422 if form.errors else 200


def _known(first: date, last: date) -> bool:
    with reading() as session:
        return bool(session.query(Ramadan).filter(Ramadan.first_day <= last, Ramadan.last_day >= first).count())


@pages.page("/reglages/ramadan/<int:number>/retirer", roles={R.ADMINISTRATION}, post=True)
def remove(number: int) -> Answer:
    """Take dates back that were wrong; what was excused stays so."""
    with writing() as session:
        row = session.get(Ramadan, number) or abort(404)
        audit.record(session, now(session), "remove_ramadan", "ramadan", number, staff_id=who().id)
        session.delete(row)
    return done(url_for("ramadan.index"), _("Dates retirées."))
