"""A club's weekly hour: whoever of it makes a missed call then is called back to record, one member after another."""

from datetime import time

from flask import abort, url_for

from clubs.models import Club
from console.access import Answer, Pages, R, who, within
from console.club_words import WEEKDAYS
from console.edge import now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from runtime import audit
from runtime.database import Session

pages = Pages("talks")
SETS = {R.COMMUNICATION, R.TERRAIN}


@pages.page("/clubs/<int:number>/paroles", roles=SETS, form=True)
def talk(number: int) -> Answer:
    """Choose the day and the hour, or none."""
    with reading() as session:
        row = _club(session, number)
    form = Typed.sent_or({"weekday": "" if row.talk_weekday is None else str(row.talk_weekday), "at": row.talk_at or ""})
    if form.sent:
        weekday, at = _read(form)
        if not form.errors:
            with writing() as session:
                club = _club(session, number)
                club.talk_weekday, club.talk_at = weekday, at
                audit.record(session, now(session), "set_talk_hour", "club", number, staff_id=who().id, on=at is not None)
            said = _("Heure enregistrée. Un bip à ce moment ouvre l'enregistrement.") if at else _("Il n'y a plus d'heure fixée.")
            return done(url_for("villages.club", number=number), said)
    days = [(str(place), name) for place, name in enumerate(WEEKDAYS)]
    return render("clubs/talk.html", form=form, club=row, days=days), 422 if form.errors else 200


def _read(form: Typed) -> tuple[int | None, str | None]:
    weekday, typed = form.one_of("weekday", [str(place) for place in range(7)]), form.text("at", most=5)
    if not weekday and not typed:
        return None, None
    if not weekday:
        form.wrong("weekday", _("Choisissez le jour."))
    try:
        at = time.fromisoformat(typed).strftime("%H:%M")
    except ValueError:
        form.wrong("at", _("Écrivez l'heure, par exemple 16:30."))
        return None, None
    return (int(weekday) if weekday else None), at


def _club(session: Session, number: int) -> Club:
    row = session.get(Club, number)
    if row is None:
        abort(404)
    within(session, row.village_id)
    return row
