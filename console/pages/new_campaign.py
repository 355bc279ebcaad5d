"""Nouvelle campagne, its first three steps: message, audience, channel and language; one question each, every one saved.

The date is console/pages/campaign_date.py; the last, which shows who would get what and sends, console/pages/check_campaign.py.
"""

from typing import Any

from flask import abort, request, url_for

from campaigns import drafts
from campaigns.filters import Filter
from campaigns.models import Campaign, CampaignState
from campaigns.plan import Step
from campaigns.wording import fallbacks
from clubs import overview as clubs
from console import audience_form, campaign_words
from console.access import Answer, Pages, R, who
from console.edge import now, reading, writing
from console.forms import Typed, done, draft, render
from console.reviewing import CONFIRMS
from console.words import _
from messaging import channels
from messaging.models import Channel, ChannelState, Route
from runtime import audit
from runtime.database import Session
from translations import library, overview
from translations.languages import chain
from translations.models import Content, ContentKind, VariantState

pages = Pages("new_campaign")
WRITES = {R.COMMUNICATION}
SENDS = {R.COMMUNICATION, R.ADMINISTRATION}
CHECKS = CONFIRMS
"""Validation is the second person where one is asked for, and sees no other draft's check."""
SAID = (ContentKind.MESSAGE, ContentKind.QUESTION)
ADDRESSES = {
    Step.MESSAGE: "new_campaign.message",
    Step.AUDIENCE: "new_campaign.audience",
    Step.CHANNEL: "new_campaign.channel",
    Step.DATE: "campaign_date.date",
    Step.CHECK: "check_campaign.index",
}


def step_page(template: str, step: Step, campaign: Campaign | None, form: Typed, **values: Any) -> Answer:
    page = render(template, step=step, addresses=ADDRESSES, words=campaign_words, campaign=campaign, form=form, **values)
    return page, 422 if form.errors else 200


def draft_of(session: Session, number: int) -> Campaign:
    """The campaign with its event; a draft or 404, since what was scheduled has a page of its own."""
    campaign = session.get(Campaign, number) or abort(404)
    if campaign.state is not CampaignState.DRAFT or not campaign.events:
        abort(404)
    return campaign


def checked(session: Session, number: int) -> Campaign:
    """The draft, for its last step; 404 for whoever may only confirm, unless that was asked for."""
    campaign = draft_of(session, number)
    if not who().may(*SENDS) and campaign.step < drafts.ASKED:
        abort(404)
    return campaign


@pages.page("/campagnes/<int:number>/etape", roles=CHECKS)
def resume(number: int) -> Answer:
    """Go on where the draft was left."""
    with reading() as session:
        campaign = checked(session, number)
        complete = campaign.step >= drafts.CHECK or campaign.events[0].starts_at is not None
        step = Step.CHECK if complete else list(Step)[max(campaign.step, 1) - 1]
    return done(url_for(ADDRESSES[step if who().may(*WRITES) else Step.CHECK], number=number))


@pages.page("/campagnes/<int:number>/message", roles=WRITES, form=True)
def message(number: int) -> Answer:
    """Step 1 of a draft."""
    return message_step(number)


def message_step(number: int | None) -> Answer:
    """Step 1: what is said. Without a draft yet, sending the form makes it."""
    with reading() as session:
        campaign = draft_of(session, number) if number is not None else None
        themes = _contents(session)
        trains, names = _trains(session), clubs.languages(session)
    ready = {str(row.content_id) for theme in themes for row in theme.contents if _sayable(row, trains)}
    known = {"content": campaign.events[0].content_id, "name": campaign.name} if campaign else None
    form = Typed.sent_or(known or draft("campaign-new") or {"content": request.args.get("contenu", "")})
    if form.sent:
        chosen = form.one_of("content", ready, needed=_("Choisissez un message."))
        name = form.text("name", most=drafts.NAME)
        if not form.errors:
            with writing() as session:
                content, at = session.get_one(Content, int(chosen)), now(session)
                if number is None:
                    number = drafts.begin(session, content, name, who().id, at).id
                    audit.record(session, at, "new_campaign", "campaign", number, staff_id=who().id)
                else:
                    drafts.say(draft_of(session, number), content, name, who().id)
            return done(url_for("new_campaign.audience", number=number))
    values = {"themes": themes, "ready": ready, "reason": _reason, "parts": _parts, "names": names}
    return step_page("campaigns/message.html", Step.MESSAGE, campaign, form, **values)


def _contents(session: Session) -> list[overview.ThemeRow]:
    return [theme for theme in overview.matrix(session, now(session), SAID) if theme.contents]


def _trains(session: Session) -> bool:
    active = session.query(Channel).filter(Channel.state == ChannelState.ACTIVE)
    return any(channels.trains(channel) for channel in active)


def _sayable(row: overview.ContentRow, trains: bool) -> bool:
    if any(cell.state is VariantState.APPROVED for cell in row.cells.values()):
        return True
    french = row.cells.get("fr")
    return trains and french is not None and french.state is not None


def _parts(row: overview.ContentRow) -> int:
    return max((cell.parts for cell in row.cells.values() if cell.state is VariantState.APPROVED), default=0)


def _reason(row: overview.ContentRow, names: dict[str, str]) -> str:
    """Why a content cannot be chosen, or the languages it is approved in."""
    good = [code for code, cell in row.cells.items() if cell.state is VariantState.APPROVED]
    if good:
        return ", ".join(names.get(code, code) for code in good)
    states = {cell.state for cell in row.cells.values()}
    words = {
        VariantState.TO_REVIEW: _("à relire d'abord"),
        VariantState.TO_HEAR: _("à écouter d'abord"),
        VariantState.OUTDATED: _("périmé"),
        VariantState.DRAFT: _("brouillon, pas encore approuvé"),
    }
    return next((said for state, said in words.items() if state in states), _("pas encore écrit"))


@pages.page("/campagnes/<int:number>/public", roles=WRITES, form=True)
def audience(number: int) -> Answer:
    """Step 2: for whom. « Compter » saves too, and stays."""
    with reading() as session:
        campaign = draft_of(session, number)
        form = Typed.sent_or(audience_form.fields(session, Filter.from_json(campaign.audience)))
        wanted = audience_form.read(session, form)
        options = audience_form.options(session, wanted)
        counted = audience_form.counted(session, wanted, campaign.route)
    if form.sent and not counted.counts.members and not form.errors:
        form.wrong("villages", _("Ce public est vide. Retirez un choix."))
    if form.sent and not form.errors:
        with writing() as session:
            drafts.address(draft_of(session, number), wanted, who().id)
        return done(url_for("new_campaign.audience" if form.value("count") else "new_campaign.channel", number=number))
    return step_page("campaigns/audience.html", Step.AUDIENCE, campaign, form, options=options, counted=counted)


@pages.page("/campagnes/<int:number>/public/compte", roles=WRITES)
def count(number: int) -> Answer:
    """The live count of what is ticked, for htmx."""
    with reading() as session:
        campaign = draft_of(session, number)
        wanted = audience_form.read(session, Typed(dict(request.args.lists())))
        counted = audience_form.counted(session, wanted, campaign.route)
    return render("campaigns/audience_count.html", counted=counted, words=campaign_words)


@pages.page("/campagnes/<int:number>/canal", roles=WRITES, form=True)
def channel(number: int) -> Answer:
    """Step 3: by which kind of channel; the language is each listener's own."""
    with reading() as session:
        campaign = draft_of(session, number)
        form = Typed.sent_or({"route": campaign.route.value})
        spoken = _spoken(session, campaign)
    if form.sent:
        chosen = form.one_of("route", [route.value for route in Route], needed=_("Choisissez un canal."))
        if not form.errors:
            with writing() as session:
                drafts.carry(draft_of(session, number), Route(chosen), who().id)
            return done(url_for("campaign_date.date", number=number))
    return step_page("campaigns/channel.html", Step.CHANNEL, campaign, form, spoken=spoken)


def _spoken(session: Session, campaign: Campaign) -> list[tuple[str, int, str | None, str | None]]:
    """Each language of the audience: its name, recipients, and the language they would read and hear."""
    names, table = clubs.languages(session), fallbacks(session)
    counted = audience_form.counted(session, Filter.from_json(campaign.audience), campaign.route).counts
    content, at, drafts_too = session.get_one(Content, campaign.events[0].content_id), now(session), _trains(session)

    def by(way: library.Way, code: str) -> str | None:
        languages = chain(code or "fr", table)
        found = library.choose(session, content, languages, way, now=at, allow_french_drafts=drafts_too)
        return names.get(found.language, found.language) if found else None

    return [
        (names.get(code, code) if code else _("langue inconnue"), many, by(library.Way.SMS, code), by(library.Way.VOICE, code))
        for code, many in sorted(counted.by_language.items())
    ]
