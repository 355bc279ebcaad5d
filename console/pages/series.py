"""Séries: what follows a child's months, step by step; begun, started and repaired here. Places are counted, never listed."""

from zoneinfo import ZoneInfo

from flask import abort, url_for

from campaigns import enrolments, schedule, series
from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignState, EnrolmentState
from console import campaign_words
from console.access import STAFF, Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done, render
from console.words import _, ngettext
from messaging.models import Route
from runtime import audit
from runtime.database import Session
from runtime.installation import Installation
from translations.models import Content, ContentKind

pages = Pages("series")
WRITES = {R.COMMUNICATION}
ACTS = {R.COMMUNICATION, R.ADMINISTRATION}
ROWS = 8
"""Steps of the form; a longer series is two campaigns."""


@pages.page("/campagnes/series", roles=STAFF)
def index() -> Answer:
    """Every series."""
    with reading() as session:
        rows = series.lines(session)
        place = session.get(Installation, 1)
    values = {"rows": rows, "on": place is not None and place.series, "words": campaign_words, "places": EnrolmentState}
    return render("campaigns/series.html", writes=who().may(*WRITES), acts=who().may(*ACTS), draft_=CampaignState.DRAFT, **values)


@pages.page("/campagnes/series/nouvelle", roles=WRITES, form=True)
def new() -> Answer:
    """A series, its steps in a table."""
    with reading() as session:
        titles = _titles(session)
    form = Typed.sent_or({"route": Route.SMS.value})
    if form.sent:
        name = form.text("name", needed=_("Donnez un nom à la série."), most=120)
        route = form.kind("route", Route, Route.SMS)
        steps = _steps(form, titles)
        if not form.errors:
            try:
                with writing() as session:
                    made = series.begin(session, name, route, steps, who().id, now(session))
                    audit.record(session, now(session), "new_series", "campaign", made.id, staff_id=who().id)
                return done(url_for("series.index"), _("Série enregistrée. Elle ne part pas encore."))
            except CampaignError as error:
                form.wrong("content1" if error.code == "no_event" else "months1", campaign_words.refusal(error.code))
    values = {"form": form, "titles": titles.items(), "rows": range(1, ROWS + 1), "words": campaign_words}
    return render("campaigns/new_series.html", **values), 422 if form.errors else 200


def _steps(form: Typed, titles: dict[str, str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for row in range(1, ROWS + 1):
        content = form.one_of(f"content{row}", titles)
        if not content:
            continue
        months = form.text(f"months{row}", needed=_("Dites combien de mois après la naissance."), most=3)
        if not months.removeprefix("-").isdecimal() or not series.EARLIEST <= int(months) <= series.FARTHEST:
            form.wrong(f"months{row}", _("Écrivez un nombre de mois entre -9 (avant la naissance) et 36."))
            continue
        found.append((int(months), int(content)))
    if not found and not form.errors:
        form.wrong("content1", _("Choisissez au moins un message."))
    return found


def _titles(session: Session) -> dict[str, str]:
    rows = session.query(Content.id, Content.title).filter(Content.kind == ContentKind.MESSAGE).order_by(Content.title)
    return {str(number): title for number, title in rows}


@pages.page("/campagnes/series/<int:number>/lancer", roles=WRITES, post=True)
def start(number: int) -> Answer:
    """Hand a series to the clock."""
    try:
        with writing() as session:
            campaign = _series(session, number)
            if campaign.created_by != who().id:
                schedule.confirm(campaign, who().id)
            schedule.schedule(session, campaign, now(session), exchange().settings)
            audit.record(session, now(session), "schedule_campaign", "campaign", number, staff_id=who().id)
    except CampaignError as error:
        return done(url_for("series.index"), campaign_words.refusal(error.code))
    return done(url_for("series.index"), _("La série est lancée. Chaque étape part à son mois."))


@pages.page("/campagnes/series/<int:number>/reparer", roles=ACTS, post=True)
def repair(number: int) -> Answer:
    """Point those who fell behind at the step they are due."""
    with writing() as session:
        campaign = _series(session, number)
        mended = enrolments.repair(session, campaign, ZoneInfo(exchange().settings.timezone))
        audit.record(session, now(session), "repair_series", "campaign", number, staff_id=who().id, places=mended)
    if not mended:
        return done(url_for("series.index"), _("Personne n'était en retard : rien n'a changé."))
    return done(url_for("series.index"), ngettext("%(num)s place remise à jour.", "%(num)s places remises à jour.", mended))


def _series(session: Session, number: int) -> Campaign:
    campaign = session.get(Campaign, number) or abort(404)
    if not series.line(session, campaign).steps or not all(event.months_after is not None for event in campaign.events):
        abort(404)
    return campaign
