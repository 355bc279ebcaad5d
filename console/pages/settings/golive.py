"""Passage au réel: sending stays closed until everything listed is there; then two villages, then all.

The list is looked up again in the transaction that opens: what was green on the page may have lapsed.
"""

from collections.abc import Callable
from typing import Any

from flask import request, url_for

from clubs.models import Village
from console import readiness
from console.access import Answer, Pages, R, who
from console.edge import now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from runtime import audit
from runtime.database import Session
from runtime.installation import InstallationError, Opening, close, installation, leave_simulation, open_to

pages = Pages("golive")
ADMIN = {R.ADMINISTRATION}
PILOT = 2
LONGEST = 200


@pages.page("/reglages/passage-au-reel", roles=ADMIN, form=True)
def index() -> Answer:
    """The list, and what people declare."""
    with reading() as session:
        place = installation(session)
        form = Typed.sent_or(place.declared)
    if form.sent:
        given = {name: form.text(name, most=LONGEST) for name in readiness.DECLARED if name != "keys_sealed"}
        sealed = form.day("keys_sealed")
        if not form.errors:
            with writing() as session:
                row, at = installation(session), now(session)
                row.declared = {**given, "keys_sealed": sealed.isoformat() if sealed else ""}
                audit.record(session, at, "declare", "installation", staff_id=who().id)
            return done(url_for("golive.index"), _("Déclarations enregistrées."))
    with reading() as session:
        points = readiness.points(session, now(session))
        villages = [(str(row.id), row.name) for row in session.query(Village).order_by(Village.code)]
        place = installation(session)
        open_names = [name for number, name in villages if int(number) in place.pilot]
    values: dict[str, Any] = {"points": points, "left": sum(not one.done for one in points), "place": place, "Opening": Opening}
    values |= {"villages": villages, "open_names": open_names, "pilot_size": PILOT}
    return render("settings/golive.html", form=form, **values), 422 if form.errors else 200


@pages.page("/reglages/passage-au-reel/quitter", roles=ADMIN, post=True)
def leave() -> Answer:
    """Leave the simulation for good: real gateways may be added and tested, and nothing is sent by them yet."""
    sentences = {
        "demonstration": _("La démonstration est encore là. Retirez-la d'abord."),
        "moved_clock": _("L'heure de cette simulation a été avancée. Recommencez dans une base neuve."),
    }
    try:
        with writing() as session:
            leave_simulation(session)
            audit.record(session, now(session), "leave_simulation", "installation", staff_id=who().id)
    except InstallationError as error:
        return done(url_for("golive.index"), sentences[str(error)])
    return done(
        url_for("golive.index"), _("Vous avez quitté la simulation. Les envois sont fermés. Reliez et testez la passerelle.")
    )


@pages.page("/reglages/passage-au-reel/pilote", roles=ADMIN, post=True)
def pilot() -> Answer:
    """Open two villages."""
    chosen = {int(each) for each in request.form.getlist("villages") if each.isdigit()}
    with reading() as session:
        known = {number for (number,) in session.query(Village.id)}
    if len(chosen & known) != PILOT:
        return done(url_for("golive.index"), _("Choisissez deux villages."))
    return _open("open_pilot", lambda session: open_to(session, chosen), _("Les envois sont ouverts à ces deux villages."))


@pages.page("/reglages/passage-au-reel/ouvrir", roles=ADMIN, post=True)
def everybody() -> Answer:
    """Open to all, once two villages have been."""
    with reading() as session:
        begun = installation(session).opening is not Opening.CLOSED
    if not begun:
        return done(url_for("golive.index"), _("Ouvrez d'abord deux villages."))
    return _open("open_all", lambda session: open_to(session, None), _("Les envois sont ouverts à tous."))


@pages.page("/reglages/passage-au-reel/fermer", roles=ADMIN, post=True)
def shut() -> Answer:
    """Close again; what is queued waits or expires."""
    with writing() as session:
        close(session)
        audit.record(session, now(session), "close_sending", "installation", staff_id=who().id)
    return done(url_for("golive.index"), _("Les envois sont fermés. Ce qui était en file attend."))


def _open(action: str, act: Callable[[Session], None], said: str) -> Answer:
    with writing() as session:
        at = now(session)
        missing = [one for one in readiness.points(session, at) if not one.done]
        if not missing:
            act(session)
            audit.record(session, at, action, "installation", staff_id=who().id)
    return done(url_for("golive.index"), said if not missing else _("Il manque encore : %(what)s.", what=missing[0].words))
