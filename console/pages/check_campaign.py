"""Nouvelle campagne, its last step: exact recipients, cost, forecast and problems, and the button that sends.

The button carries the number of telephones it was shown with: when the audience changed meanwhile, nothing leaves and the new
number is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from campaigns import drafts, schedule, sources, trials
from campaigns.calendar import LOOK_AHEAD, dues
from campaigns.errors import CampaignError
from campaigns.estimates import departure, due_at, estimate, next_departure
from campaigns.firing import leaves_at
from campaigns.models import Campaign, Repeat
from campaigns.plan import BLOCKING, STEPS, Forecast, Problem, Step
from clubs import overview as clubs
from clubs.models import MarketRule
from console import audience_words, budget_words, campaign_words, voice_words
from console.access import Answer, Pages, who
from console.edge import exchange, now, reading, writing
from console.forms import Typed, done
from console.pages.new_campaign import CHECKS, SENDS, WRITES, checked, draft_of, step_page
from console.phone_words import OPERATORS
from console.words import _, moment, ngettext, time_zone, whole
from messaging import windows
from messaging.models import Route
from messaging.numbers import mask, normalise
from runtime import audit
from runtime.database import Session
from translations.models import Content

pages = Pages("check_campaign")
SHOWN = 6
"""Due times to come that the page shows."""


@dataclass(frozen=True)
class Trouble:
    """A problem in words, with the step that mends it; a blocking one refuses the sending."""

    words: str
    step: Step
    blocking: bool


@pages.page("/campagnes/<int:number>/verifier", roles=CHECKS, form=True)
def index(number: int) -> Answer:
    """Step 5: everything about the sending on one page; sending the form schedules it."""
    form = Typed.sent_or()
    if form.sent:
        said = _send(form, number)
        if said is not None:
            return done(url_for("campaigns.show", number=number), said)
    return _shown(form, number)


def _shown(form: Typed, number: int) -> Answer:
    with reading() as session:
        campaign = checked(session, number)
        plan = estimate(session, exchange(), campaign, now(session))
        values = _around(session, campaign, plan, now(session))
    return step_page("campaigns/check.html", Step.CHECK, campaign, form, plan=plan, **values)


@pages.page("/campagnes/<int:number>/demander", roles=WRITES, post=True)
def ask(number: int) -> Answer:
    """Have a second person confirm."""
    with writing() as session:
        drafts.ask(draft_of(session, number))
        audit.record(session, now(session), "ask_confirmation", "campaign", number, staff_id=who().id)
    said = _("Demande enregistrée. Une autre personne la trouve à l'accueil : Communication, Validation ou Administration.")
    return done(url_for("campaigns.index", vue="brouillons"), said)


@pages.page("/campagnes/<int:number>/essai", roles=WRITES, post=True)
def trial(number: int) -> Answer:
    """Send the texts shown to a telephone of one's own."""
    form = Typed.sent_or()
    to = normalise(form.text("to"))
    if to is None:
        form.wrong("to", _("Ce numéro n'est pas lisible. Écrivez ses 8 chiffres."))
        return _shown(form, number)
    with writing() as session:
        campaign, at = draft_of(session, number), now(session)
        if trials.is_of_somebody_reached(session, to):
            form.wrong("to", _("Ce numéro est celui d'une participante. Écrivez le vôtre, ou celui d'un collègue."))
        else:
            sent = trials.send(session, exchange(), estimate(session, exchange(), campaign, at).previews, to, at)
            audit.record(session, at, "try_campaign", "campaign", number, staff_id=who().id, texts=sent)
            if not sent:
                form.wrong("to", _("Rien n'est parti : aucun canal pour ce numéro, ou trop d'essais aujourd'hui."))
    if form.errors:
        return _shown(form, number)
    said = ngettext("%(num)s SMS d'essai part vers %(to)s.", "%(num)s SMS d'essai partent vers %(to)s.", sent, to=mask(to))
    return done(url_for("check_campaign.index", number=number), said)


def _coming(session: Session, campaign: Campaign, at: datetime) -> list[tuple[datetime, datetime, int | None]]:
    """The next due times, when each would really leave, and how many villages it is for (None: all the audience)."""
    event = campaign.events[0]
    if event.repeat is Repeat.ONCE:
        return []
    settings, zone = exchange().settings, ZoneInfo(time_zone())
    allowed = windows.in_force(session, settings)
    found = dues(event, sources.known(session, event, at.astimezone(zone).date()), at, at + LOOK_AHEAD, zone)
    first = islice((due for due in found if due.at > at), SHOWN)
    return [
        (due.at, departure(allowed, settings, event, due.at, at), None if due.villages is None else len(due.villages))
        for due in first
    ]


def _unknown_markets(session: Session, campaign: Campaign, at: datetime) -> int:
    """Villages that a market rule leaves out because nobody noted their market."""
    event = campaign.events[0]
    if event.repeat is not Repeat.MARKET or event.market is MarketRule.NEVER:
        return 0
    return sum(market is None for market in sources.markets(session, event, at.astimezone(ZoneInfo(time_zone())).date()).values())


def _around(session: Session, campaign: Campaign, plan: Forecast, at: datetime) -> dict[str, Any]:
    names, limit = clubs.languages(session), exchange().settings.second_approval_above
    event, allowed = campaign.events[0], windows.in_force(session, exchange().settings)
    closed = campaign_words.quiet(allowed, leaves_at(due_at(session, event, at, allowed.zone), at, exchange().settings))
    costs = [(names.get(code, code), OPERATORS.get(operator, operator), cost) for (code, operator), cost in plan.cost_by.items()]
    return {
        "content": session.get(Content, campaign.events[0].content_id),
        "event": event,
        "audience": audience_words.told(session, campaign),
        "left_out": campaign_words.causes(plan.left_out),
        "costs": costs,
        "caps": [(budget_words.scope(session, one.scope), one) for one in plan.caps],
        "names": names,
        "finish": campaign_words.done_by(plan.finish_at, plan.would_expire),
        "voice": Route.VOICE,
        "troubles": [_trouble(each, plan, limit, closed) for each in plan.problems],
        "unheard": [(names.get(one.language, one.language), voice_words.unheard(one), one) for one in plan.unheard],
        "second": Problem.SECOND_PERSON in plan.problems,
        "mine": campaign.created_by == who().id,
        "sends": who().may(*SENDS),
        "asked": campaign.step == drafts.ASKED,
        "coming": _coming(session, campaign, at),
        "unknown_markets": _unknown_markets(session, campaign, at),
    }


def _trouble(which: Problem, plan: Forecast, limit: int, closed: str) -> Trouble:
    step = STEPS[which]
    if which is Problem.OVER_BUDGET:
        step = Step.AUDIENCE  # a smaller audience is what the author can change
    return Trouble(campaign_words.problem(which, plan.would_expire, limit, closed), step, which in BLOCKING)


def _send(form: Typed, number: int) -> str | None:
    """Schedule the draft; None with the reason on the form when it may not be."""
    shown = form.whole("numbers", needed=_("Relisez cette page avant d'envoyer."))
    try:
        with writing() as session:
            campaign, at = checked(session, number), now(session)
            plan = estimate(session, exchange(), campaign, at)
            if plan.refused:
                form.wrong("problemes", _("Cet envoi n'est pas possible tel quel. Corrigez ce qui suit."))
            elif plan.numbers != shown:
                words = _(
                    "Le public a changé : %(now)s, et non %(then)s. Relisez, puis envoyez.",
                    now=ngettext("%(num)s numéro", "%(num)s numéros", plan.numbers),
                    then=whole(shown),
                )
                form.wrong("problemes", words)
            if form.errors:
                return None
            leaves = _schedule(session, campaign, plan, at)
            audit.record(session, at, "schedule_campaign", "campaign", number, staff_id=who().id, numbers=plan.numbers)
    except CampaignError as error:
        form.wrong("problemes", campaign_words.refusal(error.code))
        return None
    said = ngettext("Envoi programmé pour %(num)s numéro.", "Envoi programmé pour %(num)s numéros.", plan.numbers)
    if leaves is None:
        return said
    return said + " " + _("Premier départ %(when)s. Vous pouvez l'annuler jusque-là.", when=moment(leaves))


def _schedule(session: Session, campaign: Campaign, plan: Forecast, at: datetime) -> datetime | None:
    """When the first would leave, None where nothing dates it yet. Whoever sends a draft that somebody else wrote is its second
    person."""
    if campaign.created_by != who().id:
        schedule.confirm(campaign, who().id)
    elif Problem.SECOND_PERSON in plan.problems:
        raise CampaignError("own_campaign", campaign.id)
    event = campaign.events[0]
    if event.starts_at is None:
        event.starts_at = at
    settings = exchange().settings
    schedule.schedule(session, campaign, at, settings)
    return next_departure(windows.in_force(session, settings), settings, campaign, at)
