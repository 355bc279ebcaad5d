"""Calendrier: a month of what is due, by day, and the seasons of the year.

Villages are counted, never named: this page is the same for everybody.
"""

from datetime import date, timedelta

from flask import abort, request, url_for

from campaigns import month as months
from campaigns import seasons
from campaigns.errors import CampaignError
from campaigns.models import SeasonKind
from console import campaign_words
from console.access import EVERYONE, STAFF, Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _
from runtime import audit

pages = Pages("calendar")
WRITES = {R.COMMUNICATION}
LONGEST = timedelta(days=366)


@pages.page("/calendrier", roles=EVERYONE)
def index() -> Answer:
    """One month, day by day."""
    with reading() as session:
        first = _month(now(session).date())
        days = months.month(session, exchange().settings, first, now(session))
        today = now(session).date()
    values = {"days": days, "month": first, "before": _moved(first, -1), "after": _moved(first, 1), "today": today}
    return render("calendar/index.html", words=campaign_words, writes=who().may(*WRITES), reads=who().may(*STAFF), **values)


@pages.page("/calendrier/saisons", roles=STAFF)
def season_list() -> Answer:
    """Every season, with a form to date another."""
    return _seasons(Typed())


@pages.page("/calendrier/saisons/nouvelle", roles=WRITES, form=True)
def season() -> Answer:
    """Date a season."""
    form = Typed.sent_or()
    if not form.sent:
        return _seasons(form)
    kind = form.one_of("kind", [one.value for one in SeasonKind], needed=_("Choisissez la saison."))
    first = form.day("first", needed=_("Dites quand la saison commence."))
    last = form.day("last", needed=_("Dites quand la saison finit."))
    if first and last and last - first > LONGEST:
        form.wrong("last", _("Cette saison dure plus d'un an. Vérifiez les deux dates."))
    if not form.errors and first and last:
        try:
            with writing() as session:
                row = seasons.date_season(session, SeasonKind(kind), first, last)
                audit.record(session, now(session), "date_season", "season", row.id, staff_id=who().id)
        except CampaignError as error:
            words = {
                "order": _("La fin vient avant le début. Corrigez l'une des deux dates."),
                "overlaps": _("Cette saison a déjà une date à ce moment. Retirez-la d'abord."),
            }
            form.wrong("last", words[error.code])
    if form.errors:
        return _seasons(form)
    return done(url_for("calendar.season_list"), _("Saison enregistrée. Les campagnes qui la suivent ont leurs dates."))


@pages.page("/calendrier/saisons/<int:number>/retirer", roles=WRITES, post=True)
def remove(number: int) -> Answer:
    """Take a season out."""
    with writing() as session:
        if not seasons.remove(session, number):
            abort(404)
        audit.record(session, now(session), "remove_season", "season", number, staff_id=who().id)
    return done(url_for("calendar.season_list"), _("Saison retirée. Ce qui était déjà parti reste."))


def _seasons(form: Typed) -> Answer:
    with reading() as session:
        rows = seasons.dated(session)
    page = render("calendar/seasons.html", rows=rows, form=form, words=campaign_words, writes=who().may(*WRITES))
    return page, 422 if form.errors else 200


def _month(today: date) -> date:
    """The first day of the month asked for, else of this one."""
    try:
        return date.fromisoformat(f"{request.args.get('mois', '')}-01")
    except ValueError:
        return today.replace(day=1)


def _moved(first: date, by: int) -> date:
    return (first + timedelta(days=31 if by > 0 else -1)).replace(day=1)
