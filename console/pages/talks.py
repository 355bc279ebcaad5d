"""A club's weekly hour: whoever of it makes a missed call then is called back to record, one member after another."""

from flask import url_for

from console.access import Answer, Pages, R, who
from console.club_scope import club_here
from console.club_words import WEEKDAYS
from console.edge import now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from runtime import audit

pages = Pages("talks")
SETS = {R.COMMUNICATION, R.TERRAIN}


@pages.page("/clubs/<int:number>/paroles", roles=SETS, form=True)
def talk(number: int) -> Answer:
    """Choose the day and the hour, or none."""
    with reading() as session:
        row = club_here(session, number)
    form = Typed.sent_or({"weekday": "" if row.talk_weekday is None else str(row.talk_weekday), "at": row.talk_at or ""})
    if form.sent:
        weekday, at = _read(form)
        if not form.errors:
            with writing() as session:
                club = club_here(session, number)
                club.talk_weekday, club.talk_at = weekday, at
                audit.record(session, now(session), "set_talk_hour", "club", number, staff_id=who().id, on=at is not None)
            said = _("Heure enregistrée. Un bip à ce moment ouvre l'enregistrement.") if at else _("Il n'y a plus d'heure fixée.")
            return done(url_for("villages.club", number=number), said)
    days = [(str(place), name) for place, name in enumerate(WEEKDAYS)]
    return render("clubs/talk.html", form=form, club=row, days=days), 422 if form.errors else 200


def _read(form: Typed) -> tuple[int | None, str | None]:
    weekday = form.one_of("weekday", [str(place) for place in range(7)])
    at = form.hour("at", needed=_("Choisissez l'heure.") if weekday else None)
    if at and not weekday:
        form.wrong("weekday", _("Choisissez le jour."))
    return (int(weekday) if weekday else None), at
